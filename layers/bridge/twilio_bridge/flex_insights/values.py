"""What one value breaks of the rules."""

import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Final

from twilio_bridge import phone
from twilio_bridge.flex_insights.attribute import (
    MAX_TASK_SECONDS,
    MAX_TEXT_LENGTH,
    MAX_YEAR,
    MIN_YEAR,
    NUMBERS,
    SEPARATOR,
    YES_NO,
    Attribute,
    Kind,
)
from twilio_bridge.flex_insights.links import check_link, check_media
from twilio_bridge.flex_insights.rules import Finding

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
_LINKING: Final = frozenset(
    ("customers.external_id", "customers.phone", "customers.email", "conversations.conversation_id")
)
EMAIL: Final = re.compile(r"[^\s@<>,;]+@([^\W_]([\w-]*[^\W_])?\.)+[^\W\d_]{2,}")
# Nine digits and more with what people put between them: a number, or another id of a person's.
_DIGITS: Final = re.compile(r"(?<![\w-])\+?\(?\d(?:[\s().\-/]{0,3}\d){8,}(?!\w)", re.ASCII)
_ADDRESS: Final = re.compile(r"[^\s@<>,;]{1,64}@[\w-]{1,63}\.\w")
MAX_SEARCHED_LENGTH: Final = 1_000  # of a text of which Insights loads 128 characters
# Control characters, line and paragraph separators, halves of characters.
_UNSHOWN: Final = frozenset(("Cc", "Zl", "Zp", "Cs"))
# Twilio's own samples mask digits: +44xxxxxxxxx.
_MASKED: Final = re.compile(r"\+[1-9][0-9]*[xX]{4,}[0-9]*")
# What is different for nearly everybody: SIDs, UUIDs, record ids, addresses, numbers, moments.
_ID: Final = re.compile(
    r"[A-Z]{2}[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|rec[A-Za-z0-9]{14}|[0-9a-fA-F]{16,}"
    r"|https?://\S+|\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*|.*\d{7,}.*|\d{1,3}(\.\d{1,3}){3}",
    re.DOTALL,
)
NUMBER: Final = re.compile(r"\s*[+-]?\d{1,15}(\.\d{1,15})?\s*", re.ASCII)
_ISO_DATE: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)([T ]\d\d:\d\d.*)?", re.ASCII)
YEAR: Final = re.compile(r"\d{4}", re.ASCII)
_ANY_YEAR: Final = re.compile(r"(?<!\d)\d{4}(?!\d)", re.ASCII)
_POINT: Final = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*([;,])\s*(-?\d{1,3}(?:\.\d+)?)\s*", re.ASCII)
_OTHER_SEPARATOR: Final = re.compile(r"->|→|»|\u203a|>|\\|\||::|(?<=\s)/(?=\s)|(?<! )▸|▸(?! )")


def check_value(attribute: Attribute, value: object) -> Iterator[Finding]:
    """Yield what a value breaks; null is unknown and breaks nothing."""
    if value is None:
        return
    if attribute.kind == "media":
        yield from check_media(value, attribute.place)
    elif isinstance(value, dict | list):
        what = "an object" if isinstance(value, dict) else "a list"
        remedy = f'Join its levels by "{SEPARATOR}".' if attribute.kind == "hierarchy" else "Write one value."
        yield Finding("FI007", attribute.place, f"it is {what}", remedy)
    elif attribute.kind in NUMBERS:
        yield from _check_number(attribute, value)
    elif isinstance(value, str):
        yield from _check_text(attribute, value)
    else:
        yield from _check_no_text(attribute, value)


def _check_number(attribute: Attribute, value: object) -> Iterator[Finding]:
    place = attribute.place
    if isinstance(value, bool) or not isinstance(value, int | float):
        is_quoted = isinstance(value, str) and NUMBER.fullmatch(value)
        yield Finding(
            "FI015", place, "it is no number", "Write it without quotes." if is_quoted else "Write a number, or null."
        )
    elif isinstance(value, float) and not math.isfinite(value):
        yield Finding("FI015", place, "it is not finite", "Write a number, or null.")
    elif attribute.kind == "seconds" and not 0 <= value <= MAX_TASK_SECONDS:
        remedy = "Divide by 1,000: it looks like milliseconds." if value > 0 else "Write seconds, or null."
        yield Finding("FI016", place, "it is negative" if value < 0 else "it is longer than a day", remedy)
    elif attribute.kind == "integer" and (value < 1 or value != int(value)):
        yield Finding("FI017", place, "it is no whole number from 1", "Count from 1.")


