"""What the section `insights` breaks of the rules of Flex Insights; each finding's place is a line of bridge.yaml."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Final

from twilio_bridge.config.insights import CONTACT_FIELDS, EVENT_FACTS, PERSON_FACTS, Insights, Source, parse_source
from twilio_bridge.flex_insights.attribute import NUMBERS, Attribute, Group
from twilio_bridge.flex_insights.lint import check_names, find_unknown
from twilio_bridge.flex_insights.model import CONVERSATIONS, GROUPS, find_attribute
from twilio_bridge.flex_insights.rules import Finding
from twilio_bridge.flex_insights.values import NUMBER, check_value

_TASK_GROUPS: Final[tuple[Group, ...]] = ("customers", "conversations")
# What is different for nearly everybody, and what is somebody's.
_IDS: Final = {
    "contact": frozenset(("id", "name", "sms", "whatsapp", "chat", "email", "linkedin", "notes", "avatar")),
    "person": frozenset(("id", "external_id", "email", "phone", "identity", "name", "link")),
    "event": frozenset(("task_sid", "first_task", "created_at")),
}
_ID_ENDINGS: Final = ("sid", "email", "phone", "_id", "Id", "url")
_PERSONAL: Final = {origin: _IDS[origin] - {"id"} for origin in ("contact", "person")}


def find_findings(insights: Insights, field_mapping: Collection[str], columns: Mapping[str, str]) -> list[Finding]:
    """Return all that the section breaks, in its own order; `columns` are those of a contact's fields."""
    facts = {"person": PERSON_FACTS | set(field_mapping), "event": EVENT_FACTS}
    fields = {column.casefold(): field for field, column in columns.items() if column and field in CONTACT_FIELDS}
    return [
        *_check_columns_of_fields(insights, fields),
        *(each for group in _TASK_GROUPS for each in _check_group(insights, group, facts)),
        *_check_values(insights.values),
        *(each for place in insights.overwrite for each in _check_place(place, "insights.overwrite")),
        *(each for place in insights.priorities for each in _check_place(place, "insights.priorities")),
        *_check_outcomes(insights.dispositions.outcomes),
        *_check_columns(insights.workers.columns),
    ]


def _check_columns_of_fields(insights: Insights, fields: Mapping[str, str]) -> Iterator[Finding]:
    """Yield the sources that name a column which is read as a contact's field: it is nothing further."""
    for place, sources in insights.sources.items():
        for source in sources:
            field = fields.get(source.name.casefold()) if source.origin == "contact" else None
            if field and source.name not in CONTACT_FIELDS:
                yield Finding("FI102", f"insights.{place}", f"the column is {field} here", f"Write contact.{field}.")


def _check_group(insights: Insights, group: Group, facts: Mapping[str, Collection[str]]) -> Iterator[Finding]:
    lines: Mapping[str, tuple[str, ...]] = getattr(insights, group)
    for name, texts in lines.items():
        attribute, place = GROUPS[group].get(name), f"insights.{group}.{name}"
        if attribute is None:
            yield replace(find_unknown(group, name), place=place)
        elif attribute.kind == "media":
            yield Finding("FI103", place, "it is a list", "Leave it out: recordings are added by themselves.")
        else:
            for text in texts:
                yield from _check_source(attribute, text, place, facts, is_hipaa=insights.hipaa)

    for stem in ("handling_team", "handling_department"):
        yield from check_names(stem, f"insights.{group}.", dict.fromkeys(lines, "set"))


def _check_source(
    attribute: Attribute, text: str, place: str, facts: Mapping[str, Collection[str]], *, is_hipaa: bool
) -> Iterator[Finding]:
    source = parse_source(text)
    if source is None:
        yield Finding("FI101", place, "a source is none", "Write contact.…, person.…, task.…, event.… or =text.")
    elif source.origin == "text":
        yield from _check_text(attribute, source.name, place)
    elif source.name not in facts.get(source.origin, (source.name,)):
        yield _name_fact(source, place, facts[source.origin])
    else:
        yield from _check_fit(attribute, source, place, is_hipaa=is_hipaa)


def _name_fact(source: Source, place: str, known: Collection[str]) -> Finding:
    near = difflib.get_close_matches(source.name, known, n=1, cutoff=0.5)
    remedy = f"Did you mean {source.origin}.{near[0]}?" if near else f"There are: {', '.join(sorted(known))}."
    return Finding("FI102", place, f"{source.origin} has no such fact", remedy)


def _check_fit(attribute: Attribute, source: Source, place: str, *, is_hipaa: bool) -> Iterator[Finding]:
    """Yield what is wrong with values of such a source in such an attribute."""
    if is_hipaa and attribute.is_kept_under_hipaa and source.name in _PERSONAL.get(source.origin, ()):
        yield Finding("FI040", place, "it would hold personal data", "Leave the source out.")
    if attribute.is_low_cardinality and _is_id(source):
        label = attribute.name.replace("_attribute_", "_label_")
        remedy = f"Map it to {label}." if label != attribute.name else "Map it to a label."
        yield Finding("FI041", place, "it would be different for nearly everybody", remedy)


def _is_id(source: Source) -> bool:
    return source.name in _IDS.get(source.origin, ()) or (source.origin == "task" and source.name.endswith(_ID_ENDINGS))


def _check_text(attribute: Attribute, text: str, place: str) -> Iterator[Finding]:
    """Yield what a text of the file breaks as this attribute's value; a number is written as a text there."""
    is_number = attribute.kind in NUMBERS and NUMBER.fullmatch(text)
    for finding in check_value(attribute, float(text) if is_number else text):
        yield replace(finding, place=place)


def _check_values(values: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    for place, texts in values.items():
        yield from _check_place(place, "insights.values")
        attribute = find_attribute(place)
        for found, written in texts.items() if attribute else ():
            yield from _check_text(attribute, written, f"insights.values.{place}.{found}")  # type: ignore[arg-type]  # the loop is empty without


def _check_place(place: str, where: str) -> Iterator[Finding]:
    if find_attribute(place):
        return
    group, point, name = place.partition(".")
    known = next((each for each in _TASK_GROUPS if each == group and point), None)
    if known is None:
        home = next((GROUPS[each][place].place for each in _TASK_GROUPS if place in GROUPS[each]), "")
        remedy = f"Did you mean {home}?" if home else "Write conversations.… or customers.…"
        yield Finding("FI001", f"{where}.{place}", "no such name", remedy)
    else:
        yield replace(find_unknown(known, name), place=f"{where}.{place}")


def _check_outcomes(outcomes: Mapping[str, str]) -> Iterator[Finding]:
    for disposition, outcome in outcomes.items():
        yield from _check_text(CONVERSATIONS["outcome"], outcome, f"insights.dispositions.outcomes.{disposition}")


def _check_columns(columns: Mapping[str, str]) -> Iterator[Finding]:
    for name in columns:
        if name not in GROUPS["worker"]:
            yield replace(find_unknown("worker", name), place=f"insights.workers.columns.{name}")
    for stem in ("team", "department"):
        yield from check_names(stem, "insights.workers.columns.", dict.fromkeys(columns, "set"))
