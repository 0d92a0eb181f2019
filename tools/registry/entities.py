"""From operations to entities: names, keys, parents, columns, filters.

An entity is what shares a collection's path: `…/Messages.json` and `…/Messages/{Sid}.json` are Messages. Twilio's
operation ids begin with the verb.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tools.registry.description import Document, Json, first_sentence
from twilio_bridge.entities.registry import pascal_case, snake_case

VERBS: Final = {"List": "list", "Fetch": "get", "Create": "create", "Update": "update", "Delete": "delete"}
ACCOUNT: Final = "AccountSid"
ACCOUNTS: Final = "/2010-04-01/Accounts"
PAGING: Final = frozenset({"PageSize", "Page", "PageToken"})
_OPERATION_ID: Final = re.compile(f"({'|'.join(VERBS)})(.+)")
_PARAMETER: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Found:
    """An operation of the description."""

    path: str
    method: str
    operation: Json
    noun: str


@dataclass
class Group:
    """The operations of one collection's path."""

    document: Document
    base: str
    key_param: str = ""
    verbs: dict[str, Found] = field(default_factory=dict)


def make_entities(documents: Iterable[Document], choices: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return every entity as the registry writes it, by its name."""
    groups = [group for document in documents for group in find_groups(document)]
    named = _name_groups(groups, choices)
    entities = {name: make_entity(name, group, choices) for name, group in named.items()}
    return entities | {name: _replace(given, entities) for name, given in choices["replacements"].items()}


def find_groups(document: Document) -> list[Group]:
    """Return a document's operations by collection; those that answer no JSON are left out (redirects to files)."""
    groups: dict[str, Group] = {}
    for path, method, operation in document.operations():
        verb, noun = _verb_and_noun(operation)
        if verb in {"list", "get"} and not document.answer(operation):
            continue
        base, key_param = _split_path(path)
        group = groups.setdefault(base, Group(document, base))
        group.key_param = group.key_param or key_param
        group.verbs[verb] = Found(path, method, operation, noun)
    return list(groups.values())


def make_entity(name: str, group: Group, choices: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entity as the registry writes it."""
    rows_key, row = find_row(group)
    columns = {pascal_case(key): _column(key, schema, choices) for key, schema in row.items()}
    key, key_param, parents = _find_places(group, columns)
    key = key or choices["keys"].get(name, "Sid" if rows_key and "Sid" in columns else "")
    entity: dict[str, Any] = {"product": group.document.product, "description": _description(group)}
    entity |= {"key": key, "key_param": key_param, "parents": parents}
    entity |= {"rows_key": rows_key, "max_page_size": _max_page_size(group)}
    operations = {verb: _operation(name, verb, group, choices) for verb in VERBS.values() if verb in group.verbs}
    written = " ".join(_write_column(column, *parts) for column, parts in columns.items())
    filters = [made for given in _filter_parameters(group) for made in _filters(name, group, given, columns, choices)]
    entity |= {"operations": operations, "columns": written, "filters": filters}
    aliases = {alias: of for alias, of in choices["column_aliases"].items() if of in columns and alias not in columns}
    entity |= {"aliases": aliases, "note": choices["notes"].get(name, "")}
    return {key: value for key, value in entity.items() if value}


def find_row(group: Group) -> tuple[str, Json]:
    """Return where rows stand in a list's answer, and a row's properties."""
    document = group.document
    if "list" not in group.verbs:
        first = next((group.verbs[verb] for verb in ("get", "create", "update") if verb in group.verbs), None)
        return "", _properties(document, document.answer(first.operation)) if first else {}
    answer = _properties(document, document.answer(group.verbs["list"].operation))
    key, rows = next((key, found) for key, found in answer.items() if found.get("type") == "array")
    return key, _properties(document, document.resolve(rows["items"]))


def _properties(document: Document, schema: Json) -> dict[str, Json]:
    merged: dict[str, Json] = {}
    for option in [*schema.get("oneOf", ()), schema]:
        merged |= document.resolve(option).get("properties", {})
    return {name: document.resolve(found) for name, found in merged.items()}


def _verb_and_noun(operation: Json) -> tuple[str, str]:
    match = _OPERATION_ID.fullmatch(operation["operationId"])
    if match is None:
        raise ValueError(f"an operation without a known verb: {operation['operationId']}")
    return VERBS[match[1]], match[2]


def _split_path(path: str) -> tuple[str, str]:
    """Return a collection's path without its suffix, and the parameter that names one of its resources."""
    plain = path.removesuffix(".json")
    base, _, last = plain.rpartition("/")
    match = _PARAMETER.fullmatch(last)
    return (base, match[1]) if match else (plain, "")


def _name_groups(groups: Sequence[Group], choices: Mapping[str, Any]) -> dict[str, Group]:
    plain = [choices["names"].get(group.document.product, {}).get(_noun(group), _noun(group)) for group in groups]
    named: dict[str, Group] = {}
    for noun, group in zip(plain, groups, strict=True):
        shared = plain.count(noun) > 1
        name = choices["prefixes"].get(group.document.product, "") + noun if shared else noun
        if name in named:
            raise ValueError(f"two entities would be called {name}; tools/registry/choices.yaml can name one")
        named[name] = group
    return dict(sorted(named.items()))


def _noun(group: Group) -> str:
    """Return Twilio's noun in the plural that the path has."""
    found = next(group.verbs[verb] for verb in VERBS.values() if verb in group.verbs)
    segment = [part for part in group.base.split("/") if "{" not in part][-1]
    singular = _singular(segment)
    if found.noun.lower().endswith(singular.lower()):
        return found.noun[: -len(singular)] + segment
    return found.noun


def _singular(plural: str) -> str:
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("ss", "ss"), ("s", "")):
        if plural.endswith(ending):
            return plural.removesuffix(ending) + instead
    return plural


def _find_places(group: Group, columns: dict[str, tuple[str, str, str]]) -> tuple[str, str, dict[str, str]]:
    """Return key column, key parameter and parents; path parameters without a place in the rows become columns."""
    params = _PARAMETER.findall(group.base)
    key_param = group.key_param
    if not key_param and not {"list", "create"} & group.verbs.keys() and {*params} - {ACCOUNT}:
        key_param = params.pop()  # a resource that is one of a kind under its parent, and is found by the parent
    if ACCOUNT not in params and key_param != ACCOUNT and group.base != ACCOUNTS:
        params.insert(0, ACCOUNT)  # stands in no path there: whose login asks decides
    parents = {param: _place(param, group, columns) for param in params}
    return (_place(key_param, group, columns) if key_param else "", key_param, parents)


def _place(param: str, group: Group, columns: dict[str, tuple[str, str, str]]) -> str:
    name = param
    if param in {"Sid", "Id"} and param != group.key_param:
        name = _parent_name(param, group)
    if name not in columns:
        columns[name] = ("text", "", "path")
    return name


def _parent_name(param: str, group: Group) -> str:
    """Return `SinkSid` for the parameter of `/Sinks/{Sid}/Test`."""
    before = group.base.split(f"/{{{param}}}")[0]
    return _singular(before.rpartition("/")[2]) + param


def _description(group: Group) -> str:
    item = group.document.content["paths"]
    path = next(iter(group.verbs.values())).path
    return first_sentence(item[path].get("description", ""))


def _max_page_size(group: Group) -> int:
    if "list" not in group.verbs:
        return 0
    listing = group.verbs["list"].operation
    if not {"meta", "next_page_uri"} & group.document.answer(listing).get("properties", {}).keys():
        return 0  # a page would have no way to the next one
    parameters = group.document.parameters(listing, "query")
    found = [parameter["schema"]["maximum"] for parameter in parameters if parameter["name"] == "PageSize"]
    return int(found[0]) if found else 0


def _column(key: str, schema: Json, choices: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return type, JSON key (where it is not the name's) and flags."""
    kind = _type(schema)
    if kind == "text":
        kind = choices["numbers"].get(key, kind)
    flags = "secret" if key in choices["secrets"] else ""
    return kind, "" if snake_case(pascal_case(key)) == key else key, flags


def _type(schema: Json) -> str:
    kind, form = schema.get("type"), schema.get("format", "")
    if kind == "string":
        return {"date-time": "datetime", "date-time-rfc-2822": "datetime", "date": "date"}.get(form, "text")
    return {"integer": "integer", "number": "number", "boolean": "boolean"}.get(str(kind), "json")


def _write_column(name: str, kind: str, json_key: str, flags: str) -> str:
    return ":".join((name, "" if kind == "text" else kind, json_key, flags)).rstrip(":")


def _operation(name: str, verb: str, group: Group, choices: Mapping[str, Any]) -> dict[str, Any]:
    found, document = group.verbs[verb], group.document
    body, schema = document.body(found.operation)
    taken = schema.get("properties", {})
    if verb == "get":
        taken = {parameter["name"]: parameter["schema"] for parameter in document.parameters(found.operation, "query")}
    required = schema.get("required", ())
    parameters = " ".join(
        _write_parameter(document, param, given, required=param in required) for param, given in taken.items()
    )
    written: dict[str, Any] = {"method": found.method.upper(), "path": found.path, "parameters": parameters}
    written |= {"body": body, "caution": choices["cautions"].get(f"{name} {verb}", choices["cautions"].get(verb, ""))}
    written |= choices["guards"].get(f"{name} {verb}", {})
    written |= {"reveals_secret": verb == "create" and _shows_secret_once(group, choices)}
    kept = {key: value for key, value in written.items() if value}
    return kept | ({"returns_key": False} if f"{name} {verb}" in choices["no_key"] else {})


def _shows_secret_once(group: Group, choices: Mapping[str, Any]) -> bool:
    """Return whether what `create` answers holds a secret that no other answer has."""
    document, created = group.document, group.verbs["create"]
    again = [group.verbs[verb].operation for verb in ("get",) if verb in group.verbs]
    shown = [_properties(document, document.answer(operation)) for operation in (created.operation, *again)]
    secret, known = ({*properties} & {*choices["secrets"]} for properties in (shown[0], shown[-1] if again else {}))
    return bool(secret - known)


def _write_parameter(document: Document, param: str, schema: Json, *, required: bool) -> str:
    """Return `Name!:type`; a name that is no identifier of ours stands behind a second colon as Twilio writes it."""
    resolved = document.resolve(schema)
    kind = "list" if resolved.get("type") == "array" else _type(resolved)
    plain = re.sub(r"\W", "", param)
    wire = "" if plain == param else param
    return ":".join((plain + ("!" if required else ""), "" if kind == "text" else kind, wire)).rstrip(":")


def _filter_parameters(group: Group) -> list[Json]:
    if "list" not in group.verbs:
        return []
    parameters = group.document.parameters(group.verbs["list"].operation, "query")
    return [parameter for parameter in parameters if parameter["name"] not in PAGING]


def _filters(
    name: str, group: Group, parameter: Json, columns: Mapping[str, tuple[str, str, str]], choices: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return a parameter as the filter of a column where it is one, and as a hidden column otherwise."""
    param, schema = parameter["name"], group.document.resolve(parameter["schema"])
    plain, operator = (param[:-1], param[-1]) if param[-1] in "<>" else (param, "=")
    listed = schema.get("type") == "array"
    kept = group.document.resolve(schema["items"]) if listed else schema
    made = {"param": param, "operator": operator, "type": "list" if listed else _type(kept)}
    made |= {"values": kept.get("enum", []), "pattern": kept.get("pattern", "")}
    bound = choices["ranges"].get(name, {}).get(param)
    comparable = plain in columns and columns[plain][0] != "json" and not bound
    if comparable and plain in choices["equality"].get(group.document.product, ()) and not _takes_all(kept):
        day = _day(param, columns[plain][0], choices)
        made["type"] = "boolean" if columns[plain][0] == "boolean" else made["type"]
        return [_without_defaults(made | {"column": plain, "day": day})]
    hidden = made | {"column": plain + ("Parameter" if plain in columns else ""), "hidden": True}
    if not bound:
        return [_without_defaults(hidden)]
    bounding = made | {"type": columns[bound["column"]][0]} | bound
    return [_without_defaults(bounding), _without_defaults(hidden)]


def _takes_all(schema: Json) -> bool:
    """Return whether one of the values means "no filter", and so is no value of the column."""
    return "all" in schema.get("enum", ())


def _day(param: str, kind: str, choices: Mapping[str, Any]) -> str:
    if kind not in {"date", "datetime"}:
        return ""
    return "inclusive" if param in choices["inclusive_days"] else "midnight"


def _without_defaults(made: Mapping[str, Any]) -> dict[str, Any]:
    defaults = {"operator": "=", "type": "text"}
    return {name: value for name, value in made.items() if value and defaults.get(name) != value}


def _replace(given: Mapping[str, Any], entities: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the entity that keeps the name of one that Twilio took away."""
    if "computed" in given:
        operations = {"create": {"method": "", "path": "", "parameters": given["create"]}}
        operations["get"] = {"method": "", "path": ""}
        kept = ("product", "description", "key", "columns", "note", "computed", "source")
        plain = {name: given[name] for name in kept}
        plain |= {"parents": {ACCOUNT: ACCOUNT}, "key_param": given["key"]}
        return {**plain, "operations": operations}
    of = entities[given["of"]]
    renames = {old: new for new, old in given["columns"].items()}
    columns = " ".join(_rename_column(written, renames) for written in of["columns"].split())
    get, update = of["operations"]["get"], of["operations"][given["create"]]
    parameters = " ".join(_rename_parameter(written, renames) for written in update["parameters"].split())
    changed = {**update, "parameters": parameters}
    operations = {"get": get, "create": changed, "update": changed}
    aliases = {old: new for old, new in renames.items() if old != new}
    replaced = {"description": given["description"], "key": given["key"], "columns": columns, "aliases": aliases}
    return {**of, **replaced, "operations": operations, "note": given["note"]}


def _rename_column(written: str, renames: Mapping[str, str]) -> str:
    name, kind, json_key, flags = (written + ":::").split(":")[:4]
    if name not in renames:
        return written
    return ":".join((renames[name], kind, json_key or snake_case(name), flags)).rstrip(":")


def _rename_parameter(written: str, renames: Mapping[str, str]) -> str:
    name, kind, wire = (written + "::").split(":")[:3]
    plain = name.removesuffix("!")
    if plain not in renames:
        return written
    return ":".join((name.replace(plain, renames[plain]), kind, wire or plain))
