"""What messages should cost, by a table of prices by the beginning of an address; unknown stays unknown."""

from collections.abc import Mapping

from twilio_bridge import phone
from twilio_bridge.messages.campaign import MICROS


def estimate_price(address: str, segments: int, prices: Mapping[str, float]) -> int | None:
    """Return the price of so many segments in millionths, by the longest beginning that the table has.

    WhatsApp's prices stand under `whatsapp:+49`, and are a message's, not a segment's.
    """
    shortest = len(phone.WHATSAPP) + 1 if phone.is_whatsapp(address) else 1
    beginnings = (address[:end] for end in range(len(address), shortest, -1))
    prefix = next((each for each in beginnings if each in prices), None)
    if prefix is None:
        return None
    return round(prices[prefix] * MICROS) * (1 if phone.is_whatsapp(address) else segments)
