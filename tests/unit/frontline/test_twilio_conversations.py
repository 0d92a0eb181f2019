"""The Conversations webhooks: names, links to contacts, opt-outs, and no message held back by a failure of ours."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import (
    ANN,
    ANYTHING,
    BEN,
    CONVERSATION,
    HOSTILE,
    JO,
    OURS,
    World,
    ask,
    contact,
    customer,
    form,
    worker,
    world,
)
from twilio_bridge.errors import (
    BadRequestError,
    BridgeError,
    MessageBlockedError,
    SettingError,
    UnavailableError,
    UpstreamError,
)
from twilio_bridge.forms import Answer, Form
from twilio_bridge.frontline import twilio_conversations
from twilio_bridge.frontline.twilio_conversations import (
    EVENTS,
    MAX_PARTICIPANT_ATTRIBUTES_BYTES,
    PRE_EVENTS,
    answer_failure,
)
from twilio_bridge.ports import Participant

AVATAR = "https://a.com/a.png"
ANN_SMITH = contact("r1", name="Ann Smith", sms=ANN, whatsapp=ANN, avatar=AVATAR)
AWAY = UnavailableError("airtable", "x")
COMMON = {"AccountSid": "AC" + "0" * 32, "Source": "SMS", "ConversationSid": CONVERSATION, "RetryCount": "0"}
BINDING = {"MessagingBinding.Address": ANN, "MessagingBinding.ProxyAddress": OURS, "MessagingBinding.Type": "sms"}
PARAMETERS: dict[str, dict[str, str]] = {
    "onConversationAdd": {**BINDING, "Attributes": "{}", "FriendlyName": "", "MessageBody": "Hi", "State": "active"},
    "onConversationAdded": {**BINDING, "Attributes": "{}", "FriendlyName": "", "State": "active"},
    "onParticipantAdded": {**BINDING, "ParticipantSid": "MB1", "Attributes": "{}", "RoleSid": "RL1"},
    "onMessageAdd": {"Author": JO, "ClientIdentity": JO, "Body": "Hi", "Attributes": "{}"},
    "onMessageAdded": {
        "Author": ANN,
        "Body": "STOP",
        "MessageSid": "IM1",
        "Index": "0",
        "DateCreated": "2026-01-01T00:00:00.000Z",
        "ParticipantSid": "MB1",
    },
}
OTHERS = (
    "onConversationUpdate",
    "onConversationUpdated",
    "onConversationRemove",
    "onConversationRemoved",
    "onConversationStateUpdated",
    "onMessageUpdate",
    "onMessageUpdated",
    "onMessageRemove",
    "onMessageRemoved",
    "onParticipantAdd",
    "onParticipantUpdate",
    "onParticipantUpdated",
    "onParticipantRemove",
    "onParticipantRemoved",
    "onDeliveryUpdated",
    "onUserUpdate",
    "onUserAdded",
    "onUserUpdated",
    "onSomethingNew",
)


def office(*given_contacts: Any, people: list[Participant] | None = None, **parts: Any) -> World:
    made = world(*given_contacts, **parts)
    made.messaging.conversations = {CONVERSATION: [customer(), worker()] if people is None else people}
    return made


def event_form(event_type: str, **parameters: str) -> Form:
    return form(**{"EventType": event_type, **COMMON, **PARAMETERS.get(event_type, {}), **parameters})


def send(made: World, event_type: str, **parameters: str) -> Any:
    return twilio_conversations.answer(event_form(event_type, **parameters), made.hooks).body


def through(made: World, event_type: str, on_failure: str = "pass", **parameters: str) -> tuple[int, Any]:
    """Send an event all the way, with the rescue that the function has."""
    return ask(
        lambda values: twilio_conversations.answer(values, made.hooks),
        event_form(event_type, **parameters),
        lambda values, error: answer_failure(values, error, lambda: on_failure),
    )


def attributes(made: World, sid: str = "MB1") -> Any:
    return json.loads(made.messaging.fetch_participant(CONVERSATION, sid).attributes)


# Before a conversation is added: the answer changes it.


@pytest.mark.parametrize("address", [ANN, f"whatsapp:{ANN}"])
@pytest.mark.parametrize("kind", ["SMS", "sms", "WHATSAPP", "whatsapp"])
def test_new_conversation(address: str, kind: str) -> None:
    """A conversation that a contact begins gets their name and avatar, on every channel."""
    said = send(
        office(ANN_SMITH), "onConversationAdd", **{"MessagingBinding.Address": address, "MessagingBinding.Type": kind}
    )

    assert "Ann Smith" == said["friendly_name"]
    assert {"avatar": AVATAR} == json.loads(said["attributes"])


def test_new_conversation_without_avatar() -> None:
    """Without an avatar the attributes stay alone."""
    assert {"friendly_name": "Ann"} == send(office(contact("r1", sms=ANN)), "onConversationAdd")


@pytest.mark.parametrize("parameters", [{"MessagingBinding.Address": ""}, {"MessagingBinding.Address": BEN}])
def test_new_conversation_of_a_stranger(parameters: dict[str, str]) -> None:
    """A stranger's conversation, or one made by the API, stays as it is."""
    assert send(office(ANN_SMITH), "onConversationAdd", **parameters) == {}


