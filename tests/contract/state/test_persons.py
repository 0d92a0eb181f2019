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
from tests.fakes.support import FakeDossiers, FakeIdentities
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.identities import DynamoIdentities
from twilio_bridge.adapters.state.persons import DynamoDossiers
from twilio_bridge.errors import UnavailableError
from twilio_bridge.support.person import BEFORE, Dossier, Interaction, Person, Status, TimelineEvent
from twilio_bridge.support.ports import Dossiers, Identities

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
def stores(request: pytest.FixtureRequest, clock: Time) -> tuple[Identities, Dossiers]:
    clock.stop()
    if request.param == "memory":
        people = FakeIdentities()
        return people, FakeDossiers(people)
    table = request.getfixturevalue("aws").table(SYNC_STATE)
    return DynamoIdentities(table), DynamoDossiers(table)


@pytest.fixture
def people(stores: tuple[Identities, Dossiers]) -> Identities:
    return stores[0]


@pytest.fixture
def dossiers(stores: tuple[Identities, Dossiers]) -> Dossiers:
    return stores[1]


@pytest.fixture
def amara(people: Identities) -> str:
    return opened(people, EMAIL)


def opened(people: Identities, *keys: str) -> str:
    person_id = people.create_person(keys)
    assert person_id
    return person_id


def dossier(dossiers: Dossiers, person_id: str) -> Dossier:
    found = dossiers.open(person_id)
    assert found
    return found


def statuses(dossiers: Dossiers, person_id: str) -> list[tuple[str, int, Status]]:
    return [(event.key, event.version, event.status) for event in dossier(dossiers, person_id).events]


def bring_to(dossiers: Dossiers, person_id: str, key: str, status: Status) -> None:
    """Take an event that is pending to a status, the way it goes."""
    if status in {"sent", "sending"}:
        assert dossiers.mark(person_id, key, "sending")
    if status not in {"sending", "pending"}:
        assert dossiers.mark(person_id, key, status)


def test_nobody_has_no_dossier(dossiers: Dossiers) -> None:
    """Somebody who is not there has nothing."""
    assert dossiers.open("nobody") is None


def test_everything_comes_back(dossiers: Dossiers, amara: str) -> None:
    """As it was written, whatever is in it."""
    assert dossiers.put_interaction(amara, INTERACTION)
    assert dossiers.put_event(amara, EVENT)
    person = Person(id=amara, keys=frozenset((EMAIL,)))
    assert Dossier(person, (INTERACTION,), (EVENT,)) == dossiers.open(amara)
    bare = Interaction(sid="WT2", version=1)
    assert dossiers.put_interaction(amara, bare)
    assert (INTERACTION, bare) == dossier(dossiers, amara).interactions


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_later_interaction_stays(dossiers: Dossiers, amara: str, version: int) -> None:
    """And so does the same one."""
    assert dossiers.put_interaction(amara, INTERACTION)
    assert not dossiers.put_interaction(amara, replace(INTERACTION, version=version, channel="sms"))
    assert (INTERACTION,) == dossier(dossiers, amara).interactions
    assert dossiers.put_interaction(amara, replace(INTERACTION, version=4, wait_s=None))
    assert (replace(INTERACTION, version=4, wait_s=None),) == dossier(dossiers, amara).interactions


@pytest.mark.parametrize("status", STATUSES)
def test_an_event_is_rewritten_until_brevo_hears_of_it(dossiers: Dossiers, amara: str, status: Status) -> None:
    """A later version replaces one that is pending, parked or withdrawn, an earlier one or the same nothing."""
    assert dossiers.put_event(amara, EVENT)
    bring_to(dossiers, amara, EVENT.key, status)
    assert not dossiers.put_event(amara, replace(EVENT, version=2))
    assert not dossiers.put_event(amara, EVENT)
    is_open = status in {"pending", "parked", "withdrawn"}
    later = replace(EVENT, version=4, due_at=NINE + 9_000)
    assert is_open is dossiers.put_event(amara, later)
    assert [(EVENT.key, 4, "pending") if is_open else (EVENT.key, 3, status)] == statuses(dossiers, amara)


