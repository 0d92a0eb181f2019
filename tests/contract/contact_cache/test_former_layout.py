"""Tables as the former version wrote them: nobody becomes unblocked, and nobody is lost while the first load runs.

`former_layout.json` holds what that version's own adapters wrote: a load of 40 contacts, then one that is new, one that
moved, one renamed, one deleted, an update, half a load, leases, templates, and requests to be left alone.
"""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.contract.tables import Time
from tests.fakes.base import FakeRefresh
from tests.fakes.contacts import FakeSource
from tests.fakes.dynamodb import Dictionary
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.adapters.contact_cache.partial_load import DynamoPartialLoads
from twilio_bridge.adapters.state.leases_notes import DynamoLeases, DynamoNotes
from twilio_bridge.adapters.state.opt_outs import DynamoOptOuts
from twilio_bridge.config import schema
from twilio_bridge.contacts import templates
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.contacts.loading import Loaded, RefreshDeps, Refused
from twilio_bridge.contacts.opt_outs import is_opted_out
from twilio_bridge.contacts.ports import SourcePage
from twilio_bridge.contacts.refresh import refresh

FORMER = json.loads((Path(__file__).parent / "former_layout.json").read_text())
PEOPLE: dict[str, dict[str, Any]] = FORMER["contacts"]
MADE_OF = "app00000000000001/abc"
SETTINGS = schema.Config()


