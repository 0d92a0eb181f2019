"""Old interactions go, and nobody's number falls."""

from dataclasses import replace

import pytest

from tests.fakes.support import FakeIdentities, FakePersons
from tests.unit.support.tasks import NINE
from twilio_bridge.config import schema
from twilio_bridge.support.brevo.brevo_contact import build_attributes
from twilio_bridge.support.persons.aging import DAY_MS, MAX_ROWS_COUNT, age_interactions
from twilio_bridge.support.persons.interactions import merge_interactions
from twilio_bridge.support.persons.person import Interaction

SETTINGS = schema.Config()
KEEP_DAYS, SAME_S = 60, 30


def task(number: int, days: int, channel: str = "voice", **more: object) -> Interaction:
    """Return an interaction that ended so many days before nine."""
    at = NINE - days * DAY_MS
    given: dict[str, object] = {"wait_s": number, "talk_s": 5, "values": {"customer_tier": "gold"}, **more}
    times: dict[str, int] = {"created_at": at, "last_at": at, "ended_at": at}
    plain = Interaction(sid=f"WT{number}", version=3, channel=channel, counts=True, **times)  # type: ignore[arg-type]
    return replace(plain, **given)  # type: ignore[arg-type]  # a test's own fields


TASKS = [
    task(1, 300),
    task(2, 200, "webchat", conversation_sid="CH1"),
    replace(task(3, 200, "webchat", conversation_sid="CH1"), created_at=NINE - 200 * DAY_MS - 1),
    task(4, 100, wait_s=None),
    task(5, 90, "survey", counts=False, score=2.0, scored_at=NINE - 90 * DAY_MS),
    task(6, 70, "voice", score=4.0, scored_at=NINE - 70 * DAY_MS),
    task(7, 10),
]


@pytest.fixture
def persons() -> FakePersons:
    return FakePersons(FakeIdentities())


def numbers(persons: FakePersons) -> dict[str, object]:
    rows = merge_interactions(persons.list_interactions("p"), SAME_S)
    found = build_attributes(sorted(rows, key=lambda each: each.last_at, reverse=True), SETTINGS)
    names = ("SUPPORT_TICKET_COUNT", "AVG_WAIT_TIME", "CSAT_SCORE", "PREFERRED_CHANNEL", "LAST_SUPPORT_DATE")
    return {name: found[name] for name in names if name in found}


def age(persons: FakePersons, days: int = 0) -> int:
    return age_interactions(persons, KEEP_DAYS, SAME_S, NINE + days * DAY_MS)


def test_no_number_falls(persons: FakePersons) -> None:
    """Tickets, waits, the last score and day and the preferred channel stay, step by step; tasks and fields go."""
    for each in TASKS:
        persons.put_interaction("p", each)
    before = numbers(persons)
    assert (6, before) == (age(persons), numbers(persons))
    assert 0 == age(persons)
    left = persons.list_interactions("p")
    assert {"WT7"} == {each.sid for each in left if not each.is_summary}
    assert [{}] == [*{str(each.values): each.values for each in left if each.sid != "WT7"}.values()]
    assert (1, before) == (age(persons, 60), numbers(persons))


def test_a_person_of_many_takes_several_times(persons: FakePersons) -> None:
    """One transaction has its limit."""
    for number in range(2 * MAX_ROWS_COUNT + 1):
        persons.put_interaction("p", task(number, 100))
    before = numbers(persons)
    assert [MAX_ROWS_COUNT, MAX_ROWS_COUNT, 1, 0] == [age(persons) for _ in range(4)]
    assert before == numbers(persons)
    assert 1 == len(persons.list_interactions("p"))


def test_a_task_that_goes_on_stays(persons: FakePersons) -> None:
    """Whoever wrote it meanwhile is not overwritten."""
    persons.put_interaction("p", task(1, 100))
    old = persons.list_interactions("p")
    persons.put_interaction("p", replace(old[0], version=4, last_at=NINE))
    assert not persons.replace_interactions("p", old, [])
    assert 0 == age(persons)


def test_a_summary_of_old_ones_alone_is_old(persons: FakePersons) -> None:
    """What was too old for Brevo's lists puts nobody on one later; one live interaction among them does."""
    for each in (task(1, 100, is_old=True), task(2, 100, "webchat", is_old=True), task(3, 100, "webchat")):
        persons.put_interaction("p", each)
    age(persons)
    assert {"voice": True, "webchat": False} == {each.channel: each.is_old for each in persons.list_interactions("p")}
