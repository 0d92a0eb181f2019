"""How single slices go: halved, failed, looked at again, gone; and what stays of it for the next run."""

import json
from random import Random
from typing import Any

import pytest

from tests.sizes import IS_PROVING
from tests.unit.sync import history
from tests.unit.sync.world import WORKSPACE, Killed, SyncWorld
from twilio_bridge.config import schema
from twilio_bridge.sync.streams import DAY_MS

DAY_S = 86_400
# 20 March 2026, 12:00 UTC.
NOON_S = 1_774_008_000
MESSAGES = f"{history.FIRST_API}/Messages.json"
CHANCE = Random(1)  # noqa: S311  made-up, no secrets


def world_at(now_s: int = NOON_S, **more: Any) -> SyncWorld:
    return SyncWorld(now_s, **more)


def sids(world: SyncWorld, table: str = "messages") -> list[str]:
    return [str(row["sid"]) for row in world.files.read_table(table)]


def place_of(world: SyncWorld, stream: str) -> int | None:
    """Return a stream's watermark."""
    found = [item for name, item in world.places().items() if name.startswith(f"place#{stream}#")]
    return int(found[0]["watermark"]["N"]) if found and "watermark" in found[0] else None


def message(number: int, at_s: int, status: str = "delivered", **more: Any) -> dict[str, Any]:
    return history.make_message(number, at_s, status, CHANCE, **more)


