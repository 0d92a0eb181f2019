"""Routing: each step of the chain, what comes after it fails, and never a silent success without a worker."""

from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.base import FakeMessaging
from tests.unit.build import (
    ANN,
    ANYTHING,
    BEN,
    CONVERSATION,
    HOSTILE,
    JO,
    OURS,
    SAM,
    World,
    ask,
    contact,
    customer,
    form,
    worker,
    world,
)
from twilio_bridge.errors import BadRequestError, BridgeError, RefusedError, RoutingError, UnavailableError
from twilio_bridge.frontline import routing
from twilio_bridge.frontline.worker_choice import MAX_LOOKUPS, Inbound, choose_workers
from twilio_bridge.ports import User

KIM = "kim@example.com"
INBOUND = {
    "ConversationSid": CONVERSATION,
    "FriendlyName": "",
    "UniqueName": "",
    "Attributes": "{}",
    "ConversationServiceSid": "IS" + "0" * 32,
    "State": "active",
    "DateCreated": "2026-01-01T00:00:00.000Z",
    "DateUpdated": "2026-01-01T00:00:00.000Z",
    "MessagingBinding.ProxyAddress": OURS,
    "MessagingBinding.Address": ANN,
}
TEAM = f"""
workers:
  {JO}: {{}}
  {SAM}: {{}}
  {KIM}: {{}}
routing: {{default_worker: boss@example.com}}
"""
OWN_NUMBER = f'workers: {{{JO}: {{}}, {SAM}: {{sms: "{OURS}"}}, {KIM}: {{}}}}'
AWAY = UnavailableError("twilio", "x")


def office(
    *given_contacts: object, settings: str = "", sids: tuple[str, ...] = (CONVERSATION,), **parts: object
) -> World:
    made = world(*given_contacts, settings=settings, **parts)  # type: ignore[arg-type]  # contacts, as the callers give
    made.messaging.conversations = {sid: [customer()] for sid in sids}
    made.messaging.away = {JO, SAM, KIM}
    return made


def route(made: World, **parameters: str) -> object:
    answer = routing.answer(form(**{**INBOUND, **parameters}), made.routing)
    assert isinstance(answer.body, dict)
    return answer.body["step"]


def workers_in(made: World, sid: str = CONVERSATION) -> list[str]:
    return [found.identity for found in made.messaging.conversations[sid] if found.identity]


@pytest.mark.parametrize(
    ("stored", "address"),
    [
        ({"sms": ANN}, ANN),
        ({"whatsapp": ANN}, f"whatsapp:{ANN}"),
        ({"sms": ANN}, f"whatsapp:{ANN}"),
        ({"sms": "+5511987654321"}, "whatsapp:+551187654321"),
    ],
)
def test_owner(stored: dict[str, str], address: str) -> None:
    """A contact's conversation is its owner's, on whichever channel it comes."""
    made = office(contact("r1", **stored), settings=TEAM)

    assert route(made, **{"MessagingBinding.Address": address}) == "owner"
    assert workers_in(made) == [JO]


def test_owner_in_a_group() -> None:
    """In a group the one who wrote counts, and the worker gets the projected address."""
    made = office(contact("r1", sms=BEN, owner=SAM))
    group = {
        "MessagingBinding.Address": f"{ANN}, {OURS}",
        "MessagingBinding.AuthorAddress": BEN,
        "MessagingBinding.ProjectedAddress": OURS,
    }

    assert route(made, **group) == "owner"
    assert [(SAM, OURS)] == [(p.identity, p.address) for p in made.messaging.conversations[CONVERSATION] if p.identity]


@pytest.mark.parametrize("given_contacts", [[], [contact("r1", sms=ANN, owner="")], [contact("r1", sms=BEN)]])
def test_number_owner(given_contacts: list[object]) -> None:
    """A stranger, or a contact without owner, goes to the worker whose number was written to."""
    made = office(*given_contacts, settings=OWN_NUMBER)

    assert route(made) == "number_owner"
    assert workers_in(made) == [SAM]


