"""The Conversations webhooks: names and avatars, opt-outs, and messages that must not be sent.

A 4xx or 5xx on a pre-event (`onMessageAdd`) holds a person's message back; on a post-event (`onMessageAdded`) it only
shows in Twilio's console. So a failure of ours lets the message pass, unless `conversations.on_failure` is `block`.
https://www.twilio.com/docs/conversations/conversations-webhooks
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from twilio_bridge import deadline, phone
from twilio_bridge.config import schema
from twilio_bridge.contacts import opt_outs
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.errors import BridgeError, DuplicateContactError, MessageBlockedError, NotFoundError
from twilio_bridge.forms import Answer, Form
from twilio_bridge.frontline import bindings
from twilio_bridge.frontline.crm import is_web_address
from twilio_bridge.logs import logger
from twilio_bridge.ports import Messaging, OptOuts, Outbox, Participant
from twilio_bridge.refusals import answer_error

MAX_NAME_LENGTH = 256
# What a failure leaves for reading how to answer it; the call's own time may be spent by then.
TIME_TO_DECIDE_S = 0.5
# A person's request counts even where their record cannot be read in time.
TIME_TO_LOOK_UP_S = 1.5
# What these sources send is checked whatever its author is.
SENT_BY_US = {"API", "SDK"}
MAX_PARTICIPANT_ATTRIBUTES_BYTES = 4_096
MAX_CONVERSATION_ATTRIBUTES_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class ConversationsDeps:
    """What the webhooks work with."""

    directory: Directory
    opt_outs: OptOuts
    outbox: Outbox
    messaging: Callable[[], Messaging]
    settings: schema.Config


def answer(form: Form, deps: ConversationsDeps) -> Answer:
    """Answer one event by its EventType; one that is not ours to handle is fine as it is."""
    handle = EVENTS.get(form.require_text("EventType"))
    return Answer(handle(form, deps) if handle else {})


def answer_failure(form: Form | None, error: BaseException, on_failure: Callable[[], str]) -> Answer:
    """Answer a failure: a message is let pass unless the configuration holds it back; a refusal stays one.

    Only a worker's message is ever held back: a customer's, or a new conversation, would be lost.
    """
    event = form.get_text("EventType") if form else ""
    if isinstance(error, MessageBlockedError) or (form and event not in PRE_EVENTS):
        return answer_error(form, error)
    is_workers = form is not None and event == "onMessageAdd" and not _is_customer(form)
    return answer_error(form, error) if is_workers and _holds_back(on_failure) else Answer({})


def _holds_back(on_failure: Callable[[], str]) -> bool:
    try:
        with deadline.limit(TIME_TO_DECIDE_S):
            return on_failure() == "block"
    except Exception:  # noqa: BLE001  not even the configuration can be read, whatever the reason
        return False


def name_new_conversation(form: Form, deps: ConversationsDeps) -> Mapping[str, object]:
    """Before a conversation is added: return the contact's name and avatar for it."""
    contact = _writer(form, deps)
    return _named(form, contact) if contact else {}


def name_conversation(form: Form, deps: ConversationsDeps) -> Mapping[str, object]:
    """After a conversation was added: set what the answer before it could not, if anything is missing."""
    contact = _writer(form, deps)
    if contact and (missing := _named(form, contact)):
        deps.messaging().update_conversation(form.require_text("ConversationSid"), missing, bindings.find_service(form))
    return {}


def describe_participant(form: Form, deps: ConversationsDeps) -> Mapping[str, object]:
    """After a customer joined: link them to their contact; attributes the participant has already stay."""
    address = form.get_text("MessagingBinding.Address")
    if not address or form.get_text("Identity"):
        return {}
    conversation_sid, participant_sid = form.require_text("ConversationSid"), form.require_text("ParticipantSid")
    messaging, service_sid = deps.messaging(), bindings.find_service(form)
    there = messaging.fetch_participant(conversation_sid, participant_sid, service_sid)
    contact = _known_contact(there, address, deps) or _new_contact(address, deps)
    if contact is None:
        return {}
    attributes = _merged(there.attributes, _participant_facts(contact), MAX_PARTICIPANT_ATTRIBUTES_BYTES)
    if attributes:
        messaging.update_participant_attributes(conversation_sid, participant_sid, attributes, service_sid)
    return {}


def check_message(form: Form, deps: ConversationsDeps) -> Mapping[str, object]:
    """Before a message is added: hold back what is written to somebody who opted out."""
    author = form.get_text("Author")
    if _is_customer(form) and form.get_text("Source").upper() not in SENT_BY_US:
        return {}
    everybody = deps.messaging().list_participants(form.require_text("ConversationSid"), bindings.find_service(form))
    readers = [reader for reader in everybody if not author or author not in {reader.identity, reader.address}]
    if any(_is_out(reader, people, deps) for reader, people in _looked_up(readers, deps)):
        raise MessageBlockedError("a reader has opted out")
    return {}


def record_opt_out(form: Form, deps: ConversationsDeps) -> Mapping[str, object]:
    """After a customer's message was added: record a request to opt out or in."""
    out = opt_outs.read_request(form.get_text("Body"), form.get_text("OptOutType"), deps.settings.opt_out)
    if out is not None and _is_customer(form):
        at = _requested_at(form.get_text("DateCreated"))
        opt_outs.record_request(form.get_text("Author"), out, at, deps.directory, deps.opt_outs, deps.outbox)
        logger.info("opt-out" if out else "opt-in", extra={"message_sid": form.get_text("MessageSid")})
    return {}