def test_an_event_is_withdrawn_and_comes_back(dossiers: Dossiers, amara: str) -> None:
    """What is learnt later counts, either way."""
    dossiers.put_event(amara, EVENT)
    assert dossiers.put_event(amara, replace(EVENT, version=4, status="withdrawn"))
    assert not dossiers.mark(amara, EVENT.key, "sending")
    assert [] == list(dossiers.overdue(NINE + 99_000))
    assert dossiers.put_event(amara, replace(EVENT, version=5))
    assert [amara] == list(dossiers.overdue(NINE + 99_000))
    assert dossiers.mark(amara, EVENT.key, "sending")


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_what_may_become_what(dossiers: Dossiers, amara: str, before: Status, after: Status) -> None:
    """Of two who do the same the second finds it gone."""
    dossiers.put_event(amara, EVENT)
    bring_to(dossiers, amara, EVENT.key, before)
    is_allowed = before in BEFORE[after]
    assert is_allowed is dossiers.mark(amara, EVENT.key, after)
    assert [(EVENT.key, 3, after if is_allowed else before)] == statuses(dossiers, amara)


def test_another_version_is_another_event(dossiers: Dossiers, amara: str) -> None:
    """Whoever read an older one does not tell it once a newer one stands there."""
    dossiers.put_event(amara, EVENT)
    assert not dossiers.mark(amara, EVENT.key, "sending", EVENT.version - 1)
    assert not dossiers.mark(amara, EVENT.key, "sending", EVENT.version + 1)
    assert dossiers.mark(amara, EVENT.key, "sending", EVENT.version)


def test_an_event_that_is_not_there(dossiers: Dossiers, amara: str) -> None:
    """Nothing is made of it."""
    assert not dossiers.mark(amara, EVENT.key, "sending")
    assert not dossiers.mark("nobody", EVENT.key, "sending")
    assert () == dossier(dossiers, amara).events


def test_tries_are_counted(dossiers: Dossiers, amara: str) -> None:
    """Each time that Brevo is about to be asked."""
    dossiers.put_event(amara, EVENT)
    for _ in range(3):
        dossiers.mark(amara, EVENT.key, "sending")
        dossiers.mark(amara, EVENT.key, "pending")
    dossiers.mark(amara, EVENT.key, "sending")
    dossiers.mark(amara, EVENT.key, "sent")
    assert (replace(EVENT, status="sent", tries=4),) == dossier(dossiers, amara).events


def test_what_brevo_accepted_is_remembered(dossiers: Dossiers, amara: str) -> None:
    """The digest as it was last, and the contact's id once it was told."""
    dossiers.delivered(amara, "abc", 7)
    dossiers.delivered(amara, "def", None)
    person = dossier(dossiers, amara).person
    assert (7, "def", frozenset((EMAIL,))) == (person.contact_id, person.delivered, person.keys)


@pytest.mark.parametrize("status", ["sent", "refused", "withdrawn"])
def test_what_is_over_goes(dossiers: Dossiers, amara: str, clock: Time, status: Status) -> None:
    """After two months, and not before; what waits, and the interactions, stay."""
    dossiers.put_interaction(amara, INTERACTION)
    dossiers.put_event(amara, EVENT)
    dossiers.put_event(amara, replace(EVENT, key="WT2#resolved"))
    bring_to(dossiers, amara, EVENT.key, status)
    clock.pass_(59 * DAY_S)
    assert 2 == len(dossier(dossiers, amara).events)
    clock.pass_(2 * DAY_S)
    assert [("WT2#resolved", 3, "pending")] == statuses(dossiers, amara)
    assert (INTERACTION,) == dossier(dossiers, amara).interactions


@pytest.mark.parametrize("status", STATUSES)
def test_overdue(dossiers: Dossiers, amara: str, status: Status) -> None:
    """Whoever has an event that was due before is found once; what is over is not."""
    for number in range(3):
        event = replace(EVENT, key=f"WT{number}#resolved", due_at=NINE + number)
        dossiers.put_event(amara, event)
        bring_to(dossiers, amara, event.key, status)
    assert [] == list(dossiers.overdue(NINE))
    assert ([amara] if status in {"pending", "sending"} else []) == list(dossiers.overdue(NINE + 3))


def test_many_are_overdue(dossiers: Dossiers) -> None:
    """Each of them is found, the earliest moments and the latest ones."""
    for number in range(60):
        dossiers.put_event(f"p{number}", replace(EVENT, due_at=10**number if number < 14 else NINE + number))
    assert {f"p{number}" for number in range(60)} == set(dossiers.overdue(10**14))
    assert {f"p{number}" for number in range(5)} == set(dossiers.overdue(10**5))


def test_somebody_nobody_knows_has_a_dossier(people: Identities, dossiers: Dossiers, clock: Time) -> None:
    """Even when they are forgotten: what is due must come to an end."""
    nobody = opened(people, TASK)
    clock.pass_(61 * DAY_S)
    dossiers.put_event(nobody, EVENT)
    assert Dossier(Person(id=nobody), (), (EVENT,)) == dossiers.open(nobody)
    assert dossiers.mark(nobody, EVENT.key, "refused")


