"""Reading the base's webhook: its changes are in the cache, whatever comes twice, late, out of order or not at all."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.base import FakeLeases
from tests.fakes.contacts import FakeSource
from tests.unit.build import JO, SAM, World, contact, contacts, message, world
from tests.unit.conftest import Lines
from twilio_bridge.contacts import templates
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.loading import Loaded, Updated
from twilio_bridge.contacts.refresh import read_webhook, refresh
from twilio_bridge.contacts.webhook_changes import (
    FURTHER_REQUESTS,
    LEASE,
    LEASE_S,
    RECORDS_A_REQUEST,
    take_in_changes,
)
from twilio_bridge.contacts.webhook_registration import register_webhook
from twilio_bridge.errors import RefusedError, UnavailableError

BASE_URL = "https://bridge.example.com"
# In a base of a few contacts a load takes no more requests than these records.
AFFORDABLE = FURTHER_REQUESTS * RECORDS_A_REQUEST


def told(*given: Contact, **parts: Any) -> World:
    """Make a world whose base has a webhook, and a load that began after it was there."""
    office = world(*given, loaded=False, **parts)
    assert "registered" == register_webhook(office.refreshing, BASE_URL)
    office.clock.offset += 1
    office.load()
    office.clock.offset += 60
    office.feed.calls.clear()
    office.source.calls = 0
    return office


def edit(office: World, *changed: Contact) -> None:
    """Let somebody change or add contacts in the base."""
    office.source.contacts |= {each.id: each for each in changed}
    office.feed.tell(*(each.id for each in changed))


def destroy(office: World, *contact_ids: str) -> None:
    """Let somebody delete contacts in the base."""
    for contact_id in contact_ids:
        del office.source.contacts[contact_id]
    office.feed.tell(*contact_ids)


def names(office: World) -> list[str]:
    return [each.name for each in office.cache.list_page(JO, "", 100_000)]


def test_edits_inserts_and_deletions() -> None:
    """All three are in the cache after one list of payloads and one of records."""
    office = told(contact("r1", name="Ann"), contact("r2", name="Ben"))
    edit(office, contact("r1", name="Anna"), contact("r3", name="Cy"))
    destroy(office, "r2")

    assert 3 == take_in_changes(office.refreshing)
    assert ["Anna", "Cy"] == names(office)
    assert ["told"] == office.feed.calls
    assert 1 == office.source.calls


def test_nothing_new() -> None:
    """Where nothing was told no record is asked for, and the copy is as young as the question."""
    office = told(contact("r1"))

    assert 0 == take_in_changes(office.refreshing)
    assert 0 == office.source.calls
    assert office.cache.read_state().loaded_at == pytest.approx(office.clock.now(), abs=1)


def test_what_was_told_twice_changes_nothing() -> None:
    """The same payloads again leave the cache and the count as they are."""
    office = told(contact("r1", name="Ann"), contact("r2"))
    edit(office, contact("r1", name="Anna"))
    destroy(office, "r2")
    assert 2 == take_in_changes(office.refreshing)
    registration = office.registrations.get_registration()
    assert registration
    office.registrations.put_registration(replace(registration, cursor=1))

    assert 0 == take_in_changes(office.refreshing)
    assert ["Anna"] == names(office)


def test_our_own_writes_come_back_as_changes_that_are_none() -> None:
    """What we wrote ourselves is told, too, and is there already."""
    office = told(contact("r1"))
    created = office.directory.create_contact(contact("", name="New"))
    office.feed.tell(created.id)

    assert 0 == take_in_changes(office.refreshing)


def test_a_deletion_that_was_undone() -> None:
    """Whoever is in the base again is in the cache again, whatever order it is told in."""
    office = told(contact("r1", name="Ann"))
    destroy(office, "r1")
    take_in_changes(office.refreshing)
    edit(office, contact("r1", name="Ann"))
    office.feed.tell("r1")

    assert 1 == take_in_changes(office.refreshing)
    assert ["Ann"] == names(office)


def test_page_by_page() -> None:
    """More payloads than one page has are all read, and the cursor ends behind the last."""
    office = told(*contacts(3))
    for number in range(120):
        edit(office, contact(f"r{number}", name=f"Name {number}"))

    assert 120 == take_in_changes(office.refreshing)
    assert ["told"] * 3 == office.feed.calls
    registration = office.registrations.get_registration()
    assert registration
    assert 121 == registration.cursor


def test_records_come_in_requests_of_a_hundred() -> None:
    """A paste of many records is one payload and a few requests."""
    office = told()
    asked: list[int] = []

    class Counting(FakeSource):
        def get_contacts(self, contact_ids: Sequence[str]) -> list[Contact]:
            asked.append(len(contact_ids))
            return super().get_contacts(contact_ids)

    office.source = Counting()
    edit(office, *contacts(250))

    assert 250 == take_in_changes(office.refreshing)
    assert [RECORDS_A_REQUEST, RECORDS_A_REQUEST, 50] == asked


def test_the_cursor_stays_where_records_could_not_be_read() -> None:
    """What failed is told again."""
    office = told(contact("r1", name="Ann"))
    edit(office, contact("r1", name="Anna"))
    office.source.failure = UnavailableError("airtable", "x")
    with pytest.raises(UnavailableError):
        take_in_changes(office.refreshing)
    office.source.failure = None

    assert 1 == take_in_changes(office.refreshing)
    assert ["Anna"] == names(office)


def test_further_columns() -> None:
    """Of a changed record, too, only those columns are kept that a template names."""
    office = told(contact("r1"), templates=[message(text="{{City}}")])
    edit(office, contact("r1", cells={"City": "Leeds", "Secret": "x"}))
    take_in_changes(office.refreshing)

    assert {"City": "Leeds"} == office.directory.get_contact("r1").cells


def test_templates_are_read_again_when_they_change() -> None:
    """A change in their table is one request; a change of contacts is none."""
    office = told(contact("r1"), templates=[message(text="old")])
    office.source.texts = [message(text="new")]
    edit(office, contact("r1", name="Anna"))
    take_in_changes(office.refreshing)
    assert ["old"] == [text.text for text in cached(office)]
    office.feed.tell("recT", table="Templates")

    assert 0 == take_in_changes(office.refreshing)
    assert ["new"] == [text.text for text in cached(office)]


def cached(office: World) -> list[Any]:
    return templates.recall_templates(office.notes) or []


def test_templates_that_are_refused_hold_nothing_up(log: Lines) -> None:
    """Contacts are taken in all the same, and the log says why templates are not."""

    class Refusing(FakeSource):
        def list_templates(self) -> list[Any]:
            raise RefusedError("airtable", "status 403")

    office = told(contact("r1", name="Ann"))
    office.source = Refusing(office.source.contacts.values())
    office.feed.tell("recT", table="Templates")
    edit(office, contact("r1", name="Anna"))

    assert 1 == take_in_changes(office.refreshing)
    assert ["templates not read"] == [line["message"] for line in log() if line["level"] == "WARNING"]


def test_other_tables_do_not_matter() -> None:
    """What changes elsewhere in the base is passed over."""
    office = told(contact("r1"))
    office.feed.named["Orders"] = "tblOrders"
    office.feed.tell("recO", table="Orders")

    assert 0 == take_in_changes(office.refreshing)
    assert 0 == office.source.calls


def test_one_at_a_time() -> None:
    """Who finds another at it leaves it to that one."""
    office = told(contact("r1"))
    edit(office, contact("r1", name="Anna"))
    number = office.leases.acquire(LEASE, LEASE_S)
    assert number

    assert take_in_changes(office.refreshing) is None
    assert [] == office.feed.calls


def test_a_ping_during_a_drain_is_not_lost() -> None:
    """Who is at it looks again for whoever came meanwhile and left."""

    class Busy(FakeSource):
        def get_contacts(self, contact_ids: Sequence[str]) -> list[Contact]:
            found = super().get_contacts(contact_ids)
            if "r2" not in self.contacts:
                edit(office, contact("r2", name="Ben"))
                left.append(take_in_changes(office.refreshing))
            return found

    left: list[int | None] = []
    office = told(contact("r1", name="Ann"))
    office.source = Busy(office.source.contacts.values())
    edit(office, contact("r1", name="Anna"))

    assert 2 == take_in_changes(office.refreshing)
    assert [None] == left
    assert ["Anna", "Ben"] == names(office)


def test_a_webhook_that_is_forgotten_meanwhile() -> None:
    """Whoever held the lease before found it gone; then there is nothing to hear."""

    class Late(FakeLeases):
        def acquire(self, name: str, seconds: float, above: int = 0) -> int | None:
            office.registrations.remove_registration(f"ach{1:014}")
            return super().acquire(name, seconds, above)

    office = told(contact("r1"))
    office.leases = Late(office.clock)

    assert take_in_changes(office.refreshing) is None
    assert [] == office.feed.calls


class Loading(FakeSource):
    """A source during whose load something happens in the base."""

    def __init__(self, *given: Contact) -> None:
        super().__init__(given)
        self.meanwhile: Any = None

    def iterate_pages(self, offset: str = "") -> Any:
        yield from super().iterate_pages(offset)
        if self.meanwhile:
            self.meanwhile()


def test_what_is_told_during_a_load_survives_it() -> None:
    """The load has read the old state; what the webhook told since stands when it ends, a stranger's deletion, too."""

    def meanwhile() -> None:
        office.clock.offset += 5
        edit(office, contact("r1", name="Anna"), contact("r4", name="Dee"))
        destroy(office, "r2", "r3")
        assert take_in_changes(office.refreshing) == 3  # r3 was never in the cache, but in what the load had read

    office = told(contact("r1", name="Ann"), contact("r2", name="Ben"))
    source = Loading(*office.source.contacts.values(), contact("r3", name="Cy"))
    source.meanwhile = meanwhile
    office.source = source
    office.load()

    assert ["Anna", "Dee"] == names(office)