@pytest.mark.parametrize(
    ("name", "expected"), [("", "Ann Smith"), (ANN, "Ann Smith"), (OURS, "Ann Smith"), ("Complaint", None)]
)
def test_new_conversation_with_a_name(name: str, expected: str | None) -> None:
    """A name that somebody gave stays; an address is no name."""
    assert expected == send(office(ANN_SMITH), "onConversationAdd", FriendlyName=name).get("friendly_name")


def test_group_conversation() -> None:
    """In a group the one who wrote is meant."""
    group = {"MessagingBinding.Address": f"{BEN}, {OURS}", "MessagingBinding.AuthorAddress": ANN}

    assert send(office(ANN_SMITH), "onConversationAdd", **group)["friendly_name"] == "Ann Smith"


@pytest.mark.parametrize(
    ("given_attributes", "expected"),
    [
        ("{}", {"avatar": AVATAR}),
        ("", {"avatar": AVATAR}),
        (" {} ", {"avatar": AVATAR}),
        ('{"a": 1}', {"a": 1, "avatar": AVATAR}),
        ('{"a": "ü"}', {"a": "ü", "avatar": AVATAR}),
        ('{"avatar": "https://b.com/b.png"}', None),
        ('{"avatar": null}', None),
        ("nonsense", None),
        ("[]", None),
        ("[1]", None),
        ('"text"', None),
        ("null", None),
        ("{", None),
        ("[" * 50_000, None),
        ('{"a": "\\ud800"}', None),
        (json.dumps({"a": "x" * 16_380}), None),
    ],
    ids=lambda value: str(value)[:20],
)
def test_attributes_are_merged(given_attributes: str, expected: dict[str, object] | None) -> None:
    """Attributes are added to, never overwritten; those that are no object, or full, are left alone."""
    said = send(office(ANN_SMITH), "onConversationAdd", Attributes=given_attributes)

    assert expected == (json.loads(said["attributes"]) if "attributes" in said else None)
    assert said["friendly_name"] == "Ann Smith"


def test_long_name() -> None:
    """A name is cut to what a conversation takes."""
    assert len(send(office(contact("r1", name="x" * 999, sms=ANN)), "onConversationAdd")["friendly_name"]) == 256


# After a conversation was added: set what is still missing.


def test_conversation_added() -> None:
    """What the answer before it could not set is set afterwards."""
    made = office(ANN_SMITH)

    assert send(made, "onConversationAdded") == {}
    assert {"friendly_name": "Ann Smith", "attributes": json.dumps({"avatar": AVATAR})} == (
        made.messaging.changes[CONVERSATION]
    )


@pytest.mark.parametrize(
    "parameters",
    [
        {"FriendlyName": "Ann Smith", "Attributes": json.dumps({"avatar": AVATAR})},
        {"MessagingBinding.Address": BEN},
        {"MessagingBinding.Address": ""},
    ],
)
def test_conversation_added_and_complete(parameters: dict[str, str]) -> None:
    """Where nothing is missing, or nobody known wrote, nothing is changed."""
    made = office(ANN_SMITH)
    send(made, "onConversationAdded", **parameters)

    assert made.messaging.changes == {}


