"""A line of the functions' log: when, which function, how bad, what, and about which request."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_ALIASES: Final = {"WARN": "WARNING", "FATAL": "CRITICAL", "TRACE": "DEBUG"}
_REQUEST_ID: Final = re.compile(r"RequestId: ([0-9a-f-]{36})\s*")
# Of powertools and of Lambda: shown elsewhere in the line, or the same in every line.
_SHOWN_ELSEWHERE: Final = frozenset(
    {"level", "message", "timestamp", "time", "service", "location", "request_id", "requestId", "record", "type"}
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line. `facts` is what it holds beside its message."""

    at: datetime
    function: str
    level: str
    message: str
    request_id: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def is_at_least(self, level: str) -> bool:
        """Return whether it is as bad as this level, or worse."""
        return LEVELS.index(self.level) >= LEVELS.index(level)


def read_line(at: datetime, function: str, text: str) -> LogLine | None:
    """Return what a line of a function's output holds; nothing of a metric's line, which is none of the log's."""
    entry = _read_object(text)
    if (
        "_aws" in entry
    ):  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format.html
        return None
    if not entry:
        found = _REQUEST_ID.search(text)
        return LogLine(at, function, "INFO", _REQUEST_ID.sub("", text).strip(), found[1] if found else "")

    level = str(entry.get("level", "INFO")).upper()
    level = _ALIASES.get(level, level)
    facts = {key: value for key, value in entry.items() if key not in _SHOWN_ELSEWHERE}
    return LogLine(
        at, function, level if level in LEVELS else "INFO", _find_message(entry), _find_request_id(entry), facts
    )


def _read_object(text: str) -> Mapping[str, Any]:
    try:
        entry = json.loads(text) if text.startswith("{") else {}
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _find_message(entry: Mapping[str, Any]) -> str:
    """Return the message; Lambda's own lines have a type in its place (platform.start, platform.report)."""
    record = entry.get("record")
    if "message" in entry or not isinstance(record, dict):
        return str(entry.get("message", ""))

    spent = record.get("metrics", {}).get("durationMs")
    return f"{entry.get('type')}" + (f" {spent} ms" if spent else "")


def _find_request_id(entry: Mapping[str, Any]) -> str:
    record = entry.get("record")
    places = [entry, record if isinstance(record, dict) else {}]
    named = (place.get(key) for place in places for key in ("request_id", "requestId"))

    return next((str(each) for each in named if each), "")
