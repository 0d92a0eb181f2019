"""What an operator does about persons, on what the reducer made of them."""

import json
from itertools import repeat
from typing import Any

import pytest

from tests.unit.support.job import World
from tests.unit.support.tasks import NINE, TASK, answered
from tests.unit.support.test_who_it_is import OTHER_PHONE, PHONE, play, sid, tickets
from twilio_bridge.errors import BadRequestError
from twilio_bridge.support.persons.person_keys import KeyRules
from twilio_bridge.support.persons.person_repair import Found, erase_person, find_person, list_keys, split_person

AMARA = {"email": "amara@example.org", "from": PHONE}
RULES = KeyRules()


class Erasing:
    """The port Erasing over the fakes."""

    def __init__(self, world: World) -> None:
        self.world = world

    def erase_rows(self, person_ids: Any) -> None:
        for person_id in person_ids:
            self.world.identities.profiles.pop(person_id, None)
            self.world.persons._interactions.pop(person_id, None)
            self.world.persons._events.pop(person_id, None)

    def erase_keys(self, keys: Any, at: int) -> None:
        wanted = list(keys)
        self.world.identities.erase_keys(wanted, at)
        for key in wanted:
            self.world.facts._heard.pop(key, None)


def find(world: World, text: str) -> Found:
    return find_person(text, RULES, world.identities, world.persons)


@pytest.mark.parametrize("text", ["Amara@Example.org", "+44 7900 000012", "0044 7900 000012", TASK, f"phone#{PHONE}"])
def test_a_person_is_found_by_whatever_is_known(text: str) -> None:
    """An address, a number, a task, or a key as it is shown; their id as well."""
    world = play(answered(AMARA))
    found = find(world, text)
    assert found.dossier.person.keys == {"email#amara@example.org", f"phone#{PHONE}"}
    assert {f"task#{TASK}"} == {claim.source for claim in found.claims.values()}
    assert found.id == find(world, found.id).id


def test_nobody_is_found_by_what_nobody_has() -> None:
    """Nor by what is several people's."""
    world = play(answered(AMARA), answered({"email": "ben@example.org", "from": PHONE}, sid=sid(5)))
    for text, why in (("nobody@example.org", "nobody is known"), (PHONE, "several people")):
        with pytest.raises(BadRequestError, match=why):
            find(world, text)
    assert [f"phone#{PHONE}"] == find(world, "amara@example.org").shared


def test_a_key_is_split_off_with_what_came_with_it() -> None:
    """Its interactions are another person's then, and so is the next call from there."""
    world = play(
        answered(AMARA), answered({"from": PHONE}, sid=sid(5)), answered({"email": "amara@example.org"}, sid=sid(6))
    )
    assert {"amara@example.org": 3} == tickets(world)
    found = find(world, "amara@example.org")
    other_id = split_person(found, f"phone#{PHONE}", world.identities, world.persons)
    assert other_id == find(world, PHONE).id == find(world, sid(5)).id
    assert [2, 1] == [len(find(world, text).dossier.interactions) for text in ("amara@example.org", PHONE)]
    call = answered({"from": PHONE}, sid=sid(8))
    world.feed([json.dumps(each).encode() for each in call], repeat(8))
    assert [2, 2] == [len(find(world, text).dossier.interactions) for text in ("amara@example.org", PHONE)]


@pytest.mark.parametrize(
    ("key", "why"), [("phone#+1", "not the person's"), ("email#amara@example.org", "no other key")]
)
def test_what_cannot_be_split_is_refused(key: str, why: str) -> None:
    """What is not theirs, and what is all they have."""
    world = play(answered({"email": "amara@example.org"}))
    with pytest.raises(BadRequestError, match=why):
        split_person(find(world, "amara@example.org"), key, world.identities, world.persons)


def test_an_erased_person_does_not_come_back() -> None:
    """The past is not taken in again, neither before nor after the next task; that one begins anew."""
    world = play(answered(AMARA), answered({"from": OTHER_PHONE}, sid=sid(7)))
    assert 2 == erase_person(find(world, PHONE), Erasing(world), NINE + 3_600_000) - 1
    world.crm.contacts.clear()
    world.crm.timeline.clear()
    again = [json.dumps(each).encode() for each in answered(AMARA)]
    later = [json.dumps(shifted(each)).encode() for each in answered(AMARA, sid=sid(6))]
    for documents in (again, later, again):
        world.feed(documents, repeat(len(documents)))
        world.finish()
    assert {"amara@example.org": 1} == tickets(world)
    assert [f"{sid(6)}#requested", f"{sid(6)}#resolved"] == sorted(event.key for _, event in world.crm.timeline)


def shifted(event: dict[str, Any]) -> dict[str, Any]:
    """Return an event of two hours later."""
    text = json.dumps(event).replace("T09:", "T11:").replace('"EV', '"EW')
    shifted_event: dict[str, Any] = json.loads(text)
    return shifted_event


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("crm-1", ["external#crm-1", "flex#crm-1", "airtable#crm-1"]),
        ("+541123456789", ["phone#+541123456789", "phone#+5491123456789"]),
        ("CH1", ["conversation#CH1"]),
    ],
)
def test_a_text_may_be_several_keys(text: str, keys: list[str]) -> None:
    """Ids of other systems have no form; a number may have been written in two ways."""
    assert keys == list_keys(text, RULES)
