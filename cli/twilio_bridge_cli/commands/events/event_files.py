"""Twilio's events out of files: an event, an array of events, or one a line; a folder's files in order of name."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from twilio_bridge_cli.errors import CommandError

Event = dict[str, Any]

STDIN: Final = "-"
_ENDINGS: Final = frozenset({".json", ".jsonl", ".ndjson"})
_REMEDY: Final = "A file holds an event as Twilio sends it, an array of events, or one event a line."


def read_events(files: Sequence[str]) -> Iterator[tuple[str, Event]]:
    """Return every event with its place, in the order of the files; `-` is what comes in."""
    for name in files:
        if name == STDIN:
            yield from _of_text("-", _read(name))
            continue
        for path in _paths(Path(name)):
            yield from _of_text(str(path), _read(str(path)))


def _paths(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.rglob("*") if each.suffix in _ENDINGS and each.is_file())
    if not found:
        raise CommandError(f"{path} holds no events.", f"Files there should end in {', '.join(sorted(_ENDINGS))}.")
    return found


def _read(name: str) -> str:
    try:
        return sys.stdin.read() if name == STDIN else Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{name} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{name} is no UTF-8 text.", _REMEDY) from error


def _of_text(name: str, text: str) -> Iterator[tuple[str, Event]]:
    try:
        document = json.loads(text)
    except ValueError:
        yield from _of_lines(name, text)
        return
    except RecursionError as error:
        raise CommandError(f"{name} is nested too deeply.", _REMEDY) from error
    if isinstance(document, list):
        for number, each in enumerate(document, 1):
            yield _checked(f"{name} [{number}]", each)
    else:
        yield _checked(name, document)


def _of_lines(name: str, text: str) -> Iterator[tuple[str, Event]]:
    lines = [(f"{name}:{number}", line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if not lines:
        raise CommandError(f"{name} is empty.", _REMEDY)
    for place, line in lines:
        try:
            yield _checked(place, json.loads(line))
        except (ValueError, RecursionError) as error:
            raise CommandError(f"{place} is no JSON.", _REMEDY) from error


def _checked(place: str, document: object) -> tuple[str, Event]:
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        raise CommandError(f"{place} is no event: it should be an object with a type.", _REMEDY)
    return place, document
