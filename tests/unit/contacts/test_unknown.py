"""Cells that could not be read: what was known stays, and nothing is opened or lifted by an empty cell."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.build import ANN, JO, SAM, contact, world
from twilio_bridge.contacts.contact import Contact, from_values, to_values
from twilio_bridge.contacts.loading import Loaded
from twilio_bridge.contacts.opt_outs import decide_opted_out
from twilio_bridge.contacts.refresh import refresh
from twilio_bridge.contacts.unknown import count_problems, keep_known
from twilio_bridge.ports import OptOut

BROKEN: dict[str, Any] = {"owner": "", "unread": ("owner",), "problems": ("owner: error",)}


@pytest.mark.parametrize("how", ["a load", "an update", "a look-up"])
def test_an_owner_that_cannot_be_read_is_who_it_was(how: str) -> None:
    """However the record comes: loaded, changed, or asked for."""
    settings = "contacts: {columns: {last_modified: changed}}"
    office = world(contact("r1", sms=ANN, co_owners=(SAM,)), settings=settings, loaded=False)
    office.source.changed_at = {"r1": "2026-01-01T00:00:00.000Z"}
    office.load()
    office.source.contacts["r1"] = replace(contact("r1", sms=ANN, notes="new"), **BROKEN)
    office.source.changed_at = {"r1": "2026-01-02T00:00:00.000Z"}
    if how == "a look-up":
        office.clock.offset += 100_000
        office.directory._learn("id r1", [office.source.contacts["r1"]], office.clock.now())
    else:
        office.clock.offset += 400
        refresh(office.refreshing, whole=how == "a load")

    found = office.directory.get_contact("r1")
    assert ((JO, SAM), (), "new") == (found.owners, found.unread, found.notes)
    assert office.directory.may_see(found, SAM)


def test_an_owner_that_never_was_known_is_nobody() -> None:
    """A contact without owner is everybody's to open, one whose owner is unknown is not."""
    office = world(replace(contact("r1"), **BROKEN), contact("r2", owner=""))
    unknown, ownerless = office.directory.get_contact("r1"), office.directory.get_contact("r2")

    assert [False, True] == [office.directory.may_see(each, JO) for each in (unknown, ownerless)]
    everybody = replace(office.directory, settings=office.settings.contacts.model_copy(update={"visibility": "all"}))
    assert everybody.may_see(unknown, JO)


def test_a_contact_that_is_known_to_have_no_owner_stays_everybody_s() -> None:
    """An error does not take it away."""
    office = world(contact("r1", owner=""))
    (kept,) = keep_known([replace(contact("r1"), **BROKEN)], office.cache)
    assert ((), ()) == (kept.owners, kept.unread)


@pytest.mark.parametrize("worker", [JO, SAM])
def test_each_of_several_owners_opens_the_contact(worker: str) -> None:
    """And has it in the list."""
    office = world(contact("r1", co_owners=(SAM,)), contact("r2"))
    assert office.directory.may_see(office.directory.get_contact("r1"), worker.upper())
    assert "r1" in {each.id for each in office.directory.list_page(worker, 30).contacts}
    assert not office.directory.may_see(office.directory.get_contact("r1"), "mei@example.com")


def test_a_load_counts_what_it_could_not_read() -> None:
    """For its line in the log."""
    people = [
        replace(contact("r1"), **BROKEN),
        contact("r2", opt_out=True, unread=("opt_out",), problems=("opt_out: error",)),
        contact("r3", problems=("sms: no number", "whatsapp: no number")),
        contact("r4"),
    ]
    office = world(*people, loaded=False)
    assert Loaded(4, 0, unread_owners=1, unread_opt_outs=1, rejected_numbers=2) == office.load()
    assert {"sms: no number": 1, "whatsapp: no number": 1} == count_problems(people[2:])


REQUESTS = {
    "nothing": None,
    "STOP": OptOut(address=ANN, out=True, at=1),
    "STOP, delivered": OptOut(address=ANN, out=True, at=1, delivered_to=frozenset({"r1"})),
    "START, delivered": OptOut(address=ANN, out=False, at=1, delivered_to=frozenset({"r1"})),
    "START": OptOut(address=ANN, out=False, at=1),
}


@pytest.mark.parametrize("request_", REQUESTS)
@pytest.mark.parametrize("cell", ["an error", "an absent column"])
def test_an_opt_out_that_was_not_read_lifts_nothing(cell: str, request_: str) -> None:
    """An error blocks; an absent column leaves what the person last asked for."""
    person = contact("r1", sms=ANN, opt_out=cell == "an error", unread=("opt_out",))
    request = REQUESTS[request_]
    expected = cell == "an error" or request_.startswith("STOP")
    assert expected == decide_opted_out(person, [request] if request else [])


def test_only_an_opt_out_that_was_read_is_lifted_by_an_emptied_box() -> None:
    """Where Airtable has the request, the company may clear the box."""
    delivered = REQUESTS["STOP, delivered"]
    assert delivered
    assert not decide_opted_out(contact("r1", sms=ANN), [delivered])


PEOPLE = [
    Contact(id="r1"),
    contact("r1", sms=ANN, more_sms=("+447900000013",), co_owners=(SAM,), unread=("opt_out",), opt_out=True),
    contact("r1", owner="a\nb", name="line\nline", cells={"company": "Acme"}),
    contact("r1", more_whatsapp=("+447900000013",), whatsapp=ANN),
]


@pytest.mark.parametrize("person", PEOPLE)
def test_a_contact_is_kept_as_plain_values(person: Contact) -> None:
    """What is empty is left out, and a later version's fields are not taken for ours."""
    values = to_values(person)
    assert person == from_values(values)
    assert person == from_values({**values, "field of tomorrow": 1})
    assert not {"problems", "more_sms", "co_owners"} & values.keys()


def test_the_answer_to_an_opt_out_may_lack_the_owner() -> None:
    """Airtable leaves out what is empty, or gone: what is known of the contact stays."""
    office = world(contact("r1", notes="x"))
    office.source.contacts["r1"] = contact("r1", owner="", notes="")
    office.directory.set_opt_out(office.directory.get_contact("r1"), True)

    found = office.directory.get_contact("r1")
    assert (True, JO, "x") == (found.opt_out, found.owner, found.notes)
