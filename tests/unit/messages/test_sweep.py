"""The sweep queues what can be sent, holds what is paused, and ends a campaign when its rows add up."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.unit.messages.campaigns import NINE, World, make_rows
from twilio_bridge.errors import UnavailableError
from twilio_bridge.messages import sweep
from twilio_bridge.messages.campaign import Campaign, CampaignState, Sender
from twilio_bridge.messages.planning.planner import plan_campaign
from twilio_bridge.messages.progress import count_rows
from twilio_bridge.messages.row import Row
from twilio_bridge.messages.sweep import QUEUE_AGAIN_MS, SECONDS_AHEAD, sweep_campaigns

MINUTE_MS = 60_000


def planned(count: int, **settings: object) -> World:
    world = World()
    world.create(make_rows(count), **settings)
    plan_campaign("spring", world.planning())
    return world


def sends(world: World) -> list[int]:
    """Return the rows that were queued since the last look."""
    queued = [number for _, number, _ in world.queues.sends]
    world.queues.sends.clear()
    return queued


def change(world: World, number: int, **values: object) -> None:
    row = world.ledger.rows["spring", number]
    assert world.ledger.save_row(row, replace(row, **values))  # type: ignore[arg-type]


def end(world: World, row: Row) -> None:
    change(world, row.number, state="ended", status="delivered", sid=f"SM{row.number}", due_at=None)


def steer(world: World, state: CampaignState) -> None:
    assert world.campaigns.save_campaign(world.campaign, world.campaign.change_state(state, world.at, "as asked"))


def state_of(world: World) -> str:
    return world.campaign.state


def test_as_many_are_queued_as_can_be_sent_until_the_next_one() -> None:
    """In the source's order; those that are still underway count."""
    world = planned(500, rate_per_s=2)
    first = sweep_campaigns(world.sweeping())
    assert first == {"campaigns": 1, "queued": 2 * SECONDS_AHEAD, "failed": 0}
    assert sends(world) == [*range(1, 181)]

    for row in world.rows()[:120]:
        end(world, row)
    world.at += MINUTE_MS
    sweep_campaigns(world.sweeping())
    assert sends(world) == [*range(181, 301)]


def test_no_more_is_queued_than_the_senders_can_send() -> None:
    """What waits longer in the queue would be queued once more; of several senders the sum counts."""
    world = planned(500, rate_per_s=10, sender=Sender(number="+15005550006", countries={"+49": "+4915112345678"}))
    deps = replace(world.sweeping(), sender_rate={"+15005550006": 0.5, "+4915112345678": 1.0}.__getitem__)
    sweep_campaigns(deps)

    assert len(sends(world)) == 1.5 * SECONDS_AHEAD


