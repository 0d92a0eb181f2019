"""A contact's attributes: which there are, which values fit them, and how they are added; for contacts and events.

https://developers.brevo.com/reference/get-attributes and https://developers.brevo.com/reference/create-attribute
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from twilio_bridge_local.vendors.brevo.errors import invalid

MOST = 200
MAX_OPTION_LENGTH = 200
TYPES: Mapping[str, tuple[str, ...]] = {
    "normal": ("text", "date", "float", "boolean", "multiple-choice", "user"),
    "transactional": ("id",),
    "category": ("category",),
    "calculated": (),
    "global": (),
}
# Brevo computes these itself; that a value for one is dropped is not documented.
COMPUTED = ("calculated", "global")
# Identifiers are attributes too, but each is one contact's only; see `identifiers`.
PHONES = ("SMS", "WHATSAPP", "LANDLINE_NUMBER")


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute by Brevo's names; `options` are a multiple choice's, `enumeration` is a category's."""

    name: str
    category: str = "normal"
    type: str = "text"
    enumeration: tuple[tuple[int, str], ...] = ()
    options: tuple[str, ...] = ()
    value: str = ""

    @property
    def answer(self) -> dict[str, object]:
        """As GET answers it; what is empty is left out."""
        enumeration = [{"value": value, "label": label} for value, label in self.enumeration]
        more = {
            "type": self.type,
            "enumeration": enumeration,
            "calculatedValue": self.value,
            "multiCategoryOptions": list(self.options),
        }
        return {"name": self.name, "category": self.category, **{key: item for key, item in more.items() if item}}

    def takes(self, value: object) -> bool:
        """Whether Brevo keeps this value; what does not fit it ignores silently.

        The page documents this for a text in a date; how strict it is between other types is not documented, and
        is strict here.
        """
        if value == "":  # empties the attribute, whatever its type
            return True
        if self.category == "category":
            return any(value in pair and not isinstance(value, bool) for pair in self.enumeration)
        if self.type == "multiple-choice":
            return isinstance(value, list) and all(item in self.options for item in value)
        if self.type == "float":
            return isinstance(value, int | float) and not isinstance(value, bool)
        if self.type == "boolean":
            return isinstance(value, bool)
        return isinstance(value, str) and (self.type != "date" or _is_date(value))


# What a new account has, as far as we know it.
BUILT_IN = tuple(Attribute(name) for name in ("LASTNAME", "FIRSTNAME", *PHONES, "EXT_ID"))


def new_attribute(category: str, name: str, body: Mapping[str, object]) -> Attribute:
    """An attribute from the path and the body of a request; else a BrevoError."""
    if category not in TYPES:
        raise invalid("Attribute category is invalid")
    if not re.fullmatch(r"[A-Z0-9_]{1,50}", name):
        raise invalid("Attribute name is invalid")
    kind, value = body.get("type"), body.get("value", "")
    if not TYPES[category]:
        return Attribute(name, category, "", value=_text(value, "value"))
    if kind not in TYPES[category]:
        raise invalid(f"Attribute type is invalid for the category {category}")
    return Attribute(name, category, str(kind), enumeration=_enumeration(body), options=_options(body))


def _enumeration(body: Mapping[str, object]) -> tuple[tuple[int, str], ...]:
    pairs = body.get("enumeration", [])
    if not isinstance(pairs, list):
        raise invalid("enumeration is invalid")
    return tuple(_pair(pair) for pair in pairs)


def _pair(given: object) -> tuple[int, str]:
    if not isinstance(given, dict) or not isinstance(given.get("value"), int):
        raise invalid("enumeration is invalid")
    return given["value"], _text(given.get("label"), "enumeration")


def _options(body: Mapping[str, object]) -> tuple[str, ...]:
    options = body.get("multiCategoryOptions", [])
    if not isinstance(options, list):
        raise invalid("multiCategoryOptions is invalid")
    return tuple(_text(option, "multiCategoryOptions") for option in options)


def _text(given: object, place: str) -> str:
    if not isinstance(given, str) or len(given) > MAX_OPTION_LENGTH:
        raise invalid(f"{place} is invalid")
    return given


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return bool(re.match(r"\d{4}-\d{2}-\d{2}", text))
