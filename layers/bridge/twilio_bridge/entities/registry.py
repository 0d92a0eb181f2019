"""Twilio's resources as tables: which there are, and what each can be asked.

`registry.json` is made from Twilio's OpenAPI description by `make registry` and holds one entity a line; this module
reads it, an entity when it is first asked for. Nothing here, and nothing that uses it, knows an entity by its name.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Final

from twilio_bridge.entities.errors import UnknownColumnError, UnknownEntityError

FILE: Final = Path(__file__).with_name("registry.json")
MAX_SUGGESTION_COUNT: Final = 3


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its type is text, integer, number, boolean, datetime, date or json.

    Attributes:
        name: As Twilio's documentation spells it, in PascalCase.
        type: What SQL sees; Twilio itself may send a number as text.
        json_key: Where the value stands in a row of Twilio's answer.
        secret: The value never leaves the request funnel.
        from_path: The value stands in the request's path, not in the row.
    """

    name: str
    type: str
    json_key: str
    secret: bool = False
    from_path: bool = False


@dataclass(frozen=True, slots=True)
class Filter:
    """A query parameter of a list.

    Attributes:
        param: Twilio's name, such as `DateSent<`.
        column: The column it compares, or the hidden column that it is.
        operator: `=`, `<` (which serves `<=` too) or `>` (which serves `>=` too).
        type: As a column's, or `list`, which takes several values.
        hidden: It is no column of the rows. Where it is not hidden, Twilio's answer contains every row for which
            SQL's comparison holds; that is what makes it safe to push down.
        values: All values it takes, where there are only some.
        pattern: What a value has to look like; "" for anything.
        day: For dates: "" takes moments, `inclusive` days with the whole last day, `midnight` days up to their start.
    """

    param: str
    column: str
    operator: str = "="
    type: str = "text"
    hidden: bool = False
    values: tuple[str, ...] = ()
    pattern: str = ""
    day: str = ""


@dataclass(frozen=True, slots=True)
class Parent:
    """A path parameter that leads to a collection, and the column that holds it."""

    param: str
    column: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something that create, update or get takes; `name` is ours, `wire` is Twilio's."""

    name: str
    wire: str
    type: str
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing Twilio does with an entity: list, get, create, update or delete.

    Attributes:
        path: Below the product's address; of a list the query is not in it.
        body: `form`, `json` (which takes any object) or "".
        guard: The flag a caller has to give before it is done.
        caution: What it costs, or that it cannot be undone.
        reveals_secret: The answer holds a secret that Twilio shows this once.
        returns_key: The answer is to name the row's key.
    """

    method: str
    path: str
    parameters: tuple[Parameter, ...] = ()
    body: str = ""
    guard: str = ""
    caution: str = ""
    reveals_secret: bool = False
    returns_key: bool = True


@dataclass(frozen=True)
class Entity:
    """A table: a collection at Twilio, or a single resource.

    Attributes:
        key: The column that identifies a row under its parents; "" where nothing does.
        key_param: The path parameter that it fills in `get`, `update` and `delete`; "" where these need no key.
        parents: The path's other parameters, outermost first. AccountSid has a default, the others have none; outside
            Twilio's first API it stands in no path and decides whose login asks.
        rows_key: Where the rows stand in the answer of `list`.
        max_page_size: What PageSize may be; 0 where the list comes whole.
        note: What somebody should know who misses an operation here.
        computed: The name of the calculation that stands in for what Twilio no longer has; `source` is read for it.
    """

    name: str
    product: str
    description: str
    key: str
    key_param: str
    parents: tuple[Parent, ...]
    operations: Mapping[str, Operation]
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]
    aliases: Mapping[str, str]
    rows_key: str = ""
    max_page_size: int = 0
    note: str = ""
    computed: str = ""
    source: str = ""

    @property
    def is_listable(self) -> bool:
        """Whether Twilio lists it."""
        return "list" in self.operations

    @property
    def required_parents(self) -> tuple[Parent, ...]:
        """The parents that a caller has to name: all but the account."""
        return tuple(parent for parent in self.parents if parent.param != "AccountSid")

    @property
    def key_columns(self) -> tuple[str, ...]:
        """The columns that identify a row."""
        parents = tuple(parent.column for parent in self.required_parents)
        return (*parents, self.key) if self.key else parents

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Every name of a column, aliases and hidden columns included, in lower case, and the column's own name."""
        hidden = [each.column for each in self.filters if each.hidden]
        own = {name.lower(): name for name in (*(column.name for column in self.columns), *hidden)}
        aliases = {alias.lower(): own[name.lower()] for alias, name in self.aliases.items() if name.lower() in own}
        return aliases | own

    def column_name(self, name: str) -> str:
        """Return a column's own name; raise UnknownColumnError with the nearest names where there is none."""
        try:
            return self.names[name.lower()]
        except KeyError:
            known = [*self.names.values(), *self.aliases]
            raise UnknownColumnError(name, self.name, nearest_names(name, known)) from None

    def column(self, name: str) -> Column:
        """Return a column of the rows by one of its names."""
        own = self.column_name(name)
        found = next((column for column in self.columns if column.name == own), None)
        if found is None:
            raise UnknownColumnError(name, self.name, nearest_names(name, [column.name for column in self.columns]))
        return found