def test_halves_are_put_together(people: Identities, dossiers: Dossiers, amara: str) -> None:
    """Each interaction in its latest version, each event once, whoever they were written for."""
    other = opened(people, PHONE)
    dossiers.put_interaction(amara, INTERACTION)
    dossiers.put_interaction(other, replace(INTERACTION, version=4, channel="sms"))
    dossiers.put_interaction(other, replace(INTERACTION, sid="WT2"))
    dossiers.put_event(other, EVENT)
    assert people.join_persons(amara, other)
    dossiers.put_event(amara, replace(EVENT, key="WT2#resolved"))
    found = dossier(dossiers, amara)
    assert (replace(INTERACTION, version=4, channel="sms"), replace(INTERACTION, sid="WT2")) == found.interactions
    assert (EVENT, replace(EVENT, key="WT2#resolved")) == found.events
    assert ((other,), frozenset((EMAIL, PHONE))) == (found.person.halves, found.person.keys)
    assert amara == dossier(dossiers, other).person.joined_into


def test_the_half_that_brevo_knows_is_the_contact(people: Identities, dossiers: Dossiers, amara: str) -> None:
    """Unless the person is known to Brevo themselves; what was told of the half is told again."""
    other = opened(people, PHONE)
    dossiers.delivered(other, "abc", 7)
    people.join_persons(amara, other)
    assert (7, "") == (dossier(dossiers, amara).person.contact_id, dossier(dossiers, amara).person.delivered)
    dossiers.delivered(amara, "def", 8)
    assert 8 == dossier(dossiers, amara).person.contact_id


def test_a_half_s_event_is_marked(people: Identities, dossiers: Dossiers, amara: str) -> None:
    """Wherever it stands."""
    other, third = opened(people, PHONE), opened(people, "external#3")
    dossiers.put_event(third, EVENT)
    people.join_persons(other, third)
    people.join_persons(amara, other)
    assert dossiers.mark(amara, EVENT.key, "sending")
    assert [third] == list(dossiers.overdue(NINE + 99_000))
    assert dossiers.mark(amara, EVENT.key, "sent")
    assert [] == list(dossiers.overdue(NINE + 99_000))
    assert not dossiers.mark(amara, EVENT.key, "sending")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("half_version", [2, 3, 4])
def test_an_event_that_stands_in_two_halves(
    people: Identities, dossiers: Dossiers, amara: str, status: Status, half_version: int
) -> None:
    """Brevo is told once: what it has heard of counts, else the later version; the other one is due no more."""
    other = opened(people, PHONE)
    dossiers.put_event(other, replace(EVENT, version=half_version))
    bring_to(dossiers, other, EVENT.key, status)
    people.join_persons(amara, other)
    dossiers.put_event(amara, EVENT)
    ((_, version, found),) = statuses(dossiers, amara)
    is_heard_of = status in {"sending", "sent", "refused"}
    assert (half_version if is_heard_of else max(3, half_version)) == version
    told = [dossiers.mark(amara, EVENT.key, "sending") for _ in range(2)]
    assert [found in {"pending", "parked"}, False] == told
    if found in {"pending", "parked", "sending"}:
        assert [other if half_version > 3 or found == "sending" else amara] == list(dossiers.overdue(LATEST))
        assert dossiers.mark(amara, EVENT.key, "sent")
    assert [] == list(dossiers.overdue(NINE + 99_000))


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
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_memory_does_the_same(aws: Aws, writes: list[tuple[Any, int, str, int]]) -> None:
    """Whatever is written for whom in which order, both say the same."""
    name = uuid.uuid4().hex
    table = aws.make(name, SYNC_STATE)
    in_memory = FakeIdentities()
    both: list[tuple[Identities, Dossiers]] = [
        (in_memory, FakeDossiers(in_memory)),
        (DynamoIdentities(table), DynamoDossiers(table)),
    ]
    answers = [[*told(people, dossiers, writes)] for people, dossiers in both]
    aws.client.delete_table(TableName=name)
    assert answers[0] == answers[1]


