"""Messages on their way: callbacks in any order and twice, polls, and what an end says of a number."""

from itertools import permutations
from typing import Any

import pytest

from tests.unit.messages.world import ID, NOON, World, row, settings
from twilio_bridge.errors import BadRequestError, UnavailableError
from twilio_bridge.forms import Form
from twilio_bridge.messages.row import Row
from twilio_bridge.messages.sending.following import RowKey, parse_row_key, poll_row, read_report, take_report
from twilio_bridge.messages.sending.message import TwilioMessage
from twilio_bridge.messages.sending.requesting import make_draft
from twilio_bridge.messages.sending.send_jobs import SendJob, do_send_job

INTERVAL_MS = 10_000


def sent(**changes: Any) -> World:
    one = World(rows=[row(1)], settings=settings(**changes))
    do_send_job(SendJob(ID, 1), one.sending_deps())
    one.waiting.clear()
    return one


def only(one: World) -> Row:
    [found] = one.all_rows()
    return found


def report(one: World, status: str, code: int | None = None, *, nonce: str = "", sid: str = "") -> str:
    known = only(one)
    key = RowKey(ID, 1, nonce or known.nonce)
    message = TwilioMessage(sid=sid or known.sid, status=status, error_code=code)
    return take_report(key, message, one.campaigns, one.outcome_deps(), one.now)


def test_callbacks_in_any_order_end_alike() -> None:
    """Each comes twice, too."""
    for order in permutations(["sending", "sent", "delivered", "read"]):
        one = sent()
        for status in [*order, *order]:
            report(one, status)
        assert {1: ("ended", "read", 0)} == one.ends()
        assert None is only(one).due_at


def test_a_delivery_is_counted_once() -> None:
    """However often it is reported."""
    one = sent()
    for _ in range(3):
        report(one, "delivered")
    assert {"MessagesSubmitted": 1, "MessagesDelivered": 1} == dict(one.metrics.counts)


def test_a_code_belongs_to_its_end() -> None:
    """A status that comes too late brings none."""
    one = sent()
    report(one, "delivered")
    report(one, "undelivered", 30005)
    assert {1: ("ended", "delivered", 0)} == one.ends()
    assert {} == one.marks.reasons


@pytest.mark.parametrize(("nonce", "sid"), [("wrong", ""), ("", "SM" + "9" * 32)])
def test_callbacks_of_nobody(nonce: str, sid: str) -> None:
    """A guessed key and another message's SID change nothing."""
    one = sent()
    before = only(one)
    report(one, "delivered", nonce=nonce, sid=sid)
    assert before == only(one)
    assert (1 if sid else 0) == one.metrics.counts["PossibleDuplicates"]


def test_a_row_that_nobody_has_sent_has_no_key() -> None:
    """An empty nonce fits none."""
    one = World(rows=[row(1)])
    with pytest.raises(BadRequestError):
        parse_row_key(f"{ID}.1.")
    assert "" == take_report(
        RowKey(ID, 1, "guessed"), TwilioMessage(sid="SM1", status="sent"), one.campaigns, one.outcome_deps(), NOON
    )


@pytest.mark.parametrize("text", ["", "spring", "spring.1", "spring.x.n", "spring.-1.n", "spring.².n", ".1.n"])
def test_unreadable_keys(text: str) -> None:
    """They are refused in words."""
    with pytest.raises(BadRequestError, match="row"):
        parse_row_key(text)


def test_a_key_is_read_whole() -> None:
    """The nonce may hold what separates the others."""
    assert RowKey("spring-2026", 17, "a.b_c-d") == parse_row_key("spring-2026.17.a.b_c-d")


def test_a_report_is_read_as_twilio_writes_it() -> None:
    """Older names and empty codes included."""
    form = Form({"SmsSid": ["SM1"], "SmsStatus": ["Delivered"], "ErrorCode": [""]})
    assert TwilioMessage(sid="SM1", status="delivered") == read_report(form)
    form = Form({"MessageSid": ["SM1"], "MessageStatus": ["undelivered"], "ErrorCode": ["30003"]})
    assert TwilioMessage(sid="SM1", status="undelivered", error_code=30003) == read_report(form)
    with pytest.raises(BadRequestError):
        read_report(Form({}))


def poll(one: World, after_ms: int = INTERVAL_MS) -> str:
    one.now += after_ms
    return poll_row(ID, 1, one.polling_deps())


def test_a_silent_message_is_asked_about_until_its_attempts_are_used() -> None:
    """Then the row reports the status that it has: here, sent."""
    one = sent(retry_attempts=3)
    sid = only(one).sid
    one.api.move(sid, "sent")
    assert ["asked", "asked", "attempts used", "nothing to do"] == [poll(one) for _ in range(4)]
    assert (3, "ended", "sent", "sent") == (
        only(one).polls,
        only(one).state,
        only(one).status,
        only(one).outcome,
    )
    assert 3 == one.calls.count("fetch_message")


def test_a_status_that_comes_behind_that_still_counts() -> None:
    """The row has its true end, though nobody asks any more."""
    one = sent(retry_attempts=1)
    poll(one)
    report(one, "undelivered", 30005)
    assert {1: ("ended", "undelivered", 30005)} == one.ends()
    assert "failed" == only(one).outcome


def test_a_message_of_a_row_that_was_given_up() -> None:
    """Twilio had it after all: the row has its true end, and is not open again."""
    one = sent()
    given_up = row(1, state="error", status="Error", error_message="never taken", attempt=10, nonce="n", version=9)
    one.ledger.rows[ID, 1] = given_up
    report(one, "sent", nonce="n", sid="SM7")
    assert {1: ("ended", "sent", 0)} == one.ends()
    report(one, "delivered", nonce="n", sid="SM7")
    assert ({1: ("ended", "delivered", 0)}, "", None) == (one.ends(), only(one).error_message, only(one).due_at)


