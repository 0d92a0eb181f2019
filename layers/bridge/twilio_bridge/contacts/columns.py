"""The columns of the contacts' table: which the configuration names, and which of them the base has.

Airtable leaves an empty cell out of its answers, so a column that is gone looks like one that is empty everywhere. Only
a request that names the column (`fields[]`) shows the difference, and nothing is taken in from an answer to another.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twilio_bridge.config import schema
from twilio_bridge.errors import ColumnsGoneError

# What a copy holds of a contact, and how: another number, and every copy is loaded anew.
FORMAT = 2


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns that are read, as the base spells them, and those that are configured and not there.

    `further` are the names that were looked for besides the configured ones, `checked_at` is when (epoch seconds).
    """

    present: frozenset[str]
    absent: frozenset[str] = frozenset()
    further: frozenset[str] = frozenset()
    checked_at: float = 0

    @property
    def packed(self) -> str:
        """Return them as text."""
        return json.dumps([sorted(self.present), sorted(self.absent), sorted(self.further), self.checked_at])


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A table of the base: the types of its columns by name, and its views' names."""

    id: str
    name: str
    types: Mapping[str, str]
    views: frozenset[str] = frozenset()


def unpack_columns(text: str) -> Columns:
    """Return the columns of a text that `packed` made."""
    present, absent, further, checked_at = json.loads(text)
    return Columns(frozenset(present), frozenset(absent), frozenset(further), checked_at)


def list_configured(settings: schema.Contacts) -> frozenset[str]:
    """Return the columns that the configuration has for a contact's fields, its defaults among them."""
    return frozenset(column for column in settings.columns.model_dump().values() if column)


def list_named(settings: schema.Contacts) -> frozenset[str]:
    """Return those that somebody named: a default that never was there is simply not used."""
    defaults = schema.ContactColumns().model_dump()
    return frozenset(c for field, c in settings.columns.model_dump().items() if c and c != defaults[field])


def check_columns(settings: schema.Contacts, columns: Columns, read_before: Iterable[str]) -> None:
    """Raise ColumnsGoneError where a column is absent that somebody named, or that was read before."""
    gone = columns.absent & (list_named(settings) | frozenset(read_before))
    if gone:
        raise ColumnsGoneError("airtable", gone)


def make_fingerprint(base_id: str, settings: schema.Config) -> str:
    """Return the fingerprint: equal where a copy was made of the same base, tables and columns, in the same way."""
    return f"{base_id}/{make_settings_fingerprint(settings)}"


def make_settings_fingerprint(settings: schema.Config) -> str:
    """Return the part of a fingerprint, its end, that the base's id does not change."""
    contacts = settings.contacts
    made_of = [FORMAT, contacts.table, settings.templates.table, contacts.region, contacts.view]
    further = sorted(settings.insights.cached_columns)  # none: as it was before there was this section
    packed = json.dumps([*made_of, contacts.columns.model_dump(), *([further] if further else [])], sort_keys=True)
    return hashlib.sha256(packed.encode()).hexdigest()[:32]
