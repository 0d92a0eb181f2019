"""The made-up days: the same by their seed, whole, and free of contradictions."""

import json
import re
from collections import Counter, defaultdict
from datetime import datetime
from random import Random
from typing import Any

import pytest

from tests.unit.support.job import SETTINGS
from tests.unit.support.tasks import NINE, tell
from twilio_bridge.support.cloud_events import decode_record
from twilio_bridge.support.tasks import task_attributes
from twilio_bridge.support.tasks.derivation import derive_all
from twilio_bridge.support.tasks.facts import sort_facts
from twilio_bridge.support.tasks.task_outcome import assess_task
from twilio_bridge_local.samples.customers import MAX_CUSTOMERS_COUNT, customers
from twilio_bridge_local.samples.envelopes import records
from twilio_bridge_local.samples.support_day import DAY, DAY_MS, generate

SID = re.compile(r"(AC|WS|WT|WQ|WK|WR|WW|TC|TT|EV|EZ|CH|MB|SM)[0-9a-z]{32}")


@pytest.fixture(scope="module", name="day")
def _day() -> list[dict[str, Any]]:
    return generate(1, 400)


def test_a_seed_makes_a_day(day: list[dict[str, Any]]) -> None:
    """The same one each time, and another seed another one; records, too."""
    assert day == generate(1, 400)
    assert day != generate(2, 400)
    assert records(day, 3) == records(day, 3) != records(day, 4)


def test_events_are_in_order_of_time(day: list[dict[str, Any]]) -> None:
    """From the day itself, and what began late goes on into the next."""
    times = [int(datetime.fromisoformat(each["time"]).timestamp() * 1000) for each in day]
    assert sorted(times) == times
    assert DAY <= times[0] <= DAY + DAY_MS < times[-1]


def test_records_hold_every_event(day: list[dict[str, Any]]) -> None:
    """Single and in arrays, with data as an object and as a text; nothing in them is poison."""
    made = records(day, 1)
    decoded = [decode_record(data, NINE) for data in made]
    assert [] == [poison for each in decoded for poison in each.poison]
    assert len(day) == sum(len(each.events) for each in decoded)
    documents = [json.loads(data) for data in made]
    assert {list, dict} == {type(document) for document in documents}
    assert {str, dict} == {type(document["data"]) for document in documents if isinstance(document, dict)}


def test_sids_are_whole(day: list[dict[str, Any]]) -> None:
    """Two letters and 32 characters; every event has an id of its own."""
    payloads = [each["data"].get("payload", each["data"]) for each in day]
    sids = [value for payload in payloads for name, value in payload.items() if name.lower().endswith("sid") and value]
    assert [] == [each for each in sids if not SID.fullmatch(each)]
    assert len(day) == len({each["id"] for each in day})


def test_everything_happens(day: list[dict[str, Any]]) -> None:
    """Every end of a task, every end of an offer, answers, callbacks, and times over midnight."""
    told = tell(day, SETTINGS)
    subjects = [sort_facts(name, heard.facts.values(), heard.attributes) for name, heard in told.subjects.items()]
    tasks = [assess_task(each, SETTINGS) for each in subjects if each.kind == "task"]
    outcomes = Counter(each.outcome for each in tasks if each.is_real)
    assert {"completed", "abandoned", "short", "follow-up", "expired", "in-transfer"} <= set(outcomes)
    offers = {offer.outcome for each in tasks for offer in each.history.reservations}
    assert {"accepted", "rejected", "missed"} == offers
    assert {"voice", "webchat", "whatsapp", "sms"} == {each.channel for each in tasks}
    assert any(each.score is not None for each in tasks)
    assert any(each.is_survey and each.score is None for each in tasks)
    assert {True, False} == {word.out for word in told.opt_out_requests}
    assert 2 == len({row.day for row in told.figure_rows})
    assert any(task_attributes.read_direction(each.attributes) == "outbound" for each in tasks)


def test_customers_come_on_several_channels(day: list[dict[str, Any]]) -> None:
    """Some are one person by their keys, whichever way they came; nobody has two of anything."""
    told = tell(day, SETTINGS)
    persons: dict[str, set[str]] = defaultdict(set)
    for name, heard in told.subjects.items():
        keys = derive_all(sort_facts(name, heard.facts.values(), heard.attributes), SETTINGS, 0).keys
        kinds = Counter(key.partition("#")[0] for key in keys if key.startswith(("external", "email", "phone", "flex")))
        assert set(kinds.values()) <= {1}
        if external := next((key for key in keys if key.startswith("external#")), None):
            persons[external] |= {key for key in keys if key.startswith(("email", "phone", "flex"))}
    counts = [Counter(key.partition("#")[0] for key in keys) for keys in persons.values()]
    assert {1} == {number for count in counts for number in count.values()}
    assert any({"phone", "flex"} <= set(count) for count in counts)


def test_there_are_numbers_for_so_many() -> None:
    """Made-up numbers do not run into real ones."""
    with pytest.raises(ValueError, match="customers only"):
        customers(MAX_CUSTOMERS_COUNT + 1, Random(0))  # noqa: S311  no secrets