def test_a_look_up_that_took_another_row_s_message() -> None:
    """It fell into the seconds of the other's request; the other's key mends both."""
    claimed = {"attempt": 1, "claimed_at": NOON - 100_000, "values": {"Name": "Ann"}}
    lost = row(1, state="uncertain", nonce="a", **claimed)
    under_way = row(2, state="sending", nonce="b", address=lost.address, **claimed)
    one = World()
    one.ledger.rows = {(ID, each.number): each for each in (lost, under_way)}
    theirs = one.api.create_message(make_draft(one.settings, under_way, "https://bridge.example"))
    assert "submitted" == do_send_job(SendJob(ID, 1), one.sending_deps())

    assert "queued" == take_report(RowKey(ID, 2, "b"), theirs, one.campaigns, one.outcome_deps(), one.now)
    first, second = one.all_rows()
    assert ("submitted", theirs.sid) == (second.state, second.sid)
    assert ("uncertain", "", "", one.now) == (first.state, first.sid, first.status, first.due_at)
    assert "not there" == do_send_job(SendJob(ID, 1), one.sending_deps())


def test_polls_end_with_a_final_status() -> None:
    """With Twilio's price and segments."""
    one = sent()
    sid = only(one).sid
    one.api.messages[sid] = TwilioMessage(sid=sid, status="delivered", price_micros=7_500, segments=2)
    assert "delivered" == poll(one)
    assert (7_500, 2, "ended") == (only(one).price_micros, only(one).segments, only(one).state)
    assert [] == one.waiting


def test_who_is_not_silent_is_not_asked_about() -> None:
    """A callback within the interval saves the request, and the next look is planned all the same."""
    one = sent()
    one.now += INTERVAL_MS - 1_000
    report(one, "sent")
    assert "asked" == poll(one, 1_000)
    assert 0 == one.calls.count("fetch_message")
    assert [("poll", INTERVAL_MS)] == [(each.kind, each.at - one.now) for each in one.waiting]


def test_two_polls_at_once_count_once() -> None:
    """The sweep and the queue may bring the same row."""
    one = sent()
    assert ["asked", "too early", "too early"] == [poll(one), poll(one, 0), poll(one, 100)]
    assert 1 == only(one).polls


def test_a_scheduled_message_is_asked_about_behind_its_time() -> None:
    """Not before."""
    service = "MG" + "1" * 32
    one = World(
        rows=[row(1, sender=service, due_at=NOON + 3_600_000)],
        settings=settings(is_scheduled_at_twilio=True, retry_attempts=1),
    )
    do_send_job(SendJob(ID, 1), one.sending_deps())
    assert ["too early", "too early"] == [poll(one), poll(one, 3_000_000)]
    assert "attempts used" == poll(one, 600_000)


def test_a_message_that_somebody_deleted() -> None:
    """The row keeps what is known."""
    one = sent()
    one.api.messages.clear()
    assert "gone" == poll(one)
    assert {1: ("ended", "queued", 0)} == one.ends()


def test_twilio_is_down_when_it_is_asked() -> None:
    """The attempt is not used."""
    one = sent()
    one.script = lambda name, _number: (UnavailableError("twilio", "503"), False) if name == "fetch_message" else None
    with pytest.raises(UnavailableError):
        poll(one)
    assert (0, NOON + INTERVAL_MS) == (only(one).polls, only(one).due_at)


@pytest.mark.parametrize(
    ("code", "reason"), [(30005, "unreachable_number"), (30006, "landline"), (30003, None), (30008, None)]
)
def test_what_an_end_says_of_the_number(code: int, reason: str | None) -> None:
    """A phone that was off may be on the next time."""
    one = sent()
    report(one, "undelivered", code)
    assert reason == one.marks.reasons.get(row(1).address)


def test_what_whatsapp_does_not_reach_is_not_marked() -> None:
    """The number may take texts."""
    one = World(rows=[row(1, address=f"whatsapp:{row(1).address}")])
    do_send_job(SendJob(ID, 1), one.sending_deps())
    report(one, "undelivered", 30005)
    assert {} == one.marks.reasons


def test_a_phone_that_is_off_again_and_again() -> None:
    """Three messages, however often each is reported; one that arrives clears it."""
    one = World(rows=[row(n, address=row(1).address, due_at=NOON) for n in range(1, 5)])
    for number in range(1, 4):
        assert {} == one.marks.reasons
        do_send_job(SendJob(ID, number), one.sending_deps())
        for _ in range(3):
            known = one.all_rows()[number - 1]
            message = TwilioMessage(sid=known.sid, status="undelivered", error_code=30003)
            take_report(RowKey(ID, number, known.nonce), message, one.campaigns, one.outcome_deps(), one.now)
    assert {row(1).address: "unreachable_number"} == one.marks.reasons


def test_a_message_that_arrives_clears_the_strikes() -> None:
    """Two of them and an arrival are none."""
    one = sent()
    one.marks.add_strike(row(1).address, "a.1")
    one.marks.add_strike(row(1).address, "a.2")
    report(one, "delivered")
    assert {} == one.marks.strikes


def test_an_opt_out_that_twilio_found_only_when_it_sent() -> None:
    """A Messaging Service answers first, and fails the message with 21610 then."""
    one = sent()
    report(one, "failed", 21610)
    assert [True] == [each.out for each in one.opt_outs.find_requests([row(1).address])]
