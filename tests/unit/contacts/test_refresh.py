"""Loading the base: one load at a time, all or nothing, and nothing written meanwhile is lost."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.fakes.contacts import FakeSource
from tests.unit.build import ANN, JO, World, contact, contacts, message, world
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.loading import MAX_LISTINGS, OVERLAP_S, Loaded, PartlyLoaded, Refused, Updated, keep_columns
from twilio_bridge.contacts.ports import SourcePage
from twilio_bridge.contacts.refresh import LEASE, LEASE_S, full_load_interval_s, refresh
from twilio_bridge.errors import StaleOffsetError, UnavailableError


class Scripted(FakeSource):
    """A source whose listings break off as told, and during which something else may happen."""

    def __init__(self, *given: Contact, breaks: int = 0) -> None:
        super().__init__(given)
        self.breaks = breaks
        self.listings = 0

    def iterate_pages(self, offset: str = "") -> Iterator[SourcePage]:
        self.listings += 1
        for page in super().iterate_pages(offset):
            yield page
            if self.breaks:
                self.breaks -= 1
                raise StaleOffsetError("airtable", "x")
        self.meanwhile()

    def meanwhile(self) -> None:
        """Do nothing."""


def test_load() -> None:
    """A load takes in every contact and template, and says when it began."""
    office = world(*contacts(250), templates=[message()], loaded=False)
    began_at = office.clock.now()

    assert Loaded(250, 1) == office.load()
    assert len(office.cache.list_page(JO, "", 100_000)) == 250
    assert office.cache.read_state().loaded_at == pytest.approx(began_at, abs=1)


def test_again() -> None:
    """A second load shows what has changed since, in and out."""
    office = world(contact("r1"), contact("r2"))
    office.source.delete_contact("r1")
    office.source.contacts["r3"] = contact("r3")

    assert Loaded(2, 0) == office.load()
    assert ["r2", "r3"] == sorted(c.id for c in office.cache.list_page(JO, "", 100_000))


def test_one_at_a_time() -> None:
    """While a load runs no other begins."""

    class Twice(Scripted):
        def meanwhile(self) -> None:
            seen.append(office.load())

    seen: list[Loaded | PartlyLoaded | Updated | Refused | None] = []
    office = World(Twice(contact("r1")))

    assert Loaded(1, 0) == office.load()
    assert [None] == seen


def test_released() -> None:
    """The lease is given back after a load."""
    office = world(contact("r1"))

    assert office.leases.acquire(LEASE, 1) is not None


def test_released_after_a_failure() -> None:
    """A load that fails leaves the old contacts, and the lease to the next one."""
    office = world(contact("r1"))
    office.source.failure = UnavailableError("airtable", "x")
    office.source.contacts.clear()
    with pytest.raises(UnavailableError):
        office.load()

    assert ["r1"] == [c.id for c in office.cache.list_page(JO, "", 100_000)]
    office.source.failure = None
    assert Loaded(0, 0) == office.load()


def test_lease_of_a_crashed_load() -> None:
    """A load that never ended holds the next one up for a while only."""
    office = world(contact("r1"))
    office.leases.acquire(LEASE, LEASE_S)

    assert office.load() is None
    office.clock.offset = LEASE_S + 1
    assert Loaded(1, 0) == office.load()


@pytest.mark.parametrize("breaks", range(MAX_LISTINGS))
def test_stale_offset(breaks: int) -> None:
    """A listing that Airtable forgot begins again, and nobody is loaded twice."""
    office = World(Scripted(*contacts(150), breaks=breaks))

    assert Loaded(150, 0) == office.load()
    assert breaks + 1 == office.source.listings  # type: ignore[attr-defined]  # it is a Scripted


def test_stale_offset_for_good() -> None:
    """A listing that always breaks off is given up, and the old contacts stay."""
    office = World(Scripted(contact("r1"), breaks=MAX_LISTINGS))
    with pytest.raises(StaleOffsetError):
        office.load()

    assert office.cache.read_state().is_empty
    assert office.leases.acquire(LEASE, 1) is not None


def test_writes_survive() -> None:
    """What is created, changed or deleted while a load runs is as it was left, not as it was read."""

    class Busy(Scripted):
        def meanwhile(self) -> None:
            created.append(office.directory.create_contact(contact("", name="New", sms=ANN)))
            office.directory.delete_contact(office.directory.get_visible("r1", JO).id)
            office.directory.set_opt_out(contact("r2"), out=True)

    created: list[Contact] = []
    office = World(Busy(contact("r1"), contact("r2"), contact("r3")))
    office.load()

    assert {"r2", "r3", created[0].id} == {c.id for c in office.cache.list_page(JO, "", 100_000)}
    assert office.directory.get_contact("r2").opt_out


def test_writes_before_are_read() -> None:
    """What was written before a load began is as the source has it."""
    office = world(contact("r1", name="Old"))
    office.cache.put_contact(contact("r9"))
    office.clock.offset = 10
    office.load()

    assert ["r1"] == [c.id for c in office.cache.list_page(JO, "", 100_000)]


def test_columns() -> None:
    """Of the further columns only those are kept that a template names, whatever their case."""
    cells = {"City": "Leeds", "Secret": "x", "last order": "7"}
    office = world(contact("r1", cells=cells), templates=[message(text="{{city}} {{ Last Order }} {{name}}")])

    assert {"City": "Leeds", "last order": "7"} == office.directory.get_contact("r1").cells


MAPPED = "insights: {enabled: true, customers: {category: contact.tier, name: contact.name}}"


def test_columns_of_insights() -> None:
    """Columns that attributes of Flex Insights come from are kept, whatever their case, where they are written."""
    cells = {"Tier": "Gold", "Secret": "x"}
    office = world(contact("r1", cells=cells), settings=MAPPED)
    idle = world(contact("r1", cells=cells), settings=MAPPED.replace("true", "false"))

    assert {"Tier": "Gold"} == office.directory.get_contact("r1").cells
    assert {} == idle.directory.get_contact("r1").cells


def test_keep() -> None:
    """A contact without further columns stays what it is."""
    assert contact("r1") == keep_columns(contact("r1"), ["city"])
    assert contact("r1") == keep_columns(contact("r1", cells={"City": "Leeds"}), [])


TELLING = "contacts: {columns: {last_modified: modified}}"
LONG_AGO = "2026-01-01T00:00:00.000Z"


def telling(*given: Contact) -> World:
    """A loaded world whose base tells what changed."""
    office = world(*given, settings=TELLING, loaded=False)
    office.source.changed_at = dict.fromkeys(office.source.contacts, LONG_AGO)
    office.load()
    return office


def change(office: World, changed: Contact) -> None:
    """Let somebody edit a contact in the base just now."""
    office.source.contacts[changed.id] = changed
    office.source.changed_at[changed.id] = datetime.fromtimestamp(office.clock.now(), UTC).strftime(AIRTABLES)


AIRTABLES = "%Y-%m-%dT%H:%M:%S.000Z"


def test_only_changes() -> None:
    """A base that tells what changed is asked for that only, and what is the same is not counted."""
    office = telling(contact("r1", name="Ann"), contact("r2", name="Ben"))
    office.clock.offset = 60
    change(office, contact("r1", name="Anna"))
    change(office, contact("r2", name="Ben"))

    assert Updated(1) == refresh(office.refreshing)
    assert ["Anna", "Ben"] == [c.name for c in office.cache.list_page(JO, "", 10)]
    assert office.cache.read_state().loaded_at == pytest.approx(office.clock.now(), abs=1)


def test_a_change_in_the_same_second_is_not_missed() -> None:
    """What changed shortly before a refresh began is read once more by the next one."""
    office = telling(contact("r1", name="Ann"))
    office.clock.offset = 60
    change(office, contact("r1", name="Anna"))
    refresh(office.refreshing)
    office.source.contacts["r1"] = contact("r1", name="Annabel")

    assert Updated(1) == refresh(office.refreshing)


def test_nothing_is_read_again_once_it_is_old() -> None:
    """After a quiet while the source gives nothing for an answer."""
    office = telling(contact("r1", name="Ann"))
    office.clock.offset = 60
    change(office, contact("r1", name="Anna"))
    refresh(office.refreshing)
    office.clock.offset = 60 + 2 * OVERLAP_S
    refresh(office.refreshing)
    state = office.cache.read_state()

    assert [()] == list(office.source.list_changed(state.newest))


def test_everything_once_a_day() -> None:
    """Deletions are not told: a whole load comes each night, or when it is overdue."""
    office = telling(contact("r1"), contact("r2"))
    office.source.delete_contact("r2")
    office.clock.offset = 60
    refresh(office.refreshing)
    assert office.cache.get_contact("r2")
    office.clock.offset = 27 * 3_600

    assert Loaded(1, 0) == refresh(office.refreshing)
    assert office.cache.get_contact("r2") is None


def test_a_base_that_tells_nothing_is_loaded_seldom() -> None:
    """Without a last-modified column a load is due only after full_every_s."""
    office = world(contact("r1"))
    office.clock.offset = 899
    assert refresh(office.refreshing) is None
    office.clock.offset = 901

    assert Loaded(1, 0) == refresh(office.refreshing)


@pytest.mark.parametrize(
    ("monthly_calls", "count", "seconds"),
    [(None, 100_000, 900), (1_000, 250, 20_736), (100_000, 4_000, 2_177), (100_000, 250, 900)],
)
def test_loads_leave_half_of_the_plans_calls(monthly_calls: int | None, count: int, seconds: int) -> None:
    """The interval is stretched so that loads alone use half of the month's calls at most."""
    settings = schema.Config(airtable=schema.Airtable(monthly_calls=monthly_calls))

    assert seconds == int(full_load_interval_s(settings, count))


