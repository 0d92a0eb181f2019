"""Who is found by which key is the same in memory and in DynamoDB, whoever else writes, and wherever a crash comes."""

import contextlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.tables import SYNC_STATE, Aws, Time
from tests.contract.units import Metered
from tests.fakes.support import FakeIdentities
from tests.sizes import size
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.facts import DynamoFacts
from twilio_bridge.adapters.state.identities import DynamoErasing, DynamoIdentities
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.errors import UnavailableError
from twilio_bridge.support.persons.identities import MAX_HALVES_COUNT, resolve_persons
from twilio_bridge.support.persons.person import Claim, Person
from twilio_bridge.support.ports import Identities
from twilio_bridge.support.tasks.facts import Fact, NewFacts


def resolve(subjects: Mapping[str, Iterable[str]], known: Identities, lookup: Any) -> dict[str, str]:
    """Resolve subjects of which nothing is held yet."""
    return resolve_persons(subjects, known, lookup, lambda *_: None).persons


TASK, OTHER_TASK, THIRD_TASK = (f"task#WT{number:032}" for number in range(3))
CONVERSATION = f"conversation#CH{0:032}"
EMAIL, OTHER_EMAIL = "email#amara@example.com", "email#ben@example.com"
PHONE, OTHER_PHONE = "phone#+447900000012", "phone#+447900000013"
FLEX = "flex#😀 amara"
DAY_S = 86_400


@pytest.fixture(params=["memory", "dynamodb"])
def people(request: pytest.FixtureRequest, clock: Time) -> Identities:
    clock.stop()
    if request.param == "memory":
        return FakeIdentities()
    return DynamoIdentities(request.getfixturevalue("aws").table(SYNC_STATE))


def opened(people: Identities, *keys: str) -> str:
    person_id = people.create_person(keys)
    assert person_id
    return person_id


def ids(people: Identities, *keys: str) -> dict[str, str]:
    return {key: person.id for key, person in people.find_by_keys(keys).items()}


def nobody(_number: str) -> Sequence[Contact]:
    return []


def test_nobody_is_known(people: Identities) -> None:
    """A key that nobody took is nobody's."""
    assert {} == people.find_by_keys([TASK, EMAIL])
    assert {} == people.find_by_keys([])


def test_a_person_is_found_by_each_key(people: Identities) -> None:
    """As one person, who knows the keys that say who they are."""
    person_id = opened(people, TASK, CONVERSATION, FLEX, EMAIL, PHONE)
    person = Person(id=person_id, keys=frozenset((EMAIL, PHONE)))
    assert dict.fromkeys((TASK, FLEX, PHONE), person) == people.find_by_keys([TASK, FLEX, PHONE, OTHER_PHONE])


def test_a_taken_key_opens_nothing(people: Identities) -> None:
    """Where one key is somebody's, all others stay free."""
    opened(people, EMAIL)
    assert people.create_person([PHONE, EMAIL, TASK]) is None
    assert {} == people.find_by_keys([PHONE, TASK])


@pytest.mark.parametrize("more", [[OTHER_TASK], [PHONE], [OTHER_TASK, CONVERSATION], [OTHER_TASK, PHONE, FLEX]])
def test_keys_are_added(people: Identities, more: list[str]) -> None:
    """One or several, leading to the person or saying something about them."""
    person_id = opened(people, EMAIL)
    assert people.attach_keys(person_id, more)
    own = frozenset((EMAIL, *more)) & {EMAIL, PHONE}
    assert dict.fromkeys((EMAIL, *more), Person(id=person_id, keys=own)) == people.find_by_keys([EMAIL, *more])


@pytest.mark.parametrize("taken", [TASK, PHONE])
def test_keys_are_added_all_or_none(people: Identities, taken: str) -> None:
    """Where one is taken none is added, and the same again is refused as well."""
    opened(people, taken)
    person_id = opened(people, EMAIL)
    assert not people.attach_keys(person_id, [OTHER_TASK, OTHER_PHONE, taken])
    assert not people.attach_keys(person_id, [taken])
    assert {} == people.find_by_keys([OTHER_TASK, OTHER_PHONE])
    assert frozenset((EMAIL,)) == people.find_by_keys([EMAIL])[EMAIL].keys


def test_adding_nothing_is_fine(people: Identities) -> None:
    """Nothing was taken."""
    assert people.attach_keys(opened(people, EMAIL), [])


