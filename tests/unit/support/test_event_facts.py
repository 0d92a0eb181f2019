"""What events tell: facts, words, workers' time; and that nothing odd in them breaks anything but itself."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.support.tasks import AMARA, CONVERSATION, NINE, TASK, WORKER, event, learn, settings, stamp, tell
from tests.unit.support.test_cloud_events import JSON
from twilio_bridge.config import schema
from twilio_bridge.errors import BadRequestError
from twilio_bridge.support.cloud_events import CloudEvent
from twilio_bridge.support.persons.person import FigureRow
from twilio_bridge.support.persons.person_keys import build_rules
from twilio_bridge.support.tasks import task_customer
from twilio_bridge.support.tasks.event_facts import ExtractedFacts, OptOutRequest, extract_facts
from twilio_bridge.support.tasks.facts import RANKS

SAMPLES = Path(__file__).parents[3] / "events/event_streams/samples"
WITH_WORKERS = settings(sync={"agent_activity": True})


def other(kind: str, **data: Any) -> dict[str, Any]:
    """Return an event of another family than TaskRouter's."""
    return {"type": f"com.twilio.{kind}", "id": f"EZ{kind}", "time": stamp(0), "data": data}


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


def test_a_task_s_event_is_a_fact() -> None:
    """It holds what its kind needs, under short names, and the attributes beside it."""
    known = learn([event("reservation.accepted", 41, task_age_in_queue=40, task_age="41", extra="x")])
    fact = known.facts[0]
    assert ("reservation.accepted", NINE + 41_000) == (fact.kind, fact.at)
    assert {
        "reservation": "WR" + "0" * 31 + "1",
        "worker_sid": WORKER,
        "worker": "jo",
        "queue_sid": "WQ" + "0" * 31 + "1",
        "queue": "Support",
        "channel": "voice",
        "age_in_queue": "40",
        "age": "41",
    } == fact.values
    assert {
        "from": "+447900000012",
        "direction": "inbound",
        "customers.email": "Amara@example.com",
    } == known.latest_attributes()


def test_the_same_event_is_the_same_fact() -> None:
    """However often and in whatever wrapping it comes."""
    given = event("task.created")
    as_text = {**given, "id": "EZother", "data": json.dumps(given["data"])}
    assert learn([given]) == learn([given, as_text, given])


@pytest.mark.parametrize("kind", sorted(RANKS))
def test_every_step_of_a_task_is_heard(kind: str) -> None:
    """All of TaskRouter's steps in a task's life are facts of that task."""
    assert [kind] == [fact.kind for fact in learn([event(kind)]).facts]


@pytest.mark.parametrize(
    "kind", ["task.transfer-odd", "task-queue.created", "workflow.entered", "worker.capacity.update", "task.odd"]
)
def test_others_are_counted(kind: str) -> None:
    """What is about no task's life is ignored, and counted."""
    told = tell([event(kind)])
    assert ({}, 1) == (told.subjects, told.ignored)


def test_unknown_types_are_counted() -> None:
    """Whatever Twilio adds one day does no harm."""
    assert 2 == tell([other("voice.insights.call-summary.complete"), other("brand.new")]).ignored


@pytest.mark.parametrize("sid", [None, "", 7, "CH1", "WT/../x", "WT" + "1" * 70])
def test_a_task_s_event_names_its_task(sid: object) -> None:
    """Without it the event is poison."""
    with pytest.raises(BadRequestError, match="it has no task_sid"):
        tell([event("task.created", task_sid=sid)])


@pytest.mark.parametrize("text", ["", "null", "{", "[]", None, 7, "{}"])
def test_attributes_may_be_missing(text: object) -> None:
    """A task without attributes is one all the same."""
    assert {} == learn([event("task.created", task_attributes=text)]).latest_attributes()


def test_only_what_is_asked_for_is_kept() -> None:
    """Neither free text nor recordings are written down; what the mapping names is, of the customer, too."""
    settled = schema.Config.model_validate({"field_mapping": {"customer_tier": "TIER", "attributes.x.y": "Y"}})
    told = {"customers": {"customer_tier": "gold", "note": "secret"}, "x": {"y": 2}, "transcript": "secret"}
    known = learn([event("task.created", told=told)], settled)
    assert {"customers.customer_tier": "gold", "x.y": 2} == known.latest_attributes()
    assert {"customer_tier": "gold", "attributes.x.y": 2} == task_customer.read_fields(
        known.latest_attributes(), settled, build_rules(settled)
    )


