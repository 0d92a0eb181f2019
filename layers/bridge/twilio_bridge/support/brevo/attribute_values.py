"""What an attribute of a contact can hold: a task's value, by the type that the attribute is made for."""

from collections.abc import Callable, Mapping
from datetime import date
from math import isfinite

from twilio_bridge.config import flex
from twilio_bridge.support.tasks.task_attributes import MAX_TEXT_LENGTH

Value = str | int | float | bool | date | list[str]


def to_attribute(value: object, kind: flex.AttributeType) -> Value | None:
    """Return a value as an attribute of this type has it; None where it is none."""
    return _to_type(_clean(value), kind)


def _clean(value: object) -> Value | None:
    """Return what an attribute can hold: text, number, truth, list of texts."""
    if isinstance(value, str):
        return value.strip()[:MAX_TEXT_LENGTH] or None
    if isinstance(value, list):
        return [text[:MAX_TEXT_LENGTH] for text in value if isinstance(text, str) and text.strip()] or None
    if isinstance(value, int | float):
        return value if isfinite(value) else None
    return None


def _to_type(value: Value | None, kind: flex.AttributeType) -> Value | None:
    """Return the value so that an attribute that is made for it has this type."""
    if value is None or isinstance(value, list) or kind == "list":
        return value
    if kind == "text":
        return _to_text(value)
    try:
        return TYPES[kind](_to_text(value))
    except ValueError:
        return None


def _to_text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _to_number(text: str) -> float | int:
    number = float(text.replace("_", "x"))
    if not isfinite(number):
        raise ValueError
    return int(number) if number.is_integer() else number


def _to_boolean(text: str) -> bool:
    if text.casefold() not in TRUTHS:
        raise ValueError
    return TRUTHS[text.casefold()]


TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
TYPES: Mapping[str, Callable[[str], Value]] = {
    "number": _to_number,
    "boolean": _to_boolean,
    "date": lambda text: date.fromisoformat(text[:10]),
}
