"""What is looked at once more when a row is to be sent: its turn, its campaign, its person, the hour."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from tests.unit.messages.world import ID, NOON, SENDER, World, row, settings
from twilio_bridge import deadline
from twilio_bridge.errors import RateLimitedError, RefusedError, UnavailableError
from twilio_bridge.messages.quiet_hours import Window
from twilio_bridge.messages.row import Row
from twilio_bridge.messages.sending.requesting import make_draft
from twilio_bridge.messages.sending.send_jobs import MIN_SEND_AHEAD_MS, SendJob, do_send_job
from twilio_bridge.messages.sending.steering import cancel_campaign, pause_campaign, resume_campaign
from twilio_bridge.messages.sending.transitions import MAX_ATTEMPTS_COUNT

SERVICE = "MG" + "1" * 32
JOB = SendJob(ID, 1)


def world(*rows: Row, **changes: Any) -> World:
    return World(rows=rows or [row(1)], settings=settings(**changes))


def do(one: World, job: SendJob = JOB) -> str:
    return do_send_job(job, one.sending_deps())


def only(one: World) -> Row:
    [found] = one.all_rows()
    return found


def test_a_row_is_sent_as_it_was_asked_for() -> None:
    """The callback's address carries its key, which names nobody."""
    one = world(text="Dear <Name|there>", validity_s=600)
    assert "submitted" == do(one)
    [draft] = one.api.drafts.values()
    assert (row(1).address, SENDER, "Dear No 1", 600) == (draft.to, draft.sender, draft.body, draft.validity_s)
    sent = only(one)
    assert draft.status_callback.endswith(f"?row={ID}.1.{sent.nonce}")
    assert row(1).address.strip("+") not in draft.status_callback
    assert ("submitted", "queued", 1, NOON + 10_000) == (sent.state, sent.status, sent.attempt, sent.due_at)


def test_the_same_job_again_sends_nothing() -> None:
    """Queues deliver twice."""
    one = world()
    assert ["submitted", "nothing to do", "nothing to do"] == [do(one) for _ in range(3)]
    assert 1 == len(one.api.messages)


def test_turns_are_taken_once_and_kept() -> None:
    """Rows start as far apart as the slower of sender and campaign asks for, and none takes a turn twice."""
    one = World(rows=[row(number) for number in range(1, 101)], settings=settings(rate_per_s=10.0))
    one.run(lambda now: len(now.api.messages) == 100)
    starts = [message.created_at or 0 for message in one.api.messages.values()]
    assert 9 <= max(starts) - min(starts) <= 12
    assert {f"sender {SENDER}", f"campaign {ID}"} == one.pacer.next_at.keys()
    assert one.pacer.next_at[f"campaign {ID}"] - NOON <= 12_000


def test_a_turn_that_was_missed_is_taken_anew() -> None:
    """Whoever comes back late does not crowd in."""
    one = world()
    one.pacer.next_at = {f"campaign {ID}": NOON + 60_000}
    assert "held" == do(one, SendJob(ID, 1, 2, NOON - 5_000))
    [held] = one.waiting
    assert (60_000, 2) == (held.body.turn_at - NOON, held.body.stage)


def test_a_slow_sender_holds_up_no_other() -> None:
    """Its rows take no turn of the campaign before they can use it."""
    one = world()
    one.pacer.next_at = {f"sender {SENDER}": NOON + 500_000}
    assert "held" == do(one)
    assert f"campaign {ID}" not in one.pacer.next_at


@pytest.mark.parametrize("state", ["paused", "planning", "finished", "cancelled", "refused"])
def test_only_a_campaign_that_is_being_sent_sends(state: Any) -> None:
    """As of this moment, whatever it was when the row was queued."""
    one = world()
    campaign = one.campaign
    one.campaigns.save_campaign(campaign, campaign.change_state(state, NOON))
    assert "nothing to do" == do(one)
    assert ({}, row(1)) == (one.api.messages, only(one))


def test_an_opt_out_a_moment_ago() -> None:
    """It is read when the message is to be sent."""
    one = world()
    one.opt_outs.record_request(row(1).address, True, 1.0)
    assert "skipped" == do(one)
    assert ("skipped", "opted_out") == (only(one).state, only(one).reason)
    assert [] == one.outbox.addresses


@pytest.mark.parametrize("reason", ["unreachable_number", "landline"])
def test_a_number_marked_a_moment_ago(reason: str) -> None:
    """By another campaign, for instance."""
    one = world()
    one.marks.mark_number(row(1).address, reason)
    assert "skipped" == do(one)
    assert reason == only(one).reason


