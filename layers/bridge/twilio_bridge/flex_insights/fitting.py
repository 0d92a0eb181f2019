"""What to write for a value that comes from elsewhere: nothing that breaks a rule, and nothing for what is unknown."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from twilio_bridge import phone
from twilio_bridge.flex_insights.attribute import MAX_TEXT_LENGTH, NUMBERS, SEPARATOR, YES_NO, Attribute, Kind
from twilio_bridge.flex_insights.texts import (
    EMAIL,
    NUMBER,
    YEAR,
    find_choice,
    has_control,
    holds_personal_data,
    is_placeholder,
    parse_date,
    parse_point,
)
from twilio_bridge.flex_insights.values import check_value

# How a text becomes one of a kind, empty where it cannot; those of other kinds are cut at most.
FITS: Final[Mapping[Kind, Callable[[str], str | None]]] = {
    "date": parse_date,
    "year": lambda text: text if YEAR.fullmatch(text) else parse_date(text)[:4],
    "point": parse_point,
    "email": lambda text: text.lower() if EMAIL.fullmatch(text) else "",
    "phone": phone.parse_number,
    "link": str,
}


def fit_value(attribute: Attribute, value: object, *, is_hipaa: bool = False) -> str | float | int | None:
    """Return what to write for a value from elsewhere, or None where it cannot be one.

    A text is put on one line and cut at 128 characters, what looks like a number becomes one, a boolean Yes or No,
    a choice is spelled as documented, levels of a hierarchy are joined, a moment becomes its day. Media are no value.
    """
    if attribute.kind == "media" or (is_hipaa and not attribute.is_kept_under_hipaa):
        return None
    if attribute.kind in NUMBERS:
        fitted: str | float | int | None = fit_number(value)
    else:
        between = SEPARATOR if attribute.kind == "hierarchy" else ", "
        fitted = fit_text(attribute, make_line(value, between))

    if fitted is None or any(finding.is_error or finding.code == "FI016" for finding in check_value(attribute, fitted)):
        return None
    return None if is_hipaa and isinstance(fitted, str) and holds_personal_data(attribute, fitted) else fitted


def fit_number(value: object) -> float | int | None:
    """Return a number, also out of a text that is one; None where it is none."""
    if isinstance(value, str) and NUMBER.fullmatch(value):
        number = float(value)
        return int(number) if number == int(number) else number
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def fit_text(attribute: Attribute, text: str) -> str | None:
    """Return a text of one line in the form of the attribute's kind; None where it has none."""
    if not text or is_placeholder(text):
        return None
    if attribute.kind in FITS:
        return FITS[attribute.kind](text) or None
    choice = find_choice(attribute, text) if attribute.choices else ""
    return choice or (None if attribute.is_closed else text[:MAX_TEXT_LENGTH].rstrip())


def make_line(value: object, between: str) -> str:
    """Return a value as one text on one line, several with `between` them; empty where it is none."""
    if isinstance(value, bool):
        return YES_NO[0 if value else 1]
    if isinstance(value, float):
        is_whole = math.isfinite(value) and value == int(value)
        value = int(value) if is_whole else value if math.isfinite(value) else ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return between.join(part for part in (make_line(each, between) for each in value) if part)
    if not isinstance(value, str | int | float):
        return ""

    text = str(value)
    shown = "".join(" " if has_control(sign) else sign for sign in text) if has_control(text) else text
    return " ".join(shown.split())