# After a participant joined: link them to their contact.


@pytest.mark.parametrize(
    "binding",
    [
        BINDING,
        {"MessagingBinding.Address": f"whatsapp:{ANN}", "MessagingBinding.Type": "whatsapp", "Source": "WHATSAPP"},
    ],
)
def test_participant(binding: dict[str, str]) -> None:
    """A customer is linked to their contact."""
    made = office(ANN_SMITH)

    assert send(made, "onParticipantAdded", **binding) == {}
    assert {"customer_id": "r1", "display_name": "Ann Smith", "avatar": AVATAR} == attributes(made)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ({"customer_id": "r2"}, {"customer_id": "r2", "display_name": "Ben"}),
        ({"customer_id": "r2", "display_name": "Benny"}, {"customer_id": "r2", "display_name": "Benny"}),
        ({"a": 1}, {"a": 1, "customer_id": "r1", "display_name": "Ann Smith", "avatar": AVATAR}),
        ({"customer_id": 7}, {"customer_id": 7, "display_name": "Ann Smith", "avatar": AVATAR}),
        ({"customer_id": "gone"}, {"customer_id": "gone", "display_name": "Ann Smith", "avatar": AVATAR}),
    ],
)
def test_participant_named_by_the_app(there: dict[str, object], expected: dict[str, object]) -> None:
    """What the app has written of a participant stays, and is completed."""
    made = office(ANN_SMITH, contact("r2", name="Ben"), people=[customer(attributes=json.dumps(there))])
    send(made, "onParticipantAdded")

    assert expected == attributes(made)


@pytest.mark.parametrize("there", ["nonsense", "[1]", '"x"', '{"a": "\\ud800"}', json.dumps({"a": "x" * 4_090})])
def test_participant_attributes_left_alone(there: str) -> None:
    """Attributes that are no object, or that would grow too large, are left alone."""
    made = office(ANN_SMITH, people=[customer(attributes=there)])
    send(made, "onParticipantAdded")

    assert there == made.messaging.fetch_participant(CONVERSATION, "MB1").attributes
    assert len(there) <= MAX_PARTICIPANT_ATTRIBUTES_BYTES + 10


@pytest.mark.parametrize(
    "parameters", [{"Identity": JO, "MessagingBinding.Address": ""}, {"Identity": JO}, {"MessagingBinding.Address": ""}]
)
def test_worker_joined(parameters: dict[str, str]) -> None:
    """A worker or chat user who joins is nobody's contact, and nobody is asked about them."""
    made = office(ANN_SMITH)
    made.messaging.failure = made.source.failure = AWAY

    assert send(made, "onParticipantAdded", **parameters) == {}


def test_stranger_joined() -> None:
    """A stranger stays one, unless it is configured otherwise."""
    made = office(people=[customer(BEN)])
    send(made, "onParticipantAdded", **{"MessagingBinding.Address": BEN})

    assert ({}, {}) == (attributes(made), made.source.contacts)


@pytest.mark.parametrize(("address", "sms", "whatsapp"), [(BEN, BEN, ""), (f"whatsapp:{BEN}", "", BEN)])
def test_create_contacts(address: str, sms: str, whatsapp: str) -> None:
    """Where it is so configured a stranger becomes a contact of nobody's, once."""
    made = office(people=[customer(address)], settings="conversations: {create_contacts: true}")
    for _ in range(3):
        send(made, "onParticipantAdded", **{"MessagingBinding.Address": address})

    (created,) = made.source.contacts.values()
    assert (sms, whatsapp, "", BEN) == (created.sms, created.whatsapp, created.owner, created.display_name)
    assert attributes(made)["customer_id"] == created.id


def test_create_contacts_while_somebody_else_does() -> None:
    """Where somebody else creates the same contact just now, that one is no failure."""
    made = office(people=[customer(BEN)], settings="conversations: {create_contacts: true}")
    made.leases.acquire(f"creating {BEN}", 60)

    assert send(made, "onParticipantAdded", **{"MessagingBinding.Address": BEN}) == {}
    assert made.source.contacts == {}


