"""Rows of a table of workers as the attributes that Flex Insights reads, and all that is wrong with them at once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twilio_bridge.config.insights import Insights
from twilio_bridge.flex_insights.fitting import fit_value
from twilio_bridge.flex_insights.model import find_nearest, find_worker_attribute


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """What a worker is to have: `key` names them, `line` is where the row stands; an empty cell changes nothing."""

    line: int
    key: str
    attributes: Mapping[str, str | int | float]


@dataclass(frozen=True, slots=True)
class ReadRows:
    """The rows, what is wrong in them or their columns, and the columns that Insights reads nothing of."""

    rows: tuple[WorkerRow, ...]
    problems: tuple[str, ...]
    ignored: tuple[str, ...]


def read_worker_rows(columns: Iterable[str], rows: Iterable[Mapping[str, str]], settled: Insights) -> ReadRows:
    """Return a table's rows; `columns` are its heads. No problem holds a value: it may be somebody's."""
    names = [name for name in columns if name]
    key = next((name for name in names if name.casefold() == settled.workers.key.casefold()), "")
    places = _find_places([name for name in names if name != key], settled)
    problems = _check_columns(names, key, places, settled)
    if not key:
        return ReadRows((), tuple(problems), ())

    found: dict[str, WorkerRow] = {}
    for line, row in enumerate(rows, 2):
        name = (row.get(key) or "").strip()
        if not name:
            problems.append(f"line {line}: the column {key} is empty")
            continue
        attributes, wrong = _read_cells(row, places, line, settled)
        problems += wrong
        before = found.setdefault(name.casefold(), WorkerRow(line, name, attributes))
        if before.line != line:
            problems.append(f"line {line}: names the same worker as line {before.line}")

    ignored = tuple(name for name in names if name != key and name not in places.values())
    return ReadRows(tuple(found.values()), tuple(problems), ignored)


def _find_places(names: Iterable[str], settled: Insights) -> dict[str, str]:
    """Return the column of each attribute: as the configuration has it, else the column of the attribute's name."""
    if settled.workers.columns:
        return dict(settled.workers.columns)
    return {name: name for name in names if find_worker_attribute(name)}


def _check_columns(names: list[str], key: str, places: Mapping[str, str], settled: Insights) -> list[str]:
    problems = []
    if not key:
        problems.append(f"there is no column {settled.workers.key}, which insights.workers.key names")
    problems += [
        f"there is no column {column}, which is to be {name}" for name, column in places.items() if column not in names
    ]
    if not places:
        near = {name: find_nearest(name, "worker") for name in names}
        hint = "; ".join(f"is {name} meant to be {nearest}?" for name, nearest in near.items() if nearest)
        problems.append(f"no column is an attribute that Insights reads{f': {hint}' if hint else ''}")
    doubled = {name for name in names if names.count(name) > 1}
    problems += [f"the column {name} is there twice" for name in sorted(doubled)]
    return problems


def _read_cells(
    row: Mapping[str, str], places: Mapping[str, str], line: int, settled: Insights
) -> tuple[dict[str, str | int | float], list[str]]:
    attributes: dict[str, str | int | float] = {}
    problems = []
    for name, column in places.items():
        text = (row.get(column) or "").strip()
        attribute = find_worker_attribute(name)
        if not text or attribute is None:
            continue
        value = fit_value(attribute, text, is_hipaa=settled.hipaa)
        if value is None:
            problems.append(f"line {line}: {column} is nothing that Insights takes for {name}")
        else:
            attributes[name] = value
    return attributes, problems