def test_joined_persons_are_found_as_one(people: Identities) -> None:
    """By all keys of either, with the other as a half."""
    one, other = opened(people, TASK, EMAIL), opened(people, OTHER_TASK, PHONE)
    assert people.join_persons(one, other)
    person = Person(id=one, keys=frozenset((EMAIL, PHONE)), halves=(other,))
    assert dict.fromkeys((TASK, EMAIL, OTHER_TASK, PHONE), person) == people.find_by_keys(
        [TASK, EMAIL, OTHER_TASK, PHONE]
    )


def test_halves_of_halves_are_halves(people: Identities) -> None:
    """Whoever was joined before stays with them."""
    one, two, three = (opened(people, key) for key in (EMAIL, PHONE, OTHER_PHONE))
    assert people.join_persons(two, three)
    assert people.join_persons(one, two)
    person = Person(id=one, keys=frozenset((EMAIL, PHONE, OTHER_PHONE)), halves=tuple(sorted((two, three))))
    assert dict.fromkeys((EMAIL, PHONE, OTHER_PHONE), person) == people.find_by_keys([EMAIL, PHONE, OTHER_PHONE])


def test_nobody_is_joined_twice(people: Identities) -> None:
    """Neither to two persons, nor to themselves, nor into somebody who was joined."""
    one, two, three = (opened(people, key) for key in (EMAIL, PHONE, OTHER_PHONE))
    assert not people.join_persons(one, one)
    assert people.join_persons(one, two)
    assert not people.join_persons(one, two)
    assert not people.join_persons(two, one)
    assert not people.join_persons(three, two)
    assert not people.join_persons(two, three)
    assert {PHONE: one, OTHER_PHONE: three} == ids(people, PHONE, OTHER_PHONE)


def test_who_was_joined_gets_no_keys_of_their_own(people: Identities) -> None:
    """What leads to them leads to whom they are now."""
    one, two = opened(people, EMAIL), opened(people, PHONE)
    people.join_persons(one, two)
    assert not people.attach_keys(two, [OTHER_PHONE])
    assert people.attach_keys(two, [TASK])
    assert {TASK: one} == ids(people, TASK, OTHER_PHONE)


def test_tasks_are_forgotten(people: Identities, clock: Time) -> None:
    """After two months, and not before; what says who somebody is stays."""
    person_id = opened(people, TASK, CONVERSATION, EMAIL, FLEX)
    clock.pass_(59 * DAY_S)
    assert {TASK: person_id, CONVERSATION: person_id} == ids(people, TASK, CONVERSATION)
    clock.pass_(2 * DAY_S)
    assert {EMAIL: person_id, FLEX: person_id} == ids(people, TASK, CONVERSATION, EMAIL, FLEX)
    other = opened(people, TASK)
    assert {TASK: other} == ids(people, TASK)


def test_somebody_nobody_knew_is_known_later(people: Identities, clock: Time) -> None:
    """They keep their tasks when they tell who they are, and stay from then on."""
    person_id = opened(people, TASK)
    clock.pass_(30 * DAY_S)
    assert people.attach_keys(person_id, [EMAIL])
    clock.pass_(40 * DAY_S)
    assert {EMAIL: Person(id=person_id, keys=frozenset((EMAIL,)))} == people.find_by_keys([TASK, EMAIL])


def test_a_conversation_that_outlives_its_person(people: Identities, clock: Time) -> None:
    """Who is forgotten as nobody in particular is still somebody, and may be joined, given keys or found."""
    one, other = opened(people, TASK), opened(people, OTHER_TASK)
    clock.pass_(50 * DAY_S)
    assert people.attach_keys(one, [CONVERSATION])
    assert people.attach_keys(other, [THIRD_TASK])
    clock.pass_(20 * DAY_S)
    assert {CONVERSATION: Person(id=one)} == people.find_by_keys([CONVERSATION, TASK])
    assert people.attach_keys(one, [EMAIL])
    assert people.join_persons(one, other)
    assert {THIRD_TASK: one, EMAIL: one} == ids(people, THIRD_TASK, EMAIL)


@pytest.mark.parametrize("key", ["external#" + "é" * 2_000, "flex#a\tb", "email#" + "x" * 500 + "@example.com"])
def test_odd_keys(people: Identities, key: str) -> None:
    """However long, each is found, and no other."""
    person_id = opened(people, key)
    assert {key: person_id} == ids(people, key, f"{key}x")


def test_two_who_open_at_once(aws: Aws) -> None:
    """Of two who both found nobody one opens, the other finds that one."""
    one, other = DynamoIdentities(aws.table(SYNC_STATE)), DynamoIdentities(aws.table(SYNC_STATE))
    assert {} == one.find_by_keys([EMAIL, PHONE])
    person_id = opened(other, PHONE)
    assert one.create_person([EMAIL, PHONE]) is None
    assert {PHONE: person_id} == ids(one, EMAIL, PHONE)