def test_create_contacts_of_an_opted_out() -> None:
    """Somebody who opted out becomes a contact who opted out."""
    made = office(people=[customer(BEN)], settings="conversations: {create_contacts: true}")
    made.opt_outs.record_request(BEN, out=True, at=1)
    send(made, "onParticipantAdded", **{"MessagingBinding.Address": BEN})

    assert [True] == [created.opt_out for created in made.source.contacts.values()]


@pytest.mark.parametrize("address", ["messenger:12345", "ann", "whatsapp:x", f"{ANN}, {BEN}"])
def test_create_contacts_needs_a_number(address: str) -> None:
    """What is no number becomes no contact."""
    made = office(people=[customer(address)], settings="conversations: {create_contacts: true}")

    assert send(made, "onParticipantAdded", **{"MessagingBinding.Address": address}) == {}
    assert made.source.contacts == {}


# Before a message is added: hold back what an opted-out person would get.


def opted_out(made: World) -> bool:
    status, body = through(made, "onMessageAdd")
    assert (status, bool(body)) in {(200, False), (451, True)}
    return bool(status == 451)


@pytest.mark.parametrize("by_word", [True, False])
@pytest.mark.parametrize("address", [ANN, f"whatsapp:{ANN}"])
def test_message_to_an_opted_out(address: str, by_word: bool) -> None:
    """A worker's message to somebody who opted out is held back, with a sentence for the worker."""
    made = office(contact("r1", sms=ANN, opt_out=not by_word), people=[customer(address), worker()])
    if by_word:
        made.opt_outs.record_request(ANN, out=True, at=1)

    assert through(made, "onMessageAdd") == (451, {"friendly_error_message": MessageBlockedError.friendly})


@pytest.mark.parametrize("people", [[], [worker()], [customer(), worker()], [customer(BEN), worker()]])
def test_message_to_others(people: list[Participant]) -> None:
    """Everybody else's messages are published unchanged, strangers' and those to nobody too."""
    assert not opted_out(office(ANN_SMITH, people=people))


def test_message_to_a_group() -> None:
    """One reader who opted out is enough."""
    made = office(ANN_SMITH, people=[worker(), customer(BEN, sid="MB3"), customer()])
    made.opt_outs.record_request(ANN, out=True, at=1)

    assert opted_out(made)


@pytest.mark.parametrize("author", ["system", JO, "+44 bot", ""])
def test_message_from_the_api(author: str) -> None:
    """A message that the API sends is checked like a worker's: it has no ClientIdentity."""
    made = office(contact("r1", sms=ANN, opt_out=True))

    assert through(made, "onMessageAdd", Author=author, ClientIdentity="", Source="API")[0] == 451


@pytest.mark.parametrize("author", [ANN, f"whatsapp:{ANN}", BEN])
def test_message_of_a_customer(author: str) -> None:
    """A customer's own message is never held back, and nobody is asked about it."""
    made = office(contact("r1", sms=ANN, opt_out=True), loaded=False)
    made.messaging.failure = made.source.failure = AWAY

    assert send(made, "onMessageAdd", Author=author, ClientIdentity="") == {}
    assert made.source.calls == 0


def test_chat_reader() -> None:
    """A chat contact is known by the id that the app has given."""
    reader = Participant(sid="MB1", identity="ann", attributes='{"customer_id": "r1"}')

    assert opted_out(office(contact("r1", chat="ann", opt_out=True), people=[reader, worker()]))
    assert not opted_out(office(contact("r1", chat="ann"), people=[reader, worker()]))


@pytest.mark.parametrize(
    "there", ["nonsense", "[]", '{"customer_id": 7}', '{"customer_id": ""}', '{"customer_id": "\\ud800"}']
)
def test_odd_reader(there: str) -> None:
    """A reader whose attributes hold nothing of use is judged by their address."""
    made = office(ANN_SMITH, people=[customer(attributes=there), worker()])
    assert not opted_out(made)
    made.opt_outs.record_request(ANN, out=True, at=1)
    assert opted_out(made)


