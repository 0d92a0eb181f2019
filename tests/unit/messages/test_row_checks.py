"""Each row by itself: why it is not sent, from where it is sent, and when."""

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest

from tests.fakes.messages import MemorySuppressions
from tests.unit.messages.campaigns import NINE, make_settings
from twilio_bridge.messages.campaign import CampaignSettings, Sender
from twilio_bridge.messages.planning.row_checks import RowChecks, choose_sender
from twilio_bridge.messages.ports import SourceRow
from twilio_bridge.messages.quiet_hours import Window
from twilio_bridge.messages.row import Row, SkipReason
from twilio_bridge.messages.texts.composing import compose_message, read_templates
from twilio_bridge.messages.timing import find_slot, limit_validity

HOUR_MS = 3_600_000
MOBILE = "+447946000001"


def check(
    values: dict[str, str], is_out: bool = False, reasons: dict[str, SkipReason] | None = None, **settings: Any
) -> Row:
    made = make_settings(**settings)
    checks = RowChecks(made, read_templates(made), MemorySuppressions(reasons or {}), {"+44": 0.04})
    (row,) = checks.check_rows(
        [SourceRow("line 2", {"to": MOBILE, "Name": "A", **values}, "2", is_opted_out=is_out)], 1, NINE
    )
    return row


@pytest.mark.parametrize(
    ("row", "reason", "detail"),
    [
        (lambda: check({"to": ""}), "missing_number", ""),
        (lambda: check({"to": "  "}), "missing_number", ""),
        (lambda: check({}, to_column="Mobil"), "missing_number", ""),
        (lambda: check({"to": "0151 12345678"}), "invalid_number", "13 characters"),
        (lambda: check({"to": "+49151123456 or +49151123457"}), "invalid_number", "28 characters"),
        (lambda: check({"to": "call me"}), "invalid_number", "7 characters"),
        (lambda: check({}, is_out=True), "opted_out", "in the source"),
        (lambda: check({}, reasons={MOBILE: "opted_out"}), "opted_out", ""),
        (lambda: check({}, reasons={MOBILE: "unreachable_number"}), "unreachable_number", ""),
        (lambda: check({}, blocked_countries=frozenset({"GB"})), "blocked_country", "GB"),
        (lambda: check({"to": "+442079460000"}), "landline", ""),
        (lambda: check({}, sender=Sender(countries={"+49": "+4915112345678"})), "no_sender", "no sender"),
        (lambda: check({"Name": " "}), "missing_field", "Name"),
        (lambda: check({"Name": ""}, text="<Name> <Car>"), "missing_field", "Name, Car"),
        (lambda: check({}, text="x", content_variables={"1": "<Car>"}), "missing_field", "Car"),
        (lambda: check({}, text="<Name|>", media=("https://x/<Car>",)), "missing_field", "Car"),
        (lambda: check({"Car": "x"}, text="<Name|>", media=("<Car>",)), "missing_field", "no http or https"),
        (lambda: check({"Name": ""}, text="<Name|>"), "empty_text", ""),
        (lambda: check({"Name": "A" * 1_600}), "too_long", "1,603 characters, 1,600 are allowed"),
        (
            lambda: check({"Name": "A" * 4_000}, text="", content_sid="HX1", content_variables={"1": "<Name>"}),
            "too_long",
            "",
        ),
        (lambda: check({"to": "+18005550123"}, window=Window(time(9), time(9, 30))), "no_window", "never meet"),
    ],
)
def test_a_row_that_is_not_sent_has_its_reason(row: Callable[[], Row], reason: SkipReason, detail: str) -> None:
    """And is due never."""
    found = row()

    assert (found.state, found.reason, found.due_at) == ("skipped", reason, None)
    assert detail in found.detail
    assert found.number == 1


@pytest.mark.parametrize(
    ("row", "address", "sender"),
    [
        (lambda: check({"to": "07946 000001"}, region="GB"), MOBILE, "+15005550006"),
        (lambda: check({"to": "+44 (0)7946 000001"}), MOBILE, "+15005550006"),
        (lambda: check({"to": "whatsapp:+447946000001"}), MOBILE, "+15005550006"),
        (lambda: check({}, channel="whatsapp"), f"whatsapp:{MOBILE}", "whatsapp:+15005550006"),
        (lambda: check({"to": "+442079460000"}, channel="whatsapp"), "whatsapp:+442079460000", "whatsapp:+15005550006"),
        (lambda: check({"to": "+12025550123"}), "+12025550123", "+15005550006"),
        (lambda: check({}, sender=Sender(messaging_service_sid="MG1")), MOBILE, "MG1"),
    ],
)
def test_a_row_that_is_sent_has_its_address_and_sender(row: Callable[[], Row], address: str, sender: str) -> None:
    """In Twilio's form; nobody can know a landline of North America, and WhatsApp has some."""
    found = row()

    assert (found.state, found.address, found.sender) == ("waiting", address, sender)


