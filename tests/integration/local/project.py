"""Small projects of a template and function folders, and stacks that run them; used by the tests beside it."""

import json
import os
import textwrap
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.shared import FORK_SERVER, bundle_stack
from tests.integration.waiting import BUSY
from twilio_bridge_local.environment import Environment, Vendor
from twilio_bridge_local.functions.forks import ForkServer
from twilio_bridge_local.functions.lambda_environment import lambda_environment
from twilio_bridge_local.functions.processes import Pool
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.template.bundle import Function

# Vendors that no test here calls: with them a stack starts no stand-in.
REAL = Environment(
    twilio=Vendor("AC" + "1" * 32, "twilio-token", "http://127.0.0.1:9"),
    airtable=Vendor("app" + "1" * 14, "airtable-token", "http://127.0.0.1:9"),
    brevo=Vendor("", "brevo-key", "http://127.0.0.1:9"),
)
ECHO = """
    def lambda_handler(event, context):
        return event
"""


@dataclass
class Project:
    """A template.yaml and its function folders, written as they are added."""

    folder: Path
    resources: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def template(self) -> Path:
        """The template as it is now; JSON is YAML."""
        path = self.folder / "template.yaml"
        path.write_text(json.dumps({"Resources": self.resources, **self.more}))
        return path

    def function(self, name: str, code: str, events: Mapping[str, Any] | None = None, **properties: object) -> None:
        folder = self.folder / "functions" / name
        folder.mkdir(parents=True)
        (folder / "app.py").write_text(textwrap.dedent(code))
        own = {"CodeUri": f"functions/{name}", "Handler": "app.lambda_handler", "Timeout": 5, **properties}
        self.resources[name] = {
            "Type": "AWS::Serverless::Function",
            "Properties": {**own, "Events": dict(events or {})},
        }

    def route(self, name: str, code: str, path: str = "/it", method: str = "ANY", **properties: object) -> None:
        route = {"Type": "HttpApi", "Properties": {"Path": path, "Method": method}}
        self.function(name, code, {"Route": route}, **properties)

    def stack(self, environment: Environment = REAL, *, schedules: bool = True) -> Stack:
        return bundle_stack(environment, template=self.template, log_folder=self.folder, schedules=schedules)

    def log(self) -> str:
        return (self.folder / "functions.log").read_text()


def warm(stack: Stack) -> None:
    """Start the function Worker, so that its start takes none of a short visibility timeout."""
    assert stack.invoke("Worker", {"Records": []}).ok


class Lines:
    """A log sink that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(self, function: str, line: str) -> None:
        self.lines.append(f"{function} {line}")

    def __contains__(self, text: str) -> bool:
        return any(text in line for line in self.lines)


def pool(
    folder: Path,
    code: str,
    log: Lines,
    *,
    timeout_s: float = 5,
    name: str = "It",
    server: ForkServer = FORK_SERVER,
    **variables: str,
) -> Pool:
    """One function's instances, without a stack."""
    folder.mkdir(exist_ok=True)
    (folder / "app.py").write_text(textwrap.dedent(code))
    function = Function(name, folder, "app.lambda_handler", timeout_s, 128, {"GIVEN": "by the template"})
    environment = lambda_environment(function, aws_url="http://127.0.0.1:1", invoke_url="http://127.0.0.1:2")
    return Pool(function, environment | variables, server, log)


def eventually(holds: Callable[[], object], timeout_s: float = 3.0) -> bool:
    """Return whether it holds before the time is over; a busy machine is given several times as long."""
    end = time.monotonic() + BUSY * timeout_s
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(0.01)
    return bool(holds())


def lives(pid: int) -> bool:
    """Whether a process of this id runs; one that ended and was not yet collected does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")  # not on every system, but where containers leave such processes behind
    try:
        return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
