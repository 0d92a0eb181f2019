"""Several tasks of one conversation: one interaction while it goes on, a new one when it begins anew."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.support.tasks import CONVERSATION, NINE
from twilio_bridge.support.daily_figures import sum_customers
from twilio_bridge.support.persons.interactions import arrange_events, merge_interactions
from twilio_bridge.support.persons.person import Dossier, FigureRow, Interaction, Person, TimelineEvent

SAME_S = 30
DAY = "2026-03-02"


def task(number: int, begin_s: int, end_s: int, **more: Any) -> Interaction:
    """Return a task of the conversation, from and until (0: it lasts)."""
    begin, end = (NINE + at * 1000 for at in (begin_s, end_s))
    given: dict[str, Any] = {"wait_s": 10, "talk_s": 5, "conversation_sid": CONVERSATION, "channel": "webchat"} | more
    return Interaction(
        sid=f"WT{number}",
        version=1,
        counts=True,
        created_at=begin,
        last_at=max(begin, end),
        ended_at=end if end_s else 0,
        **given,
    )


def conversation(*parkings: tuple[int, int], closed_s: int = 0) -> Interaction:
    times = tuple((NINE + begin * 1000, NINE + end * 1000 if end else 0) for begin, end in parkings)
    closed = NINE + closed_s * 1000 if closed_s else 0
    return Interaction(sid=CONVERSATION, version=1, conversation_sid=CONVERSATION, ended_at=closed, parkings=times)


@pytest.mark.parametrize(
    ("interactions", "count"),
    [
        ([task(1, 0, 100), task(2, 90, 200)], 1),
        ([task(1, 0, 100), task(2, 130, 200)], 1),
        ([task(1, 0, 100), task(2, 131, 200)], 2),
        ([task(1, 0, 100), task(2, 5_000, 6_000), conversation((95, 4_990))], 1),
        ([task(1, 0, 100), task(2, 5_000, 6_000), conversation((95, 0))], 1),
        ([task(1, 0, 100), task(2, 5_000, 6_000), conversation((10, 50))], 2),
        ([task(1, 0, 100), task(2, 5_000, 6_000), conversation((5_500, 0))], 2),
        ([task(1, 0, 0), task(2, 5_000, 6_000)], 1),
        ([task(1, 0, 0), task(2, 90_000, 96_000)], 2),
        ([task(1, 0, 100), task(2, 90, 200, conversation_sid="CH2")], 2),
        ([task(1, 0, 100, conversation_sid=""), task(2, 90, 200, conversation_sid="")], 2),
        ([task(1, 0, 100), replace(task(2, 90, 200), counts=False), task(3, 195, 300)], 2),
        ([task(1, 0, 500), task(2, 90, 200), task(3, 510, 600)], 1),
    ],
)
def test_what_is_one_interaction(interactions: list[Interaction], count: int) -> None:
    """Overlapping, soon after, or while parked; a later task in a conversation that is never closed is a new one."""
    merged = [each for each in merge_interactions(interactions, SAME_S) if each.counts]
    assert count == len(merged)
    rows = [*map(row, interactions)]
    assert count == sum(figures["interactions"] for figures in sum_customers([each for each in rows if each]).values())


def row(each: Interaction) -> FigureRow | None:
    """Return the figures' row of the same task, or of the conversation's parking."""
    if each.parkings:
        values: dict[str, Any] = {"conversation": each.sid, "parked_s": each.parkings[0][0] // 1000}
        values |= {"until_s": each.parkings[0][1] // 1000}
        return FigureRow(day=DAY, key=f"parking#{each.sid}", version=1, values=values)
    if not each.counts:
        return None
    values = {"began_s": each.created_at // 1000, "ended_s": each.ended_at // 1000, "last_s": each.last_at // 1000}
    values |= {"channel": "webchat", "outcome": "answered", "conversation": each.conversation_sid}
    return FigureRow(day=DAY, key=f"customer#{each.sid}", version=1, values=values)


def test_a_merged_interaction_has_the_whole() -> None:
    """The first wait, everybody's talk, the latest end and score."""
    first, second = task(1, 0, 100), task(2, 90, 200, wait_s=70, score=4.0, scored_at=NINE)
    (whole,) = merge_interactions([second, first], SAME_S)
    assert ("WT1", 10, 10, NINE + 200_000, 4.0) == (whole.sid, whole.wait_s, whole.talk_s, whole.ended_at, whole.score)


