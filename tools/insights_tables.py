"""Writes the tables of docs/insights.md: the attributes, and the rules that hold for them.

python -m tools.insights_tables
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from twilio_bridge.flex_insights.attribute import Attribute
from twilio_bridge.flex_insights.model import CONVERSATIONS, CUSTOMERS, KEPT_AT_THE_TOP, WORKER
from twilio_bridge.flex_insights.rules import RULES, Rule

DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "insights.md"
_TABLE: Final = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_SLOT: Final = re.compile(r"(.*_(?:attribute|label|measure)_)(\d+)")


def fill_tables(document: str) -> str:
    """Return the document with each table as the model has it."""
    tables = {
        "conversations": _list_attributes(CONVERSATIONS),
        "customers": _list_attributes(CUSTOMERS),
        "worker": _list_attributes(WORKER),
        "rules": _list_rules(),
        "hipaa": [f"At the top: {', '.join(f'`{name}`' for name in sorted(KEPT_AT_THE_TOP))}.\n"],
    }
    return _TABLE.sub(lambda found: f"{found[1]}{''.join(tables[found[2]])}{found[3]}", document)


def _list_attributes(attributes: Mapping[str, Attribute]) -> list[str]:
    return [
        *_head("Attribute", "Value", "Means", "Where it is missing", "Data set", "Priority", "HIPAA"),
        *(_row(_describe(name, attribute)) for name, attribute in _join_slots(attributes)),
    ]


def _join_slots(attributes: Mapping[str, Attribute]) -> Iterator[tuple[str, Attribute]]:
    """Yield each attribute with its name; of numbered ones the first stands for all."""
    last = {slot[1]: slot[2] for name in attributes if (slot := _SLOT.fullmatch(name))}
    for name, attribute in attributes.items():
        slot = _SLOT.fullmatch(name)
        if slot and slot[2] == "1":
            yield f"`{name}` … `_{last[slot[1]]}`", attribute
        elif not slot:
            yield f"`{name}`", attribute


def _describe(name: str, attribute: Attribute) -> tuple[str, ...]:
    value: str = attribute.kind
    if attribute.choices:
        value = f"{'one of' if attribute.is_closed else 'such as'} {', '.join(attribute.choices)}"
    elif attribute.is_low_cardinality:
        value = f"{value}, no id"
    kept = "not stated" if attribute.group == "worker" else "kept" if attribute.is_kept_under_hipaa else "removed"
    meaning = f"[{attribute.meaning}]({attribute.link})"
    return name, value, meaning, attribute.default, attribute.dataset, str(attribute.priority), kept


def _list_rules() -> list[str]:
    return [
        *_head("Code", "Severity", "Rule", "What reports show instead", "Follows from"),
        *(_row((rule.code, rule.severity, rule.title, rule.shown, _link(rule))) for rule in RULES.values()),
    ]


def _link(rule: Rule) -> str:
    """Return the page; what it does not state, but leads to, is marked."""
    return f"[{'the page' if rule.is_stated else 'this page, by our reading'}]({rule.source})"


def _head(*names: str) -> tuple[str, str]:
    return _row(names), _row("---" for _ in names).replace(" ", "")


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def main() -> None:
    """Write them."""
    DOCUMENT.write_text(fill_tables(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
