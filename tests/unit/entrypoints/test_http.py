"""HTTP in and out: nothing before the signature, always an answer, and never more in it than the caller may know."""

import base64
import hashlib
import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import ANYTHING, HOST, TOKEN, Call, FixedTokens, event, form, signatures
from tests.unit.conftest import Lines
from twilio_bridge import deadline, errors, forms
from twilio_bridge.entrypoints import http, twilio_signature
from twilio_bridge.entrypoints.twilio_signature import HMAC_SHA1, HMAC_SHA256

CRM = {"Location": "GetCustomersList", "PageSize": "30", "Worker": "jo@example.com"}
SECRET = "Ann Smith +447700900001"


def echo(values: forms.Form) -> forms.Answer:
    return forms.Answer({name: list(given) for name, given in values.values.items()})


def never(_form: forms.Form) -> forms.Answer:
    pytest.fail("nothing is answered before the signature holds")


def call(
    request: http.Event,
    respond: Callable[[forms.Form], forms.Answer] = echo,
    known: http.Signatures | None = None,
    left_s: float = 6.0,
) -> tuple[int, Any]:
    reply = http.answer_callback(request, Call(left_s), known or signatures(), respond)
    return reply["statusCode"], json.loads(reply["body"])


def raising(error: BaseException) -> Callable[[forms.Form], forms.Answer]:
    def respond(_form: forms.Form) -> forms.Answer:
        raise error

    return respond


def json_event(body: str | bytes, *, named: str | None = None, is_base64: bool = False) -> dict[str, Any]:
    """Make a signed JSON request; `named` is the hash that its URL carries, by default the right one."""
    raw = body if isinstance(body, bytes) else body.encode()
    digest = hashlib.sha256(raw).hexdigest() if named is None else named
    query = f"bodySHA256={digest}" if digest else ""
    made = event({}, query=query, headers={"content-type": "application/json; charset=utf-8"})
    text = base64.b64encode(raw).decode() if is_base64 else raw.decode()
    return {**made, "body": text, "isBase64Encoded": is_base64}


def test_reply() -> None:
    """An answer is JSON in payload v2."""
    reply = http.answer_callback(event(CRM), Call(), signatures(), lambda _: forms.Answer({"name": "Söhne"}, 201))

    assert {
        "statusCode": 201,
        "headers": {"content-type": "application/json"},
        "body": '{"name":"Söhne"}',
    } == reply


@pytest.mark.parametrize("is_base64", [True, False])
def test_body_encodings(is_base64: bool) -> None:
    """A form is read whether API Gateway passes it as text or as base64."""
    expected = {name: [value] for name, value in CRM.items()}

    assert (200, expected) == call(event(CRM, is_base64=is_base64))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a=1&a=2&b=3", {"a": ["1", "2"], "b": ["3"]}),
        ("a=2&a=1", {"a": ["2", "1"]}),
        ("a=&b=", {"a": [""], "b": [""]}),
        ("a", {"a": [""]}),
        ("a=x+y%20z", {"a": ["x y z"]}),
        ("a=1%2B1", {"a": ["1+1"]}),
        ("a=S%C3%B6hne", {"a": ["Söhne"]}),
        ("a=Söhne", {"a": ["Söhne"]}),
        ("a=%00", {"a": ["\x00"]}),
        ("a=%F0%9F%98%80", {"a": ["😀"]}),
        ("MessagingBinding.Address=1", {"MessagingBinding.Address": ["1"]}),
        ("a=+x+", {"a": [" x "]}),
        ("", {}),
    ],
)
def test_forms(body: str, expected: dict[str, list[str]]) -> None:
    """Every value counts, empty ones and repeated ones too, and none is trimmed."""
    assert (200, expected) == call(event({**expected}, body=body))


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.lists(ANYTHING, min_size=1)))
def test_any_form(parameters: dict[str, str | list[str]]) -> None:
    """Whatever Twilio sends and signs comes through unchanged."""
    assert (200, parameters) == call(event(parameters))


@pytest.mark.parametrize("name", ["x-twilio-signature", "X-Twilio-Signature", "X-TWILIO-SIGNATURE"])
def test_header_case(name: str) -> None:
    """Headers are found whatever their case."""
    made = event(CRM)
    made["headers"][name] = made["headers"].pop("x-twilio-signature")

    assert call(made)[0] == 200


