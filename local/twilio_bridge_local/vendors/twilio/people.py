"""What people do: a customer writes, a worker opens, writes in, closes. Used by tests, demos and `server`.

Nothing here raises because of what the gateway answered: a refusal is part of the `Outcome`, with Twilio's code and
text. STOP and START hold for messages of the first API; the conversation webhooks still pass the text on. Where
Frontline's order is not documented: a conversation that the app began and whose sender is refused is removed without
a webhook; if the contact and sender are already in an open conversation of the same worker, that one is opened; for a
chat contact any sender is accepted.
"""

import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from twilio_bridge_local.vendors.twilio.account import Account, Parameters, SentWebhook
from twilio_bridge_local.vendors.twilio.conversations import actions, drafts, rules
from twilio_bridge_local.vendors.twilio.conversations import webhook_parameters as events
from twilio_bridge_local.vendors.twilio.conversations.webhooks import Origin, send
from twilio_bridge_local.vendors.twilio.errors import TwilioError, refusal
from twilio_bridge_local.vendors.twilio.records import Binding, Conversation, Participant

MAX_ANSWER_BYTES: Final = 64 * 1024
CHAT_IDENTITY_LENGTH: Final = 256
_USER_SID = re.compile(r"US[0-9a-f]{32}")


@dataclass(frozen=True)
class Contact:
    """Whom a worker taps in the app: `channel_type` is `sms`, `whatsapp` or `chat`."""

    customer_id: str
    channel_type: str
    address: str
    display_name: str = ""


@dataclass(frozen=True)
class Refusal:
    """Why something did not happen; `status` is the webhook's own where a webhook refused."""

    code: int
    status: int
    message: str


@dataclass(frozen=True)
class Outcome:
    """What came of it; `routed` is None if the routing callback was not called, else whether it succeeded."""

    conversation_sid: str | None = None
    message_sid: str | None = None
    created: bool = False
    routed: bool | None = None
    refused: Refusal | None = None


def receive(account: Account, address: str, proxy: str, body: str) -> Outcome:
    """A customer writes from her phone; the first message of a pair creates and routes a conversation."""
    account.messaging.read_inbound(address, proxy, body)
    origin = Origin(source=rules.channel_of(address).upper())
    binding = Binding(rules.channel_of(address), address, proxy, author_address=address)
    outcome = Outcome()
    try:
        rules.check_binding(binding)
        with account.store.pair_lock(address, proxy):
            holder = account.store.open_binding(binding)
            created = None if holder else _auto_create(account, origin, binding, body)
        customer = holder or created
        if customer is None:
            return outcome
        outcome = Outcome(conversation_sid=customer.conversation_sid, created=created is not None)
        if created is not None:
            outcome = replace(outcome, routed=_announce(account, origin, created, binding))
        return replace(outcome, message_sid=_write(account, origin, customer.conversation_sid, address, body))
    except TwilioError as error:
        return replace(outcome, refused=_refused(error))


def receive_in_group(account: Account, author: str, others: Sequence[str], number: str, body: str) -> Outcome:
    """A customer writes to a group MMS that our number is in: all others are native participants, by address only.

    https://www.twilio.com/docs/conversations/group-texting. The callbacks name everybody but the author in one text,
    our number among them, and no projected address.
    """
    origin, everybody = Origin(source="SMS"), [author, *others]
    binding = Binding("sms", ", ".join([*others, number]), None, author_address=author)
    try:
        members = [_auto_create(account, origin, binding, body, Binding("sms", author))]
        conversation = account.store.conversation(members[0].conversation_sid)
        for address in everybody[1:]:
            values = {"messaging_binding": Binding("sms", address)}
            members.append(drafts.new_participant(account, conversation, values))
            actions.place_participant(account, members[-1])
        actions.tell_created(account, origin, conversation, binding)
        for member in members:
            actions.tell_participant(account, origin, "onParticipantAdded", member)
        routed = _route(account, conversation, binding, is_group=True)
        message_sid = _write(account, origin, conversation.sid, author, body)
        return Outcome(conversation.sid, message_sid, created=True, routed=routed)
    except TwilioError as error:
        return Outcome(refused=_refused(error))


def _auto_create(
    account: Account, origin: Origin, binding: Binding, body: str, own: Binding | None = None
) -> Participant:
    """The conversation that an inbound message makes, and its author with the binding, in a group their own."""
    service = account.inbound_service_sid or account.store.default_service_sid
    draft = drafts.new_conversation(account, service, {})
    approved = actions.approve_conversation(account, origin, draft, binding, body)
    if account.initializing_s:
        approved = replace(approved, ready_at=time.monotonic() + account.initializing_s)
        account.store.conversations[approved.sid] = approved
    customer = drafts.new_participant(account, approved, {"messaging_binding": own or binding})
    actions.place_participant(account, customer)
    return customer


def _announce(account: Account, origin: Origin, customer: Participant, binding: Binding) -> bool:
    conversation = account.store.conversation(customer.conversation_sid)
    actions.tell_created(account, origin, conversation, binding)
    actions.tell_participant(account, origin, "onParticipantAdded", customer)
    return _route(account, conversation, binding)


def _route(account: Account, conversation: Conversation, binding: Binding, *, is_group: bool = False) -> bool:
    """Frontline's custom routing; when it fails (48010) nobody is added and nothing is tried again."""
    url = account.callback_url("routing")
    if url is None:
        return False
    latest = account.store.conversation(conversation.sid)
    author = binding if is_group else replace(binding, author_address=None)  # given for group MMS only
    parameters = events.select(events.ROUTING, events.conversation_values(latest, author))
    return send(account, "routing", url, parameters).accepted


