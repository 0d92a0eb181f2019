"""Where a batch of the stream ends decides nothing: the same records, cut anywhere, end as they do one by one."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as profile
from hypothesis import strategies as st

from tests.sizes import size
from tests.unit.support.end_state import contacts, state, timeline
from tests.unit.support.job import SETTINGS, World
from tests.unit.support.month import BEGINS_S, COMPANY, DAY_S, DAYS, Maker, render
from tests.unit.support.tasks import event
from twilio_bridge.config import flex, schema

CUSTOMERS = range(3)
MAX_BATCH_COUNT = 12
# Of the made-up month; seed 50 has a call by the number alone after somebody corrected whose it is.
TASKS, SEED = size(100, 3_000), 50


@dataclass(frozen=True)
class Call:
    """A call of a customer from somebody's phone; `shown` is whose id it shows at first, None for nobody's."""

    customer: int
    phone: int
    shown: int | None
    is_named: bool


def attributes(phone: int, customer: int | None, **more: Any) -> dict[str, Any]:
    named = {} if customer is None else {"customers": {"external_id": f"crm-{customer}"}}
    return {"from": f"+44790000000{phone}", "direction": "inbound", **named, **more}


def sid(number: int) -> str:
    return f"WT{number:032}"


def introduce() -> Iterator[dict[str, Any]]:
    """Yield calls after which it is known which number and address are whose."""
    for customer in CUSTOMERS:
        told = attributes(customer, customer, email=f"c{customer}@example.org")
        yield event("task.created", 0, told, sid=sid(customer))
        yield event("task.completed", 1, told, sid=sid(customer))


def make_records(calls: Sequence[Call], order: Random) -> list[bytes]:
    """Return calls at once, their events in any order; each one's last event is after all corrections."""
    middle, ends = [], []
    for number, call in enumerate(calls, len(CUSTOMERS)):
        first = attributes(call.phone, call.shown)
        right = attributes(call.phone, call.customer if call.is_named else None)
        own = sid(number)
        middle += [event("task.created", 10, first, sid=own), event("task-queue.entered", 11, first, sid=own)]
        middle += [event("task.updated", 15, right, sid=own), event("reservation.accepted", 20, right, sid=own)]
        ends.append(event("task.completed", 90, right, sid=own))
    order.shuffle(middle)
    return [json.dumps(each).encode() for each in (*introduce(), *middle, *ends)]


def leave_out_early(calls: Sequence[Call]) -> list[Call]:
    """Leave out calls by a number alone that turns out to be several people's.

    Who has such a call is for the order to say (decisions/0014): who called before that was known is not taken away.
    """
    shared = {call.phone for call in calls if call.is_named and call.customer != call.phone}
    return [call for call in calls if call.is_named or call.phone not in shared]


def play(documents: Sequence[bytes], sizes: Iterator[int], settled: schema.Config = SETTINGS) -> Mapping[str, Any]:
    """Return all that is held in the end, and what Brevo holds."""
    world = World(settings=settled)
    world.feed(documents, sizes)
    world.now = max(world.now, (BEGINS_S + DAYS * DAY_S) * 1000)
    world.finish()
    held = state(world)
    figures = (held.rows, held.reports)
    return {"persons": held.persons, "figures": figures, "timeline": timeline(world), "contacts": contacts(world)}


def draw_sizes(chance: Random) -> Iterator[int]:
    while True:
        yield chance.randint(1, MAX_BATCH_COUNT)


@st.composite
def draw_calls(draw: st.DrawFn) -> Call:
    """Draw a call: known at once, known later, by the number alone, shown as another first, or from another's phone."""
    customer = draw(st.sampled_from(CUSTOMERS))
    other = draw(st.sampled_from(CUSTOMERS))
    kinds = {
        "known": Call(customer, customer, customer, is_named=True),
        "later": Call(customer, customer, None, is_named=True),
        "unnamed": Call(customer, customer, None, is_named=False),
        "corrected": Call(customer, customer, other, is_named=True),
        "shared": Call(customer, other, customer, is_named=True),
        "both": Call(customer, draw(st.sampled_from(CUSTOMERS)), other, is_named=True),
    }
    return kinds[draw(st.sampled_from(sorted(kinds)))]


@pytest.mark.prove
@profile(max_examples=size(25, 800))
@given(st.lists(draw_calls(), min_size=1, max_size=5), st.randoms(use_true_random=True))
def test_batches_end_anywhere(calls: list[Call], chance: Random) -> None:
    """Persons, whose each task is, figures and Brevo: the same as with a batch a record, and in a single one."""
    documents = make_records(leave_out_early(calls), chance)
    expected = play(documents, repeat(1))
    assert expected == play(documents, draw_sizes(chance))
    assert expected == play(documents, repeat(len(documents)))


@pytest.mark.prove
def test_a_month_s_batches_end_anywhere() -> None:
    """The same of a month with all its oddities."""
    documents = [json.dumps(each).encode() for each in render(Maker(SEED, TASKS).month)]
    settled = SETTINGS.model_copy(update={"identity": flex.Identity(own_numbers=(COMPANY,))})
    expected = play(documents, repeat(1), settled)
    assert expected == play(documents, repeat(97), settled)
    assert expected == play(documents, repeat(100), settled)
