"""The local stack (make run) that runs from the current directory, as it writes itself down when it starts."""

import json
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from twilio_bridge_cli.errors import CommandError

FOLDER: Final = Path(".aws-sam/local-stacks")
NOT_RUNNING: Final = "The local stack is not running."
REMEDY: Final = "Start it: make run; or name a deployed one: --stack twilio-bridge"
_ANSWER_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class LocalStack:
    """Where it is called, its functions' variables by the functions' names, and the file that they log to."""

    url: str
    functions: Mapping[str, Mapping[str, str]]
    log: str = ""

    def find_variables(self, name: str) -> Mapping[str, str]:
        """Return the variables of a function that has this one; nothing where none has it."""
        return next((each for each in self.functions.values() if name in each), {})


def find_local_stack() -> LocalStack | None:
    """Return the stack that was started last of those that answer."""
    return next(_find_answering(), None)


def require_local_stack() -> LocalStack:
    """Return the same; raise CommandError where no stack answers."""
    stack = find_local_stack()
    if stack is None:
        raise CommandError(NOT_RUNNING, REMEDY)
    return stack


def _find_answering() -> Iterator[LocalStack]:
    found = [document for file in FOLDER.glob("*.json") if (document := _read(file))]
    for each in sorted(found, key=lambda each: float(each["started_at"]), reverse=True):
        if _answers(str(each["url"])):
            yield LocalStack(str(each["url"]), each["functions"], str(each.get("log", "")))


def _read(file: Path) -> Mapping[str, Any]:
    """Return what a stack wrote; nothing where the file is none of a stack's."""
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        complete = isinstance(document["functions"], dict) and float(document["started_at"]) and document["url"]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return document if complete else {}


def _answers(url: str) -> bool:
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname or "", place.port or 0), _ANSWER_S).close()
    except OSError:
        return False
    return True
