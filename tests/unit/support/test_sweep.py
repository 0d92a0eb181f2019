"""The sweep queues again every person with an overdue event."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from tests.fakes.base import FakeOutbox
from twilio_bridge.errors import UnavailableError
from twilio_bridge.support.brevo_delivery import sweep
from twilio_bridge.support.ports import Dossiers


@dataclass
class Overdue:
    """The part of Dossiers that a sweep uses."""

    persons: Iterable[str]
    asked: list[int] = field(default_factory=list)

    def overdue(self, now: int) -> Iterator[str]:
        self.asked.append(now)
        yield from self.persons


def swept(dossiers: Overdue, outbox: FakeOutbox) -> int:
    return sweep(cast("Dossiers", dossiers), outbox, 7)


def test_whoever_waits_is_queued_again() -> None:
    """Each person once, however many of their events are due."""
    dossiers, outbox = Overdue(["a", "b", "a"]), FakeOutbox()
    assert 2 == swept(dossiers, outbox)
    assert ([7], ["a", "b"]) == (dossiers.asked, outbox.persons)


def test_nobody_waits() -> None:
    """Then nobody is queued."""
    outbox = FakeOutbox()
    assert (0, []) == (swept(Overdue([]), outbox), outbox.persons)


def test_a_queue_that_fails_is_an_error() -> None:
    """The next sweep finds them again: nothing was changed."""

    class Down(FakeOutbox):
        def enqueue_brevo_delivery(self, person_ids: Iterable[str]) -> None:
            raise UnavailableError("sqs", f"{len(list(person_ids))} messages")

    with pytest.raises(UnavailableError):
        swept(Overdue(["a"]), Down())
