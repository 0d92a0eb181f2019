"""The base's webhook: its payloads, and the ports through which it is registered, read and remembered.

https://airtable.com/developers/web/api/webhooks-overview
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from twilio_bridge.contacts.ports import ContactSource


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A webhook as the base lists it: its next payload, whether it still records changes and notifies its address.

    `scope` is the id of the table of which it reports every change, empty for all tables; None where it leaves some
    out.
    """

    id: str
    url: str
    cursor: int
    is_alive: bool
    notifies: bool
    scope: str | None = ""


@dataclass(frozen=True, slots=True)
class ChangeBatch:
    """A webhook's payloads from a cursor on: records created, changed or destroyed, by their table's id.

    `cursor` asks for what follows, `more` means that there is something already. Where `is_whole` is false something
    happened that it does not report; where it `has_failed`, a payload is an error of the webhook itself.
    """

    records: Mapping[str, frozenset[str]]
    cursor: int
    more: bool = False
    is_whole: bool = True
    has_failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Our webhook: the secret it signs with (base64), up to where it was read, and when it expires (epoch seconds).

    What happened before `since` it may lack: only a whole load that began later has that. `tables` are the ids
    of the tables we read, by the name that the configuration has for them.
    """

    id: str
    url: str
    secret: str = field(default="", repr=False)
    expires_at: float
    cursor: int = 1
    since: float = 0
    tables: Mapping[str, str] = field(default_factory=dict)


class ChangeFeed(Protocol):
    """The base's webhooks; RefusedError where the plan or the token allows none."""

    def list_webhooks(self) -> list[Webhook]:
        """Return those of the base that we may see."""

    def find_table_ids(self, names: Iterable[str]) -> dict[str, str]:
        """Return the ids of those of the tables that are there, by name; an id is its own name."""

    def create_webhook(self, url: str) -> Registration:
        """Make a webhook that notifies this address of every change of a record; its secret is shown only here."""

    def renew_webhook(self, webhook_id: str) -> float:
        """Let it live for another week, and give until when (epoch seconds)."""

    def enable_notifications(self, webhook_id: str) -> None:
        """Let it notify us again, after the base gave up on our address."""

    def delete_webhook(self, webhook_id: str) -> None:
        """Remove a webhook; one that is gone already is fine."""

    def list_changes(self, webhook_id: str, cursor: int) -> ChangeBatch | None:
        """Return its payloads from a cursor on; None where it is gone or may not be read any more."""


class Registrations(Protocol):
    """What we remember of our webhook, and how often somebody was asked to read it."""

    def get_registration(self) -> Registration | None:
        """Return it as it was written last, by whomever."""

    def put_registration(self, registration: Registration) -> None:
        """Remember another webhook, or all of one anew."""

    def advance_cursor(self, registration: Registration) -> bool:
        """Remember its later cursor; False where another webhook or a still later cursor stands there."""

    def remove_registration(self, webhook_id: str) -> None:
        """Forget it, if it is this one."""

    def count_request(self) -> None:
        """Count one more who wants it read."""

    def get_request_count(self) -> int:
        """Return how often that was."""


@dataclass(frozen=True, slots=True)
class WebhookDeps:
    """What reading the base's webhook takes: its webhooks, what we remember, and records without delay.

    `secret` (base64) is that of a webhook which somebody registered by hand.
    """

    feed: ChangeFeed
    registrations: Registrations
    source: ContactSource
    secret: str = field(default="", repr=False)
