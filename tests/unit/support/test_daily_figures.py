"""The figures: what single tasks add to a day, and the sums."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.unit.support.tasks import AMARA, NINE, SETTINGS, TASK, abandoned, answered, event, learn, settings
from twilio_bridge.config import flex, schema
from twilio_bridge.support import calendar
from twilio_bridge.support.calendar import read_day
from twilio_bridge.support.daily_figures import build_rows, compare_rows, sum_customers, sum_queues, sum_workers
from twilio_bridge.support.persons.person import FigureRow
from twilio_bridge.support.tasks.task_outcome import assess_task

WITH_WORKERS = settings(sync={"agent_activity": True})
DAY = "2026-03-02"


def of(events: list[dict[str, Any]], settled: schema.Config = SETTINGS, sid: str = TASK) -> list[FigureRow]:
    return build_rows(assess_task(learn(events, settled, sid), settled), settled)


def stays(events: list[dict[str, Any]]) -> list[FigureRow]:
    return [row for row in of(events) if row.key.startswith("queue#")]


def many(**stays: int) -> list[FigureRow]:
    """Return rows of one queue: so many with each outcome, waiting 10, 20, 30 ... seconds."""
    return [
        FigureRow(
            day=DAY,
            key=f"queue#Q#{outcome}#{number}",
            version=1,
            values={"queue": "Support", "channel": "voice", "outcome": outcome, "wait_s": (number + 1) * 10},
        )
        for outcome, count in stays.items()
        for number in range(count)
    ]


def test_an_answered_task_adds_a_stay() -> None:
    """With the queue, the channel and the wait."""
    events = answered()
    row = stays(events)[0]
    assert (DAY, f"queue#{TASK}#{events[1]['id']}") == (row.day, row.key)
    assert {"queue": "Support", "channel": "voice", "outcome": "accepted", "hour": 9, "wait_s": 40} == row.values


def test_workers_are_kept_out_unless_wanted() -> None:
    """`agent_activity` lets their reservations in."""
    assert 2 == len(of(answered()))
    row = of(answered(), WITH_WORKERS)[2]
    times = {"ring_s": 5, "talk_s": 120, "handle_s": 140, "hour": 9}
    assert {"worker": "jo", "outcome": "accepted", **times} == row.values


@pytest.mark.parametrize("told", [{"isSurveyTask": True}, {"conversations": {"virtual": "Yes"}}])
def test_what_is_no_request_adds_no_stay(told: dict[str, Any]) -> None:
    """Neither surveys nor virtual tasks are in a queue's figures."""
    assert [] == of(answered(told), WITH_WORKERS)


def test_an_answer_is_the_queue_s() -> None:
    """Of the queue that the survey names, on the day it was given."""
    told = {**AMARA, "conversations": {"kind": "Survey", "conversation_measure_1": 4, "queue": "Support"}}
    found = of([event("task.canceled", 9, told, queue="Survey")])
    assert [({"queue": "Support", "channel": "voice", "score": 4, "hour": 9}, f"csat#{TASK}")] == [
        (x.values, x.key) for x in found
    ]
    assert [] == of([event("task.canceled", 9, told)], settings(sync={"csat": False}))


def test_other_channels_are_not_counted() -> None:
    """Those that are not listed are not this job's."""
    assert [] == of(answered(), settings(channels=["sms"]))


def test_a_queue_s_day() -> None:
    """Sums and means; a short abandon is counted, and is no part of the rate."""
    found = sum_queues([*many(accepted=3, abandoned=1, short=2, expired=1, waiting=1), score(4), score(5)])
    assert {
        (DAY, "Support"): {
            "entered": 8,
            "accepted": 3,
            "abandoned": 1,
            "short_abandons": 2,
            "expired": 1,
            "follow_ups": 0,
            "moved": 0,
            "waiting": 1,
            "outbound": 0,
            "abandon_rate": 0.25,
            "service_level": 0.5,
            "avg_wait_s": 20.0,
            "max_wait_s": 30,
            "avg_abandon_s": 10.0,
            "csat": 4.5,
            "csat_answers": 2,
        }
    } == found


def score(value: float) -> FigureRow:
    values = {"queue": "Support", "channel": "voice", "score": value}
    return FigureRow(day=DAY, key=f"csat#{value}", version=1, values=values)


def test_what_nothing_is_known_of_is_unknown() -> None:
    """No mean of nothing, and no rate."""
    figures = sum_queues(many(waiting=1))[DAY, "Support"]
    assert (None, None, None, None) == tuple(figures[x] for x in ("abandon_rate", "avg_wait_s", "max_wait_s", "csat"))


def test_a_worker_s_day() -> None:
    """Offers, times, and seconds in each activity."""
    found = of(answered(), WITH_WORKERS) + of(
        [event("reservation.created"), event("reservation.timeout", 9)], WITH_WORKERS
    )
    time = [
        FigureRow(day=DAY, key=f"activity#{n}", version=1, values={"worker": "jo", "activity": name, "seconds": 60})
        for n, name in enumerate(("Break", "Available", "Break"))
    ]
    assert {
        (DAY, "jo"): {
            "accepted": 1,
            "rejected": 0,
            "missed": 1,
            "avg_handle_s": 140.0,
            "handle_s": 140,
            "talk_s": 120,
            "activities": {"Available": 60, "Break": 120},
        }
    } == sum_workers(found + time)