def test_without_a_webhook() -> None:
    """There is nothing to hear, and what is due is done."""
    office = world(contact("r1"))

    assert take_in_changes(office.refreshing) is None
    assert read_webhook(office.refreshing) is None
    assert take_in_changes(replace(office.refreshing, webhook=None)) is None
    office.clock.offset = 901
    assert Loaded(1, 0) == read_webhook(office.refreshing)


def test_a_ping_is_heard() -> None:
    """What a ping leads to is the drain, and says how much had changed."""
    office = told(contact("r1", name="Ann"))
    edit(office, contact("r1", name="Anna"))

    assert Updated(1) == read_webhook(office.refreshing)


def test_a_stale_copy_is_brought_up_to_date_by_one_request() -> None:
    """With a webhook that tells everything no load is due before the night, whatever pings were lost."""
    office = told(contact("r1", name="Ann"))
    edit(office, contact("r1", name="Anna"))
    office.clock.offset = 20 * 3_600

    assert Updated(1) == refresh(office.refreshing)
    assert 1 == len(office.feed.calls)
    assert ["Anna"] == names(office)


def test_a_small_plan_is_asked_less_often() -> None:
    """A thousand calls a month are not spent on looking whether there is something; a ping is heard all the same."""
    office = told(contact("r1", name="Ann"), settings="airtable: {monthly_calls: 1000}")
    office.clock.offset += 5_000
    assert refresh(office.refreshing) is None
    edit(office, contact("r1", name="Anna"))
    assert Updated(1) == read_webhook(office.refreshing)
    office.clock.offset += 5_200

    assert Updated(0) == refresh(office.refreshing)


