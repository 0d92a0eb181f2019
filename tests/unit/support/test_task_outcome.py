"""What a task's end means: the rules for abandonment, one by one and in their order, and what a survey is."""

from typing import Any

import pytest

from tests.unit.support.tasks import AMARA, QUEUE, SETTINGS, abandoned, answered, event, learn
from twilio_bridge.config import schema
from twilio_bridge.support.tasks.task_outcome import Task, assess_task, classify_leg, is_wanted_channel


def of(events: list[dict[str, Any]], **blocks: Any) -> Task:
    settled = schema.Config.model_validate(blocks) if blocks else SETTINGS
    return assess_task(learn(events, settled), settled)


def said(**conversations: str) -> dict[str, Any]:
    return {**AMARA, "conversations": conversations}


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([event("task.created")], "open"),
        (answered(), "completed"),
        (abandoned(30), "abandoned"),
        (abandoned(4), "short"),
        (abandoned(5), "abandoned"),
        (abandoned(reason="Task TTL Exceeded"), "expired"),
        (abandoned(reason="Task TTL Exceeded or Max assignment count exceeded"), "expired"),
        (abandoned(told=said(abandoned="Follow-Up")), "follow-up"),
        (abandoned(told=said(abandoned="No")), "ended"),
        (abandoned(reason="Task TTL Exceeded", told=said(abandoned="Yes")), "abandoned"),
        (abandoned(told={**AMARA, "direction": "outbound"}), "gave-up"),
        ([*answered()[:4], event("task.canceled", 99)], "in-transfer"),
        ([event("task.created"), event("task.system-deleted", 99)], "deleted"),
    ],
)
def test_what_an_end_means(events: list[dict[str, Any]], outcome: str) -> None:
    """The first rule that fits counts."""
    assert outcome == of(events).outcome


def test_who_is_gone_soon_is_configured() -> None:
    """A short abandon is one before so many seconds."""
    assert "short" == of(abandoned(30), figures={"short_abandon_s": 31}).outcome


def test_an_unknown_wait_is_not_short() -> None:
    """Unknown stays unknown."""
    assert "abandoned" == of([event("task.canceled", 3, queue="")]).outcome


@pytest.mark.parametrize(
    ("told", "payload", "blocks"),
    [
        (said(kind="Survey"), {}, {}),
        ({"isSurveyTask": True}, {}, {}),
        ({"isSurveyTask": "true"}, {}, {}),
        ({}, {"task_channel_unique_name": "survey"}, {}),
        ({}, {"workflow_sid": "WW1"}, {"surveys": {"workflows": ["WW1"]}}),
        ({}, {"task_queue_sid": QUEUE}, {"surveys": {"queues": [QUEUE]}}),
    ],
)
def test_a_survey_is_known_in_many_ways(told: dict[str, Any], payload: dict[str, Any], blocks: dict[str, Any]) -> None:
    """By its attributes, channel, workflow or queue; it is no customer's request for support."""
    survey = of([event("task.canceled", 9, told, **payload)], **blocks)
    assert (True, False) == (survey.is_survey, survey.is_real)
    ordinary = of([event("task.canceled", 9, {"isSurveyTask": False}, **payload)])
    assert ordinary.is_survey == (payload == {"task_channel_unique_name": "survey"})


def test_a_virtual_task_is_no_request() -> None:
    """It stands in for a callback, or the like."""
    virtual = of(abandoned(told=said(virtual="Yes")))
    assert (True, False) == (virtual.is_virtual, virtual.is_real)


@pytest.mark.parametrize(
    ("values", "score"),
    [
        ({"conversation_measure_1": 4}, 4),
        ({"conversation_measure_1": "4.5"}, 4.5),
        ({"conversation_measure_1": "", "conversation_attribute_1": "3"}, 3),
        ({"conversation_measure_1": 0}, 0),
        ({"conversation_measure_1": "4,5"}, 4.5),
        ({"conversation_measure_1": "1,2,3"}, None),
        ({"conversation_measure_1": "4/5"}, None),
        ({"conversation_measure_1": 11}, None),
        ({"conversation_measure_1": -1, "conversation_attribute_1": 3}, None),
        ({"conversation_measure_1": "nan"}, None),
        ({"conversation_measure_1": "inf"}, None),
        ({"conversation_measure_1": True}, None),
        ({"conversation_measure_1": "very good"}, None),
        ({}, None),
    ],
)
def test_a_score_is_a_number_in_the_range(values: dict[str, Any], score: float | None) -> None:
    """The first place that holds a number decides; outside the range it is none."""
    told = {"conversations": {"kind": "Survey", **values}}
    assert score == of([event("task.canceled", 9, told)]).score


def test_an_ordinary_task_s_score_counts_where_wanted() -> None:
    """Agents or flows may write it on the task itself."""
    events = answered({**AMARA, "csat": 5})
    assert None is of(events, surveys={"score": ["csat"]}).score
    assert 5 == of(events, surveys={"score": ["csat"], "on_ordinary_tasks": True}).score


