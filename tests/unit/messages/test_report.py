"""A campaign's report: every row in it once, whatever it is counted by, and nothing of a person."""

import json
from dataclasses import replace
from typing import Any

from tests.unit.messages.test_sending_crashes import make_world
from tests.unit.messages.world import World, row, settings
from twilio_bridge.messages.campaign import Planning
from twilio_bridge.messages.report import ROWS_PER_READ, build_report
from twilio_bridge.messages.row import Row


def report_of(world: World) -> dict[str, Any]:
    rows = len(world.all_rows())
    world.campaigns.save_campaign(
        world.campaign, replace(world.campaign, planning=Planning(rows=rows, is_complete=True))
    )
    return build_report(world.ledger, world.campaign)


def test_a_campaign_of_every_end() -> None:
    """The sums are those of the rows, by each key."""
    found = report_of(make_world().run())
    assert {"accepted": 7, "sent": 3, "failed": 3, "skipped": 1, "cancelled": 0, "open": 0}.items() <= found.items()
    assert found["isProved"] is True
    assert {"delivered": 2, "undelivered": 1, "sent": 1} == found["byStatus"]
    assert {"opted_out": 1} == found["bySkipReason"]
    codes = {each["code"]: (each["rows"], each["meaning"]) for each in found["byCode"]}
    assert {21610, 21211, 30005} == codes.keys()
    assert (1, "the person has opted out") == codes[21610]
    [country] = found["byCountry"]
    assert {"country": "US", "rows": 7, "sent": 3, "failed": 3, "skipped": 1, "delivered": 2}.items() <= country.items()


def test_nobody_is_named() -> None:
    """Twilio's own sentences, which may hold a number, stay with their rows."""
    world = make_world().run()
    text = json.dumps(report_of(world))
    assert any(each.error_message for each in world.all_rows())
    assert not [each.address for each in world.all_rows() if each.address.strip("+") in text]


def ended(number: int, price: int | None, segments: int, sender: str) -> Row:
    known = {"state": "ended", "status": "delivered", "sid": f"SM{number}", "sender": sender}
    return row(number, **known, price_micros=price, estimate_micros=9_000, segments=segments)


def test_costs_by_sender_and_segments() -> None:
    """What Twilio charged where it is known, else what it should cost, apart."""
    rows = [ended(1, 7_500, 1, "+1"), ended(2, None, 2, "+1"), ended(3, 15_000, 2, "+2")]
    found = report_of(World(rows=rows, settings=settings(currency="EUR")))
    assert (0.0225, 0.009, "EUR", 5) == (found["charged"], found["estimated"], found["currency"], found["segments"])
    by_sender = {each["sender"]: (each["rows"], each["charged"]) for each in found["bySender"]}
    assert {"+1": (2, 0.0075), "+2": (1, 0.015)} == by_sender
    by_segments = {each["segmentsPerMessage"]: each["rows"] for each in found["bySegments"]}
    assert {1: 1, 2: 2} == by_segments


def test_an_open_row_proves_nothing() -> None:
    """Nor does one that was accepted and is not there."""
    world = World(rows=[ended(1, 1, 1, "+1"), row(2)])
    assert (False, 1) == (report_of(world)["isProved"], report_of(world)["open"])
    done = World(rows=[ended(1, 1, 1, "+1")])
    assert report_of(done)["isProved"] is True
    more = replace(done.campaign, planning=Planning(rows=2, is_complete=True))
    assert build_report(done.ledger, more)["isProved"] is False


def test_more_rows_than_one_reading_holds() -> None:
    """None is left out and none comes twice."""
    count = ROWS_PER_READ * 2 + 1
    found = report_of(World(rows=[row(n, address=f"+1415{n:07}") for n in range(1, count + 1)]))
    assert (count, count) == (found["accepted"], found["open"])
