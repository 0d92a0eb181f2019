"""The account's contact attributes: what is written to one that does not exist, Brevo drops without a word.

https://developers.brevo.com/reference/get-attributes and https://developers.brevo.com/reference/create-attribute
"""

import time
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from twilio_bridge.adapters.brevo.client import CONTACTS, BrevoRequests, Call
from twilio_bridge.adapters.brevo.errors import BREVO
from twilio_bridge.errors import UnacceptableError, UnavailableError
from twilio_bridge.logs import logger

LISTED_FOR_S = 3600
# Identifiers: every account has them, whether they are listed or not.
IDENTIFIERS = frozenset(("EMAIL", "SMS", "WHATSAPP", "LANDLINE_NUMBER", "EXT_ID"))
# Brevo makes these itself, in the account's language.
BUILT_IN = frozenset(("FIRSTNAME", "LASTNAME"))
# What Brevo keeps in an attribute of each type; what is not named here is not judged.
TAKEN: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "date": (date, str),
    "float": (int, float),
    "boolean": (bool,),
    "multiple-choice": (list,),
}


class BrevoAttributes:
    """What the account has, asked at most once an hour, and again where a name appears for the first time."""

    def __init__(self, brevo: BrevoRequests, *, create: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._brevo = brevo
        self._create = create
        self._clock = clock
        self._types: dict[str, str] = {}
        self._asked_for: set[str] = set()
        self._warned_of: set[str] = set()
        self._listed_at: float | None = None

    def prepare(self, values: Mapping[str, Any]) -> None:
        """See to it that Brevo keeps these values, or say in the log which it will drop."""
        wanted = {name: value for name, value in values.items() if name not in IDENTIFIERS}
        if not wanted:
            return
        if self._is_old() or not wanted.keys() <= self._asked_for:
            self._list()
            self._add({name: value for name, value in wanted.items() if name not in self._types})
            self._asked_for |= wanted.keys()
        self._warn("not kept: no such attribute", [name for name in wanted if name not in self._types])
        self._warn("not kept: the attribute has another type", [n for n, v in wanted.items() if not self._takes(n, v)])

    def _is_old(self) -> bool:
        return self._listed_at is None or self._clock() - self._listed_at > LISTED_FOR_S

    def _list(self) -> None:
        answer = self._brevo.ask(Call(group=CONTACTS, method="GET", path="/contacts/attributes"))
        listed = answer.get("attributes") if answer else None
        if not isinstance(listed, list) or not all(isinstance(one, dict) and "name" in one for one in listed):
            raise UnavailableError(BREVO, "a listing holds no attributes")
        self._types = {str(one["name"]).upper(): str(one.get("type") or one.get("category", "")) for one in listed}
        self._listed_at = self._clock()

    def _add(self, missing: Mapping[str, Any]) -> None:
        made = {name: kind for name, value in missing.items() if (kind := type_of(value)) and name not in BUILT_IN}
        if not (self._create and made):
            return
        if not all([self._added(name, kind) for name, kind in made.items()]):  # noqa: C419  each is tried
            self._list()  # somebody else may have made it meanwhile

    def _added(self, name: str, kind: str) -> bool:
        path = f"/contacts/attributes/normal/{name}"
        try:
            self._brevo.ask(Call(group=CONTACTS, method="POST", path=path, body={"type": kind}))
        except UnacceptableError:
            return False
        self._types[name] = kind
        logger.info("Brevo attribute created", extra={"attribute": name, "type": kind})
        return True

    def _takes(self, name: str, value: object) -> bool:
        kinds = TAKEN.get(self._types.get(name, ""))
        return kinds is None or (isinstance(value, kinds) and (isinstance(value, bool) == (kinds == (bool,))))

    def _warn(self, message: str, names: list[str]) -> None:
        if new := sorted(set(names) - self._warned_of):
            self._warned_of |= set(new)
            logger.warning(message, extra={"attributes": new})


def type_of(value: object) -> str:
    """Return the type of the attribute that a value needs; empty where making one takes all its options."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "float"
    if isinstance(value, date):
        return "date"
    return "text" if isinstance(value, str) else ""
