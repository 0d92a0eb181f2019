"""What holds for every test over real processes: no more than one stack runs."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
import pytest

from tests.integration.shared import SharedStack
from twilio_bridge_local.aws.moto_speed import speed_up_moto

speed_up_moto()

# Every new session reads AWS's descriptions again, 60 ms a client: here sessions share what was read.
botocore.session.create_loader = cache(botocore.session.create_loader)
SHARING = tuple(Path(__file__).parent / name for name in ("callbacks", "support", "messages"))


SHARED = SharedStack()


@pytest.fixture(scope="session")
def shared() -> Iterator[SharedStack]:
    yield SHARED
    SHARED.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """Close the shared stack behind the last test that uses it: unit tests forbid the sockets that it goes on using."""
    yield
    if nextitem is None or nextitem.path.parent not in SHARING:
        SHARED.close()


@pytest.fixture(scope="module", autouse=True)
def _alone(request: pytest.FixtureRequest) -> None:
    """Close the shared stack before a module that does not use it."""
    if request.path.parent not in SHARING:
        SHARED.close()
