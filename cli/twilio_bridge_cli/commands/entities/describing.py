"""What `entities describe` shows."""

from collections.abc import Mapping
from typing import Any

from twilio_bridge.entities.describing import describe_entity
from twilio_bridge.entities.registry import Entity, Registry
from twilio_bridge_cli import output


def show_entities(registry: Registry, *, as_json: bool) -> None:
    """Show all entities: what can be done with each, and which parents it needs."""
    found: list[dict[str, Any]] = [
        {
            "entity": entity.name,
            "operations": list(entity.operations),
            "parents": [parent.column for parent in entity.required_parents],
            "product": entity.product,
        }
        for entity in registry.entities
    ]
    if as_json:
        output.print_json(found)
        return
    lines = [
        (str(each["entity"]), ", ".join(each["operations"]), ", ".join(each["parents"]), str(each["product"]))
        for each in found
    ]
    output.print_table(("Entity", "Operations", "Parents to name", "Product"), lines, ())
    aliases = ", ".join(f"{alias} = {name}" for alias, name in registry.aliases.items())
    output.print_note(f"\n{len(found)} entities. Further names: {aliases}", "dim")


def show_entity(registry: Registry, entity: Entity, *, as_json: bool) -> None:
    """Show all there is to know of one entity."""
    found = describe_entity(registry, entity)
    if as_json:
        output.print_json(found)
        return
    _show_head(entity, found)
    also = {name: alias for alias, name in entity.aliases.items()}
    lines = [
        (each["name"], each["type"], ", ".join(each["pushedDown"]), also.get(each["name"], ""))
        for each in found["columns"]
    ]
    output.print_table(("Column", "Type", "Filtered at Twilio", "Also"), lines, ())
    _show_filters(found["filters"])
    _show_operations(found["operations"])
    output.print_text("\nExamples\n" + "\n".join(f"  {example}" for example in found["examples"]))


def _show_head(entity: Entity, found: Mapping[str, Any]) -> None:
    names = f" (also {', '.join(found['aliases'])})" if found["aliases"] else ""
    output.print_text(f"{output.make_bold(entity.name)}{names}")
    facts = {
        "": entity.description,
        "Key: ": found["key"],
        "Parents to name: ": ", ".join(found["parents"]),
        "Note: ": found["note"],
    }
    output.print_text("\n".join(f"{label}{text}" for label, text in facts.items() if text) + "\n")


def _show_filters(filters: list[Mapping[str, Any]]) -> None:
    if not filters:
        return
    output.print_text("\nFilters that are no column; they go with = and are joined by AND")
    for each in filters:
        values = f": {', '.join(each['values'])}" if each.get("values") else ""
        output.print_text(f"  {each['name']} ({each['type']}){values}")


def _show_operations(operations: Mapping[str, Mapping[str, Any]]) -> None:
    output.print_text("\nOperations")
    for verb, each in operations.items():
        output.print_text(f"  {verb:9}{each['request']}")
        for label in ("required", "optional"):
            if each.get(label):
                output.print_text(f"{'':11}{label}: {', '.join(each[label])}")
        if each.get("caution"):
            output.print_text(f"{'':11}! {each['caution']}")
