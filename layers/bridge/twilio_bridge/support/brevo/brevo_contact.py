"""A person as a contact in Brevo: identifiers, the numbers of their interactions, their own fields, and lists.

The numbers are absolute values: written late or twice, they are right all the same. What is not known is left out.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from math import isfinite

from twilio_bridge import phone
from twilio_bridge.config import flex, schema
from twilio_bridge.support.persons.interactions import merge_interactions
from twilio_bridge.support.persons.person import UNSENT, Dossier, Interaction, TimelineEvent
from twilio_bridge.support.persons.person_keys import KeyRules, build_rules, is_label, is_nobodys
from twilio_bridge.support.ports import MarketingContact
from twilio_bridge.support.tasks.facts import compute_digest
from twilio_bridge.support.tasks.task_attributes import MAX_TEXT_LENGTH
from twilio_bridge.support.tasks.task_customer import is_name

Interactions = Sequence[Interaction]
Value = str | int | float | bool | date | list[str]

# What can be an address at all; which of them it takes Brevo decides.
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
# The kinds of a person's keys by the attribute that they are mapped to.
IDENTIFIERS = {"EMAIL": "email", "SMS": "phone", "EXT_ID": "external"}
# The digest of a contact with an email begins with this.
WITH_EMAIL = "@"
# The events that come with a list's first interaction: one of them is sent once the contact is on the list.
SUPPORT_EVENTS, CSAT_EVENTS = ("requested", "resolved", "abandoned"), ("csat",)
PHONES = frozenset(("WHATSAPP", "LANDLINE_NUMBER"))


def build_contact(dossier: Dossier, settled: schema.Config) -> MarketingContact | None:
    """Return the contact with the lists that they are new on, or None where they have no identifier.

    An `ext_id` is ours only where the mapping says so: another integration's is left alone.
    """
    flex = settled.connectors.twilio_flex
    begun = [each for each in dossier.interactions if each.last_at >= dossier.person.begun_at]
    merged = merge_interactions(begun, settled.figures.same_interaction_s)
    latest_first = sorted(merged, key=lambda each: (each.last_at, each.sid), reverse=True)
    paths = {target.upper(): path for path, target in settled.field_mapping.items()}
    kinds = {target: kind for target, kind in IDENTIFIERS.items() if target != "EXT_ID" or target in paths}
    rules = build_rules(settled)
    found = {kind: _identifier(dossier, kind, paths.get(target), latest_first, rules) for target, kind in kinds.items()}
    if not any(found.values()):
        return None

    return MarketingContact(
        email=found["email"],
        phone=found["phone"],
        external_id=found.get("external", ""),
        attributes=_attributes_of(dossier, latest_first, settled) if flex.sync.customers else {},
        lists=tuple(
            sorted(_lists_of(_without_old(latest_first, dossier), flex.lists) - written_lists(dossier, flex.lists))
        ),
    )


def _attributes_of(dossier: Dossier, latest_first: Interactions, settled: schema.Config) -> dict[str, Value]:
    """Return the attributes; a count that Brevo has and that has become none is 0, for instance after a split."""
    found = build_attributes(latest_first, settled)
    counts = [target.upper() for path, target in settled.field_mapping.items() if path == "total_conversations"]
    return dict.fromkeys(counts, 0) | found if dossier.person.delivered else found


def build_attributes(interactions: Interactions, settled: schema.Config) -> dict[str, Value]:
    """Return the mapped attributes that these interactions, the latest first, know, by Brevo's names."""
    mapping, types = settled.field_mapping, settled.brevo.attribute_types
    wanted = {path: target.upper() for path, target in mapping.items() if target.upper() not in IDENTIFIERS}
    rules = build_rules(settled)
    values = {target: _value(path, target, interactions, types, rules) for path, target in wanted.items()}
    return {target: value for target, value in values.items() if value is not None}


def compute_contact_digest(contact: MarketingContact) -> str:
    """Return a digest of everything but the lists; it begins with WITH_EMAIL where the contact has an email."""
    dates = {
        name: value.isoformat() if isinstance(value, date) else value for name, value in contact.attributes.items()
    }
    content = {**asdict(contact), "attributes": dates, "lists": ()}
    return (WITH_EMAIL if contact.email else "") + compute_digest(content)


def _value(
    path: str, target: str, interactions: Interactions, types: Mapping[str, flex.AttributeType], rules: KeyRules
) -> Value | None:
    """Return a metric as the number, text or date that it is, and a task's attribute as text unless it has a type.

    A former version kept labels as names; they are none.
    """
    if metric := METRICS.get(path):
        return metric([each for each in interactions if each.counts], interactions)

    values = _values_at(path, interactions)
    if is_name(path, target):
        values = (value for value in values if not is_label(value, rules))
    latest = next(values, None)
    if target in PHONES:
        return phone.parse_number(str(latest or ""))
    return _to_type(_clean(latest), types.get(target, "text"))


