"""Everything the stand-in knows, in memory; used by the actions and the REST answers.

Thread-safe: every call takes the lock for its own time, and `lock` may be held around several calls (never
around a webhook). Lists come in the order of creation. A SID that is not there is error 20404.
"""

import itertools
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock, RLock
from typing import Final

from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.records import (
    Binding,
    Conversation,
    Message,
    Participant,
    User,
    WebhookConfiguration,
    new_sid,
)

# What Frontline requires (onConversationAdd, onParticipantAdded) and what a CRM bridge listens to besides.
DEFAULT_FILTERS: Final = (
    "onConversationAdd",
    "onConversationAdded",
    "onConversationStateUpdated",
    "onMessageAdd",
    "onMessageAdded",
    "onParticipantAdded",
)


def now() -> datetime:
    """The time that records are stamped with."""
    return datetime.now(UTC)


@dataclass
class Store:
    """The resources of one account: one default chat service, others as they are added."""

    default_service_sid: str = field(default_factory=lambda: new_sid("IS"))
    messaging_service_sid: str = field(default_factory=lambda: new_sid("MG"))
    role_sid: str = field(default_factory=lambda: new_sid("RL"))
    lock: RLock = field(default_factory=RLock)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    participants: dict[str, Participant] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    account_webhooks: WebhookConfiguration = field(
        default_factory=lambda: WebhookConfiguration(filters=DEFAULT_FILTERS)
    )
    service_webhooks: dict[str, WebhookConfiguration] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.services = [self.default_service_sid]
        self._numbers = itertools.count(1)
        self._chat_users: dict[tuple[str, str], User] = {}
        self._pairs: defaultdict[tuple[str, str], Lock] = defaultdict(Lock)

    def next_number(self) -> int:
        """The next place in lists."""
        with self.lock:
            return next(self._numbers)

    def pair_lock(self, address: str, proxy: str) -> Lock:
        """Held while an inbound message finds or makes its conversation, so that two make one only."""
        with self.lock:
            return self._pairs[address, proxy]

    def add_user(self, identity: str, *, is_available: bool = False) -> User:
        """A new Frontline user."""
        user = User(new_sid("US"), identity, friendly_name=identity, is_available=is_available)
        with self.lock:
            self.users[user.sid] = user
        return user

    def user(self, sid_or_identity: str) -> User:
        """The user of that SID or identity (identities are case-sensitive)."""
        with self.lock:
            for user in self.users.values():
                if sid_or_identity in (user.sid, user.identity):
                    return user
        raise refusal(20404, f"/Users/{sid_or_identity}")

    def user_sid(self, identity: str | None) -> str | None:
        """The SID of the user of that identity, if there is one."""
        with self.lock:
            return next((user.sid for user in self.users.values() if user.identity == identity), None)

    def add_service(self) -> str:
        """A further chat service, with conversations and users of its own."""
        sid = new_sid("IS")
        with self.lock:
            self.services.append(sid)
        return sid

    def chat_user(self, sid_or_identity: str, service_sid: str) -> User:
        """The Conversations user of that SID or identity in a chat service: identities are unique in each of them.

        Every participant who chats is backed by one: https://www.twilio.com/docs/conversations/api/user-resource.
        Frontline's users are users of the default service.
        """
        with self.lock:
            for identity in self._chat_identities(service_sid):
                user = self._chat_users.setdefault((service_sid, identity), User(new_sid("US"), identity))
                if sid_or_identity in (user.sid, identity):
                    return user
        raise refusal(20404, f"/Services/{service_sid}/Users/{sid_or_identity}")

    def _chat_identities(self, service_sid: str) -> list[str]:
        there = [found.identity for found in self.participants.values() if found.chat_service_sid == service_sid]
        users = [user.identity for user in self.users.values()] if service_sid == self.default_service_sid else []
        return list(dict.fromkeys(identity for identity in (*users, *there) if identity))

    def conversation(self, sid_or_unique_name: str, service_sid: str | None = None) -> Conversation:
        """The conversation of that SID or unique name, in that chat service if one is given."""
        with self.lock:
            for found in self.conversations.values():
                named = sid_or_unique_name in (found.sid, found.unique_name)
                if named and service_sid in (None, found.chat_service_sid):
                    return found
        raise refusal(20404, f"/Conversations/{sid_or_unique_name}")

    def participant(self, conversation_sid: str, sid_or_identity: str) -> Participant:
        """The participant of that SID or identity in the conversation."""
        for found in self.participants_of(conversation_sid):
            if sid_or_identity in (found.sid, found.identity):
                return found
        raise refusal(20404, f"/Conversations/{conversation_sid}/Participants/{sid_or_identity}")

    def message(self, conversation_sid: str, sid: str) -> Message:
        """The message of that SID in the conversation."""
        with self.lock:
            found = self.messages.get(sid)
        if found is None or found.conversation_sid != conversation_sid:
            raise refusal(20404, f"/Conversations/{conversation_sid}/Messages/{sid}")
        return found

    def conversations_of(self, service_sid: str) -> list[Conversation]:
        """All conversations of a chat service."""
        with self.lock:
            return [found for found in self.conversations.values() if found.chat_service_sid == service_sid]

    def participants_of(self, conversation_sid: str) -> list[Participant]:
        """All participants of a conversation."""
        with self.lock:
            found = self.participants.values()
            return [participant for participant in found if participant.conversation_sid == conversation_sid]

    def messages_of(self, conversation_sid: str) -> list[Message]:
        """All messages of a conversation."""
        with self.lock:
            found = self.messages.values()
            return [message for message in found if message.conversation_sid == conversation_sid]

    def open_binding(self, binding: Binding) -> Participant | None:
        """The participant who holds that pair of addresses in a conversation that is not closed."""
        with self.lock:
            for found in self.participants.values():
                held = found.messaging_binding
                state = self.conversations[found.conversation_sid].kept_state
                if held and held.pair == binding.pair and state != "closed":
                    return found
        return None

    def participants_who(self, service_sid: str, identity: str | None, address: str | None) -> list[Participant]:
        """The places that a worker (by identity) or a customer (by address) has in conversations."""
        with self.lock:
            there = [found for found in self.participants.values() if found.chat_service_sid == service_sid]
        if identity:
            return [found for found in there if found.identity == identity]
        return [found for found in there if found.messaging_binding and found.messaging_binding.address == address]

    def remove_conversation(self, sid: str) -> None:
        """Forget a conversation and all that is in it."""
        with self.lock:
            self.conversations.pop(sid, None)
            self.participants = {k: v for k, v in self.participants.items() if v.conversation_sid != sid}
            self.messages = {k: v for k, v in self.messages.items() if v.conversation_sid != sid}

    def webhook_configuration(self, service_sid: str) -> WebhookConfiguration:
        """Which events fire in that chat service: its own once it has one, else the account's."""
        with self.lock:
            return self.service_webhooks.get(service_sid, self.account_webhooks)
