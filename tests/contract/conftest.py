"""AWS in this process, and a clock that tests move."""

import os
from collections.abc import Iterator
from unittest.mock import patch

import pytest
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.core.models import botocore_stubber

from tests.contract.tables import Aws, Time
from twilio_bridge_local.aws.moto_speed import speed_up_moto

speed_up_moto()


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
    # What moto's own decorator does, without its thousand patterns for `requests`, which speak to the stand-ins here.
    BackendDict.reset()
    reset_model_data()
    with patch.object(botocore_stubber, "enabled", True), Aws() as found:
        yield found


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Time:
    """The clock of this process."""
    return Time(monkeypatch)
