"""Half an hour in a contact centre, sent by Event Streams and found again in Brevo; for the demonstration.

The events come out of order, and one of them twice. It is played where all that they change is stand-ins.
"""

import json
import time
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from rich.table import Table as Sheet

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.figures import DynamoFigures
from twilio_bridge.support import daily_figures
from twilio_bridge.support.calendar import read_day
from twilio_bridge_local.console import brevo_tables
from twilio_bridge_local.demo.frontline import EMAIL, NAME, NUMBER, opt_out
from twilio_bridge_local.demo.steps import Step, patiently
from twilio_bridge_local.samples import customers as people
from twilio_bridge_local.samples import task_lives as lives
from twilio_bridge_local.samples.customers import Customer
from twilio_bridge_local.samples.envelopes import CloudEvent, message, sid
from twilio_bridge_local.samples.support_day import answer, ask
from twilio_bridge_local.samples.task_lives import Life, Worker
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.vendors.brevo.account import Entry
from twilio_bridge_local.vendors.brevo.answers import state
from twilio_bridge_local.vendors.brevo.server import BrevoStandIn

# An event settles for some seconds before it is delivered, and its message waits a little longer.
PATIENCE_S = 40
HALF_AN_HOUR_MS, LASTS_MS = 1_800_000, 900_000
AMARA = Customer(NAME, NUMBER, email="", external_id="1001", identity="", tier="gold")
STRANGER = Customer("", "+447700900123", email="", external_id="", identity="", tier="")
JO = Worker(sid("WK", Random(0)), "jo@example.com")  # noqa: S311  a made-up SID
QUEUE, SCORE = "Support", 5
WAITED_S, TALKED_S, GAVE_UP_S = 32, 180, 48
TIMELINE = {
    NUMBER: ["SUPPORT_REQUESTED", "SUPPORT_RESOLVED", "CSAT_SUBMITTED"],
    STRANGER.phone: ["SUPPORT_REQUESTED", "SUPPORT_ABANDONED"],
}

FIGURES = {
    "entered": 2,
    "accepted": 1,
    "abandoned": 1,
    "abandon_rate": 0.5,
    "avg_wait_s": WAITED_S,
    "avg_abandon_s": GAVE_UP_S,
    "csat": SCORE,
}


def scenario(stack: Stack) -> Iterator[Step]:
    """Send the events, and look for them in Brevo and in the figures."""
    if not (stack.stand_ins.brevo and stack.stand_ins.airtable):
        return
    chance = Random(time.time_ns())  # noqa: S311  made-up SIDs, no secrets
    now = int(time.time() * 1000)
    begins = _begins(now)
    day = read_day(begins, "UTC")
    served, gone = _served(chance, begins), _gone(chance, begins)
    survey = answer(ask(served), SCORE)
    stop = _stop(chance, now)
    _put(stack, [*_disordered(served.events, chance), *_disordered(gone.events, chance)])
    _put(stack, [*_disordered(survey.events, chance), stop])

    brevo = stack.stand_ins.brevo
    resolved = {"queue": QUEUE, "wait_s": WAITED_S, "talk_s": TALKED_S, "worker": JO.name}
    yield _await_event(
        brevo, NUMBER, "SUPPORT_RESOLVED", resolved, f"{NAME} calls, {JO.name} answers after {WAITED_S} s"
    )
    left = {"queue": QUEUE, "wait_s": GAVE_UP_S}
    yield _await_event(brevo, STRANGER.phone, "SUPPORT_ABANDONED", left, f"a stranger hangs up after {GAVE_UP_S} s")
    yield _await_event(brevo, NUMBER, "CSAT_SUBMITTED", {"score": SCORE}, f"{NAME} answers the survey: {SCORE}")
    yield _await_block(brevo)
    yield from _in_brevo(brevo, day)
    ticked = patiently(lambda: opt_out(stack), bool)
    yield Step("Airtable shows the STOP", {"opt_out": ticked}, ticked)
    yield _in_figures(stack, day)


def _begins(now: int) -> int:
    """Return when it begins: half an hour ago, or a little earlier where midnight would fall into it."""
    begins = now - HALF_AN_HOUR_MS
    is_one_day = read_day(begins, "UTC") == read_day(begins + LASTS_MS, "UTC")
    return begins if is_one_day else begins - LASTS_MS


def _life(chance: Random, customer: Customer, begins: int) -> Life:
    attributes = {**people.attributes(customer, "voice", ""), **({"name": customer.name} if customer.name else {})}
    return lives.begin(Life(chance, customer, "voice", attributes, begins, [JO]))


def _served(chance: Random, begins: int) -> Life:
    life = lives.ring(_life(chance, AMARA, begins).wait(WAITED_S - 12, WAITED_S - 12))
    life.wait(12, 12).emit("reservation.accepted").wait(TALKED_S, TALKED_S)
    return lives.wrap_up(life)


