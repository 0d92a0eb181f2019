"""A person's dossier is whole whatever was joined, and no event is lost, sent twice or due for ever."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.tables import SYNC_STATE, Aws, Time
from tests.contract.units import Metered
from tests.fakes.support import FakeIdentities, FakePersons
from tests.sizes import size
from twilio_bridge.adapters.aws.dynamodb import Table, pack
from twilio_bridge.adapters.state.identities import DynamoIdentities
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.errors import UnavailableError
from twilio_bridge.support.persons.person import (
    BEFORE,
    MAX_SENDING_MS,
    Dossier,
    Interaction,
    Person,
    Status,
    TimelineEvent,
)
from twilio_bridge.support.ports import Identities, Persons

EMAIL, PHONE, TASK = "email#amara@example.com", "phone#+447900000012", f"task#WT{0:032}"
NINE = 1_772_442_000_000
DAY_S = 86_400
LATEST = 10**14
STATUSES: tuple[Status, ...] = ("pending", "parked", "sending", "sent", "refused", "withdrawn")
INTERACTION = Interaction(
    sid="WT1",
    version=3,
    channel="voice",
    counts=True,
    created_at=NINE,
    last_at=NINE + 60_000,
    wait_s=0,
    score=4.5,
    scored_at=NINE,
    values={"attributes.customers.name": 'O\'Brien "😀" 田中\x00', "vip": True, "n": 0, "share": 0.1, "tags": ["a"]},
)
EVENT = TimelineEvent(
    key="WT1#resolved",
    name="SUPPORT_RESOLVED",
    at=NINE,
    version=3,
    properties={"queue": "Support 😀", "wait_s": 0, "score": 4.5, "key": "WT1#resolved"},
    due_at=NINE + 3_000,
)


@pytest.fixture(params=["memory", "dynamodb"])
def stores(request: pytest.FixtureRequest, clock: Time) -> tuple[Identities, Persons]:
    clock.stop()
    if request.param == "memory":
        people = FakeIdentities()
        return people, FakePersons(people)
    table = request.getfixturevalue("aws").table(SYNC_STATE)
    return DynamoIdentities(table), DynamoPersons(table)


@pytest.fixture
def people(stores: tuple[Identities, Persons]) -> Identities:
    return stores[0]


@pytest.fixture
def persons(stores: tuple[Identities, Persons]) -> Persons:
    return stores[1]


@pytest.fixture
def amara(people: Identities) -> str:
    return opened(people, EMAIL)


def opened(people: Identities, *keys: str) -> str:
    person_id = people.create_person(keys)
    assert person_id
    return person_id


def dossier(persons: Persons, person_id: str) -> Dossier:
    found = persons.load_dossier(person_id)
    assert found
    return found


def statuses(persons: Persons, person_id: str) -> list[tuple[str, int, Status]]:
    return [(event.key, event.version, event.status) for event in dossier(persons, person_id).events]


def events_of(persons: Persons, person_id: str) -> tuple[TimelineEvent, ...]:
    """Return the events but for the moment when they were sent."""
    return tuple(replace(event, sending_at=0) for event in dossier(persons, person_id).events)


def overdue(persons: Persons, before: int) -> list[str]:
    return [person.id for person in persons.find_overdue(before)]


def bring_to(persons: Persons, person_id: str, key: str, status: Status) -> None:
    """Take an event that is pending to a status, the way it goes."""
    if status in {"sent", "sending", "refused"}:
        assert persons.mark_event(person_id, key, "sending")
    if status not in {"sending", "pending"}:
        assert persons.mark_event(person_id, key, status)


def test_nobody_has_no_dossier(persons: Persons) -> None:
    """Somebody who is not there has nothing."""
    assert persons.load_dossier("nobody") is None


def test_everything_comes_back(persons: Persons, amara: str) -> None:
    """As it was written, whatever is in it."""
    assert persons.put_interaction(amara, INTERACTION)
    assert persons.put_event(amara, EVENT)
    person = Person(id=amara, keys=frozenset((EMAIL,)))
    assert Dossier(person, (INTERACTION,), (EVENT,)) == persons.load_dossier(amara)
    bare = Interaction(sid="WT2", version=1)
    assert persons.put_interaction(amara, bare)
    assert (INTERACTION, bare) == dossier(persons, amara).interactions


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_later_interaction_stays(persons: Persons, amara: str, version: int) -> None:
    """And so does the same one."""
    assert persons.put_interaction(amara, INTERACTION)
    assert not persons.put_interaction(amara, replace(INTERACTION, version=version, channel="sms"))
    assert (INTERACTION,) == dossier(persons, amara).interactions
    assert persons.put_interaction(amara, replace(INTERACTION, version=4, wait_s=None))
    assert (replace(INTERACTION, version=4, wait_s=None),) == dossier(persons, amara).interactions


@pytest.mark.parametrize("status", STATUSES)
def test_an_event_is_rewritten_until_brevo_hears_of_it(persons: Persons, amara: str, status: Status) -> None:
    """A later version replaces one that is pending, parked or withdrawn, an earlier one or the same nothing."""
    assert persons.put_event(amara, EVENT)
    bring_to(persons, amara, EVENT.key, status)
    assert not persons.put_event(amara, replace(EVENT, version=2))
    assert not persons.put_event(amara, EVENT)
    is_open = status in {"pending", "parked", "withdrawn"}
    later = replace(EVENT, version=4, due_at=NINE + 9_000)
    assert is_open is persons.put_event(amara, later)
    assert [(EVENT.key, 4, "pending") if is_open else (EVENT.key, 3, status)] == statuses(persons, amara)


def test_an_event_is_withdrawn_and_comes_back(persons: Persons, amara: str) -> None:
    """What is learnt later counts, either way."""
    persons.put_event(amara, EVENT)
    assert persons.put_event(amara, replace(EVENT, version=4, status="withdrawn"))
    assert not persons.mark_event(amara, EVENT.key, "sending")
    assert [] == overdue(persons, NINE + 99_000)
    assert persons.put_event(amara, replace(EVENT, version=5))
    assert [amara] == overdue(persons, NINE + 99_000)
    assert persons.mark_event(amara, EVENT.key, "sending")


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_what_may_become_what(persons: Persons, amara: str, before: Status, after: Status) -> None:
    """Of two who do the same the second finds it gone."""
    persons.put_event(amara, EVENT)
    bring_to(persons, amara, EVENT.key, before)
    is_allowed = before in BEFORE[after]
    assert is_allowed is persons.mark_event(amara, EVENT.key, after)
    assert [(EVENT.key, 3, after if is_allowed else before)] == statuses(persons, amara)


def test_another_version_is_another_event(persons: Persons, amara: str) -> None:
    """Whoever read an older one does not tell it once a newer one stands there."""
    persons.put_event(amara, EVENT)
    assert not persons.mark_event(amara, EVENT.key, "sending", EVENT.version - 1)
    assert not persons.mark_event(amara, EVENT.key, "sending", EVENT.version + 1)
    assert persons.mark_event(amara, EVENT.key, "sending", EVENT.version)


def test_an_event_that_is_not_there(persons: Persons, amara: str) -> None:
    """Nothing is made of it."""
    assert not persons.mark_event(amara, EVENT.key, "sending")
    assert not persons.mark_event("nobody", EVENT.key, "sending")
    assert () == dossier(persons, amara).events


@pytest.mark.parametrize("status", STATUSES)
def test_an_event_is_postponed(people: Identities, persons: Persons, amara: str, status: Status) -> None:
    """One that is pending or parked, in whichever half: it is due at its new time and not before."""
    other = opened(people, PHONE)
    persons.put_event(other, EVENT)
    bring_to(persons, other, EVENT.key, status)
    people.join_persons(amara, other)
    is_open = status in {"pending", "parked"}
    assert not persons.postpone_event(amara, EVENT.key, NINE + 60_000, EVENT.version + 1)
    assert is_open is persons.postpone_event(amara, EVENT.key, NINE + 60_000, EVENT.version)
    if is_open:
        assert ([], [amara]) == (overdue(persons, NINE + 60_000), overdue(persons, NINE + 60_001))
        assert [(NINE + 60_000, "pending")] == [(each.due_at, each.status) for each in dossier(persons, amara).events]


def test_tries_are_counted(persons: Persons, amara: str) -> None:
    """Each time that Brevo is about to be asked."""
    persons.put_event(amara, EVENT)
    for _ in range(3):
        persons.mark_event(amara, EVENT.key, "sending")
        persons.mark_event(amara, EVENT.key, "pending")
    persons.mark_event(amara, EVENT.key, "sending")
    persons.mark_event(amara, EVENT.key, "sent")
    assert (replace(EVENT, status="sent", tries=4),) == events_of(persons, amara)


def test_what_brevo_accepted_is_kept(persons: Persons, amara: str) -> None:
    """The digest and the lists as they were last, and the contact's id."""
    assert dossier(persons, amara).person.lists is None
    persons.save_delivery(amara, "abc", 7, [])
    assert frozenset() == dossier(persons, amara).person.lists
    persons.save_delivery(amara, "def", 7, [33, 4])
    person = dossier(persons, amara).person
    assert (7, "def", frozenset((EMAIL,)), frozenset((4, 33))) == (
        person.contact_id,
        person.delivered,
        person.keys,
        person.lists,
    )


