"""Whom Brevo has on its blocklist for text messages or WhatsApp, for campaigns.

One contact a request would take hours for a large list, so all contacts are listed, a thousand a request, and only the
numbers of those on the blocklist are kept. https://developers.brevo.com/reference/get-contacts
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from twilio_bridge import phone
from twilio_bridge.adapters.brevo.client import CONTACTS, BrevoRequests, Call
from twilio_bridge.adapters.brevo.errors import BREVO
from twilio_bridge.errors import RefusedError, UnavailableError
from twilio_bridge.messages.row import SkipReason

PAGE = 1_000
# Of each page: what is deleted meanwhile moves the others up.
OVERLAP = 20
FRESH_S = 600.0
# By the channel of the address: Brevo's flag, and the attribute that holds the number.
FLAGS = {"sms": ("smsBlacklisted", "SMS"), "whatsapp": ("whatsappBlacklisted", "WHATSAPP")}


class BrevoBlocklist:
    """The port Suppressions over Brevo's blocklist, read anew after ten minutes."""

    def __init__(self, brevo: BrevoRequests, clock: Callable[[], float] = time.monotonic) -> None:
        self._brevo = brevo
        self._clock = clock
        self._blocked: Mapping[str, frozenset[str]] = {}
        self._read_at: float | None = None

    def find_suppressed(self, addresses: Sequence[str]) -> Mapping[str, SkipReason]:
        """Look the addresses up in the list; UnavailableError where it cannot be read: unknown is not empty."""
        if self._read_at is None or self._clock() - self._read_at > FRESH_S:
            self._blocked, self._read_at = self._read(), self._clock()
        return {address: "opted_out" for address in addresses if self._is_blocked(address)}

    def _is_blocked(self, address: str) -> bool:
        blocked = self._blocked["whatsapp" if phone.is_whatsapp(address) else "sms"]
        return any(spelling in blocked for spelling in phone.list_spellings(phone.strip_channel(address)))

    def _read(self) -> dict[str, frozenset[str]]:
        found: dict[str, set[str]] = {channel: set() for channel in FLAGS}
        for contact in self._iterate_contacts():
            for channel, (flag, attribute) in FLAGS.items():
                digits = phone.extract_digits(str((contact.get("attributes") or {}).get(attribute) or ""))
                if contact.get(flag) is True and digits:
                    found[channel].add(f"+{digits}")
        return {channel: frozenset(numbers) for channel, numbers in found.items()}

    def _iterate_contacts(self) -> Iterator[Mapping[str, Any]]:
        offset = 0
        while True:
            params: dict[str, str | int | list[str]] = {"limit": PAGE, "offset": offset, "sort": "asc"}
            try:
                answer = self._brevo.ask(Call(group=CONTACTS, method="GET", path="/contacts", params=params))
            except RefusedError as error:  # the campaign is not to blame: planning is tried again
                raise UnavailableError(BREVO, f"its blocklist cannot be read: {error}") from error
            page = answer.get("contacts") if isinstance(answer, dict) else None
            if not isinstance(page, list) or not all(isinstance(contact, dict) for contact in page):
                raise UnavailableError(BREVO, "a listing holds no contacts")
            yield from page
            if len(page) < PAGE:
                return
            offset += PAGE - OVERLAP
