"""X-Twilio-Signature against Twilio's own vectors, Frontline-shaped ones, and Twilio's own validator."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator, get_signature_algorithm

from twilio_bridge.entrypoints.twilio_signature import is_valid, list_url_spellings, parse_settings, sign

TOKEN = "12345"
U = "https://mycompany.com/myapp.php?foo=1&bar=2"
HTTP_U = "http://mycompany.com/myapp.php?foo=1&bar=2"
P = {
    "CallSid": ["CA1234567890ABCDE"],
    "Caller": ["+14158675309"],
    "Digits": ["1234"],
    "From": ["+14158675309"],
    "To": ["+18005551212"],
}
HASH = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
BODY = '{"property": "value", "boolean": true}'
HASH_OF_EMPTY = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
SIG_1 = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
B = "https://abc123.execute-api.us-east-1.amazonaws.com/Prod/callbacks"
CRM = {"Location": ["GetCustomersList"], "PageSize": ["30"], "Worker": ["jo@example.com"]}
MESSAGE = {
    "EventType": ["onMessageAdd"],
    "Attributes": ["{}"],
    "Author": ["+15558675310"],
    "Body": [""],
    "ConversationSid": ["CH" + "0" * 32],
    "Source": ["SMS"],
}
ADDED = {
    "EventType": ["onConversationAdd"],
    "MessagingBinding.Address": ["+15558675310", "+15558675311"],
    "MessagingBinding.AuthorAddress": ["+15558675310"],
    "State": ["active"],
}


@dataclass(frozen=True)
class Vector:
    """A request and its signature; `twilio` holds whether Twilio's Python validator agrees with us about it."""

    url: str
    signature: str
    parameters: dict[str, list[str]] = field(default_factory=dict)
    body: str = ""
    valid: bool = True
    twilio: bool = True

    @property
    def is_json(self) -> bool:
        return bool(self.body)


def without(name: str, parameters: dict[str, list[str]]) -> dict[str, list[str]]:
    return {key: values for key, values in parameters.items() if key != name}


