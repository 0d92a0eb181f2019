"""Pause, resume, cancel: asked for twice, crossed by others, or asked for at the wrong moment."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.messages.world import ID, NOON, World, row
from twilio_bridge.errors import BadRequestError, NotFoundError
from twilio_bridge.messages.campaign import Campaign, Planning
from twilio_bridge.messages.sending.steering import cancel_campaign, pause_campaign, resume_campaign


def world(state: Any = "sending") -> World:
    one = World(rows=[row(1)])
    planned = replace(one.campaign, planning=Planning(is_complete=state != "planning"))
    one.campaigns.save_campaign(one.campaign, planned.change_state(state, NOON))
    return one


def resume(one: World, max_spend_micros: int | None = None) -> Campaign:
    return resume_campaign(one.campaigns, ID, NOON + 1, lambda: one.ledger.read_counts(ID), max_spend_micros)


def test_twice_is_once() -> None:
    """And the first cause stays."""
    one = world()
    for cause in ("first", "second"):
        assert ("paused", "first") == (pause_campaign(one.campaigns, ID, NOON, cause).state, one.campaign.cause)
    for _ in range(2):
        assert ("sending", "") == (resume(one).state, one.campaign.cause)
    for _ in range(2):
        assert "cancelling" == cancel_campaign(one.campaigns, ID, NOON, "").state


@pytest.mark.parametrize("state", ["finished", "refused", "cancelling", "cancelled"])
def test_what_cannot_be_paused_or_resumed(state: Any) -> None:
    """The error names the state, and what would do."""
    one = world(state)
    with pytest.raises(BadRequestError, match=f"{ID} is {state}: only one that is planning or sending can be"):
        pause_campaign(one.campaigns, ID, NOON, "")
    with pytest.raises(BadRequestError, match=f"{ID} is {state}"):
        resume(one)


def test_a_campaign_that_is_still_planned_is_paused_and_goes_on() -> None:
    """Planning goes on meanwhile; sending does not begin before it is done."""
    one = world("planning")
    assert "paused" == pause_campaign(one.campaigns, ID, NOON, "asked").state
    assert "planning" == resume(one).state


@pytest.mark.parametrize("state", ["finished", "refused"])
def test_what_has_ended_cannot_be_cancelled(state: Any) -> None:
    """Nothing of it is left."""
    with pytest.raises(BadRequestError, match=state):
        cancel_campaign(world(state).campaigns, ID, NOON, "")


def test_a_campaign_that_is_not_there() -> None:
    """It is named."""
    with pytest.raises(NotFoundError, match="other"):
        pause_campaign(world().campaigns, "other", NOON, "")


def test_a_change_that_somebody_crosses_is_decided_anew() -> None:
    """A cancel between reading and writing a pause wins."""
    one = world()
    find = one.campaigns.find_campaign
    crossed: list[bool] = []

    def find_and_cross(campaign_id: str) -> Campaign | None:
        read = find(campaign_id)
        if read and not crossed:
            crossed.append(one.campaigns.save_campaign(read, read.change_state("cancelling", NOON)))
        return read

    one.campaigns.find_campaign = find_and_cross  # type: ignore[method-assign]
    with pytest.raises(BadRequestError, match="cancelling"):
        pause_campaign(one.campaigns, ID, NOON, "")
    assert "cancelling" == one.campaign.state


def test_a_spend_that_is_used_up_needs_a_higher_limit() -> None:
    """The two figures are named."""
    one = world("paused")
    spent = row(2, state="ended", status="delivered", sid="SM1", price_micros=1_500_000)
    one.ledger.add_rows([row(2)])
    one.ledger.save_row(row(2), spent)
    with pytest.raises(BadRequestError, match=r"1\.50 of 1\.00 USD"):
        resume(one, 1_000_000)
    assert ("sending", 2_000_000) == (resume(one, 2_000_000).state, one.campaign.max_spend_micros)