EVENTS: dict[str, Callable[[Form, ConversationsDeps], Mapping[str, object]]] = {
    "onConversationAdd": name_new_conversation,
    "onConversationAdded": name_conversation,
    "onParticipantAdded": describe_participant,
    "onMessageAdd": check_message,
    "onMessageAdded": record_opt_out,
}
PRE_EVENTS = frozenset(
    f"on{what}{how}"
    for what in ("Conversation", "Message", "Participant", "User")
    for how in ("Add", "Update", "Remove")
)


def _is_customer(form: Form) -> bool:
    """Return whether a customer wrote this: from an address, and not through the app, which has an identity."""
    author = form.get_text("Author")
    return not form.get_text("ClientIdentity") and (phone.is_address(author) or phone.has_channel(author))


def _looked_up(
    readers: Sequence[Participant], deps: ConversationsDeps
) -> list[tuple[Participant, list[Contact] | None]]:
    """Return each reader's contacts; None for those whose record could not be read in time.

    Their requests count all the same, for those are found by address.
    """
    found: dict[str, list[Contact]] = {}
    try:
        with deadline.limit(TIME_TO_LOOK_UP_S):
            for reader in readers:
                found[reader.sid] = _people(reader, deps.directory)
    except BridgeError as error:
        if deps.settings.conversations.on_failure == "block":
            raise
        logger.warning("readers not looked up", extra={"reason": str(error)})
    return [(reader, found.get(reader.sid)) for reader in readers]


def _people(reader: Participant, directory: Directory) -> list[Contact]:
    contact_id = _attributes(reader.attributes).get("customer_id")
    named = _by_id(contact_id, directory) if isinstance(contact_id, str) and contact_id else None
    return [*([named] if named else []), *(directory.find_all_by_address(reader.address) if reader.address else [])]


def _is_out(reader: Participant, people: list[Contact] | None, deps: ConversationsDeps) -> bool:
    """Return whether a reader opted out; a worker, who has neither address nor contact, cannot."""
    if not reader.address and not people:
        return False
    return opt_outs.is_anybody_opted_out(people or [], reader.address or reader.identity, deps.opt_outs, deps.directory)


def _by_id(contact_id: str, directory: Directory) -> Contact | None:
    try:
        return directory.get_contact(contact_id)
    except NotFoundError:
        return None


def _writer(form: Form, deps: ConversationsDeps) -> Contact | None:
    address = bindings.find_author(form)
    return deps.directory.find_by_address(address) if address else None


def _named(form: Form, contact: Contact) -> dict[str, str]:
    """Return name and avatar; what the conversation has already stays, unless its name is only an address."""
    addresses = {form.get_text(f"MessagingBinding.{which}") for which in ("Address", "ProxyAddress", "AuthorAddress")}
    is_named = form.get_text("FriendlyName") not in addresses | {""}
    named = {} if is_named else {"friendly_name": contact.display_name[:MAX_NAME_LENGTH]}
    avatar = {"avatar": contact.avatar} if is_web_address(contact.avatar) else {}
    attributes = _merged(form.get_text("Attributes"), avatar, MAX_CONVERSATION_ATTRIBUTES_BYTES)
    return named | ({"attributes": attributes} if attributes else {})


def _known_contact(there: Participant, address: str, deps: ConversationsDeps) -> Contact | None:
    """Return the contact the app has named, else the one with this address."""
    contact_id = _attributes(there.attributes).get("customer_id")
    named = _by_id(contact_id, deps.directory) if isinstance(contact_id, str) and contact_id else None
    return named or deps.directory.find_by_address(address)


def _new_contact(address: str, deps: ConversationsDeps) -> Contact | None:
    """Create a contact for a stranger, where the configuration allows it."""
    number = phone.strip_channel(address)
    if not deps.settings.conversations.create_contacts or not phone.E164.fullmatch(number):
        return None
    by_whatsapp = phone.is_whatsapp(address)
    contact = Contact(name=number, sms="" if by_whatsapp else number, whatsapp=number if by_whatsapp else "")
    try:
        created = deps.directory.create_contact(opt_outs.apply_requests(contact, deps.opt_outs, deps.directory))
    except DuplicateContactError:  # the same event twice, or somebody was faster
        return next(iter(deps.directory.find_all_by_address(address, ask=True)), None)
    opt_outs.mark_applied(created, deps.opt_outs)
    return created


def _participant_facts(contact: Contact) -> dict[str, str]:
    facts = {"customer_id": contact.id, "display_name": contact.display_name[:MAX_NAME_LENGTH]}
    return facts | ({"avatar": contact.avatar} if is_web_address(contact.avatar) else {})


def _merged(attributes: str, facts: Mapping[str, str], largest: int) -> str | None:
    """Add facts to attributes that do not hold them yet; None where nothing is to be added or it would not fit."""
    there = _attributes(attributes)
    merged = {**facts, **there}
    text = json.dumps(merged, ensure_ascii=False)
    is_ours_to_change = bool(there) or attributes.strip() in {"", "{}"}
    return text if is_ours_to_change and merged != there and len(text.encode()) <= largest else None


def _attributes(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _requested_at(text: str) -> float:
    try:
        return min(datetime.fromisoformat(text).timestamp(), time.time())  # nothing is written in the future
    except (ValueError, OverflowError):
        return time.time()