VECTORS = {
    "1": Vector(U, SIG_1, P),
    "2 the port is stripped": Vector(U.replace(".com", ".com:1234"), SIG_1, P),
    "3 signed over 443": Vector(U, "kvajT1Ptam85bY51eRf/AJRuM3w=", P),
    "3 named 443": Vector(U.replace(".com", ".com:443"), "kvajT1Ptam85bY51eRf/AJRuM3w=", P),
    "4 http, signed over 80": Vector(HTTP_U, "0ZXoZLH/DfblKGATFgpif+LLRf4=", P),
    "5 http, port kept": Vector(HTTP_U.replace(".com", ".com:1234"), "Zmvh+3yNM1Phv2jhDCwEM3q5ebU=", P),
    "6 several values": Vector(
        U,
        "IK+Dwps556ElfBT0I3Rgjkr1wJU=",
        {"Sid": ["CA123"], "SidAccount": ["AC123"], "Digits": ["5678", "1234", "1234"]},
    ),
    "7 repeated address": Vector(
        U, "83O6e2vORAoJHUNzJjDWN1jz+BA=", {"MessagingBinding.Address": ["+1325xxxxxxx", "+1415xxxxxxx"]}
    ),
    "7 the other way round": Vector(
        U, "83O6e2vORAoJHUNzJjDWN1jz+BA=", {"MessagingBinding.Address": ["+1415xxxxxxx", "+1325xxxxxxx"]}
    ),
    "8 JSON": Vector(f"{U}&bodySHA256={HASH}", "a9nBmqA0ju/hNViExpshrM61xv4=", body=BODY),
    "9 empty JSON, signed over 443": Vector(
        f"{U}&bodySHA256={HASH_OF_EMPTY}", "Ldidvp12m26NI7eqEvxnEpkd9Hc=", body="{}"
    ),
    "9 empty JSON, without port": Vector(f"{U}&bodySHA256={HASH_OF_EMPTY}", "rw/jVviOgicj2+kHZULvebnA4ag=", body="{}"),
    "10 the hash alone": Vector(
        f"https://mycompany.com/myapp.php?bodySHA256={HASH}", "y77kIzt2vzLz71DgmJGsen2scGs=", body=BODY
    ),
    "11 user and password": Vector(U.replace("//", "//user:pass@"), "CukzLTc1tT5dXEDIHm/tKBanW10=", P),
    "11 user and password, signed over 443": Vector(U.replace("//", "//user:pass@"), "ZQFR1PTIZXF2MXB8ZnKCvnnA+rI=", P),
    "11 user, password and port": Vector(
        U.replace("//", "//user:pass@").replace(".com", ".com:443"), "CukzLTc1tT5dXEDIHm/tKBanW10=", P, twilio=False
    ),
    "12 user": Vector(U.replace("//", "//user@"), "2YRLlVAflCqxaNicjMpJcSTgzSs=", P),
    "13 a raw quote": Vector(f"{U}&Body=It's+amazing", "TfZzewPq8wqrGlMfyAud8+/IvJ0=", P, twilio=False),
    "13 an escaped quote": Vector(f"{U}&Body=It%27s+amazing", "TfZzewPq8wqrGlMfyAud8+/IvJ0=", P),
    "14 wrong": Vector(U, "WRONG_SIGNATURE", P, valid=False),
    "14 empty": Vector(U, "", P, valid=False),
    "14 another query": Vector(U.replace("bar=2", "bar=3"), SIG_1, P, valid=False),
    "another value": Vector(U, SIG_1, {**P, "Digits": ["1235"]}, valid=False),
    "a value more": Vector(U, SIG_1, {**P, "More": [""]}, valid=False),
    "a value less": Vector(U, SIG_1, without("To", P), valid=False),
    "another path": Vector(U.replace("myapp", "yourapp"), SIG_1, P, valid=False),
    "another scheme": Vector(HTTP_U, SIG_1, P, valid=False),
    "JSON, another body": Vector(f"{U}&bodySHA256={HASH}", "a9nBmqA0ju/hNViExpshrM61xv4=", body="{}", valid=False),
    "crm": Vector(f"{B}/crm", "BjvwwUqAfyFTJM7Yn85dmfidtIw=", CRM),
    "crm, signed over 443": Vector(f"{B}/crm", "5kgmUkcOGxvTv0PnPwHCKDPWABQ=", CRM),
    "crm, the stage is missing": Vector(f"{B}/crm", "cjF3Rz0NbbPVULHqDhn8sTqML4o=", CRM, valid=False),
    "crm with a query": Vector(f"{B}/crm", "h2AlRnDqOQ+aF5VZ0cN3MLKwjNQ=", {**CRM, "Query": ["O'Brien & Söhne"]}),
    "outgoing": Vector(
        f"{B}/outgoing-conversation",
        "pD4Dgaym8wcfTqtyPY+nLDWp0vA=",
        {
            "Location": ["GetProxyAddress"],
            "ChannelType": ["whatsapp"],
            "ChannelValue": ["whatsapp:+15558675310"],
            "CustomerId": ["1"],
            "Worker": ["jo@example.com"],
        },
    ),
    "message with empty body": Vector(f"{B}/twilio-conversations", "RfLEY4WH10kqVJyvi1BiQZ8VeQM=", MESSAGE),
    "message, body dropped": Vector(
        f"{B}/twilio-conversations", "RfLEY4WH10kqVJyvi1BiQZ8VeQM=", without("Body", MESSAGE), valid=False
    ),
    "message, signed without body": Vector(
        f"{B}/twilio-conversations", "Mv5l6pOci7AlvOO3zt4D4eDeMgw=", MESSAGE, valid=False
    ),
    "repeated binding": Vector(f"{B}/twilio-conversations", "RZp2+ysJ9rv2kUMHbEgtMZyKLEw=", ADDED),
}


class MultiDict(dict[str, list[str]]):
    """Parameters as Twilio's validator takes them."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def verdict(vector: Vector, *tokens: str) -> bool:
    body = vector.body.encode()
    return is_valid(vector.signature, tokens, [vector.url], vector.parameters, body, is_json=vector.is_json)


@pytest.mark.parametrize("name", VECTORS)
def test_vectors(name: str) -> None:
    """Each of the known requests is judged as it should be."""
    vector = VECTORS[name]

    assert vector.valid == verdict(vector, TOKEN)


@pytest.mark.parametrize("name", [name for name, vector in VECTORS.items() if vector.twilio])
def test_twilio_agrees(name: str) -> None:
    """Twilio's own validator judges the same, where it can read the request at all."""
    vector = VECTORS[name]
    given: Any = vector.body if vector.is_json else MultiDict(vector.parameters)

    assert vector.valid == RequestValidator(TOKEN).validate(vector.url, given, vector.signature)


@pytest.mark.parametrize("name", [name for name, vector in VECTORS.items() if vector.valid])
def test_another_token(name: str) -> None:
    """A signature holds under its own token only."""
    assert not verdict(VECTORS[name], "54321")


@pytest.mark.parametrize("tokens", [("old", TOKEN), (TOKEN, "new"), ("a", "b", TOKEN)])
def test_rotation(tokens: tuple[str, ...]) -> None:
    """While tokens are rotated, each of them counts."""
    assert verdict(VECTORS["1"], *tokens)


def test_no_tokens() -> None:
    """Without a token nothing is valid."""
    assert not verdict(VECTORS["1"])


