"""`twilio-bridge logs` over the local stack's file, and over a log group as moto has it."""

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.integration.cli.conftest import Run
from twilio_bridge_cli.commands.logs.lines import LogLine, read_line
from twilio_bridge_cli.commands.logs.sources import read_file, read_group

NOW = datetime.now(UTC).replace(microsecond=0)
CALLED, LOADED = "8f5c1f0e-6f0b-4f5e-9d0a-0c8f4a5b6c7d", "11111111-6f0b-4f5e-9d0a-0c8f4a5b6c7d"
GROUP = "twilio-bridge-Logs"


def ours(level: str, message: str, request_id: str, **facts: object) -> str:
    return json.dumps({"level": level, "message": message, "service": "x", "request_id": request_id, **facts})


METRIC = json.dumps({"_aws": {"Timestamp": 1}, "OldestOverdueEvent": [0.0]})
WRITTEN = [
    (timedelta(hours=-2), "SyncFunction", ours("INFO", "swept", LOADED, persons=2)),
    (timedelta(seconds=-9), "CrmFunction", ours("ERROR", "failed", CALLED, status=500, at=["a.py:1 x"])),
    (timedelta(seconds=-8), "CrmFunction", METRIC),
    (timedelta(seconds=-7), "CrmFunction", f"REPORT RequestId: {CALLED} Duration: 12.00 ms"),
    (timedelta(seconds=-6), "DeliverToBrevoFunction", ours("WARNING", "not done yet", "", wait_s=30)),
]


@pytest.fixture
def log(folder: Path) -> Iterator[Path]:
    """A local stack that answers, and its log."""
    path = folder / "functions.log"
    lines = [f"{(NOW + ago).isoformat(timespec='milliseconds')} {function} {text}\n" for ago, function, text in WRITTEN]
    path.write_text("Traceback (most recent call last):\n" + "".join(lines))
    with socket.create_server(("127.0.0.1", 0)) as gateway:
        stack = {"url": f"http://127.0.0.1:{gateway.getsockname()[1]}", "started_at": 1, "functions": {}}
        (folder / ".aws-sam/local-stacks").mkdir(parents=True)
        (folder / ".aws-sam/local-stacks/1.json").write_text(json.dumps({**stack, "log": str(path)}))
        yield path


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize(
    ("options", "messages"),
    [
        ([], ["failed", "REPORT Duration: 12.00 ms", "not done yet"]),
        (["--since", "3h"], ["swept", "failed", "REPORT Duration: 12.00 ms", "not done yet"]),
        (["--since", (NOW - timedelta(hours=3)).isoformat(), "--function", "sync"], ["swept"]),
        (["--function", "deliver-to-brevo"], ["not done yet"]),
        (["--function", "CrmFunction", "--level", "error"], ["failed"]),
        (["--level", "warning"], ["failed", "not done yet"]),
        (["--request", CALLED], ["failed", "REPORT Duration: 12.00 ms"]),
        (["--request", CALLED[:8]], ["failed", "REPORT Duration: 12.00 ms"]),
        (["--request", "none"], []),
    ],
)
def test_the_local_log(run: Run, options: list[str], messages: list[str]) -> None:
    result = run("logs", "--json", *options)
    assert (0, messages) == (result.exit_code, [json.loads(line)["message"] for line in result.stdout.splitlines()])


@pytest.mark.usefixtures("log")
def test_a_line_for_people(run: Run) -> None:
    """Time, function, level, message, then the facts; nothing twice."""
    (line,) = run("logs", "--function", "crm", "--level", "error").stdout.splitlines()
    assert line.split()[1:] == ["Crm", "ERROR", "failed", "status=500", 'at=["a.py:1', 'x"]', f"request={CALLED}"]


@pytest.mark.usefixtures("log")
@pytest.mark.parametrize("since", ["3x", "", "-1h", "tomorrow", "2999-01-01", "999999999d extra"])
def test_no_time_is_refused(run: Run, since: str) -> None:
    result = run("logs", "--since", since)
    assert 2 == result.exit_code
    assert f"--since {since} is" in result.stderr.replace("\n", " ")


@pytest.mark.usefixtures("log")
def test_a_span_beyond_the_calendar_is_everything(run: Run) -> None:
    assert 0 == run("logs", "--since", "999999999d").exit_code


