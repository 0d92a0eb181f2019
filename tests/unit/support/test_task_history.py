"""A task's history: waits, rings, talks and ends, whatever of it was told, and in whatever order."""

from itertools import permutations
from typing import Any

import pytest

from tests.unit.support.tasks import NINE, QUEUE, RESERVATION, TASK, WORKER, abandoned, answered, event, learn
from twilio_bridge.support.tasks.task_history import History, build_history

SECOND = "WR" + "0" * 31 + "2"


def past(*events: object) -> History:
    return build_history(learn(list(events)))


def test_an_answered_task() -> None:
    """Forty seconds in the queue, five of ringing, two minutes of talk, twenty seconds to wrap up."""
    found = past(*answered())
    offer = found.reservations[0]
    assert (40, 5, 120, 140) == (found.wait_s, offer.ring_s, offer.talk_s, offer.handle_s)
    assert (RESERVATION, WORKER, "jo", "Support") == (offer.sid, offer.worker_sid, offer.worker, offer.queue)
    assert [(QUEUE, "Support", "accepted", 40)] == [(x.queue_sid, x.queue, x.outcome, x.wait_s) for x in found.legs]
    assert "task.completed" == found.end.kind if found.end else None


def test_the_order_of_arrival_is_nothing() -> None:
    """Any order of the same events tells the same history."""
    events = answered()
    expected = past(*events)
    for order in list(permutations(events))[::1_000]:
        assert expected == past(*order)


def test_seconds_are_whole_before_they_are_subtracted() -> None:
    """As Flex Insights does: from 1.9 to 3.1 are two seconds, from 1.1 to 2.9 is one."""
    assert 2 == past(event("task-queue.entered", 1.9), event("reservation.accepted", 3.1)).wait_s
    assert 1 == past(event("task-queue.entered", 1.1), event("reservation.accepted", 2.9)).wait_s


@pytest.mark.parametrize(
    ("told", "wait_s"),
    [
        ({"task_age_in_queue": 30, "task_age": 90, "task_queue_entered_date": "2026-03-02T09:00:01Z"}, 30),
        ({"task_age_in_queue": "0", "task_age": 90}, 0),
        ({"task_age": 90, "task_queue_entered_date": "2026-03-02T09:00:01Z"}, 40),
        ({"task_age": 90}, 90),
        ({}, None),
    ],
)
def test_a_wait_is_known_from_elsewhere(told: dict[str, Any], wait_s: int | None) -> None:
    """Where the entry was not told: the age in the queue, the entry's date, the task's age; else unknown, not 0."""
    assert wait_s == past(event("reservation.accepted", 41, **told)).wait_s


def test_the_first_entry_counts() -> None:
    """Who moved between queues waited in all of them; each stay has its own time."""
    found = past(
        event("task-queue.entered", 1, queue="First"),
        event("task-queue.moved", 11, queue="First"),
        event("task-queue.entered", 11, queue="Second"),
        event("reservation.accepted", 31),
    )
    assert 30 == found.wait_s
    assert [("First", "moved", 10), ("Second", "accepted", 20)] == [(x.queue, x.outcome, x.wait_s) for x in found.legs]


def test_a_transfer_begins_a_stay() -> None:
    """Where no entry into its queue is told, the transfer itself does; where one is, only that."""
    first = [event("task-queue.entered", 1), event("reservation.accepted", 11), event("task.transfer-initiated", 60)]
    second = event("reservation.accepted", 75, reservation_sid=SECOND)
    assert [10, 15] == [leg.wait_s for leg in past(*first, second).legs]
    entered = event("task-queue.entered", 61, queue="Second")
    assert [("Support", 10), ("Second", 14)] == [(leg.queue, leg.wait_s) for leg in past(*first, entered, second).legs]


@pytest.mark.parametrize(
    ("end", "outcome", "wait_s"), [("task.completed", "returned", 30), ("task.canceled", "ended", 32)]
)
def test_a_transfer_that_fails_returns(end: str, outcome: str, wait_s: int) -> None:
    """The first worker goes on; only where the customer hung up, it is an end."""
    found = past(
        event("task-queue.entered", 1),
        event("reservation.accepted", 11),
        event("task.transfer-initiated", 60),
        event("task.transfer-failed", 90),
        event(end, 92),
    )
    assert [("accepted", 10), (outcome, wait_s)] == [(leg.outcome, leg.wait_s) for leg in found.legs]
    assert 10 == found.wait_s


def warm_transfer(*completed: str) -> list[dict[str, Any]]:
    """Return a task with two workers, of whose reservations these are completed."""
    steps = [
        event("task-queue.entered", 1),
        event("reservation.accepted", 10),
        event("task.transfer-initiated", 60),
        event("reservation.accepted", 70, reservation_sid=SECOND),
        event("task.transfer-completed", 75),
    ]
    return [*steps, *(event("reservation.completed", 80, reservation_sid=sid) for sid in completed)]


POSTED = {"type": "twilio-bridge.task-complete", "id": "x", "time": "2026-03-02T09:01:21Z", "data": {"TaskSid": TASK}}


