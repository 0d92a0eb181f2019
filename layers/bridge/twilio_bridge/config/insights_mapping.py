"""What the section `insights` breaks of the rules of Flex Insights; each finding's place is a line of bridge.yaml."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from twilio_bridge.config.insights import CONTACT_FIELDS, EVENT_FACTS, PERSON_FACTS, Insights, Source, parse_source
from twilio_bridge.flex_insights.attribute import NUMBERS, Attribute
from twilio_bridge.flex_insights.model import CONVERSATIONS, GROUPS, find_attribute
from twilio_bridge.flex_insights.naming import OBJECTS, find_home, find_unknown
from twilio_bridge.flex_insights.rules import Finding
from twilio_bridge.flex_insights.texts import NUMBER
from twilio_bridge.flex_insights.together import check_names
from twilio_bridge.flex_insights.values import check_value

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
    fields = {column.casefold(): field for field, column in columns.items() if column and field in CONTACT_FIELDS}
    facts = {"person": PERSON_FACTS | set(field_mapping), "event": EVENT_FACTS}
    check = SourceCheck(facts, fields, is_hipaa=insights.hipaa)
    return [
        *check_lines(insights, check),
        *check_texts(insights.values, "insights.values"),
        *(each for place in insights.overwrite for each in check_place(place, "insights.overwrite")),
        *(each for place in insights.priorities for each in check_place(place, "insights.priorities")),
        *(
            each
            for disposition, text in insights.dispositions.outcomes.items()
            for each in check_text(CONVERSATIONS["outcome"], text, f"insights.dispositions.outcomes.{disposition}")
        ),
        *check_columns(insights.workers.columns),
    ]


def check_lines(insights: Insights, check: "SourceCheck") -> Iterator[Finding]:
    """Yield what attributes and their sources break."""
    for place, texts in insights.list_lines():
        attribute, where = find_attribute(place), f"insights.{place}"
        if attribute is None:
            yield from check_place(place, "insights")
        elif attribute.kind == "media":
            yield Finding("FI103", where, "it is a list", "Leave it out: recordings are added by themselves.")
        else:
            for text in texts:
                yield from check.check_source(attribute, text, where)

    for stem in ("handling_team", "handling_department"):
        yield from check_names(stem, "insights.conversations.", dict.fromkeys(insights.conversations, "set"))


@dataclass(frozen=True, slots=True)
class SourceCheck:
    """The facts there are, by origin, and the fields of a contact by the casefolded columns that they are read from."""

    facts: Mapping[str, Collection[str]]
    fields: Mapping[str, str]
    is_hipaa: bool

    def check_source(self, attribute: Attribute, text: str, where: str) -> Iterator[Finding]:
        """Yield what is wrong with a source, in itself or for this attribute."""
        source = parse_source(text)
        if source is None:
            yield Finding("FI101", where, "a source is none", "Write contact.…, person.…, task.…, event.… or =text.")
        elif source.origin == "text":
            yield from check_text(attribute, source.name, where)
        elif remedy := self.find_remedy(source):
            yield Finding("FI102", where, f"{source.origin} has no such fact", remedy)
        else:
            yield from self.check_fit(attribute, source, where)

    def find_remedy(self, source: Source) -> str:
        """Return what to write in place of a fact that there is none of, empty where there is one."""
        if source.origin == "contact":
            field = self.fields.get(source.name.casefold())
            return f"Write contact.{field}." if field and source.name not in CONTACT_FIELDS else ""
        known = self.facts.get(source.origin, (source.name,))
        if source.name in known:
            return ""
        near = difflib.get_close_matches(source.name, known, n=1, cutoff=0.5)
        return f"Did you mean {source.origin}.{near[0]}?" if near else f"There are: {', '.join(sorted(known))}."

    def check_fit(self, attribute: Attribute, source: Source, where: str) -> Iterator[Finding]:
        """Yield what is wrong with values of such a source in such an attribute."""
        if self.is_hipaa and attribute.is_kept_under_hipaa and source.name in _PERSONAL.get(source.origin, ()):
            yield Finding("FI040", where, "it would hold personal data", "Leave the source out.")

        is_named_id = source.origin == "task" and source.name.endswith(_ID_ENDINGS)
        if attribute.is_low_cardinality and (is_named_id or source.name in _IDS.get(source.origin, ())):
            label = attribute.name.replace("_attribute_", "_label_")
            remedy = f"Map it to {label if label != attribute.name else 'a label'}."
            yield Finding("FI041", where, "it would be different for nearly everybody", remedy)


def check_text(attribute: Attribute, text: str, where: str) -> Iterator[Finding]:
    """Yield what a text of the file breaks as this attribute's value; a number is written as a text there."""
    is_number = attribute.kind in NUMBERS and NUMBER.fullmatch(text)
    for finding in check_value(attribute, float(text) if is_number else text):
        yield replace(finding, place=where)


def check_texts(values: Mapping[str, Mapping[str, str]], where: str) -> Iterator[Finding]:
    """Yield what texts break that are written for what was found, by attribute."""
    for place, texts in values.items():
        attribute = find_attribute(place)
        if attribute is None:
            yield from check_place(place, where)
            continue
        for found, written in texts.items():
            yield from check_text(attribute, written, f"{where}.{place}.{found}")


def check_place(place: str, where: str) -> Iterator[Finding]:
    """Yield where a place is none of a task's attributes."""
    group, point, name = place.partition(".")
    known = next((each for each in OBJECTS if each == group and point), None)
    if find_attribute(place):
        return
    if known:
        yield replace(find_unknown(known, name), place=f"{where}.{place}")
    else:
        home = find_home(place)
        remedy = f"Did you mean {home}?" if home else "Write conversations.… or customers.…"
        yield Finding("FI001", f"{where}.{place}", "no such name", remedy)


def check_columns(columns: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what the attributes of workers break."""
    for name in columns:
        if name not in GROUPS["worker"]:
            yield replace(find_unknown("worker", name), place=f"insights.workers.columns.{name}")
    for stem in ("team", "department"):
        yield from check_names(stem, "insights.workers.columns.", dict.fromkeys(columns, "set"))