def event(number: int, name: str, at_s: int, status: Any = "pending") -> TimelineEvent:
    properties = {"wait_s": number, "talk_s": 5, "duration_s": 1}
    at = NINE + at_s * 1000
    return TimelineEvent(key=f"WT{number}#{name}", name=name, at=at, version=1, properties=properties, status=status)


EVENTS = (event(1, "requested", 0), event(1, "resolved", 100), event(2, "requested", 90), event(2, "resolved", 200))


def arranged(
    *interactions: Interaction, events: tuple[TimelineEvent, ...] = EVENTS
) -> tuple[list[str], dict[str, TimelineEvent]]:
    found = arrange_events(Dossier(Person(id="p"), interactions, events), SAME_S)
    return sorted(found.held), {each.key: each for each in found.events}


def test_one_request_and_one_resolution() -> None:
    """The first task's request and the last one's end, with the figures of the whole, once nothing can follow."""
    held, events = arranged(task(1, 0, 100), task(2, 90, 200))
    assert ["WT1#resolved", "WT2#requested"] == held
    last = events["WT2#resolved"]
    assert {"wait_s": 10, "talk_s": 10, "duration_s": 200} == last.properties
    assert NINE + (200 + SAME_S) * 1000 == last.due_at
    _, events = arranged(task(1, 0, 100), task(2, 90, 200), conversation(closed_s=201))
    assert 0 == events["WT2#resolved"].due_at


@pytest.mark.parametrize(
    ("interactions", "held"),
    [
        ([task(1, 0, 100), task(2, 90, 0)], ["WT1#resolved", "WT2#requested"]),
        ([task(1, 0, 100), conversation((95, 0))], ["WT1#resolved"]),
        ([task(1, 0, 100), conversation((95, 0), closed_s=400)], []),
        ([task(1, 0, 100), task(2, 500, 600)], []),
        ([task(1, 0, 100, conversation_sid=""), task(2, 90, 200, conversation_sid="")], []),
    ],
)
def test_what_is_not_over_is_not_resolved(interactions: list[Interaction], held: list[str]) -> None:
    """A task that goes on, or a conversation that is parked, until it is closed."""
    sids = {each.sid for each in interactions}
    events = tuple(each for each in EVENTS if each.key[:3] in sids and (len(held) != 2 or each.key != "WT2#resolved"))
    assert held == arranged(*interactions, events=events)[0]


def test_what_brevo_has_counts() -> None:
    """A request or resolution that was sent before the second task was known is the interaction's one."""
    sent = (EVENTS[0], event(1, "resolved", 100, "sent"), *EVENTS[2:])
    held, _ = arranged(task(1, 0, 100), task(2, 90, 200), events=sent)
    assert ["WT2#requested", "WT2#resolved"] == held


def test_who_was_answered_did_not_give_up() -> None:
    """A customer who leaves while waiting for the second worker was served by the first."""
    events = (*EVENTS[:3], event(2, "abandoned", 200))
    held, _ = arranged(task(1, 0, 100), task(2, 90, 200, wait_s=None, talk_s=None), events=events)
    assert ["WT2#abandoned", "WT2#requested"] == held
    both = (EVENTS[0], event(1, "abandoned", 100), EVENTS[2], event(2, "abandoned", 200))
    gone = {"wait_s": None, "talk_s": None}
    assert ["WT1#abandoned", "WT2#requested"] == arranged(
        task(1, 0, 100, **gone), task(2, 90, 200, **gone), events=both
    )[0]