@pytest.mark.parametrize(
    "given",
    [None, "", " ", "x", "0", "WRONG_SIGNATURE", "=" * 28, "A" * 100_000, "Ünïcödé", "😀", "\ud800", "a\x00b"],
)
def test_wrong_signatures(given: str | None) -> None:
    """A missing or wrong signature is refused, and nothing of the request is answered."""
    expected = 403, {"friendly_error_message": "This request was not signed by Twilio."}

    assert expected == call(event(CRM, headers={"x-twilio-signature": given}), never)


@pytest.mark.parametrize(
    "change",
    [
        {"body": "Location=GetCustomersList", "isBase64Encoded": False},
        {"body": None},
        {"body": ""},
        {"body": "no base64!", "isBase64Encoded": True},
        {"body": "abc", "isBase64Encoded": True},
        {"body": "Ünïcödé", "isBase64Encoded": True},
        {"body": base64.b64encode(b"a=\xff\xfe").decode(), "isBase64Encoded": True},
        {"body": "a=%FF", "isBase64Encoded": False},
        {"body": "a=%ED%A0%80", "isBase64Encoded": False},
        {"body": "&".join(f"a{n}=" for n in range(1_001)), "isBase64Encoded": False},
        {"body": "\ud800", "isBase64Encoded": False},
        {"rawPath": "/callbacks/other"},
        {"rawPath": "/Prod/callbacks/crm"},
        {"rawQueryString": "a=1"},
        {"headers": None},
        {"headers": {}},
    ],
)
def test_changed_requests(change: dict[str, Any]) -> None:
    """A request that was changed, or that cannot be read at all, is refused and never an error of ours."""
    assert call({**event(CRM), **change}, never)[0] == 403


@pytest.mark.parametrize("host", ["other.example.com", "[", "[::1", "a b", "", "user@", ":::"])
def test_other_hosts(host: str) -> None:
    """A request to another host, or to none there can be, is refused."""
    made = event(CRM)
    made["headers"]["host"] = host
    made["requestContext"] = {"domainName": "else.example.com"}

    assert call(made, never)[0] == 403


def test_host_from_the_context() -> None:
    """Without a Host header the domain of the request's context counts."""
    assert call(event(CRM, headers={"host": None}))[0] == 200


@pytest.mark.parametrize(
    ("url", "headers", "public_base_url"),
    [
        (f"https://{HOST}/callbacks/crm", {}, None),
        (f"https://{HOST}:443/callbacks/crm", {}, None),
        (f"https://{HOST}/callbacks/crm", {"host": f"{HOST}:443"}, None),
        (f"https://{HOST}/callbacks/crm", {"host": f"{HOST}:8443"}, None),
        (f"https://{HOST}:8443/callbacks/crm", {"host": f"{HOST}:8443"}, None),
        (f"https://{HOST}/callbacks/crm", {"x-forwarded-proto": None}, None),
        (f"https://{HOST}/callbacks/crm", {"x-forwarded-proto": ""}, None),
        (f"http://{HOST}/callbacks/crm", {"x-forwarded-proto": "http"}, None),
        (f"https://{HOST}/callbacks/crm", {"x-forwarded-proto": "https,http"}, None),
        (f"https://{HOST}/callbacks/crm", {"x-forwarded-proto": "https, http"}, None),
        ("https://hooks.example.com/callbacks/crm", {}, "https://hooks.example.com"),
        ("https://hooks.example.com/frontline/callbacks/crm", {}, "https://hooks.example.com/frontline"),
        ("https://user:pass@hooks.example.com/callbacks/crm", {}, "https://user:pass@hooks.example.com"),
        ("https://hooks.example.com:8443/callbacks/crm", {}, "https://hooks.example.com:8443"),
        (f"https://{HOST}/callbacks/crm", {}, "https://hooks.example.com"),
    ],
)
def test_addresses(url: str, headers: dict[str, str | None], public_base_url: str | None) -> None:
    """Twilio may have called what the request names, or what the operator configured."""
    known = signatures(public_base_url=public_base_url)

    assert call(event(CRM, url=url, headers=headers), known=known)[0] == 200


@pytest.mark.parametrize(
    ("url", "public_base_url"),
    [
        ("https://hooks.example.com/callbacks/crm", None),
        ("https://hooks.example.com/callbacks/crm", "https://hooks.example.com/frontline"),
        ("https://hooks.example.com/frontline/callbacks/crm", "https://hooks.example.com"),
        (f"http://{HOST}/callbacks/crm", None),
        (f"https://{HOST}/callbacks/crm?x=1", None),
    ],
)
def test_addresses_twilio_did_not_call(url: str, public_base_url: str | None) -> None:
    """A signature for another address does not hold here."""
    assert call(event(CRM, url=url), never, signatures(public_base_url=public_base_url))[0] == 403


