"""The Brevo adapter over the stand-in, with or without its limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.dynamodb import LockedDictionary
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.brevo.attributes import BrevoAttributes
from twilio_bridge.adapters.brevo.client import WINDOWS, BrevoRequests
from twilio_bridge.adapters.brevo.errors import BREVO
from twilio_bridge.adapters.brevo.marketing_contacts import BrevoMarketingContacts
from twilio_bridge.adapters.state.window_limiter import Window, WindowLimiter
from twilio_bridge.support.persons.person import TimelineEvent
from twilio_bridge.support.ports import MarketingContact
from twilio_bridge_local.vendors.brevo.limits import NO_LIMITS
from twilio_bridge_local.vendors.brevo.server import API_KEY, BrevoStandIn

MAIL, PHONE, OTHER_PHONE = "ann@example.com", "+447700900001", "+447700900002"
ANN = MarketingContact(email=MAIL, phone=PHONE, external_id="A-1")
AT = 1_750_000_000_123


class Moment:
    """A clock that tests move, and whoever waits by it."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at

    def wait(self, seconds: float) -> None:
        self.at += seconds


@dataclass
class Around:
    """The account behind the adapter, the table its limiters stand in, its clock, and the limiters'.

    The limiters are no subject of most tests and wait for nobody here, so their table is a dictionary.
    """

    brevo: BrevoStandIn
    table: Table = field(default_factory=lambda: LockedDictionary().table)
    clock: Moment = field(default_factory=Moment)
    free_at: Moment = field(default_factory=Moment)

    def requests(
        self, url: str = "", key: str = API_KEY, limits: Mapping[str, WindowLimiter] | None = None
    ) -> BrevoRequests:
        wide = Window(50, 0.0)
        when = {"clock": self.free_at.now, "sleep": self.free_at.wait}
        free = {group: WindowLimiter(self.table, BREVO, f"{group} free", wide, **when) for group in WINDOWS}  # type: ignore[arg-type]  # by name
        return BrevoRequests(key, url or self.brevo.url, limits or free, patience_s=1.0, clock=self.clock.now)

    def crm(self, *, create: bool = True, force_merge: bool = False, **options: Any) -> BrevoMarketingContacts:
        requests = self.requests(**options)
        return BrevoMarketingContacts(
            requests, BrevoAttributes(requests, create=create, clock=self.clock.now), force_merge=force_merge
        )

    def seen(self) -> list[tuple[str, str, int]]:
        """What was asked since the last time: method, path without /v3, status."""
        seen = [(one.method, one.path.removeprefix("/v3"), one.status) for one in self.brevo.requests]
        self.brevo.requests.clear()
        return seen


def stand_in() -> BrevoStandIn:
    return BrevoStandIn(lists=("Support", "CSAT"), limits=NO_LIMITS)


def event(key: str = "WT1#resolved", **more: Any) -> TimelineEvent:
    values = {"name": "SUPPORT_RESOLVED", "at": AT, "version": 1, "properties": {"wait_s": 12, "key": key}}
    return TimelineEvent(**{"key": key, **values, **more})