@pytest.mark.parametrize(
    ("events", "outcomes"),
    [
        (answered(), ["accepted"]),
        (abandoned(), ["abandoned"]),
        (abandoned(2), ["short"]),
        (abandoned(told=said(abandoned="Follow-Up")), ["follow-up"]),
        (
            [*answered()[:4], event("task.transfer-initiated", 60), event("task.canceled", 99)],
            ["accepted", "abandoned"],
        ),
        ([event("task-queue.entered")], ["waiting"]),
        ([event("task-queue.entered"), event("task.deleted", 9)], ["deleted"]),
    ],
)
def test_what_became_of_each_stay(events: list[dict[str, Any]], outcomes: list[str]) -> None:
    """A stay that ended with the task shares the task's end; who left in a transfer left that queue."""
    found = of(events)
    assert outcomes == [classify_leg(leg, found, 5) for leg in found.history.legs]


@pytest.mark.parametrize(("channel", "wanted"), [("voice", True), ("video", False), ("", True)])
def test_channels_are_chosen(channel: str, wanted: bool) -> None:
    """Only those listed count; where none is told, nothing says that it is another."""
    assert wanted == is_wanted_channel(channel, ("voice", "sms"))


def survey(*scores: float | None, reason: str = "Survey completed", stated: str = "No") -> list[dict[str, Any]]:
    """Return a survey on its own channel with the score that stood there at each step, the last one its end."""
    steps = ("task.created", "task-queue.entered", "task.updated")[: len(scores) - 1]
    kinds = [*steps, "task.canceled"]
    last = len(kinds) - 1
    return [
        event(
            kind,
            at * 9,
            {**said(kind="Survey", **({"abandoned": stated} if at == last else {})), "isSurveyTask": True}
            | {"csat": score if score is not None else ""},
            task_channel_unique_name="survey",
            task_canceled_reason=reason,
        )
        for at, (kind, score) in enumerate(zip(kinds, scores, strict=True))
    ]


TTL = "Task TTL Exceeded"


@pytest.mark.parametrize(
    ("events", "partial", "score"),
    [
        (survey(None, 4), True, 4),
        (survey(None, None, 4), True, 4),
        (survey(3, 3), True, None),
        (survey(3, 3, 3, 3, reason=TTL, stated="Yes"), True, None),
        (survey(3, 3, 5), True, 5),
        (survey(None, None, reason=TTL, stated="Yes"), True, None),
        (survey(None, 4, 4, reason=TTL, stated="Yes"), True, 4),
        (survey(None, 4, 4, reason=TTL, stated="Yes"), False, None),
        (survey(None, None, 4, 4, reason="hangup", stated="Yes"), False, None),
        (survey(None, None, 4, 4, reason="hangup", stated="No"), False, 4),
        (survey(4, reason=TTL, stated="Yes"), True, None),
        (survey(4), True, 4),
    ],
)
def test_an_answer_is_what_the_customer_gave(events: list[dict[str, Any]], partial: bool, score: float | None) -> None:
    """Neither what a survey was begun with nor one that nobody answered; midway as it is configured."""
    found = of(events, surveys={"score": ["csat"], "partial": partial})
    assert (True, score) == (found.is_survey, found.score)


def test_a_survey_on_a_channel_of_its_own_counts() -> None:
    """Though that channel is on nobody's list; one on a channel that is not wanted does not."""
    flex = {"twilio_flex": {"channels": ["voice"]}}
    assert of(survey(None, 4), connectors=flex, surveys={"score": ["csat"]}).is_survey
    told = {**said(kind="Survey"), "channelType": "web"}
    assert of([event("task.canceled", 9, told)], connectors=flex).is_ignored


@pytest.mark.parametrize(
    ("told", "ignored"),
    [
        ({"direction": "internal", "from": "client:jo", "to": "client:kim"}, True),
        ({"direction": "outbound", "from": "client:jo", "to": "+447900000012"}, False),
        ({"direction": "inbound", "from": "+447900000012", "to": "client:jo"}, False),
    ],
)
def test_what_agents_do_among_themselves_is_ignored(told: dict[str, Any], ignored: bool) -> None:
    """One end has to be a customer's."""
    assert ignored is of(answered(told)).is_ignored


@pytest.mark.parametrize(("after_s", "outcome"), [(3, "abandoned"), (0, "abandoned")])
def test_an_abandon_is_measured_from_the_first_entry(after_s: int, outcome: str) -> None:
    """Ten minutes in one queue and three seconds in the next are no short abandon."""
    steps = [event("task.created"), event("task-queue.entered", 1), event("task-queue.moved", 601)]
    steps += [event("task-queue.entered", 601, number=1, queue="Second"), event("task.canceled", 601 + after_s)]
    assert outcome == of(steps).outcome
