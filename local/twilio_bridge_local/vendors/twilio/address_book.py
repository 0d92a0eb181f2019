"""The account's address configurations: what a message to one of its addresses begins."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from twilio_bridge_local.vendors.twilio.errors import refusal


@dataclass(frozen=True)
class AddressConfiguration:
    """What a message to one of the account's addresses begins; `number` is its place in lists."""

    sid: str
    number: int
    kind: str
    address: str
    friendly_name: str
    auto_creation: Mapping[str, Any]
    date_created: datetime
    date_updated: datetime


@dataclass
class AddressBook:
    """The account's address configurations by SID."""

    by_sid: dict[str, AddressConfiguration] = field(default_factory=dict)

    def find(self, sid: str) -> AddressConfiguration:
        """Return a configuration by its SID, or by its address."""
        found = self.by_sid.get(sid) or next((each for each in self.by_sid.values() if each.address == sid), None)
        if found is None:
            raise refusal(20404, f"/Configuration/Addresses/{sid}")
        return found