class Meanwhile:
    """A client that lets somebody else act just before its first transaction."""

    def __init__(self, client: Any, act: Callable[[], object]) -> None:
        self._client = client
        self._act: Callable[[], object] | None = act

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def transact_write_items(self, **request: Any) -> Any:
        act, self._act = self._act, None
        if act:
            act()
        return self._client.transact_write_items(**request)


def test_keys_that_come_while_joining_are_not_lost(aws: Aws) -> None:
    """A join made from an old profile is refused; made again it has them."""
    people = DynamoIdentities(aws.table(SYNC_STATE))
    one, two, three = (opened(people, key) for key in (EMAIL, PHONE, "external#3"))
    for act in (
        lambda: people.attach_keys(two, [OTHER_PHONE]),
        lambda: people.attach_keys(one, ["external#1"]),
        lambda: people.join_persons(two, three),
    ):
        client: Any = Meanwhile(aws.client, act)
        assert not DynamoIdentities(Table(client, SYNC_STATE)).join_persons(one, two)
    assert people.join_persons(one, two)
    keys = frozenset((EMAIL, PHONE, OTHER_PHONE, "external#1", "external#3"))
    assert {Person(id=one, keys=keys, halves=tuple(sorted((two, three))))} == set(
        people.find_by_keys(sorted(keys)).values()
    )


def test_a_person_is_joined_once_by_two(aws: Aws) -> None:
    """Of two who join the same person elsewhere the second is refused."""
    people = DynamoIdentities(aws.table(SYNC_STATE))
    one, two, three = (opened(people, key) for key in (EMAIL, PHONE, OTHER_PHONE))
    client: Any = Meanwhile(aws.client, lambda: people.join_persons(three, two))
    assert not DynamoIdentities(Table(client, SYNC_STATE)).join_persons(one, two)
    assert {EMAIL: one, PHONE: three} == ids(people, EMAIL, PHONE)


def test_a_person_of_as_many_halves_as_there_may_be(aws: Aws) -> None:
    """All of them are told in the one transaction, and are found in three requests."""
    people = DynamoIdentities(aws.table(SYNC_STATE))
    one, two = opened(people, EMAIL), opened(people, PHONE)
    halves = [f"external#{number}" for number in range(MAX_HALVES_COUNT - 1)]
    assert all(people.join_persons(two, opened(people, half)) for half in halves)
    assert people.join_persons(one, two)
    assert ["BatchGetItem"] * 3 == aws.count(lambda: people.find_by_keys(halves[:1]))
    assert {one} == set(ids(people, *halves).values())


def test_what_it_costs(aws: Aws) -> None:
    """Finding takes two requests however many keys; opening, adding and joining one transaction or less."""
    client: Any = Metered(aws.client)
    people = DynamoIdentities(Table(client, SYNC_STATE))

    def cost(action: Callable[[], object]) -> tuple[dict[str, int], int]:
        client.requests.clear()
        client.written = 0
        action()
        return dict(client.requests), client.written

    assert ({"transact_write_items": 1}, 8) == cost(lambda: people.create_person([TASK, EMAIL, PHONE]))
    one, two = ids(people, EMAIL)[EMAIL], opened(people, "external#1", CONVERSATION)
    assert ({"put_item": 1}, 1) == cost(lambda: people.attach_keys(one, [OTHER_TASK]))
    assert ({"transact_write_items": 1}, 4) == cost(lambda: people.attach_keys(one, [OTHER_PHONE]))
    assert ({"batch_get_item": 1, "transact_write_items": 1}, 4) == cost(lambda: people.join_persons(one, two))
    assert ({"batch_get_item": 2}, 0) == cost(
        lambda: people.find_by_keys([TASK, OTHER_TASK, EMAIL, PHONE, OTHER_PHONE])
    )
    assert ({"batch_get_item": 3}, 0) == cost(lambda: people.find_by_keys([CONVERSATION]))
    zero = opened(people, "external#0")
    assert ({"batch_get_item": 1, "transact_write_items": 1}, 6) == cost(lambda: people.join_persons(zero, one))
    assert ({"batch_get_item": 3}, 0) == cost(lambda: people.find_by_keys([CONVERSATION]))


