"""Which parameters each Conversations webhook carries, and their values; used by the actions.

The table follows https://www.twilio.com/docs/conversations/conversations-webhooks: a name with `?` is left
out when there is no value, the others are sent empty. What all events share (AccountSid, EventType, Source,
ClientIdentity) is added by `webhooks`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from twilio_bridge_local.vendors.twilio.records import Binding, Conversation, Message, Participant

Values = Mapping[str, str | None]

_BINDING = (
    "MessagingBinding.ProxyAddress? MessagingBinding.Address? MessagingBinding.ProjectedAddress?"
    " MessagingBinding.AuthorAddress?"
)
_SERVICES = "ChatServiceSid MessagingServiceSid"
_CONVERSATION = f"ConversationSid DateCreated DateUpdated FriendlyName? UniqueName Attributes {_SERVICES} State"
_PARTICIPANT = (
    "ConversationSid Identity? RoleSid Attributes MessagingBinding.ProxyAddress? MessagingBinding.Address?"
    " MessagingBinding.ProjectedAddress? MessagingBinding.Type?"
)
_MESSAGE = "ConversationSid Body Author ParticipantSid? Attributes"

TABLE: Final[Mapping[str, str]] = {
    "onConversationAdd": f"FriendlyName? UniqueName Attributes {_SERVICES} {_BINDING} MessageBody? State",
    "onConversationUpdate": _CONVERSATION,
    "onConversationRemove": _CONVERSATION,
    "onMessageAdd": _MESSAGE,
    "onParticipantAdd": _PARTICIPANT,
    "onParticipantUpdate": f"{_PARTICIPANT} ParticipantSid DateCreated DateUpdated",
    "onParticipantRemove": f"{_PARTICIPANT} ParticipantSid DateCreated DateUpdated",
    "onConversationAdded": _CONVERSATION.replace("UniqueName", "UniqueName?") + f" {_BINDING}",
    "onConversationUpdated": _CONVERSATION,
    "onConversationRemoved": f"{_CONVERSATION} DateRemoved",
    "onConversationStateUpdated": f"{_SERVICES} ConversationSid StateUpdated StateFrom StateTo Reason",
    "onMessageAdded": f"{_MESSAGE} MessageSid MessagingServiceSid Index DateCreated",
    "onParticipantAdded": f"{_PARTICIPANT} ParticipantSid DateCreated",
    "onParticipantUpdated": f"{_PARTICIPANT} ParticipantSid DateCreated DateUpdated LastReadMessageIndex?",
    "onParticipantRemoved": f"{_PARTICIPANT} ParticipantSid DateCreated DateUpdated DateRemoved",
}

# Frontline's routing callback is no Conversations webhook: it names the chat service differently.
ROUTING: Final = (
    "ConversationSid FriendlyName UniqueName Attributes ConversationServiceSid State DateCreated DateUpdated"
    " MessagingBinding.ProxyAddress MessagingBinding.Address MessagingBinding.AuthorAddress?"
)


def select(names: str, values: Values) -> dict[str, str]:
    """The named parameters in the table's order, the optional ones only where there is a value."""
    chosen: dict[str, str] = {}
    for name in names.split():
        value = values.get(name.removesuffix("?"))
        if value is not None or not name.endswith("?"):
            chosen[name.removesuffix("?")] = value or ""
    return chosen


def iso(moment: datetime) -> str:
    """A time as webhooks write it, with milliseconds."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def binding_values(binding: Binding | None) -> Values:
    """The four addresses of a messaging binding and its type."""
    if binding is None:
        return {}
    return {
        "MessagingBinding.Type": binding.type,
        "MessagingBinding.Address": binding.address,
        "MessagingBinding.ProxyAddress": binding.proxy_address,
        "MessagingBinding.ProjectedAddress": binding.projected_address,
        "MessagingBinding.AuthorAddress": binding.author_address,
    }


def conversation_values(conversation: Conversation, binding: Binding | None = None) -> Values:
    """All parameters of a conversation; an auto-created one has its customer's binding."""
    return {
        "ConversationSid": conversation.sid,
        "ChatServiceSid": conversation.chat_service_sid,
        "ConversationServiceSid": conversation.chat_service_sid,
        "MessagingServiceSid": conversation.messaging_service_sid,
        "FriendlyName": conversation.friendly_name,
        "UniqueName": conversation.unique_name,
        "Attributes": conversation.attributes,
        "State": conversation.state,
        "DateCreated": iso(conversation.date_created),
        "DateUpdated": iso(conversation.date_updated),
        **binding_values(binding),
    }


def participant_values(participant: Participant) -> Values:
    """All parameters of a participant."""
    index = participant.last_read_message_index
    return {
        "ConversationSid": participant.conversation_sid,
        "ParticipantSid": participant.sid,
        "Identity": participant.identity,
        "RoleSid": participant.role_sid,
        "Attributes": participant.attributes,
        "DateCreated": iso(participant.date_created),
        "DateUpdated": iso(participant.date_updated),
        "LastReadMessageIndex": None if index is None else str(index),
        **binding_values(participant.messaging_binding),
    }


def message_values(message: Message) -> Values:
    """All parameters of a message."""
    return {
        "ConversationSid": message.conversation_sid,
        "MessageSid": message.sid,
        "MessagingServiceSid": message.messaging_service_sid,
        "ParticipantSid": message.participant_sid,
        "Index": str(message.index),
        "Author": message.author,
        "Body": message.body,
        "Attributes": message.attributes,
        "DateCreated": iso(message.date_created),
    }


def state_values(before: Conversation, after: Conversation, reason: str) -> Values:
    """A change of state: without who is in the conversation."""
    return {
        **conversation_values(after),
        "StateUpdated": iso(after.date_updated),
        "StateFrom": before.kept_state,
        "StateTo": after.kept_state,
        "Reason": reason,
    }
