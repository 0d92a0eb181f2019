"""Any clause returns what plain Python returns, whether Twilio is asked for it or not."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.memory_resources import MemoryResources
from tests.sizes import size
from tests.unit.entities.oracle import LISTS, MESSAGES, Case, conditions
from twilio_bridge.adapters.entities.sqlite import SqliteEngine
from twilio_bridge.entities.filter_clause.parsing import parse_filter_clause
from twilio_bridge.entities.reading import Statement
from twilio_bridge.entities.registry import load_registry

REGISTRY = load_registry()
ENGINES = [SqliteEngine(REGISTRY, push_down=push_down) for push_down in (True, False)]


@pytest.mark.prove
@settings(max_examples=size(100, 1_200), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conditions(), st.just(value=True))
def test_clauses(case: Case, whole_days: bool) -> None:
    """Pushed down or not, and whichever midnight Twilio means, a clause returns the same rows, each once."""
    expected = sorted(row["sid"] for row in MESSAGES if case.holds(row))
    clause = parse_filter_clause(case.text, REGISTRY.entity("Messages"))
    for engine in ENGINES:
        statement = Statement(MemoryResources(LISTS, whole_days=whole_days))
        _, rows = engine.execute(f'SELECT "Sid" FROM "Messages" WHERE {clause.where}', clause.values, statement)  # noqa: S608
        assert sorted(str(row[0]) for row in rows) == expected, (case.text, clause.where)