def test_a_contact_that_was_deleted_is_forgotten(people: Identities, persons: Persons, amara: str) -> None:
    """By the halves, too: none of them may bring its id back."""
    other = opened(people, PHONE)
    persons.save_delivery(other, "abc", 7, [33])
    people.join_persons(amara, other)
    persons.forget_contact(amara, NINE)
    person = dossier(persons, amara).person
    assert (None, "", frozenset(), NINE) == (person.contact_id, person.delivered, person.lists, person.begun_at)
    persons.save_delivery(amara, "def", 8, [])
    assert (8, NINE) == (dossier(persons, amara).person.contact_id, dossier(persons, amara).person.begun_at)


def test_who_was_queued_when(people: Identities, persons: Persons, amara: str) -> None:
    """Each until it is cleared; a half's event is overdue for the person whose half it is."""
    other, third = opened(people, PHONE), opened(people, "external#3")
    persons.put_event(other, replace(EVENT, due_at=NINE - 5))
    persons.put_event(amara, EVENT)
    persons.put_event(third, EVENT)
    people.join_persons(amara, other)
    persons.mark_queued([amara, third], NINE + 7)
    found = {each.id: (each.due_at, each.queued_at) for each in persons.find_overdue(LATEST)}
    assert {third} == found.keys() - {amara}
    assert (NINE + 7, NINE + 7) == (found[amara][1], found[third][1])
    assert NINE + 3_000 == found[third][0]
    persons.clear_queued(amara)
    assert 0 == dossier(persons, amara).person.queued_at


