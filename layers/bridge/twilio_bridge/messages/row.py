"""A row of a campaign: one person's message, and what became of it.

Moments are epoch milliseconds, amounts millionths of the currency.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

# waiting → sending → submitted → ended; sending → uncertain → submitted or waiting; any of the first three → error,
# skipped or cancelled; submitted → cancelled where Twilio had only scheduled it.
RowState = Literal["waiting", "sending", "uncertain", "submitted", "ended", "error", "skipped", "cancelled"]
SkipReason = Literal[
    "",
    "missing_number",
    "invalid_number",
    "missing_field",
    "duplicate",
    "opted_out",
    "unreachable_number",  # marked: Twilio reported 30005, or 30003 repeatedly
    "landline",
    "blocked_country",
    "no_sender",
    "too_long",
    "empty_text",
    "no_window",
    "test_only",
]
Outcome = Literal["sent", "skipped", "failed", "cancelled"]

FINAL_ROW_STATES: frozenset[RowState] = frozenset({"ended", "error", "skipped", "cancelled"})
FAILED_STATUSES = frozenset({"failed", "undelivered"})
MAX_TEXT_LENGTH = 1600  # https://www.twilio.com/docs/api/errors/21617


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. `number` is its place in the source from 1, `version` grows with every change.

    Attributes:
        address: E.164, with `whatsapp:` in front where that is the channel; empty where the row has no readable number.
        values: What the text's placeholders are filled with, by their names; only those that the campaign uses.
        origin: Where it stood: `line 17`, or a record's id in Airtable.
        sender: The number or Messaging Service that was chosen for it.
        due_at: When somebody has to look at it next; None once nobody has to.
        closes_at: When the window in which it is due closes; None where it never does.
        reason: Why it was skipped, with `detail` in words.
        attempt: How many times it was claimed for sending.
        claimed_at: When it was last claimed.
        nonce: Random characters that the first claim writes and the callback's address carries.
        send_at: When Twilio itself is to send it (SendAt), as the last claim asked; 0 for at once.
        sid: The message's at Twilio.
        status: Twilio's own word, or `Error` where the API refused it.
        error_code: Twilio's, 0 for none.
        segments: As Twilio counted them, else as we did; 0 where unknown.
        price_micros: What Twilio charged; None while unknown.
        estimate_micros: What it should cost by the price table; None where that has no price.
        polls: How many times Twilio was asked for its status.
    """

    campaign: str
    number: int
    state: RowState = "waiting"
    version: int = 1
    address: str = ""
    country: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""
    sender: str = ""
    due_at: int | None = None
    closes_at: int | None = None
    reason: SkipReason = ""
    detail: str = ""
    attempt: int = 0
    claimed_at: int = 0
    nonce: str = ""
    send_at: int = 0
    sid: str = ""
    status: str = ""
    status_at: int = 0
    error_code: int = 0
    error_message: str = ""
    segments: int = 0
    price_micros: int | None = None
    estimate_micros: int | None = None
    polls: int = 0
    submitted_at: int = 0
    ended_at: int = 0

    @property
    def key(self) -> str:
        """The row's name in queues and addresses: its number."""
        return str(self.number)

    @property
    def is_final(self) -> bool:
        """Whether nothing is done for it any more."""
        return self.state in FINAL_ROW_STATES

    @property
    def outcome(self) -> Outcome | None:
        """What became of it; None while that is open."""
        if self.state == "ended":
            if self.status == "canceled":
                return "cancelled"
            return "failed" if self.status in FAILED_STATUSES else "sent"
        outcomes: dict[RowState, Outcome] = {"error": "failed", "skipped": "skipped", "cancelled": "cancelled"}
        return outcomes.get(self.state)

    @property
    def tally(self) -> str:
        """The name it is counted under, such as `waiting`, `ended_delivered` or `skipped_opted_out`."""
        if self.state in {"waiting", "sending", "uncertain"}:
            return "waiting"
        further = self.reason if self.state == "skipped" else self.status
        if self.state in {"error", "cancelled"} or not further:
            return self.state
        return f"{self.state}_{further.replace('-', '_')}"

    @property
    def cost_micros(self) -> int:
        """What it costs as far as that is known: Twilio's price, else our estimate once Twilio has the message."""
        if self.state not in {"submitted", "ended"}:
            return 0
        return self.price_micros if self.price_micros is not None else self.estimate_micros or 0
