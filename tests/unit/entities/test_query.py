"""The custom query: rows that JSON can hold."""

import json

import pytest

from tests.fakes.memory_resources import MemoryResources
from tests.unit.entities.oracle import LISTS
from twilio_bridge.adapters.entities.sqlite import SqliteEngine
from twilio_bridge.entities.calls import EntityCall
from twilio_bridge.entities.operations import Operations
from twilio_bridge.entities.registry import load_registry
from twilio_bridge.entities.tokens import PageTokens

OPERATIONS = Operations(load_registry(), MemoryResources(LISTS), SqliteEngine(load_registry()), PageTokens("secret"))


@pytest.mark.parametrize(
    ("expression", "expected"), [("x'00ff'", "00ff"), ("9e999", "Inf"), ("-9e999", "-Inf"), ("NULL", None)]
)
def test_a_result_is_json(expression: str, expected: object) -> None:
    """Bytes and infinity, which JSON lacks, are texts."""
    outcome = OPERATIONS.perform(EntityCall("", "query", statement=f"SELECT {expression} AS Value"))
    assert [{"Value": expected}] == json.loads(json.dumps(outcome.body, allow_nan=False))["connectorOutputPayload"]