KEYS = [TASK, OTHER_TASK, CONVERSATION, FLEX, EMAIL, "external#1", PHONE, OTHER_PHONE]
SUBJECTS = st.lists(st.sets(st.sampled_from(KEYS), min_size=1, max_size=3), min_size=1, max_size=5)
CONTACTS = {
    PHONE.removeprefix("phone#"): [Contact(id="rec1", sms="+447900000012", email="amara@example.com")],
    OTHER_PHONE.removeprefix("phone#"): [Contact(id="rec2", sms="+447900000013"), Contact(id="rec3")],
}


class Crash(Exception):  # noqa: N818  it is no error of ours
    """The end of an instance."""


class Crashing:
    """A client whose instance ends just before, or just after, one of its requests."""

    def __init__(self, client: Any, number: int, *, after: bool) -> None:
        self._client = client
        self._left = number
        self._after = after

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._after:
                raise Crash
            answer = getattr(self._client, name)(**request)
            if self._left == 0:
                raise Crash
            return answer

        return call


@given(subjects=SUBJECTS, number=st.integers(1, 12), after=st.booleans())
@pytest.mark.prove
@settings(max_examples=size(16, 40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_crash_changes_nothing_in_the_end(aws: Aws, subjects: list[set[str]], number: int, after: bool) -> None:
    """Wherever a batch breaks off, the same batch again ends in the same persons as it would have in memory."""
    for item in aws.client.scan(TableName=SYNC_STATE)["Items"]:
        aws.client.delete_item(TableName=SYNC_STATE, Key={name: item[name] for name in ("pk", "sk")})
    batch = {f"{place}": sorted(keys) for place, keys in enumerate(subjects)}

    def lookup(phone: str) -> Sequence[Contact]:
        return CONTACTS.get(phone, [])

    client: Any = Crashing(aws.client, number, after=after)
    with contextlib.suppress(Crash):
        resolve(batch, DynamoIdentities(Table(client, SYNC_STATE)), lookup)
    stored, memory = DynamoIdentities(aws.table(SYNC_STATE)), FakeIdentities()
    resolve(batch, stored, lookup)
    resolve(batch, memory, lookup)
    assert groups(memory) == groups(stored)


def groups(people: Identities) -> set[frozenset[str]]:
    found: dict[str, set[str]] = {}
    for key, person in people.find_by_keys([*KEYS, "airtable#rec1", "airtable#rec2"]).items():
        found.setdefault(person.id, set()).add(key)
    return set(map(frozenset, found.values()))


def test_two_batches_in_turns(aws: Aws) -> None:
    """Two who learn about the same person at the same moment end with one."""
    people = DynamoIdentities(aws.table(SYNC_STATE))

    def meanwhile() -> None:
        resolve({"2": [OTHER_TASK, PHONE, "external#1"]}, people, nobody)

    client: Any = Meanwhile(aws.client, meanwhile)
    found = resolve({"1": [TASK, EMAIL, PHONE]}, DynamoIdentities(Table(client, SYNC_STATE)), nobody)
    assert {found["1"]} == set(ids(people, TASK, OTHER_TASK, EMAIL, PHONE, "external#1").values())


def test_requests_of_a_batch(aws: Aws) -> None:
    """Twenty known subjects take two requests; twenty new ones three, and one transaction each."""
    client: Any = Metered(aws.client)
    people = DynamoIdentities(Table(client, SYNC_STATE))
    batch = {f"{n}": [f"task#WT{n:032}", f"email#p{n}@example.com", f"phone#+4479000001{n:02}"] for n in range(20)}

    def lookup(number: str) -> Sequence[Contact]:
        return [Contact(id=f"rec{number[1:]}", sms=number)]

    first = resolve(batch, people, lookup)
    assert {"batch_get_item": 3, "transact_write_items": 20} == client.requests
    client.requests.clear()
    assert first == resolve(batch, people, lookup)
    assert {"batch_get_item": 2} == client.requests


def test_a_table_that_fails_is_unavailable(aws: Aws) -> None:
    """Nobody is taken for new because of that."""
    people = DynamoIdentities(aws.table(SYNC_STATE))
    aws.client.delete_table(TableName=SYNC_STATE)
    uses: list[Callable[[], object]] = [
        lambda: people.find_by_keys([TASK]),
        lambda: people.create_person([TASK]),
        lambda: people.attach_keys("p", [TASK, EMAIL]),
        lambda: people.join_persons("p", "q"),
    ]
    for use in uses:
        with pytest.raises(UnavailableError):
            use()


def claim_of(people: Identities, key: str) -> Claim:
    return people.find_claims([key])[key]


def test_a_key_says_who_brought_it(people: Identities) -> None:
    """Nobody, where a former version wrote it."""
    person_id = opened(people, EMAIL)
    assert people.attach_keys(person_id, [PHONE], TASK)
    assert ["", TASK] == [claim_of(people, key).source for key in (EMAIL, PHONE)]
    assert {person_id} == {claim_of(people, key).holder for key in (EMAIL, PHONE)}


def test_a_shared_key_is_nobody_s(people: Identities) -> None:
    """It stays taken, identifies nobody, and is none of the person's any more; in a half as well."""
    one, other = opened(people, EMAIL), opened(people, PHONE)
    assert people.join_persons(one, other)
    assert people.share_key(PHONE, claim_of(people, PHONE))
    assert {EMAIL} == set(people.find_by_keys([EMAIL, PHONE]))
    assert frozenset((EMAIL,)) == people.find_by_keys([EMAIL])[EMAIL].keys
    assert (True, one) == (claim_of(people, PHONE).is_shared, claim_of(people, PHONE).person.id)
    assert people.create_person([PHONE]) is None


@pytest.mark.parametrize("key", [PHONE, FLEX])
def test_a_shared_key_is_given_back(people: Identities, key: str) -> None:
    """By whoever saw it last: it is the person's again, and nobody is known to have brought it."""
    one, other = opened(people, EMAIL), opened(people, key)
    assert people.join_persons(one, other)
    claim = claim_of(people, key)
    assert people.share_key(key, claim, ["task#WT7"])
    assert not people.share_key(key, claim, ["task#WT8"])

    first = claim_of(people, key)
    assert people.share_key(key, first, [*first.witnesses, "task#WT8"])
    assert not people.unshare_key(key, first)
    both = claim_of(people, key)
    assert (["task#WT7", "task#WT8"], other) == (both.witnesses, both.holder)

    assert people.unshare_key(key, both)
    assert {one} == set(ids(people, EMAIL, key).values())
    assert ("", []) == (claim_of(people, key).source, claim_of(people, key).witnesses)
    assert (key == PHONE) is (key in people.find_by_keys([EMAIL])[EMAIL].keys)
    assert not people.unshare_key(key, both)


@pytest.mark.parametrize("key", [PHONE, TASK, FLEX])
def test_a_key_is_moved(people: Identities, key: str) -> None:
    """With what it says about somebody; whoever was quicker has it."""
    one, other = opened(people, EMAIL, key), opened(people, OTHER_EMAIL)
    before = claim_of(people, key)
    assert people.move_key(key, before, other)
    assert other == people.find_by_keys([key])[key].id
    assert (key == PHONE) is (key in people.find_by_keys([OTHER_EMAIL])[OTHER_EMAIL].keys)
    assert frozenset((EMAIL,)) == people.find_by_keys([EMAIL])[EMAIL].keys
    assert not people.move_key(key, before, one)


def test_a_shell_is_absorbed(people: Identities) -> None:
    """Its keys lead to the other one, who has no half of it; one that has keys, or is one already, is not."""
    one, shell, other = opened(people, EMAIL), opened(people, TASK, FLEX), opened(people, PHONE)
    assert people.absorb_shell(one, shell)
    assert {one} == set(ids(people, TASK, FLEX).values())
    assert () == people.find_by_keys([TASK])[TASK].halves
    assert not people.absorb_shell(other, shell)
    assert not people.absorb_shell(one, other)
    assert not people.absorb_shell(one, one)


def test_an_erased_person_begins_anew(people: Identities) -> None:
    """What began before is of the past."""
    assert {} == people.find_erasures([EMAIL])
    person_id = people.create_person([EMAIL], TASK, 1_772_442_000_000)
    assert (person_id, 1_772_442_000_000) == (
        people.find_by_keys([EMAIL])[EMAIL].id,
        people.find_by_keys([EMAIL])[EMAIL].erased_at,
    )


def test_an_erasure_leaves_a_hash(aws: Aws) -> None:
    """Of the person nothing is found, in no item and under no name; when it was is."""
    table = aws.table(SYNC_STATE)
    people, erasing, facts = DynamoIdentities(table), DynamoErasing(table), DynamoFacts(table)
    person_id = opened(people, EMAIL, TASK)
    facts.add_facts(TASK, NewFacts({"EV1": Fact("EV1", "task.created", 1)}))
    erasing.erase_keys([EMAIL, TASK], 7_000)
    erasing.erase_rows([person_id])
    assert ({}, {EMAIL: 7_000}) == (people.find_claims([EMAIL, TASK]), people.find_erasures([EMAIL, PHONE]))
    everything = json.dumps(aws.client.scan(TableName=SYNC_STATE)["Items"])
    assert [False, False, False] == [text in everything for text in ("amara", TASK, person_id)]
