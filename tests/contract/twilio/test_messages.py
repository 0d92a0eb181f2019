"""Messages over HTTP: what a request holds, what becomes of an answer, and which failures leave a doubt."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from twilio_bridge import deadline
from twilio_bridge.adapters.twilio import messages
from twilio_bridge.adapters.twilio.client import Account
from twilio_bridge.adapters.twilio.messages import TwilioMessages
from twilio_bridge.adapters.twilio.own_senders import TwilioOwnSenders
from twilio_bridge.errors import NotTakenError, OutOfTimeError, RateLimitedError, RefusedError, UnavailableError
from twilio_bridge.messages.sending.message import MessageDraft

ACCOUNT_SID, TOKEN = "AC" + "0" * 32, "12345"
SID, SERVICE = "SM" + "1" * 32, "MG" + "2" * 32
TO, SENDER = "+14155550123", "+15005550006"
VOICE_ONLY = {"sid": "PN1", "phone_number": SENDER, "capabilities": {"voice": True, "sms": False}}
CREATED = "Fri, 20 Nov 2026 10:00:00 +0000"
CREATED_AT = datetime(2026, 11, 20, 10, tzinfo=UTC).timestamp()


def resource(**changes: Any) -> dict[str, Any]:
    """A Message as https://www.twilio.com/docs/messaging/api/message-resource documents it."""
    known: dict[str, Any] = {
        "account_sid": ACCOUNT_SID,
        "api_version": "2010-04-01",
        "body": "Hello",
        "date_created": CREATED,
        "date_sent": None,
        "date_updated": CREATED,
        "direction": "outbound-api",
        "error_code": None,
        "error_message": None,
        "from": SENDER,
        "messaging_service_sid": None,
        "num_media": "0",
        "num_segments": "1",
        "price": None,
        "price_unit": None,
        "sid": SID,
        "status": "queued",
        "subresource_uris": {},
        "to": TO,
        "uri": f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/{SID}.json",
    }
    return known | changes


@dataclass
class Wire:
    """A server with prepared answers; `requests` has method, path, query and form of each request."""

    answers: list[tuple[int, object]] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, list[str]], dict[str, list[str]]]] = field(default_factory=list)
    hangs: bool = False
    is_slow: Event | None = None
    url: str = ""

    @property
    def messages(self) -> TwilioMessages:
        """Return the adapter, at this server."""
        return TwilioMessages(Account((ACCOUNT_SID, TOKEN), ACCOUNT_SID, endpoint_url=self.url))

    @property
    def senders(self) -> TwilioOwnSenders:
        """Return the other adapter, at this server."""
        return TwilioOwnSenders(Account((ACCOUNT_SID, TOKEN), ACCOUNT_SID, endpoint_url=self.url))

    def answer(self, method: str, target: str, body: str) -> tuple[int, bytes] | None:
        address = urlsplit(target)
        self.requests.append((method, address.path, parse_qs(address.query), parse_qs(body)))
        if self.is_slow:
            self.is_slow.wait(10)
        if self.hangs or not self.answers:
            return None
        status, content = self.answers.pop(0)
        return status, content if isinstance(content, bytes) else json.dumps(content).encode()


@contextmanager
def serving(wire: Wire) -> Iterator[Wire]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            if answer := wire.answer(self.command, self.path, body):
                status, content = answer
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        do_GET = do_POST  # noqa: N815  what http.server calls

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    wire.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield wire
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def wire() -> Iterator[Wire]:
    with serving(Wire()) as running:
        yield running


PATH = f"/api/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"


