"""Thousands of facts of one task, folded into a summary and the facts that everything else follows from.

A task that is parked, or moved between queues, again and again has no end of facts, and an item has one. What each stay
and offer added to the figures is written by then. The summary stands for what is left out: how many they were, how long
workers talked in them, and the attributes that held.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from twilio_bridge.support.tasks.facts import FOLDED, LASTING, Fact, KnownFacts, compute_digest, sort_facts
from twilio_bridge.support.tasks.task_history import ENTERED, LEFT, build_history

# A task has some thirty.
MAX_FACTS_COUNT, KEPT_FACTS_COUNT = 500, 200
ACCEPTED = "reservation.accepted"


def fold_facts(known: KnownFacts) -> KnownFacts:
    """Return the facts with the older ones summed up."""
    old, new = known.facts[:-KEPT_FACTS_COUNT], known.facts[-KEPT_FACTS_COUNT:]
    kept_ids = {fact.id for fact in _keep(known.facts, new)}
    kept = [fact for fact in old if fact.id in kept_ids]
    gone = [fact for fact in old if fact.id not in kept_ids]
    if not gone:
        return known

    overlaid = KnownFacts(known.subject, tuple(gone), known.attributes).latest_attributes()
    digest = compute_digest(overlaid) if overlaid else ""
    attributes: Mapping[str, Mapping[str, Any]] = {**known.attributes, **({digest: overlaid} if overlaid else {})}
    summary = Fact(FOLDED, FOLDED, gone[-1].at, _sum_up(known, gone, kept), digest)
    facts = [*kept, summary, *new]
    used = {fact.attributes for fact in facts}
    return sort_facts(known.subject, facts, {name: attributes[name] for name in attributes if name in used})


def _keep(facts: Iterable[Fact], new: Iterable[Fact]) -> Iterator[Fact]:
    """Return what a summary cannot stand for: begin and end, the first wait, and offers that go on."""
    every = list(facts)
    going_on = {fact.values.get("reservation") for fact in new} - {None}
    first_accept = next((fact for fact in every if fact.kind == ACCEPTED), None)
    if first_accept:
        going_on.add(first_accept.values.get("reservation"))
        yield first_accept
    yield from (fact for fact in every if fact.kind in LASTING or fact.values.get("reservation") in going_on)
    yield from (fact for fact in every if "address" in fact.values)
    entry = next((place for place, fact in enumerate(every) if fact.kind in ENTERED), None)
    if entry is not None:
        yield every[entry]
        left = (fact for fact in every[entry:] if fact.kind in LEFT or fact.kind == ACCEPTED)
        yield from (fact for fact, _ in zip(left, range(1), strict=False))


def _sum_up(known: KnownFacts, gone: Iterable[Fact], kept: Iterable[Fact]) -> dict[str, Any]:
    gone_ids = {fact.id for fact in gone}
    earlier = [fact for fact in known.facts if fact.kind == FOLDED]
    offers = {fact.values.get("reservation") for fact in known.facts if fact.id in gone_ids}
    talks = [each.talk_s for each in build_history(known).accepted if each.sid in offers and each.talk_s is not None]
    return {
        "count": len(known.doubles)
        + sum(fact.kind != FOLDED for fact in gone)
        + sum(fact.values["count"] for fact in earlier),
        "talk_s": sum(talks) + sum(fact.values["talk_s"] for fact in earlier),
        "kept": [fact.id for fact in kept],
    }
