"""SMS segments: how a text is encoded and into how many parts it is cut, as Twilio bills it.

A segment has 140 bytes: 160 GSM-7 characters or 70 UTF-16 units, 153 or 67 where a text has several. What a reader sees
as one character is never cut in two. https://www.twilio.com/docs/glossary/what-sms-character-limit
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

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
ZERO_WIDTH_JOINER = "\u200d"
# Leading consonants, vowels and trailing consonants, first and last of each block.
HANGUL_JAMO = (
    ("L", "\u1100", "\u115f"),
    ("L", "\ua960", "\ua97c"),
    ("V", "\u1160", "\u11a7"),
    ("V", "\ud7b0", "\ud7c6"),
    ("T", "\u11a8", "\u11ff"),
    ("T", "\ud7cb", "\ud7fb"),
)


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


def split_clusters(text: str) -> Iterator[str]:
    """Yield what a reader sees as one character each; CR and LF are two, as Twilio's calculator has them.

    https://www.unicode.org/reports/tr29/#Grapheme_Cluster_Boundaries, extended clusters without Indic conjuncts
    """
    cluster = ""

    for character in text:
        if cluster and not _joins(cluster, character):
            yield cluster
            cluster = ""
        cluster += character

    if cluster:
        yield cluster


def _joins(cluster: str, character: str) -> bool:
    """Return whether a character belongs to the cluster before it."""
    last = cluster[-1]
    if unicodedata.category(last) in {"Cc", "Zl", "Zp"}:
        return False
    if _is_flag_letter(character):
        return len(cluster) == 1 and _is_flag_letter(last)
    is_joined_picture = last == ZERO_WIDTH_JOINER and unicodedata.category(character) == "So"
    return is_joined_picture or _extends(character) or _is_same_syllable(last, character)


def _extends(character: str) -> bool:
    """Return whether a character only changes the one before it: marks, joiners, skin tones, tags."""
    is_mark = unicodedata.category(character) in {"Mn", "Me", "Mc"}
    return is_mark or character in "\u200c\u200d" or "\U0001f3fb" <= character <= "\U0001f3ff" or _is_tag(character)


def _is_tag(character: str) -> bool:
    return "\U000e0020" <= character <= "\U000e007f"


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_same_syllable(last: str, character: str) -> bool:
    """Return whether two pieces of Hangul make one syllable."""
    before, after = _hangul_kind(last), _hangul_kind(character)
    return (before, after) in {
        *(("L", kind) for kind in ("L", "V", "LV", "LVT")),
        *((kind, follower) for kind in ("V", "LV") for follower in ("V", "T")),
        *((kind, "T") for kind in ("T", "LVT")),
    }


def _hangul_kind(character: str) -> str:
    """Return the Hangul_Syllable_Type, empty for what is no Hangul."""
    if "\uac00" <= character <= "\ud7a3":
        return "LV" if (ord(character) - 0xAC00) % 28 == 0 else "LVT"
    return next((kind for kind, first, last in HANGUL_JAMO if first <= character <= last), "")
