"""What Brevo is told: the derived events with their properties, and each interaction's share in the numbers."""

from typing import Any

import pytest

from tests.unit.support.tasks import (
    AMARA,
    CONVERSATION,
    NINE,
    SETTINGS,
    TASK,
    abandoned,
    answered,
    event,
    learn,
    settings,
    stamp,
)
from twilio_bridge.config import schema
from twilio_bridge.support.brevo.brevo_events import HOLD_MS, SETTLE_MS
from twilio_bridge.support.persons.person import TimelineEvent
from twilio_bridge.support.tasks.derivation import Derived, changes_since, derive_all
from twilio_bridge.support.tasks.facts import sort_facts

NOW = NINE + 3_600_000
SURVEY = {"conversations": {"kind": "Survey", "conversation_id": TASK, "conversation_measure_1": 4, "queue": "Support"}}
UNANSWERED = {"conversations": {"kind": "Survey", "conversation_id": TASK, "queue": "Support"}}


def derived(events: list[dict[str, Any]], settled: schema.Config = SETTINGS, sid: str = TASK) -> Derived:
    return derive_all(learn(events, settled, sid), settled, NOW)


def told(events: list[dict[str, Any]], settled: schema.Config = SETTINGS) -> dict[str, TimelineEvent]:
    return {event.name: event for event in derived(events, settled).events}


def closed(*more: dict[str, Any]) -> Derived:
    end = {"ConversationSid": CONVERSATION, "StateTo": "closed", "Reason": "API"}
    kind = "com.twilio.conversations.conversation-state.updated"
    return derived([{"type": kind, "id": "EZ1", "time": stamp(60), "data": end}, *more], sid=CONVERSATION)


def joined(**binding: str) -> dict[str, Any]:
    data = {"ConversationSid": CONVERSATION, "MessagingBinding": binding}
    return {"type": "com.twilio.conversations.participant.added", "id": "EZ2", "time": stamp(1), "data": data}


def test_an_answered_task_is_requested_and_resolved() -> None:
    """Both with what is known of them, and nothing that is not."""
    events = told(answered())
    assert ["SUPPORT_REQUESTED", "SUPPORT_RESOLVED"] == list(events)
    assert {
        "task_sid": TASK,
        "channel": "voice",
        "direction": "inbound",
        "key": f"{TASK}#requested",
    } == events["SUPPORT_REQUESTED"].properties
    assert {
        "task_sid": TASK,
        "channel": "voice",
        "direction": "inbound",
        "queue": "Support",
        "worker": "jo",
        "wait_s": 40,
        "talk_s": 120,
        "duration_s": 181,
        "key": f"{TASK}#resolved",
    } == events["SUPPORT_RESOLVED"].properties
    assert (NINE, NINE + 181_000) == tuple(event.at for event in events.values())


def test_an_abandoned_task() -> None:
    """It was requested and abandoned, with the wait and the reason."""
    events = told(abandoned(30))
    assert ["SUPPORT_REQUESTED", "SUPPORT_ABANDONED"] == list(events)
    properties = events["SUPPORT_ABANDONED"].properties
    assert ("Support", 30, "hangup") == tuple(properties[name] for name in ("queue", "wait_s", "reason"))


@pytest.mark.parametrize(
    "events",
    [
        abandoned(told={**AMARA, "conversations": {"abandoned": "Follow-Up"}}),
        abandoned(told={**AMARA, "conversations": {"abandoned": "No"}}),
        abandoned(told={**AMARA, "direction": "outbound"}),
        [*answered()[:4], event("task.canceled", 99)],
    ],
)
def test_not_every_cancellation_is_abandonment(events: list[dict[str, Any]]) -> None:
    """Callbacks, outbound calls, and who was answered before, are none."""
    assert "SUPPORT_ABANDONED" not in told(events)


@pytest.mark.parametrize("end", [answered, abandoned])
def test_nobody_asked_for_an_outbound_call(end: Any) -> None:
    """It is neither requested nor abandoned, and nobody waited in it; what was settled is resolved."""
    outbound = {"direction": "outbound", "from": "+14155550100", "to": "+447900000012"}
    found = derived(end(told=outbound))
    assert found.interaction
    assert (True, None) == (found.interaction.counts, found.interaction.wait_s)
    assert (["SUPPORT_RESOLVED"] if end is answered else []) == [each.name for each in found.events]


