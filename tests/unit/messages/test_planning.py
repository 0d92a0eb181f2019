"""However often planning is killed, doubled or late, each row is planned once and counted once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.messages.campaigns import NINE, World, make_rows
from twilio_bridge import deadline
from twilio_bridge.errors import UnavailableError
from twilio_bridge.messages.campaign import Campaign, Source, SourceKind
from twilio_bridge.messages.planning import planner as planning
from twilio_bridge.messages.planning.planner import plan_campaign
from twilio_bridge.messages.ports import SourceRow
from twilio_bridge.messages.progress import count_rows
from twilio_bridge.messages.row import Row


class KilledError(Exception):
    """The instance ends at this moment."""


@dataclass
class Killing:
    """A port that ends the instance before or after some of its writes."""

    port: Any
    kills: list[tuple[int, bool]]
    writes: int = field(default=0)

    def __getattr__(self, name: str) -> Any:
        real = getattr(self.port, name)
        if name not in {"add_rows", "save_campaign"}:
            return real

        def write(*args: Any) -> Any:
            self.writes += 1
            if (self.writes, False) in self.kills:
                raise KilledError
            done = real(*args)
            if (self.writes, True) in self.kills:
                raise KilledError
            return done

        return write


@dataclass
class Late:
    """The port Campaigns, which first returns campaigns as they were."""

    world: World
    found: list[Campaign]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.world.campaigns, name)

    def find_campaign(self, campaign_id: str) -> Campaign | None:
        return self.found.pop() if self.found else self.world.campaigns.find_campaign(campaign_id)


def plan_until_done(world: World, kills: Sequence[tuple[int, bool]]) -> None:
    killing = Killing(world.campaigns, list(kills)), Killing(world.ledger, list(kills))
    for _ in range(50):
        try:
            plan_campaign("spring", world.planning(campaigns=killing[0], ledger=killing[1]))
        except KilledError:
            continue
        return


def test_rows_are_planned_and_sending_begins() -> None:
    """Numbered as they stand in the source, due at once, with what their texts need."""
    world = World(prices={"+44": 0.04, "+4479": 0.05})
    world.create(make_rows(250))
    plan_campaign("spring", world.planning())

    rows = world.rows()
    assert [row.number for row in rows] == [*range(1, 251)]
    assert rows[0] == Row(
        campaign="spring",
        number=1,
        address="+447946000001",
        country="GB",
        values={"Name": "P1"},
        origin="line 2",
        sender="+15005550006",
        due_at=NINE,
        segments=1,
        estimate_micros=50_000,
    )
    assert (world.campaign.state, world.campaign.planning.rows) == ("sending", 250)
    assert count_rows(world.campaign, world.ledger.read_counts("spring")).tallies == {"waiting": 250}
    assert [len(asked) for asked in world.suppressions.asked] == [100, 100, 50]


@given(kills=st.lists(st.tuples(st.integers(1, 8), st.booleans()), max_size=5))
def test_planning_that_is_killed_goes_on(kills: list[tuple[int, bool]]) -> None:
    """Before or after any of its writes."""
    world = World()
    given_rows = make_rows(21)
    given_rows[15] = replace(given_rows[15], values={"to": "+447946000001", "Name": "again"})
    world.create(given_rows)
    with patch.object(planning, "ROWS_PER_PART", 10):
        plan_until_done(world, kills)

    assert world.campaign.state == "sending"
    assert [row.number for row in world.rows()] == [*range(1, 22)]
    assert [row.number for row in world.rows() if row.reason == "duplicate"] == [16]
    counts = count_rows(world.campaign, world.ledger.read_counts("spring"))
    assert counts.tallies == world.ledger.tally_rows("spring").tallies == {"waiting": 20, "skipped_duplicate": 1}


def test_two_that_plan_at_once_plan_once() -> None:
    """The second comes in between the first one's writes."""
    world = World()
    world.create(make_rows(320))
    real = world.ledger.add_rows

    def add_rows(rows: Sequence[Row]) -> list[Row]:
        done = real(rows)
        if rows[0].number == 101:
            world.ledger.add_rows = real  # type: ignore[method-assign]
            plan_campaign("spring", world.planning())
        return done

    world.ledger.add_rows = add_rows  # type: ignore[method-assign]
    plan_campaign("spring", world.planning())

    assert [row.number for row in world.rows()] == [*range(1, 321)]
    assert (world.campaign.state, world.campaign.planning.rows) == ("sending", 320)


