"""What changes an account, in Twilio's order: check, pre-action webhook, change, post-action webhook.

Used by the REST API and by what people do; both differ only in the `Origin` they bring. A refusal of the
rules or of a webhook is a TwilioError and leaves everything as it was. No lock is held while a webhook is
out.
"""

import time
from dataclasses import replace
from typing import Any

from twilio_bridge_local.vendors.twilio.account import Account
from twilio_bridge_local.vendors.twilio.conversations import rules, webhooks
from twilio_bridge_local.vendors.twilio.conversations import webhook_parameters as events
from twilio_bridge_local.vendors.twilio.conversations.webhooks import Origin
from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.records import Binding, Conversation, Delivered, Message, Participant
from twilio_bridge_local.vendors.twilio.store import now


def approve_conversation(
    account: Account,
    origin: Origin,
    draft: Conversation,
    binding: Binding | None = None,
    body: str | None = None,
) -> Conversation:
    """The draft as the pre-action webhook left it; its parameters have an inbound message's text and binding."""
    rules.check_conversation(account.store, draft)
    if draft.kept_state == "closed":
        raise refusal(50384)
    values = {**events.conversation_values(draft, binding), "MessageBody": body}
    changes = _ask(account, draft.chat_service_sid, origin, "onConversationAdd", values)
    approved = replace(draft, **changes)
    with account.store.lock:
        rules.check_conversation(account.store, approved)
        account.store.conversations[approved.sid] = approved
    return approved


def create_conversation(account: Account, origin: Origin, draft: Conversation) -> Conversation:
    """A conversation with nobody in it yet."""
    created = approve_conversation(account, origin, draft)
    _tell(account, created.chat_service_sid, origin, "onConversationAdded", events.conversation_values(created))
    return created


def update_conversation(
    account: Account, origin: Origin, before: Conversation, changes: dict[str, Any]
) -> Conversation:
    """New values for a conversation; a change of state has a webhook of its own."""
    rules.check_usable(before)
    draft = replace(before, **changes)
    rules.check_conversation(account.store, draft)
    service = before.chat_service_sid
    hooked = _ask(account, service, origin, "onConversationUpdate", events.conversation_values(draft))
    after = replace(draft, **hooked, date_updated=now())
    rules.check_conversation(account.store, after)
    account.store.conversations[after.sid] = after
    _tell(account, service, origin, "onConversationUpdated", events.conversation_values(after))
    _tell_state(account, origin, before, after, "API")
    return after


def change_state(account: Account, origin: Origin, before: Conversation, state: str, reason: str) -> None:
    """A new state and nothing else: by a timer, by a message, or from the app."""
    if before.kept_state == "closed":
        raise refusal(50377)
    after = replace(before, kept_state=state, date_updated=now())
    account.store.conversations[after.sid] = after
    _tell_state(account, origin, before, after, reason)


def delete_conversation(account: Account, origin: Origin, conversation: Conversation) -> None:
    """Forget a conversation."""
    values, service = events.conversation_values(conversation), conversation.chat_service_sid
    _ask(account, service, origin, "onConversationRemove", values)
    account.store.remove_conversation(conversation.sid)
    removed = {**values, "DateRemoved": events.iso(now())}
    _tell(account, service, origin, "onConversationRemoved", removed)


def add_participant(account: Account, origin: Origin, draft: Participant) -> Participant:
    """Someone joins a conversation."""
    rules.check_usable(account.store.conversation(draft.conversation_sid))
    rules.check_participant(draft)
    rules.check_unique_participant(account.store, draft)
    _ask(account, draft.chat_service_sid, origin, "onParticipantAdd", events.participant_values(draft))
    place_participant(account, draft)
    tell_participant(account, origin, "onParticipantAdded", draft)
    return draft


def place_participant(account: Account, draft: Participant) -> None:
    """Put a participant in without a webhook; of two at once for one place, one is refused."""
    with account.store.lock:
        rules.check_unique_participant(account.store, draft)
        account.store.participants[draft.sid] = draft


