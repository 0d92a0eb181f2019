"""What holds for every test: an environment that is ours alone, and the order and the processes they run in."""

import gc
import os
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from unittest.mock import patch

import pytest

WAITING = Path(__file__).parent / "integration"
# Their place among the others; what takes long should not begin last.
SOONER = 0.85
OF_PYTEST = "PYTEST_CURRENT_TEST"
MADE_UP = {
    "TZ": "UTC",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@pytest.fixture(scope="session", autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Leave nothing of the machine's environment but the path; accounts and keys in it are made up."""
    kept = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(tmp_path_factory.mktemp("home"))}
    with patch.dict(os.environ, {**kept, **MADE_UP}, clear=True):
        yield


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """Take back what a test changes in it."""
    before = _read_environment()

    yield
    after = _read_environment()
    if after != before:
        for added in after.keys() - before.keys():
            del os.environ[added]
        os.environ.update(before)


def _read_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != OF_PYTEST}


def pytest_configure() -> None:
    """Look for no garbage while modules are loaded and tests collected: it takes as long again, and there is none."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Look for garbage among what is made from now on."""
    gc.freeze()
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return twice as many workers as there are processors, and one: the tests wait for half of their time."""
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return 2 * processors + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that wait for stacks among those that keep a processor busy, so that both go on all the time."""
    files = {path: list(tests) for path, tests in groupby(items, key=lambda item: item.path)}
    waiting = [path for path in files if WAITING in path.parents]
    busy = [path for path in files if WAITING not in path.parents]

    places = {path: number / len(busy) for number, path in enumerate(busy)}
    places |= {path: SOONER * number / len(waiting) for number, path in enumerate(waiting)}
    items[:] = [test for path in sorted(files, key=lambda path: places[path]) for test in files[path]]