@pytest.mark.parametrize("there", ["{}", '{"customer_id": "r1"}'])
@pytest.mark.parametrize("on_failure", ["pass", "block"])
def test_word_counts_without_the_record(there: str, on_failure: str) -> None:
    """What somebody asked for is obeyed even where no contact can be read."""
    made = office(ANN_SMITH, people=[customer(attributes=there), worker()], loaded=False)
    made.opt_outs.record_request(ANN, out=True, at=1)
    made.source.failure = AWAY

    assert through(made, "onMessageAdd", on_failure)[0] == 451


# After a message was added: obey the words.


@pytest.mark.parametrize(("body", "expected"), [("STOP", True), (" stop.\n", True), ("stop it", False), ("", False)])
def test_heard(body: str, expected: bool) -> None:
    """A customer's request is obeyed and written to Airtable."""
    made = office(ANN_SMITH)

    assert send(made, "onMessageAdded", Body=body) == {}
    assert expected == made.source.contacts["r1"].opt_out
    assert expected == opted_out(made)


def test_heard_in_again() -> None:
    """And so is a request that opts in again: it lifts what STOP has set."""
    made = office(contact("r1", sms=ANN))
    send(made, "onMessageAdded", Body="stop", DateCreated="2026-01-01T00:00:00.000Z")
    assert made.source.contacts["r1"].opt_out
    send(made, "onMessageAdded", Body="start", DateCreated="2026-01-02T00:00:00.000Z")

    assert not made.source.contacts["r1"].opt_out
    assert not opted_out(made)


@pytest.mark.parametrize("body", ["START", "Yes", "UNSTOP"])
def test_the_companys_own_tick_stays(body: str) -> None:
    """Only the company lifts it."""
    made = office(contact("r1", sms=ANN, opt_out=True))
    send(made, "onMessageAdded", Body=body)

    assert made.source.contacts["r1"].opt_out
    assert opted_out(made)


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("STOP", "Hello", True),
        ("stop", "START", True),
        ("STOP", "", True),
        ("START", "STOP", False),
        ("HELP", "STOP", False),
        ("", "STOP", True),
        ("SOMETHING", "STOP", False),
    ],
)
def test_twilios_own_finding(kind: str, body: str, expected: bool) -> None:
    """OptOutType is believed before any keyword."""
    made = office(contact("r1", sms=ANN))
    send(made, "onMessageAdded", Body=body, OptOutType=kind)

    assert expected == made.source.contacts["r1"].opt_out


USER_NAMES = [
    "whatsapp:US.ABC123XYZ",
    "whatsapp:DE.ENT.9f8e7d",
    "whatsapp:gb.13491208655302741918",
    "messenger:108162",
    "rcs:+447700900042",
]


@pytest.mark.parametrize("author", USER_NAMES)
def test_whatsapp_user_names_opt_out(author: str) -> None:
    """STOP is obeyed without a number: the worker's next message is blocked."""
    made = office()
    made.messaging.conversations[CONVERSATION] = [customer(author), worker()]
    send(made, "onMessageAdded", Author=author, Body="STOP", ClientIdentity="", Source="WHATSAPP")
    status, _ = through(made, "onMessageAdd", Author=JO, ClientIdentity=JO, Body="Hi")

    assert 451 == status


@pytest.mark.parametrize("author", USER_NAMES)
@pytest.mark.parametrize("on_failure", ["pass", "block"])
def test_a_customer_with_a_user_name_is_never_held_back(author: str, on_failure: str) -> None:
    """Whatever fails, their message is not a worker's."""
    made = office()
    made.messaging.failure = AWAY
    values = {"Author": author, "ClientIdentity": "", "Source": "WHATSAPP"}
    status, _ = through(made, "onMessageAdd", on_failure=on_failure, **values)

    assert 200 == status
    failed = form(EventType="onMessageAdd", **values)
    assert answer_failure(failed, AWAY, lambda: "block") == Answer({})


@pytest.mark.parametrize("event", ["onConversationAdd", "onConversationAdded", "onParticipantAdded"])
def test_other_events_of_a_user_name(event: str) -> None:
    """A stranger without a number is nobody to make a contact of."""
    made = office(settings="conversations: {create_contacts: true}")
    address = USER_NAMES[0]
    made.messaging.conversations[CONVERSATION] = [customer(address)]
    status, body = through(made, event, MessagingBinding__Address=address, ParticipantSid="MB1", Identity="")

    assert (200, {}) == (status, body)
    assert {} == made.source.contacts


