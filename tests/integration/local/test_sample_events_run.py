"""Every event under events/ is answered by its function on a fresh local stack, as `sam local invoke -e` sends it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.shared import bundle_stack
from twilio_bridge_local.environment import decide
from twilio_bridge_local.stack import Stack

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "events").glob("*/*.json"))
# What its name announces; a campaign is accepted, and planned later.
STATUSES = {"crm/unknown_location": 422, "crm/unknown_contact": 404, "campaigns/create": 202}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with bundle_stack(decide({}), schedules=False) as running:
        assert "contacts" in running.invoke("RefreshContactsFunction", {"whole": True}).payload
        yield running


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_a_sample_is_answered_by_its_function(stack: Stack, file: Path) -> None:
    """The folder is the function's; nothing fails, and no signature is refused."""
    name = next(each.name for each in stack.bundle.functions if each.folder.name == file.parent.name)
    outcome = stack.invoke(name, json.loads(file.read_text()))
    assert outcome.ok, outcome.payload
    status = outcome.payload.get("statusCode", 200) if isinstance(outcome.payload, dict) else 200
    assert status == STATUSES.get(f"{file.parent.name}/{file.stem}", 200), outcome.payload
