"""What an account's messaging is set to, and what it holds; the settings may be changed while it runs."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Final

from twilio_bridge_local.vendors.twilio.messages.opt_outs import OptOuts
from twilio_bridge_local.vendors.twilio.messages.records import CallbackFaults, Content, MessagingService, Outcome
from twilio_bridge_local.vendors.twilio.messages.senders import SEGMENTS_PER_S, SenderQueues, kind_of
from twilio_bridge_local.vendors.twilio.messages.store import MessageStore
from twilio_bridge_local.vendors.twilio.messages.timetable import Timetable

# Twilio's advice against filtering names public link shorteners first:
# https://www.twilio.com/docs/messaging/guides/how-to-work-with-carrier-filtering
FILTERED: Final = ("bit.ly/", "tinyurl.com/", "goo.gl/")


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a message stays in a state, in seconds: until it is queued, on its way to the carrier, to the phone."""

    accepted_s: float = 0.2
    sending_s: float = 0.1
    sent_s: float = 1.0
    delivered_s: float = 5.0


@dataclass
class Messaging:
    """The settings and the messages of an account.

    Attributes:
        services: Messaging Services by SID.
        contents: Content templates by SID.
        outcomes: What becomes of the messages to a number; others are delivered.
        filtered: Texts for which carriers stop a message (30007), in any case.
        regions: Countries (`US`) that may be written to; None for all (21408).
        landlines: Numbers that no message reaches and that Twilio knows as such (21614).
        segments_per_s: Every sender's rate; None for Twilio's own by kind.
        pace: How long a message stays in a state.
        callback_faults: What goes astray on the way to us.
        clock: Seconds since 1970.
        inbound_at: When a customer last wrote to a sender, by both; WhatsApp is open for a day after.
    """

    services: dict[str, MessagingService] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    filtered: tuple[str, ...] = FILTERED
    regions: frozenset[str] | None = None
    landlines: frozenset[str] = frozenset()
    segments_per_s: float | None = None
    pace: Pace = field(default_factory=Pace)
    callback_faults: CallbackFaults = field(default_factory=CallbackFaults)
    clock: Callable[[], float] = time.time
    store: MessageStore = field(default_factory=MessageStore)
    queues: SenderQueues = field(default_factory=SenderQueues)
    opt_outs: OptOuts = field(default_factory=OptOuts)
    inbound_at: dict[tuple[str, str], float] = field(default_factory=dict)
    random: Random = field(default_factory=lambda: Random(0))  # noqa: S311  the same in every run
    lost_callbacks: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.timetable = Timetable(lambda: self.clock())  # noqa: PLW0108  the clock may be changed

    def now(self) -> datetime:
        """Return the time, to the second, as messages are stamped with it."""
        return datetime.fromtimestamp(int(self.clock()), UTC)

    def rate_of(self, sender: str) -> float:
        """Return how many segments a second a sender sends."""
        return self.segments_per_s or SEGMENTS_PER_S.get(kind_of(sender), 1.0)

    def read_inbound(self, address: str, sender: str, body: str) -> None:
        """Take note of what a customer wrote to one of the senders."""
        self.inbound_at[address, sender] = self.clock()
        self.opt_outs.read(address, sender, body, self.services.values())