def test_everything_each_night() -> None:
    """A whole load comes at night all the same, or after a day."""
    office = told(contact("r1"))
    office.clock.offset += 20 * 3_600

    assert Loaded(1, 0) == refresh(office.refreshing, nightly=True)
    office.clock.offset += 27 * 3_600
    assert Loaded(1, 0) == refresh(office.refreshing)


def test_a_load_from_before_the_webhook_is_not_vouched_for() -> None:
    """Changes are taken in, but the copy counts as young only after a load that the webhook was there for."""
    office = world(contact("r1", name="Ann"))
    office.clock.offset = 1
    register_webhook(office.refreshing, BASE_URL)
    office.clock.offset = 60
    edit(office, contact("r1", name="Anna"))

    assert read_webhook(office.refreshing) is None
    assert ["Anna"] == names(office)
    assert not office.cache.read_state().is_covered
    office.clock.offset = 901
    assert Loaded(1, 0) == refresh(office.refreshing)
    office.clock.offset = 2_000
    assert Updated(0) == refresh(office.refreshing)
    assert office.cache.read_state().is_covered


def test_a_copy_that_is_told_of_changes_is_fresh_for_fresh_s() -> None:
    """Misses are asked of the source, and a refresh is started, from then on; without a webhook later."""
    office = told(contact("r1"))
    office.clock.offset += 301
    office.directory.keep_fresh()
    assert 0 == office.refresh.refreshes
    refresh(office.refreshing)
    office.clock.offset += 299
    office.directory.keep_fresh()
    assert 0 == office.refresh.refreshes
    office.clock.offset += 2
    office.directory.keep_fresh()

    assert 1 == office.refresh.refreshes


@pytest.mark.parametrize("how", ["too many", "not told"])
def test_what_is_not_told_one_by_one_comes_with_a_load(how: str, log: Lines) -> None:
    """The cursor moves to the end, and a load is due as in a base without a webhook; then the webhook is good again."""
    office = told(contact("r1", name="Ann"))
    if how == "too many":
        edit(office, *(contact(f"r{number}", name="New") for number in range(AFFORDABLE + 1)))
    else:
        office.source.contacts["r1"] = contact("r1", name="New")
        office.feed.tell("r1", is_whole=False)
    count = len(office.source.contacts)
    office.clock.offset += 1

    assert read_webhook(office.refreshing) is None
    assert {"INFO"} == {line["level"] for line in log()}
    office.clock.offset += 900
    assert Loaded(count, 0) == read_webhook(office.refreshing)
    assert {"New"} == set(names(office))
    office.clock.offset += 1
    assert Updated(0) == read_webhook(office.refreshing)