@pytest.mark.parametrize("query", ["a=1&b=2", "a=%20", "a=It%27s", "a=It's"])
def test_query(query: str) -> None:
    """A query is part of what was signed, in the encoding it came in."""
    assert call(event(CRM, query=query))[0] == 200


def test_unquoted_and_quoted_query() -> None:
    """A quote in a query may have been escaped on its way."""
    assert call(event(CRM, query="a=It's", url=f"https://{HOST}/callbacks/crm?a=It%27s"))[0] == 200


def test_stage() -> None:
    """The path of a named stage is part of the address."""
    assert call(event(CRM, path="/Prod/callbacks/crm"))[0] == 200


@pytest.mark.parametrize("tokens", [("old", TOKEN), (TOKEN, "new")])
def test_rotation(tokens: tuple[str, ...]) -> None:
    """While tokens are rotated, either is accepted, and nothing is read again."""
    known = FixedTokens(tokens)

    assert call(event(CRM), known=signatures(known))[0] == 200
    assert known.rereads == 0


def test_renewed_token() -> None:
    """A token that was changed a moment ago is read again, once."""
    known = FixedTokens(("old",), (TOKEN,))

    assert call(event(CRM), known=signatures(known))[0] == 200
    assert known.rereads == 1


@pytest.mark.parametrize("later", [(), ("another",)])
def test_renewed_token_does_not_help(later: tuple[str, ...]) -> None:
    """A wrong signature reads the tokens again once, and stays wrong."""
    known = FixedTokens(("old",), later)

    assert call(event(CRM), never, signatures(known))[0] == 403
    assert known.rereads == 1


def test_missing_signature_reads_nothing() -> None:
    """Without a signature not even the tokens are looked at."""

    class NoTokens:
        def read_tokens(self) -> tuple[str, ...]:
            pytest.fail("read")

        def reread_tokens(self) -> tuple[str, ...]:
            pytest.fail("read")

        def read_shared_keys(self) -> dict[str, str]:
            pytest.fail("read")

    unsigned = event(CRM, headers={"x-twilio-signature": None})

    assert call(unsigned, never, signatures(NoTokens()))[0] == 403


KEY_ID, KEY_SECRET = "webhooks_sharedkey_01j9zzzz", "a shared secret"
SETTINGS = f"key={KEY_ID},algorithm=HMAC_SHA256"


def signed_with_key(settings: str = SETTINGS, secret: str = KEY_SECRET, algorithm: str = HMAC_SHA256) -> Any:
    return event(CRM, token=secret, headers={"x-twilio-webhooks-signature-settings": settings}, algorithm=algorithm)


@pytest.mark.parametrize("keys", [{KEY_ID: KEY_SECRET}, {"": KEY_SECRET}, {"x": "other", "": "x", KEY_ID: KEY_SECRET}])
def test_shared_key(keys: dict[str, str]) -> None:
    """A request that is signed with a configured shared key is Twilio's; the auth token is not looked at."""
    known = FixedTokens(("other",), shared_keys=keys)

    assert call(signed_with_key(), known=signatures(known))[0] == 200
    assert known.rereads == 0


@pytest.mark.parametrize(
    ("settings", "algorithm"),
    [
        (f"algorithm=HMAC_SHA256, key={KEY_ID}", HMAC_SHA256),
        (f" key = {KEY_ID} , Algorithm = hmac_sha256,more=x", HMAC_SHA256),
        (f"key={KEY_ID},algorithm=HMAC_SHA1", HMAC_SHA1),
        (f"key={KEY_ID}", HMAC_SHA1),
    ],
)
def test_shared_key_settings(settings: str, algorithm: str) -> None:
    """The header names the hash, in any order; without a name it is the usual one."""
    known = FixedTokens(("other",), shared_keys={KEY_ID: KEY_SECRET})

    assert call(signed_with_key(settings, algorithm=algorithm), known=signatures(known))[0] == 200


def test_shared_key_that_was_added_a_moment_ago() -> None:
    """The secrets are read again, once."""
    known = FixedTokens(later=(TOKEN,), later_keys={KEY_ID: KEY_SECRET})

    assert call(signed_with_key(), known=signatures(known))[0] == 200
    assert known.rereads == 1


