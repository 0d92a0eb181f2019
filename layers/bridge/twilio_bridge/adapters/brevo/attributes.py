"""The account's contact attributes: Brevo drops a value without an error where the attribute does not take it.

https://developers.brevo.com/reference/get-attributes and https://developers.brevo.com/reference/create-attribute
"""

import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

from twilio_bridge.adapters.brevo.client import CONTACTS, BrevoRequests, Call
from twilio_bridge.adapters.brevo.errors import BREVO
from twilio_bridge.errors import UnacceptableError, UnavailableError
from twilio_bridge.logs import logger

# How long a listing of the attributes is used (seconds).
LISTED_FOR_S = 3600
# Identifiers: every account has them, whether they are listed or not.
IDENTIFIERS = frozenset(("EMAIL", "SMS", "WHATSAPP", "LANDLINE_NUMBER", "EXT_ID"))
# Brevo makes these itself, in the account's language.
BUILT_IN = frozenset(("FIRSTNAME", "LASTNAME"))
# Contacts hold values of these categories only; one with a value of another category is refused as a whole.
WRITABLE = frozenset(("normal", "category"))
TRUE, FALSE = frozenset(("true", "yes", "1")), frozenset(("false", "no", "0"))


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute as the account has it; `options` are those of a category or a multiple choice."""

    category: str = "normal"
    type: str = "text"
    options: frozenset[str] = frozenset()

    def convert(self, value: object) -> object | None:
        """Return the value as this attribute keeps it, or None where it keeps none such."""
        if self.category not in WRITABLE:
            return None
        converted = CONVERSIONS.get(self.type, _unchanged)(value)
        chosen = converted if isinstance(converted, list) else [converted]
        return None if self.options and not self.options.issuperset(map(str, chosen)) else converted


class BrevoAttributes:
    """The account's attributes, listed at most once an hour, and again where a name appears for the first time."""

    def __init__(self, brevo: BrevoRequests, *, create: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._brevo = brevo
        self._create = create
        self._clock = clock
        self._attributes: dict[str, Attribute] = {}
        self._asked_for: set[str] = set()
        self._warned_of: set[str] = set()
        self._listed_at: float | None = None

    def fit(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values as Brevo keeps them, by name; those that it would drop or refuse are logged by name."""
        wanted = {name: value for name, value in values.items() if name not in IDENTIFIERS}
        identifiers = {name: value for name, value in values.items() if name in IDENTIFIERS}
        if not wanted:
            return identifiers
        self._look_up(wanted)

        missing = wanted.keys() - self._attributes.keys()
        known = {name: value for name, value in wanted.items() if name not in missing}
        converted = {name: self._attributes[name].convert(value) for name, value in known.items()}
        fitting = {name: value for name, value in converted.items() if value is not None}

        self._warn("not kept: no such attribute", missing)
        self._warn("not kept: the attribute has another type", known.keys() - fitting.keys())
        return identifiers | fitting

    def find_misfits(self, samples: Mapping[str, object]) -> dict[str, str]:
        """Return what is wrong with each of these attributes, of which the samples are typical values, by name."""
        self._list()
        found = {name: self._describe_misfit(name, value) for name, value in samples.items() if name not in IDENTIFIERS}
        return {name: text for name, text in found.items() if text}

    def _describe_misfit(self, name: str, sample: object) -> str:
        attribute = self._attributes.get(name)
        if attribute is None:
            return "" if self._create or name in BUILT_IN else "does not exist"
        if attribute.category not in WRITABLE:
            return f"is of the category {attribute.category}, which contacts cannot have"
        return "" if attribute.convert(sample) is not None else f"has the type {attribute.type}"

    def _look_up(self, wanted: Mapping[str, Any]) -> None:
        is_old = self._listed_at is None or self._clock() - self._listed_at > LISTED_FOR_S
        if is_old or not wanted.keys() <= self._asked_for:
            self._list()
            self._add({name: value for name, value in wanted.items() if name not in self._attributes})
            self._asked_for |= wanted.keys()

    def _list(self) -> None:
        answer = self._brevo.ask(Call(group=CONTACTS, method="GET", path="/contacts/attributes"))
        listed = answer.get("attributes") if answer else None
        if not isinstance(listed, list) or not all(isinstance(one, dict) and "name" in one for one in listed):
            raise UnavailableError(BREVO, "a listing holds no attributes")

        self._attributes = {str(entry["name"]).upper(): _read_attribute(entry) for entry in listed}
        self._listed_at = self._clock()

    def _add(self, missing: Mapping[str, Any]) -> None:
        wanted = {name: type_for(value) for name, value in missing.items() if name not in BUILT_IN}
        if not (self._create and wanted):
            return
        if not all([self._create_attribute(name, kind) for name, kind in wanted.items()]):  # noqa: C419  each is tried
            self._list()  # somebody else may have made it meanwhile

    def _create_attribute(self, name: str, kind: str) -> bool:
        path = f"/contacts/attributes/normal/{name}"
        try:
            self._brevo.ask(Call(group=CONTACTS, method="POST", path=path, body={"type": kind}))
        except UnacceptableError:
            return False
        self._attributes[name] = Attribute(type=kind)
        logger.info("Brevo attribute created", extra={"attribute": name, "type": kind})
        return True

    def _warn(self, message: str, names: Collection[str]) -> None:
        """Log names once an instance and not at every contact."""
        if new := sorted(set(names) - self._warned_of):
            self._warned_of |= set(new)
            logger.warning(message, extra={"attributes": new})


def type_for(value: object) -> str:
    """Return the type of attribute that is made for a value; texts of a list are joined."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "float"
    if isinstance(value, date):
        return "date"
    return "text"


def _read_attribute(entry: Mapping[str, Any]) -> Attribute:
    category = str(entry.get("category", "normal"))
    pairs = entry.get("enumeration") or []
    labels = {str(pair.get("label")) for pair in pairs if isinstance(pair, dict)}
    options = entry.get("multiCategoryOptions") or []
    return Attribute(category, str(entry.get("type") or category), frozenset(labels | set(map(str, options))))


def _unchanged(value: object) -> object:
    return value


def _to_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date):
        return value.isoformat()
    return ", ".join(value) if isinstance(value, list) else str(value)


def _to_number(value: object) -> float | int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or "_" in str(value):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    if not isfinite(number):
        return None
    return int(number) if number.is_integer() else number


def _to_date(value: object) -> str | None:
    text = value.isoformat() if isinstance(value, date) else value
    try:
        return date.fromisoformat(text[:10]).isoformat() if isinstance(text, str) else None
    except ValueError:
        return None


def _to_boolean(value: object) -> bool | None:
    text = _to_text(value)
    if text is None or isinstance(value, list):
        return None
    return True if text.casefold() in TRUE else False if text.casefold() in FALSE else None


def _to_list(value: object) -> list[str] | None:
    if isinstance(value, list):
        return value
    return [value] if isinstance(value, str) else None


# By Brevo's types; a value for a type that is not named here is not judged.
CONVERSIONS: Mapping[str, Callable[[object], object | None]] = {
    "text": _to_text,
    "float": _to_number,
    "date": _to_date,
    "boolean": _to_boolean,
    "multiple-choice": _to_list,
    "category": _to_text,
    "user": _to_text,
}