def _gone(chance: Random, begins: int) -> Life:
    return lives.leave(_life(chance, STRANGER, begins).wait(GAVE_UP_S, GAVE_UP_S), "hangup")


def _stop(chance: Random, at: int) -> CloudEvent:
    text_message = {"from": NUMBER, "to": people.COMPANY, "body": "STOP", "optOutType": "STOP"}
    data = {"messageSid": sid("SM", chance), **text_message}
    return message("inbound-message.received", at, data, sid("EZ", chance))


def _disordered(events: Sequence[CloudEvent], chance: Random) -> list[CloudEvent]:
    """Return events as they may arrive: the last one first, one of them twice."""
    return [events[-1], *chance.sample(events[:-1], len(events) - 1), events[0]]


def _put(stack: Stack, events: Sequence[CloudEvent]) -> None:
    """Put events on the stream as Twilio does."""
    records: Any = [{"Data": json.dumps(event).encode(), "PartitionKey": event["id"]} for event in events]
    stack.client("kinesis").put_records(StreamName=stack.bundle.streams[0].name, Records=records)


def _await_event(brevo: BrevoStandIn, number: str, name: str, expected: dict[str, Any], title: str) -> Step:
    """Return the step that Brevo has one such event of whoever has this number, with these properties."""

    def find() -> list[dict[str, Any]]:
        return [dict(entry.event_properties) for entry in _entries(brevo, number) if entry.event_name == name]

    found = patiently(find, bool, PATIENCE_S)
    return Step(title, {name: found}, len(found) == 1 and found[0] == {**found[0], **expected})


def _await_block(brevo: BrevoStandIn) -> Step:
    """Return the step that Brevo writes to Amara no more."""
    contact = patiently(lambda: _contact(brevo, NUMBER), lambda found: found.get("is_blocked") is True, PATIENCE_S)
    title = f"{NAME} texts STOP to a number without a conversation"
    return Step(title, {"is_blocked": contact.get("is_blocked")}, contact.get("is_blocked") is True)


def _in_brevo(brevo: BrevoStandIn, day: str) -> Iterator[Step]:
    expected = _expected(day)
    contact = patiently(lambda: _contact(brevo, NUMBER), lambda found: found == expected, PATIENCE_S)
    yield Step(f"Brevo knows {NAME}, with numbers, lists and the STOP", contact, contact == expected)
    timelines = patiently(
        lambda: {number: _timeline(brevo, number) for number in TIMELINE}, lambda found: found == TIMELINE
    )
    with brevo.account.lock:
        held = state(brevo.account)
    yield Step("and each event once", timelines, timelines == TIMELINE, [*brevo_tables.tables(held)])


def _expected(day: str) -> dict[str, Any]:
    """Return what Brevo is to hold of Amara; the email stands in Airtable only."""
    return {
        "email": EMAIL,
        "ext_id": None,  # another integration's, unless the mapping names it
        "lists": [1, 2],
        "is_blocked": True,
        "attributes": {
            "FIRSTNAME": NAME,
            "SMS": NUMBER.removeprefix("+"),
            "LAST_SUPPORT_DATE": day,
            "SUPPORT_TICKET_COUNT": 1,
            "AVG_WAIT_TIME": WAITED_S,
            "CSAT_SCORE": SCORE,
            "PREFERRED_CHANNEL": "voice",
            "VIP_TIER": AMARA.tier,
        },
    }


def _contact(brevo: BrevoStandIn, number: str) -> dict[str, Any]:
    found = brevo.account.contact("SMS", number.removeprefix("+"))
    if found is None:
        return {}
    identifiers = {"email": found.email, "ext_id": found.ext_id, "lists": sorted(found.list_ids)}
    return {**identifiers, "is_blocked": found.sms_blacklisted, "attributes": dict(found.attributes)}


def _timeline(brevo: BrevoStandIn, number: str) -> list[str]:
    return [entry.event_name for entry in sorted(_entries(brevo, number), key=lambda entry: entry.event_date)]


def _entries(brevo: BrevoStandIn, number: str) -> list[Entry]:
    found = brevo.account.contact("SMS", number.removeprefix("+"))
    return brevo.account.timeline(found.id) if found else []


def _in_figures(stack: Stack, day: str) -> Step:
    rows = DynamoFigures(Table(stack.client("dynamodb"), "SyncState")).read_day(day)
    found = daily_figures.sum_queues(rows).get((day, QUEUE), {})
    shown = Sheet("figure", "value", title=f"Queue {QUEUE}, {day}", title_justify="left", title_style="bold")
    for figure, value in found.items():
        shown.add_row(figure, "" if value is None else str(value))
    return Step("The queue's figures", found, {**found, **FIGURES} == found, [shown])