def _values_at(path: str, interactions: Interactions) -> Iterator[object]:
    return (each.values[path] for each in interactions if path in each.values)


def _clean(value: object) -> Value | None:
    """Return what an attribute can hold: text, number, truth, list of texts."""
    if isinstance(value, str):
        return value.strip()[:MAX_TEXT_LENGTH] or None
    if isinstance(value, list):
        return [text[:MAX_TEXT_LENGTH] for text in value if isinstance(text, str) and text.strip()] or None
    if isinstance(value, int | float):
        return value if isfinite(value) else None
    return None


def _to_type(value: Value | None, kind: flex.AttributeType) -> Value | None:
    """Return the value so that an attribute that is made for it has this type."""
    if value is None or isinstance(value, list) or kind == "list":
        return value
    if kind == "text":
        return _to_text(value)
    try:
        return TYPES[kind](_to_text(value))
    except ValueError:
        return None


def _to_text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _to_number(text: str) -> float | int:
    number = float(text.replace("_", "x"))
    return int(number) if number.is_integer() else number


def _to_boolean(text: str) -> bool:
    if text.casefold() not in TRUTHS:
        raise ValueError
    return TRUTHS[text.casefold()]


TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
TYPES: Mapping[str, Callable[[str], Value]] = {
    "number": _to_number,
    "boolean": _to_boolean,
    "date": lambda text: date.fromisoformat(text[:10]),
}


def _identifier(dossier: Dossier, kind: str, path: str | None, interactions: Interactions, rules: KeyRules) -> str:
    """Return one of the person's keys of a kind: the one that the latest interaction has, else the first in order."""
    keys = (key.partition("#") for key in dossier.person.keys if not is_nobodys(key, rules))
    known = sorted(name for own, _, name in keys if own == kind and (kind != "email" or EMAIL.fullmatch(name)))
    values = (str(value) for value in _values_at(path, interactions)) if path else iter(())
    latest = next((name for name in map(_normalize, values) if name in known), "")
    return latest or next(iter(known), "")


def _normalize(value: str) -> str:
    return value.strip().casefold() if "@" in value else phone.strip_channel(value)


def _lists_of(interactions: Interactions, lists: flex.Lists) -> frozenset[int]:
    """Return the lists that these interactions put a contact on."""
    asked, scored = any(each.counts for each in interactions), any(each.score is not None for each in interactions)
    wanted = {lists.support_contacts if asked else None, lists.csat_respondents if scored else None}
    return frozenset(number for number in wanted if number is not None)


def _without_old(interactions: Interactions, dossier: Dossier) -> Interactions:
    """Return the interactions that are no old ones read by a sync: a list's automations are not for those."""
    skipped = {event.key.partition("#")[0] for event in dossier.events if event.status == "skipped"}
    return [each for each in interactions if each.sid not in skipped]


def written_lists(dossier: Dossier, lists: flex.Lists) -> frozenset[int]:
    """Return the lists that the contact was added to; whom marketing removed from one is not added again.

    Earlier versions did not write them down, but added the contact with each change: then a list is new only where
    the first event that comes with it still waits.
    """
    person = dossier.person
    if person.lists is not None:
        return person.lists
    if not person.delivered:
        return frozenset()

    waiting = {_occasion(event) for event in dossier.events if event.status in UNSENT}
    sent = {_occasion(event) for event in dossier.events if event.status == "sent"}
    by_list = {lists.support_contacts: SUPPORT_EVENTS, lists.csat_respondents: CSAT_EVENTS}
    return frozenset(
        number
        for number, occasions in by_list.items()
        if number is not None and (waiting.isdisjoint(occasions) or not sent.isdisjoint(occasions))
    )


def _occasion(event: TimelineEvent) -> str:
    return event.key.rpartition("#")[2]


def _conversations(counting: Interactions, _all: Interactions) -> int | None:
    return sum(each.stands_for for each in counting) or None


def _wait(counting: Interactions, _all: Interactions) -> float | None:
    """Return the mean of what accepted tasks waited, in seconds."""
    waits = [(each.wait_s, each.waits or 1) for each in counting if each.wait_s is not None]
    count = sum(number for _, number in waits)
    return round(sum(wait_s for wait_s, _ in waits) / count, 1) if count else None


def _last_day(counting: Interactions, _all: Interactions) -> date | None:
    last_at = max((each.last_at for each in counting), default=None)
    return None if last_at is None else datetime.fromtimestamp(last_at / 1000, UTC).date()


def _channel(counting: Interactions, _all: Interactions) -> str | None:
    used: Counter[str] = Counter()
    for each in counting:
        used.update({each.channel: each.stands_for} if each.channel else {})
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