def test_quiet_hours_have_begun() -> None:
    """The row waits for the next window, though it was due in one; its validity ends with that."""
    evening = datetime(2026, 11, 20, 2, tzinfo=UTC)  # 18:00 the day before in California
    one = world(window=Window(time(9), time(18)), rate_per_s=1_000.0)
    one.now = int(evening.timestamp() * 1000)
    assert "postponed" == do(one)
    opens, closes = evening + timedelta(hours=15), evening + timedelta(hours=24)
    assert (opens.timestamp() * 1000, closes.timestamp() * 1000) == (only(one).due_at, only(one).closes_at)

    one.now = int((closes - timedelta(minutes=10)).timestamp() * 1000)
    assert "submitted" == do(one)
    [draft] = one.api.drafts.values()
    assert 599 <= (draft.validity_s or 0) <= 600


def test_a_row_that_waited_through_a_pause_has_the_validity_of_its_new_window() -> None:
    """Not what was left of the one it was planned for."""
    one = world(row(1, closes_at=NOON - 1), validity_s=600)
    assert "submitted" == do(one)
    assert [600] == [draft.validity_s for draft in one.api.drafts.values()]


def scheduled(ahead_ms: int, sender: str = SERVICE) -> World:
    return world(row(1, sender=sender, due_at=NOON + ahead_ms), is_scheduled_at_twilio=True)


def test_a_later_row_is_handed_to_twilio() -> None:
    """With SendAt, through a Messaging Service, and polled only behind its time."""
    one = scheduled(3_600_000)
    assert "submitted" == do(one)
    [draft] = one.api.drafts.values()
    assert draft.send_at
    assert NOON + 3_600_000 == draft.send_at.timestamp() * 1000
    assert NOON + 3_600_000 + 10_000 == only(one).due_at
    assert [] == one.waiting


@pytest.mark.parametrize(("ahead_ms", "sender"), [(3_600_000, SENDER), (MIN_SEND_AHEAD_MS - 1, SERVICE)])
def test_what_twilio_does_not_schedule_waits_here(ahead_ms: int, sender: str) -> None:
    """SendAt needs a Messaging Service and fifteen minutes."""
    one = scheduled(ahead_ms, sender)
    assert "not due yet" == do(one)
    assert {} == one.api.messages


def test_a_cancelled_campaign_cancels_what_waits_and_what_twilio_has_scheduled() -> None:
    """What is on its way goes on."""
    later, waits, sent = row(1, sender=SERVICE, due_at=NOON + 3_600_000), row(2, due_at=NOON + 9_000_000), row(3)
    one = world(later, waits, sent, is_scheduled_at_twilio=True)
    assert ["submitted", "submitted"] == [do(one), do(one, SendJob(ID, 3))]
    cancel_campaign(one.campaigns, ID, NOON, "asked")
    assert ["ended", "cancelled", "nothing to do"] == [do(one, SendJob(ID, number)) for number in (1, 2, 3)]
    assert {1: ("ended", "canceled", 0), 2: ("cancelled", "", 0), 3: ("submitted", "queued", 0)} == one.ends()
    assert "cancelled" == one.all_rows()[0].outcome


def test_a_scheduled_message_that_went_out_before_it_was_cancelled() -> None:
    """It is followed to its end like any other."""
    one = scheduled(3_600_000)
    do(one)
    one.api.move(only(one).sid, "sent")
    cancel_campaign(one.campaigns, ID, NOON, "asked")
    assert "submitted" == do(one)
    assert "sent" == only(one).status


def refused(code: int, one: World) -> World:
    one.api.refusals = {row(1).address: code}
    return one


def test_a_refusal_is_the_rows_error() -> None:
    """Twilio's code and sentence stand in fields of their own."""
    one = refused(21211, world())
    assert "refused" == do(one)
    end = only(one)
    assert ("error", "Error", 21211) == (end.state, end.status, end.error_code)
    assert f"The number {row(1).address} is refused" == end.error_message
    assert "failed" == end.outcome


@pytest.mark.parametrize("code", [20003, 20005, 63038, 403])
def test_a_refused_account_pauses_the_campaign(code: int) -> None:
    """No row is lost for a password."""
    one = refused(code, world())
    assert "paused" == do(one)
    campaign = one.campaign
    assert "paused" == campaign.state
    assert str(code) in campaign.cause
    assert "waiting" == only(one).state
    one.api.refusals = {}
    resume_campaign(one.campaigns, ID, NOON, lambda: one.ledger.read_counts(ID))
    assert "submitted" == do(one)


@pytest.mark.parametrize("code", [20429, 21611])
def test_what_may_be_accepted_later_is_tried_so_often(code: int) -> None:
    """Each time after a longer wait, then it is an error."""
    one = world()

    def script(name: str, _number: int) -> Any:
        return (RateLimitedError("twilio", 1, code=code), False) if name == "create_message" else None

    one.script = script
    one.run(lambda now: all(each.is_final for each in now.all_rows()))
    end = only(one)
    assert (MAX_ATTEMPTS_COUNT, "error", code) == (end.attempt, end.state, end.error_code)
    assert one.now - NOON > 600_000