def test_a_late_one_changes_no_row_that_was_sent() -> None:
    """It read the campaign before the other had planned and sent."""
    world = World()
    world.create(make_rows(3))
    before = world.campaign
    plan_campaign("spring", world.planning())
    (first, *_) = world.rows()
    sent = replace(first, state="submitted", status="queued", sid="SM1", due_at=NINE + 9)
    assert world.ledger.save_row(first, sent)

    late = Late(world, [replace(before, planning=replace(before.planning, is_checked=True))])
    plan_campaign("spring", world.planning(campaigns=late))
    assert world.rows()[0].sid == "SM1"
    assert count_rows(world.campaign, world.ledger.read_counts("spring")).total == 3


def test_faults_of_the_source_refuse_the_campaign_before_any_row() -> None:
    """All are counted, and the first are kept."""
    world = World()
    broken = [SourceRow(f"line {n}", {}, str(n), f"line {n}: broken") for n in range(2, 72)]
    world.create([*make_rows(150), *broken])
    plan_campaign("spring", world.planning())

    assert world.rows() == []
    assert (world.campaign.state, world.campaign.cause) == ("refused", "70 faults in the source")
    assert world.campaign.planning.faults[:2] == ("line 2: broken", "line 3: broken")
    assert (len(world.campaign.planning.faults), world.campaign.planning.fault_count) == (50, 70)


def test_a_source_of_a_million_rows_and_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows' numbers have seven digits."""
    monkeypatch.setattr(planning, "MAX_ROWS_COUNT", 3)
    world = World()
    world.create(make_rows(4))
    plan_campaign("spring", world.planning())

    assert (world.campaign.state, world.rows()) == ("refused", [])
    assert world.campaign.planning.faults[0].startswith("source: has more than 3 rows")


@pytest.mark.parametrize("kind", ["csv", "airtable"])
def test_a_source_without_rows_is_refused(kind: SourceKind) -> None:
    """Nothing would be sent, and nobody would know why."""
    world = World()
    world.create([], source=Source(kind=kind, key="list"))
    plan_campaign("spring", world.planning())

    assert (world.campaign.state, world.campaign.cause) == ("refused", "the source has no rows")


def test_a_view_in_airtable_is_read_once() -> None:
    """Its records can have no faults, and requests are few."""
    world = World()
    world.create(make_rows(3), source=Source(kind="airtable", key="list"))
    reads, real = [], world.sources.read_rows
    world.sources.read_rows = lambda *args: (reads.append(args), real(*args))[1]  # type: ignore[method-assign,func-returns-value]
    plan_campaign("spring", world.planning())

    assert (len(reads), world.campaign.state) == (1, "sending")


def test_a_source_that_changed_refuses_the_campaign() -> None:
    """A file that is replaced while it is read is another list."""
    world = World()
    world.create(make_rows(3))
    world.sources.is_changed = True
    plan_campaign("spring", world.planning())

    assert world.campaign.state == "refused"
    assert "replaced or removed" in world.campaign.cause


