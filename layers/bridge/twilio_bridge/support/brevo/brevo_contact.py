"""A person as a contact in Brevo: identifiers, the numbers of their interactions, their own fields, and lists.

The numbers are absolute values: written late or twice, they are right all the same. What is not known is left out.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import date

from twilio_bridge import phone
from twilio_bridge.config import flex, schema
from twilio_bridge.support.brevo.attribute_values import Value, to_attribute
from twilio_bridge.support.brevo.contact_lists import find_new_lists
from twilio_bridge.support.persons.interactions import merge_interactions
from twilio_bridge.support.persons.metrics import METRICS, Interactions
from twilio_bridge.support.persons.person import Dossier
from twilio_bridge.support.persons.person_keys import KeyRules, build_rules, is_label, is_nobodys
from twilio_bridge.support.ports import MarketingContact
from twilio_bridge.support.tasks.facts import compute_digest
from twilio_bridge.support.tasks.task_customer import is_name

# What can be an address at all; which of them it takes Brevo decides.
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
# The kinds of a person's keys by the attribute that they are mapped to.
IDENTIFIERS = {"EMAIL": "email", "SMS": "phone", "EXT_ID": "external"}
# The digest of a contact with an email begins with this.
WITH_EMAIL = "@"
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
        lists=find_new_lists(latest_first, dossier, flex.lists),
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
    return to_attribute(latest, types.get(target, "text"))


def _values_at(path: str, interactions: Interactions) -> Iterator[object]:
    return (each.values[path] for each in interactions if path in each.values)


def _identifier(dossier: Dossier, kind: str, path: str | None, interactions: Interactions, rules: KeyRules) -> str:
    """Return one of the person's keys of a kind: the one that the latest interaction has, else the first in order."""
    keys = (key.partition("#") for key in dossier.person.keys if not is_nobodys(key, rules))
    known = sorted(name for own, _, name in keys if own == kind and (kind != "email" or EMAIL.fullmatch(name)))
    values = (str(value) for value in _values_at(path, interactions)) if path else iter(())
    latest = next((name for name in map(_normalize, values) if name in known), "")
    return latest or next(iter(known), "")


def _normalize(value: str) -> str:
    return value.strip().casefold() if "@" in value else phone.strip_channel(value)