def test_later_attributes_go_over_earlier_ones() -> None:
    """Each is known as it was told last, in whatever order the events came; what is no longer told stays known."""
    events = [
        event("task.created", 0, {"name": "A", "email": "a@x.org"}),
        event("task.updated", 9, {"name": "B"}),
    ]
    assert (
        {"name": "B", "email": "a@x.org"}
        == learn(events).latest_attributes()
        == learn(events[::-1]).latest_attributes()
    )


@pytest.mark.parametrize(
    ("told", "out"),
    [
        ({"optOutType": "STOP", "body": "x"}, True),
        ({"optOutType": "start", "body": "stop"}, False),
        ({"optOutType": "HELP", "body": "STOP"}, None),
        ({"body": " Stop! "}, True),
        ({"body": "UNSTOP"}, False),
        ({"body": "please stop calling"}, None),
        ({}, None),
    ],
)
def test_an_inbound_message_may_be_a_word(told: dict[str, str], out: bool | None) -> None:
    """Twilio says whether it took it for one; where it says nothing, the configured words count."""
    heard = tell([other("messaging.inbound-message.received", **told, **{"from": "whatsapp:+447900000012"})])
    expected = [] if out is None else [OptOutRequest("whatsapp:+447900000012", out, NINE)]
    assert expected == heard.opt_out_requests


@pytest.mark.parametrize("code", [21610, "21610"])
def test_a_refused_message_is_an_opt_out(code: object) -> None:
    """Error 21610 says that the recipient had opted out."""
    failed = other("messaging.message.failed", errorCode=code, to="+447900000012")
    assert [OptOutRequest("+447900000012", True, NINE)] == tell([failed]).opt_out_requests


def test_other_failures_are_no_words() -> None:
    """A message that failed for another reason, or for nobody, says nothing."""
    told = tell([other("messaging.message.failed", errorCode=30003, to="+1"), other("messaging.message.sent")])
    assert ([], 2) == (told.opt_out_requests, told.ignored)


@pytest.mark.parametrize("address", ["", " ", "whatsapp:", "+" + "1" * 5_000, None, 7])
def test_a_word_has_an_address(address: object) -> None:
    """What is nobody's address is no key of a store either."""
    stop = other("messaging.inbound-message.received", optOutType="STOP", **{"from": address})
    assert ([], 1) == ((told := tell([stop])).opt_out_requests, told.ignored)


def test_long_texts_are_cut() -> None:
    """Whatever somebody writes into a name, no store is asked to take it."""
    binding = {"Type": "x" * 5_000, "Address": "y" * 5_000}
    added = other("conversations.participant.added", ConversationSid=CONVERSATION, MessagingBinding=binding)
    assert {500} == {len(text) for text in learn([added], sid=CONVERSATION).facts[0].values.values()}
    given = sample("worker-activity-update")
    given["data"]["payload"] |= {"worker_name": "x" * 5_000, "worker_previous_activity_name": "y" * 5_000}
    values = tell([given], WITH_WORKERS).figure_rows[0].values
    assert (500, 500) == (len(values["worker"]), len(values["activity"]))
    with pytest.raises(BadRequestError, match="no test_id"):
        tell([other("eventstreams.test-event", test_id="x" * 5_000)])


def test_a_conversation_s_end_is_a_fact() -> None:
    """Closed is the end, and so is removed; other changes of state are none."""
    closed = other(
        "conversations.conversation-state.updated", ConversationSid=CONVERSATION, StateTo="closed", Reason="API"
    )
    active = other("conversations.conversation-state.updated", ConversationSid=CONVERSATION, StateTo="active")
    removed = other("conversations.conversation.removed", ConversationSid=CONVERSATION)
    known = learn([closed, active, removed], sid=CONVERSATION)
    assert {"conversation.closed", "conversation.removed"} == {fact.kind for fact in known.facts}
    assert {"reason": "API"} == next(fact.values for fact in known.facts if fact.kind == "conversation.closed")


def test_message_bodies_are_not_heard() -> None:
    """What people write stays where it is."""
    assert {} == tell([sample("conversation-message-added")]).subjects


