"""What messages should cost, by a table of prices by the beginning of the recipient's number; unknown stays unknown."""

from collections.abc import Mapping

from twilio_bridge import phone

MICROS = 1_000_000


def estimate_price(address: str, segments: int, prices: Mapping[str, float]) -> int | None:
    """Return the price of so many segments in millionths, by the longest beginning that the table has."""
    number = phone.strip_channel(address)
    prefix = next((number[:end] for end in range(len(number), 1, -1) if number[:end] in prices), None)
    return None if prefix is None else round(prices[prefix] * MICROS) * segments