def test_a_slice_that_is_too_large_is_halved_until_it_is_not() -> None:
    """Every row is there, and the watermark where it should be."""
    world = world_at()
    rows = [message(number, NOON_S - DAY_S + number * 8) for number in range(2_600)]
    world.api.add_rows("api", MESSAGES, rows)
    world.adapter.max_pages = 1
    world.pages_per_call = 1
    progress = world.sync(
        type="full", resources=("messages",), since=(NOON_S - DAY_S // 2 - DAY_S) * 1000, until=NOON_S // DAY_S * DAY_MS
    )
    assert "done" == progress["phase"]
    newest = NOON_S // DAY_S * DAY_S
    expected = {
        row["sid"] for row in rows if history.iso(newest) > history.iso(NOON_S - DAY_S + int(row["sid"][6:], 16) * 8)
    }
    assert expected == set(sids(world))
    assert newest * 1000 == place_of(world, "messages")


def test_a_slice_that_fails_stops_itself_alone() -> None:
    """The others are read; the watermark stays before it, so that the next run reads it again."""
    world = world_at()
    world.api.add_rows("api", MESSAGES, [message(number, NOON_S - number * DAY_S // 2) for number in range(1, 10)])
    bad_day = history.iso(NOON_S - 3 * DAY_S)[:10]
    world.adapter.failures = {f"DateSent%3E={bad_day}": 401}
    progress = world.sync(resources=("messages",), since=(NOON_S - 5 * DAY_S) * 1000)
    assert "failed" == progress["phase"]
    assert [(1, 0)] == [(each["failed"], each["left"]) for each in progress["streams"]]
    assert (NOON_S - 3 * DAY_S) // DAY_S * DAY_MS == place_of(world, "messages")
    assert 7 == len(set(sids(world)))

    world.adapter.failures = {}
    world.clock.sleep(3_600)
    assert "done" == world.sync(resources=("messages",))["phase"]
    assert 9 == len(set(sids(world)))
    assert (NOON_S + 3_600) * 1000 <= (place_of(world, "messages") or 0)


def test_the_watermark_never_passes_the_run_s_beginning() -> None:
    """However long the run takes, and what comes meanwhile is the next one's."""
    world = world_at()
    world.start(resources=("messages",))
    world.clock.sleep(7_200)
    world.api.add_rows("api", MESSAGES, [message(1, NOON_S + 3_600)])
    world.run()
    assert NOON_S * 1000 == place_of(world, "messages")
    assert [] == sids(world)
    world.sync(resources=("messages",))
    assert 1 == len(sids(world))


def test_rows_without_a_date_are_kept_and_looked_at_again() -> None:
    """A scheduled message is there from the first run on, and once it is sent it is final."""
    world = world_at()
    scheduled = message(1, NOON_S - 2 * DAY_S, "scheduled") | {"date_sent": None}
    world.api.add_rows("api", MESSAGES, [scheduled, *(message(number, NOON_S - 60) for number in range(2, 5))])
    world.sync(resources=("messages",))
    assert 4 == len(sids(world))
    assert [scheduled["sid"]] == world.open_sids("messages")

    sent = scheduled | {"status": "delivered", "date_sent": history.rfc(NOON_S + 60)}
    world.api.add_rows("api", MESSAGES, [sent])
    world.clock.sleep(7_200)
    world.sync(resources=("messages",))
    assert [] == world.open_sids("messages")
    latest = [row for row in world.files.read_table("messages") if row["sid"] == scheduled["sid"]][-1]
    assert "delivered" in {
        row["status"] for row in world.files.read_table("messages") if row["sid"] == scheduled["sid"]
    }
    assert latest["date_created"]


def test_what_is_gone_is_marked() -> None:
    """An open row that Twilio no longer knows, and a final one that a full run does not find."""
    world = world_at()
    rows = [message(1, NOON_S - 3 * DAY_S, "sent"), *(message(n, NOON_S - 3 * DAY_S + n) for n in range(2, 6))]
    world.api.add_rows("api", MESSAGES, rows)
    world.sync(resources=("messages",))
    assert [rows[0]["sid"]] == world.open_sids("messages")

    world.api.replace_rows("api", MESSAGES, rows[2:])
    world.clock.sleep(7_200)
    world.sync(resources=("messages",))
    assert {rows[0]["sid"]} == {row["sid"] for row in world.files.read_table("messages") if row["deleted"]}
    world.clock.sleep(7_200)
    world.sync(type="full", resources=("messages",))
    assert {row["sid"] for row in rows[:2]} == {
        row["sid"] for row in world.files.read_table("messages") if row["deleted"]
    }


def test_many_open_rows_of_a_day_are_listed_with_it() -> None:
    """Sixty messages without a receipt cost a request, not sixty."""
    world = world_at()
    rows = [message(number, NOON_S - 3 * DAY_S + number, "sent") for number in range(60)]
    world.api.add_rows("api", MESSAGES, rows)
    world.sync(resources=("messages",))
    before = len(world.adapter.paths)
    world.clock.sleep(7_200)
    world.sync(resources=("messages",))
    assert len(world.adapter.paths) - before <= 3
    assert 60 == len(world.open_sids("messages"))


def test_each_open_row_is_looked_at_once() -> None:
    """With its day where there are many, else alone; not where the list's beginning shows it anyway."""
    world = world_at()
    many = [message(number, NOON_S - 3 * DAY_S + number, "sent") for number in range(60)]
    few = [message(60 + number, NOON_S - number * DAY_S, "sent") for number in (2, 5)]
    latest = [message(70 + number, NOON_S - number, "sent") for number in range(1, 10)]
    world.api.add_rows("api", MESSAGES, [*few, *many, *latest])
    world.sync(resources=("messages",))
    before = len(world.adapter.paths)
    world.clock.sleep(7_200)
    world.sync(resources=("messages",))
    asked = [path.split("/")[-1].split("?")[0] for path in world.adapter.paths[before:]]
    assert sorted([*(f"{row['sid']}.json" for row in few), "Messages.json", "Messages.json"]) == sorted(asked)
    assert 71 == len(world.open_sids("messages"))


def begin_with_open_rows() -> SyncWorld:
    """Return a world an hour or two after a sync: of sixty open rows of a day one is gone, one has no date."""
    world, chance = world_at(), Random(2)  # noqa: S311  made-up, no secrets
    begins_s = NOON_S - 3 * DAY_S
    sent = [history.make_message(number, begins_s + number, "sent", chance) for number in range(60)]
    few = [history.make_message(number, begins_s - 2 * DAY_S, "sent", chance) for number in (61, 62)]
    scheduled = history.make_message(60, begins_s, "scheduled", chance) | {"date_sent": None}
    world.api.add_rows("api", MESSAGES, [*few, scheduled, *sent])
    world.sync(resources=("messages",))

    late = [sent[1] | {"status": "delivered"}, few[0] | {"status": "failed"}, scheduled | {"status": "canceled"}]
    world.api.replace_rows("api", MESSAGES, [few[1], *late, *sent[2:]])
    world.clock.sleep(7_200)
    return world


def test_what_a_day_s_list_no_longer_shows_is_looked_at_alone() -> None:
    """A scheduled message has no date to be listed under, and what is gone is in no list."""
    world = begin_with_open_rows()
    world.sync(resources=("messages",))
    read = world.files.read_table("messages")
    numbers = [int(sid[6:], 16) for sid in world.open_sids("messages")]
    assert [*range(2, 60), 62] == numbers
    assert {0} == {int(row["sid"][6:], 16) for row in read if row["deleted"]}
    assert {"scheduled", "canceled"} == {row["status"] for row in read if 60 == int(row["sid"][6:], 16)}


@pytest.mark.prove
@pytest.mark.parametrize("has_effect", [False, True])
def test_looking_again_ends_the_same_wherever_it_was_killed(has_effect: bool) -> None:
    """Each call to the outside once, before or after its effect.

    In `make test` every other one that changes something: before and after each of these is between any two.
    Between a checkpoint and what it settles some rows stay open; the next run looks at them once more.
    """
    expected = begin_with_open_rows()
    done = len(expected.job.calls)
    expected.start(resources=("messages",))
    expected.run()
    open_sids = expected.open_sids("messages")
    points = range(done + 1, len(expected.job.calls) + 1)
    changing = [point for point in points if not expected.job.calls[point - 1][0].startswith(("read_", "list_"))]
    for point in points if IS_PROVING else changing[::2]:
        world = begin_with_open_rows()
        sync_killed_at(point, world, has_effect)
        assert expected.files.objects == world.files.objects, point
        assert expected.places() == world.places(), point
        assert {*open_sids} <= {*world.open_sids("messages")}, point

        world.clock.sleep(7_200)
        world.sync(resources=("messages",))
        assert open_sids == world.open_sids("messages"), point


def sync_killed_at(point: int, world: SyncWorld, has_effect: bool) -> None:
    """Kill a sync at one call, and let it go on."""
    begins_s = world.clock.now_s
    killed: Any = Killed()
    world.job.script = lambda _name, number: (killed, has_effect) if number == point else None
    try:
        world.start(resources=("messages",))
    except Killed:
        world.clock.now_s = begins_s
        world.start(resources=("messages",))
    world.run()


def test_four_hundred_days_at_most() -> None:
    """And who asked for more is told."""
    world = world_at()
    progress = world.start(type="full", resources=("messages", "tasks"), since=(NOON_S - 900 * DAY_S) * 1000)
    counts = {each["stream"]: each["slices"] for each in progress["streams"]}
    assert {"messages": 401, "task_events": 30} == counts
    assert 2 == len(progress["notes"])
    assert all("Twilio keeps it for" in note for note in progress["notes"])


def test_events_of_other_channels_and_resources_are_not_taken_in() -> None:
    """Channels and resources narrow what is read."""
    world = world_at()
    events = [
        {
            "sid": f"EV{number:032x}",
            "event_type": kind,
            "event_date": history.iso(NOON_S - 600),
            "event_date_ms": (NOON_S - 600) * 1000,
            "event_data": {
                "task_sid": f"WT{number:032x}",
                "task_channel_unique_name": channel,
                "task_attributes": "{}",
                "worker_sid": f"WK{number:032x}",
                "worker_previous_activity_name": "Break",
                "worker_time_in_previous_activity": "60",
            },
        }
        for number, (kind, channel) in enumerate(
            [("task.created", "voice"), ("task.created", "sms"), ("worker.activity.update", "")]
        )
    ]
    world.api.add_rows("taskrouter", f"/v1/Workspaces/{WORKSPACE}/Events", events)
    world.sync(type="full", resources=("tasks",), channels=("voice",))
    assert ["task#WT" + "0" * 32] == list(world.job.facts._heard)
    assert [] == [row for row in world.job.figures.read_day("2026-03-20") if row.key.startswith("activity")]
    world.sync(type="full", resources=("agent_activity",))
    assert 1 == len([row for row in world.job.figures.read_day("2026-03-20") if row.key.startswith("activity")])


def test_an_old_call_that_nobody_answered_puts_nobody_on_a_list() -> None:
    """It has no event for Brevo that would show how old it is; with --with-events it counts as any other."""
    world = world_at()
    called = {"direction": "outbound", "outbound_to": "+447900000001", "email": "amara@example.com"}
    events = [
        {
            "sid": f"EV{number:032x}",
            "event_type": kind,
            "event_date": history.iso(at_s),
            "event_date_ms": at_s * 1000,
            "event_data": {
                "task_sid": "WT" + "1" * 32,
                "task_channel_unique_name": "voice",
                "task_attributes": json.dumps(called),
                "task_canceled_reason": "no answer",
            },
        }
        for number, (kind, at_s) in enumerate(
            [("task.created", NOON_S - 3 * DAY_S), ("task.canceled", NOON_S - 3 * DAY_S + 20)]
        )
    ]
    world.api.add_rows("taskrouter", f"/v1/Workspaces/{WORKSPACE}/Events", events)
    for with_events, lists in [(False, []), (False, []), (True, [32])]:
        world.sync(type="full", resources=("tasks",), with_events=with_events)
        world.job.finish()
        assert [lists] == [contact.lists for contact in world.job.crm.contacts.values()]


def test_sub_accounts_have_a_place_of_their_own() -> None:
    """Each with slices and a watermark; the reducer's streams are the account's own."""
    other = "AC" + "b" * 32
    settings = schema.Config.model_validate({"sync": {"accounts": [other]}})
    world = world_at(settings=settings)
    world.api.sub_accounts[other] = "token"
    world.api.add_rows(
        "api", f"/2010-04-01/Accounts/{other}/Messages.json", [message(9, NOON_S - 60)], account_sid=other
    )
    world.sync(resources=("messages", "conversations"))
    names = sorted(world.places())
    assert 3 == len(names)
    assert [other] == [row["account_sid"] for row in world.files.read_table("messages")]
