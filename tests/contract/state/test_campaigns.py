"""A campaign is what was asked for first, whoever asks again, and its state moves one change at a time."""

from dataclasses import replace
from datetime import time

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from tests.fakes.messages import MemoryCampaigns
from twilio_bridge.adapters.state.campaigns import DynamoCampaigns
from twilio_bridge.messages.campaign import CampaignSettings, Planning, Sender, Source
from twilio_bridge.messages.ports import Campaigns
from twilio_bridge.messages.quiet_hours import Window

NINE = 1_796_029_200_000
SETTINGS = CampaignSettings(
    id="spring-2026",
    fingerprint="f1",
    source=Source(kind="csv", bucket="files", key="spring.csv", etag='"e"', size=7, encoding="utf-8", delimiter=";"),
    sender=Sender(countries={"+49": "+4915112345678"}, number="+15005550006"),
    text="Hallo <Name|du> 😀",
    content_variables={"1": "<Name>"},
    media=("https://example.com/a.jpg",),
    columns={"Name": "Vorname"},
    window=Window(time(21, 30), time(6), frozenset({0, 6})),
    max_spend_micros=5,
    max_failure_percent=2.5,
    blocked_countries=frozenset({"US", "CA"}),
)


@pytest.fixture(params=["memory", "dynamodb"])
def campaigns(request: pytest.FixtureRequest) -> Campaigns:
    if request.param == "memory":
        return MemoryCampaigns()
    return DynamoCampaigns(request.getfixturevalue("aws").table(SYNC_STATE))


def test_a_new_one_begins_to_be_planned(campaigns: Campaigns) -> None:
    """With all that was asked for, as it was asked for."""
    created = campaigns.create_campaign(SETTINGS, NINE)

    assert (created.state, created.created_at, created.changed_at) == ("planning", NINE, NINE)
    assert campaigns.find_campaign("spring-2026") == created
    assert created.settings == SETTINGS
    assert campaigns.list_active() == ["spring-2026"]
    assert campaigns.find_campaign("another") is None


def test_the_same_id_again_is_the_first(campaigns: Campaigns) -> None:
    """Whatever the second asks for."""
    created = campaigns.create_campaign(SETTINGS, NINE)
    again = campaigns.create_campaign(replace(SETTINGS, text="other", fingerprint="f2"), NINE + 5)

    assert again == created == campaigns.find_campaign("spring-2026")


def test_a_change_of_what_has_changed_is_refused(campaigns: Campaigns) -> None:
    """Of two who read the same one writes."""
    read = campaigns.create_campaign(SETTINGS, NINE)
    planned = replace(read, planning=Planning(rows=100, skipped={"duplicate": 2}, faults=("line 3: é",), place="9:3"))

    assert campaigns.save_campaign(read, planned.change_state("sending", NINE + 1))
    assert not campaigns.save_campaign(read, read.change_state("paused", NINE + 2, "too late"))
    found = campaigns.find_campaign("spring-2026")
    assert found is not None
    assert (found.state, found.planning, found.version) == ("sending", planned.planning, read.version + 1)

    raised = replace(found, forgiven_failed=3, forgiven_ended=9, max_spend_micros=77)
    assert campaigns.save_campaign(found, raised.change_state("paused", NINE + 3, "spent"))
    assert campaigns.find_campaign("spring-2026") == replace(
        raised, state="paused", cause="spent", changed_at=NINE + 3, version=found.version + 1
    )


@pytest.mark.parametrize("state", ["finished", "cancelled", "refused"])
def test_one_that_has_ended_is_active_no_more(campaigns: Campaigns, state: str) -> None:
    """The sweep leaves it alone, and it says when it ended."""
    read = campaigns.create_campaign(SETTINGS, NINE)
    campaigns.save_campaign(read, read.change_state(state, NINE + 1, "why"))  # type: ignore[arg-type]
    found = campaigns.find_campaign("spring-2026")

    assert campaigns.list_active() == []
    assert found is not None
    assert (found.state, found.cause, found.finished_at) == (state, "why", NINE + 1)


def test_the_sweep_goes_on_where_it_was(campaigns: Campaigns) -> None:
    """Nothing before the first."""
    assert campaigns.read_sweep("spring-2026") == {}
    campaigns.write_sweep("spring-2026", {"place": "x", "since": NINE, "state": "sending"})
    assert campaigns.read_sweep("spring-2026") == {"place": "x", "since": NINE, "state": "sending"}


def test_a_request_that_was_cut_off_is_completed_by_the_same_again(aws: Aws) -> None:
    """The settings were written, the state was not: until then there is no campaign."""
    table = aws.table(SYNC_STATE)
    DynamoCampaigns(table).create_campaign(SETTINGS, NINE)
    head = {":version": 1}
    assert table.delete("CAMPAIGN#spring-2026", "HEAD", when="version = :version", values=head)

    assert DynamoCampaigns(table).find_campaign("spring-2026") is None
    again = DynamoCampaigns(table).create_campaign(replace(SETTINGS, text="other"), NINE + 5)
    assert (again.state, again.settings.text) == ("planning", SETTINGS.text)


def test_a_request_that_was_cut_off_is_not_begun_by_another(aws: Aws) -> None:
    """Nobody was told that it is sent, and somebody wants another one under its name."""
    table = aws.table(SYNC_STATE)
    DynamoCampaigns(table).create_campaign(SETTINGS, NINE)
    assert table.delete("CAMPAIGN#spring-2026", "HEAD", when="version = :version", values={":version": 1})

    other = DynamoCampaigns(table).create_campaign(replace(SETTINGS, fingerprint="f2"), NINE + 5)
    assert other.settings.fingerprint == "f1"
    assert DynamoCampaigns(table).find_campaign("spring-2026") is None
    assert DynamoCampaigns(table).list_active() == []


def test_settings_are_read_once_an_instance(aws: Aws) -> None:
    """A look at a campaign is one read of its state."""
    campaigns = DynamoCampaigns(aws.table(SYNC_STATE))
    campaigns.create_campaign(SETTINGS, NINE)

    assert ["GetItem"] == aws.count(lambda: campaigns.find_campaign("spring-2026"))
