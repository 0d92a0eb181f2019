"""Characters as a reader sees them, each of one or several code points: none of them is cut in two.

https://www.unicode.org/reports/tr29/#Grapheme_Cluster_Boundaries, extended clusters without Indic conjuncts
"""

import unicodedata
from collections.abc import Iterator

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


def split_clusters(text: str) -> Iterator[str]:
    """Yield what a reader sees as one character each; CR and LF are two, as Twilio's calculator has them."""
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