@pytest.mark.parametrize(
    ("draft", "form"),
    [
        (
            MessageDraft(to=TO, sender=SENDER, body="Hello", status_callback="https://x.example/?row=1", validity_s=60),
            {
                "From": SENDER,
                "Body": "Hello",
                "StatusCallback": "https://x.example/?row=1",
                "ValidityPeriod": "60",
            },
        ),
        (
            MessageDraft(to=TO, sender=SERVICE, body="Hi", send_at=datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
            {
                "MessagingServiceSid": SERVICE,
                "Body": "Hi",
                "SendAt": "2026-11-21T09:30:00Z",
                "ScheduleType": "fixed",
            },
        ),
        (
            MessageDraft(to=TO, sender="ACME", content_sid="HX" + "3" * 32, content_variables='{"1":"Ada"}'),
            {"From": "ACME", "ContentSid": "HX" + "3" * 32, "ContentVariables": '{"1":"Ada"}'},
        ),
        (
            MessageDraft(to=TO, sender=SENDER, media_urls=("https://x.example/a.png",)),
            {"From": SENDER, "MediaUrl": "https://x.example/a.png"},
        ),
    ],
    ids=["text", "scheduled", "template", "media"],
)
def test_a_message_is_one_request(wire: Wire, draft: MessageDraft, form: dict[str, str]) -> None:
    """Nothing is sent that was not asked for; the answer is read."""
    wire.answers = [(201, resource())]
    created = wire.messages.create_message(draft)
    assert [("POST", PATH, {}, {name: [value] for name, value in ({"To": TO} | form).items()})] == wire.requests
    assert (SID, "queued", TO, SENDER, CREATED_AT) == (
        created.sid,
        created.status,
        created.to,
        created.sender,
        created.created_at,
    )


def test_a_service_chooses_the_sender_later(wire: Wire) -> None:
    """Sender, segments and price are not known yet, and so they are nothing, never 0."""
    unsent = {"from": None, "num_segments": "0", "messaging_service_sid": SERVICE, "status": "accepted"}
    wire.answers = [(201, resource(**unsent))]
    created = wire.messages.create_message(MessageDraft(to=TO, sender=SERVICE, body="Hello"))
    assert ("", SERVICE, None, None, "accepted") == (
        created.sender,
        created.service_sid,
        created.segments,
        created.price_micros,
        created.status,
    )


def test_a_message_as_it_ended(wire: Wire) -> None:
    """The price is what it costs, in millionths."""
    ended = {"status": "undelivered", "error_code": 30005, "error_message": "Unknown destination handset"}
    wire.answers = [(200, resource(**ended, price="-0.00750", price_unit="usd", num_segments="3"))]
    found = wire.messages.fetch_message(SID)
    assert found
    assert ("undelivered", 30005, "Unknown destination handset") == (
        found.status,
        found.error_code,
        found.error_message,
    )
    assert (7500, "USD", 3) == (found.price_micros, found.price_unit, found.segments)


def error(status: int, code: int, message: str) -> tuple[int, dict[str, object]]:
    return status, {"code": code, "message": message, "more_info": "https://www.twilio.com", "status": status}


@pytest.mark.parametrize("code", [21211, 21610, 20003])
def test_a_refusal_keeps_code_and_sentence(wire: Wire, code: int) -> None:
    """They are for the row; what is logged names nobody."""
    wire.answers = [error(400, code, f"The number {TO} is wrong")]
    with pytest.raises(RefusedError) as raised:
        wire.messages.create_message(MessageDraft(to=TO, sender=SENDER, body="Hello"))
    assert (code, f"The number {TO} is wrong") == (raised.value.code, raised.value.detail)
    assert TO not in str(raised.value)


def test_a_refusal_in_the_newer_form(wire: Wire) -> None:
    """RFC 9457, which Twilio's newer answers follow."""
    problem = {"type": "https://x.example", "title": "Bad", "status": 400, "code": 21211, "detail": "Not a number"}
    wire.answers = [(400, problem)]
    with pytest.raises(RefusedError) as raised:
        wire.messages.create_message(MessageDraft(to=TO, sender=SENDER, body="Hello"))
    assert (21211, "Not a number") == (raised.value.code, raised.value.detail)


@pytest.mark.parametrize("code", [20429, 21611, 63038])
def test_a_limit_keeps_its_code(wire: Wire, code: int) -> None:
    """A 429 may be the account's, the sender's queue, or a day's allowance; it is not asked again here."""
    wire.answers = [error(429, code, "Too many")]
    with pytest.raises(RateLimitedError) as raised:
        wire.messages.create_message(MessageDraft(to=TO, sender=SENDER, body="Hello"))
    assert code == raised.value.code
    assert 1 == len(wire.requests)


@pytest.mark.parametrize(
    "answer",
    [
        error(500, 20500, "Internal"),
        (503, b"<html>"),
        (408, b""),
        (201, b"{"),
        (201, b"[]"),
        (201, {}),
        (201, resource(sid=None)),
        (201, resource(num_segments="many")),
    ],
    ids=["500", "503", "408", "cut", "list", "empty", "no-sid", "no-number"],
)
def test_what_leaves_a_doubt_is_never_repeated(wire: Wire, answer: tuple[int, object]) -> None:
    """Twilio may have taken the message."""
    wire.answers = [answer]
    with pytest.raises(UnavailableError) as raised:
        wire.messages.create_message(MessageDraft(to=TO, sender=SENDER, body="Hello"))
    assert not isinstance(raised.value, NotTakenError)
    assert 1 == len(wire.requests)


def test_a_lost_connection_leaves_a_doubt(wire: Wire) -> None:
    """The request was sent, and no answer came."""
    wire.hangs = True
    with pytest.raises(UnavailableError) as raised:
        wire.messages.create_message(MessageDraft(to=TO, sender=SENDER, body="Hello"))
    assert not isinstance(raised.value, NotTakenError)


def test_a_slow_answer_leaves_a_doubt(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request has a timeout of its own, and the call's deadline holds it besides."""
    monkeypatch.setattr(messages, "TIMEOUT_S", 0.1)
    wire.is_slow = Event()
    with pytest.raises(UnavailableError):
        wire.messages.create_message(MessageDraft(to=TO, sender=SENDER, body="Hello"))
    monkeypatch.setattr(messages, "TIMEOUT_S", 10)
    with pytest.raises((OutOfTimeError, UnavailableError)), deadline.limit(0.1):
        wire.messages.create_message(MessageDraft(to=TO, sender=SENDER, body="Hello"))
    wire.is_slow.set()
    assert 2 == len(wire.requests)


def test_no_connection_is_no_doubt() -> None:
    """Nothing was sent."""
    with serving(Wire()) as wire:
        url = wire.url
    nobody = TwilioMessages(Account((ACCOUNT_SID, TOKEN), ACCOUNT_SID, endpoint_url=url))
    with pytest.raises(NotTakenError):
        nobody.create_message(MessageDraft(to=TO, sender=SENDER, body="Hello"))


def page(*found: dict[str, Any]) -> tuple[int, object]:
    return 200, {"messages": list(found), "next_page_uri": None, "page": 0, "page_size": 1000}


def test_messages_to_a_person_since_a_moment(wire: Wire) -> None:
    """Those not sent yet among them: the listing is not asked for by DateSent, which they lack."""
    earlier = resource(sid="SM" + "8" * 32, date_created="Fri, 20 Nov 2026 09:59:58 +0000")
    later = resource(sid="SM" + "9" * 32, date_created="Fri, 20 Nov 2026 10:00:05 +0000", status="accepted")
    wire.answers = [page(later, resource(), earlier)]
    found = wire.messages.find_messages(TO, CREATED_AT)
    assert [SID, later["sid"]] == [message.sid for message in found]
    assert [("GET", PATH, {"To": [TO], "PageSize": ["1000"]}, {})] == wire.requests


def test_a_long_listing_is_asked_for_by_date_as_well(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the newest page does not hold may have been sent since."""
    monkeypatch.setattr(messages, "MAX_LISTED_COUNT", 2)
    noise = [resource(sid=f"SM{n:032}", date_created="Fri, 20 Nov 2026 11:00:00 +0000") for n in range(2)]
    wire.answers = [page(*noise), page(*noise, resource())]
    found = wire.messages.find_messages(TO, CREATED_AT)
    assert {SID, *(each["sid"] for each in noise)} == {message.sid for message in found}
    assert [["2026-11-19"]] == [query["DateSent>"] for _, _, query, _ in wire.requests[1:]]


def test_numbers_with_two_spellings_are_looked_for_in_both(wire: Wire) -> None:
    """WhatsApp knows some mobile phones by another number than people dial."""
    wire.answers = [page(), page(resource())]
    assert [SID] == [message.sid for message in wire.messages.find_messages("whatsapp:+525512345678", CREATED_AT)]
    asked = [query["To"] for _, _, query, _ in wire.requests]
    assert [["whatsapp:+525512345678"], ["whatsapp:+5215512345678"]] == asked


def test_a_message_that_is_gone(wire: Wire) -> None:
    """Only a 404 means that there is none."""
    wire.answers = [error(404, 20404, "not found")]
    assert wire.messages.fetch_message(SID) is None
    wire.answers = [error(403, 20403, "no")]
    with pytest.raises(RefusedError):
        wire.messages.fetch_message(SID)


def test_a_scheduled_message_is_canceled(wire: Wire) -> None:
    """It is returned as it is then; where it is too late there is none."""
    wire.answers = [(200, resource(status="canceled")), error(400, 30409, "too late"), error(404, 20404, "gone")]
    canceled = wire.messages.cancel_message(SID)
    assert canceled
    assert ("canceled", [{"Status": ["canceled"]}]) == (canceled.status, [form for *_, form in wire.requests])
    assert wire.messages.cancel_message(SID) is None
    assert wire.messages.cancel_message(SID) is None


@pytest.mark.parametrize(
    ("sender", "answer", "expected", "path"),
    [
        (SENDER, (200, {"incoming_phone_numbers": [{"sid": "PN1", "phone_number": SENDER}]}), True, "IncomingPhone"),
        (SENDER, (200, {"incoming_phone_numbers": []}), False, "IncomingPhoneNumbers"),
        (SENDER, (200, {"incoming_phone_numbers": [VOICE_ONLY]}), False, "IncomingPhoneNumbers"),
        ("12345", (200, {"short_codes": [{"sid": "SC1", "short_code": "12345"}]}), True, "SMS/ShortCodes"),
        ("12345", (200, {"short_codes": []}), False, "SMS/ShortCodes"),
        (SERVICE, (200, {"sid": SERVICE}), True, f"/messaging/v1/Services/{SERVICE}"),
        (SERVICE, error(404, 20404, "no"), False, f"/messaging/v1/Services/{SERVICE}"),
    ],
)
def test_whose_a_sender_is(wire: Wire, sender: str, answer: tuple[int, object], expected: bool, path: str) -> None:
    """A number, a short code, a Messaging Service; each is asked for once."""
    wire.answers = [answer]
    numbers, services = ([], [sender, sender]) if sender == SERVICE else ([sender, sender], [])
    assert ([] if expected else [sender]) == wire.senders.find_unknown(numbers, services)
    [(_, asked, _, _)] = wire.requests
    assert path in asked


def test_a_failure_is_no_unknown_sender(wire: Wire) -> None:
    """Who cannot be asked about is not refused."""
    wire.answers = [error(401, 20003, "no")]
    with pytest.raises(RefusedError):
        wire.senders.find_unknown([], [SERVICE])


def test_senders_that_no_list_holds(wire: Wire) -> None:
    """They are left to Twilio's answer to the first message."""
    assert [] == wire.senders.find_unknown(["ACME", "whatsapp:+14155550100", "messenger:123"], [])
    assert [] == wire.requests
