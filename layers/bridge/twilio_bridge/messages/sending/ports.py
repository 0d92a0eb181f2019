"""What sending and following messages ask of the outside; see `twilio_bridge.ports` for the rules."""

from typing import Protocol

from twilio_bridge.messages.ports import Marks
from twilio_bridge.messages.sending.message import MessageDraft, TwilioMessage


class MessagesApi(Protocol):
    """Messages at Twilio."""

    def create_message(self, draft: MessageDraft) -> TwilioMessage:
        """Send a message, with one request that is never repeated.

        Raises:
            RefusedError: Twilio does not accept it, by `code` and `detail`.
            RateLimitedError, NotTakenError: Twilio has certainly not accepted it.
            UnavailableError, OutOfTimeError: Twilio may have accepted it.
        """

    def fetch_message(self, sid: str) -> TwilioMessage | None:
        """Return a message; None where Twilio has none."""

    def find_messages(self, to: str, since: float) -> list[TwilioMessage]:
        """Return the messages to an address that Twilio took at `since` (epoch s) or later, the earliest first."""

    def cancel_message(self, sid: str) -> TwilioMessage | None:
        """Cancel a scheduled message and return it; None where it is too late."""


class Pacer(Protocol):
    """Turns of a name, so far apart as its rate asks for, over all instances."""

    def take_turn(self, name: str, per_second: float) -> int:
        """Take the next free turn and return its moment (epoch ms), which may be long ahead."""


class SentMessages(Protocol):
    """Which row a message at Twilio belongs to, for as long as answers are looked up."""

    def claim_message(self, sid: str, row: str) -> bool:
        """Write that a message belongs to a row; return False where it belongs to another one."""

    def move_message(self, sid: str, row: str) -> str:
        """Write that a message belongs to a row for certain, and return the row that it belonged to; empty for none."""


class NumberMarks(Marks, Protocol):
    """Numbers that messages do not reach."""

    def mark_number(self, number: str, reason: str) -> None:
        """Write that later campaigns are not to write to a number; `reason` is a SkipReason."""

    def add_strike(self, number: str, row: str) -> None:
        """Write that a phone was out of reach for a row's message; after several the number is marked."""

    def clear_strikes(self, number: str) -> None:
        """Forget the strikes: a message has arrived."""


class MessageMetrics(Protocol):
    """Figures about messages."""

    def count(self, name: str) -> None:
        """Count one of something, such as `MessagesDelivered`."""


class HeldSends(Protocol):
    """Rows that wait for their turn."""

    def hold_send(self, campaign_id: str, number: int, stage: int, turn_at: int, delay_s: int) -> None:
        """Queue a row for SendMessageFunction again, with the turn that it has; a delay is 900 s at most."""
