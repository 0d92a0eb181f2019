"""What holds for every unit test: no sockets, a log that can be read, properties that stay quick."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import hypothesis
import pytest

from twilio_bridge.logs import logger

hypothesis.settings.register_profile("unit", max_examples=50, deadline=None, derandomize=True)
hypothesis.settings.load_profile("unit")

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _no_sockets(socket_disabled: None) -> None:
    """Let no unit test reach a network."""


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """Return what has been logged so far, line by line."""
    stream = StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
