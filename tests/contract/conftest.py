"""AWS in this process, and a clock that tests move."""

import os
from collections.abc import Iterator

import pytest
from moto import mock_aws

from tests.contract.tables import Aws, Time


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Empty tables, and nobody's credentials."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "nobody")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    # moto's backends are no place for several threads of one process.
    monkeypatch.setattr("twilio_bridge.side_by_side.MAX_WORKERS", 1)
    with mock_aws(), Aws() as found:
        yield found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The clock of this process."""
    return Time(monkeypatch)
