"""A campaign: what is sent, to whom, from where and when; and how far it is.

The settings never change once they are accepted, so that nothing that is configured later alters what is sent. Moments
are epoch milliseconds, amounts millionths of the currency (`micros`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from twilio_bridge.messages.quiet_hours import Window

# planning → sending ⇄ paused → finished; planning → refused; each but the last four → cancelling → cancelled.
CampaignState = Literal["planning", "sending", "paused", "cancelling", "cancelled", "finished", "refused"]
Channel = Literal["sms", "whatsapp"]
SourceKind = Literal["csv", "jsonl", "airtable"]
WriteBack = Literal["", "airtable", "brevo"]

FINAL_STATES: frozenset[CampaignState] = frozenset({"cancelled", "finished", "refused"})
MICROS = 1_000_000
DEFAULT_RETRY_INTERVAL_MS = 10_000  # Unica Link's
DEFAULT_RETRY_ATTEMPTS = 30
DEFAULT_VALIDITY_S = 14_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """From where: one number, a number by the beginning of the recipient's (`countries`), or a Messaging Service."""

    number: str = ""
    countries: Mapping[str, str] = field(default_factory=dict)
    messaging_service_sid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the rows stand: an object in S3 (rows sent along with the request, too), or a view in Airtable.

    `etag` is the object's when the campaign was accepted; `encoding` and `delimiter` are empty until they are found.
    """

    kind: SourceKind
    bucket: str = ""
    key: str = ""
    etag: str = ""
    size: int = 0
    encoding: str = ""
    delimiter: str = ""
    table: str = ""
    view: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSettings:
    """What was asked for; `fingerprint` is the same for the same request only.

    Attributes:
        text: With placeholders; empty where a content template is sent.
        content_sid: WhatsApp's content template, with `content_variables`: texts with placeholders by their number.
        media: Addresses, in which placeholders may stand.
        columns: The column of each placeholder; a placeholder that is not named here is its own column.
        to_column: The column of the recipient's number.
        region: The country of numbers written without their country code.
        starts_at: Nothing is due before it.
        is_scheduled_at_twilio: Whether rows that are due later are handed to Twilio at once, with SendAt.
        window: When a person may be written to, by every time zone of their number; None is always.
        timezone: The zone of a number without a known one (IANA's name).
        validity_s: For how long Twilio may try to deliver.
        rate_per_s: Messages a second for the whole campaign.
        max_spend_micros: Where the campaign pauses; None is never.
        max_failure_percent: Of the messages with a final status, where the campaign pauses; None is never.
        test_to: The number that gets the first row's message instead, and nothing else is sent.
        write_back: Where each row's outcome is written besides.
    """

    id: str
    fingerprint: str
    source: Source
    sender: Sender
    text: str = ""
    content_sid: str = ""
    content_variables: Mapping[str, str] = field(default_factory=dict)
    media: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    to_column: str = "to"
    channel: Channel = "sms"
    region: str = ""
    starts_at: int = 0
    is_scheduled_at_twilio: bool = False
    window: Window | None = None
    timezone: str = "UTC"
    validity_s: int = DEFAULT_VALIDITY_S
    rate_per_s: float = 10.0
    retry_interval_ms: int = DEFAULT_RETRY_INTERVAL_MS
    retry_attempts: int = DEFAULT_RETRY_ATTEMPTS
    max_spend_micros: int | None = None
    max_failure_percent: float | None = None
    blocked_countries: frozenset[str] = frozenset()
    test_to: str = ""
    write_back: WriteBack = ""
    max_placeholders: int = 5
    currency: str = "USD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """How far the source has been read: `place` is where the next part begins, in the source's own form.

    A source is read twice: once for its faults, which make the campaign refused, and then for its rows. `rows` counts
    those planned, which are numbered from 1; `skipped` counts those of them that go nowhere, by reason. `faults` are
    the first ones, `fault_count` counts all.
    """

    is_checked: bool = False
    place: str = ""
    rows: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    fault_count: int = 0
    is_complete: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A campaign as it stands; `version` grows with every change, and a change of an older one is refused.

    Attributes:
        forgiven_failed: Failed rows at the last resume; the failure rate is that of what ended since.
        forgiven_ended: Rows with a final status then.
        max_spend_micros: The limit that a resume has raised; None where that of the settings holds.
        written_back: The last row whose outcome was written back.
    """

    settings: CampaignSettings
    state: CampaignState = "planning"
    cause: str = ""
    version: int = 0
    created_at: int = 0
    changed_at: int = 0
    finished_at: int = 0
    planning: Planning = Planning()
    forgiven_failed: int = 0
    forgiven_ended: int = 0
    max_spend_micros: int | None = None
    written_back: int = 0

    @property
    def id(self) -> str:
        """The name that the client gave it."""
        return self.settings.id

    @property
    def is_final(self) -> bool:
        """Whether nothing will be done for it any more."""
        return self.state in FINAL_STATES

    def change_state(self, state: CampaignState, at: int, cause: str = "") -> "Campaign":
        """Return the campaign in another state, with what caused it."""
        ended = at if state in FINAL_STATES else self.finished_at
        return replace(self, state=state, cause=cause, changed_at=at, finished_at=ended)