def test_up_to_the_limit_records_are_read_one_by_one() -> None:
    """As long as asking for them takes no more requests than a load."""
    office = told()
    edit(office, *contacts(AFFORDABLE))

    assert AFFORDABLE == take_in_changes(office.refreshing)


def test_many_changes_are_asked_for_where_that_is_cheaper_than_a_load() -> None:
    """600 owners reassigned are asked for, and nobody waits for a load of 1,500 contacts."""
    office = told(*contacts(1_500))
    edit(office, *(contact(f"rec{n:014}", name=f"Name {n:05}", owner=SAM) for n in range(600)))

    assert Updated(600) == read_webhook(office.refreshing)
    assert (1, 600) == (office.source.calls, len(office.cache.list_page(SAM, "", 1_000)))


def test_many_deletions_are_taken_in_at_once() -> None:
    """Whoever is not there any more goes, whoever is there stays."""
    office = told(*contacts(1_500))
    destroy(office, *(f"rec{n:014}" for n in range(550)))

    assert Updated(550) == read_webhook(office.refreshing)
    assert 950 == len(names(office))


def test_a_webhook_whose_payloads_report_an_error_is_replaced(log: Lines) -> None:
    """It is removed, the copy is not relied on until a load, and the next look makes another one."""
    office = told(contact("r1", name="Ann"))
    office.feed.fail()

    assert read_webhook(office.refreshing) is None
    assert [] == office.feed.list_webhooks()
    assert not office.cache.read_state().is_covered or office.registrations.get_registration() is None
    assert "webhook replaced" in [line["message"] for line in log()]
    assert "registered" == register_webhook(office.refreshing, BASE_URL)
    assert [f"ach{2:014}"] == [each.id for each in office.feed.list_webhooks()]


def test_a_webhook_that_is_silent_while_records_change_is_replaced(log: Lines) -> None:
    """The second load finds a new contact that no payload has reported."""
    office = told(contact("r1", name="Ann"))
    office.clock.offset += 60
    assert isinstance(refresh(office.refreshing, whole=True), Loaded)
    assert len(office.feed.list_webhooks()) == 1
    office.source.contacts["r2"] = contact("r2", name="Ben")
    office.clock.offset += 60

    assert isinstance(refresh(office.refreshing, whole=True), Loaded)
    assert office.registrations.get_registration() is None
    assert [] == office.feed.list_webhooks()
    assert ["it is silent while records change"] == [line["reason"] for line in log() if "reason" in line]


@pytest.mark.parametrize("what", ["nothing changed", "it reported"])
def test_a_webhook_that_reports_is_kept(what: str) -> None:
    """Loads that find nothing new, or what was reported meanwhile, leave it."""
    office = told(contact("r1", name="Ann"))
    for number in range(3):
        office.clock.offset += 60
        if what == "it reported":
            edit(office, contact(f"r{number + 2}", name="New"))
        assert isinstance(refresh(office.refreshing, whole=True), Loaded)

    assert office.registrations.get_registration()


def test_another_table_in_the_configuration() -> None:
    """A table whose id is not known yet is loaded, not heard."""
    office = told(contact("r1"))
    registration = office.registrations.get_registration()
    assert registration
    office.registrations.put_registration(replace(registration, tables={}))

    assert take_in_changes(office.refreshing) is None


@pytest.mark.parametrize("when", ["at once", "when giving up"])
def test_a_webhook_that_vanished(when: str, log: Lines) -> None:
    """It is forgotten with a warning, and contacts are refreshed as without one."""
    office = told(contact("r1"))
    if when == "when giving up":
        office.feed.tell("r1", is_whole=False)
        office.feed.list_webhooks = list  # type: ignore[method-assign]  # it went between two requests
    else:
        office.feed.listed.clear()

    assert take_in_changes(office.refreshing) is None
    assert office.registrations.get_registration() is None
    assert ["the webhook is gone from Airtable"] == [line["message"] for line in log() if line["level"] == "WARNING"]
    office.clock.offset += 900
    assert Loaded(1, 0) == refresh(office.refreshing)


def test_a_webhook_that_has_expired_vouches_for_nothing() -> None:
    """After its week a load is due as without one."""
    office = told(contact("r1"))
    office.clock.offset += 7 * 86_400
    office.load()
    office.clock.offset += 901

    assert Loaded(1, 0) == refresh(office.refreshing)


def test_with_a_last_modified_column_another_way_is_left() -> None:
    """Where the webhook cannot be heard now, what changed is asked for by time."""
    office = told(contact("r1", name="Ann"), settings="contacts: {columns: {last_modified: modified}}")
    office.leases.acquire(LEASE, LEASE_S)

    assert Updated(0) == refresh(office.refreshing)
    assert [] == office.feed.calls
