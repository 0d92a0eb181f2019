"""What is known of a task's customer: the contact in the base, and the person with their earlier interactions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.errors import UnavailableError
from twilio_bridge.insights.linking import find_first_task, find_link
from twilio_bridge.insights.ports import ContactLookup
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.support.persons.interactions import merge_interactions
from twilio_bridge.support.persons.metrics import METRICS
from twilio_bridge.support.persons.person import Dossier, Interaction
from twilio_bridge.support.ports import Identities, Persons

KINDS = {"external#": "external_id", "email#": "email", "phone#": "phone", "flex#": "identity"}
AIRTABLE = "airtable#"


@dataclass(frozen=True, slots=True)
class Customer:
    """A task's customer, by the names that sources have; `first_task` is that of the task's conversation."""

    contact: Contact | None
    facts: Mapping[str, Any]
    first_task: str | None


def find_customer(
    sid: str,
    keys: Sequence[str],
    settled: schema.Config,
    ports: tuple[Identities, Persons, ContactLookup],
) -> Customer:
    """Return who a task's customer is, as far as it is known; `keys` are those of the task, strongest first.

    A task of a channel that is not wanted belongs to nobody; its customer may be known all the same.
    """
    identities, persons, contacts = ports
    subject = f"task#{sid}"
    named = identities.find_by_keys([subject, *keys])
    person = next((named[key] for key in (subject, *keys) if key in named), None)
    dossier = persons.load_dossier(person.id) if person else None
    every = (*keys, *sorted(dossier.person.keys if dossier else ()))
    return Customer(
        contact=_find_contact(every, contacts),
        facts=_describe_person(every, dossier, sid, settled),
        first_task=find_first_task(dossier.interactions, sid) if dossier else None,
    )


def _find_contact(keys: Sequence[str], contacts: ContactLookup) -> Contact | None:
    """Return the contact of a record's key, or the only one at the customer's number; a failure leaves it unknown."""
    try:
        for key in keys:
            if key.startswith(AIRTABLE) and (found := contacts.get_contact(key.removeprefix(AIRTABLE))):
                return found
        for key in keys:
            if key.startswith("phone#"):
                at_number = contacts.find_by_address(key.removeprefix("phone#"))
                if len(at_number) == 1:
                    return at_number[0]
    except UnavailableError as error:
        logger.warning("contacts not read", extra=describe_error(error))
    return None


def _describe_person(keys: Sequence[str], dossier: Dossier | None, sid: str, settled: schema.Config) -> dict[str, Any]:
    """Return facts by the names of PERSON_FACTS and of `field_mapping`, without what is unknown."""
    facts: dict[str, Any] = {}
    for prefix, name in KINDS.items():
        if key := next((key for key in keys if key.startswith(prefix)), ""):
            facts[name] = key.removeprefix(prefix)
    if dossier is None:
        return facts

    facts |= {"id": dossier.person.id, "link": find_link(dossier.interactions, sid)}
    merged = merge_interactions(dossier.interactions, settled.figures.same_interaction_s)
    latest_first = sorted(merged, key=lambda each: (each.last_at, each.sid), reverse=True)
    facts |= _read_fields(latest_first)
    counting = [each for each in latest_first if each.counts]
    for name, metric in METRICS.items():
        value = metric(counting, latest_first)
        facts[name] = value.isoformat() if isinstance(value, date) else value
    return {name: value for name, value in facts.items() if value is not None}


def _read_fields(latest_first: Sequence[Interaction]) -> dict[str, Any]:
    """Return the customer's mapped fields as the latest interaction that has them; `name` is their display name."""
    found: dict[str, Any] = {}
    for interaction in reversed(latest_first):
        found |= {path: value for path, value in interaction.values.items() if value not in (None, "")}
    if "friendly_name" in found:
        found["name"] = found["friendly_name"]
    return found