def test_another_invocation_goes_on_where_time_runs_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each part there is a look at the clock."""
    world = World()
    world.create(make_rows(250))
    looks = iter([True, True, False])
    monkeypatch.setattr(planning, "_has_time", lambda: next(looks, True))
    plan_campaign("spring", world.planning())

    assert (world.campaign.state, world.campaign.planning.rows) == ("planning", 200)
    assert world.continuation.requested == ["spring"]
    plan_campaign("spring", world.planning())
    assert (world.campaign.state, world.campaign.planning.rows) == ("sending", 250)


@pytest.mark.parametrize(("seconds", "rows"), [(planning.MIN_LEFT_S + 5, 3), (planning.MIN_LEFT_S - 5, 0)])
def test_the_clock_is_the_invocation_s(seconds: float, rows: int) -> None:
    """With too little left nothing is begun."""
    world = World()
    world.create(make_rows(3))
    with deadline.limit(seconds):
        plan_campaign("spring", world.planning())

    assert len(world.rows()) == rows


def test_a_campaign_that_is_cancelled_meanwhile_is_planned_no_further() -> None:
    """What was planned is counted, so that it can be cancelled row by row."""
    world = World()
    world.create(make_rows(250))
    real = world.ledger.add_rows

    def add_rows(rows: Sequence[Row]) -> list[Row]:
        if rows[0].number == 101:
            assert world.campaigns.save_campaign(
                world.campaign, world.campaign.change_state("cancelling", NINE, "stop")
            )
        return real(rows)

    world.ledger.add_rows = add_rows  # type: ignore[method-assign]
    plan_campaign("spring", world.planning())

    assert (world.campaign.state, world.campaign.planning.rows, len(world.rows())) == ("cancelling", 200, 200)
    assert not world.campaign.planning.is_complete


def test_a_refusal_keeps_its_cause_where_somebody_else_writes_first() -> None:
    """Here a resume with a higher limit, while the source is read."""
    world = World()
    campaign = world.create([])
    real = world.campaigns.save_campaign

    def save_campaign(before: Campaign, after: Campaign) -> bool:
        if after.state == "refused" and world.campaign.max_spend_micros is None:
            assert real(world.campaign, replace(world.campaign, max_spend_micros=5))
        return real(before, after)

    world.campaigns.save_campaign = save_campaign  # type: ignore[method-assign]
    plan_campaign(campaign.id, world.planning())

    assert (world.campaign.state, world.campaign.cause) == ("refused", "the source has no rows")
    assert world.campaign.finished_at > 0
    assert world.campaign.max_spend_micros == 5


def test_a_campaign_that_others_change_all_the_time_is_given_up() -> None:
    """What begins planning again does so later."""
    world = World()
    world.create(make_rows(3))

    save = patch.object(world.campaigns, "save_campaign", return_value=False)
    with save, pytest.raises(UnavailableError, match="campaigns"):
        plan_campaign("spring", world.planning())


def test_a_pause_holds_sending_and_not_planning() -> None:
    """Once all is planned the campaign waits for whoever paused it."""
    world = World()
    campaign = world.create(make_rows(250))
    assert world.campaigns.save_campaign(campaign, campaign.change_state("paused", NINE, "look first"))
    plan_campaign("spring", world.planning())

    assert (world.campaign.state, world.campaign.cause) == ("paused", "look first")
    assert world.campaign.planning.is_complete


def test_a_test_sends_the_first_good_row_to_the_test_number() -> None:
    """At any hour, and nothing else is planned."""
    world = World(at=NINE + 15 * 3_600_000)
    given_rows = make_rows(250)
    given_rows[0] = replace(given_rows[0], values={"to": "+447946000001", "Name": ""})
    world.create(given_rows, test_to="+491701234567")
    plan_campaign("spring", world.planning())

    assert [(row.state, row.address, row.due_at) for row in world.rows()] == [
        ("skipped", "+491701234567", None),
        ("waiting", "+491701234567", world.at),
    ]
    assert world.rows()[1].values == {"Name": "P2"}
    assert (world.campaign.state, world.campaign.planning.rows) == ("sending", 2)


def test_nothing_is_planned_of_what_is_not_there() -> None:
    """A message for a campaign that nobody has made does nothing."""
    assert plan_campaign("spring", World().planning()) is None