def test_who_waited_in_vain_was_not_served() -> None:
    """A task whose time ran out, and one that was left soon, are told as abandoned as well."""
    assert "SUPPORT_ABANDONED" in told(abandoned(86_400, reason="Task TTL Exceeded"))
    assert "SUPPORT_ABANDONED" in told(abandoned(2))


def test_a_survey_is_only_a_survey() -> None:
    """Its answer is told under the survey's own SID, and it counts in no other number."""
    survey = "WT" + "0" * 31 + "9"
    found = derived(
        [event("task.created", told=UNANSWERED, sid=survey), event("task.canceled", 9, SURVEY, sid=survey)], sid=survey
    )
    assert ["CSAT_SUBMITTED"] == [each.name for each in found.events]
    properties = found.events[0].properties
    assert (f"{survey}#csat", survey, "Support", 4) == tuple(
        properties[x] for x in ("key", "task_sid", "queue", "score")
    )
    assert found.interaction
    assert (False, 4, NINE + 9_000) == (found.interaction.counts, found.interaction.score, found.interaction.scored_at)
    assert f"task#{TASK}" in found.keys


def test_a_survey_without_a_score_tells_nothing() -> None:
    """Nor does one that has not ended."""
    unanswered = {"conversations": {"kind": "Survey"}}
    assert {} == told([event("task.canceled", 9, unanswered)])
    assert {} == told([event("task.created", 9, SURVEY)])


def test_a_resolved_task_waits_for_its_reservation() -> None:
    """The end came before the beginning: it is held, until that comes or a quarter of an hour has passed."""
    early = told([event("task.completed", 181)])["SUPPORT_RESOLVED"]
    assert (NOW + HOLD_MS, "wait_s" in early.properties) == (early.due_at, False)
    assert {NOW + SETTLE_MS} == {each.due_at for each in told(answered()).values()}


def test_a_plugin_s_word_alone_is_enough() -> None:
    """Where there is no stream, nothing more will come; its age is the duration."""
    data = {"TaskSid": TASK, "TaskAttributes": AMARA, "TaskChannelUniqueName": "voice", "Age": 200}
    found = told([{"type": "twilio-bridge.task-complete", "id": "x", "time": stamp(200), "data": data}])
    assert (200, NOW + SETTLE_MS) == (
        found["SUPPORT_RESOLVED"].properties["duration_s"],
        found["SUPPORT_RESOLVED"].due_at,
    )


@pytest.mark.parametrize(
    "settled",
    [
        settings(enabled=False),
        settings(sync={"tasks": False}),
        settings(channels=["sms"]),
        schema.Config.model_validate({"event_mapping": {"survey.completed": "X"}}),
    ],
)
def test_what_is_not_wanted_is_not_told(settled: schema.Config) -> None:
    """The connector, the kind of event, the channel and the event's name can each be turned off."""
    assert {} == told(answered(), settled)


def test_another_channel_counts_in_no_number() -> None:
    """Its tasks are not this job's; with the connector off nothing is."""
    found = derived(answered(), settings(channels=["sms"]))
    assert (None, (), ()) == (found.interaction, found.events, found.rows)
    assert None is derived(answered(), settings(enabled=False)).interaction


def test_an_interaction_has_its_share() -> None:
    """Channel, wait, times and the customer's own fields."""
    found = derived(answered({**AMARA, "name": "Amara", "customer_tier": "gold"})).interaction
    assert found
    assert (TASK, "voice", True, NINE, NINE + 181_000, 40) == (
        found.sid,
        found.channel,
        found.counts,
        found.created_at,
        found.last_at,
        found.wait_s,
    )
    assert {
        "friendly_name": "Amara",
        "attributes.email": "amara@example.com",
        "attributes.phone": "+447900000012",
        "customer_tier": "gold",
    } == found.values