def test_a_lost_answer_is_looked_up_and_not_repeated() -> None:
    """Twilio had taken it; Smart Encoding has changed its body, and nothing has a DateSent yet."""
    one = world(text="“Hello”")

    def script(name: str, _number: int) -> Any:
        is_first = name == "create_message" and one.calls.count("create_message") == 1
        return (UnavailableError("twilio", "ReadTimeout"), True) if is_first else None

    one.script, one.silent = script, {row(1).address}
    assert "in doubt" == do(one)
    [sid] = one.api.messages
    one.api.messages[sid] = replace(one.api.messages[sid], body='"Hello"')
    one.run(lambda now: only(now).is_final)
    assert (1, 1) == (one.calls.count("create_message"), one.calls.count("find_messages"))
    assert (sid, "ended") == (only(one).sid, only(one).state)


def test_a_lost_answer_is_settled_by_a_callback() -> None:
    """It carries the row's key, so nobody has to ask."""
    one = world()

    def script(name: str, _number: int) -> Any:
        return (UnavailableError("twilio", "ReadTimeout"), True) if name == "create_message" else None

    one.script = script
    assert "in doubt" == do(one)
    one.run()
    assert 0 == one.calls.count("find_messages")
    assert {1: ("ended", "delivered", 0)} == one.ends()


def test_what_twilio_has_not_is_sent_again_only_once_it_would_show() -> None:
    """Not within the time in which its listing may still lack it."""
    one = world()
    lost_at: list[int] = []

    def script(name: str, _number: int) -> Any:
        if name != "create_message" or lost_at:
            return None
        lost_at.append(one.now)
        return UnavailableError("twilio", "ReadTimeout"), False

    one.script = script
    one.run()
    [message] = one.api.messages.values()
    assert (message.created_at or 0) * 1000 - lost_at[0] >= 90_000


def test_a_message_of_another_row_is_not_taken_for_this_one() -> None:
    """Two campaigns write the same to one person at once, and one answer is lost."""
    one = world()
    deps = one.sending_deps()
    other = deps.api.create_message(_draft(one))
    one.sent.claim_message(other.sid, "other.1")
    failed: list[int] = []

    def script(name: str, number: int) -> Any:
        if name != "create_message" or failed:
            return None
        failed.append(number)
        return UnavailableError("twilio", "ReadTimeout"), False

    one.script = script
    one.run()
    assert 2 == len(one.api.messages)
    assert other.sid != only(one).sid


def _draft(one: World) -> Any:
    return make_draft(one.settings, row(1), "https://other.example")


def test_twilio_is_down_for_good() -> None:
    """The row ends after so many requests, each looked up."""
    one = world()

    def script(name: str, _number: int) -> Any:
        return (UnavailableError("twilio", "status 503"), False) if name == "create_message" else None

    one.script = script
    one.run(lambda now: only(now).is_final)
    assert (MAX_ATTEMPTS_COUNT, MAX_ATTEMPTS_COUNT) == (
        one.calls.count("create_message"),
        one.calls.count("find_messages"),
    )
    assert ("error", "Error", 0) == (only(one).state, only(one).status, only(one).error_code)


def test_a_claim_that_was_slow_to_be_written_is_not_used() -> None:
    """Whoever stood still behind the claim may be looked up by somebody else meanwhile."""
    one = world()

    def script(name: str, _number: int) -> Any:
        if name == "save_row" and one.calls.count("save_row") == 1:
            one.now += 10_000
        return None

    one.script = script
    assert "too slow to send" == do(one)
    assert ({}, "waiting") == (one.api.messages, only(one).state)


def test_the_failure_rate_pauses_a_campaign_and_a_resume_forgives() -> None:
    """Not before there are enough to say so, and not again for what was forgiven."""
    numbers = range(1, 401)
    one = World(rows=[row(number) for number in numbers], settings=settings(max_failure_percent=20.0))
    one.api.refusals = {row(number).address: 21211 for number in numbers if number % 3 == 0}
    one.run(lambda now: now.campaign.state == "paused")
    campaign = one.campaign
    assert "failed, more than 20 %" in campaign.cause
    assert 50 <= sum(each.is_final for each in one.all_rows())
    assert len(one.calls) < 400 * 20
    assert "waiting" in {each.state for each in one.all_rows()}
    resume_campaign(one.campaigns, ID, one.now, lambda: one.ledger.read_counts(ID))
    one.api.refusals = {}
    one.run()
    assert all(each.is_final for each in one.all_rows())
    assert {1} == set(one.messages_by_person().values())


