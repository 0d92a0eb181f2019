"""What the support job holds in the end, and what Brevo does, in a form to compare."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.unit.support.job import World
from twilio_bridge.support import daily_figures
from twilio_bridge.support.persons.person import TimelineEvent
from twilio_bridge.support.tasks.derivation import derive_all
from twilio_bridge.support.tasks.facts import NewFacts


@dataclass(frozen=True)
class State:
    """What is held in the end, free of what order and crashes may change: ids, versions, times of delivery."""

    facts: dict[str, Any]
    persons: dict[frozenset[str], Any]
    rows: dict[tuple[str, str], Any]
    reports: tuple[dict[Any, Any], dict[Any, Any]]
    words: list[Any]
    poison: dict[str, tuple[bytes, str]]


def state(world: World) -> State:
    """Read everything."""
    known = {subject: world.facts.add_facts(subject, NewFacts()) for subject in world.told.subjects}
    rows = [row for row in world.figures.list_rows() if row.values]
    keys = [key for each in known.values() for key in derive_all(each, world.settings, 0).keys]
    numbers = sorted({key.removeprefix("phone#") for key in keys if key.startswith("phone#")})
    return State(
        facts={subject: (each.facts, dict(each.attributes)) for subject, each in known.items()},
        persons=dict(_persons(world, keys)),
        rows={(row.day, row.key): row.values for row in rows},
        reports=(daily_figures.sum_queues(rows), daily_figures.sum_workers(rows)),
        words=[(word.address, word.out, word.at) for word in world.words.find_requests(numbers)],
        poison=world.quarantine.kept,
    )


def _persons(world: World, keys: Iterable[str]) -> Iterator[tuple[frozenset[str], Any]]:
    """Return each person's keys, and what is held about them; withdrawn is as if it had never been."""
    groups: dict[str, set[str]] = {}
    for key, person in world.identities.find_by_keys(dict.fromkeys(keys)).items():
        groups.setdefault(person.id, set()).add(key)
    for person_id, own in groups.items():
        dossier = world.persons.load_dossier(person_id)
        assert dossier
        events = [_plain(event) for event in dossier.events if event.status != "withdrawn"]
        yield (
            frozenset(own),
            (
                dossier.person.keys,
                {each.sid: replace(each, version=0) for each in dossier.interactions},
                {event.key: event for event in events},
            ),
        )


def _plain(event: TimelineEvent) -> TimelineEvent:
    return replace(event, version=0, due_at=0, tries=0, sending_at=0)


def timeline(world: World) -> dict[str, list[TimelineEvent]]:
    """Return what stands on everybody's timeline, by the event's key."""
    found: dict[str, list[TimelineEvent]] = {}
    for _, event in world.crm.timeline:
        found.setdefault(event.key, []).append(replace(_plain(event), status="sent"))
    return found


def contacts(world: World) -> set[Any]:
    """Return Brevo's contacts with their timelines, each as a value."""
    return {
        (
            contact.email,
            contact.phone,
            contact.external_id,
            contact.opted_out,
            tuple(contact.lists),
            tuple(sorted((name, str(value)) for name, value in contact.attributes.items())),
            tuple(sorted(event.key for owner, event in world.crm.timeline if owner == number)),
        )
        for number, contact in world.crm.contacts.items()
    }