def test_a_conversation_in_a_service_of_its_own() -> None:
    """Participants are read, and attributes and names are written, there."""
    service = "IS" + "7" * 32
    made = office(contact("r1", sms=ANN, name="Ann Smith", opt_out=True))
    made.messaging.services = {CONVERSATION: service}
    there = {"ChatServiceSid": service, "MessagingBinding__Address": ANN}

    assert 451 == through(made, "onMessageAdd", Author=JO, ClientIdentity=JO, Body="Hi", **there)[0]
    send(made, "onParticipantAdded", ParticipantSid="MB1", Identity="", **there)
    send(made, "onConversationAdded", FriendlyName="", **there)
    assert "r1" in made.messaging.fetch_participant(CONVERSATION, "MB1", service).attributes
    assert "Ann Smith" == made.messaging.changes[CONVERSATION]["friendly_name"]


def test_heard_out_of_order() -> None:
    """Requests count in the order they were made, not in which they arrive."""
    made = office(ANN_SMITH)
    send(made, "onMessageAdded", Body="START", DateCreated="2026-01-02T00:00:00.000Z")
    send(made, "onMessageAdded", Body="STOP", DateCreated="2026-01-01T00:00:00.000Z")

    assert not opted_out(made)


@pytest.mark.parametrize("date", ["", "nonsense", "2026-01-01", "2026-01-01T00:00:00Z", "0001-01-01", "9" * 50])
def test_heard_at_an_odd_time(date: str) -> None:
    """A request without a time that can be read counts as made now."""
    made = office(ANN_SMITH)
    send(made, "onMessageAdded", DateCreated=date)

    assert opted_out(made)


@pytest.mark.parametrize(
    "parameters", [{"Author": JO, "ClientIdentity": JO}, {"Author": "system"}, {"ClientIdentity": JO}]
)
def test_words_of_others(parameters: dict[str, str]) -> None:
    """A worker who writes STOP opts nobody out."""
    made = office(ANN_SMITH)
    send(made, "onMessageAdded", **parameters)

    assert not opted_out(made)


def test_heard_while_airtable_is_away() -> None:
    """A request that cannot be written to Airtable now is obeyed and queued."""
    made = office(ANN_SMITH)
    made.source.failure = AWAY

    assert through(made, "onMessageAdded")[0] == 200
    assert [ANN] == made.outbox.addresses
    assert opted_out(made)


# Failures and everything else.


@pytest.mark.parametrize("event_type", OTHERS)
def test_other_events(event_type: str) -> None:
    """An event that is not ours to handle is fine as it is; nothing is asked."""
    made = office(ANN_SMITH)
    made.messaging.failure = made.source.failure = AWAY

    assert through(made, event_type, "block") == (200, {})


def test_pre_events() -> None:
    """The events that hold something back are kept apart from those that come after the fact."""
    assert {"onConversationAdd", "onMessageAdd", "onParticipantAdd", "onUserUpdate", "onMessageRemove"} <= PRE_EVENTS
    assert {"onConversationAdded", "onMessageAdded", "onParticipantAdded"} == set(EVENTS) - PRE_EVENTS


@pytest.mark.parametrize(
    ("event_type", "on_failure", "expected"),
    [
        ("onMessageAdd", "pass", 200),
        ("onMessageAdd", "block", 503),
        ("onConversationAdd", "pass", 200),
        ("onConversationAdd", "block", 200),
        ("onConversationAdded", "pass", 503),
        ("onParticipantAdded", "pass", 503),
    ],
)
def test_failures(event_type: str, on_failure: str, expected: int) -> None:
    """A failure of ours holds nothing back unless it is so configured; after the fact it is shown as one."""
    made = office(ANN_SMITH, loaded=False)
    made.messaging.failure = made.source.failure = AWAY
    status, body = through(made, event_type, on_failure)

    assert expected == status
    assert (expected != 200) == bool(body)


def answer_of(error: BaseException, on_failure: str = "pass", event_type: str | None = "onMessageAdd") -> Answer:
    values = form(EventType=event_type) if event_type else None
    return answer_failure(values, error, lambda: on_failure)