def _check_no_text(attribute: Attribute, value: object) -> Iterator[Finding]:
    """Yield what a number or a boolean breaks where a text is wanted."""
    if attribute.kind == "choice":
        said = YES_NO[0 if value else 1]
        remedy = (
            f'Write "{said}".' if isinstance(value, bool) and said in attribute.choices else _list_choices(attribute)
        )
        yield Finding("FI020" if attribute.is_closed else "FI021", attribute.place, "it is no text", remedy)
        return

    what = "a boolean" if isinstance(value, bool) else "a number"
    yield Finding("FI014", attribute.place, f"it is {what}", "Write it in quotes.")
    if attribute.kind in {"date", "year"}:
        yield from _check_date(attribute, str(value))


def _check_text(attribute: Attribute, text: str) -> Iterator[Finding]:
    place, plain = attribute.place, text.strip()
    if not plain:
        yield Finding("FI011", place, "it is empty", "Write null, or leave it out.")
        return
    if place in _LINKING and is_nobody(plain):
        yield Finding("FI034", place, "it stands for nobody", "Leave it out where it is unknown.")
        return
    if is_placeholder(plain):
        yield Finding("FI012", place, "it is a variable that was not filled in", "Write null where it is unknown.")
        return

    if text != plain or has_control(text):
        problem = "it has blanks around it or control characters"
        yield Finding("FI013", place, problem, "Write it on one line, without them.")
    if len(text) > MAX_TEXT_LENGTH and attribute.kind != "link":
        yield Finding("FI010", place, f"it has {len(text):,} characters", "Shorten it, or put the rest elsewhere.")
    if attribute.is_low_cardinality and attribute.kind == "text" and is_id(plain):
        yield Finding("FI041", place, "it is different for nearly everybody", _name_label(attribute))
    yield from _CHECKS.get(attribute.kind, _check_nothing)(attribute, plain)


def _check_nothing(_attribute: Attribute, _text: str) -> Iterator[Finding]:
    return iter(())


def _check_choice(attribute: Attribute, text: str) -> Iterator[Finding]:
    if text in attribute.choices:
        return
    near = find_choice(attribute, text)
    remedy = f'Write "{near}".' if near else _list_choices(attribute)
    if attribute.is_closed:
        yield Finding("FI020", attribute.place, "it is none of the documented values", remedy)
    else:
        yield Finding("FI021", attribute.place, "it is none of the documented values", remedy)


def _check_hierarchy(attribute: Attribute, text: str) -> Iterator[Finding]:
    if _OTHER_SEPARATOR.search(text):
        yield Finding(
            "FI026", attribute.place, "its levels stand apart by other signs", f'Write "{SEPARATOR}" between them.'
        )


def _check_date(attribute: Attribute, text: str) -> Iterator[Finding]:
    form = "a year of four digits" if attribute.kind == "year" else "YYYY-MM-DD"
    year = _ANY_YEAR.search(text)
    if year and not MIN_YEAR <= int(year[0]) <= MAX_YEAR:
        yield Finding(
            "FI018", attribute.place, f"it is not in {MIN_YEAR} to {MAX_YEAR}", "Correct the year, or write null."
        )
    elif not (YEAR.fullmatch(text) if attribute.kind == "year" else parse_date(text)):
        yield Finding("FI019", attribute.place, f"it is not {form}", f"Write {form}.")


def _check_phone(attribute: Attribute, text: str) -> Iterator[Finding]:
    if not phone.E164.fullmatch(text) and not _MASKED.fullmatch(text):
        yield Finding(
            "FI035", attribute.place, "it is not in E.164", "Write + and the country code, digits only, no channel."
        )


def _check_email(attribute: Attribute, text: str) -> Iterator[Finding]:
    if not EMAIL.fullmatch(text):
        yield Finding("FI036", attribute.place, "it is no e-mail address", "Write one address, or null.")
    elif text != text.lower():
        yield Finding("FI036", attribute.place, "it has capital letters", "Write it in lower case, everywhere.")


def _check_point(attribute: Attribute, text: str) -> Iterator[Finding]:
    if parse_point(text) != text:
        yield Finding(
            "FI038", attribute.place, "it is not latitude;longitude", "Write degrees with a semicolon between them."
        )


_CHECKS: Final[Mapping[Kind, Callable[[Attribute, str], Iterator[Finding]]]] = {
    "choice": _check_choice,
    "hierarchy": _check_hierarchy,
    "date": _check_date,
    "year": _check_date,
    "link": check_link,
    "phone": _check_phone,
    "email": _check_email,
    "point": _check_point,
}


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


def _name_label(attribute: Attribute) -> str:
    if "_attribute_" in attribute.name:
        return f"Write it to {attribute.name.replace('_attribute_', '_label_')}; the attribute can stay out."
    return "Write it to a label, such as one of conversation_label_1 to conversation_label_10."


def _list_choices(attribute: Attribute) -> str:
    return f"Write one of: {', '.join(attribute.choices)}."


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
