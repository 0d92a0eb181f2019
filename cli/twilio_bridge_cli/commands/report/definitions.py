"""What each figure means, and how a rate came about; docs/figures.md explains it at length."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

PAGE: Final = "docs/figures.md"
CUSTOMERS: Final[Mapping[str, str]] = {
    "interactions": "contacts that customers began; tasks of one conversation that go on are one",
    "answered": "of these, those in which a worker accepted",
    "abandoned": "the customer left before anybody accepted, measured from the first queue",
    "short_abandons": "left within {short_s} s; in no rate",
    "expired": "nobody accepted until TaskRouter gave the task up; in no rate",
    "follow_ups": "a callback or voicemail was left; in no rate",
    "waiting": "nobody has accepted yet",
    "outbound": "contacts that the company began; in no other figure",
    "abandon_rate": "abandoned / (answered + abandoned)",
    "service_level": "answered within {level_s} s / (answered + abandoned)",
    "avg_wait_s": "mean of the answered: from the first queue's entry to the first accept, over all queues",
    "max_wait_s": "the longest of these",
    "avg_abandon_s": "mean of the abandoned: from the first queue's entry to the end",
}
QUEUES: Final[Mapping[str, str]] = {
    "entered": "stays in this queue; a task that moves or is transferred has one in each",
    "accepted": "stays that ended with a worker's accept",
    "abandoned": "the task was canceled in this queue",
    "short_abandons": "canceled within {short_s} s in this queue; in no rate",
    "expired": "nobody accepted until TaskRouter gave the task up; in no rate",
    "follow_ups": "a callback or voicemail was left; in no rate",
    "moved": "went on to another queue, or back to the first worker; in no rate",
    "waiting": "still in this queue",
    "outbound": "stays of outbound tasks; in no other figure",
    "abandon_rate": "abandoned / (accepted + abandoned)",
    "service_level": "accepted within {level_s} s in this queue / (accepted + abandoned)",
    "avg_wait_s": "mean of the accepted: from the entry into this queue to the accept",
    "max_wait_s": "the longest of these",
    "avg_abandon_s": "mean of the abandoned, in this queue",
    "csat": "mean of the surveys' scores",
    "csat_answers": "how many answered",
}
WORKERS: Final[Mapping[str, str]] = {
    "accepted": "offers that the worker accepted",
    "rejected": "offers that the worker rejected",
    "missed": "offers that timed out or were canceled while they rang",
    "avg_handle_s": "mean from the accept to the completion, wrapping up included",
    "handle_s": "the sum of these",
    "talk_s": "the sum from the accept to wrapping up",
    "activities": "time in each activity",
}
# Of what came in, what is in neither part of a rate.
OUTSIDE: Final = ("short_abandons", "expired", "follow_ups", "moved", "waiting")


def explain_figures(definitions: Mapping[str, str], short_s: int, level_s: int) -> Iterator[str]:
    """Return a line a figure."""
    width = max(map(len, definitions))
    for name, meaning in definitions.items():
        yield f"{name:<{width}}  {meaning.format(short_s=short_s, level_s=level_s)}"


def explain_rate(line: Mapping[str, Any]) -> str:
    """Return how a line's abandon rate came about, empty where it has none."""
    rate = line.get("abandon_rate")
    if rate is None:
        return ""
    whole, served = ("entered", "accepted") if "entered" in line else ("interactions", "answered")
    others = [f"{line[name]} {name.replace('_', ' ')}" for name in OUTSIDE if line.get(name)]
    rest = f"; in no rate: {', '.join(others)}" if others else ""
    parts = f"{line['abandoned']} abandoned / ({line[served]} {served} + {line['abandoned']} abandoned)"
    return f"{line[whole]} {whole}: {parts} = {rate:.1%}{rest}"
