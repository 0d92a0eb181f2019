"""Whole days of a contact centre, made up: the events that Event Streams would send. The same seed makes the same day.

Customers come on several channels, wait, are answered or leave, answer surveys, are called back and send STOP; workers
change their activity, over midnight, too. Some tasks are posted by Flex's plugin as well.
"""

from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from twilio_bridge_local.samples import customers as people
from twilio_bridge_local.samples import task_lives as lives
from twilio_bridge_local.samples.customers import Customer
from twilio_bridge_local.samples.envelopes import (
    CloudEvent,
    conversations,
    message,
    plugin_completed,
    sid,
    stamp,
    taskrouter,
)
from twilio_bridge_local.samples.task_lives import Life, Worker

# 2 March 2026, 00:00 UTC, a Monday.
DAY = 1_772_409_600_000
SECOND_MS, HOUR_MS, DAY_MS = 1_000, 3_600_000, 86_400_000
OPENS_H, CLOSES_H = 7, 21
CUSTOMERS_A_TASK = 0.6
SURVEY_QUEUE = (f"WQ{9:032x}", "Survey")
ACTIVITIES = ("Available", "Break", "Available", "Training", "Available", "Offline")
# Shares of all: of the answered who are asked, of those who answer, of the tasks that the plugin posts, of the
# customers who opt out.
ASKED, ANSWERS, BY_PLUGIN, OPT_OUT_SHARE = 0.3, 0.7, 0.1, 0.1
OPTED_OUT_ALREADY = 21610


def generate(seed: int, tasks: int, *, workers: int = 8, day: int = DAY) -> list[CloudEvent]:
    """Make up the day that begins at `day` (epoch ms), with so many customers' tasks; the events in order of time.

    Surveys, callbacks and conversations come on top. `support_envelopes.records` puts the events into records.
    """
    chance = Random(seed)  # noqa: S311  made-up days, no secrets
    team = [Worker(sid("WK", chance), f"worker{number}") for number in range(workers)]
    crowd = people.customers(max(int(tasks * CUSTOMERS_A_TASK), 1), chance)
    events = [event for _ in range(tasks) for event in _contact(chance.choice(crowd), team, chance, day)]
    events += [
        event for customer in crowd if chance.random() < OPT_OUT_SHARE for event in _opt_outs(customer, chance, day)
    ]
    events += [event for worker in team for event in _shift(worker, chance, day)]
    return sorted(events, key=lambda event: (event["time"], event["id"]))


def _contact(customer: Customer, team: Sequence[Worker], chance: Random, day: int) -> Iterator[CloudEvent]:
    """Yield a customer's task, and what follows from it."""
    channel = chance.choice(customer.channels)
    conversation_sid = "" if channel == "voice" else sid("CH", chance)
    begins = day + int(chance.triangular(OPENS_H, CLOSES_H) * HOUR_MS)
    if chance.random() < 0.02:  # noqa: PLR2004  some come around midnight
        begins = day + DAY_MS - chance.randrange(600 * SECOND_MS)
    attributes = people.attributes(customer, channel, conversation_sid)
    life = Life(chance, customer, channel, attributes, begins, team, queue=chance.choice(lives.QUEUES[:-1]))
    became = lives.any_of(chance)
    yield from became(life).events
    if conversation_sid:
        yield from _conversation(life, conversation_sid, begins)
    if became in lives.SERVED:
        yield from _afterwards(life)
    if became is lives.callback and customer.phone:
        yield from _call_back(life)


def _afterwards(life: Life) -> Iterator[CloudEvent]:
    if life.chance.random() < ASKED:
        yield from _survey(life)
    if life.chance.random() < BY_PLUGIN:
        at = life.now + life.chance.randrange(2_000)
        yield plugin_completed(at, life.sid, life.attributes, lives.task_channel(life.channel))


def _survey(life: Life) -> Iterator[CloudEvent]:
    """Yield a survey, with the answer or without."""
    survey = ask(life)
    if life.chance.random() < ANSWERS:
        return iter(answer(survey, life.chance.randint(1, 5)).events)
    survey.wait(180, 180).set_conversations(abandoned="Yes")
    return iter(lives.leave(survey, "Task TTL Exceeded").events)