def test_number_owner_by_channel() -> None:
    """A number is somebody's own on its channel only."""
    made = office(settings=OWN_NUMBER)
    made.messaging.available = {KIM}

    assert route(made, **{"MessagingBinding.ProxyAddress": f"whatsapp:{OURS}"}) == "available"


@pytest.mark.parametrize("available", [{JO}, {SAM}])
def test_shared_number(available: set[str]) -> None:
    """Of several with the same number an available one is taken."""
    made = office(settings=f'workers: {{{JO}: {{sms: "{OURS}"}}, {SAM}: {{sms: "{OURS}"}}}}')
    made.messaging.available = set(available)

    assert route(made) == "number_owner"
    assert set(workers_in(made)) == available


def test_shared_number_with_nobody_available() -> None:
    """Where none of them is available one of them is taken all the same."""
    made = office(settings=f'workers: {{{JO}: {{sms: "{OURS}"}}, {SAM}: {{sms: "{OURS}"}}, {KIM}: {{}}}}')

    assert route(made) == "number_owner"
    assert workers_in(made)[0] in {JO, SAM}


def test_available() -> None:
    """Without an owner an available worker gets it."""
    made = office(settings=TEAM)
    made.messaging.available = {KIM}

    assert route(made) == "available"
    assert workers_in(made) == [KIM]


def test_random() -> None:
    """Where nobody is available anybody gets it."""
    made = office(settings=TEAM)

    assert route(made) == "random"
    assert workers_in(made)[0] in {JO, SAM, KIM}


def test_owners_are_the_workers() -> None:
    """Where no workers are configured, those whom contacts name are."""
    made = office(contact("r1", sms=BEN, owner=SAM))

    assert route(made) == "random"
    assert workers_in(made) == [SAM]


def test_same_owner_in_two_cases() -> None:
    """An owner written in two ways is one worker."""
    made = office(contact("r1", owner=SAM), contact("r2", owner=SAM.upper()))

    assert route(made) == "random"
    assert workers_in(made)[0].casefold() == SAM


def test_default() -> None:
    """Where there are no workers at all the default one gets it."""
    made = office(settings="routing: {default_worker: boss@example.com}")

    assert route(made) == "default"
    assert workers_in(made) == ["boss@example.com"]


@pytest.mark.parametrize(
    ("chain", "expected"),
    [("[default, owner]", "default"), ("[random]", "random"), ("[number_owner, owner]", "owner"), ("[owner]", "owner")],
)
def test_configured_chain(chain: str, expected: str) -> None:
    """The chain is tried in the order it is configured in."""
    settings = f"workers: {{{SAM}: {{}}}}\nrouting: {{chain: {chain}, default_worker: boss@example.com}}"

    assert expected == route(office(contact("r1", sms=ANN), settings=settings))


@pytest.mark.parametrize("settings", ["", "routing: {chain: [owner]}"])
def test_nobody(settings: str) -> None:
    """Where no step finds anybody that is an error: a silent 200 would leave the conversation alone."""
    made = office(settings=settings)
    values = form(**INBOUND)
    status, _ = ask(lambda given_form: routing.answer(given_form, made.routing), values)

    assert status == 502
    assert workers_in(made) == []
    with pytest.raises(RoutingError, match="default_worker"):
        routing.answer(values, made.routing)


def test_the_worker_cannot_be_added() -> None:
    """Where the chosen worker cannot be added that is an error as well."""
    made = office(contact("r1", sms=ANN), sids=())

    with pytest.raises(RoutingError, match="'owner'"):
        route(made)


def test_called_twice() -> None:
    """A repeated call adds nobody on top."""
    made = office(settings=TEAM)
    route(made)
    made.messaging.available = {JO, SAM, KIM}

    assert route(made) == "already there"
    assert len(workers_in(made)) == 1


def test_same_worker_on_a_repeated_call() -> None:
    """Where the participants cannot be listed a repeated call finds the same worker, so nobody is added on top."""
    first, again = office(settings=TEAM), office(settings=TEAM)
    route(first)

    assert next(choose_workers(inbound(), again.routing)).worker == workers_in(first)[0]


