"""Outcomes written back: each row's, in order, on from where the last sweep ended; a refusal ends it with its cause."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from tests.fakes.marketing_contacts import FakeMarketingContacts
from tests.unit.messages.world import ID, NOON, World, row, settings
from twilio_bridge.adapters.brevo.message_results import EVENT, BrevoResults
from twilio_bridge.errors import NoSecretError, RefusedError, UnavailableError
from twilio_bridge.messages.campaign import CampaignSettings, WriteBack
from twilio_bridge.messages.row import Row
from twilio_bridge.messages.sending.write_back import (
    MAX_TIME_MS,
    ResultBook,
    WriteBackDeps,
    describe_outcome,
    write_back_results,
)
from twilio_bridge.support.ports import MarketingContact


@dataclass
class Book:
    """The port ResultBook: the numbers of the rows that were written."""

    world: World
    rows_per_write: int = 10
    written: list[int] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    takes_ms: int = 0

    def write_results(self, settings: CampaignSettings, rows: Sequence[Row]) -> None:
        assert ID == settings.id
        self.world.now += self.takes_ms
        if self.failures:
            raise self.failures.pop(0)
        self.written += [each.number for each in rows]


def world(count: int, write_back: WriteBack = "airtable") -> World:
    rows = [row(number, state="ended", status="delivered") for number in range(1, count + 1)]
    return World(rows=rows, settings=settings(write_back=write_back))


def deps(one: World, book: ResultBook) -> WriteBackDeps:
    return WriteBackDeps(campaigns=one.campaigns, ledger=one.ledger, find_book=lambda _kind: book, now=lambda: one.now)


def test_every_row_is_written_once() -> None:
    """A few at a time, in order; then the campaign may end."""
    one = world(25)
    book = Book(one)
    done = write_back_results(one.campaign, deps(one, book))
    assert list(range(1, 26)) == book.written
    assert done == one.campaign
    assert done == write_back_results(one.campaign, deps(one, book))
    assert 25 == len(book.written)


def test_a_campaign_that_asks_for_none() -> None:
    """It ends as it is."""
    one = world(1, "")
    assert one.campaign == write_back_results(one.campaign, deps(one, Book(one)))


def test_a_sweep_that_has_no_time_left() -> None:
    """The next one goes on behind the last row written."""
    one = world(30)
    book = Book(one, takes_ms=MAX_TIME_MS)
    assert [None, None, None] == [write_back_results(one.campaign, deps(one, book)) for _ in range(3)]
    assert write_back_results(one.campaign, deps(one, book))
    assert list(range(1, 31)) == book.written


def test_a_failure_is_tried_by_the_next_sweep() -> None:
    """Nothing is left out."""
    one = world(20)
    book = Book(one, failures=[UnavailableError("airtable", "503")])
    with pytest.raises(UnavailableError):
        write_back_results(one.campaign, deps(one, book))
    assert write_back_results(one.campaign, deps(one, book))
    assert list(range(1, 21)) == book.written


@pytest.mark.parametrize("error", [RefusedError("airtable", "status 403"), NoSecretError("no secret for Brevo")])
def test_a_refusal_ends_it_with_its_cause(error: Exception) -> None:
    """The campaign does not wait for somebody to mend Airtable."""
    one = world(20)
    done = write_back_results(one.campaign, deps(one, Book(one, failures=[error])))
    assert done
    assert f"results could not be written back: {error}" == done.cause


def test_somebody_changed_the_campaign_meanwhile() -> None:
    """It is left to the next sweep."""
    one = world(20)
    before = one.campaign
    one.campaigns.save_campaign(before, before.change_state("cancelling", NOON))
    assert write_back_results(before, deps(one, Book(one))) is None


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "ended", "status": "undelivered"}, "undelivered"),
        ({"state": "error", "status": "Error"}, "Error"),
        ({"state": "skipped", "reason": "duplicate"}, "skipped: duplicate"),
        ({"state": "cancelled"}, "cancelled"),
    ],
)
def test_outcomes_in_words(changes: dict[str, str], expected: str) -> None:
    """As people read them."""
    assert expected == describe_outcome(row(1, **changes))


def test_events_for_brevo() -> None:
    """On the timeline of whoever is a contact there; nobody becomes one by it."""
    one = world(2, "brevo")
    one.ledger.rows[ID, 1] = row(1, state="ended", status="undelivered", error_code=30005, ended_at=NOON)
    crm = FakeMarketingContacts()
    known = crm.create_contact(MarketingContact(phone=row(1).address)).id
    assert write_back_results(one.campaign, deps(one, BrevoResults(crm)))
    [(contact_id, event)] = crm.timeline
    assert (known, EVENT, f"{ID}.1", NOON) == (contact_id, event.name, event.key, event.at)
    assert {"campaign": ID, "status": "undelivered", "channel": "sms", "error_code": 30005} == event.properties
    assert 1 == len(crm.contacts)