def ask(life: Life) -> Life:
    """Ask the customer of a finished task as Twilio's survey template does: with a task that is canceled in the end."""
    asked = {"kind": "Survey", "virtual": "Yes", "conversation_id": life.sid, "queue": life.queue[1]}
    names = ("from", "direction", "channelType")
    kept: dict[str, Any] = {name: life.attributes[name] for name in names if name in life.attributes}
    attributes = {**kept, "isSurveyTask": True, "conversations": asked}
    now = life.now + life.chance.randint(1_000, 60_000)
    survey = Life(life.chance, life.customer, life.channel, attributes, now, life.workers, SURVEY_QUEUE, lives.SURVEYS)
    return lives.begin(survey).wait(5, 120)


def answer(survey: Life, score: int) -> Life:
    """Have the customer answer."""
    survey.set_conversations(abandoned="No", conversation_measure_1=score, conversation_attribute_1=str(score))
    return lives.leave(survey, "Survey completed")


def _call_back(life: Life) -> Iterator[CloudEvent]:
    """Yield the task of the worker who calls back: another one, linked to the first."""
    attributes = people.attributes(life.customer, "callback", "") | {"conversations": {"conversation_id": life.sid}}
    now = life.now + life.chance.randint(60_000, HOUR_MS)
    again = Life(life.chance, life.customer, "voice", attributes, now, life.workers, life.queue)
    became = lives.answered if life.chance.random() < ANSWERS else lives.abandoned
    return iter(became(again).events)


def _conversation(life: Life, conversation_sid: str, begins: int) -> Iterator[CloudEvent]:
    """Yield the conversation of a messaging task; most are closed soon after it."""
    chance, address = life.chance, life.attributes["customerAddress"]
    about = {"ConversationSid": conversation_sid}
    kind = {"whatsapp": "whatsapp", "sms": "sms"}.get(life.channel, "chat")
    binding = {} if kind == "chat" else {"MessagingBinding": {"Type": kind, "Address": address}}
    who = {**about, "ParticipantSid": sid("MB", chance), "Identity": address if kind == "chat" else None, **binding}
    added = {**about, "State": "active", "DateCreated": stamp(begins - 900), **binding}
    yield conversations("conversation.added", begins - 900, added, sid("EZ", chance))
    yield conversations("participant.added", begins - 800, who, sid("EZ", chance))
    if chance.random() < 0.8:  # noqa: PLR2004  the others stay open
        at = life.now + chance.randint(100, 120_000)
        closed = {**about, "StateUpdated": stamp(at), "StateFrom": "active", "StateTo": "closed", "Reason": "API"}
        yield conversations("conversation-state.updated", at, closed, sid("EZ", chance))


def _opt_outs(customer: Customer, chance: Random, day: int) -> Iterator[CloudEvent]:
    """Yield a customer's opt-out and opt-in: STOP, some START again; or that Twilio knows it already."""
    if not customer.phone:
        return
    at = day + chance.randrange(DAY_MS)
    if chance.random() < 0.3:  # noqa: PLR2004
        data = {"from": people.COMPANY, "to": customer.phone, "messageStatus": "FAILED", "errorCode": OPTED_OUT_ALREADY}
        yield message("message.failed", at, {"messageSid": sid("SM", chance), **data}, sid("EZ", chance))
        return
    for number, text in enumerate(("STOP", "START")[: chance.randint(1, 2)]):
        text_message = {"from": customer.phone, "to": people.COMPANY, "body": text, "optOutType": text}
        data = {"messageSid": sid("SM", chance), **text_message}
        yield message("inbound-message.received", at + number * HOUR_MS, data, sid("EZ", chance))


def _shift(worker: Worker, chance: Random, day: int) -> Iterator[CloudEvent]:
    """Yield a worker's activities; the first one ends a night that began the day before."""
    before, since = "Offline", day - chance.randint(1, 8) * HOUR_MS
    at = day + chance.randint(6, 9) * HOUR_MS + chance.randrange(HOUR_MS)
    for activity in ACTIVITIES:
        seconds = (at - since) // 1000
        data = {
            "worker_sid": worker.sid,
            "worker_name": worker.name,
            "worker_activity_name": activity,
            "worker_previous_activity_name": before,
            "worker_time_in_previous_activity": seconds,
            "worker_time_in_previous_activity_ms": at - since,
            "resource_type": "worker",
            "resource_sid": worker.sid,
        }
        yield taskrouter("worker.activity.update", at, data, sid("EV", chance))
        before, since = activity, at
        at += chance.randint(600, 10_000) * 1_000