@pytest.mark.parametrize(
    ("events", "is_end"),
    [
        ([], True),
        (warm_transfer(), False),
        (warm_transfer(RESERVATION), False),
        (warm_transfer(RESERVATION, SECOND), True),
        (warm_transfer()[:3], False),
        (answered()[:4], True),
        ([*answered()[:4], event("task-queue.entered", 200, number=1)], False),
    ],
)
def test_a_worker_s_part_is_not_the_task(events: list[dict[str, Any]], is_end: bool) -> None:
    """The plugin posts what one worker completed: in a warm transfer the task goes on with another."""
    assert is_end is (past(*events, POSTED).end is not None)


def test_a_late_deletion_is_no_contact() -> None:
    """It ends a stay, but not later than the last that the customer saw."""
    found = past(*answered()[:6], event("task.system-deleted", 90_000))
    assert ("task.system-deleted", 161_000) == (found.end.kind if found.end else "", found.last_at - NINE)
    assert ["accepted"] == [leg.outcome for leg in found.legs]
    waiting = past(event("task-queue.entered", 1), event("task.deleted", 90_000))
    assert [("ended", 1_000)] == [(leg.outcome, waiting.last_at - NINE) for leg in waiting.legs]


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("reservation.rejected", "rejected"),
        ("reservation.timeout", "missed"),
        ("reservation.canceled", "missed"),
        ("reservation.rescinded", "rescinded"),
    ],
)
def test_offers_end_without_a_worker(kind: str, outcome: str) -> None:
    """Each way has its word, and rang until then; nobody talked."""
    offer = past(event("reservation.created", 10), event(kind, 40)).reservations[0]
    assert (outcome, 30, None, None) == (offer.outcome, offer.ring_s, offer.talk_s, offer.handle_s)


def test_an_accepted_offer_is_accepted() -> None:
    """Whatever else was told of it."""
    offer = past(event("reservation.timeout", 40), event("reservation.accepted", 39)).reservations[0]
    assert "accepted" == offer.outcome


def test_without_wrapping_up_talk_ends_with_completion() -> None:
    """And an offer that is still open has no end."""
    offer = past(event("reservation.accepted", 10), event("reservation.completed", 70)).reservations[0]
    assert (60, 60) == (offer.talk_s, offer.handle_s)
    assert ("open", None) == (past(event("reservation.created")).reservations[0].outcome, offer.ring_s)


def test_two_workers_talk_in_turn() -> None:
    """A transferred task has two reservations; talk adds up, as far as it is known."""
    second = [
        event(f"reservation.{kind}", at, reservation_sid=SECOND) for kind, at in (("accepted", 300), ("completed", 400))
    ]
    assert 220 == past(*answered(), *second).talk_s
    assert 120 == past(*answered(), second[0]).talk_s
    assert None is past(event("task.created")).talk_s


def test_an_abandoned_stay_ends_with_the_task() -> None:
    """Thirty seconds in the queue, and nobody accepted."""
    found = past(*abandoned(30))
    assert [("ended", 30)] == [(leg.outcome, leg.wait_s) for leg in found.legs]
    assert (None, []) == (found.wait_s, found.accepted)


def test_a_stay_without_an_entry() -> None:
    """Where nobody told of it, its end does, with what it knows."""
    found = past(event("task.canceled", 100, task_age_in_queue=30))
    assert [("Support", "ended", 30)] == [(leg.queue, leg.outcome, leg.wait_s) for leg in found.legs]


def test_taskrouter_s_end_goes_before_the_plugin_s() -> None:
    """And an end before the clean-up that follows it."""
    posted = {"type": "twilio-bridge.task-complete", "id": "x", "data": {"TaskSid": learn(answered()).sid}}
    assert "task.completed" == past(posted, *answered()).end.kind  # type: ignore[union-attr]
    assert "plugin.completed" == past(posted, event("task.created")).end.kind  # type: ignore[union-attr]
    assert "task.canceled" == past(event("task.deleted", 1), event("task.canceled", 2)).end.kind  # type: ignore[union-attr]


def test_the_creation_is_known_from_elsewhere() -> None:
    """From what any later event tells of it, else it is the first thing known."""
    told = event("task.completed", 90, task_date_created="2026-03-02T09:00:10Z")
    assert 10_000 == past(told).created_at - past(event("task.created")).created_at
    assert 90_000 == past(event("task.completed", 90)).created_at - past(event("task.created")).created_at


def test_a_transfer_and_its_entry_in_one_moment() -> None:
    """TaskRouter stamps both with one millisecond, and neither order shows which came first: it is one stay."""
    steps = [event("task-queue.entered", 1), event("reservation.accepted", 11)]
    steps += [event("task.transfer-initiated", 60), event("task-queue.entered", 60, queue="Billing", number=1)]
    found = past(*steps, event("reservation.accepted", 75, queue="Billing", reservation_sid=SECOND))
    assert [("Support", 10), ("Billing", 15)] == [(leg.queue, leg.wait_s) for leg in found.legs]
