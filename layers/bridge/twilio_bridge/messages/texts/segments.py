"""SMS segments: how a text is encoded and into how many parts it is cut, as Twilio bills it.

A segment has 140 bytes: 160 GSM-7 characters or 70 UTF-16 units, 153 or 67 where a text has several. What a reader sees
as one character is never cut in two. https://www.twilio.com/docs/glossary/what-sms-character-limit
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from twilio_bridge.messages.texts.graphemes import split_clusters

Encoding = Literal["GSM-7", "UCS-2"]

# GSM 03.38 in its default alphabet, and the extension table whose characters take two places.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")
SEGMENT_BITS = 140 * 8
HEADER_BITS = 6 * 8  # of each part of a text in several
GSM_BITS, UTF16_BITS = 7, 16


@dataclass(frozen=True, slots=True)
class Segments:
    """A text's encoding and the number of its segments."""

    encoding: Encoding
    count: int


def count_segments(text: str) -> Segments:
    """Return the encoding that a text needs and its segments; an empty text is one segment."""
    encoding: Encoding = "GSM-7" if is_gsm(text) else "UCS-2"
    return Segments(encoding, count_in(text, encoding))


def is_gsm(text: str) -> bool:
    """Return whether GSM-7 has every character of a text."""
    return all(character in BASIC or character in EXTENDED for character in text)


def count_in(text: str, encoding: Encoding) -> int:
    """Return the segments of a text in an encoding."""
    sizes = list(_sizes(text, encoding))
    if sum(sizes) <= SEGMENT_BITS:
        return 1
    return _pack(sizes, SEGMENT_BITS - HEADER_BITS)


def _sizes(text: str, encoding: Encoding) -> Iterator[int]:
    """Yield the bits of each character that is not cut."""
    if encoding == "GSM-7":
        yield from (GSM_BITS * (2 if character in EXTENDED else 1) for character in text)
    else:
        yield from (UTF16_BITS * (len(cluster.encode("utf-16-le", "replace")) // 2) for cluster in split_clusters(text))


def _pack(sizes: Iterable[int], room: int) -> int:
    count, free = 1, room

    for size in sizes:
        if size > free:
            count, free = count + 1, room
        free -= size

    return count
