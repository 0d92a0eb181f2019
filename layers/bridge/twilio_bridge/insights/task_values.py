"""The values that a task is to have, by the mapping of bridge.yaml."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from twilio_bridge.config.insights import Insights, Source
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.flex_insights.attribute import Attribute
from twilio_bridge.flex_insights.fitting import fit_value
from twilio_bridge.flex_insights.model import find_attribute
from twilio_bridge.insights.merging import Addition, read_place

CONVERSATION_ID = "conversations.conversation_id"
OUTCOME = "conversations.outcome"
DISPOSITION = Source("event", "disposition")
_CONTACT_FIELDS = frozenset(each.name for each in fields(Contact))


@dataclass(frozen=True, slots=True)
class Known:
    """What is known beside the task's own attributes: the contact, facts about the person, facts of events."""

    contact: Contact | None = None
    person: Mapping[str, Any] = field(default_factory=dict)
    event: Mapping[str, Any] = field(default_factory=dict)


def build_additions(known: Known, attributes: Mapping[str, Any], settled: Insights) -> list[Addition]:
    """Return what is to be written to a task with these attributes, as Insights takes it."""
    return list(_build(known, attributes, settled))


def _build(known: Known, attributes: Mapping[str, Any], settled: Insights) -> Iterator[Addition]:
    conversation_id = known.event.get("first_task")
    if conversation_id and CONVERSATION_ID not in settled.sources:
        yield Addition(CONVERSATION_ID, conversation_id, 1)
    for place, sources in settled.sources.items():
        attribute = find_attribute(place)
        if attribute is None:
            continue
        found = (_find(source, attribute, known, attributes, settled) for source in sources)
        value = next((each for each in found if each is not None), None)
        if value is not None:
            yield _addition(attribute, value, attributes, settled)


def _addition(attribute: Attribute, value: object, attributes: Mapping[str, Any], settled: Insights) -> Addition:
    place = attribute.place
    is_translated = place == OUTCOME and _fold(read_place(attributes, OUTCOME)) in _outcomes(settled)
    return Addition(
        place,
        value,
        settled.priorities.get(place, attribute.priority),
        replaces=place in settled.overwrite or is_translated,
    )


def _find(
    source: Source, attribute: Attribute, known: Known, attributes: Mapping[str, Any], settled: Insights
) -> str | float | int | None:
    """Return a source's value as Insights takes it; None where it has none."""
    raw = _read(source, known, attributes, settled)
    translated = {_fold(name): text for name, text in settled.values.get(attribute.place, {}).items()}
    value = translated.get(_fold(raw), raw)
    return None if value in (None, "") else fit_value(attribute, value, is_hipaa=settled.hipaa)


def _read(source: Source, known: Known, attributes: Mapping[str, Any], settled: Insights) -> Any:  # noqa: ANN401  any JSON
    if source.origin == "text":
        return source.name
    if source.origin == "task":
        return read_place(attributes, source.name)
    if source.origin == "person":
        return known.person.get(source.name)
    if source == DISPOSITION:
        return read_disposition(attributes, settled)
    if source.origin == "event":
        return known.event.get(source.name)
    return _read_contact(known.contact, source.name)


def _read_contact(contact: Contact | None, name: str) -> Any:  # noqa: ANN401  a field's value
    if contact is None:
        return None
    if name in _CONTACT_FIELDS:
        return getattr(contact, name)
    folded = name.casefold()  # a base's column is found whatever its case
    return next((text for column, text in contact.cells.items() if column.casefold() == folded), None)


def read_disposition(attributes: Mapping[str, Any], settled: Insights) -> str | None:
    """Return the outcome that an agent's wrap-up disposition stands for; None where there is no disposition."""
    values = (read_place(attributes, path) for path in settled.dispositions.paths)
    chosen = next((value for value in values if isinstance(value, str) and value.strip()), None)
    return None if chosen is None else _outcomes(settled).get(_fold(chosen), chosen)


def translate_outcome(reason: str, settled: Insights) -> str:
    """Return the outcome that a reason or disposition stands for, itself where the mapping has none."""
    return _outcomes(settled).get(_fold(reason), reason)


def _outcomes(settled: Insights) -> dict[str, str]:
    return {_fold(name): text for name, text in settled.dispositions.outcomes.items()}


def _fold(value: object) -> str:
    return " ".join(str(value).split()).casefold()