def test_one_a_sweep_at_least(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the campaign is to be."""
    world = planned(3, rate_per_s=0.01)
    monkeypatch.setattr(sweep, "SECONDS_AHEAD", 50)
    sweep_campaigns(world.sweeping())

    assert sends(world) == [1]


def test_what_a_queue_has_lost_is_queued_again() -> None:
    """After ten minutes, and not before."""
    world = planned(50)
    sweep_campaigns(world.sweeping())
    assert len(sends(world)) == 50

    world.at += QUEUE_AGAIN_MS - 1
    sweep_campaigns(world.sweeping())
    assert sends(world) == []
    world.at += 1
    sweep_campaigns(world.sweeping())
    assert len(sends(world)) == 50


def test_a_sweep_that_is_killed_loses_nothing() -> None:
    """It had queued, and not written how far it was: twice is harmless."""
    world = planned(50)
    real, world.campaigns.write_sweep = world.campaigns.write_sweep, _fail  # type: ignore[method-assign,assignment]
    assert sweep_campaigns(world.sweeping())["failed"] == 1
    world.campaigns.write_sweep = real  # type: ignore[method-assign]
    sweep_campaigns(world.sweeping())

    assert len(sends(world)) == 100


def _fail(*_args: object) -> None:
    raise UnavailableError("dynamodb", "away")


@pytest.mark.parametrize("error", [UnavailableError("dynamodb", "away"), KeyError("a mistake of ours")])
def test_one_campaign_that_fails_holds_no_other_up(error: Exception) -> None:
    """The next one is swept all the same."""
    world = planned(1)
    real = world.campaigns.find_campaign

    def find(campaign_id: str) -> Campaign | None:
        if campaign_id == "away":
            raise error
        return real(campaign_id)

    world.campaigns.find_campaign = find  # type: ignore[method-assign]
    world.campaigns.list_active = lambda: ["away", "spring"]  # type: ignore[method-assign]
    assert sweep_campaigns(world.sweeping()) == {"campaigns": 2, "queued": 1, "failed": 1}


def test_rows_that_are_due_later_wait() -> None:
    """Each for its own moment."""
    world = planned(3)
    change(world, 2, due_at=NINE + MINUTE_MS)
    sweep_campaigns(world.sweeping())
    assert sends(world) == [1, 3]
    world.at += MINUTE_MS
    sweep_campaigns(world.sweeping())
    assert sends(world) == [2]


def test_what_twilio_keeps_until_then_is_queued_at_once() -> None:
    """As far ahead as Twilio takes it."""
    world = planned(2, is_scheduled_at_twilio=True)
    change(world, 1, due_at=NINE + 30 * 86_400_000)
    change(world, 2, due_at=NINE + 35 * 86_400_000)
    sweep_campaigns(world.sweeping())

    assert sends(world) == [1]


def test_a_paused_campaign_sends_nothing_and_is_followed() -> None:
    """What Twilio may have is looked up, what it has is asked for; resumed, it goes on at once."""
    world = planned(5)
    change(world, 1, state="submitted", status="queued", due_at=NINE - 3 * MINUTE_MS)
    change(world, 2, state="uncertain", due_at=NINE - 3 * MINUTE_MS)
    change(world, 3, state="submitted", status="queued", due_at=NINE)  # somebody is looking after it just now
    steer(world, "paused")
    sweep_campaigns(world.sweeping())
    assert (sends(world), world.queues.polls) == ([2], [("spring", 1, 0)])

    steer(world, "sending")
    sweep_campaigns(world.sweeping())
    assert sorted(sends(world)) == [2, 4, 5]


def test_a_resume_queues_at_once_what_the_pause_took_out_of_the_queue() -> None:
    """Whoever gets a row of a paused campaign lets it be: its message is gone, and the row waits."""
    world = planned(50)
    sweep_campaigns(world.sweeping())
    sends(world)
    world.at += 1_000
    steer(world, "paused")
    sweep_campaigns(world.sweeping())
    world.at += 1_000
    steer(world, "sending")
    sweep_campaigns(world.sweeping())

    assert sends(world) == [*range(1, 51)]


def test_a_cancelled_campaign_queues_all_that_can_still_be_cancelled() -> None:
    """Rows that wait, however long, and those that Twilio has only scheduled; then it is cancelled."""
    world = planned(5)
    change(world, 1, due_at=NINE + 30 * 86_400_000)
    change(world, 2, state="submitted", status="scheduled", send_at=NINE + 86_400_000, due_at=NINE + 86_400_000)
    change(world, 3, state="submitted", status="sent", due_at=NINE + MINUTE_MS)
    steer(world, "cancelling")
    sweep_campaigns(world.sweeping())
    assert sorted(sends(world)) == [1, 2, 4, 5]
    assert world.campaign.state == "cancelling"

    for number in (1, 2, 4, 5):
        change(world, number, state="cancelled", due_at=None)
    sweep_campaigns(world.sweeping())
    assert world.campaign.state == "cancelling"
    change(world, 3, state="ended", status="delivered", due_at=None)
    sweep_campaigns(world.sweeping())
    assert (world.campaign.state, world.campaign.cause) == ("cancelled", "as asked")
    counts = count_rows(world.campaign, world.ledger.read_counts("spring"))
    assert (counts.total, counts.count_outcome("cancelled"), counts.count_outcome("sent")) == (5, 4, 1)


@pytest.mark.parametrize(
    "last",
    [
        lambda world: change(world, 3, state="ended", status="undelivered", due_at=None),
        lambda world: change(world, 3, state="error", status="Error", due_at=None),
        lambda world: change(world, 3, state="skipped", reason="opted_out", due_at=None),
        lambda world: change(world, 3, state="ended", status="sent", due_at=None),  # as it is after the last poll
    ],
    ids=["undelivered", "error", "skipped", "sent"],
)
def test_a_campaign_is_finished_once_no_row_is_open(last: Callable[[World], None]) -> None:
    """And not one row sooner."""
    world = planned(3)
    for row in world.rows()[:2]:
        end(world, row)
    sweep_campaigns(world.sweeping())
    assert state_of(world) == "sending"

    last(world)
    sweep_campaigns(world.sweeping())
    assert state_of(world) == "finished"
    assert sweep_campaigns(world.sweeping()) == {"campaigns": 0, "queued": 0, "failed": 0}
    counts = count_rows(world.campaign, world.ledger.read_counts("spring"))
    outcomes = sum(counts.count_outcome(each) for each in ("sent", "failed", "skipped", "cancelled"))
    assert (outcomes, counts.total, counts.open) == (3, 3, 0)


def test_a_campaign_all_of_whose_rows_are_skipped_is_finished() -> None:
    """There is nothing to wait for."""
    world = World()
    world.create(make_rows(2), to_column="Mobil")
    plan_campaign("spring", world.planning())
    sweep_campaigns(world.sweeping())

    assert world.campaign.state == "finished"


def test_rows_that_planning_wrote_and_did_not_count_are_found() -> None:
    """It was killed in between, and then the campaign was cancelled: they are cancelled, too, and the sum is theirs."""
    world = World()
    world.create(make_rows(150))
    steer_early = world.campaign
    checked = replace(steer_early, planning=replace(steer_early.planning, is_checked=True))
    assert world.campaigns.save_campaign(steer_early, checked)
    real, world.campaigns.save_campaign = world.campaigns.save_campaign, _fail  # type: ignore[method-assign,assignment]
    with pytest.raises(UnavailableError):
        plan_campaign("spring", world.planning())
    world.campaigns.save_campaign = real  # type: ignore[method-assign]
    steer(world, "cancelling")
    assert (world.campaign.planning.rows, len(world.rows())) == (0, 100)

    sweep_campaigns(world.sweeping())
    assert (len(sends(world)), world.campaign.state) == (100, "cancelling")
    for row in world.rows():
        change(world, row.number, state="cancelled", due_at=None)
    world.at += sweep.PLAN_AGAIN_MS
    sweep_campaigns(world.sweeping())
    assert (world.campaign.state, world.campaign.planning.rows) == ("cancelling", 100)
    sweep_campaigns(world.sweeping())
    assert world.campaign.state == "cancelled"
    counts = count_rows(world.campaign, world.ledger.read_counts("spring"))
    assert counts.tallies == {"cancelled": 100}


def test_counts_that_cannot_be_right_end_nothing() -> None:
    """Whoever looks finds an error in the log, and no sum that is not the rows'."""
    world = planned(2)
    for row in world.rows():
        end(world, row)
    world.ledger.changes["spring"]["ended_delivered"] += 1
    world.ledger.changes["spring"]["waiting"] -= 1
    sweep_campaigns(world.sweeping())

    assert world.campaign.state == "sending"


def test_planning_that_stands_still_goes_on() -> None:
    """Its invocation was lost; one that has just begun is left alone."""
    world = World()
    world.create(make_rows(2))
    sweep_campaigns(world.sweeping())
    assert world.continuation.requested == []
    world.at += sweep.PLAN_AGAIN_MS
    sweep_campaigns(world.sweeping())
    assert world.continuation.requested == ["spring"]
