"""New conversations, participants and messages before they are published; used by REST and by people.

A draft already has its SID, its place in lists and its dates; `actions` shows it to the webhooks and
publishes it.
"""

from typing import Any

from twilio_bridge_local.vendors.twilio.account import Account
from twilio_bridge_local.vendors.twilio.records import Conversation, Message, Participant, new_sid
from twilio_bridge_local.vendors.twilio.store import now


def new_conversation(account: Account, service_sid: str, values: dict[str, Any]) -> Conversation:
    """A conversation that is not published yet; `values` may set its dates."""
    created = values.pop("date_created", None) or now()
    return Conversation(
        sid=new_sid("CH"),
        chat_service_sid=service_sid,
        messaging_service_sid=values.pop("messaging_service_sid", None) or account.store.messaging_service_sid,
        number=account.store.next_number(),
        date_created=created,
        date_updated=values.pop("date_updated", None) or created,
        **values,
    )


def new_participant(account: Account, conversation: Conversation, values: dict[str, Any]) -> Participant:
    """A participant who is not in the conversation yet."""
    created = values.pop("date_created", None) or now()
    return Participant(
        sid=new_sid("MB"),
        conversation_sid=conversation.sid,
        chat_service_sid=conversation.chat_service_sid,
        number=account.store.next_number(),
        role_sid=values.pop("role_sid", None) or account.store.role_sid,
        date_created=created,
        date_updated=values.pop("date_updated", None) or created,
        **values,
    )


def new_message(account: Account, conversation: Conversation, values: dict[str, Any]) -> Message:
    """A message that is not published yet. Its author may be an identity, an address, or any other name."""
    created = values.pop("date_created", None) or now()
    return Message(
        sid=new_sid("IM"),
        conversation_sid=conversation.sid,
        chat_service_sid=conversation.chat_service_sid,
        messaging_service_sid=conversation.messaging_service_sid,
        number=account.store.next_number(),
        index=0,
        date_created=created,
        date_updated=values.pop("date_updated", None) or created,
        participant_sid=_sid_of(account, conversation.sid, values.get("author")),
        **values,
    )


def _sid_of(account: Account, conversation_sid: str, author: str | None) -> str | None:
    for participant in account.store.participants_of(conversation_sid):
        binding = participant.messaging_binding
        if author and author in (participant.identity, binding and binding.address):
            return participant.sid
    return None