@pytest.mark.parametrize(
    ("request_event", "keys", "named"),
    [
        (signed_with_key(), {}, f"TWILIO_SHARED_KEYS lacks the shared key {KEY_ID}"),
        (signed_with_key(), {"webhooks_sharedkey_2": KEY_SECRET}, f"lacks the shared key {KEY_ID}"),
        (signed_with_key(), {KEY_ID: "another"}, f"does not fit the request and the shared key {KEY_ID}"),
        (signed_with_key(secret=TOKEN), {KEY_ID: KEY_SECRET}, "does not fit"),
        (signed_with_key(secret=TOKEN, algorithm=HMAC_SHA1), {}, "TWILIO_SHARED_KEYS lacks"),
        (signed_with_key(algorithm=HMAC_SHA1), {KEY_ID: KEY_SECRET}, "does not fit"),
        (signed_with_key(f"key={KEY_ID},algorithm=HMAC_SHA512"), {KEY_ID: KEY_SECRET}, "unknown algorithm"),
        (signed_with_key("key=+447700900001 x,algorithm=HMAC_SHA256"), {}, "without a readable id"),
        (signed_with_key("nonsense"), {}, "without a readable id"),
    ],
)
def test_shared_key_refused(request_event: Any, keys: dict[str, str], named: str, log: Lines) -> None:
    """The log names the key and the setting it has to stand in, and no secret or anything that is no key's name."""
    known = FixedTokens((TOKEN,), (TOKEN,), shared_keys=keys)

    assert call(request_event, never, signatures(known))[0] == 403
    [line] = log()
    assert named in line["reason"]
    assert "docs/operations.md" in line["reason"]
    assert not any(secret in line["reason"] for secret in (KEY_SECRET, "+4477", TOKEN))


@pytest.mark.parametrize(("body", "expected"), [('{"a": "b"}', True), ('{"a": "c"}', False)])
def test_a_json_body_signed_with_a_shared_key(body: str, expected: bool) -> None:
    """As a webhook sink's: the URL has the body's hash, the key signs the URL."""
    query = "bodySHA256=" + hashlib.sha256(b'{"a": "b"}').hexdigest()
    headers = {"content-type": "application/json", "x-twilio-webhooks-signature-settings": SETTINGS}
    made = event({}, query=query, headers=headers, token=KEY_SECRET, algorithm=HMAC_SHA256)
    made |= {"body": body, "isBase64Encoded": False}
    known = signatures(FixedTokens(("other",), shared_keys={KEY_ID: KEY_SECRET}))

    if expected:
        assert body.encode() == http.read_signed_body(made, known)
    else:
        with pytest.raises(errors.SignatureError):
            http.read_signed_body(made, known)


def test_the_auth_tokens_hash_stays_sha1() -> None:
    """Without the header a request is signed as ever."""
    assert call(event(CRM, algorithm=HMAC_SHA256), never)[0] == 403


@pytest.mark.parametrize("is_base64", [True, False])
def test_json(is_base64: bool) -> None:
    """A JSON body comes through as parameters; what is no text is written as JSON."""
    body = '{"Location": "GetCustomersList", "PageSize": 30, "More": {"a": null}}'
    expected = {"Location": ["GetCustomersList"], "PageSize": ["30"], "More": ['{"a": null}']}

    assert (200, expected) == call(json_event(body, is_base64=is_base64))


@pytest.mark.parametrize("named", ["", "0" * 64, "x", "é"])
def test_json_without_its_hash(named: str) -> None:
    """A JSON body whose hash the URL does not carry is refused."""
    assert call(json_event("{}", named=quote(named)), never)[0] == 403


@pytest.mark.parametrize(
    "body",
    ["", "{", "[", "nonsense", "NaN1", "[" * 100_000, b"\xff\xfe\xff", '{"a": "\\ud800"}', '{"\\ud800": "a"}'],
    ids=lambda body: repr(body[:10]),
)
def test_json_that_is_none(body: str | bytes) -> None:
    """A signed body that cannot be read is refused, and never an error of ours."""
    assert call(json_event(body, is_base64=True), never)[0] == 403


@pytest.mark.parametrize("body", ["[]", '"text"', "1", "null"])
def test_json_that_is_no_object(body: str) -> None:
    """A signed JSON body has to be an object."""
    assert call(json_event(body), never)[0] == 400


