"""Senders: of which kind an address is, how fast it sends, and what waits for it.

Rates: https://help.twilio.com/articles/115002943027-Understanding-Twilio-Rate-Limits-and-Message-Queues. A message of
several segments takes the time of as many (https://www.twilio.com/docs/api/errors/21611).
"""

import re
from typing import Final

WHATSAPP: Final = "whatsapp:"
MAX_QUEUED_S: Final = 36_000
SEGMENTS_PER_S: Final = {
    "whatsapp": 80.0,
    "short code": 100.0,
    "toll-free": 3.0,
    "US long code": 1.0,
    "long code": 10.0,
    "alphanumeric": 10.0,
}
_TOLL_FREE = re.compile(r"\+1(800|833|844|855|866|877|888)\d{7}")
# Up to 11 letters, digits and spaces, a letter among them: https://www.twilio.com/docs/glossary/what-alphanumeric-sender-id
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}")


def kind_of(sender: str) -> str:
    """Return the kind of a sender; "" of what is none."""
    if sender.startswith(WHATSAPP):
        return "whatsapp"
    if re.fullmatch(r"\d{5,6}", sender):
        return "short code"
    if _TOLL_FREE.fullmatch(sender):
        return "toll-free"
    if sender.startswith("+"):
        return "US long code" if sender.startswith("+1") else "long code"
    return "alphanumeric" if _ALPHANUMERIC.fullmatch(sender) else ""


class SenderQueues:
    """When each sender is free; not thread-safe, its user holds a lock."""

    def __init__(self) -> None:
        self._free_at: dict[str, float] = {}

    def wait_s(self, sender: str, now: float) -> float:
        """Return how long a message would wait for its sender."""
        return max(0.0, self._free_at.get(sender, now) - now)

    def reserve(self, sender: str, segments: int, segments_per_s: float, now: float) -> float:
        """Return when a message leaves that joins the sender's queue now."""
        leaves_at = max(now, self._free_at.get(sender, now))
        self._free_at[sender] = leaves_at + max(1, segments) / segments_per_s
        return leaves_at