def test_the_maximum_spend_is_never_passed() -> None:
    """The campaign pauses before the row that would, and goes on with a higher limit only."""
    rows = [row(number, estimate_micros=10_000) for number in range(1, 11)]
    one = World(rows=rows, settings=settings(max_spend_micros=35_000))
    one.run(lambda now: now.campaign.state == "paused")
    assert 3 == len(one.api.messages)
    assert "0.04 USD" in one.campaign.cause
    resume_campaign(one.campaigns, ID, one.now, lambda: one.ledger.read_counts(ID), max_spend_micros=1_000_000)
    one.run()
    assert 10 == len(one.api.messages)


def test_pause_and_resume_send_nothing_twice() -> None:
    """At any moment, twice."""
    one = World(rows=[row(number) for number in range(1, 41)])
    pauses = [5, 20]

    def script(name: str, _number: int) -> Any:
        if name == "create_message" and pauses and len(one.api.messages) == pauses[0]:
            pause_campaign(one.campaigns, ID, one.now, "asked")
        return None

    one.script = script
    while pauses:
        one.run(lambda now: now.campaign.state == "paused")
        for _ in range(20):
            one.step()
        assert pauses.pop(0) + 1 == len(one.api.messages)  # the one that was just being sent
        resume_campaign(one.campaigns, ID, one.now, lambda: one.ledger.read_counts(ID))
    one.run()
    assert {1} == set(one.messages_by_person().values())
    assert 40 == len(one.messages_by_person())


def test_a_refusal_of_somebody_who_opted_out() -> None:
    """It is recorded like any opt-out, for every later campaign and for Airtable and Brevo."""
    one = refused(21610, world())
    assert "refused" == do(one)
    assert [True] == [each.out for each in one.opt_outs.find_requests([row(1).address])]
    assert ([row(1).address], [row(1).address]) == (one.outbox.addresses, one.outbox.for_brevo)


def test_two_senders_of_one_row() -> None:
    """Between reading and claiming, another instance was faster: one asks Twilio."""
    one = world()
    done: list[str] = []

    def script(name: str, _number: int) -> Any:
        if name == "save_row" and not done:
            done.append("")
            done.append(do(one))
        return None

    one.script = script
    assert "changed meanwhile" == do(one)
    assert (["", "submitted"], 1) == (done, len(one.api.messages))


def test_who_is_just_sending_is_left_alone() -> None:
    """Its request may still be on its way, however soon lost answers are looked up."""
    one = world(row(1, state="sending", attempt=1, claimed_at=NOON - 10_000, nonce="n", due_at=NOON + 290_000))
    deps = replace(one.sending_deps(), lookup_after_ms=1_000)
    assert "being sent" == do_send_job(JOB, deps)
    assert 0 == one.calls.count("find_messages")
    one.now += 60_000
    assert "not there" == do_send_job(JOB, deps)


def asked_to_wait_once(one: World) -> World:
    """Return the world with a Twilio that refuses one request for now."""
    refused: list[int] = []

    def script(name: str, number: int) -> Any:
        if name != "create_message" or refused:
            return None
        refused.append(number)
        return RateLimitedError("twilio", 1), False

    one.script = script
    return one


def test_a_row_keeps_its_key_over_all_its_tries() -> None:
    """So that a callback of any of them is known."""
    one = asked_to_wait_once(world())
    assert "asked to wait" == do(one)
    first = only(one).nonce
    one.now += 10_000
    assert "submitted" == do(one)
    assert first
    assert (first, 2) == (only(one).nonce, only(one).attempt)


def test_a_scheduled_row_that_has_to_wait_keeps_its_time() -> None:
    """It is handed to Twilio again, with the same SendAt."""
    one = asked_to_wait_once(scheduled(3_600_000))
    assert "asked to wait" == do(one)
    assert ("waiting", NOON + 3_600_000) == (only(one).state, only(one).due_at)
    one.now += 10_000
    assert "submitted" == do(one)
    assert NOON + 3_600_000 == only(one).send_at


def test_a_request_is_not_begun_without_the_time_for_it() -> None:
    """The row keeps its turn and comes again at once; nothing is in doubt by it."""
    one = world()
    with deadline.limit(5):
        assert "no time left" == do(one)
    assert ({}, row(1)) == (one.api.messages, only(one))
    assert [NOON] == [each.at for each in one.waiting]


def test_a_job_of_nothing() -> None:
    """A row or campaign that is gone is no failure."""
    one = world()
    assert ["nothing to do"] * 2 == [do(one, SendJob(ID, 9)), do(one, SendJob("other", 1))]
    with pytest.raises(RefusedError):
        refused(21211, one).api.create_message(_draft(one))