def test_required() -> None:
    """A parameter that is missing or blank is named in the refusal, its value trimmed otherwise."""
    values = form(A=" x ", B=" ", C=["1", "2"])

    assert values.require_text("A") == "x"
    assert values.get_text("A") == " x "
    assert values.get_text("Z") == ""
    assert values.get_text("C") == "1"
    for name in ("B", "Z"):
        with pytest.raises(errors.BadRequestError, match=f"parameter {name} is missing"):
            values.require_text(name)


STATUSES: list[tuple[BaseException, int]] = [
    (errors.BridgeError("x"), 500),
    (errors.BadRequestError("x"), 400),
    (errors.UnknownLocationError("x"), 422),
    (errors.SignatureError("x"), 403),
    (errors.ForbiddenError("x"), 403),
    (errors.NotFoundError("x"), 404),
    (errors.DuplicateContactError("x"), 409),
    (errors.MessageBlockedError("x"), 451),
    (errors.SettingError("x"), 500),
    (errors.NoSecretError("x"), 500),
    (errors.RoutingError("x"), 502),
    (errors.OutOfTimeError("x"), 503),
    (errors.UpstreamError("airtable", "x"), 503),
    (errors.RefusedError("airtable", "x"), 502),
    (errors.UnacceptableError("brevo", "x"), 502),
    (errors.ColumnsGoneError("airtable", ["opt_out"]), 502),
    (errors.ViewGoneError("airtable", "x"), 502),
    (errors.ComputedColumnError("airtable", "name"), 422),
    (errors.StaleOffsetError("airtable", "x"), 503),
    (errors.RateLimitedError("airtable", 2), 503),
    (errors.UnavailableError("airtable", "x"), 503),
    (errors.NotTakenError("brevo", "x"), 503),
    (errors.ChangedError("twilio", "x"), 503),
]


def every_error(kind: type[BaseException] = errors.BridgeError) -> set[type[BaseException]]:
    return {kind}.union(*(every_error(child) for child in kind.__subclasses__()))


def test_every_error_has_a_status() -> None:
    """The table below holds every class of error that the package has."""
    ours = {kind for kind in every_error() if kind.__module__ == errors.__name__}

    assert ours == {type(error) for error, _ in STATUSES}


@pytest.mark.parametrize(("error", "expected"), STATUSES, ids=lambda given: type(given).__name__)
def test_statuses(error: BaseException, expected: int) -> None:
    """Each class of error has its status, and a sentence for the worker."""
    status, body = call(event(CRM), raising(error))

    assert expected == status
    assert getattr(error, "friendly") == body["friendly_error_message"]  # noqa: B009  a BridgeError, as mypy cannot know


def test_explained_bad_request() -> None:
    """What is wrong with a request is explained to whoever sent it, and only then."""
    assert call(event(CRM), raising(errors.BadRequestError("PageSize is no number")))[1]["error"] == (
        "PageSize is no number"
    )
    assert "error" not in call(event(CRM), raising(errors.ForbiddenError("Ann")))[1]


def test_friendly_sentence() -> None:
    """An error may bring its own sentence."""
    error = errors.ForbiddenError("x", friendly="There is no sender.")

    assert call(event(CRM), raising(error)) == (403, {"friendly_error_message": "There is no sender."})


@pytest.mark.parametrize("error", [ValueError(SECRET), KeyError(SECRET), RecursionError(SECRET), MemoryError(SECRET)])
def test_unknown_error(error: Exception, log: Lines) -> None:
    """An error we did not foresee shows nobody more than where it happened."""
    status, body = call(event(CRM), raising(error))

    assert (500, {"friendly_error_message": errors.BridgeError.friendly}) == (status, body)
    (line,) = log()
    assert ("ERROR", "failed", type(error).__name__) == (line["level"], line["message"], line["error"])
    assert "respond" in line["at"][-1]
    assert "Ann" not in json.dumps(line)
    assert "447700900001" not in json.dumps(line)


@pytest.mark.parametrize(
    ("error", "level", "said"),
    [
        (errors.NotFoundError("no such contact"), "INFO", "refused"),
        (errors.BadRequestError("x"), "INFO", "refused"),
        (errors.RateLimitedError("airtable", 2), "WARNING", "busy"),
        (errors.UnavailableError("airtable", "x"), "ERROR", "failed"),
        (errors.SettingError("x"), "ERROR", "failed"),
    ],
)
def test_log_levels(error: BaseException, level: str, said: str, log: Lines) -> None:
    """A refusal is information, a busy moment a warning, and what somebody has to mend an error."""
    call(event(CRM), raising(error))

    (line,) = log()
    assert (level, said, str(error)) == (line["level"], line["message"], line["reason"])


