"""A whole load in parts: what one invocation cannot read is read by the next, and nobody sees the difference."""

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.fakes.base import FakeRefresh
from tests.fakes.contacts import FakeSource
from tests.unit.build import ANN, JO, World, configured, contact, contacts, message
from twilio_bridge import deadline
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.loading import MAX_LOAD_S, OVERLAP_S, WRITE_S, Loaded, PartlyLoaded, Refused, Updated
from twilio_bridge.contacts.ports import SourcePage
from twilio_bridge.contacts.refresh import refresh
from twilio_bridge.errors import OutOfTimeError, RateLimitedError, RefusedError, UnavailableError

OUT_OF_TIME = OutOfTimeError("no answer within 778.7 s")
AIRTABLES = "%Y-%m-%dT%H:%M:%S.000Z"
TELLING = "contacts: {columns: {last_modified: modified}}"


class Short(FakeSource):
    """A source that gives so many pages to an invocation, then fails."""

    def __init__(self, *given: Contact, pages: int = 1, failure: Exception = OUT_OF_TIME) -> None:
        super().__init__(given)
        self.most = pages
        self.breaks_with = failure
        self.offsets: list[str] = []

    def iterate_pages(self, offset: str = "") -> Iterator[SourcePage]:
        self.offsets.append(offset)
        for number, page in enumerate(super().iterate_pages(offset)):
            if number == self.most:
                raise self.breaks_with
            yield page


def short(*given: Contact, pages: int = 1, failure: Exception = OUT_OF_TIME, settings: str = "") -> tuple[World, Short]:
    source = Short(*given, pages=pages, failure=failure)
    return World(source, configured(settings)), source


def load(office: World) -> list[Loaded | PartlyLoaded | Updated | Refused | None]:
    """Load in as many invocations as it takes."""
    done = [office.load()]
    while isinstance(done[-1], PartlyLoaded):
        done.append(refresh(office.refreshing))
    return done


def shown(office: World) -> list[Contact]:
    return office.cache.list_page(JO, "", 100_000)


