"""A month of an account is synced under the limits, killed wherever it may be, and ends as if nothing had been."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

import pytest

from tests.sizes import size
from tests.unit.support.end_state import State, state
from tests.unit.support.month import BEGINS_S, DAY_S, DAYS, Maker
from tests.unit.sync import history
from tests.unit.sync.world import WORKSPACE, Killed, SyncWorld
from twilio_bridge.errors import UnavailableError
from twilio_bridge.support.tasks.facts import NewFacts
from twilio_bridge.sync.streams import RESOURCES

TASKS, CONVERSATIONS = size(25, 3_000), size(40, 5_000)
MESSAGES, CALLS = size(1_200, 200_000), size(400, 50_000)
KILLS = size(30, 200)
ENDS_S = BEGINS_S + DAYS * DAY_S + 7_200


@lru_cache(maxsize=1)
def month() -> Any:
    return Maker(7, TASKS).month


def fill(world: SyncWorld) -> None:
    """Put a month into the account."""
    api = history.FIRST_API
    calls = list(history.make_calls(CALLS, BEGINS_S, ENDS_S))
    world.api.add_rows("api", f"{api}/Messages.json", history.make_messages(MESSAGES, BEGINS_S, ENDS_S))
    world.api.add_rows("api", f"{api}/Calls.json", calls)
    world.api.add_rows("api", f"{api}/Recordings.json", history.make_recordings(calls[: CALLS // 2]))
    world.api.add_rows("api", f"{api}/Conferences.json", history.make_conferences(calls[: CALLS // 5]))
    world.api.add_rows("api", f"{api}/Usage/Records/Daily.json", history.make_usage(BEGINS_S, DAYS))
    add_events(world)
    for row, participants in conversations():
        world.api.add_rows("conversations", "/v1/Conversations", [row])
        world.api.add_rows("conversations", f"/v1/Conversations/{row['sid']}/Participants", participants)


def add_events(world: SyncWorld) -> None:
    world.api.add_rows("taskrouter", f"/v1/Workspaces/{WORKSPACE}/Events", history.make_events(month()))


def conversations() -> Iterator[Any]:
    """Yield those of the month's tasks, and further ones."""
    chance, count = Random(3), 0  # noqa: S311  made-up, no secrets
    for each in history.make_conversations(month()):
        count += 1
        yield each
    for number in range(count, CONVERSATIONS):
        at_s = chance.randrange(BEGINS_S, ENDS_S - 600)
        binding = {"type": "sms", "address": f"+4478{chance.randrange(900):08}", "proxy_address": "+448081570001"}
        kind = chance.choice(("closed", "closed", "closed", "inactive", "active"))
        yield history.make_conversation(f"CH1{number:031x}", at_s, kind, at_s + 500, binding)


@dataclass(frozen=True)
class End:
    """What is there in the end: the support job's state, the export, how far streams were read, what is still open."""

    support: State
    files: dict[str, bytes]
    places: dict[str, Any]
    open_sids: dict[str, Any]


def end_of(world: SyncWorld) -> End:
    world.job.told.subjects |= {subject: NewFacts() for subject in world.job.facts._heard}
    return End(
        state(world.job),
        dict(world.files.objects),
        world.places(),
        {name: world.open_sids(name) for name in ("messages", "calls", "conversations", "recordings")},
    )


@lru_cache(maxsize=1)
def undisturbed() -> tuple[SyncWorld, End, int]:
    world = SyncWorld(ENDS_S)
    fill(world)
    progress = world.sync(type="full", resources=RESOURCES, with_events=True)
    assert "done" == progress["phase"], progress
    return world, end_of(world), len(world.job.calls)


@pytest.mark.prove
def test_a_month_is_read_under_the_limits() -> None:
    """Every row is in the export, every event in the facts, and no request was above a limit."""
    world, end, _ = undisturbed()
    rows = {name: len(world.files.read_table(name)) for name in ("messages", "calls", "recordings", "conferences")}
    assert {"messages": MESSAGES, "calls": CALLS, "conferences": CALLS // 5} == {
        name: count for name, count in rows.items() if name != "recordings"
    }
    assert 0 == world.adapter.refused
    assert {} == end.support.poison
    events = sum(len(facts) for name, (facts, _) in end.support.facts.items() if name.startswith("task#"))
    assert sum(each["event_date_ms"] < ENDS_S * 1000 for each in history.make_events(month())) == events
    held = [name for name in end.support.facts if name.startswith("conversation#")]
    assert CONVERSATIONS == len(held)


@pytest.mark.prove
def test_killed_anywhere_it_ends_the_same() -> None:
    """Before or after whatever it writes, again and again, in calls of any length."""
    _, expected, calls = undisturbed()
    chance = Random(5)  # noqa: S311  made-up, no secrets
    world = SyncWorld(ENDS_S)
    fill(world)
    world.pages_per_call = 3
    points = {chance.randrange(1, calls) for _ in range(KILLS)}

    def kill(_name: str, number: int) -> Any:
        return (Killed(), chance.random() < 0.5) if number in points else None

    killed = 0
    world.job.script = kill
    while True:
        try:
            world.start(type="full", resources=RESOURCES, with_events=True)
            break
        except Killed:
            killed += 1
            world.clock.now_s = ENDS_S
    killed += world.run()
    assert killed == len(points)
    assert expected == end_of(world)


@pytest.mark.prove
def test_a_second_run_costs_what_is_new() -> None:
    """An hour later: a page a list, and who takes part in the one new conversation."""
    world, _, _ = undisturbed()
    before = len(world.adapter.paths)
    kept = world.clock.now_s
    world.clock.now_s = ENDS_S + 3_600
    message = history.make_message(0, ENDS_S + 600, "sent", Random(9), 9)  # noqa: S311  same
    world.api.add_rows("api", f"{history.FIRST_API}/Messages.json", [message])
    progress = world.sync(type="incremental", resources=RESOURCES)
    world.clock.now_s = kept
    asked = world.adapter.paths[before:]
    assert "done" == progress["phase"]
    assert [message["sid"]] == world.open_sids("messages")
    looked_at = [path for path in asked if path.startswith("conversations/v1/Conversations/CH")]
    assert len(asked) - len(looked_at) < 30, asked


def test_what_is_down_comes_later() -> None:
    """A product that fails for a while delays its own slices; nothing is lost."""
    world = SyncWorld(ENDS_S)
    world.api.add_rows("api", f"{history.FIRST_API}/Calls.json", history.make_calls(30, BEGINS_S, ENDS_S))
    world.job.script = lambda _name, number: (UnavailableError("s3", "down"), False) if number in {40, 45, 47} else None
    assert "done" == world.sync(resources=("calls",))["phase"]
    assert 30 == len(world.files.read_table("calls"))
