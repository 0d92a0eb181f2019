"""What holds for every test over real processes: no more than one stack runs."""

from collections.abc import Iterator

import pytest

from tests.integration.shared import SharedStack

SHARING = ("callbacks", "support")


@pytest.fixture(scope="session")
def shared() -> Iterator[SharedStack]:
    found = SharedStack()
    yield found
    found.close()


@pytest.fixture(scope="module", autouse=True)
def _alone(request: pytest.FixtureRequest, shared: SharedStack) -> None:
    """Close the shared stack before a module that does not use it."""
    if request.path.parent.name not in SHARING:
        shared.close()
