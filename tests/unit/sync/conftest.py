"""What holds for the unit tests of syncs: calls come in one order, so that a failure can be had again."""

import pytest


@pytest.fixture(autouse=True)
def _one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nothing run side by side; the contract tests do."""
    monkeypatch.setattr("twilio_bridge.side_by_side.MAX_WORKERS", 1)