def inbound(sid: str = CONVERSATION) -> Inbound:
    return Inbound(sid, ANN, OURS)


def test_fair() -> None:
    """Over many conversations everybody gets their share."""
    made = office(settings=TEAM)
    counted = Counter(next(choose_workers(inbound(f"CH{n:032}"), made.routing)).worker for n in range(600))

    assert {JO, SAM, KIM} == set(counted)
    assert min(counted.values()) > 120


def test_worker_is_there_already() -> None:
    """Somebody whom the app has added stays the only one."""
    made = office(contact("r1", sms=ANN))
    made.messaging.conversations[CONVERSATION].append(worker(SAM))

    assert route(made) == "already there"
    assert workers_in(made) == [SAM]


def test_failing_step() -> None:
    """A step that fails is passed over."""
    made = office(settings=TEAM)

    class Failing(type(made.messaging)):  # type: ignore[misc]  # the class is only known here
        def fetch_user(self, _identity: str) -> User | None:
            raise AWAY

    made.messaging = Failing(made.messaging.conversations)

    assert route(made) == "random"


def test_contacts_away() -> None:
    """Where contacts cannot be read the chain goes on without them."""
    made = office(contact("r1", sms=ANN), settings=TEAM, loaded=False)
    made.source.failure = AWAY
    made.messaging.available = {KIM}

    assert route(made) == "available"


def test_twilio_away() -> None:
    """Where Twilio is away no success is claimed."""
    made = office(contact("r1", sms=ANN))
    made.messaging.failure = AWAY

    with pytest.raises(RoutingError):
        route(made)


def test_refused() -> None:
    """A worker whom Twilio refuses is a failure that names the step that chose them."""
    made = office(contact("r1", sms=ANN))
    made.messaging.failure = RefusedError("twilio", "status 400", code=50407)

    with pytest.raises(RoutingError, match="status 400"):
        route(made)


def test_few_are_looked_at() -> None:
    """However many workers there are, only some are looked at."""
    settings = "workers: {" + ", ".join(f"w{n}: {{}}" for n in range(100)) + "}"
    made = office(settings=settings)
    looked_at: list[str] = []

    class Counting(type(made.messaging)):  # type: ignore[misc]  # as above
        def fetch_user(self, identity: str) -> User | None:
            looked_at.append(identity)
            return User(identity=identity)

    made.messaging = Counting(made.messaging.conversations)

    assert route(made) == "random"
    assert len(looked_at) == MAX_LOOKUPS


def test_missing_sid() -> None:
    """Without a ConversationSid there is nothing to route."""
    with pytest.raises(BadRequestError, match="ConversationSid"):
        route(office(), ConversationSid="")


@pytest.mark.parametrize("name", [*INBOUND, "MessagingBinding.AuthorAddress", "MessagingBinding.ProjectedAddress"])
def test_hostile(name: str) -> None:
    """Whatever one parameter holds, the answer is JSON, and a failure is one that Twilio may see."""
    for value in HOSTILE:
        made = office(contact("r1", sms=ANN), settings=TEAM, sids=(CONVERSATION, value.strip()))
        values = form(**{**INBOUND, name: value})
        status, _ = ask(lambda given_form, made=made: routing.answer(given_form, made.routing), values)  # type: ignore[misc]
        assert status in {200, 400}, value


@given(st.dictionaries(st.sampled_from(sorted(INBOUND)), ANYTHING))
def test_any_parameters(parameters: dict[str, str]) -> None:
    """Whatever the parameters hold, no error but ours is raised."""
    try:
        assert route(office(contact("r1", sms=ANN), settings=TEAM), **parameters)
    except BridgeError as error:
        assert isinstance(error, (BadRequestError, RoutingError))  # noqa: PT017


def test_owner_by_identity() -> None:
    """Twilio's identities are case-sensitive, a cell is not: the configured worker is added."""
    made = office(contact("r1", sms=ANN, owner="Jo@Example.com"), settings=f"workers: {{{JO}: {{}}}}")
    route(made)

    assert workers_in(made) == [JO]