@pytest.mark.parametrize(
    ("attributes", "channel"),
    [
        ({"channelType": "whatsapp"}, "whatsapp"),
        ({"channelType": "web"}, "webchat"),
        ({"channelType": "sms"}, "sms"),
        ({"from": "whatsapp:+447900000012"}, "whatsapp"),
        ({}, "webchat"),
    ],
)
def test_channels_are_brought_to_one_form(attributes: dict[str, str], channel: str) -> None:
    """Messaging tasks share the task channel `chat`; their attributes tell which one it is."""
    found = derived([event("task.created", told=attributes, task_channel_unique_name="chat")]).interaction
    assert found
    assert channel == found.channel


@pytest.mark.parametrize(
    ("attributes", "keys"),
    [
        ({"customers": {"external_id": "c-1", "phone": "+44 7900 000012"}}, ["external#c-1", "phone#+447900000012"]),
        ({"email": " A@X.org ", "from": "anonymous"}, ["email#a@x.org"]),
        ({"direction": "outbound", "from": "+14155550100", "to": "+447900000012"}, ["phone#+447900000012"]),
        ({"direction": "outbound", "outbound_to": "+447900000012", "to": "+1"}, ["phone#+447900000012"]),
        ({"customerAddress": "whatsapp:+447900000012"}, ["phone#+447900000012"]),
        ({"from": "+266696687"}, []),
        ({"identity": "visitor-7"}, ["flex#visitor-7"]),
        ({"identity": "A@x.org"}, ["email#a@x.org"]),
        ({"conversationSid": CONVERSATION}, [f"conversation#{CONVERSATION}"]),
        ({"contactTaskId": "WT7"}, ["task#WT7"]),
        ({}, []),
    ],
)
def test_who_it_was(attributes: dict[str, Any], keys: list[str]) -> None:
    """Every key that the attributes tell, the strongest first; the task itself goes before all."""
    assert (f"task#{TASK}", *keys) == derived([event("task.created", told=attributes)]).keys


def test_a_closed_conversation_has_ended() -> None:
    """With its channel and customer as its participants show them."""
    found = closed(joined(Type="whatsapp", Address="whatsapp:+447900000012"))
    assert {
        "conversation_sid": CONVERSATION,
        "channel": "whatsapp",
        "reason": "API",
        "key": f"{CONVERSATION}#ended",
    } == found.events[0].properties
    assert (f"conversation#{CONVERSATION}", "phone#+447900000012") == found.keys


def test_a_conversation_is_of_a_channel() -> None:
    """One of a channel that is not wanted is not told; one that shows none is."""
    assert () == closed(joined(Type="messenger", Address="messenger:7")).events
    assert ["CONVERSATION_ENDED"] == [each.name for each in closed().events]


def test_a_conversation_that_goes_on_has_not_ended() -> None:
    """Who takes part is worth knowing all the same."""
    found = derived([joined(Type="sms", Address="+447900000012")], sid=CONVERSATION)
    assert ((), 2) == (found.events, len(found.keys))


def test_news_are_what_was_not_so_before() -> None:
    """Telling the same again is no news; the version is what is known now."""
    before, after = derived(answered()[:4]), derived(answered())
    news = changes_since(before, after, learn(answered()))
    assert ["SUPPORT_RESOLVED"] == [each.name for each in news.events]
    again = changes_since(after, after, learn(answered()))
    assert (None, (), ()) == (again.interaction, again.events, again.rows)


def test_what_holds_no_more_is_withdrawn() -> None:
    """It seemed abandoned, until the reservation that had been accepted before was told."""
    before = derived(abandoned(60))
    after = derived([*abandoned(60), event("reservation.accepted", 30)])
    news = changes_since(before, after, learn([*abandoned(60), event("reservation.accepted", 30)]))
    assert [("SUPPORT_ABANDONED", "withdrawn", 4)] == [(each.name, each.status, each.version) for each in news.events]


def test_nothing_follows_from_nothing() -> None:
    """Before the first fact there is no task."""
    assert Derived() == derive_all(sort_facts(f"task#{TASK}", (), {}), SETTINGS, NOW)