@pytest.mark.parametrize("pages", [1, 2, 3, 9, 10])
def test_parts_are_one_load(pages: int) -> None:
    """The cache is the same however many pages an invocation has time for, and each page is read once."""
    at_once, _ = short(*contacts(950), pages=100)
    at_once.load()
    office, source = short(*contacts(950), pages=pages)
    done = load(office)

    assert Loaded(950, 0) == done[-1]
    assert [PartlyLoaded(number * pages * 100) for number in range(1, len(done))] == done[:-1]
    assert shown(at_once) == shown(office)
    assert len(source.offsets) == -(-10 // pages) == len(set(source.offsets))
    assert len(done) - 1 == office.refresh.continuations


def test_nothing_is_staged_where_time_suffices() -> None:
    """The ordinary load leaves no trace but the cache."""
    office, _ = short(*contacts(950), pages=100)

    assert [Loaded(950, 0)] == load(office)
    assert office.partial_loads.find_load(0) is None
    assert 0 == office.refresh.continuations


def test_nothing_is_shown_before_all_is_read() -> None:
    """A worker sees the old list, or none, until the last part."""
    office, source = short(*contacts(150))

    assert PartlyLoaded(100) == office.load()
    assert office.cache.read_state().is_empty
    assert [] == shown(office)
    source.most = 10
    assert Loaded(150, 0) == refresh(office.refreshing)


def test_it_is_as_old_as_its_beginning() -> None:
    """What the first part read is not younger because the last one came later."""
    office, source = short(*contacts(250), settings=TELLING)
    source.changed_at = {"rec00000000000001": "2999-01-01T00:00:00.000Z"}
    began_at = office.clock.now()
    office.load()
    office.clock.offset = 600
    load(office)
    state = office.cache.read_state()

    assert (began_at, began_at) == pytest.approx((state.loaded_at, state.full_at), abs=1)
    assert state.newest == time.strftime(AIRTABLES, time.gmtime(began_at - OVERLAP_S))


def test_writes_between_two_parts_survive() -> None:
    """What is created, changed or deleted meanwhile is as it was left, not as the first part read it."""
    office, source = short(*contacts(150))
    office.load()
    first = [each.id for each in office.partial_loads.find_load(0)[1]]  # type: ignore[index]  # it is there
    gone, out = (contact(contact_id) for contact_id in first[:2])
    office.clock.offset = 60
    created = office.directory.create_contact(contact("", name="New", sms=ANN))
    office.directory.delete_contact(gone.id)
    office.directory.set_opt_out(out, out=True)
    source.most = 10

    assert Loaded(150, 0) == refresh(office.refreshing)
    assert {created.id, *source.contacts} == {each.id for each in shown(office)}
    assert gone.id not in source.contacts
    assert office.directory.get_contact(out.id).opt_out


def test_deletions_are_noticed() -> None:
    """Who was in the cache and is in no part goes."""
    office, source = short(*contacts(250), pages=10)
    office.load()
    office.clock.offset = 60
    for contact_id in list(source.contacts)[::50]:
        source.delete_contact(contact_id)
    source.most = 1

    assert Loaded(245, 0) == load(office)[-1]
    assert set(source.contacts) == {each.id for each in shown(office)}


def test_whoever_comes_twice_is_shown_once() -> None:
    """A record that moved from a page that was read to one that is left counts as it was read last."""
    office, source = short(*contacts(150))
    office.load()
    twice = office.partial_loads.find_load(0)[1][0]  # type: ignore[index]  # it is there
    moved = replace(twice, name="Zoe", owner="mei@example.com")

    class Moving(Short):
        def iterate_pages(self, offset: str = "") -> Iterator[SourcePage]:
            for page in source.iterate_pages(offset):
                yield replace(page, contacts=(moved, *page.contacts))

    office.source = Moving()

    assert Loaded(150, 0) == refresh(office.refreshing)
    assert ["Zoe"] == [each.name for each in office.cache.list_page("mei@example.com", "", 10)]
    assert 149 == len(shown(office))


def test_a_forgotten_listing_begins_anew() -> None:
    """Where Airtable knows the offset no more, everything is read again, and nobody stands there twice."""
    office, source = short(*contacts(250), pages=2)
    office.load()
    source.forget_listings()
    source.contacts.pop("rec00000000000000")
    office.clock.offset = 60
    source.most = 10
    again_at = office.clock.now()

    assert Loaded(249, 0) == refresh(office.refreshing)
    assert "" == source.offsets[-1]
    assert set(source.contacts) == {each.id for each in shown(office)}
    assert again_at == pytest.approx(office.cache.read_state().full_at, abs=1)


def test_a_refused_offset_begins_anew() -> None:
    """So does one that Airtable will not have for another reason."""
    office, source = short(*contacts(250), pages=2)
    office.load()

    class Refusing(Short):
        def iterate_pages(self, offset: str = "") -> Iterator[SourcePage]:
            if offset:
                raise RefusedError("airtable", "status 422 INVALID_OFFSET_VALUE")
            yield from super().iterate_pages()

    office.source = Refusing(*source.contacts.values(), pages=10)

    assert Loaded(250, 0) == refresh(office.refreshing)


def test_an_old_stage_is_not_gone_on_with() -> None:
    """After an hour nobody knows any more what it is worth."""
    office, source = short(*contacts(150))
    office.load()
    office.clock.offset = MAX_LOAD_S + 1
    source.most = 10

    assert Loaded(150, 0) == refresh(office.refreshing)
    assert ["", ""] == source.offsets


def test_an_overtaken_stage_is_not_gone_on_with() -> None:
    """A load that began later and is in the cache is not undone by the rest of an older one."""
    office, _ = short(*contacts(150))
    office.load()
    staged = office.partial_loads.find_load(0)
    assert staged
    office.clock.offset = 60
    office.cache.replace_all([contact("r1")], office.clock.now(), 2)

    assert refresh(office.refreshing) is None
    assert ["r1"] == [each.id for each in shown(office)]


def test_a_finished_load_is_not_gone_on_with() -> None:
    """What stays of the stage until it expires is of no use to anybody."""
    office, source = short(*contacts(150))
    load(office)
    office.clock.offset = 1
    asked = len(source.offsets)

    assert refresh(office.refreshing) is None
    assert asked == len(source.offsets)


@pytest.mark.parametrize("changed", ["columns", "templates"])
def test_a_stage_made_for_other_columns_is_not_gone_on_with(changed: str) -> None:
    """Half of the contacts would lack what the other half has."""
    office, source = short(*contacts(150, cells={"City": "Leeds"}))
    office.load()
    if changed == "templates":
        source.texts = [message(text="{{city}}")]
    else:
        office.settings = configured(TELLING)
    source.most = 10
    refresh(office.refreshing)

    assert ["", ""] == source.offsets
    assert {("Leeds",) if changed == "templates" else ()} == {tuple(each.cells.values()) for each in shown(office)}


@pytest.mark.parametrize(
    "failure", [RateLimitedError("airtable", 30), UnavailableError("airtable", "x"), RefusedError("airtable", "x")]
)
def test_a_failure_loses_nothing_that_was_read(failure: Exception) -> None:
    """What came before it is staged; the part that gets nothing at all says why."""
    office, source = short(*contacts(350), pages=2, failure=failure)

    assert PartlyLoaded(200) == office.load()
    source.most = 0
    with pytest.raises(type(failure)):
        refresh(office.refreshing)
    assert 1 == office.refresh.continuations
    source.most = 10
    assert Loaded(350, 0) == refresh(office.refreshing)


def test_the_next_part_is_asked_for_when_the_lease_is_free() -> None:
    """It would find another refresh running and do nothing."""

    class AtOnce(FakeRefresh):
        def request_continuation(self) -> None:
            done.append(refresh(office.refreshing))

    done: list[Loaded | PartlyLoaded | Updated | Refused | None] = []
    office = World(Short(*contacts(150)), refresh=AtOnce())
    office.load()

    assert [Loaded(150, 0)] == done


def test_what_is_left_of_the_time_is_for_writing() -> None:
    """An invocation that has no more than that reads nothing."""
    office, source = short(*contacts(150))
    with pytest.raises(OutOfTimeError), deadline.limit(WRITE_S):
        office.load()

    assert [] == source.offsets
    assert office.leases.acquire("contacts", 1) is not None


def test_reading_ends_in_time_to_write() -> None:
    """A listing that hangs is left, and what it gave before is staged."""

    class Hanging(FakeSource):
        def iterate_pages(self, offset: str = "") -> Iterator[SourcePage]:
            for page in super().iterate_pages(offset):
                yield page
                time.sleep(5)

    office = World(Hanging(contacts(150)))
    with deadline.limit(WRITE_S + 0.1):
        assert PartlyLoaded(100) == office.load()
