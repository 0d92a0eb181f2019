"""A person as Brevo is to hold them: identifiers, the numbers of their interactions, their own fields, and lists.

The numbers are absolute: told late or twice, they are right all the same. What is not known is left out.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from math import isfinite

from twilio_bridge import phone
from twilio_bridge.config import flex, schema
from twilio_bridge.support.facts import compute_digest
from twilio_bridge.support.person import Dossier, Interaction
from twilio_bridge.support.ports import MarketingContact
from twilio_bridge.support.task_attributes import MAX_TEXT_LENGTH

Interactions = Sequence[Interaction]
Value = str | int | float | bool | date | list[str]

# What Brevo takes for an address; one that it refuses would keep everything else from it.
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
# Identifiers by the attribute they are mapped to: they are the person's keys, and told as such.
IDENTIFIERS = {"EMAIL": "email", "SMS": "phone", "EXT_ID": "external"}
WITH_EMAIL = "@"
PHONES = frozenset(("WHATSAPP", "LANDLINE_NUMBER"))


def contact_of(dossier: Dossier, settled: schema.Config, opted_out: bool | None) -> MarketingContact | None:
    """Return the contact, or None where there is nothing that Brevo could find them by."""
    flex = settled.connectors.twilio_flex
    latest_first = sorted(dossier.interactions, key=lambda each: (each.last_at, each.sid), reverse=True)
    paths = {target.upper(): path for path, target in settled.field_mapping.items()}
    found = {name: _identifier(dossier, name, paths.get(target), latest_first) for target, name in IDENTIFIERS.items()}
    if not any(found.values()):
        return None
    return MarketingContact(
        email=found["email"],
        phone=found["phone"],
        external_id=found["external"],
        attributes=attributes(latest_first, settled.field_mapping) if flex.sync.customers else {},
        lists=_lists(latest_first, flex.lists),
        opted_out=opted_out,
    )


def attributes(interactions: Interactions, field_mapping: Mapping[str, str]) -> dict[str, Value]:
    """Return what the mapping asks for and these interactions, the latest first, know, by Brevo's names."""
    wanted = {path: target.upper() for path, target in field_mapping.items() if target.upper() not in IDENTIFIERS}
    values = {target: _value(path, target, interactions) for path, target in wanted.items()}
    return {target: value for target, value in values.items() if value is not None}


def digest_of(contact: MarketingContact) -> str:
    """Return a short name for what Brevo is told, the same for the same; with an email in it, it says so."""
    told = {name: value.isoformat() if isinstance(value, date) else value for name, value in contact.attributes.items()}
    return (WITH_EMAIL if contact.email else "") + compute_digest({**asdict(contact), "attributes": told})


def _value(path: str, target: str, interactions: Interactions) -> Value | None:
    if metric := METRICS.get(path):
        return metric([each for each in interactions if each.counts], interactions)
    told = next(_told(path, interactions), None)
    if target in PHONES:
        return phone.parse_number(str(told or ""))
    return _clean(told)


def _told(path: str, interactions: Interactions) -> Iterator[object]:
    return (each.values[path] for each in interactions if path in each.values)


def _clean(value: object) -> Value | None:
    """Keep what Brevo has a type for: text, number, truth, list of texts."""
    if isinstance(value, str):
        return value.strip()[:MAX_TEXT_LENGTH] or None
    if isinstance(value, list):
        return [text[:MAX_TEXT_LENGTH] for text in value if isinstance(text, str) and text.strip()] or None
    if isinstance(value, int | float):
        return value if isfinite(value) else None
    return None


def _identifier(dossier: Dossier, kind: str, path: str | None, interactions: Interactions) -> str:
    """Return one of the person's keys of a kind: the one told latest, else the first in order."""
    keys = (key.partition("#") for key in dossier.person.keys)
    known = sorted(name for own, _, name in keys if own == kind and (kind != "email" or EMAIL.fullmatch(name)))
    told = (str(value) for value in _told(path, interactions)) if path else iter(())
    latest = next((name for name in map(_plain, told) if name in known), "")
    return latest or next(iter(known), "")


def _plain(told: str) -> str:
    return told.strip().casefold() if "@" in told else phone.strip_channel(told)


def _lists(interactions: Interactions, lists: flex.Lists) -> tuple[int, ...]:
    asked, scored = any(each.counts for each in interactions), any(each.score is not None for each in interactions)
    wanted = {lists.support_contacts if asked else None, lists.csat_respondents if scored else None}
    return tuple(sorted(number for number in wanted if number is not None))


def _conversations(counting: Interactions, _all: Interactions) -> int | None:
    return len(counting) or None


def _wait(counting: Interactions, _all: Interactions) -> float | None:
    """Return the mean of what accepted tasks waited, in seconds."""
    waits = [each.wait_s for each in counting if each.wait_s is not None]
    return round(sum(waits) / len(waits), 1) if waits else None


def _last_day(counting: Interactions, _all: Interactions) -> date | None:
    last_at = max((each.last_at for each in counting), default=None)
    return None if last_at is None else datetime.fromtimestamp(last_at / 1000, UTC).date()


def _channel(counting: Interactions, _all: Interactions) -> str | None:
    used = Counter(each.channel for each in counting if each.channel)
    latest = {each.channel: each.created_at for each in sorted(counting, key=lambda each: each.created_at)}
    return max(used, key=lambda channel: (used[channel], latest[channel], channel), default=None)


def _score(_counting: Interactions, every: Interactions) -> float | None:
    scored = [(each.scored_at, each.sid, each.score) for each in every if each.score is not None]
    return max(scored)[2] if scored else None


METRICS: Mapping[str, Callable[[Interactions, Interactions], Value | None]] = {
    "total_conversations": _conversations,
    "avg_wait_time": _wait,
    "last_conversation_date": _last_day,
    "preferred_channel": _channel,
    "last_csat_score": _score,
}
