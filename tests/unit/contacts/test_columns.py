"""Columns that are gone: an empty cell and a renamed column look the same, so a load names what it reads."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.contacts import FakeSource
from tests.unit.build import ANN, BASE_ID, JO, SAM, World, configured, contact, contacts, message, world
from tests.unit.conftest import Lines
from twilio_bridge.contacts.columns import (
    Columns,
    check_columns,
    list_named,
    make_fingerprint,
    make_settings_fingerprint,
    unpack_columns,
)
from twilio_bridge.contacts.loading import Loaded, Refused, Updated
from twilio_bridge.contacts.ports import CacheState
from twilio_bridge.contacts.refresh import read_webhook, refresh
from twilio_bridge.errors import ColumnsGoneError

NAMED = "contacts: {columns: {opt_out: Opted out, last_modified: changed}}"


def rename(office: World, column: str) -> None:
    """Let somebody rename a column: it is gone, and every cell of it is empty from then on."""
    office.source.absent = {column}
    empty: dict[str, Any] = {"opt_out": False} if column == "opt_out" else {"owner": ""} if column == "owner" else {}
    office.source.contacts = {key: replace(each, **empty) for key, each in office.source.contacts.items()}


@pytest.mark.parametrize("column", ["opt_out", "owner", "name", "sms", "notes"])
@pytest.mark.parametrize("how", ["whole", "nightly", "when due"])
def test_a_load_is_refused_where_a_column_is_gone(column: str, how: str, log: Lines) -> None:
    """The last copy goes on answering: who said STOP is not written to, and nobody else opens the contact."""
    office = world(contact("r1", name="Ann", opt_out=True, sms=ANN), contact("r2", name="Ben"))
    rename(office, column)
    office.clock.offset += 86_400
    options = {"whole": {"whole": True}, "nightly": {"nightly": True}, "when due": {}}[how]

    assert Refused((column,)) == refresh(office.refreshing, **options)
    assert ["Ann", "Ben"] == [each.name for each in office.directory.list_page(JO, 30).contacts]
    found = office.directory.get_contact("r1")
    assert (True, JO, ANN) == (found.opt_out, found.owner, found.sms)
    assert not office.directory.may_see(found, SAM)
    assert [("ERROR", column)] == [
        (line["level"], line["column"]) for line in log() if line["message"] == "load refused"
    ]


def test_a_refused_load_is_tried_again_after_five_minutes() -> None:
    """Every callback that meets the old copy asks for one; another configuration is tried at once."""
    office = world(contact("r1", opt_out=True))
    rename(office, "opt_out")
    office.clock.offset += 86_400
    assert isinstance(refresh(office.refreshing), Refused)
    office.source.calls = 0
    assert refresh(office.refreshing) is None
    assert 0 == office.source.calls
    assert isinstance(refresh(replace(office.refreshing, made_of="another")), Refused)
    office.clock.offset += 301
    assert isinstance(refresh(office.refreshing), Refused)


def test_a_load_goes_on_once_the_column_is_back() -> None:
    """Nothing has to be done but to name it as before."""
    office = world(contact("r1", opt_out=True))
    rename(office, "opt_out")
    assert isinstance(refresh(office.refreshing, whole=True), Refused)

    office.source.absent = set()
    assert Loaded(1, 0) == refresh(office.refreshing, whole=True)


@pytest.mark.parametrize("column", ["avatar", "linkedin", "id", "opt_out"])
def test_a_default_that_never_was_there_is_not_used(column: str, log: Lines) -> None:
    """Its field is empty, and that is said once."""
    office = world(contact("r1"), loaded=False)
    office.source.absent = {column}

    assert Loaded(1, 0) == refresh(office.refreshing, whole=True)
    assert Loaded(1, 0) == refresh(office.refreshing, whole=True)
    assert [[column]] == [line["columns"] for line in log() if line["level"] == "WARNING"]


def test_a_column_that_somebody_named_has_to_be_there() -> None:
    """Even before the first load: a misspelt name is no column without values."""
    office = world(contact("r1"), loaded=False, settings=NAMED)
    with pytest.raises(ColumnsGoneError, match="Opted out"):
        check_columns(office.settings.contacts, Columns(frozenset(), frozenset({"Opted out"})), ())
    assert {"Opted out", "changed"} == list_named(office.settings.contacts)


def test_the_first_load_of_a_misspelt_column_is_refused() -> None:
    """Nothing is taken in."""

    class Misspelt(FakeSource):
        def find_columns(self, further: Collection[str] = ()) -> Columns:
            return Columns(frozenset({"name"}), frozenset({"Opted out"}), frozenset(further))

    office = world(loaded=False, settings="contacts: {columns: {opt_out: Opted out}}")
    office.source = Misspelt([contact("r1")])

    assert Refused(("Opted out",)) == refresh(office.refreshing, whole=True)
    assert office.cache.read_state().is_empty


def test_a_column_that_only_a_template_names_refuses_nothing() -> None:
    """The template is named instead."""
    office = world(
        contact("r1"), templates=[message("Hi", "Dear {{nmae}}"), message("Ok", "{{company}}")], loaded=False
    )
    office.source.absent = {"nmae"}

    done = refresh(office.refreshing, whole=True)
    assert isinstance(done, Loaded)
    assert ("Hi: nmae",) == done.unfillable_templates


def test_an_update_is_refused_as_well() -> None:
    """What has changed is read with the same columns."""
    office = world(contact("r1", opt_out=True), settings="contacts: {columns: {last_modified: changed}}", loaded=False)
    office.source.changed_at = {"r1": "2026-01-01T00:00:00.000Z"}
    office.load()
    rename(office, "opt_out")
    office.clock.offset += 400

    assert Refused(("opt_out",)) == refresh(office.refreshing)
    assert office.directory.get_contact("r1").opt_out


def test_a_copy_of_the_former_version_counts_as_read_where_it_holds_values() -> None:
    """It did not note its columns; nobody who opted out may be written to, and no contact change hands."""
    office = world(contact("r1", opt_out=True), contact("r2", linkedin=""))
    office.cache._state = CacheState(office.clock.now(), office.clock.now(), "", 2)
    rename(office, "opt_out")
    assert Refused(("opt_out",)) == refresh(office.refreshing, whole=True)

    office.source.absent = {"linkedin"}
    assert Loaded(2, 0) == refresh(office.refreshing, whole=True)


def test_the_columns_are_looked_for_once_a_day() -> None:
    """And whenever a template names another one."""
    office = world(*contacts(3))
    office.source.calls = 0
    refresh(office.refreshing, whole=True)
    assert 2 == office.source.calls  # a page and the templates
    office.source.texts = [message("Hi", "{{company}}")]
    refresh(office.refreshing, whole=True)
    assert 5 == office.source.calls
    office.clock.offset += 86_400
    refresh(office.refreshing, whole=True)
    assert 8 == office.source.calls


@pytest.mark.parametrize(
    "settings",
    [
        "contacts: {table: Others}",
        "contacts: {columns: {opt_out: Opted out}}",
        "contacts: {region: GB}",
        "contacts: {view: Ours}",
        "templates: {table: Texts}",
    ],
)
def test_another_configuration_makes_another_copy(settings: str) -> None:
    """Its fingerprint is another one; what does not change the copy leaves it."""
    before, after = configured(""), configured(settings)
    assert make_fingerprint(BASE_ID, before) != make_fingerprint(BASE_ID, after)
    assert make_fingerprint(BASE_ID, before) != make_fingerprint("app00000000000002", before)
    assert make_fingerprint(BASE_ID, before).endswith(make_settings_fingerprint(before))
    assert make_settings_fingerprint(before) == make_settings_fingerprint(configured("contacts: {fresh_s: 60}"))
    mapped = "insights: {enabled: true, customers: {category: contact.Tier}}"
    assert make_settings_fingerprint(before) != make_settings_fingerprint(configured(mapped))
    without = configured(mapped.replace("contact.Tier", "contact.name"))
    assert make_settings_fingerprint(before) == make_settings_fingerprint(without)


def test_the_next_refresh_after_another_configuration_is_a_whole_load() -> None:
    """At once, whatever the copy's age; and callbacks ask for it."""
    office = world(contact("r1"), settings="contacts: {columns: {last_modified: changed}}")
    assert Updated(0) == refresh(office.refreshing)

    assert Loaded(1, 0) == refresh(replace(office.refreshing, made_of="another"))
    assert office.directory.keep_fresh()
    assert 0 == office.refresh.refreshes
    replace(office.directory, made_of="a third").keep_fresh()
    assert 1 == office.refresh.refreshes


def test_a_ping_brings_nothing_into_a_copy_of_another_base() -> None:
    """It is loaded anew first."""
    office = world(contact("r1"))
    assert Loaded(1, 0) == read_webhook(replace(office.refreshing, made_of="another"))


def test_columns_are_kept_as_text() -> None:
    """All of what was found comes back."""
    columns = Columns(frozenset({"name", "É"}), frozenset({"avatar"}), frozenset({"company"}), 1_760_000_000.5)
    assert columns == unpack_columns(columns.packed)


def test_a_restored_table_hides_no_load() -> None:
    """Lease numbers that begin anew go on above the copy's."""
    office = world(contact("r1", name="Ann"))
    for _ in range(5):
        office.load()
    office.leases._held.clear()
    office.source.contacts = {"r1": contact("r1", name="Anna")}

    office.load()
    assert "Anna" == office.directory.get_contact("r1").name