@pytest.mark.parametrize("error", [AWAY, SettingError("x"), ValueError("x"), RecursionError(), BadRequestError("x")])
def test_rescue(error: Exception) -> None:
    """Whatever the failure, a message passes, also where the request could not even be read."""
    assert answer_of(error) == Answer({})
    assert answer_of(error, event_type=None) == Answer({})
    assert answer_of(error, "block").status >= 400
    assert answer_of(error, event_type="onMessageAdded").status >= 400


def test_rescue_keeps_refusals() -> None:
    """What is meant to be held back is."""
    assert answer_of(MessageBlockedError("x")).status == 451


@pytest.mark.parametrize("error", [SettingError("x"), AWAY, ValueError("x"), KeyError("x")])
def test_unreadable_configuration(error: Exception) -> None:
    """Where not even the configuration can be read a message passes."""

    def unreadable() -> str:
        raise error

    assert answer_failure(form(EventType="onMessageAdd"), AWAY, unreadable) == Answer({})


def test_hanging_configuration() -> None:
    """Where reading the configuration hangs a message passes in time; it would be blocked by what comes too late."""

    def hanging() -> str:
        time.sleep(5)
        return "block"

    assert answer_failure(form(EventType="onMessageAdd"), AWAY, hanging) == Answer({})


def test_missing_event_type() -> None:
    """Without an EventType nothing can be held back, and the request is a bad one."""
    assert through(office(), "")[0] == 400


@pytest.mark.parametrize("event_type", ["onConversationAdded", "onParticipantAdded"])
def test_missing_sids(event_type: str) -> None:
    """A sid that is missing is named."""
    with pytest.raises(BadRequestError, match="ConversationSid"):
        send(office(ANN_SMITH), event_type, ConversationSid="")


@pytest.mark.parametrize("event_type", EVENTS)
def test_twice(event_type: str) -> None:
    """An event that arrives twice leaves what it left the first time."""
    made = office(ANN_SMITH)
    send(made, event_type)
    before = (
        dict(made.messaging.changes),
        attributes(made),
        dict(made.source.contacts),
        made.opt_outs.find_requests([ANN]),
    )
    send(made, event_type)

    assert before == (
        made.messaging.changes,
        attributes(made),
        made.source.contacts,
        made.opt_outs.find_requests([ANN]),
    )


NAMES = sorted({name for values in PARAMETERS.values() for name in values} | {"ConversationSid", "Identity"})


READ = ("ConversationSid", "Identity", "MessagingBinding.AuthorAddress", "ClientIdentity")


@pytest.mark.parametrize(
    ("event_type", "name"),
    [(event_type, name) for event_type in EVENTS for name in sorted({*PARAMETERS[event_type], *READ})],
)
def test_hostile(event_type: str, name: str) -> None:
    """Whatever one parameter holds, the answer is JSON, and a message is never held back for it."""
    settings = "conversations: {create_contacts: true}"
    for value in HOSTILE:
        made = office(ANN_SMITH, settings=settings)
        made.messaging.conversations[value.strip()] = [customer(attributes=value)]
        status, _ = through(made, event_type, **{name: value})
        assert status in ({200} if event_type in PRE_EVENTS else {200, 400, 502}), value


@given(st.sampled_from(sorted(EVENTS)), st.dictionaries(st.sampled_from(NAMES), ANYTHING), ANYTHING, ANYTHING)
def test_any_parameters(event_type: str, parameters: dict[str, str], there: str, address: str) -> None:
    """Whatever parameters and participants hold, no error but ours is raised."""
    made = office(
        ANN_SMITH,
        people=[customer(address, attributes=there), worker()],
        settings="conversations: {create_contacts: true}",
    )
    try:
        send(made, event_type, **parameters)
    except BridgeError as error:
        assert isinstance(error, (BadRequestError, UpstreamError))  # noqa: PT017


def test_api_messages_under_our_own_number() -> None:
    """A message sent through the API is checked, whoever its author is claimed to be."""
    made = office(ANN_SMITH)
    send(made, "onMessageAdded", Body="STOP")
    status, _ = through(made, "onMessageAdd", "pass", Author="+15005550006", ClientIdentity="", Source="API")

    assert status == 451