def test_each_report_takes_its_own_rows() -> None:
    """A row that holds no more is in none."""
    gone = FigureRow(day=DAY, key="queue#Q#gone", version=2)
    assert ({}, {}) == (sum_queues([gone]), sum_workers([gone]))
    assert {} == sum_workers(many(accepted=1))


def test_only_changed_rows_are_written() -> None:
    """One that is no longer derived is emptied, so that an older version does not come back."""
    before, after = of(abandoned(30)), of([*abandoned(30), event("task-queue.entered", 0.5)])
    found = list(compare_rows(before, after, 4))
    moved = {"queue": "Support", "channel": "voice", "outcome": "moved", "hour": 9, "wait_s": 1}
    assert [31, moved] == [row.values if row.key.startswith("queue#") else row.values["wait_s"] for row in found]
    gone = [(row.key, row.values, row.version) for row in compare_rows(before, [], 9)]
    assert [(each.key, {}, 9) for each in before] == gone
    assert [] == list(compare_rows(after, after, 9))


@pytest.mark.parametrize(
    ("at_s", "day"), [(0, "1970-01-01"), (NINE // 1000, DAY), (NINE // 1000 - 9 * 3600 - 1, "2026-03-01")]
)
def test_days_are_utc_days(at_s: int, day: str) -> None:
    """They begin at midnight UTC."""
    assert day == read_day(at_s * 1000, "UTC")


def test_a_transfer_that_fails_is_no_abandon() -> None:
    """The customer returned to the first worker, and was answered once."""
    found = of([*answered()[:4], event("task.transfer-initiated", 60), event("task.transfer-failed", 90)])
    assert ["answered", "accepted", "returned"] == [row.values["outcome"] for row in found]


TWO_QUEUES = [
    event("task.created"),
    event("task-queue.entered", 0, queue="First"),
    event("task-queue.moved", 600, queue="First"),
    event("task-queue.entered", 600, queue="Second", number=1),
    event("reservation.accepted", 630, queue="Second"),
    event("reservation.completed", 700, queue="Second"),
    event("task.completed", 700, queue="Second"),
]


def test_a_customer_waits_once_over_all_queues() -> None:
    """Ten minutes and thirty seconds are 630 s to the customer; each queue has its own part."""
    found = of(TWO_QUEUES)
    (customers,) = sum_customers(found).values()
    assert (1, 1, 630.0, 630, 0.0) == tuple(
        customers[name] for name in ("interactions", "answered", "avg_wait_s", "max_wait_s", "service_level")
    )
    queues = sum_queues(found)
    assert [(1, 0, 1, None), (1, 1, 0, 30.0)] == [
        tuple(queues[DAY, name][each] for each in ("entered", "accepted", "moved", "avg_wait_s"))
        for name in ("First", "Second")
    ]


def test_outbound_is_in_no_rate() -> None:
    """Neither a wait nor an abandon of anybody's; it is counted, and no more."""
    told = {"direction": "outbound", "from": "+14155550100", "to": "+447900000012"}
    gone = [replace(row, key=f"{row.key}2") for row in of(abandoned(told=told))]
    found = [*of(answered(told)), *gone]
    for sums in (sum_customers(found), sum_queues(found)):
        ((_, figures),) = sums.items()
        assert (2, None, None) == tuple(figures[name] for name in ("outbound", "abandon_rate", "avg_wait_s"))
    assert 0 == sum_customers(found)[DAY, "voice"]["interactions"]


def test_rates_are_of_those_who_were_served_or_gave_up() -> None:
    """Five entered, two abandoned, one accepted: 66.7 %, for one moved on and one hung up at once."""
    found = sum_queues(many(accepted=1, abandoned=2, short=1, moved=1))[DAY, "Support"]
    assert (5, 2, 0.6667, 0.3333) == tuple(
        found[name] for name in ("entered", "abandoned", "abandon_rate", "service_level")
    )


def test_the_service_level_has_a_limit() -> None:
    """The share that was answered within it, of all who were answered or gave up."""
    found = sum_queues(many(accepted=4, abandoned=1), flex.Figures(service_level_s=20))
    assert 0.4 == found[DAY, "Support"]["service_level"]


@pytest.mark.parametrize(
    ("zone", "day", "hour"), [("UTC", DAY, 9), ("Pacific/Auckland", DAY, 22), ("Pacific/Honolulu", "2026-03-01", 23)]
)
def test_days_are_those_of_the_zone(zone: str, day: str, hour: int) -> None:
    """And so are the hours."""
    settled = schema.Config.model_validate({"figures": {"timezone": zone}})
    assert {(day, hour)} == {(row.day, row.values["hour"]) for row in of(answered(), settled)}


@pytest.mark.parametrize(("day", "seconds"), [("2026-03-29", 23 * 3600), ("2026-10-25", 25 * 3600)])
def test_days_of_other_lengths(day: str, seconds: int) -> None:
    """A worker's time is credited to days as their clocks have them."""
    noon_s = int(datetime.fromisoformat(f"{day}T12:00Z").timestamp())
    shares = dict(calendar.split_by_day(noon_s - 86_400, noon_s + 86_400, "Europe/Berlin"))
    assert (seconds, 2 * 86_400) == (shares[day], sum(shares.values()))
