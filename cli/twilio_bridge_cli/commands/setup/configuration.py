"""bridge.yaml out of the base's real columns and Brevo's lists: what the stored one lacks, and nothing else."""

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import yaml

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.configuration import KEY, store, stored
from twilio_bridge.config import schema
from twilio_bridge.config.yaml_text import load_yaml
from twilio_bridge.contacts.base_check import NEEDED
from twilio_bridge.contacts.columns import TableSchema
from twilio_bridge_cli.commands.setup.changes import Before, Change

NAME: Final = "configuration"
HEAD: Final = "# Written by `twilio-bridge setup` from the base's columns and Brevo's lists.\n"
CUTOFF: Final = 0.75
# What people call the columns, beside the name that bridge.yaml has for it.
ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "name": ("full name", "display name", "customer", "contact"),
    "sms": ("phone", "phone number", "mobile", "mobile phone", "telephone", "cell"),
    "whatsapp": ("whatsapp number",),
    "email": ("e-mail", "email address", "mail"),
    "linkedin": ("linkedin url", "linkedin profile"),
    "notes": ("note", "details", "comments", "description"),
    "owner": ("account owner", "worker", "agent", "assignee", "assigned to", "sales rep"),
    "opt_out": ("opted out", "optout", "unsubscribed", "do not contact"),
    "avatar": ("picture", "photo", "image"),
    "last_modified": ("last modified", "last modified time", "modified"),
    "id": ("customer id", "external id"),
}
TABLE_ALIASES: Final = ("contacts", "customers", "people", "clients")


class ConfigurationSetup:
    """The stored configuration of one deployment, and the base that it should fit."""

    def __init__(self, table: Table, settled: schema.Config, before: Before, *, is_a_file: bool) -> None:
        self._table = table
        self._settled = settled
        self._before = before
        self._is_a_file = is_a_file

    def plan(self, tables: Iterable[TableSchema]) -> Iterator[Change]:
        """Yield the names that the base has otherwise; nothing where its schema cannot be read."""
        changes = find_names(list(tables), self._settled)
        if changes and not self._is_a_file:
            shown = ", ".join(f"{place} = {value or 'none'}" for place, value in _flatten(changes))
            text = f"write bridge.yaml for this base: {shown}"
            foreign = "the stored bridge.yaml, whose comments are lost" if self.is_somebody_s else ""
            yield Change("airtable", NAME, text, lambda: self.merge(changes), foreign)

    def plan_removal(self) -> Iterator[Change]:
        """Yield the former configuration's return."""
        if self._before.read(NAME) is not None:
            yield Change("airtable", NAME, "put bridge.yaml back as it was", self._restore)

    def put_lists(self, ids: Mapping[str, int]) -> str:
        """Name lists by their ids."""
        if self._is_a_file:
            return f"the local stack runs with a file: write {dict(ids)} into connectors.twilio_flex.lists there"
        return self.merge({"connectors": {"twilio_flex": {"lists": dict(ids)}}})

    def merge(self, changes: Mapping[str, Any]) -> str:
        """Store the configuration with these keys; one without comments keeps all its keys."""
        text = stored(self._table)
        self._before.keep(NAME, {"text": text})
        merged = _merge(load_yaml(text or "") or {}, changes)
        written = HEAD + yaml.safe_dump(merged, sort_keys=False, allow_unicode=True)
        schema.parse(written)
        store(self._table, written)
        return "bridge.yaml is stored; functions follow within five minutes"

    @property
    def is_somebody_s(self) -> bool:
        """Return whether a configuration is stored that setup has not written."""
        text = stored(self._table)
        return bool(text) and not str(text).startswith(HEAD)

    def _restore(self) -> str:
        text = (self._before.read(NAME) or {}).get("text")
        if text:
            store(self._table, text)
        else:
            self._table.delete_many([KEY])
        self._before.forget(NAME)
        return "as before"


def find_names(tables: list[TableSchema], settled: schema.Config) -> dict[str, Any]:
    """Return the keys of bridge.yaml that have to be otherwise for a base; a column that nobody has is none."""
    if not tables:
        return {}
    found: dict[str, Any] = {}
    contacts = _find_table(tables, settled.contacts.table, TABLE_ALIASES)
    if contacts is None:
        return {}
    own = {"table": contacts.name} if settled.contacts.table not in (contacts.name, contacts.id) else {}
    columns = _find_columns(contacts, dict(settled.contacts.columns))
    if own or columns:
        found["contacts"] = {**own, **({"columns": columns} if columns else {})}
    templates = _find_table(tables, settled.templates.table, ()) if settled.templates.table else None
    if settled.templates.table and templates is None:
        found["templates"] = {"table": ""}
    return found


def _find_table(tables: list[TableSchema], wanted: str, aliases: Iterable[str]) -> TableSchema | None:
    by_name = {table.name.casefold(): table for table in tables}
    exact = next((table for table in tables if wanted in (table.id, table.name)), by_name.get(wanted.casefold()))
    if exact:
        return exact
    nearest = difflib.get_close_matches(wanted.casefold(), by_name, n=1, cutoff=CUTOFF)
    return next((by_name[name] for name in (*nearest, *aliases) if name in by_name), None)


def _find_columns(table: TableSchema, wanted: Mapping[str, str]) -> dict[str, str]:
    """Return the columns that are called otherwise, by our name; empty for those that the table has not."""
    free = {_fold(column): column for column in table.types if column not in wanted.values()}
    found: dict[str, str] = {}
    for name, column in wanted.items():
        if not column or column in table.types:
            continue
        names = (_fold(column), _fold(name), *ALIASES.get(name, ()))
        match = next((each for each in names if each in free), "")
        match = match or next(iter(difflib.get_close_matches(_fold(column), free, n=1, cutoff=CUTOFF)), "")
        if match:
            found[name] = free.pop(match)
        elif name not in NEEDED:
            found[name] = ""
    return found


def _fold(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in changes.items():
        there = merged.get(key)
        merged[key] = _merge(there, value) if isinstance(there, dict) and isinstance(value, Mapping) else value
    return merged


def _flatten(value: Mapping[str, Any], place: str = "") -> Iterator[tuple[str, Any]]:
    for key, inner in value.items():
        where = f"{place}.{key}" if place else key
        yield from _flatten(inner, where) if isinstance(inner, Mapping) else [(where, inner)]
