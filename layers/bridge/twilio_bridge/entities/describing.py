"""What there is to know of an entity before it is asked: columns, filters, parents, operations, examples."""

from typing import Any, Final

from twilio_bridge.entities.registry import Entity, Operation, Registry

_SAMPLES: Final = {
    "text": "'…'",
    "integer": "1",
    "number": "1.5",
    "boolean": "true",
    "datetime": "'2026-11-01'",
    "date": "'2026-11-01'",
    "json": "'…'",
}
_SIGNS: Final = {"=": ("=", "IN"), "<": ("<", "<="), ">": (">", ">=")}


def describe_entity(registry: Registry, entity: Entity) -> dict[str, Any]:
    """Return an entity's description as an answer holds it."""
    pushed = _pushed_down(entity)
    columns = [
        {"name": column.name, "type": column.type, "pushedDown": pushed.get(column.name, [])}
        for column in entity.columns
        if not column.secret
    ]
    return {
        "entity": entity.name,
        "aliases": [alias for alias, name in registry.aliases.items() if name == entity.name],
        "description": entity.description,
        "key": entity.key or None,
        "parents": [parent.column for parent in entity.required_parents],
        "columns": columns,
        "columnAliases": dict(entity.aliases),
        "filters": _hidden_filters(entity),
        "operations": {verb: _describe_operation(each) for verb, each in entity.operations.items()},
        "maxPageSize": entity.max_page_size or None,
        "note": entity.note or None,
        "examples": _examples(entity),
    }


def _pushed_down(entity: Entity) -> dict[str, list[str]]:
    """Return the comparisons that Twilio takes on itself, by column."""
    found: dict[str, list[str]] = {}
    for each in entity.filters:
        if not each.hidden:
            signs = found.setdefault(each.column, [])
            signs.extend(sign for sign in _SIGNS[each.operator] if sign not in signs)
    for parent in entity.parents:
        found.setdefault(parent.column, ["="])
    if entity.key and "get" in entity.operations:
        found.setdefault(entity.key, ["=", "IN"])
    return found


def _hidden_filters(entity: Entity) -> list[dict[str, Any]]:
    hidden = {each.column: each for each in entity.filters if each.hidden}
    return [
        {"name": name, "type": each.type, **({"values": list(each.values)} if each.values else {})}
        for name, each in hidden.items()
    ]


def _describe_operation(operation: Operation) -> dict[str, Any]:
    names = {"required": [each.name for each in operation.parameters if each.required]}
    names["optional"] = [each.name for each in operation.parameters if not each.required]
    caution = {"caution": operation.caution} if operation.caution else {}
    return {"request": f"{operation.method} {operation.path}", **(names if operation.parameters else {}), **caution}


def _examples(entity: Entity) -> list[str]:
    """Return commands that work as they stand, but for the SIDs."""
    parents = [f"{parent.column} = '…'" for parent in entity.required_parents]
    usable = [each for each in entity.filters if not each.hidden]
    sample = next((each for each in usable if each.type in {"datetime", "date"} and each.operator == ">"), None)
    sample = sample or next(iter(usable), None)
    examples = []
    if entity.is_listable:
        sign = ">=" if sample and sample.operator == ">" else "="
        value = _SAMPLES.get(sample.type, _SAMPLES["text"]) if sample else ""
        terms = [*parents, *([f"{sample.column} {sign} {value}"] if sample else [])]
        clause = f' --filter "{" AND ".join(terms)}"' if terms else ""
        examples.append(f"twilio-bridge entities list {entity.name}{clause}")
        where = f" WHERE {' AND '.join(parents)}" if parents else ""
        examples.append(f'twilio-bridge select "SELECT count(*) FROM {entity.name}{where}"')  # noqa: S608  a text to show
    if "get" in entity.operations:
        identity = "/".join("…" for _ in entity.key_columns)
        examples.append(f"twilio-bridge entities get {entity.name} {identity}".rstrip())
    return examples