def test_a_test_event_has_an_id_to_answer() -> None:
    """It is the same event for every test of an account, so it is never a fact."""
    told = tell([sample("test-event-kinesis")] * 2)
    assert (["00000000-1111-4222-8333-444444444444"] * 2, {}) == (told.test_ids, told.subjects)
    with pytest.raises(BadRequestError, match="no test_id"):
        tell([other("eventstreams.test-event")])


def test_a_worker_s_time_goes_to_the_activity_that_ended() -> None:
    """1.5 hours of Available, as Twilio's sample tells it."""
    told = tell([sample("worker-activity-update")], WITH_WORKERS)
    values = {"worker": "anna", "activity": "Available", "seconds": 5400}
    assert [("2026-03-02", values)] == [(row.day, row.values) for row in told.figure_rows]


def test_a_worker_s_night_lies_in_two_days() -> None:
    """Time is credited to the days it lay in: here twelve hours until 09:00."""
    given = sample("worker-activity-update")
    given["data"]["payload"] |= {"worker_time_in_previous_activity": str(12 * 3600), "timestamp": stamp(0)}
    rows = tell([given], WITH_WORKERS).figure_rows
    assert [("2026-03-01", 3 * 3600), ("2026-03-02", 9 * 3600)] == [(row.day, row.values["seconds"]) for row in rows]


def test_milliseconds_do_where_seconds_are_missing() -> None:
    """Newer schemas may tell only those."""
    given = sample("worker-activity-update")
    del given["data"]["payload"]["worker_time_in_previous_activity"]
    assert [5400] == [row.values["seconds"] for row in tell([given], WITH_WORKERS).figure_rows]


@pytest.mark.parametrize("seconds", [None, "", "x", -5, "9" * 5_000, 1.5])
def test_odd_times_are_no_time(seconds: object) -> None:
    """Nothing is credited."""
    given = sample("worker-activity-update")
    payload = {"worker_time_in_previous_activity": seconds, "worker_time_in_previous_activity_ms": None}
    given["data"]["payload"] |= payload
    assert [] == tell([given], WITH_WORKERS).figure_rows


def test_workers_are_kept_out() -> None:
    """`agent_activity: false`, the default, keeps their time out."""
    no_rows: list[FigureRow] = []
    assert no_rows == tell([sample("worker-activity-update")]).figure_rows


def test_a_plugin_s_word_is_a_fact_of_the_task() -> None:
    """In the words of TaskRouter's callbacks; attributes may be an object or a text."""
    for told in (AMARA, json.dumps(AMARA)):
        posted = {"TaskSid": TASK, "TaskAttributes": told, "TaskChannelUniqueName": "chat", "Age": 200}
        given = {"type": "twilio-bridge.task-complete", "id": f"plugin-{TASK}", "time": stamp(9), "data": posted}
        known = learn([given])
        assert [("plugin.completed", {"channel": "chat", "age": "200"})] == [(f.kind, f.values) for f in known.facts]
        assert "Amara@example.com" == known.latest_attributes()["customers.email"]


@given(
    st.sampled_from(sorted(RANKS)),
    st.dictionaries(st.sampled_from(sorted(event("task.created")["data"]["payload"])), JSON),
)
def test_odd_payloads_are_facts_or_poison(kind: str, odd: dict[str, Any]) -> None:
    """Whatever stands in a payload, it is heard or refused: nothing else is raised."""
    data = {**event(kind)["data"]["payload"], **odd}
    told = ExtractedFacts()
    try:
        extract_facts(
            CloudEvent("EV1", f"taskrouter.{kind}", NINE, data), told, WITH_WORKERS, frozenset(("from", "a.b"))
        )
    except BadRequestError:
        assert {} == told.subjects


@given(
    st.sampled_from(
        ["conversations.participant.added", "messaging.message.failed", "taskrouter.worker.activity.update"]
    ),
    st.dictionaries(st.sampled_from(["ConversationSid", "MessagingBinding", "to", "errorCode", "worker_sid"]), JSON),
)
def test_odd_data_of_other_families(kind: str, data: dict[str, Any]) -> None:
    """The same holds for every family."""
    told = ExtractedFacts()
    try:
        extract_facts(CloudEvent("EV1", kind, NINE, data), told, WITH_WORKERS, frozenset())
    except BadRequestError:
        assert {} == told.subjects