NOBODY_IS_CALLED_SO = [
    "Unassigned",
    "Jo Smith",
    "rec00000000000009",
    "left@example.com",
    "x" * 300,
    "nobody@example.com",
]


@pytest.mark.parametrize("owner", NOBODY_IS_CALLED_SO)
def test_text_that_is_no_worker(owner: str) -> None:
    """It is never added: the next step's worker is."""
    made = office(contact("r1", sms=ANN, owner=owner), settings=TEAM)
    made.messaging.left = {"left@example.com"}
    made.messaging.available = {KIM}

    assert route(made) == "available"
    assert workers_in(made) == [KIM]


@pytest.mark.parametrize("owner", NOBODY_IS_CALLED_SO)
def test_text_that_is_no_worker_and_nobody_else(owner: str) -> None:
    """Without another worker the failure is reported; nobody is not a worker."""
    made = office(contact("r1", sms=ANN, owner=owner))
    made.messaging.left = {"left@example.com"}

    with pytest.raises(RoutingError):
        route(made)
    assert workers_in(made) == []


@pytest.mark.parametrize("owner", [JO, "Jo@Example.com", " JO@EXAMPLE.COM "])
@pytest.mark.parametrize("known_by", ["workers", "default_worker", "seen", "frontline", "conversations"])
def test_owner_in_their_own_spelling(owner: str, known_by: str) -> None:
    """Whoever knows the worker decides how the identity is spelled."""
    settings = {"workers": f"workers: {{{JO}: {{}}}}", "default_worker": f"routing: {{default_worker: {JO}}}"}
    made = office(contact("r1", sms=ANN, owner=owner), settings=settings.get(known_by, ""))
    made.messaging.away = {JO} if known_by == "frontline" else set()
    made.messaging.chat_users = {JO} if known_by == "conversations" else set()
    made.seen_workers.identities = [SAM, JO] if known_by == "seen" else []

    assert route(made) == "owner"
    assert workers_in(made) == [JO]


def test_identities_that_differ_in_case_only() -> None:
    """The very same one comes first."""
    made = office(contact("r1", sms=ANN, owner="Jo@example.com"))
    made.seen_workers.identities = [JO, "Jo@example.com"]

    route(made)
    assert workers_in(made) == ["Jo@example.com"]


@pytest.mark.parametrize("known_by", ["workers", "seen", "default_worker"])
def test_a_worker_who_left(known_by: str) -> None:
    """A deactivated user is nobody's worker, whoever still names them."""
    settings = {"workers": f"workers: {{{JO}: {{}}}}", "default_worker": f"routing: {{default_worker: {JO}}}"}
    made = office(contact("r1", sms=ANN, owner=JO), settings=settings.get(known_by, ""))
    made.messaging.away, made.messaging.left = {SAM}, {JO}
    made.seen_workers.identities = [JO, SAM] if known_by == "seen" else [SAM]

    with suppress(RoutingError):  # where they are the only one
        assert route(made) == "random"
    assert JO not in workers_in(made)
    assert workers_in(made) == ([] if known_by == "workers" else [SAM])


class UsersAway(FakeMessaging):
    """Twilio does not answer who is a user."""

    def fetch_user(self, _identity: str) -> User | None:
        raise AWAY

    def fetch_chat_user(self, _identity: str, _service_sid: str = "") -> User | None:
        raise AWAY


def without_users(*given_contacts: object, settings: str = "") -> World:
    made = office(*given_contacts, settings=settings)
    made.messaging = UsersAway(made.messaging.conversations)
    return made


def test_an_unanswered_question_does_not_make_an_owner_unknown() -> None:
    """What is spelled as an identity is added, for only a 404 means that there is nobody."""
    made = without_users(contact("r1", sms=ANN, owner=SAM), settings=f"workers: {{{JO}: {{}}}}")

    assert route(made) == "owner"
    assert workers_in(made) == [SAM]


