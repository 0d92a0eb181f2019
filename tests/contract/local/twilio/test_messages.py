"""Messages at the Twilio stand-in, by Twilio's documentation: states, refusals, queues, opt-outs, lists, callbacks."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.contract.local.twilio.test_support import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    CUSTOMER,
    NUMBER,
    Gateway,
    refused,
    sdk,
    stand_in,
)
from twilio_bridge_local.vendors.faults import Faults
from twilio_bridge_local.vendors.twilio.messages.records import CallbackFaults, Content, MessagingService, Outcome
from twilio_bridge_local.vendors.twilio.messages.segments import count_segments
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

SERVICE, EMPTY = "MG" + "1" * 32, "MG" + "2" * 32
CONTENT = "HX" + "1" * 32
SECOND = "+15005550026"
SCHEDULED = {"schedule_type": "fixed", "messaging_service_sid": SERVICE}
START = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)


@dataclass
class Time:
    """The stand-in's clock, which only a test moves."""

    twilio: TwilioStandIn
    now: float = START.timestamp()

    def __call__(self) -> float:
        return self.now

    def pass_s(self, seconds: float) -> None:
        """Let time pass, and what is due in it happen, a tenth of a second at a time."""
        end = self.now + seconds
        while self.now < end:
            self.now = min(end, self.now + max(0.1, (end - self.now) / 500))
            self.twilio.messaging.timetable.run_due()


def set_up(twilio: TwilioStandIn) -> None:
    """Give the account senders, services and a template, and let nothing happen by itself."""
    twilio.messaging.timetable.stop()
    twilio.proxy_numbers = [NUMBER, SECOND, f"whatsapp:{NUMBER}"]
    twilio.messaging.services = {
        SERVICE: MessagingService(SERVICE, (NUMBER, SECOND, f"whatsapp:{NUMBER}")),
        EMPTY: MessagingService(EMPTY, ()),
    }
    twilio.messaging.contents = {CONTENT: Content(CONTENT, "Hello {{1}}, {{2}}", variables=(("2", "bye"),))}


@pytest.fixture
def twilio(gateway: Gateway) -> Iterator[TwilioStandIn]:
    with stand_in(gateway) as running:
        set_up(running)
        yield running


@pytest.fixture(scope="module")
def unmoved() -> Iterator[tuple[TwilioStandIn, Client]]:
    """One account for all that makes nothing, at one moment."""
    with stand_in() as running, sdk(running) as client:
        set_up(running)
        running.messaging.clock = START.timestamp
        running.messaging.landlines = frozenset({"+442079460000"})
        yield running, client


@pytest.fixture
def time(twilio: TwilioStandIn) -> Time:
    twilio.messaging.clock = clock = Time(twilio)
    return clock


@pytest.fixture
def client(twilio: TwilioStandIn, time: Time) -> Iterator[Client]:
    assert time.now
    with sdk(twilio) as running:
        yield running


Send = Callable[..., Any]


def create(client: Client, to: str = CUSTOMER, **given: Any) -> Any:  # Twilio's own names and values
    sender = {} if "messaging_service_sid" in given or "from_" in given else {"from_": NUMBER}
    text = {} if {"content_sid", "media_url"} & set(given) else {"body": "Hello"}
    return client.messages.create(to=to, **{**sender, **text, **given})


@pytest.fixture
def send(client: Client) -> Send:
    return partial(create, client)


def statuses(gateway: Gateway, sid: str) -> list[str]:
    return [form["MessageStatus"] for _, form in gateway.received if form["MessageSid"] == sid]


def test_a_sender_s_message_goes_from_queued_to_delivered(send: Send, time: Time) -> None:
    """Segments are known at once; the date of sending with the carrier's word, the price at the end."""
    made = send()
    seen = [(made.status, made.num_segments, made.date_sent, made.price)]
    for _ in range(30):
        time.pass_s(0.1)
        now = made.fetch()
        if now.status != seen[-1][0]:
            seen.append((now.status, now.num_segments, now.date_sent and now.date_sent - START, now.price))
    late, early = timedelta(seconds=1), timedelta(0)
    assert ["queued", "sending", "sent", "delivered"] == [status for status, *_ in seen]
    assert [None, None] == [sent for _, _, sent, _ in seen[:2]]
    assert all(early <= sent <= late for _, _, sent, _ in seen[2:])
    assert [None, None, None, "-0.07000"] == [price for *_, price in seen]
    assert {"1"} == {segments for _, segments, _, _ in seen}


