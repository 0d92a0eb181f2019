"""What probes and the set-up ask of the vendors and of AWS.

Every method may raise the bridge's errors: RefusedError with the HTTP status as its `code`, RateLimitedError or
UnavailableError.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

SinkStatus = str  # initialized, validating, active or failed


@dataclass(frozen=True, slots=True)
class FlexConfiguration:
    """Flex in an account: whose it is, and where its tasks are."""

    account_sid: str
    workspace_sid: str


@dataclass(frozen=True, slots=True)
class Sink:
    """An Event Streams sink; `configuration` is as it was given: arn, role_arn, external_id of a Kinesis sink."""

    sid: str
    description: str
    sink_type: str
    status: SinkStatus
    configuration: Mapping[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """The stream that a Kinesis sink writes to."""
        return str(self.configuration.get("arn", ""))


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which types of events go to a sink, each with the version of its schema."""

    sid: str
    description: str
    sink_sid: str
    types: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What Conversations calls for a service's events, and for which of them."""

    pre_url: str = ""
    post_url: str = ""
    filters: frozenset[str] = frozenset()
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class AddressConfiguration:
    """What an inbound message to one of the company's addresses begins.

    `auto_creation` is as Twilio has it: enabled, type, conversation_service_sid and the rest.
    """

    sid: str
    kind: str
    address: str
    auto_creation: Mapping[str, Any] = field(default_factory=dict)
    friendly_name: str = ""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A Flex plugin of the account, and whether a release has it."""

    name: str
    is_active: bool


class TwilioAccount(Protocol):
    """One account's set-up, as the probes read it."""

    def check_token(self) -> str:
        """Return the account's status (active, suspended or closed), asked with SID and auth token."""

    def list_keys(self) -> int:
        """Return how many API keys the account has; only the auth token and Main keys may ask."""

    def fetch_flex(self) -> FlexConfiguration:
        """Return Flex's configuration."""

    def fetch_default_service(self) -> tuple[str, str]:
        """Return the SIDs of the account and of its default Conversations service."""

    def fetch_workspace(self, sid: str) -> str:
        """Return a TaskRouter workspace's name."""

    def count_workers(self, workspace_sid: str) -> int:
        """Return how many workers a workspace has."""

    def count_queues(self, workspace_sid: str) -> int:
        """Return how many queues a workspace has."""

    def fetch_flex_flow(self, sid: str) -> bool:
        """Return whether a Flex flow is enabled."""

    def list_plugins(self) -> Sequence[Plugin]:
        """Return the account's Flex plugins."""

    def list_sinks(self) -> Sequence[Sink]:
        """Return the Event Streams sinks."""

    def list_subscriptions(self, sink_sid: str) -> Sequence[Subscription]:
        """Return a sink's subscriptions with their types."""

    def fetch_webhooks(self, service_sid: str) -> Webhooks:
        """Return the webhooks of a Conversations service."""

    def list_addresses(self) -> Sequence[AddressConfiguration]:
        """Return the address configurations."""

    def read_clock(self) -> float | None:
        """Return how many seconds our clock is ahead of Twilio's, by its last answer."""


class TwilioRegions(Protocol):
    """The same login in another region."""

    def find_region(self) -> str:
        """Return the region that takes the login, or nothing."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """A queue: messages that wait or are under way, and those that were given up."""

    name: str
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm of the stack: OK, ALARM or INSUFFICIENT_DATA, and its description."""

    name: str
    state: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Traffic:
    """The last hour in numbers, None where nobody knows: events taken in, callbacks answered, deliveries to Brevo.

    `iterator_age_s` is how long the oldest event on the stream has waited.
    """

    events: int | None = None
    callbacks: int | None = None
    deliveries: int | None = None
    iterator_age_s: float | None = None


class Deployment(Protocol):
    """The stack at AWS."""

    def read_queues(self) -> Sequence[QueueState]:
        """Return the queues of the parts that are deployed."""

    def read_alarms(self) -> Sequence[Alarm]:
        """Return the stack's alarms."""

    def count_quarantined(self) -> int:
        """Return how many records are in the quarantine, a thousand at most."""

    def read_traffic(self) -> Traffic:
        """Return the last hour's numbers."""


class Caller(Protocol):
    """Whoever calls our own URLs as Twilio does."""

    def post_signed(self, path: str, form: Mapping[str, str]) -> int:
        """Return the status of a signed form's answer; raise UnavailableError where nobody answers."""

    def post_json(self, path: str, body: bytes, *, signed: bool) -> int:
        """Return the status of a JSON body's answer, signed as Event Streams does, or not at all."""


class BrevoAccount(Protocol):
    """A Brevo account, as the probe reads it."""

    def fetch_plan(self) -> str:
        """Return the account's plan."""

    def find_misfits(self, samples: Mapping[str, object]) -> Mapping[str, str]:
        """Return what is wrong with each attribute of which there are samples, by name."""

    def fetch_list(self, list_id: int) -> str:
        """Return a list's name."""


@dataclass(frozen=True, slots=True)
class BaseWebhook:
    """A webhook of the base: whom it notifies, and whether it does."""

    id: str
    url: str
    is_alive: bool
    notifies: bool


class AirtableBase(Protocol):
    """A base, as the probe reads it."""

    def check_access(self) -> None:
        """Read one contact, or raise."""

    def find_problems(self) -> Iterable[Any]:
        """Yield what is wrong with tables, columns and templates (`contacts.base_check.Finding`)."""

    def list_webhooks(self) -> Sequence[BaseWebhook]:
        """Return the base's webhooks."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What SyncState holds: interactions, and customers that are contacts in Brevo; `at` is when it was counted."""

    interactions: int
    customers: int
    at: float


@dataclass(frozen=True, slots=True)
class Episode:
    """Since when (epoch seconds) a system is as it is, and its last error, with the moment it was last seen."""

    is_connected: bool
    since: float
    error: str = ""
    error_since: float = 0
    error_at: float = 0


class StatusMemory(Protocol):
    """What one status remembers for the next."""

    def read_counts(self) -> Counts | None:
        """Return what was counted last."""

    def write_counts(self, counts: Counts) -> None:
        """Keep what was counted."""

    def read_episodes(self) -> Mapping[str, Episode]:
        """Return each system's last state."""

    def write_episode(self, system: str, episode: Episode) -> None:
        """Keep a system's state."""

    def read_last_sync(self) -> float | None:
        """Return when the last synchronisation ended."""
