"""What is asked of campaigns: taken in once, refused with all faults, shown before it is sent, listed and steered."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from tests.fakes.messages import MemorySenders
from tests.unit.messages.campaigns import NINE, World
from twilio_bridge.config import schema
from twilio_bridge.errors import BadRequestError, NotFoundError
from twilio_bridge.messages.answers import format_rows
from twilio_bridge.messages.calls import CampaignCalls
from twilio_bridge.messages.campaign import Source
from twilio_bridge.messages.planning.acceptance import AcceptanceDeps, CampaignExistsError
from twilio_bridge.messages.planning.planner import plan_campaign
from twilio_bridge.messages.planning.preview import PreviewDeps
from twilio_bridge.messages.planning.request_parts import Defaults
from twilio_bridge.messages.planning.requests import FaultsError
from twilio_bridge.messages.ports import Described, SourceRow
from twilio_bridge.messages.row import Row

ROWS = [{"to": "+447946000001", "Name": "A"}, {"to": "+447946000002", "Name": "Zoë 😀"}, {"to": "x", "Name": "B"}]
BODY: Mapping[str, Any] = {"id": "spring", "text": "Hi <Name>", "source": {"rows": ROWS}, "sendingHours": None}


@dataclass
class Calls:
    """The calls over a world in memory."""

    world: World = field(default_factory=lambda: World(prices={"+44": 0.04}))
    senders: MemorySenders = field(default_factory=lambda: MemorySenders(frozenset({"+15005550006"})))

    @property
    def calls(self) -> CampaignCalls:
        world = self.world
        acceptance = AcceptanceDeps(
            world.campaigns,
            world.sources,
            lambda: world.sources,
            lambda: self.senders,
            world.continuation,
            world.now,
        )
        preview = PreviewDeps(world.sources, world.suppressions, lambda: world.prices, world.now)
        defaults = Defaults(schema.Config(), "+15005550006")
        return CampaignCalls(world.campaigns, world.ledger, acceptance, preview, lambda: defaults, world.now)

    def create(self, **changed: Any) -> Any:
        return self.calls.create("", {}, {**BODY, **changed}).body

    def plan(self) -> None:
        plan_campaign("spring", self.world.planning())


@pytest.fixture
def calls() -> Calls:
    return Calls()


def test_a_campaign_is_taken_in_and_planned(calls: Calls) -> None:
    """The rows that came along stand where planning reads them."""
    answer = calls.calls.create("", {}, BODY)
    assert answer.status == 202
    assert calls.world.continuation.requested == ["spring"]

    calls.plan()
    shown: Any = calls.calls.get("spring", {}, {}).body
    assert (shown["state"], shown["rows"], shown["open"], shown["skipped"]) == ("sending", 3, 2, 1)
    assert shown["by"] == {"waiting": 2, "skipped_invalid_number": 1}
    assert shown["createdAt"] == "2026-12-01T09:00:00.000Z"
    assert "finishedAt" not in shown


def test_the_same_request_again_changes_nothing(calls: Calls) -> None:
    """Also once it is sent; a lost invocation is made up for, and another content is a conflict."""
    calls.create()
    calls.create()
    assert calls.world.continuation.requested == ["spring", "spring"]
    calls.plan()
    assert calls.create()["state"] == "sending"
    assert calls.world.continuation.requested == ["spring", "spring"]
    assert len(calls.world.rows()) == 3

    with pytest.raises(CampaignExistsError, match="exists, with another content"):
        calls.create(text="Ho <Name>")
    assert calls.world.campaign.settings.text == "Hi <Name>"


def test_faults_of_request_source_and_sender_come_together(calls: Calls) -> None:
    """And nothing is stored."""
    with pytest.raises(FaultsError) as refused:
        calls.create(text="Hi <Nom>", sender={"number": "+15005550009"}, ratePerS=0)

    assert [fault.partition(":")[0] for fault in refused.value.faults] == ["ratePerS", "sender", "fields"]
    assert calls.world.campaigns.campaigns == {}
    assert calls.world.sources.rows == {}


def test_whatsapp_s_senders_are_asked_for_with_their_channel(calls: Calls) -> None:
    """They stand in other lists than the account's numbers."""
    with pytest.raises(FaultsError, match=r"sender: whatsapp:\+15005550007 is not one of the account's"):
        calls.create(channel="whatsapp", sender={"number": "+15005550007"})


def test_a_dry_run_shows_each_row_and_stores_nothing(calls: Calls) -> None:
    """Its text, its segments in both encodings and its price; page by page."""
    first = calls.create(dryRun=True, pageSize=2)
    assert first["rows"][0] == {
        "row": 1,
        "origin": "line 1",
        "to": "+447946000001",
        "country": "GB",
        "state": "waiting",
        "from": "+15005550006",
        "text": "Hi A",
        "media": [],
        "encoding": "GSM-7",
        "segments": 1,
        "segmentsGsm7": 1,
        "segmentsUcs2": 1,
        "estimate": 0.04,
        "dueAt": "2026-12-01T09:00:00.000Z",
    }
    assert (first["rows"][1]["encoding"], first["rows"][1]["segmentsGsm7"]) == ("UCS-2", None)

    second = calls.create(dryRun=True, pageSize=2, pageToken=first["nextPageToken"])
    assert [(row["row"], row["reason"]) for row in second["rows"]] == [(3, "invalid_number")]
    assert second["nextPageToken"] is None
    assert calls.world.campaigns.campaigns == {}
    assert calls.world.sources.rows == {}
    assert calls.world.ledger.rows == {}


