"""What to write for a value that comes from elsewhere: nothing that breaks a rule, and nothing for what is unknown."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from twilio_bridge import phone
from twilio_bridge.flex_insights.attribute import MAX_TEXT_LENGTH, NUMBERS, SEPARATOR, YES_NO, Attribute, Kind
from twilio_bridge.flex_insights.values import (
    EMAIL,
    NUMBER,
    YEAR,
    check_value,
    find_choice,
    has_control,
    holds_personal_data,
    is_placeholder,
    parse_date,
    parse_point,
)


def fit_value(attribute: Attribute, value: object, *, is_hipaa: bool = False) -> str | float | int | None:
    """Return what to write for a value from elsewhere, or None where it cannot be one.

    A text is put on one line and cut at 128 characters, what looks like a number becomes one, a boolean Yes or No,
    a choice is spelled as documented, levels of a hierarchy are joined, a moment becomes its day. Media are no value.
    """
    if attribute.kind == "media" or (is_hipaa and not attribute.is_kept_under_hipaa):
        return None
    fitted = _fit_number(value) if attribute.kind in NUMBERS else _fit_text(attribute, _join(attribute, value))
    if fitted is None or any(finding.is_error or finding.code == "FI016" for finding in check_value(attribute, fitted)):
        return None
    return None if is_hipaa and isinstance(fitted, str) and holds_personal_data(attribute, fitted) else fitted


def _fit_number(value: object) -> float | int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and NUMBER.fullmatch(value):
        number = json.loads(str(float(value)))
        return int(number) if number == int(number) else number
    return value if isinstance(value, int | float) else None


def _join(attribute: Attribute, value: object) -> str:
    """Return a value as one text on one line, empty where it is none."""
    if isinstance(value, bool):
        return YES_NO[0 if value else 1]
    if isinstance(value, float):
        is_whole = math.isfinite(value) and value == int(value)
        value = int(value) if is_whole else value if math.isfinite(value) else ""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        between = SEPARATOR if attribute.kind == "hierarchy" else ", "
        return between.join(part for part in (_join(attribute, each) for each in value) if part)
    if not isinstance(value, str | int | float):
        return ""
    return " ".join(_without_control(str(value)).split())


def _without_control(text: str) -> str:
    return "".join(" " if has_control(sign) else sign for sign in text) if has_control(text) else text


def _fit_text(attribute: Attribute, text: str) -> str | None:
    fit = _FITS.get(attribute.kind)
    if not text or is_placeholder(text):
        return None
    if fit:
        return fit(text) or None
    if attribute.kind == "choice":
        return find_choice(attribute, text) or (None if attribute.is_closed else text[:MAX_TEXT_LENGTH].rstrip())
    return text[:MAX_TEXT_LENGTH].rstrip()


def _fit_year(text: str) -> str:
    return text if YEAR.fullmatch(text) else parse_date(text)[:4]


def _fit_email(text: str) -> str:
    return text.lower() if EMAIL.fullmatch(text) else ""


_FITS: Final[Mapping[Kind, Callable[[str], str | None]]] = {
    "date": parse_date,
    "year": _fit_year,
    "point": parse_point,
    "email": _fit_email,
    "phone": phone.parse_number,
    "link": str,
}