@pytest.mark.parametrize("owner", ["Unassigned", "Jo Smith", "Sam@Example.com"])
def test_doubtful_owners_come_last(owner: str) -> None:
    """Before somebody who may be nobody comes everybody who is known."""
    made = without_users(contact("r1", sms=ANN, owner=owner), settings=f"workers: {{{JO}: {{}}}}")
    assert route(made) == "random"
    assert workers_in(made) == [JO]

    made = without_users(contact("r1", sms=ANN, owner=owner), settings="routing: {chain: [owner]}")
    assert route(made) == "owner"
    assert workers_in(made) == [owner]


def test_twilio_refuses_the_owner() -> None:
    """The next step's worker is added."""
    made = office(contact("r1", sms=ANN, owner=SAM), settings=TEAM)

    class Refusing(FakeMessaging):
        def add_worker(
            self, conversation_sid: str, worker: str, projected_address: str = "", service_sid: str = ""
        ) -> None:
            if worker == SAM:
                raise RefusedError("twilio", "status 400, error 50407", code=50407)
            super().add_worker(conversation_sid, worker, projected_address, service_sid)

    made.messaging = Refusing(made.messaging.conversations, {KIM}, away={SAM})
    assert route(made) == "available"
    assert workers_in(made) == [KIM]


def test_a_customer_in_a_chat_is_no_worker() -> None:
    """A conversation whose only chat participant is the customer gets a worker; each of them is a chat user."""
    made = office(settings=f"workers: {{{JO}: {{}}}}")
    made.messaging.conversations[CONVERSATION] = [worker("visitor-17")]
    made.messaging.chat_users = {"visitor-17", "visitor@example.com"}

    assert route(made) == "random"
    assert workers_in(made) == ["visitor-17", JO]


def test_a_worker_who_left_is_no_worker_in_a_conversation() -> None:
    """Nobody reads what is written to them."""
    made = office(settings=TEAM)
    made.messaging.conversations[CONVERSATION].append(worker(JO))
    made.messaging.away, made.messaging.left = {SAM, KIM}, {JO}

    assert route(made) == "random"
    assert workers_in(made)[1] in {SAM, KIM}


@pytest.mark.parametrize("name", ["ConversationServiceSid", "ChatServiceSid"])
def test_a_conversation_in_a_service_of_its_own(name: str) -> None:
    """Its participants are read, and the worker is added, there."""
    service = "IS" + "7" * 32
    made = office(contact("r1", sms=ANN, owner=SAM))
    made.messaging.services = {CONVERSATION: service}

    assert route(made, **{"ConversationServiceSid": "", name: service}) == "owner"
    assert workers_in(made) == [SAM]
    assert route(made, **{"ConversationServiceSid": "", name: service}) == "already there"


GROUP = {"MessagingBinding.Address": f"{ANN}, {OURS}, {BEN}", "MessagingBinding.AuthorAddress": BEN}


@pytest.mark.parametrize(
    ("binding", "there", "ours"),
    [
        ({"MessagingBinding.ProxyAddress": OURS}, [ANN, BEN], OURS),
        ({"MessagingBinding.ProxyAddress": ""}, [ANN, BEN], OURS),  # a configured number
        (
            {"MessagingBinding.ProxyAddress": "", "MessagingBinding.Address": f"{ANN},+14155550199,{BEN}"},
            [ANN, BEN],
            "+14155550199",
        ),
        ({"MessagingBinding.ProxyAddress": "", "MessagingBinding.Address": f"{ANN}, {BEN}"}, [ANN, BEN], OURS),
        ({"MessagingBinding.ProjectedAddress": "+14155550177"}, [ANN, BEN], "+14155550177"),
    ],
)
def test_a_group_without_projected_address(binding: dict[str, str], there: list[str], ours: str) -> None:
    """The worker is projected by our number, else Twilio refuses (50434)."""
    made = office(contact("r1", sms=BEN, owner=SAM))
    made.messaging.conversations[CONVERSATION] = [customer(address, sid=f"MB{address}") for address in there]

    assert route(made, **{**GROUP, **binding}) == "owner"
    assert [ours] == [p.address for p in made.messaging.conversations[CONVERSATION] if p.identity == SAM]