def told(people: Identities, dossiers: Dossiers, writes: list[tuple[Any, int, str, int]]) -> Iterator[object]:
    """Write all that, and say what came of it."""
    persons = [opened(people, f"flex#{number}") for number in range(3)]
    for what, person, key, version in writes:
        if what == "join":
            yield people.join_persons(persons[person], persons[(person + version) % 3])
        elif what == "put":
            yield dossiers.put_event(persons[person], replace(EVENT, key=key, version=version))
        elif what == "open":
            yield dossier(dossiers, persons[person]).events
        else:
            yield dossiers.mark(persons[person], key, what)
    yield [dossier(dossiers, person).events for person in persons]
    yield [persons.index(person) for person in sorted(dossiers.overdue(NINE * 2), key=persons.index)]


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
    people, dossiers = DynamoIdentities(table), DynamoDossiers(table)
    one, other = opened(people, EMAIL), opened(people, PHONE)
    dossiers.put_event(other, replace(EVENT, version=1))
    people.join_persons(one, other)
    dossiers.put_event(one, EVENT)

    def act() -> None:
        if what == "sending":
            assert dossiers.mark(other, EVENT.key, "sending")
        else:
            assert dossiers.put_event(other, replace(EVENT, version=9))

    client: Any = Meanwhile(aws.client, act)
    expected = (EVENT.key, 1, "sending") if what == "sending" else (EVENT.key, 9, "pending")
    assert [expected] == statuses(DynamoDossiers(Table(client, SYNC_STATE)), one)
    assert (what == "put") is dossiers.mark(one, EVENT.key, "sending")


def test_one_of_two_deliverers_sends(aws: Aws) -> None:
    """Both read the event as pending, one of them may tell Brevo."""
    one, other = DynamoDossiers(aws.table(SYNC_STATE)), DynamoDossiers(aws.table(SYNC_STATE))
    one.put_event("p", EVENT)
    assert [True, False] == [one.mark("p", EVENT.key, "sending"), other.mark("p", EVENT.key, "sending")]


def test_a_correction_comes_before_or_after_but_not_between(aws: Aws) -> None:
    """Once Brevo is being told, what is learnt changes the event no more."""
    dossiers = DynamoDossiers(aws.table(SYNC_STATE))
    dossiers.put_event("p", EVENT)
    dossiers.mark("p", EVENT.key, "sending")
    assert not dossiers.put_event("p", replace(EVENT, version=4, status="withdrawn"))
    dossiers.mark("p", EVENT.key, "pending")
    assert dossiers.put_event("p", replace(EVENT, version=4, status="withdrawn"))


def test_rows_without_end_are_read(aws: Aws) -> None:
    """A query goes on where AWS cut it at 1 MB, and so does the one of the index."""
    dossiers = DynamoDossiers(aws.table(SYNC_STATE))
    for number in range(24):
        dossiers.put_event("p", replace(EVENT, key=f"WT{number}", properties={"reason": "x" * 100_000}))
    assert 24 == len(dossier(dossiers, "p").events)
    assert ["p"] == list(dossiers.overdue(NINE * 2))


def test_what_it_costs(aws: Aws) -> None:
    """A write is one request; the index doubles it while something is due. A dossier is one query a half."""
    client: Any = Metered(aws.client)
    dossiers = DynamoDossiers(Table(client, SYNC_STATE))
    people = DynamoIdentities(aws.table(SYNC_STATE))
    one, other = opened(people, EMAIL), opened(people, PHONE)

    def cost(action: Callable[[], object]) -> tuple[dict[str, int], int]:
        client.requests.clear()
        client.written = 0
        action()
        return dict(client.requests), client.written

    assert ({"put_item": 1}, 1) == cost(lambda: dossiers.put_interaction(one, INTERACTION))
    assert ({"put_item": 1}, 2) == cost(lambda: dossiers.put_event(one, EVENT))
    assert ({"query": 1}, 0) == cost(lambda: dossiers.open(one))
    assert ({"update_item": 1}, 2) == cost(lambda: dossiers.mark(one, EVENT.key, "sending"))
    assert ({"update_item": 1}, 2) == cost(lambda: dossiers.mark(one, EVENT.key, "sent"))
    assert ({"update_item": 1}, 1) == cost(lambda: dossiers.delivered(one, "abc", 7))
    people.join_persons(one, other)
    assert ({"query": 2}, 0) == cost(lambda: dossiers.open(one))
    assert ({"query": 16}, 0) == cost(lambda: list(dossiers.overdue(NINE)))


def test_a_table_that_fails_is_unavailable(aws: Aws) -> None:
    """Whatever was asked comes again."""
    dossiers = DynamoDossiers(aws.table(SYNC_STATE))
    aws.client.delete_table(TableName=SYNC_STATE)
    uses: list[Callable[[], object]] = [
        lambda: dossiers.open("p"),
        lambda: dossiers.put_event("p", EVENT),
        lambda: dossiers.put_interaction("p", INTERACTION),
        lambda: dossiers.mark("p", EVENT.key, "sending"),
        lambda: dossiers.delivered("p", "abc", 7),
        lambda: list(dossiers.overdue(NINE)),
    ]
    for use in uses:
        with pytest.raises(UnavailableError):
            use()
