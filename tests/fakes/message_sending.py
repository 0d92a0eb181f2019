"""The ports of sending and following messages as dictionaries."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from twilio_bridge.errors import RefusedError
from twilio_bridge.messages.sending.message import MessageDraft, TwilioMessage


@dataclass
class FakeMessagesApi:
    """The port MessagesApi: Twilio with messages that move when a test moves them."""

    clock: Callable[[], int]
    messages: dict[str, TwilioMessage] = field(default_factory=dict)
    drafts: dict[str, MessageDraft] = field(default_factory=dict)
    refusals: dict[str, int] = field(default_factory=dict)

    def create_message(self, draft: MessageDraft) -> TwilioMessage:
        """Take a message, unless its address is one that is refused."""
        if code := self.refusals.get(draft.to):
            raise RefusedError("memory", f"error {code}", code=code, detail=f"The number {draft.to} is refused")
        sid = f"SM{len(self.messages) + 1:032}"
        is_service = draft.sender.startswith("MG")
        self.messages[sid] = TwilioMessage(
            sid=sid,
            status="scheduled" if draft.send_at else "accepted" if is_service else "queued",
            to=draft.to,
            sender="" if is_service else draft.sender,
            service_sid=draft.sender if is_service else "",
            direction="outbound-api",
            body=draft.body,
            created_at=float(self.clock() // 1000),
        )
        self.drafts[sid] = draft
        return self.messages[sid]

    def fetch_message(self, sid: str) -> TwilioMessage | None:
        """Return it as it is."""
        return self.messages.get(sid)

    def find_messages(self, to: str, since: float) -> list[TwilioMessage]:
        """Return those to an address."""
        found = [message for message in self.messages.values() if message.to == to]
        return [message for message in found if message.created_at is None or message.created_at >= since]

    def cancel_message(self, sid: str) -> TwilioMessage | None:
        """Cancel a scheduled one."""
        if self.messages[sid].status not in {"scheduled", "canceled"}:
            return None
        self.move(sid, "canceled")
        return self.messages[sid]

    def move(self, sid: str, status: str, code: int | None = None) -> None:
        """Let a message reach a status."""
        self.messages[sid] = replace(self.messages[sid], status=status, error_code=code)


@dataclass
class FakePacer:
    """The port Pacer: each name's next turn."""

    clock: Callable[[], int]
    next_at: dict[str, int] = field(default_factory=dict)

    def take_turn(self, name: str, per_second: float) -> int:
        """Take the next one."""
        turn_at = max(self.next_at.get(name, 0), self.clock())
        self.next_at[name] = turn_at + int(1000 / per_second)
        return turn_at


@dataclass
class FakeSentMessages:
    """The port SentMessages."""

    rows: dict[str, str] = field(default_factory=dict)

    def claim_message(self, sid: str, row: str) -> bool:
        """Keep the first row."""
        return self.rows.setdefault(sid, row) == row

    def move_message(self, sid: str, row: str) -> str:
        """Keep the last row."""
        former = self.rows.get(sid, "")
        self.rows[sid] = row
        return former


@dataclass
class FakeNumberMarks:
    """The port NumberMarks."""

    reasons: dict[str, str] = field(default_factory=dict)
    strikes: dict[str, set[str]] = field(default_factory=dict)

    def find_marked(self, numbers: Sequence[str]) -> Mapping[str, str]:
        """Return the reasons."""
        return {number: self.reasons[number] for number in numbers if number in self.reasons}

    def mark_number(self, number: str, reason: str) -> None:
        """Keep the reason."""
        self.reasons[number] = reason

    def add_strike(self, number: str, row: str) -> None:
        """Keep the row; three of them are a mark."""
        self.strikes.setdefault(number, set()).add(row)
        if len(self.strikes[number]) >= 3:
            self.reasons[number] = "unreachable_number"

    def clear_strikes(self, number: str) -> None:
        """Forget the number."""
        self.strikes.pop(number, None)
        self.reasons.pop(number, None)


@dataclass
class FakeMessageMetrics:
    """The port MessageMetrics."""

    counts: Counter[str] = field(default_factory=Counter)

    def count(self, name: str) -> None:
        """Count."""
        self.counts[name] += 1