def _write(account: Account, origin: Origin, conversation_sid: str, author: str, body: str) -> str:
    conversation = account.store.conversation(conversation_sid)
    draft = drafts.new_message(account, conversation, {"author": author, "body": body})
    return actions.add_message(account, origin, draft).sid


def send_message(account: Account, conversation_sid: str, worker: str, body: str) -> Outcome:
    """A worker writes from the app; the webhook may refuse, otherwise the customer's phone has it."""
    origin = Origin("SDK", worker)
    try:
        conversation = account.store.conversation(conversation_sid)
        rules.check_usable(conversation)
        if all(there.identity != worker for there in account.store.participants_of(conversation.sid)):
            raise refusal(50430)
        message_sid = _write(account, origin, conversation.sid, worker, body)
        return Outcome(conversation_sid, message_sid)
    except TwilioError as error:
        return Outcome(conversation_sid, refused=_refused(error))


def close_conversation(account: Account, conversation_sid: str) -> Outcome:
    """A worker closes a conversation in the app, which Twilio reports as a change through the API."""
    try:
        conversation = account.store.conversation(conversation_sid)
        actions.change_state(account, Origin("API"), conversation, "closed", "API")
    except TwilioError as error:
        return Outcome(conversation_sid, refused=_refused(error))
    return Outcome(conversation_sid)


def open_conversation(account: Account, worker: str, contact: Contact) -> Outcome:
    """A worker taps a contact's channel: the app makes a conversation, asks us for the sender, adds both."""
    origin = Origin("SDK", worker)
    try:
        account.store.user(worker)
        check_contact(contact)
        draft = drafts.new_conversation(account, account.store.default_service_sid, {"created_by": worker})
        conversation = actions.create_conversation(account, origin, draft)
    except TwilioError as error:
        return Outcome(refused=_refused(error))
    try:
        return _join(account, origin, conversation, contact)
    except TwilioError as error:
        account.store.remove_conversation(conversation.sid)
        return Outcome(refused=_refused(error))


def _join(account: Account, origin: Origin, conversation: Conversation, contact: Contact) -> Outcome:
    worker = str(origin.client_identity)
    proxy = ask_proxy_address(account, worker, contact)
    check_proxy(account, proxy, contact)
    chat = contact.channel_type == "chat"
    binding = None if chat else Binding(contact.channel_type, contact.address, proxy)
    holder = account.store.open_binding(binding) if binding else None
    if holder is not None:
        there = account.store.participants_of(holder.conversation_sid)
        if all(participant.identity != worker for participant in there):
            raise refusal(48031, holder.conversation_sid)
        account.store.remove_conversation(conversation.sid)
        return Outcome(holder.conversation_sid)
    attributes = json.dumps({"customer_id": contact.customer_id, "display_name": contact.display_name})
    identity = contact.address if chat else None
    customer = {"identity": identity, "messaging_binding": binding, "attributes": attributes}
    for values in (customer, {"identity": worker}):
        actions.add_participant(account, origin, drafts.new_participant(account, conversation, values))
    return Outcome(conversation.sid, created=True)


def ask_proxy_address(account: Account, worker: str, contact: Contact) -> str:
    """Our answer to GetProxyAddress, or the error Frontline logs when it is not usable."""
    sent = call(
        account,
        "outgoing-conversation",
        {
            "Location": "GetProxyAddress",
            "Worker": worker,
            "CustomerId": contact.customer_id,
            "ChannelType": contact.channel_type,
            "ChannelValue": contact.address,
        },
    )
    if sent.status is None:
        raise refusal(48005)
    answer = _json_object(sent.body)
    if not sent.accepted:
        raise refusal(48004, str(answer.get("friendly_error_message") or sent.status))
    if not answer:
        raise refusal(48003)
    proxy = answer.get("proxy_address")
    if not isinstance(proxy, str) or not (rules.is_address(proxy) or contact.channel_type == "chat"):
        raise refusal(48026)
    return proxy


def call(account: Account, callback: str, parameters: Parameters) -> SentWebhook:
    """The app calls one of our Frontline callbacks (`crm`, `outgoing-conversation`, `templates`)."""
    url = account.callback_url(callback)
    if url is None:
        raise refusal(48001)
    return send(account, str(parameters.get("Location", callback)), url, parameters)


def check_contact(contact: Contact) -> None:
    """48025 and 48033: the address fits its channel."""
    if contact.channel_type == "chat":
        reserved = contact.address in ("", "system", "private", "unique")
        if reserved or _USER_SID.fullmatch(contact.address) or len(contact.address) > CHAT_IDENTITY_LENGTH:
            raise refusal(48033)
    elif not rules.is_address(contact.address) or rules.channel_of(contact.address) != contact.channel_type:
        raise refusal(48025)


def check_proxy(account: Account, proxy: str, contact: Contact) -> None:
    """48027 to 48030: the sender is ours and fits the contact's channel."""
    if contact.channel_type == "chat":
        return
    if proxy == contact.address:
        raise refusal(48027)
    if rules.channel_of(proxy) != contact.channel_type:
        raise refusal(48029)
    if proxy not in account.proxy_numbers:
        bare = proxy.removeprefix(rules.WHATSAPP)
        raise refusal(48030 if proxy != bare and bare in account.proxy_numbers else 48028)


def _json_object(body: str) -> dict[str, object]:
    if len(body.encode()) > MAX_ANSWER_BYTES:
        return {}
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _refused(error: TwilioError) -> Refusal:
    return Refusal(error.code, error.status, error.message)