def test_the_country_s_longest_beginning_has_the_sender() -> None:
    """Else the usual number, else none."""
    pool = Sender(number="+1", countries={"+1": "+11", "+1242": "+12", "+44": "+13"})

    assert [
        choose_sender(pool, number, "sms") for number in ("+12425550123", "+12025550123", "+447946000001", "+49151")
    ] == [
        "+12",
        "+11",
        "+13",
        "+1",
    ]
    assert choose_sender(Sender(countries={"+44": "+13"}), "+49151", "sms") == ""


def test_segments_and_price_are_counted_for_the_text() -> None:
    """Unknown stays unknown."""
    found = check({"Name": "😀" * 40})

    assert (found.segments, found.estimate_micros) == (2, 80_000)
    assert check({"to": "+491701234567"}).estimate_micros is None
    media = check({}, text="", media=("https://x/a.jpg",))
    assert (media.segments, media.estimate_micros) == (0, 40_000)


@pytest.mark.parametrize(
    ("to", "at", "due", "closes"),
    [
        ("+447946000001", 0, 0, 11),  # nine in London
        ("+491701234567", 0, 0, 10),  # ten in Berlin
        ("+819012345678", 0, 0, 2),  # six in the evening in Tokyo
        ("+12025550123", 0, 5, 16),  # four at night in Washington
    ],
    ids=["GB", "DE", "JP", "US"],
)
def test_a_row_is_due_in_its_own_hours(to: str, at: int, due: int, closes: int) -> None:
    """From nine to eight by the recipient's clock."""
    found = check({"to": to}, window=Window(time(9), time(20)), starts_at=NINE + at * HOUR_MS)

    assert (found.due_at, found.closes_at) == (NINE + due * HOUR_MS, NINE + closes * HOUR_MS)


def test_nothing_is_due_before_the_campaign_begins() -> None:
    """The next opening after it."""
    settings: dict[str, Any] = {"window": Window(time(9), time(20)), "starts_at": NINE + 12 * HOUR_MS}

    assert check({}, **settings).due_at == NINE + 24 * HOUR_MS
    assert check({}, **(settings | {"window": None})).due_at == NINE + 12 * HOUR_MS


def test_a_number_without_a_known_zone_keeps_the_campaign_s() -> None:
    """A satellite phone has no place."""
    slot = find_slot("+881612345678", Window(time(9), time(20)), "Asia/Tokyo", NINE + 2 * HOUR_MS)

    assert slot is not None
    assert slot.due_at == NINE + 15 * HOUR_MS


@pytest.mark.parametrize("second", [0, 1, 59, 60, 3_539, 3_540, 3_599, 3_600])
def test_a_slot_is_exact_though_minutes_share_one(second: int) -> None:
    """Never before the moment asked for, and never with less than a minute left."""
    after = NINE + 10 * HOUR_MS + second * 1_000
    slot = find_slot(MOBILE, Window(time(9), time(20)), "UTC", after)

    assert slot is not None
    assert slot.closes_at is not None
    assert slot.due_at >= after
    assert slot.closes_at - slot.due_at >= 60_000
    assert (slot.due_at == after) is (second < 3_540)


@pytest.mark.parametrize(
    ("validity_s", "closes_in_s", "seconds"),
    [
        (14_400, None, 14_400),
        (14_400, 600, 600),
        (60, 600, 60),
        (14_400, 0, 1),
        (14_400, -5, 1),
        (99_999, None, 36_000),
    ],
)
def test_twilio_tries_no_longer_than_the_window_is_open(validity_s: int, closes_in_s: int | None, seconds: int) -> None:
    """Within Twilio's own limits."""
    closes_at = None if closes_in_s is None else NINE + closes_in_s * 1_000

    assert limit_validity(validity_s, closes_at, NINE) == seconds


def test_what_is_filled_into_an_address_stays_one_part_of_it() -> None:
    """Only an address that is a value as a whole is taken as it is."""
    media = ("https://example.com/<Name>.jpg?c=<Car>", "<Photo>")
    values = {"Name": "../a b&x", "Car": "ü/?", "Photo": "https://example.com/a?b=c&d"}
    composed = compose_message(make_settings(media=media), values)

    assert composed.media == ("https://example.com/..%2Fa%20b%26x.jpg?c=%C3%BC%2F%3F", values["Photo"])


def test_rows_are_asked_about_once_a_part() -> None:
    """A hundred addresses a question, and only those that would be sent."""
    made: CampaignSettings = make_settings()
    book = MemorySuppressions()
    checks = RowChecks(made, read_templates(made), book, {})
    rows = [SourceRow("", {"to": f"+4479460{n:05}" if n % 2 else "", "Name": "A"}, "") for n in range(10)]
    checks.check_rows(rows, 1, NINE)

    assert [len(asked) for asked in book.asked] == [5]
