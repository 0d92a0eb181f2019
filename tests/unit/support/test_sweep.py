"""The sweep queues each person with an overdue event once, and shows how long the oldest has been due."""

from collections.abc import Iterable
from typing import Any

import pytest

from tests.fakes.base import FakeOptOuts, FakeOutbox
from tests.fakes.support import FakeIdentities, FakePersons
from tests.unit.support.delivery import MINUTE, NOW, event
from tests.unit.support.job import Metrics
from twilio_bridge.errors import UnavailableError
from twilio_bridge.support.brevo.sweep import GRACE_MS, QUEUE_AGAIN_MS, SweepDeps, Swept, queue_overdue

DUE = NOW - GRACE_MS - 1


class World:
    """Persons with events that are due, and a queue."""

    def __init__(self, *persons: str, due_at: int = DUE, has_brevo: bool = True) -> None:
        self.people = FakeIdentities()
        self.persons = FakePersons(self.people)
        self.outbox: Any = FakeOutbox()
        self.opt_outs, self.metrics = FakeOptOuts(), Metrics()
        self.has_brevo = has_brevo
        for person_id in persons:
            self.persons.put_event(person_id, event(due_at=due_at))
            self.persons.put_event(person_id, event("WT1#resolved", due_at=due_at))

    def sweep(self, now: int = NOW) -> Swept:
        return queue_overdue(
            SweepDeps(
                persons=self.persons,
                opt_outs=self.opt_outs,
                outbox=self.outbox,
                metrics=self.metrics,
                has_brevo=self.has_brevo,
            ),
            now,
        )


def test_each_person_is_queued_once() -> None:
    """However many of their events are due, and however often the sweep runs meanwhile."""
    persons = [f"p{number}" for number in range(20)]
    world = World(*persons)
    assert Swept(persons=20, overdue=20, oldest_s=60) == world.sweep()
    for sweep in range(1, 12):
        assert Swept(overdue=20, oldest_s=60 + 300 * sweep) == world.sweep(NOW + 5 * sweep * MINUTE)
    assert persons == sorted(world.outbox.persons, key=lambda person_id: int(person_id[1:]))


def test_a_person_whose_message_was_lost_is_queued_again() -> None:
    """After some hours."""
    world = World("a")
    world.sweep()
    assert 0 == world.sweep(NOW + QUEUE_AGAIN_MS - 1).persons
    assert 1 == world.sweep(NOW + QUEUE_AGAIN_MS).persons


def test_a_person_whose_delivery_is_done_is_queued_at_once() -> None:
    """Nothing is known to be waiting for them in the queue."""
    world = World("a")
    world.sweep()
    world.persons.clear_queued("a")
    assert 1 == world.sweep(NOW + MINUTE).persons


def test_what_fell_due_a_moment_ago_is_on_its_way() -> None:
    """Its message was queued with it."""
    assert Swept() == World("a", due_at=DUE + 1).sweep()


@pytest.mark.parametrize("status", ["sent", "refused", "withdrawn", "parked"])
def test_what_does_not_wait_is_not_overdue(status: Any) -> None:
    """Nor is it in the figure."""
    world = World()
    world.persons.put_event("a", event(due_at=DUE, status=status))
    assert Swept() == world.sweep()
    assert [0] == world.metrics.overdue


def test_a_person_who_was_joined() -> None:
    """The one whom they turned out to be is queued."""
    world = World()
    ann, ben = (world.people.create_person([f"email#{name}@example.com"]) or "" for name in ("ann", "ben"))
    world.persons.put_event(ben, event(due_at=DUE))
    world.people.join_persons(ann, ben)
    world.sweep()
    assert [ann] == world.outbox.persons


def test_the_age_of_the_oldest_event_is_shown() -> None:
    """In seconds; one event that is an hour late shows, a thousand on time do not."""
    world = World("a", due_at=NOW - 60 * MINUTE)
    world.persons.put_event("b", event(due_at=DUE))
    world.sweep()
    assert [3600] == world.metrics.overdue
    healthy = World(*(f"p{number}" for number in range(1000)), due_at=NOW - 1)
    healthy.sweep()
    assert ([0], []) == (healthy.metrics.overdue, healthy.outbox.persons)


def test_without_brevo_persons_wait_as_they_are() -> None:
    """Once there is its secret they are queued."""
    world = World("a", has_brevo=False)
    assert (Swept(), []) == (world.sweep(), world.metrics.overdue)
    world.has_brevo = True
    assert 1 == world.sweep(NOW + MINUTE).persons


def test_postponed_opt_outs_are_queued_when_they_are_due() -> None:
    """For the system that they wait for, and once an hour at most."""
    world = World(has_brevo=False)
    world.opt_outs.postpone("+447700900001", "brevo", NOW / 1000 - 1)
    world.opt_outs.postpone("+447700900001", "airtable", NOW / 1000 - 1)
    world.opt_outs.postpone("+447700900002", "airtable", NOW / 1000 + 1)
    assert Swept(addresses=2) == world.sweep()
    assert Swept() == world.sweep()
    assert (["+447700900001"], ["+447700900001"]) == (world.outbox.for_brevo, world.outbox.addresses)


def test_a_queue_that_fails_is_an_error() -> None:
    """Nobody is taken for queued: the next sweep finds them."""

    class Down(FakeOutbox):
        def enqueue_brevo_delivery(self, person_ids: Iterable[str]) -> None:
            raise UnavailableError("sqs", f"{len(list(person_ids))} messages")

    world = World("a")
    world.outbox = Down()
    with pytest.raises(UnavailableError):
        world.sweep()
    world.outbox = FakeOutbox()
    assert 1 == world.sweep().persons
