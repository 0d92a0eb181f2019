"""The Monday of events/event_streams/day.jsonl: five customers' tasks whose numbers can be added up by hand.

    .venv/bin/python -m twilio_bridge_local.samples.sample_day > events/event_streams/day.jsonl

Amara calls and answers the survey, and calls again in the afternoon; a stranger hangs up, calls again and is served;
Chinẹdu writes on WhatsApp. So there are five tickets, four resolved and one abandoned, three customers and one score.
"""

import json
import sys
from random import Random
from typing import Final

from twilio_bridge_local.samples import customers as people
from twilio_bridge_local.samples import task_lives as lives
from twilio_bridge_local.samples.customers import Customer
from twilio_bridge_local.samples.envelopes import CloudEvent, sid
from twilio_bridge_local.samples.support_day import DAY, HOUR_MS, answer, ask
from twilio_bridge_local.samples.task_lives import Life, Worker

SEED: Final = 7
AMARA: Final = Customer("Amara Okafor", "+447900000012", "amara.okafor@example.org", "1001", "", "gold")
CHINEDU: Final = Customer("Chinẹdu Okafor", "+447700900026", "", "1026", "", "silver")
STRANGER: Final = Customer("", "+447700900123", "", "", "", "")
SCORE: Final = 5


def make_day() -> list[CloudEvent]:
    """Return the day's events in order of time; they are always the same."""
    chance = Random(SEED)  # noqa: S311  made-up SIDs, no secrets
    team = [Worker(sid("WK", chance), name) for name in ("jo@example.com", "mei@example.com", "sam@example.com")]

    def begin(customer: Customer, hour: float, channel: str = "voice") -> Life:
        conversation = "" if channel == "voice" else sid("CH", chance)
        attributes = people.attributes(customer, channel, conversation)
        if customer.name:
            attributes["name"] = customer.name
        return lives.begin(Life(chance, customer, channel, attributes, DAY + int(hour * HOUR_MS), team))

    served = [
        _serve(begin(AMARA, 9), 32, 180),
        _serve(begin(CHINEDU, 11, "whatsapp"), 20, 240),
        _serve(begin(STRANGER, 12), 45, 120),
        _serve(begin(AMARA, 15), 60, 90),
    ]
    left = lives.leave(begin(STRANGER, 10).wait(48, 48), "hangup")
    survey = answer(ask(served[0]), SCORE)
    events = [event for life in (*served, left, survey) for event in life.events]
    return sorted(events, key=lambda event: (event["time"], event["id"]))


def _serve(life: Life, waits_s: int, talks_s: int) -> Life:
    """Have a worker accept after so long, six seconds of which the phone rings, and talk."""
    lives.ring(life.wait(waits_s - 6, waits_s - 6)).wait(6, 6).emit("reservation.accepted")
    return lives.wrap_up(life.wait(talks_s, talks_s))


def main() -> None:
    """Print the day, an event a line."""
    for event in make_day():
        sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