def test_an_event_is_sent_again_once_its_request_must_have_ended(persons: Persons, amara: str, clock: Time) -> None:
    """Before, another deliverer may be at it; of two who come then one sends."""
    persons.put_event(amara, EVENT)
    assert persons.mark_event(amara, EVENT.key, "sending")
    began = dossier(persons, amara).events[0].sending_at
    assert not persons.mark_event(amara, EVENT.key, "sending")
    clock.pass_(MAX_SENDING_MS // 1000 - 1)
    assert not persons.mark_event(amara, EVENT.key, "sending")
    clock.pass_(2)
    assert [True, False] == [persons.mark_event(amara, EVENT.key, "sending") for _ in range(2)]
    assert dossier(persons, amara).events[0].sending_at >= began + MAX_SENDING_MS


@pytest.mark.parametrize("status", ["sent", "refused", "withdrawn"])
def test_what_is_over_goes(persons: Persons, amara: str, clock: Time, status: Status) -> None:
    """After two months, and not before; what waits, and the interactions, stay."""
    persons.put_interaction(amara, INTERACTION)
    persons.put_event(amara, EVENT)
    persons.put_event(amara, replace(EVENT, key="WT2#resolved"))
    bring_to(persons, amara, EVENT.key, status)
    clock.pass_(59 * DAY_S)
    assert 2 == len(dossier(persons, amara).events)
    clock.pass_(2 * DAY_S)
    assert [("WT2#resolved", 3, "pending")] == statuses(persons, amara)
    assert (INTERACTION,) == dossier(persons, amara).interactions


@pytest.mark.parametrize("status", STATUSES)
def test_overdue(persons: Persons, amara: str, status: Status) -> None:
    """Whoever has an event that was due before is found once; what is over is not."""
    for number in range(3):
        event = replace(EVENT, key=f"WT{number}#resolved", due_at=NINE + number)
        persons.put_event(amara, event)
        bring_to(persons, amara, event.key, status)
    assert [] == overdue(persons, NINE)
    assert ([amara] if status in {"pending", "sending"} else []) == overdue(persons, NINE + 3)


def test_many_are_overdue(persons: Persons) -> None:
    """Each of them is found, the earliest moments and the latest ones."""
    for number in range(60):
        persons.put_event(f"p{number}", replace(EVENT, due_at=10**number if number < 14 else NINE + number))
    assert {f"p{number}" for number in range(60)} == set(overdue(persons, 10**14))
    assert {f"p{number}" for number in range(5)} == set(overdue(persons, 10**5))


def test_somebody_nobody_knows_has_a_dossier(people: Identities, persons: Persons, clock: Time) -> None:
    """Even when they are forgotten: what is due must come to an end."""
    nobody = opened(people, TASK)
    clock.pass_(61 * DAY_S)
    persons.put_event(nobody, EVENT)
    assert Dossier(Person(id=nobody), (), (EVENT,)) == persons.load_dossier(nobody)
    assert persons.mark_event(nobody, EVENT.key, "refused")


def test_halves_are_put_together(people: Identities, persons: Persons, amara: str) -> None:
    """Each interaction in its latest version, each event once, whoever they were written for."""
    other = opened(people, PHONE)
    persons.put_interaction(amara, INTERACTION)
    persons.put_interaction(other, replace(INTERACTION, version=4, channel="sms"))
    persons.put_interaction(other, replace(INTERACTION, sid="WT2"))
    persons.put_event(other, EVENT)
    assert people.join_persons(amara, other)
    persons.put_event(amara, replace(EVENT, key="WT2#resolved"))
    found = dossier(persons, amara)
    assert (replace(INTERACTION, version=4, channel="sms"), replace(INTERACTION, sid="WT2")) == found.interactions
    assert (EVENT, replace(EVENT, key="WT2#resolved")) == found.events
    assert ((other,), frozenset((EMAIL, PHONE))) == (found.person.halves, found.person.keys)
    assert amara == dossier(persons, other).person.joined_into


def test_the_half_that_brevo_knows_is_the_contact(people: Identities, persons: Persons, amara: str) -> None:
    """Unless the person is known to Brevo themselves; what was told of the half is told again."""
    other = opened(people, PHONE)
    persons.save_delivery(other, "abc", 7, [33])
    people.join_persons(amara, other)
    person = dossier(persons, amara).person
    assert (7, "", frozenset((33,))) == (person.contact_id, person.delivered, person.lists)
    persons.save_delivery(amara, "def", 8, [32])
    assert frozenset((32, 33)) == dossier(persons, amara).person.lists
    assert 8 == dossier(persons, amara).person.contact_id


def test_a_half_s_event_is_marked(people: Identities, persons: Persons, amara: str) -> None:
    """Wherever it stands."""
    other, third = opened(people, PHONE), opened(people, "external#3")
    persons.put_event(third, EVENT)
    people.join_persons(other, third)
    people.join_persons(amara, other)
    assert persons.mark_event(amara, EVENT.key, "sending")
    assert [amara] == overdue(persons, LATEST)
    assert persons.mark_event(amara, EVENT.key, "sent")
    assert [] == overdue(persons, NINE + 99_000)
    assert not persons.mark_event(amara, EVENT.key, "sending")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("half_version", [2, 3, 4])
def test_an_event_that_stands_in_two_halves(
    people: Identities, persons: Persons, amara: str, status: Status, half_version: int
) -> None:
    """Brevo is told once: what it has heard of counts, else the later version; the other one is due no more."""
    other = opened(people, PHONE)
    persons.put_event(other, replace(EVENT, version=half_version))
    bring_to(persons, other, EVENT.key, status)
    people.join_persons(amara, other)
    persons.put_event(amara, EVENT)
    ((_, version, found),) = statuses(persons, amara)
    is_heard_of = status in {"sending", "sent", "refused"}
    assert (half_version if is_heard_of else max(3, half_version)) == version
    told = [persons.mark_event(amara, EVENT.key, "sending") for _ in range(2)]
    assert [found in {"pending", "parked"}, False] == told
    if found in {"pending", "parked", "sending"}:
        assert [amara] == overdue(persons, LATEST)
        assert persons.mark_event(amara, EVENT.key, "sent")
    assert [] == overdue(persons, NINE + 99_000)


WRITES = st.lists(
    st.tuples(
        st.sampled_from(["put", "join", "open", *STATUSES]),
        st.integers(0, 2),
        st.sampled_from(["a", "b"]),
        st.integers(1, 5),
    ),
    max_size=14,
)


@given(writes=WRITES)
@pytest.mark.prove
@settings(max_examples=size(12, 30), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_memory_does_the_same(aws: Aws, writes: list[tuple[Any, int, str, int]]) -> None:
    """Whatever is written for whom in which order, both say the same."""
    name = uuid.uuid4().hex
    table = aws.make(name, SYNC_STATE)
    in_memory = FakeIdentities()
    both: list[tuple[Identities, Persons]] = [
        (in_memory, FakePersons(in_memory)),
        (DynamoIdentities(table), DynamoPersons(table)),
    ]
    answers = [[*told(people, persons, writes)] for people, persons in both]
    aws.client.delete_table(TableName=name)
    assert answers[0] == answers[1]


def told(people: Identities, persons: Persons, writes: list[tuple[Any, int, str, int]]) -> Iterator[object]:
    """Write all that, and say what came of it."""
    ids = [opened(people, f"flex#{number}") for number in range(3)]
    for what, person, key, version in writes:
        if what == "join":
            yield people.join_persons(ids[person], ids[(person + version) % 3])
        elif what == "put":
            yield persons.put_event(ids[person], replace(EVENT, key=key, version=version))
        elif what == "open":
            yield events_of(persons, ids[person])
        else:
            yield persons.mark_event(ids[person], key, what)
    yield [events_of(persons, person) for person in ids]
    yield [ids.index(person) for person in sorted(overdue(persons, NINE * 2), key=ids.index)]


class Meanwhile:
    """A client that lets somebody else act just before its first update."""

    def __init__(self, client: Any, act: Callable[[], object]) -> None:
        self._client = client
        self._act: Callable[[], object] | None = act

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update_item(self, **request: Any) -> Any:
        act, self._act = self._act, None
        if act:
            act()
        return self._client.update_item(**request)


@pytest.mark.parametrize("what", ["sending", "put"])
def test_a_double_that_is_used_meanwhile(aws: Aws, what: str) -> None:
    """Whoever is just telling Brevo of the older row goes first, and a newer version is not lost."""
    table = aws.table(SYNC_STATE)
    people, persons = DynamoIdentities(table), DynamoPersons(table)
    one, other = opened(people, EMAIL), opened(people, PHONE)
    persons.put_event(other, replace(EVENT, version=1))
    people.join_persons(one, other)
    persons.put_event(one, EVENT)

    def act() -> None:
        if what == "sending":
            assert persons.mark_event(other, EVENT.key, "sending")
        else:
            assert persons.put_event(other, replace(EVENT, version=9))

    client: Any = Meanwhile(aws.client, act)
    expected = (EVENT.key, 1, "sending") if what == "sending" else (EVENT.key, 9, "pending")
    assert [expected] == statuses(DynamoPersons(Table(client, SYNC_STATE)), one)
    assert (what == "put") is persons.mark_event(one, EVENT.key, "sending")


def test_one_of_two_deliverers_sends(aws: Aws) -> None:
    """Both read the event as pending, one of them may tell Brevo."""
    one, other = DynamoPersons(aws.table(SYNC_STATE)), DynamoPersons(aws.table(SYNC_STATE))
    one.put_event("p", EVENT)
    assert [True, False] == [each.mark_event("p", EVENT.key, "sending") for each in (one, other)]


def test_a_correction_comes_before_or_after_but_not_between(aws: Aws) -> None:
    """Once Brevo is being told, what is learnt changes the event no more."""
    persons = DynamoPersons(aws.table(SYNC_STATE))
    persons.put_event("p", EVENT)
    persons.mark_event("p", EVENT.key, "sending")
    assert not persons.put_event("p", replace(EVENT, version=4, status="withdrawn"))
    persons.mark_event("p", EVENT.key, "pending")
    assert persons.put_event("p", replace(EVENT, version=4, status="withdrawn"))


def test_rows_without_end_are_read(aws: Aws) -> None:
    """A query goes on where AWS cut it at 1 MB, and so does the one of the index."""
    persons = DynamoPersons(aws.table(SYNC_STATE))
    for number in range(24):
        persons.put_event("p", replace(EVENT, key=f"WT{number}", properties={"reason": "x" * 100_000}))
    assert 24 == len(dossier(persons, "p").events)
    assert ["p"] == overdue(persons, NINE * 2)


def test_what_it_costs(aws: Aws) -> None:
    """A write is one request; the index doubles it while something is due. A dossier is one query a half."""
    client: Any = Metered(aws.client)
    persons = DynamoPersons(Table(client, SYNC_STATE))
    people = DynamoIdentities(aws.table(SYNC_STATE))
    one, other = opened(people, EMAIL), opened(people, PHONE)

    def cost(action: Callable[[], object]) -> tuple[dict[str, int], int]:
        client.requests.clear()
        client.written = 0
        action()
        return dict(client.requests), client.written

    assert ({"put_item": 1}, 1) == cost(lambda: persons.put_interaction(one, INTERACTION))
    assert ({"put_item": 1}, 2) == cost(lambda: persons.put_event(one, EVENT))
    assert ({"query": 1}, 0) == cost(lambda: persons.load_dossier(one))
    assert ({"update_item": 1}, 2) == cost(lambda: persons.mark_event(one, EVENT.key, "sending"))
    assert ({"update_item": 1}, 2) == cost(lambda: persons.mark_event(one, EVENT.key, "sent"))
    assert ({"update_item": 1}, 1) == cost(lambda: persons.save_delivery(one, "abc", 7, [32]))
    people.join_persons(one, other)
    assert ({"query": 2}, 0) == cost(lambda: persons.load_dossier(one))
    assert ({"query": 16}, 0) == cost(lambda: overdue(persons, NINE))


def test_a_table_that_fails_is_unavailable(aws: Aws) -> None:
    """Whatever was asked comes again."""
    persons = DynamoPersons(aws.table(SYNC_STATE))
    aws.client.delete_table(TableName=SYNC_STATE)
    uses: list[Callable[[], object]] = [
        lambda: persons.load_dossier("p"),
        lambda: persons.put_event("p", EVENT),
        lambda: persons.put_interaction("p", INTERACTION),
        lambda: persons.mark_event("p", EVENT.key, "sending"),
        lambda: persons.save_delivery("p", "abc", 7, []),
        lambda: overdue(persons, NINE),
    ]
    for use in uses:
        with pytest.raises(UnavailableError):
            use()


@pytest.mark.parametrize("status", STATUSES)
def test_a_shell_s_rows_move_as_they_are(people: Identities, persons: Persons, amara: str, status: Status) -> None:
    """All of them, once; only what was parked for want of an identifier is due again."""
    shell = opened(people, TASK)
    persons.put_interaction(shell, INTERACTION)
    persons.put_event(shell, EVENT)
    bring_to(persons, shell, EVENT.key, status)
    for _ in range(2):
        persons.move_rows(shell, amara)
    assert [(INTERACTION,), ()] == [dossier(persons, each).interactions for each in (amara, shell)]
    moved = "pending" if status == "parked" else status
    assert ([(EVENT.key, 3, moved)], []) == (statuses(persons, amara), statuses(persons, shell))
    assert [amara] * (moved in {"pending", "sending"}) == overdue(persons, LATEST)


def test_a_task_s_rows_move_alone(people: Identities, persons: Persons, amara: str) -> None:
    """What another contact got is to be sent to the right one; back again it is there once more."""
    ben = opened(people, PHONE)
    other = replace(INTERACTION, sid="WT2")
    for interaction in (INTERACTION, other):
        persons.put_interaction(amara, interaction)
    persons.put_event(amara, EVENT)
    bring_to(persons, amara, EVENT.key, "sent")
    persons.move_rows(amara, ben, {"WT1"})
    assert [(other,), (INTERACTION,)] == [dossier(persons, each).interactions for each in (amara, ben)]
    assert [[], [(EVENT.key, 3, "pending")]] == [statuses(persons, each) for each in (amara, ben)]
    persons.move_rows(ben, amara, {"WT1"})
    assert {"WT1", "WT2"} == {each.sid for each in dossier(persons, amara).interactions}
    assert [(EVENT.key, 3, "pending")] == statuses(persons, amara)


def test_a_row_of_a_former_version_is_read(aws: Aws) -> None:
    """It has no conversation, no keys and no end."""
    table = aws.table(SYNC_STATE)
    people, persons = DynamoIdentities(table), DynamoPersons(table)
    amara = opened(people, EMAIL)
    known: dict[str, Any] = {"channel": "voice", "counts": True, "created_at": NINE, "last_at": NINE, "wait_s": 7}
    told = pack({"sid": "WT1", "version": 3, "values": {}, **known})
    assert table.put({"pk": f"person#{amara}", "sk": "interaction#WT1", "version": 3, "told": told})
    assert (Interaction(sid="WT1", version=3, **known),) == dossier(persons, amara).interactions


def test_old_interactions_are_replaced(people: Identities, persons: Persons, amara: str) -> None:
    """All or nothing; they are found by when they ended, and summaries are not."""
    ended = replace(INTERACTION, ended_at=NINE + 60_000)
    assert persons.put_interaction(amara, ended)
    assert [[], [amara]] == [[*persons.find_aged(NINE + each)] for each in (60_000, 60_001)]
    summary = Interaction(sid="PAST-voice", version=1, counts=True, stands_for=2, waits=1, wait_s=7, ended_at=NINE)
    assert not persons.replace_interactions(amara, [replace(ended, version=2)], [summary])
    assert [ended] == persons.list_interactions(amara)
    assert persons.replace_interactions(amara, [ended], [summary])
    assert [summary] == persons.list_interactions(amara)
    assert [] == [*persons.find_aged(LATEST)]
    assert opened(people, PHONE)


def test_what_a_sync_left_out_counts_once_it_is_wanted(persons: Persons, amara: str) -> None:
    """A skipped event and an old interaction stay so where a live batch writes the same; `revive` changes both."""
    persons.put_rows([(amara, replace(EVENT, status="skipped")), (amara, replace(INTERACTION, is_old=True))])
    persons.put_rows([(amara, EVENT), (amara, INTERACTION)])
    kept = dossier(persons, amara)
    assert [("skipped", True)] == [(kept.events[0].status, kept.interactions[0].is_old)]

    persons.put_rows([(amara, EVENT), (amara, INTERACTION)], revive=True)
    found = dossier(persons, amara)
    assert [("pending", False)] == [(found.events[0].status, found.interactions[0].is_old)]
    persons.put_rows([(amara, replace(INTERACTION, version=2, is_old=True))], revive=True)
    assert not dossier(persons, amara).interactions[0].is_old
