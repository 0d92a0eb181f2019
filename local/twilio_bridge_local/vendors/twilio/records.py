"""What a Twilio account holds, as frozen records; used by every other module of the stand-in.

A change is a new record (`dataclasses.replace`), so a record that someone read stays what it was.
"""

import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

STATES: Final = ("active", "inactive", "closed")


def new_sid(prefix: str) -> str:
    """A new SID: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


@dataclass(frozen=True)
class Binding:
    """How a participant outside the app is reached: her address and our number (the proxy address)."""

    type: str
    address: str | None = None
    proxy_address: str | None = None
    projected_address: str | None = None
    author_address: str | None = None

    @property
    def pair(self) -> tuple[str | None, str | None]:
        """What must be unique among the open conversations."""
        return self.address, self.proxy_address


@dataclass(frozen=True)
class Conversation:
    """A conversation. `number` is its place in lists; until `ready_at` (monotonic) it is `initializing`."""

    sid: str
    chat_service_sid: str
    messaging_service_sid: str
    number: int
    date_created: datetime
    date_updated: datetime
    friendly_name: str | None = None
    unique_name: str | None = None
    attributes: str = "{}"
    kept_state: str = "active"
    created_by: str = "system"
    ready_at: float = 0.0

    @property
    def state(self) -> str:
        """The state as Twilio shows it now."""
        return "initializing" if time.monotonic() < self.ready_at else self.kept_state


@dataclass(frozen=True)
class Participant:
    """Someone in a conversation: a worker by identity, or a customer by messaging binding."""

    sid: str
    conversation_sid: str
    chat_service_sid: str
    number: int
    role_sid: str
    date_created: datetime
    date_updated: datetime
    identity: str | None = None
    messaging_binding: Binding | None = None
    attributes: str = "{}"
    last_read_message_index: int | None = None
    last_read_timestamp: str | None = None


@dataclass(frozen=True)
class Message:
    """A message. `receivers` is how many participants outside the app it was delivered to."""

    sid: str
    conversation_sid: str
    chat_service_sid: str
    messaging_service_sid: str
    number: int
    index: int
    date_created: datetime
    date_updated: datetime
    author: str = "system"
    body: str | None = None
    attributes: str = "{}"
    participant_sid: str | None = None
    content_sid: str | None = None
    receivers: int = 0


@dataclass(frozen=True)
class User:
    """A Frontline user, who is also the Conversations user of the same identity."""

    sid: str
    identity: str
    friendly_name: str | None = None
    avatar: str | None = None
    state: str = "active"
    is_available: bool = False
    date_created: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Service:
    """A chat service, and its place in lists."""

    sid: str
    number: int


@dataclass(frozen=True)
class WebhookConfiguration:
    """Which events fire, and where to; without URLs of its own they go to the account's `callbacks_url`."""

    filters: tuple[str, ...] = ()
    pre_webhook_url: str | None = None
    post_webhook_url: str | None = None
    method: str = "POST"
    target: str = "webhook"


@dataclass(frozen=True)
class Delivered:
    """A message that reached a customer's phone."""

    time: float
    address: str
    proxy: str
    body: str
    conversation_sid: str
    message_sid: str
