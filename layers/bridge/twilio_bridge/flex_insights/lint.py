"""All that the attributes of a task or of a worker break of the rules of Flex Insights, without changing anything."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from twilio_bridge.flex_insights.attribute import MAX_ATTRIBUTES_LENGTH, Attribute, Group
from twilio_bridge.flex_insights.links import check_media
from twilio_bridge.flex_insights.model import GROUPS
from twilio_bridge.flex_insights.naming import OBJECTS, check_own_of_worker, check_the_top, find_unknown
from twilio_bridge.flex_insights.rules import Finding
from twilio_bridge.flex_insights.texts import holds_personal_data
from twilio_bridge.flex_insights.together import (
    TaskState,
    check_conversations,
    check_linking,
    check_names,
    check_state,
    read_object,
)
from twilio_bridge.flex_insights.values import check_value


def lint_task_attributes(attributes: object, *, is_hipaa: bool = False, task: TaskState | None = None) -> list[Finding]:
    """Return all that a task's attributes break, in the order in which they stand."""
    if not isinstance(attributes, Mapping):
        return list(check_whole(attributes))
    reservations = read_object(attributes, "reservation_attributes")
    return [
        *check_whole(attributes),
        *check_the_top(attributes),
        *(finding for group in OBJECTS for finding in check_object(group, attributes.get(group), is_hipaa=is_hipaa)),
        *(finding for sid in reservations for finding in check_reservation(sid, read_object(reservations, sid))),
        *check_conversations(read_object(attributes, "conversations")),
        *(() if is_hipaa else check_linking(attributes)),
        *(() if task is None else check_state(attributes, task)),
    ]


def lint_worker_attributes(attributes: object) -> list[Finding]:
    """Return all that a worker's attributes break; what is neither known nor nearly so is the account's own."""
    found = list(check_whole(attributes))
    if not isinstance(attributes, Mapping):
        return found
    for name, value in attributes.items():
        attribute = GROUPS["worker"].get(name)
        found += check_value(attribute, value) if attribute else check_own_of_worker(name, attributes)
    return [*found, *check_names("team", "", attributes), *check_names("department", "", attributes)]


def parse_attributes(text: str) -> tuple[object, list[Finding]]:
    """Return attributes out of JSON, and each key that stands twice; raise ValueError where it is no JSON."""
    repeated: list[str] = []

    def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) < len(pairs):
            repeated.extend(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        return made

    try:
        attributes = json.loads(text, object_pairs_hook=make_object)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return attributes, [Finding("FI008", name, "it stands here twice", "Keep one of them.") for name in repeated]


def check_whole(attributes: object) -> Iterator[Finding]:
    """Yield where attributes are no object, or longer than TaskRouter takes."""
    if not isinstance(attributes, Mapping):
        yield Finding("FI009", "", "they are no JSON object", "Write an object: {…}")
        return
    length = len(json.dumps(attributes, ensure_ascii=False, separators=(",", ":")))
    if length > MAX_ATTRIBUTES_LENGTH:
        problem = f"they have {length:,} characters without blanks"
        yield Finding("FI006", "", problem, "Leave out what reports can do without.")


def check_object(group: Group, value: object, *, is_hipaa: bool) -> Iterator[Finding]:
    """Yield what `conversations` or `customers` breaks, name by name; null is as good as nothing."""
    if value is not None and not isinstance(value, Mapping):
        remedy = "Write the object itself, not its text." if isinstance(value, str) else "Write an object: {…}"
        yield Finding("FI004", group, "it is no object", remedy)
    for name, inner in value.items() if isinstance(value, Mapping) else ():
        attribute = GROUPS[group].get(name)
        if attribute is None:
            yield find_unknown(group, name)
        else:
            yield from check_value(attribute, inner)
            yield from check_privacy(attribute, inner) if is_hipaa else ()


def check_privacy(attribute: Attribute, value: object) -> Iterator[Finding]:
    """Yield what an account under HIPAA does not keep, and what it should not."""
    if value is not None and not attribute.is_kept_under_hipaa:
        yield Finding("FI039", attribute.place, "it is removed", "Leave it out.")
    elif isinstance(value, str) and holds_personal_data(attribute, value):
        yield Finding("FI040", attribute.place, "it is an address or a number", "Leave it out.")


def check_reservation(sid: str, reservation: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what the recordings of a single reservation break."""
    if reservation.get("media") is not None:
        yield from check_media(reservation["media"], f"reservation_attributes.{sid}.media")
