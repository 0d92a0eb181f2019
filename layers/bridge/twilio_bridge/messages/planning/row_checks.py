"""Whether a row is sent at all, and when: each row by itself, with a reason where it is not."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from twilio_bridge import phone
from twilio_bridge.messages.campaign import CampaignSettings, Sender
from twilio_bridge.messages.planning.pricing import estimate_price
from twilio_bridge.messages.ports import SourceRow, Suppressions
from twilio_bridge.messages.row import MAX_TEXT_LENGTH, Row, SkipReason
from twilio_bridge.messages.texts.composing import Composed, Composer
from twilio_bridge.messages.texts.segments import count_segments
from twilio_bridge.messages.timing import find_slot

MAX_KEPT_LENGTH = 200  # of each value of a row that is not sent
# Of all values of a row; Twilio names no limit for content variables.
MAX_VALUES_LENGTH = 2 * MAX_TEXT_LENGTH


@dataclass(frozen=True, slots=True)
class RowChecks:
    """What rows are checked by: the campaign's settings and templates, who is not written to, and prices."""

    settings: CampaignSettings
    composer: Composer
    suppressions: Suppressions
    prices: Mapping[str, float]

    def check_rows(self, rows: Sequence[SourceRow], first_number: int, now: int) -> list[Row]:
        """Return the campaign's rows, numbered from `first_number`, those that are not sent with their reason."""
        checked = [self._check(row, first_number + place, now) for place, row in enumerate(rows)]
        addresses = [row.address for row in checked if row.state == "waiting"]
        suppressed = self.suppressions.find_suppressed(addresses) if addresses else {}
        return [
            skip_row(row, suppressed[row.address]) if row.state == "waiting" and row.address in suppressed else row
            for row in checked
        ]

    def _check(self, given: SourceRow, number: int, now: int) -> Row:
        settings = self.settings
        values = {name: given.values.get(settings.columns.get(name, name), "") for name in self.composer.names}
        row = Row(campaign=settings.id, number=number, values=values, origin=given.origin)

        text = settings.test_to or given.values.get(settings.to_column, "").strip()
        address = phone.parse_number(text, settings.region or None) if text else None
        if address is None:
            detail = f"{len(text)} characters that are no one number" if text else ""
            return skip_row(row, "invalid_number" if text else "missing_number", detail)
        row = replace(
            row,
            address=f"{phone.WHATSAPP}{address}" if settings.channel == "whatsapp" else address,
            country=phone.find_country(address),
            sender=choose_sender(settings.sender, address, settings.channel),
        )
        if reason := next(self._find_reasons(row, given), None):
            return skip_row(row, *reason)

        return self._schedule(row, now)

    def _find_reasons(self, row: Row, given: SourceRow) -> Iterator[tuple[SkipReason, str]]:
        """Yield why a row with a number is not sent."""
        if given.is_opted_out:
            yield "opted_out", "in the source"
        if row.country in self.settings.blocked_countries:
            yield "blocked_country", row.country
        if self.settings.channel == "sms" and phone.is_landline(row.address):
            yield "landline", ""
        if not row.sender:
            yield "no_sender", "no sender for this country"

        composed = self.composer.compose(row.values)
        if composed.missing:
            yield "missing_field", ", ".join(composed.missing)
        yield from _check_length(composed, row.values)

    def _schedule(self, row: Row, now: int) -> Row:
        """Return a row with its next moment and estimate."""
        settings = self.settings
        window = None if settings.test_to else settings.window
        slot = find_slot(row.address, window, settings.timezone, max(now, settings.starts_at))
        if slot is None:
            return skip_row(row, "no_window", "its time zones' windows never meet")

        body = self.composer.compose(row.values).body
        segments = count_segments(body).count if body else 0
        estimate = estimate_price(row.address, max(segments, 1), self.prices)
        return replace(row, due_at=slot.due_at, closes_at=slot.closes_at, segments=segments, estimate_micros=estimate)


def choose_sender(sender: Sender, number: str, channel: str) -> str:
    """Return the sender of a number in Twilio's form: the service, the country's, else the usual one; or nothing."""
    if sender.messaging_service_sid:
        return sender.messaging_service_sid
    prefix = max((each for each in sender.countries if number.startswith(each)), key=len, default="")
    chosen = sender.countries.get(prefix) or sender.number
    return f"{phone.WHATSAPP}{chosen}" if chosen and channel == "whatsapp" else chosen


def _check_length(composed: Composed, values: Mapping[str, str]) -> Iterator[tuple[SkipReason, str]]:
    if any(not address.startswith(("https://", "http://")) for address in composed.media):
        yield "missing_field", "media: no http or https address"
    if not (composed.body.strip() or composed.content_sid or composed.media):
        yield "empty_text", ""
    if len(composed.body) > MAX_TEXT_LENGTH:
        yield "too_long", f"{len(composed.body):,} characters, {MAX_TEXT_LENGTH:,} are allowed"
    if sum(map(len, values.values())) > MAX_VALUES_LENGTH:
        yield "too_long", f"its values have more than {MAX_VALUES_LENGTH:,} characters"


def skip_row(row: Row, reason: SkipReason, detail: str = "") -> Row:
    """Return a row as it is not sent, and why."""
    values = {name: value[:MAX_KEPT_LENGTH] for name, value in row.values.items()}
    return replace(row, state="skipped", reason=reason, detail=detail, values=values, due_at=None, closes_at=None)
