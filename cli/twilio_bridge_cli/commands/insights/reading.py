"""What there is to look at: attributes, or tasks and workers as TaskRouter has them; one, a list, or one a line."""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from twilio_bridge.flex_insights.cardinality import Cardinality
from twilio_bridge.flex_insights.lint import lint_task_attributes, lint_worker_attributes, parse_attributes
from twilio_bridge.flex_insights.rules import Finding
from twilio_bridge.flex_insights.together import TaskState
from twilio_bridge_cli.errors import CommandError

MAX_BYTES: Final = 100_000_000
# In place of a name: what is found of all of them together.
TOGETHER: Final = "all"
_FORMS: Final = "Write attributes, a task or a worker of TaskRouter's API, a list of these, or one a line."


@dataclass(frozen=True, slots=True)
class Looked:
    """One task or worker that was looked at: its SID, or its number in a file; `is_finished` where that is known.

    `attributes` are a task's, for what only many of them show.
    """

    name: str
    findings: tuple[Finding, ...]
    is_finished: bool = False
    attributes: object = None


def read_file(path: Path, *, of_workers: bool, is_hipaa: bool) -> list[Looked]:
    """Return what every one in a file breaks; raise CommandError where the file cannot be read."""
    items = list(iterate_items(read_text(path), str(path)))
    if not items:
        raise CommandError(f"{path} holds nothing.", _FORMS)
    name = "{}" if len(items) > 1 else ""
    looked = [
        look_at_item(item, found, name.format(number), of_workers=of_workers, is_hipaa=is_hipaa)
        for number, (item, found) in enumerate(items, 1)
    ]
    cardinality = Cardinality()
    for each in looked:
        cardinality.add_task(each.name, each.attributes)
    together = cardinality.list_findings()
    return [*looked, Looked(TOGETHER, tuple(together))] if together else looked


def read_text(path: Path) -> str:
    """Return a file's text, or that of standard input for `-`."""
    try:
        if str(path) == "-":
            return sys.stdin.read(MAX_BYTES)
        if path.stat().st_size > MAX_BYTES:
            raise CommandError(f"{path} is larger than {MAX_BYTES:,} bytes.", "Divide it.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror}).", _FORMS) from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is no text.", "Save it as UTF-8.") from error


def iterate_items(text: str, where: str) -> Iterator[tuple[Any, list[Finding]]]:
    """Yield each item with the keys that stand twice in it; of a list those of all its items come with the first."""
    lines = [(f"{where}:{number}", line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    try:
        whole, repeated = parse_json(text, where)
    except CommandError:
        if len(lines) < 2:  # noqa: PLR2004  one line is no JSON Lines
            raise
        yield from (parse_json(line, place) for place, line in lines)
        return
    items = whole if isinstance(whole, list) else [whole]
    yield from ((item, [] if number else repeated) for number, item in enumerate(items))


def parse_json(text: str, where: str) -> tuple[Any, list[Finding]]:
    """Return what JSON holds, and the keys that stand twice in it; the error repeats nothing of the text."""
    try:
        return parse_attributes(text)
    except ValueError as error:
        reason = f"{error.msg}, line {error.lineno}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise CommandError(f"{where} is no JSON ({reason}).", _FORMS) from error


def look_at_item(item: object, found: list[Finding], name: str, *, of_workers: bool, is_hipaa: bool) -> Looked:
    """Return what attributes break, or a task or worker: as TaskRouter's API has it, or as `entities list` shows it."""
    row = {key.replace("_", "").casefold(): value for key, value in item.items()} if isinstance(item, dict) else {}
    sid = str(row.get("sid"))
    if "attributes" not in row or sid[:2] not in {"WT", "WK"}:
        findings = (*found, *_lint(item, None, of_workers=of_workers, is_hipaa=is_hipaa))
        return Looked(name, findings, attributes=None if of_workers else item)
    if row["attributes"] is None:
        raise CommandError(f"{sid} has no attributes here: TaskRouter leaves them out of lists.", "Name it by its SID.")

    state = TaskState(*(str(row.get(key) or "") for key in ("assignmentstatus", "reason", "taskchanneluniquename")))
    looked = look_at_text(sid, row["attributes"], state, of_workers=sid.startswith("WK"), is_hipaa=is_hipaa)
    return replace(looked, findings=(*found, *looked.findings))


def look_at_text(
    sid: str, attributes: object, state: TaskState, *, of_workers: bool = False, is_hipaa: bool = False
) -> Looked:
    """Return what the attributes of a task or worker break; TaskRouter has them as a text."""
    repeated: list[Finding] = []
    if isinstance(attributes, str):
        with suppress(ValueError):  # what is no JSON stays a text, which is no object
            attributes, repeated = parse_attributes(attributes)
    found = _lint(attributes, state, of_workers=of_workers, is_hipaa=is_hipaa)
    is_finished = state.status in {"completed", "canceled"}
    return Looked(sid, (*repeated, *found), is_finished, None if of_workers else attributes)


def _lint(attributes: object, state: TaskState | None, *, of_workers: bool, is_hipaa: bool) -> list[Finding]:
    if of_workers:
        return lint_worker_attributes(attributes)
    return lint_task_attributes(attributes, is_hipaa=is_hipaa, task=state)
