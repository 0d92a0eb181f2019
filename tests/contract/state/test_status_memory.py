"""What a status remembers, and what it counts, over moto and over the dictionaries of the fakes."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from tests.fakes.dynamodb import Dictionary
from twilio_bridge import deadline
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.adapters.state.status_memory import DynamoStatusMemory
from twilio_bridge.errors import OutOfTimeError
from twilio_bridge.status.ports import Counts, Episode
from twilio_bridge.support.persons.person import Interaction

MakeTable = Callable[[], Table]


@pytest.fixture(params=["moto", "fake"])
def table(request: pytest.FixtureRequest) -> Table:
    if request.param == "fake":
        return Dictionary().table
    aws: Aws = request.getfixturevalue("aws")
    return aws.table(SYNC_STATE)


def test_what_is_kept_comes_back(table: Table) -> None:
    """Counts, each system's state, and when the last synchronisation ended; at first there is nothing."""
    memory, episode = (
        DynamoStatusMemory(table),
        Episode(is_connected=False, since=5, error="401", error_since=5, error_at=9),
    )
    assert (None, {}, None) == (memory.read_counts(), memory.read_episodes(), memory.read_last_sync())

    memory.write_counts(Counts(3, 2, 1.5))
    memory.write_episode("brevo", episode)
    memory.write_last_sync(7.25)

    assert Counts(3, 2, 1.5) == memory.read_counts()
    assert {"brevo": episode} == memory.read_episodes()
    assert 7.25 == memory.read_last_sync()


def test_counting_is_as_brevo_is_told(table: Table) -> None:
    """Tasks of one conversation are one interaction, a summary stands for several, and a joined half is nobody."""
    persons = DynamoPersons(table)
    for sid, conversation, began_at in (("WT1", "CH1", 1_000), ("WT2", "CH1", 2_000), ("WT3", "", 3_000)):
        one = Interaction(sid=sid, version=1, counts=True, conversation_sid=conversation, created_at=began_at)
        persons.put_interaction("kim", one)
    persons.put_interaction("kim", Interaction(sid="WT4", version=1, counts=False, created_at=1))
    persons.put_interaction("lee", Interaction(sid="PAST-x", version=1, counts=True, created_at=1, stands_for=40))
    persons.save_delivery("kim", "digest", 17, [])
    persons.save_delivery("half", "digest", 17, [])
    table.update("person#half", "profile", "SET joined_into = :kim", {":kim": "kim"})
    table.put({"pk": "figures#2026-01-01#0", "sk": "customer#WT1", "contact_id": 3})

    found = DynamoStatusMemory(table, clock=lambda: 99.0).count_all(30)

    assert Counts(2 + 40, 1, 99.0) == found


def test_a_count_that_nobody_waits_for_ends(table: Table) -> None:
    """Whoever asks by HTTP has seconds; the rest of the document is answered without it."""
    table.put({"pk": "person#kim", "sk": "profile"})

    with ThreadPoolExecutor(1) as pool, pytest.raises(OutOfTimeError):  # beside the main thread no alarm rings
        pool.submit(count_too_late, DynamoStatusMemory(table)).result()


def count_too_late(memory: DynamoStatusMemory) -> None:
    """Count once the time is over."""
    with deadline.limit(0.01):
        threading.Event().wait(0.02)
        memory.count_all(30)