def test_an_update_undoes_nothing_newer() -> None:
    """What we wrote ourselves while changes were read stays."""

    class Slow(Scripted):
        def list_changed(self, moment: str) -> Iterator[tuple[Contact, ...]]:
            found = list(super().list_changed(moment))
            office.clock.offset += 1
            office.cache.put_contact(contact("r1", name="Ours"))
            yield from found

    office = telling(contact("r1", name="Ann"))
    office.source = Slow(*office.source.contacts.values())
    office.clock.offset = 60
    change(office, contact("r1", name="Theirs"))
    refresh(office.refreshing)

    assert ["Ours"] == [c.name for c in office.cache.list_page(JO, "", 10)]


@pytest.mark.parametrize(("monthly_calls", "expected"), [("null", Loaded(1, 0)), ("100", Updated(0))])
def test_the_nightly_load_keeps_to_the_plan(monthly_calls: str, expected: Loaded | Updated) -> None:
    """It comes each night, unless the plan's calls allow fewer loads."""
    settings = f"{TELLING}\nairtable: {{monthly_calls: {monthly_calls}}}"
    office = world(contact("r1"), settings=settings, loaded=False)
    office.source.changed_at = {"r1": LONG_AGO}
    office.load()
    office.clock.offset = 20 * 3_600

    assert expected == refresh(office.refreshing, nightly=True)
