"""Fixtures of the local stack's tests."""

from pathlib import Path

import pytest

from tests.integration.local.project import Lines, Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture
def log() -> Lines:
    return Lines()