def test_no_stack_and_no_file(run: Run, log: Path) -> None:
    log.unlink()
    assert (2, True) == ((result := run("logs")).exit_code, "make run" in result.stderr)


def test_a_followed_file_shows_what_comes_and_whole_lines_only(tmp_path: Path) -> None:
    path = tmp_path / "functions.log"
    path.write_text("")
    parts = [f"{NOW.isoformat()} SyncFunc", "tion half", " a line\n", ""]

    def append(_seconds: float) -> None:
        if parts[0]:
            with path.open("a") as file:
                file.write(parts[0])
        else:
            path.unlink()
        parts.pop(0)

    found = list(read_file(path, NOW - timedelta(hours=1), follow=True, sleep=append))
    assert [("SyncFunction", "half a line")] == [(line.function, line.message) for line in found]


@pytest.fixture
def logs() -> Iterator[Any]:
    """CloudWatch with the same lines, as Lambda writes them, and one of its own."""
    with mock_aws():
        client = boto3.client("logs", region_name="us-east-1")
        client.create_log_group(logGroupName=GROUP)
        for ago, function, text in WRITTEN:
            put(client, ago, f"2026/11/29/twilio-bridge-{function}-1a2B3c4D5e6F[$LATEST]{'0' * 32}", text)
        report = {"type": "platform.report", "record": {"requestId": CALLED, "metrics": {"durationMs": 12.5}}}
        put(client, timedelta(seconds=-5), f"2026/11/29/[$LATEST]{'1' * 32}", json.dumps(report))
        yield client


def put(client: Any, ago: timedelta, stream: str, text: str) -> None:
    if not client.describe_log_streams(logGroupName=GROUP, logStreamNamePrefix=stream)["logStreams"]:
        client.create_log_stream(logGroupName=GROUP, logStreamName=stream)
    event = {"timestamp": round((NOW + ago).timestamp() * 1000), "message": text}
    client.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=[event])


def test_a_log_group(logs: Any) -> None:
    found = list(read_group(logs, GROUP, NOW - timedelta(minutes=5), "", follow=False))
    shown = [(line.function, line.message) for line in found]
    assert shown == [
        ("CrmFunction", "failed"),
        ("CrmFunction", "REPORT Duration: 12.00 ms"),
        ("DeliverToBrevoFunction", "not done yet"),
        (f"2026/11/29/[$LATEST]{'1' * 32}", "platform.report 12.5 ms"),
    ]


def test_a_request_of_a_log_group(logs: Any) -> None:
    found = list(read_group(logs, GROUP, NOW - timedelta(hours=5), CALLED, follow=False))
    assert {CALLED} == {line.request_id for line in found}
    assert 3 == len(found)


def test_a_followed_log_group_shows_late_lines_once(logs: Any) -> None:
    """What CloudWatch shows late, with a time before the last line's, is shown, too."""

    class Enough(Exception):  # noqa: N818  it ends the test
        pass

    def come_late(_seconds: float) -> None:
        if len(found) > 4:
            raise Enough
        put(logs, timedelta(seconds=-20), f"2026/11/29/x-SyncFunction-1a2B3c4D[$LATEST]{'2' * 32}", "late")

    found: list[LogLine] = []
    lines = read_group(logs, GROUP, NOW - timedelta(minutes=5), "", follow=True, sleep=come_late, now=lambda: NOW)
    with suppress(Enough):
        for line in lines:
            found.append(line)  # noqa: PERF402  `come_late` looks at it meanwhile
    assert ("SyncFunction", "late") == (found[-1].function, found[-1].message)
    assert 5 == len(found)


@pytest.mark.parametrize(
    ("text", "level", "message"),
    [
        ('{"level": "WARN", "message": "x"}', "WARNING", "x"),
        ('{"level": "whatever", "message": 3}', "INFO", "3"),
        ('{"broken', "INFO", '{"broken'),
        ('{"record": "text", "type": "platform.x"}', "INFO", ""),
        ("plain text", "INFO", "plain text"),
        ("[1, 2]", "INFO", "[1, 2]"),
    ],
)
def test_any_line_can_be_read(text: str, level: str, message: str) -> None:
    line = read_line(NOW, "CrmFunction", text)
    assert line is not None
    assert (level, message) == (line.level, line.message)