def test_a_service_s_message_is_accepted_first_and_has_no_segments_yet(send: Send, time: Time) -> None:
    """Neither sender nor segments are known until the service has chosen."""
    made = send(messaging_service_sid=SERVICE, body="x" * 161)
    assert ("accepted", "0", None) == (made.status, made.num_segments, made.from_)
    time.pass_s(0.3)
    assert ("queued", "2", NUMBER) == ((now := made.fetch()).status, now.num_segments, now.from_) or (
        "sending" == now.status
    )
    time.pass_s(3)
    assert "delivered" == made.fetch().status


def test_a_service_keeps_a_recipient_s_sender_and_spreads_the_others(send: Send, time: Time) -> None:
    """Sticky Sender; others go to the sender that is free first."""
    made = [send(f"+155555501{number:02}", messaging_service_sid=SERVICE) for number in range(6)]
    time.pass_s(10)
    first = {one.to: one.fetch().from_ for one in made}
    assert {NUMBER: 3, SECOND: 3} == {sender: list(first.values()).count(sender) for sender in (NUMBER, SECOND)}
    again = [send(to, messaging_service_sid=SERVICE) for to in first]
    time.pass_s(10)
    assert first == {one.to: one.fetch().from_ for one in again}


@pytest.mark.parametrize(
    ("code", "given"),
    [
        (21604, {"to": ""}),
        (21211, {"to": "0790012345"}),
        (21211, {"to": "+1555"}),
        (21211, {"to": "+15005550001"}),
        (21612, {"to": "+15005550002"}),
        (21408, {"to": "+15005550003"}),
        (21610, {"to": "+15005550004"}),
        (21614, {"to": "+15005550009"}),
        (21614, {"to": "+442079460000"}),
        (21266, {"to": NUMBER}),
        (21910, {"to": f"whatsapp:{CUSTOMER}"}),
        (21212, {"from_": "+15005550001"}),
        (21606, {"from_": "+15005550007"}),
        (21606, {"from_": "+15005559999"}),
        (21612, {"from_": "ACME"}),
        (63007, {"to": f"whatsapp:{CUSTOMER}", "from_": "whatsapp:+15005559999"}),
        (21602, {"body": " "}),
        (21619, {"body": "", "messaging_service_sid": SERVICE}),
        (21617, {"body": "x" * 1601}),
        (21623, {"media_url": [f"https://example.com/{number}.png" for number in range(11)]}),
        (21620, {"media_url": ["example.com/a.png"]}),
        (21655, {"content_sid": "HX" + "9" * 32}),
        (21656, {"content_sid": CONTENT, "content_variables": "no JSON"}),
        (21656, {"content_sid": CONTENT, "content_variables": json.dumps({"1": ""})}),
        (21701, {"messaging_service_sid": "MG" + "9" * 32}),
        (21705, {"messaging_service_sid": "MG9"}),
        (21703, {"messaging_service_sid": EMPTY}),
        (21712, {"messaging_service_sid": SERVICE, "from_": "ACME", "to": "+447900000012"}),
        (21609, {"status_callback": "example.com/callback"}),
        (21609, {"status_callback": "https://a_b.example.com/callback"}),
        (21609, {"status_callback": "https://example.com/" + "x" * 4000}),
        (90007, {"validity_period": 0}),
        (90007, {"validity_period": 36_001}),
        (35118, {"schedule_type": "fixed", "send_at": START + timedelta(hours=1)}),
        (35111, SCHEDULED),
        (35126, {"schedule_type": "soon", "messaging_service_sid": SERVICE}),
        (
            35115,
            {"schedule_type": "fixed", "messaging_service_sid": SERVICE, "send_at": START + timedelta(seconds=299)},
        ),
        (35115, {"schedule_type": "fixed", "messaging_service_sid": SERVICE, "send_at": START - timedelta(days=1)}),
        (35114, {"schedule_type": "fixed", "messaging_service_sid": SERVICE, "send_at": START + timedelta(days=35.1)}),
    ],
)
def test_what_twilio_refuses(unmoved: tuple[TwilioStandIn, Client], code: int, given: dict[str, Any]) -> None:
    """Each with its code, and nothing is made of it."""
    twilio, client = unmoved
    status, found = refused(lambda: create(client, **given))
    assert (code, status // 100) == (found, 4)
    assert [] == twilio.messaging.store.created


def test_names_that_twilio_has_not_are_refused(twilio: TwilioStandIn) -> None:
    """A misspelled parameter, another account's path, a SID that nothing has."""
    base, auth = f"{twilio.url}/api/2010-04-01/Accounts", (ACCOUNT_SID, AUTH_TOKEN)
    form = {"To": CUSTOMER, "From": NUMBER, "Body": "Hello", "StatusCallbackUrl": "https://example.com"}
    answers = [
        requests.post(f"{base}/{ACCOUNT_SID}/Messages.json", data=form, auth=auth, timeout=2),
        requests.get(f"{base}/AC{'9' * 32}/Messages.json", auth=auth, timeout=2),
        requests.get(f"{base}/{ACCOUNT_SID}/Messages/SM{'9' * 32}.json", auth=auth, timeout=2),
        requests.get(f"{base}/{ACCOUNT_SID}/Messages.json?Till=x", auth=auth, timeout=2),
        requests.post(f"{base}/{ACCOUNT_SID}/Messages.json", data=form, auth=(ACCOUNT_SID, "wrong"), timeout=2),
    ]
    assert [(400, 20001), (404, 20404), (404, 20404), (400, 20001), (401, 20003)] == [
        (answer.status_code, answer.json()["code"]) for answer in answers
    ]


def test_a_region_that_is_not_enabled(twilio: TwilioStandIn, send: Send) -> None:
    """21408 for a country beside the enabled ones."""
    twilio.messaging.regions = frozenset({"GB"})
    assert send("+447900000012").sid
    assert (400, 21408) == refused(lambda: send("+4915112345678"))


def test_a_scheduled_message_waits_and_is_cancelled_only_before_its_time(send: Send, time: Time) -> None:
    """Cancelled it is never sent; later Twilio answers 30409."""
    schedule = {**SCHEDULED, "send_at": START + timedelta(seconds=300)}
    kept, cancelled = send(**schedule), send(**schedule)
    assert ("scheduled", "scheduled") == (kept.status, cancelled.status)
    assert "canceled" == cancelled.update(status="canceled").status
    time.pass_s(299)
    assert "scheduled" == kept.fetch().status
    time.pass_s(5)
    assert ("delivered", "canceled") == (kept.fetch().status, cancelled.fetch().status)
    assert (400, 30409) == refused(lambda: kept.update(status="canceled"))
    assert (400, 30409) == refused(lambda: cancelled.update(status="canceled"))


def test_a_body_is_emptied_and_a_message_deleted_only_once_it_is_done(
    twilio: TwilioStandIn, send: Send, time: Time
) -> None:
    """20009 before that; the log of what was made keeps it."""
    made = send()
    assert [(409, 20009)] * 2 == [refused(lambda: made.update(body="")), refused(made.delete)]
    time.pass_s(3)
    assert "" == made.update(body="").body
    assert made.delete()
    assert (404, 20404) == refused(made.fetch)
    assert [made.sid] == [each.sid for each in twilio.messaging.store.created]


def test_a_long_code_sends_a_segment_a_second(twilio: TwilioStandIn, send: Send, time: Time) -> None:
    """Three messages of two segments take their turns; what outlives its validity fails."""
    made = [send(f"+155555501{number:02}", body="x" * 161) for number in range(3)]
    late = send("+15555550109", validity_period=2)
    time.pass_s(2.5)
    assert ["delivered", "sent", "queued"] == [one.fetch().status for one in made]
    assert ("failed", 30036) == ((now := late.fetch()).status, now.error_code)
    time.pass_s(4)
    assert ["delivered"] * 3 == [one.fetch().status for one in made]
    assert 3 == len(twilio.delivered)


def test_a_queue_of_ten_hours_is_full(twilio: TwilioStandIn, send: Send, time: Time) -> None:
    """A sender's own is refused (21611), a service's message fails (30001)."""
    twilio.messaging.services[SERVICE] = MessagingService(SERVICE, (NUMBER,))
    twilio.messaging.queues.reserve(NUMBER, 36_001, 1.0, time.now)
    assert (429, 21611) == refused(send)
    made = send(messaging_service_sid=SERVICE)
    time.pass_s(0.5)
    assert ("failed", 30001) == ((now := made.fetch()).status, now.error_code)


@pytest.mark.parametrize("word", ["STOP", " stop ", "Unsubscribe", "OPTOUT"])
def test_after_stop_a_sender_may_not_write_until_start(twilio: TwilioStandIn, send: Send, word: str) -> None:
    """21610 for that sender, and in a service for all of its senders; others may."""
    twilio.messaging.services = {}
    twilio.receive(CUSTOMER, NUMBER, word)
    assert (400, 21610) == refused(send)
    assert send(from_=SECOND).sid
    twilio.receive(CUSTOMER, NUMBER, "start")
    assert send().sid

    twilio.messaging.services = {SERVICE: MessagingService(SERVICE, (NUMBER, SECOND))}
    twilio.receive(CUSTOMER, NUMBER, word)
    assert (400, 21610) == refused(lambda: send(messaging_service_sid=SERVICE))
    assert (400, 21610) == refused(lambda: send(from_=SECOND))


def test_a_sentence_with_stop_in_it_is_none(twilio: TwilioStandIn, send: Send) -> None:
    """A keyword counts alone."""
    twilio.receive(CUSTOMER, NUMBER, "Please stop calling me")
    assert send().sid


def test_what_carriers_do(twilio: TwilioStandIn, send: Send, time: Time) -> None:
    """By number as it is set; a public link shortener is filtered; a carrier without receipts leaves `sent`."""
    twilio.messaging.segments_per_s = 100
    twilio.messaging.outcomes = {
        "+15555550101": Outcome("undelivered", 30003),
        "+15555550102": Outcome("failed", 30005),
        "+15555550103": Outcome("sent"),
    }
    made = [send(f"+155555501{number:02}") for number in range(1, 4)]
    made.append(send(body="Win now: https://BIT.ly/abc"))
    time.pass_s(3)
    seen = [(now.status, now.error_code, now.price is None) for now in (one.fetch() for one in made)]
    assert [
        ("undelivered", 30003, False),
        ("failed", 30005, True),
        ("sent", None, True),
        ("undelivered", 30007, False),
    ] == seen


def test_whatsapp_takes_templates_always_and_free_text_for_a_day(twilio: TwilioStandIn, send: Send, time: Time) -> None:
    """63016 outside of the window; a template's text has the values and its own defaults."""
    twilio.messaging.outcomes = {f"whatsapp:{CUSTOMER}": Outcome("read")}
    pair = {"to": f"whatsapp:{CUSTOMER}", "from_": f"whatsapp:{NUMBER}"}
    free, template = send(**pair), send(**pair, content_sid=CONTENT, content_variables=json.dumps({"1": "Ann"}))
    time.pass_s(10)
    assert ("undelivered", 63016) == ((now := free.fetch()).status, now.error_code)
    assert ("read", "Hello Ann, bye") == ((now := template.fetch()).status, now.body)
    twilio.receive(pair["to"], pair["from_"], "Hi")
    opened = send(**pair)
    time.pass_s(10)
    assert "read" == opened.fetch().status


def test_smart_encoding_changes_a_service_s_body(send: Send, time: Time) -> None:
    """A service replaces what costs more; a sender does so only where it is asked to."""
    body = "“Hi” – it’s 5\u00a0o’clock…"  # noqa: RUF001  what is replaced
    changed, plain = send(body=body, messaging_service_sid=SERVICE), send(body=body)
    time.pass_s(5)
    assert ("\"Hi\" - it's 5 o'clock...", body) == (changed.fetch().body, plain.fetch().body)
    assert "\"Hi\" - it's 5 o'clock..." == send(body=body, smart_encoded=True).body


@pytest.mark.parametrize(
    ("body", "segments"),
    [
        ("", 1),
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("x" * 152 + "€" + "x" * 153, 3),
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 134, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_segments(body: str, segments: int) -> None:
    """160 or 153 septets, 70 or 67 units; an escape or a pair is not cut in two."""
    assert segments == count_segments(body)


def test_lists_filter_by_number_and_day_and_page(twilio: TwilioStandIn, client: Client, send: Send, time: Time) -> None:
    """The newest first; a message without a date of sending is on no day."""
    twilio.messaging.segments_per_s = 100
    early = [send(f"+155555501{number:02}") for number in range(5)]
    time.pass_s(86_400)
    late = send("+15555550100")
    time.pass_s(5)
    unsent = send("+15555550100", validity_period=1, from_=SECOND)

    def sids(**given: Any) -> list[str]:
        return [one.sid for one in client.messages.list(**given)]

    both = [unsent.sid, late.sid, early[0].sid]
    assert both == sids(to="+15555550100")
    assert [unsent.sid] == sids(from_=SECOND)
    day = {"To": "+15555550100", "DateSent": "2026-11-30"}
    path = f"{twilio.url}/api/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    listed = requests.get(path, params=day, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=2).json()["messages"]
    assert [late.sid] == [each["sid"] for each in listed]
    assert [late.sid] == sids(to="+15555550100", date_sent_after=(START + timedelta(days=1)).date())
    assert {one.sid for one in early} <= set(sids(date_sent_before=START + timedelta(hours=1)))
    whole = sids()
    assert whole == sids(page_size=3)
    assert len(whole) == len(set(whole)) == 7 + twilio.seeded


def test_the_account_s_numbers_and_services_are_listed() -> None:
    """The numbers that may send SMS, and each service with its pool; no samples beside them."""
    with stand_in() as running, sdk(running) as client:
        running.add_service(SERVICE, [NUMBER, f"whatsapp:{NUMBER}"])
        assert [NUMBER] == [each.phone_number for each in client.incoming_phone_numbers.list(page_size=1000)]
        assert [SERVICE] == [each.sid for each in client.messaging.v1.services.list()]
        service = client.messaging.v1.services(SERVICE)
        assert service.fetch().smart_encoding
        assert [NUMBER] == [each.phone_number for each in service.phone_numbers.list()]


def test_callbacks_are_signed_and_in_order(gateway: Gateway, send: Send, time: Time) -> None:
    """None for the first status, none for `sending`; the gateway refuses a wrong signature."""
    url = f"{gateway.url}/callbacks/message-status?row=a.1.b%2Fc"
    own, service = send(status_callback=url), send(status_callback=url, messaging_service_sid=SERVICE)
    time.pass_s(6)
    assert ["sent", "delivered"] == statuses(gateway, own.sid)
    assert ["queued", "sent", "delivered"] == statuses(gateway, service.sid)
    assert 0 == gateway.refused
    form = next(form for _, form in gateway.received if form["MessageSid"] == own.sid)
    assert {"From": NUMBER, "To": CUSTOMER, "SmsSid": own.sid, "SmsStatus": "sent", "row": "a.1.b/c"} == {
        name: form[name] for name in ("From", "To", "SmsSid", "SmsStatus", "row")
    }


def test_a_failure_s_callback_has_its_code(twilio: TwilioStandIn, gateway: Gateway, send: Send, time: Time) -> None:
    """ErrorCode stands beside the status, and nowhere else."""
    twilio.messaging.outcomes = {CUSTOMER: Outcome("undelivered", 30005)}
    send(status_callback=f"{gateway.url}/callbacks/message-status")
    time.pass_s(3)
    assert [("sent", None), ("undelivered", "30005")] == [
        (form["MessageStatus"], form.get("ErrorCode")) for _, form in gateway.received
    ]


def test_callbacks_go_astray_as_it_is_set(twilio: TwilioStandIn, gateway: Gateway, send: Send, time: Time) -> None:
    """Lost ones are noted; reordered ones come after the next; repeated ones twice; delayed ones late."""
    url = f"{gateway.url}/callbacks/message-status"

    def seen(**faults: float) -> list[str]:
        twilio.messaging.callback_faults = CallbackFaults(**faults)
        made = send(status_callback=url)
        time.pass_s(12)
        return statuses(gateway, made.sid)

    assert [] == seen(lost=1.0)
    assert ["sent", "delivered"] == [status for _, status in twilio.messaging.lost_callbacks]
    assert ["delivered", "sent"] == seen(reordered=1.0)
    assert sorted(["sent", "delivered"] * 2) == sorted(seen(repeated=1.0))
    assert ["sent", "delivered"] == seen(delayed=1.0, delay_s=5.0)


def test_a_part_of_the_callbacks_is_lost(twilio: TwilioStandIn, gateway: Gateway, send: Send, time: Time) -> None:
    """A share is about that share, and the same in every run."""
    twilio.messaging.segments_per_s = 1000
    twilio.messaging.callback_faults = CallbackFaults(lost=0.1)
    for number in range(100):
        send(f"+15555551{number:03}", status_callback=f"{gateway.url}/callbacks/message-status")
    time.pass_s(3)
    lost = len(twilio.messaging.lost_callbacks)
    assert 200 == lost + len(gateway.received)
    assert 10 <= lost <= 35


def test_a_part_of_the_requests_is_refused_and_another_cut_after_its_effect(
    twilio: TwilioStandIn, client: Client
) -> None:
    """Several kinds of trouble at once; what was cut has had its effect, and the log shows it."""
    creates = f"POST /api/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    twilio.set_faults(Faults(status=429, share=0.2, only=(creates,)), Faults(cut="after", share=0.2, only=(creates,)))
    answers = {"made": 0, "refused": 0, "lost": 0}
    for number in range(100):
        try:
            client.messages.create(to=f"+15555551{number:03}", from_=NUMBER, body="Hello")
            answers["made"] += 1
        except requests.ConnectionError:
            answers["lost"] += 1
        except TwilioRestException as error:
            answers["refused"] += error.code == 20429
    assert 100 == sum(answers.values())
    assert answers["made"] + answers["lost"] == len(twilio.messaging.store.created)
    assert all(5 <= count for count in answers.values())


def test_another_process_sets_outcomes_and_reads_the_log(twilio: TwilioStandIn, send: Send, time: Time) -> None:
    """Through the stand-in's own routes."""
    own = f"{twilio.url}/_stand-in"
    outcome = {"address": CUSTOMER, "status": "undelivered", "error_code": 30003}
    assert requests.post(f"{own}/outcome", json=outcome, timeout=2).ok
    assert requests.post(f"{own}/callback-faults", json={"lost": 1.0}, timeout=2).ok
    assert 400 == requests.post(f"{own}/callback-faults", json={"missing": 1}, timeout=2).status_code
    made = send()
    time.pass_s(3)
    assert "undelivered" == made.fetch().status
    assert 1.0 == twilio.messaging.callback_faults.lost
    (logged,) = requests.get(f"{own}/messages", timeout=2).json()
    assert (made.sid, CUSTOMER, "queued") == (logged["sid"], logged["to"], logged["status"])


def test_ten_thousand_messages_take_no_step_that_grows() -> None:
    """Steps are counted: a look-up by recipient passes its messages only, whatever there is besides."""
    with stand_in() as running, sdk(running) as client:
        running.messaging.timetable.stop()
        store = running.messaging.store
        (sample, *_), looked_at = store.newest_first(0), []
        for number in range(10_000):
            store.add(
                type(sample)(
                    **{
                        **{name: getattr(sample, name) for name in sample.__slots__},
                        "sid": f"SM{number:032x}",
                        "number": store.next_number,
                        "to": f"+1555{number:07}",
                    }
                )
            )
        find = store.find
        store.find = lambda sid: looked_at.append(sid) or find(sid)  # type: ignore[method-assign,func-returns-value]
        assert 1 == len(client.messages.list(to="+15550000042"))
        assert 1 == len(looked_at)
