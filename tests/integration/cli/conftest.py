"""Fixtures of the command's tests: a bridge to call, and an environment in which nothing is set."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tests.contract.tables import Aws
from tests.integration.cli.bridge import Bridge
from tests.integration.cli.workspace import ACCOUNT_SID, TOKEN, make_tables
from twilio_bridge_cli.app import app
from twilio_bridge_cli.commands.call.tokens import LOCAL_TOKEN
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

Run = Callable[..., Result]
TERMINAL = ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "COLUMNS", "GITHUB_ACTIONS")
STACKS = ("SYNC_STATE_TABLE", "EVENT_STREAM", "QUARANTINE_BUCKET")
NAMES = (*STACKS, "AUTH_TOKEN", "PUBLIC_BASE_URL", "PORT", "ACCOUNT_SID")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory, and no setting of the developer's."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith(("TWILIO_", "AWS_")) or name.lower().endswith("_proxy") or name in (*TERMINAL, *NAMES):
            monkeypatch.delenv(name)
    return tmp_path


def write_local_stack(
    folder: Path, url: str, functions: Mapping[str, Mapping[str, str]], started_at: float = 1
) -> None:
    """Write what a local stack writes when it starts."""
    stacks = folder / ".aws-sam/local-stacks"
    stacks.mkdir(parents=True, exist_ok=True)
    written = {"url": url, "started_at": started_at, "functions": functions}
    (stacks / f"{url.rpartition(':')[2]}.json").write_text(json.dumps(written))


@pytest.fixture
def bridge() -> Iterator[Bridge]:
    with Bridge(LOCAL_TOKEN) as running:
        yield running


@pytest.fixture
def run(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command; where the test has a bridge, calls go there."""
    if "bridge" in request.fixturenames:
        monkeypatch.setenv("PORT", request.getfixturevalue("bridge").url.rpartition(":")[2])

    def command(*words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(app, list(words), input=typed)

    return command


@pytest.fixture(scope="module")
def running() -> Iterator[TwilioStandIn]:
    """TaskRouter's stand-in, for a module."""
    with TwilioStandIn(ACCOUNT_SID, TOKEN, seeded=0) as stand_in:
        yield stand_in


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """The template's tables, in this process."""
    with make_tables(monkeypatch) as found:
        yield found
