"""What one value breaks of the rules."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
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
from twilio_bridge.flex_insights.texts import (
    EMAIL,
    NUMBER,
    YEAR,
    find_choice,
    has_control,
    is_id,
    is_nobody,
    is_placeholder,
    parse_date,
    parse_point,
)

LINKING: Final = frozenset(
    ("customers.external_id", "customers.phone", "customers.email", "conversations.conversation_id")
)
# Twilio's own samples mask digits: +44xxxxxxxxx.
MASKED: Final = re.compile(r"\+[1-9][0-9]*[xX]{4,}[0-9]*")
ANY_YEAR: Final = re.compile(r"(?<!\d)\d{4}(?!\d)", re.ASCII)
OTHER_SEPARATOR: Final = re.compile(r"->|→|»|\u203a|>|\\|\||::|(?<=\s)/(?=\s)|(?<! )▸|▸(?! )")


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
        yield from check_number(attribute, value)
    elif isinstance(value, str):
        yield from check_text(attribute, value)
    else:
        yield from check_other_than_text(attribute, value)


def check_number(attribute: Attribute, value: object) -> Iterator[Finding]:
    """Yield what breaks a rule where a number is wanted."""
    place = attribute.place
    if isinstance(value, bool) or not isinstance(value, int | float):
        is_quoted = isinstance(value, str) and NUMBER.fullmatch(value)
        remedy = "Write it without quotes." if is_quoted else "Write a number, or null."
        yield Finding("FI015", place, "it is no number", remedy)
    elif isinstance(value, float) and not math.isfinite(value):
        yield Finding("FI015", place, "it is not finite", "Write a number, or null.")
    elif attribute.kind == "seconds" and not 0 <= value <= MAX_TASK_SECONDS:
        remedy = "Divide by 1,000: it looks like milliseconds." if value > 0 else "Write seconds, or null."
        yield Finding("FI016", place, "it is negative" if value < 0 else "it is longer than a day", remedy)
    elif attribute.kind == "integer" and (value < 1 or value != int(value)):
        yield Finding("FI017", place, "it is no whole number from 1", "Count from 1.")


def check_other_than_text(attribute: Attribute, value: object) -> Iterator[Finding]:
    """Yield what a number or a boolean breaks where a text is wanted."""
    if attribute.kind == "choice":
        meant = find_choice(attribute, YES_NO[0 if value else 1]) if isinstance(value, bool) else ""
        code = "FI020" if attribute.is_closed else "FI021"
        yield Finding(code, attribute.place, "it is no text", advise_choice(attribute, meant))
        return

    what = "a boolean" if isinstance(value, bool) else "a number"
    yield Finding("FI014", attribute.place, f"it is {what}", "Write it in quotes.")
    if attribute.kind in {"date", "year"}:
        yield from check_date(attribute, str(value))


def check_text(attribute: Attribute, text: str) -> Iterator[Finding]:
    """Yield what a text breaks: what holds for all of them, then what holds for its kind."""
    place, plain = attribute.place, text.strip()
    if not plain:
        yield Finding("FI011", place, "it is empty", "Write null, or leave it out.")
        return
    if place in LINKING and is_nobody(plain):
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
    if attribute.kind in CHECKS:
        yield from CHECKS[attribute.kind](attribute, plain)


def check_cardinality(attribute: Attribute, text: str) -> Iterator[Finding]:
    """Yield where an id stands that belongs into a label."""
    if attribute.is_low_cardinality and is_id(text):
        yield Finding("FI041", attribute.place, "it is different for nearly everybody", advise_label(attribute.name))


def advise_label(name: str) -> str:
    """Return where to write what is different for nearly everybody."""
    label = name.replace("_attribute_", "_label_")
    if label == name:
        return "Write it to a label, such as one of conversation_label_1 to conversation_label_10."
    return f"Write it to {label}; the attribute can stay out."


def check_choice(attribute: Attribute, text: str) -> Iterator[Finding]:
    """Yield where a text is none of the documented values."""
    if text not in attribute.choices:
        code, remedy = (
            "FI020" if attribute.is_closed else "FI021",
            advise_choice(attribute, find_choice(attribute, text)),
        )
        yield Finding(code, attribute.place, "it is none of the documented values", remedy)


def advise_choice(attribute: Attribute, meant: str) -> str:
    """Return what to write: what was meant, or one of all."""
    return f'Write "{meant}".' if meant else f"Write one of: {', '.join(attribute.choices)}."


def check_hierarchy(attribute: Attribute, text: str) -> Iterator[Finding]:
    """Yield where levels stand apart by anything but the separator."""
    if OTHER_SEPARATOR.search(text):
        problem, remedy = "its levels stand apart by other signs", f'Write "{SEPARATOR}" between them.'
        yield Finding("FI026", attribute.place, problem, remedy)


def check_date(attribute: Attribute, text: str) -> Iterator[Finding]:
    """Yield where a date or a year is out of range, or in another form."""
    form = "a year of four digits" if attribute.kind == "year" else "YYYY-MM-DD"
    year = ANY_YEAR.search(text)
    if year and not MIN_YEAR <= int(year[0]) <= MAX_YEAR:
        problem = f"it is not in {MIN_YEAR} to {MAX_YEAR}"
        yield Finding("FI018", attribute.place, problem, "Correct the year, or write null.")
    elif not (YEAR.fullmatch(text) if attribute.kind == "year" else parse_date(text)):
        yield Finding("FI019", attribute.place, f"it is not {form}", f"Write {form}.")


def check_phone(attribute: Attribute, text: str) -> Iterator[Finding]:
    """Yield where a number is not in E.164; digits may be masked."""
    if not phone.E164.fullmatch(text) and not MASKED.fullmatch(text):
        remedy = "Write + and the country code, digits only, no channel."
        yield Finding("FI035", attribute.place, "it is not in E.164", remedy)


def check_email(attribute: Attribute, text: str) -> Iterator[Finding]:
    """Yield where a text is no e-mail address, or one in capitals."""
    if not EMAIL.fullmatch(text):
        yield Finding("FI036", attribute.place, "it is no e-mail address", "Write one address, or null.")
    elif text != text.lower():
        yield Finding("FI036", attribute.place, "it has capital letters", "Write it in lower case, everywhere.")


def check_point(attribute: Attribute, text: str) -> Iterator[Finding]:
    """Yield where a text is no place."""
    if parse_point(text) != text:
        remedy = "Write degrees with a semicolon between them."
        yield Finding("FI038", attribute.place, "it is not latitude;longitude", remedy)


CHECKS: Final[Mapping[Kind, Callable[[Attribute, str], Iterator[Finding]]]] = {
    "text": check_cardinality,
    "choice": check_choice,
    "hierarchy": check_hierarchy,
    "date": check_date,
    "year": check_date,
    "link": check_link,
    "phone": check_phone,
    "email": check_email,
    "point": check_point,
}
