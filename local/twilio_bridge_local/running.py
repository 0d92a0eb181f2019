"""The stacks that run from this folder, so that commands find them.

Each writes `.aws-sam/local-stacks/PORT.json` when it has started, with `url`, `started_at`, `log` (the file) and
`functions` (their variables by their names), and removes it when it stops. A file without a stack that answers is left
over from one that was killed.
"""

import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from twilio_bridge_local.template.bundle import Function

FOLDER: Final = Path(".aws-sam/local-stacks")
SAM_ENVIRONMENT: Final = Path(".aws-sam/local-env.json")
"""What `sam local invoke --env-vars` takes: the variables of the stack that was started last and still runs."""
_ANSWER_S: Final = 1.0


@contextmanager
def announce(url: str, log: Path, functions: tuple[Function, ...]) -> Iterator[None]:
    """Let commands find the stack as long as the block lasts."""
    variables = {function.name: dict(function.environment) for function in functions}
    own = FOLDER / f"{urlsplit(url).port}.json"
    FOLDER.mkdir(parents=True, exist_ok=True)
    _write(own, {"url": url, "started_at": time.time(), "log": str(log), "functions": variables})
    _write(SAM_ENVIRONMENT, variables)
    try:
        yield
    finally:
        own.unlink(missing_ok=True)
        _leave_sam_environment()


def find_stacks() -> list[Mapping[str, Any]]:
    """Return what the stacks wrote that still answer, the newest first."""
    found = [document for file in FOLDER.glob("*.json") if (document := _read(file))]
    running = [each for each in found if _answers(str(each["url"]))]
    return sorted(running, key=lambda each: float(each["started_at"]), reverse=True)


def _leave_sam_environment() -> None:
    """Leave the variables of another stack that runs, or none."""
    others = find_stacks()
    if others:
        _write(SAM_ENVIRONMENT, others[0]["functions"])
    else:
        SAM_ENVIRONMENT.unlink(missing_ok=True)


def _write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _read(file: Path) -> Mapping[str, Any]:
    try:
        document: Mapping[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if {"url", "started_at", "functions"} <= document.keys() else {}


def _answers(url: str) -> bool:
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname or "", place.port or 0), _ANSWER_S).close()
    except OSError:
        return False
    return True
