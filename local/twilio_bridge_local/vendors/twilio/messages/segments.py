"""Segments and Smart Encoding, from Twilio's pages on them alone.

https://www.twilio.com/docs/glossary/what-is-gsm-7-character-encoding,
https://www.twilio.com/docs/messaging/services/smart-encoding-char-list
"""

from collections.abc import Iterable
from typing import Final

BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED: Final = frozenset("\f|^€{}[~]\\")
_QUOTES: Final = "«»“”ʺˮ‟❝❞〝〞＂"  # noqa: RUF001  the list is of such characters
_APOSTROPHES: Final = "‘’ʻˈʼʽʹ‛＇´ˊ`ˋ❛❜"  # noqa: RUF001  as above
_DASHES: Final = "–—‒‐⁃"  # noqa: RUF001  as above
_SPACES: Final = "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_NOTHING: Final = "\u200b\u2060\ufeff"
SMART_ENCODING: Final = str.maketrans(
    {
        **dict.fromkeys(_QUOTES, '"'),
        **dict.fromkeys(_APOSTROPHES, "'"),
        **dict.fromkeys(_DASHES, "-"),
        **dict.fromkeys(_SPACES, " "),
        **dict.fromkeys(_NOTHING, ""),
        "…": "...",
    }
)


def smart_encode(body: str) -> str:
    """Return the body with the characters replaced that Smart Encoding replaces."""
    return body.translate(SMART_ENCODING)


def count_segments(body: str) -> int:
    """Return how many segments a body takes: 160 or 153 septets in GSM-7, 70 or 67 units in UCS-2; 1 for none."""
    if all(character in BASIC or character in EXTENDED for character in body):
        return _pack([2 if character in EXTENDED else 1 for character in body], 160, 153)
    return _pack([len(character.encode("utf-16-le")) // 2 for character in body], 70, 67)


def _pack(costs: Iterable[int], alone: int, together: int) -> int:
    """Return how many parts are filled; no character is cut in two."""
    costs = list(costs)
    if sum(costs) <= alone:
        return 1
    parts, filled = 1, 0
    for cost in costs:
        if filled + cost > together:
            parts, filled = parts + 1, 0
        filled += cost
    return parts
