"""Differences and results of workers in a terminal."""

import json
from typing import Any, Final

from twilio_bridge_cli import output

MAX_SHOWN_COUNT: Final = 20
MAX_PROBLEMS_COUNT: Final = 50
WORDS: Final = {
    "unknown": "rows name no worker",
    "ambiguous": "rows name several workers",
    "malformed": "workers have attributes that are no JSON, and are left as they are",
}
Document = dict[str, Any]


def show_problems(problems: list[str]) -> None:
    """Print what is wrong with a table."""
    for problem in problems[:MAX_PROBLEMS_COUNT]:
        output.print_note(problem)
    if len(problems) > MAX_PROBLEMS_COUNT:
        output.print_note(f"… and {len(problems) - MAX_PROBLEMS_COUNT:,} more")


def show_plan(document: Document) -> None:
    """Print what would change, and what somebody has to know of it."""
    for note in document["notes"]:
        output.print_note(note, "dim")
    for name in document["ignored_columns"]:
        output.print_warning(f"Insights reads nothing of the column {name}.")
    rows = [
        (each["worker"] or each["sid"], name, _cell(before), _cell(after))
        for each in document["differences"][:MAX_SHOWN_COUNT]
        for name, (before, after) in each["changes"].items()
    ]
    if rows:
        output.print_table(("WORKER", "ATTRIBUTE", "NOW", "THEN"), rows, ())
    if document["to_write"] > MAX_SHOWN_COUNT:
        output.print_note(f"… and {document['to_write'] - MAX_SHOWN_COUNT:,} more workers")
    counts = f"{document['to_write']:,} workers to write, {document['unchanged']:,} as they should be"
    output.print_note(f"{counts}.", "bold")
    for kind in ("unknown", "ambiguous", "malformed"):
        if found := document[kind]:
            shown = ", ".join(found[:MAX_SHOWN_COUNT]) + (" …" if len(found) > MAX_SHOWN_COUNT else "")
            output.print_warning(f"{len(found):,} {WORDS[kind]}: {shown}")


def _cell(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def show_result(document: Document, *, as_json: bool) -> None:
    """Print how many workers were written, or everything as JSON."""
    if as_json:
        output.print_json(document)
    elif "results" in document:
        shown = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(document["results"].items()))
        conflicts = document["conflicts"]
        output.print_text(f"Workers: {shown or 'none'}; {conflicts:,} times somebody else was first.")