def test_no_urls() -> None:
    """Without an address nothing is valid."""
    assert not is_valid(SIG_1, [TOKEN], [], P, b"", is_json=False)


@pytest.mark.parametrize(
    "query", ["", f"?bodySHA256={'0' * 64}", "?bodySHA256=", f"?other={hashlib.sha256(b'{}').hexdigest()}"]
)
def test_json_without_its_hash(query: str) -> None:
    """A JSON body whose hash the URL does not name is refused, however well the URL is signed."""
    url = f"https://mycompany.com/hook{query}"

    assert not is_valid(sign(TOKEN, url, {}), [TOKEN], [url], {}, b"{}", is_json=True)


def test_hash_in_upper_case() -> None:
    """The body's hash is compared whatever its case."""
    url = f"https://mycompany.com/hook?bodySHA256={HASH_OF_EMPTY.upper()}"

    assert is_valid(sign(TOKEN, url, {}), [TOKEN], [url], {}, b"{}", is_json=True)


def test_json_is_not_signed_as_a_form() -> None:
    """What a JSON request holds never counts as form parameters."""
    url = f"https://mycompany.com/hook?bodySHA256={HASH_OF_EMPTY}"

    assert is_valid(sign(TOKEN, url, {}), [TOKEN], [url], P, b"{}", is_json=True)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.com/x", {"https://a.com/x", "https://a.com:443/x"}),
        ("http://a.com/x", {"http://a.com/x", "http://a.com:80/x"}),
        ("https://a.com:8443/x", {"https://a.com:8443/x", "https://a.com/x", "https://a.com:443/x"}),
        ("https://[::1]:8443/x", {"https://[::1]:8443/x", "https://[::1]/x", "https://[::1]:443/x"}),
        ("https://a.com/it's", {"https://a.com/it's", "https://a.com:443/it's"}),
    ],
)
def test_spellings(url: str, expected: set[str]) -> None:
    """A URL may have been signed with and without its port; a quote in the path stays as it is."""
    assert expected == set(list_url_spellings(url))


def test_bare_question_mark() -> None:
    """A question mark without a query may or may not have been signed."""
    assert {"https://a.com/x?", "https://a.com/x"} <= set(list_url_spellings("https://a.com/x?"))


ASCII = st.text(st.characters(codec="ascii", exclude_categories=("Cc", "Cs")), max_size=12)
TEXTS = st.text(max_size=12)
PARAMETERS = st.dictionaries(TEXTS, st.lists(TEXTS, min_size=1, max_size=3), max_size=5)


@given(PARAMETERS, ASCII)
def test_signs_like_twilio(parameters: dict[str, list[str]], path: str) -> None:
    """Every form that can be encoded is signed as Twilio's validator computes it."""
    url = f"https://a.com/{quote(path)}"
    try:
        expected = RequestValidator(TOKEN).compute_signature(url, MultiDict(parameters))
    except UnicodeEncodeError:
        return

    assert expected == sign(TOKEN, url, parameters)


@given(PARAMETERS, st.one_of(TEXTS, st.binary(max_size=20).map(lambda raw: base64.b64encode(raw).decode())))
def test_only_the_signature_is_valid(parameters: dict[str, list[str]], other: str) -> None:
    """A request verifies under its own signature, and under no other text."""
    right = sign(TOKEN, U, parameters)

    assert is_valid(right, [TOKEN], [U], parameters, b"", is_json=False)
    assert (other == right) == is_valid(other, [TOKEN], [U], parameters, b"", is_json=False)


@given(st.permutations(["b", "a", "c", "a"]))
def test_order_and_repeats_do_not_count(values: list[str]) -> None:
    """Repeated values are signed once each, in order."""
    assert sign(TOKEN, U, {"x": ["a", "b", "c"]}) == sign(TOKEN, U, {"x": values})


@given(
    st.dictionaries(st.text(min_size=1), st.lists(st.text(), min_size=1, max_size=3), max_size=5), st.text(min_size=1)
)
def test_sha256_as_the_sdk_has_it(parameters: dict[str, list[str]], secret: str) -> None:
    """Only the hash differs."""
    url = "https://bridge.example.com/callbacks/crm"
    validator = RequestValidator(secret)
    for algorithm in ("HMAC_SHA1", "HMAC_SHA256"):
        ours = sign(secret, url, parameters, algorithm)
        assert validator.compute_signature(url, MultiDict(parameters), algorithm) == ours


def test_as_twilio_documents_it() -> None:
    """https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys names the header; twilio-python has its reader."""
    for header in ("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256", "key=x", "", "algorithm=HMAC_SHA1"):
        ours = parse_settings(header)
        assert get_signature_algorithm(header) == (ours.algorithm if ours else "HMAC_SHA1")
