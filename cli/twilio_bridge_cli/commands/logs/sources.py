"""Where the lines are: the stack's log group in CloudWatch, or the file that the local stack writes."""

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from twilio_bridge.adapters.aws.clients import FAILURES
from twilio_bridge_cli import aws
from twilio_bridge_cli.commands.logs.lines import LogLine, read_line
from twilio_bridge_cli.errors import CommandError

LOOK_S: Final = 2.0
# CloudWatch shows a line some seconds after it was written; what was printed is not printed again.
LATE: Final = timedelta(seconds=30)
# Of a log group that a template names, a stream is called 2026/11/29/FUNCTION[$LATEST]0123…
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html
_STREAM: Final = re.compile(r"^\d{4}/\d\d/\d\d/(?:(?P<function>.+))?\[")
# A function's name in a stack is STACK-LOGICALID-SUFFIX.
_SUFFIX: Final = re.compile(r"-[A-Za-z0-9]{8,}$")

Sleep = Callable[[float], None]


def read_file(path: Path, since: datetime, *, follow: bool, sleep: Sleep = time.sleep) -> Iterator[LogLine]:
    """Yield the lines of a file since then; as they come where it is followed, until the stack ends and removes it."""
    if not path.is_file():
        raise CommandError(f"{path} is not there.", "Start the local stack again: make run")

    with path.open(encoding="utf-8", errors="replace") as file:
        part = ""
        while True:
            part += file.readline()
            if part.endswith("\n"):
                yield from _read_file_line(part, since)
                part = ""
            elif not follow or not path.is_file():
                return
            else:
                sleep(LOOK_S / 10)


def _read_file_line(text: str, since: datetime) -> Iterator[LogLine]:
    moment, _, rest = text.partition(" ")
    function, _, entry = rest.partition(" ")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:  # the second line of a traceback
        return

    line = read_line(at, function, entry)
    if line is not None and at >= since:
        yield line


def read_group(
    logs: Any,  # noqa: ANN401  boto3 makes its clients' classes while it runs
    group: str,
    since: datetime,
    request_id: str,
    *,
    follow: bool,
    sleep: Sleep = time.sleep,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Iterator[LogLine]:
    """Yield a log group's lines since then, and those to come where it is followed."""
    seen: dict[str, datetime] = {}
    while True:
        looked_at = now()
        for event in _list_events(logs, group, since, request_id):
            if event["eventId"] in seen:
                continue
            seen[event["eventId"]] = looked_at
            yield from _read_event(event)
        if not follow:
            return

        since = max(since, looked_at - LATE)
        seen = {name: at for name, at in seen.items() if at >= since - LATE}
        sleep(LOOK_S)


def _list_events(logs: Any, group: str, since: datetime, request_id: str) -> Iterator[dict[str, Any]]:  # noqa: ANN401  same
    """Yield the events, page by page, in the order of their time."""
    wanted: dict[str, Any] = {"logGroupName": group, "startTime": round(since.timestamp() * 1000)}
    if request_id:
        wanted["filterPattern"] = json.dumps(request_id)  # the term, wherever it stands in the line

    try:
        for page in logs.get_paginator("filter_log_events").paginate(**wanted):
            yield from sorted(page["events"], key=lambda event: int(event["timestamp"]))
    except FAILURES as error:
        raise aws.explain_failure(error, f"The log group {group} cannot be read") from error


def _read_event(event: dict[str, Any]) -> Iterator[LogLine]:
    stream = _STREAM.match(event["logStreamName"])
    name = (stream["function"] if stream else None) or event["logStreamName"]
    at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)

    line = read_line(at, _SUFFIX.sub("", name).rpartition("-")[2], event["message"])
    if line is not None:
        yield line
