"""`twilio-bridge status --watch`: one document after the other, until Ctrl-C."""

from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.bridge import Bridge
from tests.integration.cli.conftest import Run, write_local_stack
from twilio_bridge_cli.errors import UnreachableError

DOCUMENT: dict[str, Any] = {"connected": True}


def test_watching_goes_on_where_an_answer_does_not_come(
    run: Run, folder: Path, bridge: Bridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network was away for a moment; without --watch that is the command's end."""
    answers: list[Any] = [DOCUMENT, UnreachableError("away"), DOCUMENT, KeyboardInterrupt()]
    slept: list[float] = []

    def invoke(*_given: object) -> dict[str, Any]:
        answer = answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return dict(answer)

    write_local_stack(folder, bridge.url, {"StatusFunction": {}})
    monkeypatch.setattr("twilio_bridge_cli.commands.status.command.invoke_function", invoke)
    monkeypatch.setattr("time.sleep", slept.append)
    watched = run("status", "--watch", "--every", "5", "--json")
    assert ([], [5.0] * 3, 2) == (answers, slept, watched.stdout.count('"connected": true'))

    answers += [UnreachableError("away")]
    assert 4 == run("status").exit_code