def test_a_dry_run_finds_doubles_on_a_page(calls: Calls) -> None:
    """And takes a request without an id."""
    rows = [*ROWS[:1], {"to": "whatsapp:+447946000001", "Name": "again"}]
    body = {name: value for name, value in BODY.items() if name != "id"} | {"dryRun": True, "source": {"rows": rows}}
    shown: Any = calls.calls.create("", {}, body).body

    assert [row.get("reason") for row in shown["rows"]] == [None, "duplicate"]


def test_a_dry_run_reads_a_source_from_where_it_was(calls: Calls, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its places look like; and its faults are answered."""
    rows = [SourceRow(f"line {n}", {"to": f"+44794600000{n}", "Name": "A"}, str(n)) for n in range(1, 6)]
    calls.world.sources.rows["x.csv"] = rows
    source = Source(kind="csv", bucket="bucket", key="x.csv")
    monkeypatch.setattr(calls.world.sources, "describe", lambda *_: Described(source, ("to", "Name")))
    pages, token = [], ""
    while token is not None:
        page = calls.create(dryRun=True, pageSize=2, pageToken=token, source={"s3": "s3://bucket/x.csv"})
        pages.append([row["row"] for row in page["rows"]])
        token = page["nextPageToken"]
    assert pages == [[1, 2], [3, 4], [5]]

    calls.world.sources.rows["x.csv"] = [replace(rows[0], fault="line 1: broken")]
    with pytest.raises(FaultsError, match="line 1: broken"):
        calls.create(dryRun=True, source={"s3": "s3://bucket/x.csv"})


@pytest.mark.parametrize("token", ["x", "1", "-1~2", "1e3~2", "9" * 9 + "~1"])
def test_a_page_of_a_dry_run_that_is_none_is_refused(calls: Calls, token: str) -> None:
    """Whoever wrote it."""
    with pytest.raises(BadRequestError, match="none of a dry run's"):
        calls.create(dryRun=True, pageToken=token)


def test_rows_are_listed_page_by_page(calls: Calls) -> None:
    """As JSON and as CSV."""
    calls.create()
    calls.plan()
    first: Any = calls.calls.list_rows("spring", {"pageSize": "2"}, {}).body
    assert ([row["row"] for row in first["rows"]], first["nextPageToken"]) == ([1, 2], "2")
    second: Any = calls.calls.list_rows("spring", {"pageSize": "2", "pageToken": "2"}, {}).body
    assert ([row["reason"] for row in second["rows"]], second["nextPageToken"]) == (["invalid_number"], None)

    text = str(calls.calls.list_rows("spring", {"format": "csv"}, {}).body)
    assert [line.split(",")[0] for line in text.splitlines()] == ["row", "1", "2", "3"]


@pytest.mark.parametrize(
    "query",
    [
        {"pageSize": "0x"},
        {"pageSize": "0"},
        {"pageSize": "1001"},
        {"pageSize": "²"},
        {"pageToken": "-1"},
        {"pageToken": "9" * 5_000},
    ],
    ids=lambda query: str(query)[:20],
)
def test_a_page_that_cannot_be_is_refused(calls: Calls, query: dict[str, str]) -> None:
    """With what is right."""
    calls.create()
    with pytest.raises(BadRequestError, match="is to be a number from"):
        calls.calls.list_rows("spring", query, {})


def test_what_is_not_there_is_not_found(calls: Calls) -> None:
    """Neither the campaign nor an action of another name."""
    for call in (calls.calls.get, calls.calls.list_rows):
        with pytest.raises(NotFoundError, match="no campaign autumn"):
            call("autumn", {}, {})
    calls.create()
    with pytest.raises(NotFoundError, match="there are pause, resume and cancel"):
        calls.calls.steer("spring", {"action": "stop"}, {})


def test_a_campaign_is_steered(calls: Calls) -> None:
    """Paused, resumed and cancelled, each with how it stands then."""
    calls.create()
    calls.plan()
    states = []
    for action in ("pause", "resume", "cancel"):
        shown: Any = calls.calls.steer("spring", {"action": action}, {"cause": "wrong list"}).body
        states.append((shown["state"], shown.get("cause", "")))

    assert states == [("paused", "wrong list"), ("sending", ""), ("cancelling", "wrong list")]


def test_a_cell_that_a_spreadsheet_would_run_is_a_text() -> None:
    """Numbers keep their plus sign."""
    row = Row(
        campaign="c",
        number=1,
        address="+447946000001",
        error_message='=cmd|"/c calc"!A1',
        status="Error",
        state="error",
    )
    text = format_rows([row])

    assert '"\'=cmd|""/c calc""!A1"' in text
    assert ",+447946000001," in text
    assert format_rows([replace(row, due_at=NINE)]).count("\r\n") == 2
