"""One simulated Twilio account: who it is, what it holds, where its callbacks go, and what was sent there.

Used by every module of the stand-in. The plain attributes may be changed while the stand-in runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from twilio_bridge_local.vendors.twilio.access import Access
from twilio_bridge_local.vendors.twilio.address_book import AddressBook
from twilio_bridge_local.vendors.twilio.event_streams.sinks import EventStreams, PutEvent
from twilio_bridge_local.vendors.twilio.flex_tokens import FlexTokens
from twilio_bridge_local.vendors.twilio.messages.state import Messaging
from twilio_bridge_local.vendors.twilio.records import Delivered
from twilio_bridge_local.vendors.twilio.store import Store

Parameters = Mapping[str, str | Sequence[str]]

CONVERSATIONS_CALLBACK: Final = "twilio-conversations"


@dataclass(frozen=True)
class Timeouts:
    """How long Twilio waits for us, in seconds: hooks, Frontline's routing and other callbacks, messages' statuses."""

    hook: float = 5.0
    routing: float = 10.0
    callback: float = 6.0
    status: float = 15.0


@dataclass(frozen=True)
class SentWebhook:
    """One callback that was sent, and its answer; `status` is None if none came in time.

    `event_type` is a Conversations event, `routing`, `message-status`, or the `Location` of a Frontline callback.
    """

    time: float
    event_type: str
    url: str
    parameters: Parameters
    status: int | None
    body: str
    seconds: float

    @property
    def accepted(self) -> bool:
        """Whether the answer was a success."""
        return self.status is not None and self.status < 300  # noqa: PLR2004  # HTTP's own boundary


@dataclass
class Account:
    """The account's credentials, its resources, and the record of its callbacks.

    `users` maps a worker's identity to whether she is available. `proxy_numbers` are the account's senders,
    WhatsApp ones with their prefix. `callbacks_url` is the base URL of our gateway; empty, no callback is
    sent. A conversation that an inbound message creates stays `initializing` for `initializing_s` seconds.
    It lives in `inbound_service_sid`, by default in the account's default chat service. `shared_key` (id and secret)
    signs callbacks in place of the auth token. `retry_after_s` is the header of a 429, which may lack.
    The limits of TaskRouter are an account's own, shown in its Console; None is without limit. `requests_per_s` are
    those of products, by the names of `limits.name_limit`: by default there are none.
    `messaging` has the messages of the first API.
    `put_event` reaches Kinesis streams; without it no event leaves.
    """

    account_sid: str
    auth_token: str
    api_key: tuple[str, str] | None = None
    users: Mapping[str, bool] = field(default_factory=dict)
    proxy_numbers: Sequence[str] = ()
    callbacks_url: str = ""
    timeouts: Timeouts = field(default_factory=Timeouts)
    initializing_s: float = 0.0
    writes_per_s: int | None = None
    taskrouter_reads_per_s: int | None = None
    taskrouter_writes_per_s: int | None = None
    requests_per_s: Mapping[str, int] = field(default_factory=dict)
    inbound_service_sid: str = ""
    shared_key: tuple[str, str] | None = None
    retry_after_s: int | None = None
    put_event: PutEvent | None = None
    access: Access = field(default_factory=Access)
    store: Store = field(default_factory=Store)
    addresses: AddressBook = field(default_factory=AddressBook)
    event_streams: EventStreams = field(default_factory=EventStreams)
    flex_tokens: FlexTokens = field(default_factory=FlexTokens)
    messaging: Messaging = field(default_factory=Messaging)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    webhooks: list[SentWebhook] = field(default_factory=list)
    delivered: list[Delivered] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.add_users()

    def add_users(self) -> None:
        """Put the users into the store."""
        for identity, is_available in self.users.items():
            self.store.add_user(identity, is_available=is_available)

    def callback_url(self, callback: str) -> str | None:
        """The address of one of our callbacks, or None while the gateway is not known."""
        return f"{self.callbacks_url.rstrip('/')}/callbacks/{callback}" if self.callbacks_url else None