def tell_participant(account: Account, origin: Origin, event_type: str, participant: Participant) -> None:
    """The post-action webhook about a participant."""
    values = events.participant_values(participant)
    _tell(account, participant.chat_service_sid, origin, event_type, values)


def update_participant(account: Account, origin: Origin, before: Participant, changes: dict[str, Any]) -> Participant:
    """New values for a participant."""
    rules.check_usable(account.store.conversation(before.conversation_sid))
    after = replace(before, **changes, date_updated=now())
    rules.check_participant(after)
    values = events.participant_values(after)
    _ask(account, before.chat_service_sid, origin, "onParticipantUpdate", values)
    account.store.participants[after.sid] = after
    tell_participant(account, origin, "onParticipantUpdated", after)
    return after


def remove_participant(account: Account, origin: Origin, participant: Participant) -> None:
    """Someone leaves a conversation."""
    values, service = events.participant_values(participant), participant.chat_service_sid
    _ask(account, service, origin, "onParticipantRemove", values)
    account.store.participants.pop(participant.sid, None)
    removed = {**values, "DateRemoved": events.iso(now())}
    _tell(account, service, origin, "onParticipantRemoved", removed)


def add_message(account: Account, origin: Origin, draft: Message) -> Message:
    """Publish a message and deliver it to everybody outside the app."""
    rules.check_attributes(draft.attributes, rules.OTHER_ATTRIBUTES)
    changes = _ask(account, draft.chat_service_sid, origin, "onMessageAdd", events.message_values(draft))
    changed = replace(draft, **changes)
    rules.check_attributes(changed.attributes, rules.OTHER_ATTRIBUTES)
    message = _place_message(account, changed)
    conversation = account.store.conversation(message.conversation_sid)
    if conversation.kept_state == "inactive":
        change_state(account, origin, conversation, "active", "EVENT")
    values = events.message_values(message)
    _tell(account, message.chat_service_sid, origin, "onMessageAdded", values)
    return message


def _place_message(account: Account, draft: Message) -> Message:
    with account.store.lock:
        index = len(account.store.messages_of(draft.conversation_sid))
        receivers = _receivers(account, draft)
        message = replace(draft, index=index, receivers=len(receivers))
        account.store.messages[message.sid] = message
    for binding in receivers:
        account.delivered.append(
            Delivered(
                time=time.time(),
                address=str(binding.address),
                proxy=binding.proxy_address or "",
                body=message.body or "",
                conversation_sid=message.conversation_sid,
                message_sid=message.sid,
            )
        )
    return message


def _receivers(account: Account, message: Message) -> list[Binding]:
    there = account.store.participants_of(message.conversation_sid)
    bindings = [participant.messaging_binding for participant in there if participant.messaging_binding]
    return [held for held in bindings if held.address and held.address != message.author]


def _ask(account: Account, service_sid: str, origin: Origin, event_type: str, values: events.Values) -> dict[str, Any]:
    parameters = events.select(events.TABLE[event_type], values)
    return webhooks.ask(account, service_sid, origin, event_type, parameters)


def _tell(account: Account, service_sid: str, origin: Origin, event_type: str, values: events.Values) -> None:
    parameters = events.select(events.TABLE[event_type], values)
    webhooks.notify(account, service_sid, origin, event_type, parameters)


def _tell_state(account: Account, origin: Origin, before: Conversation, after: Conversation, reason: str) -> None:
    if before.kept_state != after.kept_state:
        values = events.state_values(before, after, reason)
        _tell(account, after.chat_service_sid, origin, "onConversationStateUpdated", values)


def tell_created(account: Account, origin: Origin, conversation: Conversation, binding: Binding) -> None:
    """Announce that an inbound message created the conversation, with its customer's binding."""
    values = events.conversation_values(conversation, binding)
    _tell(account, conversation.chat_service_sid, origin, "onConversationAdded", values)
