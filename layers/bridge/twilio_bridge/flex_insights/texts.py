"""What a text is: a placeholder, nobody's, an id, personal, a date, a place, a documented value in other letters."""

import re
import unicodedata
from datetime import date
from typing import Final

from twilio_bridge import phone
from twilio_bridge.flex_insights.attribute import Attribute

# What unfilled variables of Studio, JavaScript, Python and spreadsheets leave behind.
PLACEHOLDERS: Final = frozenset(
    (
        *("undefined", "null", "NULL", "nil", "None", "NaN", "nan", "[object Object]", "n/a", "N/A"),
        *("#N/A", "#REF!", "#VALUE!", "#ERROR!"),
    )
)
_TEMPLATE: Final = re.compile(r"\{\{|\}\}|\$\{|<%|%>")
# Beside them, what identifies nobody.
_NOBODY: Final = (
    phone.HIDDEN
    | {each.casefold() for each in PLACEHOLDERS}
    | {
        *("0", "-", "none", "na", "test", "default", "customer", "caller", "guest", "visitor", "client", "user", "tbd"),
    }
)
_NOBODYS_MAILBOX: Final = re.compile(
    r"(none|null|undefined|unknown|anonymous|nobody|no[-_.]?e?mail|(no|do[-_.]?not)[-_.]?reply)@"
)

EMAIL: Final = re.compile(r"[^\s@<>,;]+@([^\W_]([\w-]*[^\W_])?\.)+[^\W\d_]{2,}")
# Nine digits and more with what people put between them: a number, or another id of a person's.
_DIGITS: Final = re.compile(r"(?<![\w-])\+?\(?\d(?:[\s().\-/]{0,3}\d){8,}(?!\w)", re.ASCII)
_ADDRESS: Final = re.compile(r"[^\s@<>,;]{1,64}@[\w-]{1,63}\.\w")
MAX_SEARCHED_LENGTH: Final = 1_000  # of a text of which Insights loads 128 characters
# Control characters, line and paragraph separators, halves of characters.
_UNSHOWN: Final = frozenset(("Cc", "Zl", "Zp", "Cs"))

# What is different for nearly everybody: SIDs, UUIDs, record ids, addresses, numbers, moments.
_ID: Final = re.compile(
    r"[A-Z]{2}[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|rec[A-Za-z0-9]{14}|[0-9a-fA-F]{16,}"
    r"|https?://\S+|\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*|.*\d{7,}.*|\d{1,3}(\.\d{1,3}){3}",
    re.DOTALL,
)
NUMBER: Final = re.compile(r"\s*[+-]?\d{1,15}(\.\d{1,15})?\s*", re.ASCII)
_ISO_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)([T ]\d\d:\d\d.*)?", re.ASCII)
YEAR: Final = re.compile(r"\d{4}", re.ASCII)

_POINT: Final = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*([;,])\s*(-?\d{1,3}(?:\.\d+)?)\s*", re.ASCII)


def has_control(text: str) -> bool:
    """Return whether a text has control characters; what joins letters or emoji is none."""
    return not text.isprintable() and any(unicodedata.category(sign) in _UNSHOWN for sign in text)


def is_placeholder(text: str) -> bool:
    """Return whether a text is what an unfilled variable leaves behind."""
    return text in PLACEHOLDERS or _TEMPLATE.search(text) is not None


def is_nobody(text: str) -> bool:
    """Return whether what should identify a customer identifies nobody."""
    folded = text.casefold()
    return folded in _NOBODY or is_placeholder(text) or _NOBODYS_MAILBOX.match(folded) is not None


def is_id(text: str) -> bool:
    """Return whether a text is different for nearly every conversation or customer."""
    return _ID.fullmatch(text) is not None or is_personal(text)


def is_personal(text: str) -> bool:
    """Return whether a text is somebody's e-mail address or number."""
    return EMAIL.fullmatch(text) is not None or phone.E164.fullmatch(text.removeprefix(phone.WHATSAPP)) is not None


def holds_personal_data(attribute: Attribute, text: str) -> bool:
    """Return whether a text that Insights keeps under HIPAA has somebody's address or number in it.

    `external_contact` is the company's own, and links and dates are what they are.
    """
    if attribute.name == "external_contact" or attribute.kind in {"link", "date", "year"}:
        return False
    start = text[:MAX_SEARCHED_LENGTH]
    return attribute.is_kept_under_hipaa and (_ADDRESS.search(start) or _DIGITS.search(start)) is not None


def find_choice(attribute: Attribute, text: str) -> str:
    """Return the documented value that a text was meant to be, empty where none is."""
    folded = re.sub(r"[\W_]+", "", text).casefold()
    same = {"y": "Yes", "true": "Yes", "1": "Yes", "n": "No", "false": "No", "0": "No"}.get(folded, "")
    if same in attribute.choices:
        return same
    return next((each for each in attribute.choices if re.sub(r"[\W_]+", "", each).casefold() == folded), "")


def parse_date(text: str) -> str:
    """Return the day of an ISO date or moment, empty where it is none."""
    found = _ISO_DATE.fullmatch(text)
    if not found:
        return ""
    try:
        return date(*map(int, found.groups()[:3])).isoformat()
    except ValueError:
        return ""


def parse_point(text: str) -> str:
    """Return latitude and longitude with a semicolon between them, empty where they are none."""
    found = _POINT.fullmatch(text)
    if not found or abs(float(found[1])) > 90 or abs(float(found[3])) > 180:  # noqa: PLR2004  degrees
        return ""
    return f"{found[1]};{found[3]}"
