"""A task completed or cancelled: reason and outcome at once, what others wrote whole."""

import json

import pytest

from tests.fakes.insights import FakeTasks
from twilio_bridge.config.insights import Insights
from twilio_bridge.errors import NotFoundError, RefusedError
from twilio_bridge.insights.ending import end_task

SID = "WT" + "0" * 32
SETTLED = Insights()


def tasks(attributes: str = '{"n":1.0}', status: str = "assigned") -> FakeTasks:
    made = FakeTasks()
    made.put(SID, attributes, status)
    return made


def test_the_reason_becomes_the_outcome_in_the_same_write() -> None:
    made = tasks()
    ended = end_task(SID, "completed", "sold", made, SETTLED)
    task = made.kept[SID]
    assert (task.status, task.reason, task.attributes) == (
        "completed",
        "sold",
        '{"n":1.0,"conversations":{"outcome":"sold"}}',
    )
    assert (ended.outcome, ended.is_new, made.writes) == ("sold", True, 1)


def test_a_disposition_is_translated_and_another_s_outcome_stays() -> None:
    settled = Insights.model_validate({"dispositions": {"outcomes": {"SALE": "Retention - Success"}}})
    assert end_task(SID, "completed", "sale", tasks(), settled).outcome == "Retention - Success"
    kept = tasks('{"conversations":{"outcome":"theirs"}}')
    assert end_task(SID, "completed", "sale", kept, settled).outcome == "theirs"
    assert kept.kept[SID].reason == "sale"
    replacing = Insights.model_validate({"overwrite": ["conversations.outcome"]})
    assert (
        end_task(SID, "completed", "sold", tasks('{"conversations":{"outcome":"theirs"}}'), replacing).outcome == "sold"
    )


def test_what_has_ended_so_stays_as_it_is() -> None:
    """Asked twice, done once; ended the other way, Twilio refuses."""
    made = tasks()
    end_task(SID, "completed", "sold", made, SETTLED)
    again = end_task(SID, "completed", "other", made, SETTLED)
    assert (again.is_new, again.outcome, made.writes) == (False, "sold", 1)
    with pytest.raises(RefusedError):
        end_task(SID, "canceled", "hangup", made, SETTLED)
    with pytest.raises(NotFoundError):
        end_task("WT" + "1" * 32, "canceled", "hangup", made, SETTLED)


def test_somebody_else_writes_first() -> None:
    made = tasks(status="pending")
    changes = iter(['{"a":null}'])

    def write() -> None:
        for text in changes:
            made.put(SID, text)

    made.before_write = write
    end_task(SID, "canceled", "hangup", made, SETTLED)
    assert json.loads(made.kept[SID].attributes) == {"a": None, "conversations": {"outcome": "hangup"}}


def test_attributes_that_are_no_json_stay_and_the_task_ends() -> None:
    """Reports take the reason then."""
    made = tasks('{"a":')
    ended = end_task(SID, "completed", "sold", made, SETTLED)
    assert (made.kept[SID].attributes, made.kept[SID].status, ended.is_malformed) == ('{"a":', "completed", True)