class Registry:
    """All entities, each read when it is first asked for; `secrets` are JSON keys whose values never leave."""

    def __init__(self, lines: Mapping[str, str], aliases: Mapping[str, str], secrets: Iterable[str]) -> None:
        self.secrets = frozenset(secrets)
        self._lines = lines
        self._aliases = aliases
        self._own_names = {name.lower(): name for name in lines}
        self._own_names |= {alias.lower(): name for alias, name in aliases.items()}
        self._entities: dict[str, Entity] = {}

    @property
    def names(self) -> Sequence[str]:
        """The names of all entities."""
        return tuple(self._lines)

    @property
    def aliases(self) -> Mapping[str, str]:
        """Further names, and the entities they mean."""
        return self._aliases

    @property
    def entities(self) -> Iterable[Entity]:
        """All entities, in the order of their names."""
        return (self.entity(name) for name in self._lines)

    def entity(self, name: str) -> Entity:
        """Return an entity by one of its names; raise UnknownEntityError with the nearest names."""
        own = self._own_names.get(name.lower())
        if own is None:
            raise UnknownEntityError(name, nearest_names(name, [*self._lines, *self._aliases]))
        if own not in self._entities:
            self._entities[own] = read_entity(own, json.loads(self._lines[own]))
        return self._entities[own]


@cache
def load_registry() -> Registry:
    """Return the registry that the bridge comes with."""
    return parse_registry(FILE.read_text(encoding="utf-8"))


def parse_registry(text: str) -> Registry:
    """Return the registry of a file's text: a line for all of them, then `name TAB entity` a line."""
    head, *lines = text.splitlines()
    named = dict(line.split("\t", 1) for line in lines)
    return Registry(named, **json.loads(head))


def nearest_names(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return the known names that look most like this one."""
    import difflib  # noqa: PLC0415  only for somebody who mistyped

    by_folded = {each.lower(): each for each in known}
    found = difflib.get_close_matches(name.lower(), by_folded, n=MAX_SUGGESTION_COUNT, cutoff=0.5)
    return tuple(by_folded[each] for each in found)


def read_entity(name: str, data: Mapping[str, Any]) -> Entity:
    """Return an entity from its line in the registry."""
    operations = {verb: _read_operation(given) for verb, given in data["operations"].items()}
    return Entity(
        name=name,
        product=data["product"],
        description=data.get("description", ""),
        key=data.get("key", ""),
        key_param=data.get("key_param", ""),
        parents=tuple(Parent(param, column) for param, column in data.get("parents", {}).items()),
        operations=operations,
        columns=tuple(map(_read_column, data["columns"].split())),
        filters=tuple(Filter(**_as_tuples(given)) for given in data.get("filters", ())),
        aliases=data.get("aliases", {}),
        rows_key=data.get("rows_key", ""),
        max_page_size=data.get("max_page_size", 0),
        note=data.get("note", ""),
        computed=data.get("computed", ""),
        source=data.get("source", ""),
    )


def _read_operation(given: Mapping[str, Any]) -> Operation:
    parameters = tuple(map(_read_parameter, given.get("parameters", "").split()))
    return Operation(**{**given, "parameters": parameters})


def _read_column(written: str) -> Column:
    """Read `Name:type:json_key:flags`; type text and the name's snake_case are left out."""
    name, kind, json_key, flags = (written + ":::").split(":")[:4]
    return Column(name, kind or "text", json_key or snake_case(name), "secret" in flags, "path" in flags)


def _read_parameter(written: str) -> Parameter:
    """Read `Name:type:Wire`, with `!` after the name of what is required."""
    name, kind, wire = (written + "::").split(":")[:3]
    plain = name.removesuffix("!")
    return Parameter(plain, wire or plain, kind or "text", required=name != plain)


def _as_tuples(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}


def snake_case(name: str) -> str:
    """Return `date_sent` for `DateSent`."""
    letters = [f"_{letter.lower()}" if letter.isupper() else letter for letter in name]
    return "".join(letters).lstrip("_")


def pascal_case(name: str) -> str:
    """Return `DateSent` for `date_sent`."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
