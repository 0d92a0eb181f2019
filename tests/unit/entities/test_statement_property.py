"""Statements with joins, aggregates and subqueries return what plain Python returns, pushed down or not."""

# ruff: noqa: S608, ISC004  statements are what is made here

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.memory_resources import MemoryResources
from tests.sizes import size
from tests.unit.entities.oracle import CONFERENCES, LISTS, MESSAGES, NUMBERS, PARTICIPANTS, Case, as_number, conditions
from twilio_bridge.adapters.entities.sqlite import SqliteEngine
from twilio_bridge.entities.filter_clause.parsing import parse_filter_clause
from twilio_bridge.entities.ports import Row
from twilio_bridge.entities.reading import Statement
from twilio_bridge.entities.registry import load_registry

REGISTRY = load_registry()
ENGINES = [SqliteEngine(REGISTRY, push_down=push_down) for push_down in (True, False)]
Answer = list[tuple[Any, ...]]


def where(case: Case) -> str:
    """Return a condition as it stands in a statement: its values written out."""
    clause = parse_filter_clause(case.text, REGISTRY.entity("Messages"))
    text = clause.where
    for value in clause.values:
        shown = "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)
        text = text.replace("?", shown.replace("?", "\0"), 1)
    return text.replace("\0", "?").replace('+"', '"')


def held(case: Case) -> list[Row]:
    """Return the messages for which a condition holds."""
    return [row for row in MESSAGES if case.holds(row)]


def grouped(case: Case) -> tuple[str, Answer]:
    """Count and sum by status and direction."""
    groups: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in held(case):
        groups[row["status"], row["direction"]].append(row)
    answer: Answer = []
    for key, rows in groups.items():
        prices = [price for row in rows if (price := as_number(row["price"])) is not None]
        segments = [as_number(row["num_segments"]) for row in rows]
        total = round(sum(prices), 4) if prices else None
        answer.append((*key, len(rows), len(prices), total, max(int(each or 0) for each in segments)))
    return (
        "SELECT Status, Direction, count(*), count(Price), round(sum(Price), 4), max(NumSegments) FROM Messages "
        f"WHERE {where(case)} GROUP BY Status, Direction",
        answer,
    )


def distinct(case: Case) -> tuple[str, Answer]:
    """Return senders, each once."""
    senders = {row["from"] for row in held(case)}
    return f'SELECT DISTINCT "From" FROM Messages WHERE {where(case)}', [(each,) for each in senders]


def joined(case: Case) -> tuple[str, Answer]:
    """Join messages with the numbers that sent them."""
    names = {row["phone_number"]: row["friendly_name"] for row in NUMBERS}
    answer = [(row["sid"], names[row["from"]]) for row in held(case) if row["from"] in names]
    return (
        "SELECT Messages.Sid, n.FriendlyName FROM Messages JOIN IncomingPhoneNumbers n "
        f"ON n.PhoneNumber = Messages.Sender WHERE {qualified(case)}",
        answer,
    )


def qualified(case: Case) -> str:
    """Return a condition whose columns say whose they are."""
    return (
        where(case)
        .replace('"Sid"', 'Messages."Sid"')
        .replace('"Status"', 'Messages."Status"')
        .replace('"DateCreated"', 'Messages."DateCreated"')
    )


def outer(case: Case) -> tuple[str, Answer]:
    """Return numbers and how many messages they sent; none is 0."""
    sent = Counter(row["from"] for row in held(case))
    answer = [(row["phone_number"], sent[row["phone_number"]]) for row in NUMBERS]
    inner = f"SELECT Sender AS sender, Sid AS sid FROM Messages WHERE {where(case)}"
    return (
        f"WITH m AS MATERIALIZED ({inner}) SELECT n.PhoneNumber, count(m.sid) FROM IncomingPhoneNumbers n "
        "LEFT JOIN m ON m.sender = n.PhoneNumber GROUP BY n.PhoneNumber",
        answer,
    )


def nested(case: Case) -> tuple[str, Answer]:
    """Return numbers that no such message came from."""
    senders = {row["from"] for row in held(case)}
    answer = [(row["sid"],) for row in NUMBERS if row["phone_number"] not in senders]
    return (
        "SELECT Sid FROM IncomingPhoneNumbers WHERE PhoneNumber NOT IN "
        f"(SELECT Sender FROM Messages WHERE {where(case)})",
        answer,
    )


def counted(case: Case) -> tuple[str, Answer]:
    """Count the messages and those of another account."""
    return f"SELECT count(*), count(DISTINCT Sender) FROM Messages WHERE {where(case)}", [
        (len(held(case)), len({row["from"] for row in held(case)}))
    ]


def either(case: Case) -> tuple[str, Answer]:
    """Return what one of two comparisons finds: each row once, though both may find it."""
    answer = [
        (row["sid"],)
        for row in MESSAGES
        if row["to"] == "+15550000001" or row["from"] in {"+16660000001", "+16660000002"} or case.holds(row)
    ]
    return (
        "SELECT Sid FROM Messages WHERE \"To\" = '+15550000001' OR Sender IN ('+16660000001', '+16660000002') "
        f"OR ({where(case)})",
        answer,
    )


def children(case: Case) -> tuple[str, Answer]:
    """Return the participants of completed conferences, and how many rows the condition finds beside them."""
    completed = {row["sid"] for row in CONFERENCES if row["status"] == "completed"}
    answer = [
        (row["call_sid"], row["conference_sid"], int(row["muted"] is True), len(held(case)))
        for row in PARTICIPANTS
        if row["conference_sid"] in completed
    ]
    return (
        "SELECT p.CallSid, c.Sid, p.Muted, "
        f"(SELECT count(*) FROM Messages WHERE {where(case)}) FROM Participants p, Conferences c "
        "WHERE c.Status = 'completed' AND p.ConferenceSid = c.Sid",
        answer,
    )


def held_children(case: Case) -> tuple[str, Answer]:
    """Return conferences with the participants on hold, where anything is found at all."""
    found = bool(held(case))
    on_hold = Counter(row["conference_sid"] for row in PARTICIPANTS if row["hold"])
    answer = [(row["sid"], on_hold[row["sid"]]) for row in CONFERENCES] if found else []
    return (
        "SELECT c.Sid, count(p.CallSid) FROM Conferences c LEFT JOIN Participants p "
        "ON p.ConferenceSid = c.Sid AND p.Hold = true "
        f"WHERE EXISTS (SELECT 1 FROM Messages WHERE {where(case)}) GROUP BY c.Sid",
        answer,
    )


MAKERS: Iterable[Callable[[Case], tuple[str, Answer]]] = (
    grouped,
    distinct,
    joined,
    outer,
    nested,
    counted,
    either,
    children,
    held_children,
)


@pytest.mark.prove
@settings(max_examples=size(60, 400), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conditions(), st.sampled_from(list(MAKERS)))
def test_statements(case: Case, make: Callable[[Case], tuple[str, Answer]]) -> None:
    """The same rows, each as often, from both engines and the oracle."""
    sql, expected = make(case)
    for engine in ENGINES:
        _, rows = engine.execute(sql, (), Statement(MemoryResources(LISTS), max_requests=100_000))
        assert Counter(rows) == Counter(expected), sql