def plain(value: Any) -> Any:
    """Return an item's values as DynamoDB's client gives them."""
    if isinstance(value, dict):
        return base64.b64decode(value["bytes"]) if set(value) == {"bytes"} else {k: plain(v) for k, v in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


@pytest.fixture
def former(clock: Time) -> Dictionary:
    """The tables, at the moment when they were written."""
    clock.stop()
    clock.pass_(FORMER["at"] - clock.now())
    tables = Dictionary()
    for item in map(plain, FORMER["items"]):
        tables.partitions[item["pk"]["S"]][item["sk"]["S"]] = item
    return tables


def open_cache(tables: Dictionary) -> DynamoContactCache:
    return DynamoContactCache(tables.table, for_everybody=False)


def open_directory(tables: Dictionary, made_of: str = "") -> tuple[Directory, FakeRefresh]:
    asked, table = FakeRefresh(), tables.table
    source = FakeSource()
    parts = open_cache(tables), DynamoNotes(table), DynamoLeases(table)
    return Directory(lambda: source, *parts, asked, SETTINGS.contacts, made_of=made_of), asked


def make_work(tables: Dictionary, source: FakeSource) -> RefreshDeps:
    table = tables.table
    notes, leases = DynamoNotes(table), DynamoLeases(table)
    parts = open_cache(tables), DynamoPartialLoads(table), notes, leases
    return RefreshDeps(source, *parts, FakeRefresh(), SETTINGS, made_of=MADE_OF)


def as_in_the_base() -> list[Contact]:
    """Return the contacts as a load finds them now."""
    return [Contact(id=key, **values) for key, values in PEOPLE.items()]


def see(tables: Dictionary) -> dict[str, dict[str, Any]]:
    """Return all contacts through the lists, the index of ids and that of numbers: each has to agree."""
    cache = open_cache(tables)
    listed = [
        each for owner in (*{each["owner"] for each in PEOPLE.values()},) for each in cache.list_page(owner, "", 99)
    ]
    assert len(listed) == len({each.id for each in listed})
    for each in listed:
        assert each == cache.get_contact(each.id)
        assert each.id in {found.id for found in cache.find_by_address(each.sms)}
    return {c.id: {"name": c.name, "owner": c.owner, "opt_out": c.opt_out, "sms": c.sms} for c in listed}


def test_everybody_is_there_as_before(former: Dictionary) -> None:
    """Under their owners, with their opt-outs; deleted ones are gone, templates are known."""
    assert PEOPLE == see(former)
    assert "rec00000000000006" not in PEOPLE
    assert ["Dear {{name}} of {{company}}"] == [
        each.text for each in templates.recall_templates(DynamoNotes(former.table)) or []
    ]


def test_who_was_blocked_is_blocked(former: Dictionary) -> None:
    """By the record, by a request that Airtable has, and by one that it has not yet."""
    directory, opt_outs = open_directory(former)[0], DynamoOptOuts(former.table)
    people = map(directory.get_contact, PEOPLE)
    blocked = {each.id for each in people if is_opted_out(each, each.sms, opt_outs, directory)}
    out = {key for key, values in PEOPLE.items() if values["opt_out"]}
    assert out | {"rec00000000000002"} == blocked
    assert "rec00000000000000" not in blocked


def test_the_first_refresh_is_a_whole_load(former: Dictionary) -> None:
    """At once, though the copy is fresh; half a load of the former version is not gone on with."""
    directory, asked = open_directory(former, MADE_OF.partition("/")[2])
    directory.keep_fresh()
    assert 1 == asked.refreshes
    assert Loaded(len(PEOPLE), 0) == refresh(make_work(former, FakeSource(as_in_the_base())))
    assert PEOPLE == see(former)
    assert MADE_OF == open_cache(former).read_state().origin.made_of
    directory.keep_fresh()
    assert 1 == asked.refreshes


def test_nobody_is_lost_while_the_first_load_runs(former: Dictionary) -> None:
    """Readers see the former copy until all of the new one is there, after every single write."""
    views: list[bool] = []

    class Watched(Dictionary):
        def put_item(self, **request: Any) -> Any:
            answer = super().put_item(**request)
            views.append(see(former) == PEOPLE)
            return answer

    class Slow(FakeSource):
        def iterate_pages(self, offset: str = "") -> Iterator[SourcePage]:
            views.append(see(former) == PEOPLE)
            yield from super().iterate_pages(offset)

    watched = Watched(former.partitions)
    assert isinstance(refresh(make_work(watched, Slow(as_in_the_base()))), Loaded)
    assert {True} == set(views)
    assert len(views) > 10


@pytest.mark.parametrize(
    ("column", "gone"), [("opt_out", True), ("owner", True), ("linkedin", False), ("avatar", False)]
)
def test_a_column_that_is_gone_by_then(former: Dictionary, column: str, gone: bool) -> None:
    """The former version did not note its columns: one in which the copy has values was read."""
    emptied: dict[str, Any] = {"opt_out": False} if column == "opt_out" else {"owner": ""} if column == "owner" else {}
    source = FakeSource([replace(each, **emptied) for each in as_in_the_base()])
    source.absent = {column}
    done = refresh(make_work(former, source))
    assert (Refused((column,)) if gone else Loaded(len(PEOPLE), 0)) == done
    assert PEOPLE == see(former)


def test_a_restored_lease_counter_hides_no_load(former: Dictionary) -> None:
    """SyncState of some time ago counts from below the copy's number."""
    former.partitions["lease#contacts"]["lease"] |= {"holders": {"N": "2"}}
    renamed = [replace(each, name="New") for each in as_in_the_base()]
    assert isinstance(refresh(make_work(former, FakeSource(renamed))), Loaded)
    assert {"New"} == {each["name"] for each in see(former).values()}
    assert int(former.partitions["lease#contacts"]["lease"]["holders"]["N"]) > FORMER["lease"]


def test_changes_before_the_first_load(former: Dictionary) -> None:
    """What is written into the former copy is found as in any."""
    cache = open_cache(former)
    ann = replace(as_in_the_base()[4], owner="mei@example.com", co_owners=("jo@example.com",), opt_out=True)
    cache.put_contact(ann)
    assert ann == cache.get_contact(ann.id)
    for owner in ("jo@example.com", "mei@example.com"):
        assert ann.id in {each.id for each in cache.list_page(owner, "", 99)}