def test_log_of_a_wrong_signature(log: Lines) -> None:
    """A refused request is logged without anything of it."""
    call(event({"Worker": SECRET}, token="wrong"), never)

    (line,) = log()
    assert ("WARNING", "refused") == (line["level"], line["message"])
    assert "Ann" not in json.dumps(line)


@pytest.mark.parametrize(("left_s", "at_most"), [(900, http.GATEWAY_S), (10, 10 - http.MARGIN_S)])
def test_a_request_has_no_more_time_than_the_gateway_waits(left_s: float, at_most: float) -> None:
    """However long its function may run for other jobs."""
    reply = http.answer_in_time(Call(left_s), lambda: forms.Answer({"left": deadline.seconds_left(1_000)}))

    assert 0 < json.loads(reply["body"])["left"] <= at_most


def test_request_id(log: Lines) -> None:
    """Every line carries Lambda's id of the request."""
    call(event(CRM), raising(errors.NotFoundError("x")))

    assert log()[0]["request_id"] == "00000000-0000-0000-0000-000000000001"


def test_success_is_silent(log: Lines) -> None:
    """An answer as usual is not logged."""
    call(event(CRM))

    assert log() == []


def test_hang() -> None:
    """Whatever hangs is answered before Lambda's time is up, and before it has an answer of its own."""

    def respond(_form: forms.Form) -> forms.Answer:
        time.sleep(5)
        return forms.Answer()

    status, body = call(event(CRM), respond, left_s=http.MARGIN_S + 0.1)

    assert (503, {"friendly_error_message": errors.OutOfTimeError.friendly}) == (status, body)


def test_hang_that_swallows_exceptions() -> None:
    """A library that swallows every Exception does not keep us from answering."""

    def respond(_form: forms.Form) -> forms.Answer:
        for _ in range(50):
            with suppress(Exception):
                time.sleep(0.1)
        return forms.Answer()

    assert call(event(CRM), respond, left_s=http.MARGIN_S + 0.1)[0] == 503


def test_hanging_tokens() -> None:
    """Reading the tokens is within the time, too."""

    class Hanging(FixedTokens):
        def read_tokens(self) -> tuple[str, ...]:
            time.sleep(5)
            return ()

    assert call(event(CRM), never, signatures(Hanging()), http.MARGIN_S + 0.1)[0] == 503


@pytest.mark.parametrize("left_s", [0, 0.5, http.MARGIN_S])
def test_no_time(left_s: float) -> None:
    """Where there is no time to do anything, that is answered at once."""
    assert call(event(CRM), never, left_s=left_s)[0] == 503


def test_failing_tokens() -> None:
    """Where the tokens cannot be read, nothing is answered, and the operator sees why."""

    class Failing(FixedTokens):
        def read_tokens(self) -> tuple[str, ...]:
            raise errors.SettingError("the setting TWILIO_AUTH_TOKEN is missing")

    assert call(event(CRM), never, signatures(Failing()))[0] == 500


def test_rescue() -> None:
    """A function may turn a failure into an answer of its own, knowing the request."""
    seen: list[tuple[str, type[BaseException]]] = []

    def rescue(values: forms.Form | None, error: BaseException) -> forms.Answer:
        seen.append((values.get_text("Location") if values else "", type(error)))
        return forms.Answer({"rescued": True})

    reply = http.answer_callback(event(CRM), Call(), signatures(), raising(errors.UnavailableError("a", "b")), rescue)

    assert (200, '{"rescued":true}') == (reply["statusCode"], reply["body"])
    assert [("GetCustomersList", errors.UnavailableError)] == seen


def test_rescue_never_sees_a_wrong_signature() -> None:
    """A wrong signature is refused whatever the rescue answers."""

    def rescue(_form: forms.Form | None, _error: BaseException) -> forms.Answer:
        pytest.fail("asked")

    unsigned = event(CRM, token="wrong")

    assert http.answer_callback(unsigned, Call(), signatures(), never, rescue)["statusCode"] == 403


def test_signed_for_this_service() -> None:
    """The builder signs as Twilio does, so these tests would notice a changed algorithm."""
    made = event({"a": ["1"]}, url="https://a.com/x")

    assert twilio_signature.sign(TOKEN, "https://a.com/x", {"a": ["1"]}) == made["headers"]["x-twilio-signature"]
