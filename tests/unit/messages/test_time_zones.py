"""The zones of a number are libphonenumber's; where none is known there is none."""

import pytest

from twilio_bridge.messages.time_zones import find_zones


@pytest.mark.parametrize(
    ("number", "count", "one_of_them"),
    [
        ("+4915112345678", 1, "Europe/Berlin"),
        ("+447911123456", 4, "Europe/London"),
        ("+61412345678", 8, "Australia/Perth"),
        ("+79161234567", 16, "Asia/Kamchatka"),
        ("+18005550100", 42, "America/St_Johns"),  # toll-free: the whole of North America
        ("+12125550100", 1, "America/New_York"),
        ("+5511961234567", 1, "America/Sao_Paulo"),
        ("+33612345678", 1, "Europe/Paris"),
        ("+9779841234567", 1, "Asia/Katmandu"),
    ],
)
def test_zones(number: str, count: int, one_of_them: str) -> None:
    """As many zones as the number may be in."""
    names = [zone.key for zone in find_zones(number)]

    assert len(names) == count
    assert one_of_them in names


@pytest.mark.parametrize("number", ["+881612345678", "+999", "", "kim@example.com", "whatsapp:+49", "+49"])
def test_no_zone(number: str) -> None:
    """A satellite phone, and what is no number, has no zone."""
    assert find_zones(number) == ()
