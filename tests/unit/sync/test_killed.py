"""A month of an account is synced under the limits, killed wherever it may be, and ends as if nothing had been."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from random import Random
from typing import Any

import pytest

from tests.fakes.export_files import FakeExportFiles
from tests.sizes import size
from tests.unit.support.end_state import State, state
from tests.unit.support.month import BEGINS_S, DAY_S, Maker
from tests.unit.sync import history
from tests.unit.sync.world import WORKSPACE, Killed, SyncWorld
from twilio_bridge.errors import UnavailableError
from twilio_bridge.support.tasks.facts import NewFacts
from twilio_bridge.sync.streams import RESOURCES

TASKS, CONVERSATIONS = size(25, 3_000), size(40, 5_000)
MESSAGES, CALLS = size(1_200, 200_000), size(400, 50_000)
KILLS = size(30, 200)
# In the evening of the thirtieth day: Twilio keeps events that long.
ENDS_S = BEGINS_S + 30 * DAY_S - 7_200
HOUR_S = 3_600
CONVERSATIONS_A_PAGE = 100


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
    world.api.add_rows("api", f"{api}/Usage/Records/Daily.json", history.make_usage(BEGINS_S, 30))
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

    def flatten(self) -> Mapping[tuple[str, Any], Any]:
        """Return everything by the name of its part and its own."""
        support = {each.name: getattr(self.support, each.name) for each in fields(State)}
        parts = {**support, "files": self.files, "places": self.places, "open_sids": self.open_sids}
        single = {(name, ""): part for name, part in parts.items() if not isinstance(part, dict)}
        several = {
            (name, key): own for name, part in parts.items() if isinstance(part, dict) for key, own in part.items()
        }
        return {**single, **several}


def find_differences(expected: End, found: End) -> list[tuple[str, Any]]:
    """Return the names of what differs: pytest would write out the whole month."""
    one, other = expected.flatten(), found.flatten()
    return [key for key in {**one, **other} if one.get(key) != other.get(key)]


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
    files = FakeExportFiles(end.files)
    rows = {name: len(files.read_table(name)) for name in ("messages", "calls", "recordings", "conferences")}
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
    """Before or after whatever it writes, again and again, in calls of three pages."""
    _, expected, calls = undisturbed()
    chance = Random(5)  # noqa: S311  made-up, no secrets
    world = SyncWorld(ENDS_S)
    fill(world)
    world.pages_per_call = 3
    points = set(chance.sample(range(1, calls), KILLS))

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
    assert KILLS == killed
    assert [] == find_differences(expected, end_of(world))[:20]
    assert 0 == world.adapter.refused


@pytest.mark.prove
def test_a_second_run_costs_what_is_new() -> None:
    """An hour later: where a list begins, who takes part in an hour's conversations, and days with open ones."""
    world, _, _ = undisturbed()
    begun = {row["sid"]: history.read_iso(row["date_created"]) for row, _ in conversations()}
    open_days = Counter(begun[sid] // DAY_S for sid in world.open_sids("conversations"))
    days = Counter(at_s // DAY_S for at_s in begun.values())
    message, call, conversation = add_new(world)

    before = len(world.adapter.paths)
    world.clock.now_s = ENDS_S + HOUR_S
    assert "done" == world.sync(type="incremental", resources=RESOURCES)["phase"]
    assert [message] == world.open_sids("messages")
    assert call in {row["sid"] for row in world.files.read_table("calls")}
    assert f"conversation#{conversation}" in world.job.facts._heard

    asked = world.adapter.paths[before:]
    participants, looked_at, lists = sort_requests(asked)
    latest = {sid for sid, at_s in begun.items() if at_s >= ENDS_S - HOUR_S}
    assert {*latest, conversation} == participants
    assert len(looked_at) <= sum(min(own, 1 + days[day] // CONVERSATIONS_A_PAGE) for day, own in open_days.items())
    assert 9 == len(lists)  # seven streams; usage is asked for day by day
    assert max(lists.values()) <= 2  # a page is old as a whole before reading stops
    assert 0 == world.adapter.refused


def add_new(world: SyncWorld) -> list[str]:
    """Put a message, a call and a conversation into the account, and return their SIDs."""
    begins_s, chance = ENDS_S + 600, Random(9)  # noqa: S311  made-up, no secrets
    message = history.make_message(0, begins_s, "sent", chance, 9)
    call = next(history.make_calls(1, begins_s, begins_s + 60, 9))
    conversation, participants = history.make_conversation(f"CH2{0:031x}", begins_s, "active", begins_s)
    world.api.add_rows("api", f"{history.FIRST_API}/Messages.json", [message])
    world.api.add_rows("api", f"{history.FIRST_API}/Calls.json", [call])
    world.api.add_rows("conversations", "/v1/Conversations", [conversation])
    world.api.add_rows("conversations", f"/v1/Conversations/{conversation['sid']}/Participants", participants)
    return [str(row["sid"]) for row in (message, call, conversation)]


def sort_requests(asked: list[str]) -> tuple[set[str], list[str], Counter[str]]:
    """Return whose participants were asked for, where open conversations were, and the pages of the other lists."""
    participants = {found[1] for path in asked if (found := re.search(r"/(CH\w+)/Participants", path))}
    others = [path for path in asked if "/Participants" not in path]
    since = history.iso(ENDS_S - HOUR_S).replace(":", "%3A")
    looked_at = [path for path in others if "v1/Conversations" in path and f"StartDate={since}" not in path]
    lists = Counter(re.sub(r"&Page=.*", "", path) for path in others if path not in looked_at)
    return participants, looked_at, lists


def test_what_is_down_comes_later() -> None:
    """A product that fails for a while delays its own slices; nothing is lost."""
    world = SyncWorld(ENDS_S)
    world.api.add_rows("api", f"{history.FIRST_API}/Calls.json", history.make_calls(30, BEGINS_S, ENDS_S))
    world.job.script = lambda _name, number: (UnavailableError("s3", "down"), False) if number in {40, 45, 47} else None
    assert "done" == world.sync(resources=("calls",))["phase"]
    assert 30 == len(world.files.read_table("calls"))