def test_a_group_in_repeated_parameters() -> None:
    """Each address by itself; the first that wrote is looked up where no author is named."""
    made = office(contact("r1", sms=ANN, owner=SAM))
    values: dict[str, str | list[str]] = {**INBOUND, "MessagingBinding.Address": [ANN, BEN]}

    routing.answer(form(**values), made.routing)
    assert [(SAM, OURS)] == [(p.identity, p.address) for p in made.messaging.conversations[CONVERSATION] if p.identity]


def test_a_group_that_does_not_show_as_one() -> None:
    """Where Twilio refuses with 50434 the worker is added by our number."""
    made = office(contact("r1", sms=ANN, owner=SAM))

    class Group(FakeMessaging):
        def add_worker(
            self, conversation_sid: str, worker: str, projected_address: str = "", service_sid: str = ""
        ) -> None:
            if not projected_address:
                raise RefusedError("twilio", "status 400, error 50434", code=50434)
            super().add_worker(conversation_sid, worker, projected_address, service_sid)

    made.messaging = Group(made.messaging.conversations, away={SAM})
    assert route(made) == "owner"
    assert [(SAM, OURS)] == [(p.identity, p.address) for p in made.messaging.conversations[CONVERSATION] if p.identity]


def test_a_whatsapp_user_name_is_routed() -> None:
    """An address without a number is a stranger's."""
    made = office(settings=f"workers: {{{JO}: {{}}}}")

    assert route(made, **{"MessagingBinding.Address": "whatsapp:US.ABC123XYZ"}) == "random"
    assert workers_in(made) == [JO]


@pytest.mark.parametrize(
    ("owners", "expected"),
    [((SAM, KIM), SAM), (("Unassigned", KIM), KIM), (("left@example.com", "SAM@example.com"), SAM)],
)
def test_several_owners(owners: tuple[str, str], expected: str) -> None:
    """The first of them who is a worker gets the conversation."""
    made = office(contact("r1", sms=ANN, owner=owners[0], co_owners=owners[1:]))
    made.messaging.left = {"left@example.com"}

    assert route(made) == "owner"
    assert workers_in(made) == [expected]


def test_twilio_refuses_one_of_several_owners() -> None:
    """The next one is added."""
    made = office(contact("r1", sms=ANN, owner=SAM, co_owners=(KIM,)))

    class Refusing(FakeMessaging):
        def add_worker(
            self, conversation_sid: str, worker: str, projected_address: str = "", service_sid: str = ""
        ) -> None:
            if worker == SAM:
                raise RefusedError("twilio", "status 400, error 50407", code=50407)
            super().add_worker(conversation_sid, worker, projected_address, service_sid)

    made.messaging = Refusing(made.messaging.conversations, away={SAM, KIM})
    assert route(made) == "owner"
    assert workers_in(made) == [KIM]


def test_who_does_not_answer_is_asked_once() -> None:
    """A chain of many workers must not wait for each of them: the customer would be lost."""
    made = office(contact("r1", sms=ANN, owner="Jo Smith"), settings=TEAM)
    asked: list[str] = []

    class Away(FakeMessaging):
        def fetch_user(self, identity: str) -> User | None:
            asked.append(identity)
            raise AWAY

        def fetch_chat_user(self, identity: str, _service_sid: str = "") -> User | None:
            asked.append(identity)
            raise AWAY

    made.messaging = Away(made.messaging.conversations)
    assert route(made) == "random"
    assert len(asked) <= 2


def test_shared_number_where_nobody_says_who_is_available() -> None:
    """One of those whose number it is gets the conversation, not somebody of another number."""
    settings = f'workers: {{{JO}: {{sms: "{OURS}"}}, {SAM}: {{sms: "{OURS}"}}, {KIM}: {{}}}}'
    made = without_users(settings=settings)

    assert route(made) == "number_owner"
    assert workers_in(made)[0] in {JO, SAM}
