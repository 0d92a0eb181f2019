"""All that the attributes of a task or of a worker break of the rules of Flex Insights, without changing anything."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from twilio_bridge.flex_insights.attribute import (
    CONVERSATION_SLOTS,
    CUSTOMER_SLOTS,
    MAX_ATTRIBUTES_LENGTH,
    SEPARATOR,
    WORKER_SLOTS,
    Attribute,
    Group,
)
from twilio_bridge.flex_insights.links import check_media
from twilio_bridge.flex_insights.model import CONVERSATIONS, GROUPS, LINK_KEYS, SLOT, find_nearest, fold_name
from twilio_bridge.flex_insights.rules import Finding
from twilio_bridge.flex_insights.values import check_value, holds_personal_data

_OBJECTS: Final[tuple[Group, ...]] = ("conversations", "customers")
_SLOTS: Final = {"conversation": CONVERSATION_SLOTS, "customer": CUSTOMER_SLOTS, "agent": WORKER_SLOTS}
# What people take for names of a task's attributes: those of workers, of events and of other datasets.
_ALIASES: Final[Mapping[str, str]] = {
    "conversations.team_id": "handling_team_id",
    "conversations.team_name": "handling_team_name",
    "conversations.team_name_in_hierarchy": "handling_team_name_in_hierarchy",
    "conversations.department_id": "handling_department_id",
    "conversations.department_name": "handling_department_name",
    "conversations.department_name_in_hierarchy": "handling_department_name_in_hierarchy",
    "conversations.recording_url": "segment_link",
    "conversations.disposition": "outcome",
    "conversations.reason": "outcome",
    "conversations.wrapup_time": "wrap_up_time",
    "customers.first_name": "name",
    "customers.full_name": "name",
    "customers.customer_name": "name",
    "customers.customer_id": "external_id",
    "customers.id": "external_id",
    "customers.postal_code": "zip",
    "customers.company": "organization",
}
# Names that mean something at the top of many accounts' own attributes, or of Flex's.
_COMMON_AT_THE_TOP: Final = frozenset(
    (
        *(
            "abandoned",
            "activity",
            "campaign",
            "case",
            "category",
            "channel",
            "content",
            "country",
            "date",
            "destination",
        ),
        *("direction", "email", "external_id", "gender", "kind", "language", "media", "name", "order", "organization"),
        *("outcome", "phone", "priority", "queue", "region", "source", "state", "type", "virtual", "workflow", "zip"),
        *("city", "initiative", "productive"),
    )
)
# What Flex itself keeps at a worker: https://www.twilio.com/docs/flex/developer/taskrouter/worker-attributes
_OF_FLEX: Final = frozenset(
    ("roles", "routing", "contact_uri", "image_url", "skills", "disabled_skills", "full_name", "email")
)
_HIERARCHIES: Final = ("handling_team", "handling_department")
_ENDS: Final = frozenset(("wrapping", "completed", "canceled"))


@dataclass(frozen=True, slots=True)
class TaskState:
    """What is known of a task beside its attributes: TaskRouter's assignment status and reason, and its channel."""

    status: str = ""
    reason: str = ""
    channel: str = ""


def lint_task_attributes(attributes: object, *, is_hipaa: bool = False, task: TaskState | None = None) -> list[Finding]:
    """Return all that a task's attributes break, in the order in which they stand."""
    if not isinstance(attributes, Mapping):
        return [_no_object()]
    return [
        *_check_length(attributes),
        *_check_the_top(attributes),
        *(finding for group in _OBJECTS for finding in _check_object(group, attributes.get(group), is_hipaa=is_hipaa)),
        *_check_reservations(attributes.get("reservation_attributes")),
        *_check_together(attributes),
        *(() if is_hipaa else _check_linking(attributes)),
        *(() if task is None else _check_state(_object(attributes, "conversations"), attributes, task)),
    ]


def lint_worker_attributes(attributes: object) -> list[Finding]:
    """Return all that a worker's attributes break; what is neither known nor nearly so is the account's own."""
    if not isinstance(attributes, Mapping):
        return [_no_object()]
    found = [*_check_length(attributes)]
    for name, value in attributes.items():
        attribute = GROUPS["worker"].get(name)
        found += check_value(attribute, value) if attribute else _check_own_of_worker(name, attributes)
    return [*found, *check_names("team", "", attributes), *check_names("department", "", attributes)]


def parse_attributes(text: str) -> tuple[object, list[Finding]]:
    """Return attributes out of JSON, and each key that stands twice; raise ValueError where it is no JSON."""
    repeated: list[str] = []

    def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        repeated.extend(name for name in made if sum(name == other for other, _ in pairs) > 1)
        return made

    try:
        attributes = json.loads(text, object_pairs_hook=make_object)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return attributes, [Finding("FI008", name, "it stands here twice", "Keep one of them.") for name in repeated]


def _no_object() -> Finding:
    return Finding("FI009", "", "they are no JSON object", "Write an object: {…}")


def _check_length(attributes: Mapping[str, Any]) -> Iterator[Finding]:
    length = len(json.dumps(attributes, ensure_ascii=False, separators=(",", ":")))
    if length > MAX_ATTRIBUTES_LENGTH:
        problem = f"they have {length:,} characters without blanks"
        yield Finding("FI006", "", problem, "Leave out what reports can do without.")


def _check_the_top(attributes: Mapping[str, Any]) -> Iterator[Finding]:
    for name in attributes:
        if name in _OBJECTS or name in _COMMON_AT_THE_TOP:
            continue
        home = _find_home(name, _OBJECTS)
        if home:
            yield Finding("FI003", name, "it stands outside of its object", f"Move it to {home}.")
        elif fold_name(name) in {"conversations", "customers", "conversation", "customer"} and isinstance(
            attributes[name], dict
        ):
            meant = "conversations" if fold_name(name).startswith("conv") else "customers"
            yield Finding("FI003", name, "it is no object that Insights reads", f"Call it {meant}.")


def _find_home(name: str, groups: tuple[Group, ...]) -> str:
    """Return the place of an attribute of exactly this name in one of the groups, empty where there is none."""
    return next((GROUPS[group][name].place for group in groups if name in GROUPS[group]), "")


def _check_object(group: Group, value: object, *, is_hipaa: bool) -> Iterator[Finding]:
    if value is None:
        return
    if not isinstance(value, Mapping):
        remedy = "Write the object itself, not its text." if isinstance(value, str) else "Write an object: {…}"
        yield Finding("FI004", group, "it is no object", remedy)
        return
    for name, inner in value.items():
        attribute = GROUPS[group].get(name)
        if attribute is None:
            yield find_unknown(group, name)
        else:
            yield from check_value(attribute, inner)
            yield from _check_privacy(attribute, inner) if is_hipaa else ()


def find_unknown(group: Group, name: str) -> Finding:
    """Return what is wrong with a name that Insights does not know here."""
    place = f"{group}.{name}"
    if slot := _find_missing_slot(name):
        return Finding("FI005", place, "there is no such slot", slot)
    if place in _ALIASES:
        return Finding("FI001", place, "no such name", f"Did you mean {_ALIASES[place]}?")
    others = tuple(other for other in GROUPS if other != group)
    if home_elsewhere := _find_home(name, others):
        where = "a worker's attributes" if home_elsewhere == name else home_elsewhere
        return Finding("FI002", place, "it does not belong here", f"Move it to {where}.")
    nearest = find_nearest(name, group)
    remedy = f"Did you mean {nearest}?" if nearest else "Leave it out, or use one of the custom slots."
    return Finding("FI001", place, "no such name", remedy)


def _find_missing_slot(name: str) -> str:
    """Return what to do about a custom slot that there is none of, empty where the name is another or fine."""
    slot = SLOT.fullmatch(name)
    if not slot or any(name.casefold() in group for group in GROUPS.values()):
        return ""
    count = _SLOTS[slot[1].lower()]
    if slot[2].lower() == "measure" and count != CONVERSATION_SLOTS:
        return "Only conversations have measures."
    return f"Use 1 to {count}, without leading zeros."


def _check_privacy(attribute: Attribute, value: object) -> Iterator[Finding]:
    if value is None:
        return
    if not attribute.is_kept_under_hipaa:
        yield Finding("FI039", attribute.place, "it is removed", "Leave it out.")
    elif isinstance(value, str) and holds_personal_data(attribute, value):
        yield Finding("FI040", attribute.place, "it is an address or a number", "Leave it out.")


def _check_reservations(value: object) -> Iterator[Finding]:
    """Yield what the recordings of single reservations break."""
    for sid, reservation in value.items() if isinstance(value, Mapping) else ():
        if isinstance(reservation, Mapping) and reservation.get("media") is not None:
            yield from check_media(reservation["media"], f"reservation_attributes.{sid}.media")


def _object(attributes: Mapping[str, Any], group: str) -> Mapping[str, Any]:
    found = attributes.get(group)
    return found if isinstance(found, Mapping) else {}


def _check_together(attributes: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what attributes break of each other."""
    conversations = _object(attributes, "conversations")
    for stem in _HIERARCHIES:
        yield from check_names(stem, "conversations.", conversations)

    abandoned, phase = conversations.get("abandoned"), conversations.get("abandoned_phase")
    if phase == "Callback Request" and abandoned in {"Yes", "No"}:
        yield Finding("FI022", "conversations.abandoned", "a callback was requested", 'Write "Follow-Up".')
    elif phase is not None and abandoned == "No":
        yield Finding("FI023", "conversations.abandoned_phase", "it was not abandoned", "Write null.")
    if conversations.get("kind") is not None and (conversations.get("segment_link") or conversations.get("media")):
        yield Finding("FI044", "conversations.kind", "it has a recording", "Leave kind out.")


def check_names(stem: str, prefix: str, values: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with the names of a team or a department, without an id or in a hierarchy."""
    name, hierarchy = values.get(f"{stem}_name"), values.get(f"{stem}_name_in_hierarchy")
    has_id = values.get(f"{stem}_id") not in (None, "")
    if (name or hierarchy) and not has_id:
        code = "FI024" if "team" in stem else "FI025"
        shown = f"{prefix}{stem}_name" if name else f"{prefix}{stem}_name_in_hierarchy"
        yield Finding(code, shown, f"{stem}_id is missing", f"Set {prefix}{stem}_id, too.")
    if not isinstance(name, str) or not isinstance(hierarchy, str) or SEPARATOR not in hierarchy:
        return
    if hierarchy.rpartition(SEPARATOR)[2].strip() != name.strip():
        place = f"{prefix}{stem}_name_in_hierarchy"
        yield Finding("FI027", place, f"it does not end with {stem}_name", f"End it with {stem}_name.")


def _check_linking(attributes: Mapping[str, Any]) -> Iterator[Finding]:
    customers = _object(attributes, "customers")
    if not customers:
        return
    ends = [attributes.get(name) for name in ("from", "to", "caller", "called")]
    keys = [customers.get(place.partition(".")[2]) for place in LINK_KEYS]
    if not any(keys) and not any(ends):
        yield Finding("FI037", "customers", "nothing in it links", "Set external_id, phone or email.")


def _check_state(conversations: Mapping[str, Any], attributes: Mapping[str, Any], task: TaskState) -> Iterator[Finding]:
    if task.status in _ENDS and not (conversations.get("outcome") or task.reason or attributes.get("reason")):
        remedy = "Complete it with a reason, or set conversations.outcome before."
        yield Finding("FI042", CONVERSATIONS["outcome"].place, "it ends without any", remedy)
    if task.channel == "voice" and not conversations.get("hang_up_by"):
        yield Finding("FI043", CONVERSATIONS["hang_up_by"].place, "a call has none", 'Create the task with "Customer".')


def _check_own_of_worker(name: str, attributes: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with a worker's attribute that Insights does not know: nothing, unless it nearly does."""
    if name in _OF_FLEX:
        return
    nearest = find_nearest(name, "worker")
    if slot := _find_missing_slot(name):
        yield Finding("FI005", name, "there is no such slot", slot)
    elif (_find_home(name, _OBJECTS) and SLOT.fullmatch(name)) or (
        name in _OBJECTS and isinstance(attributes[name], Mapping)
    ):
        yield Finding("FI002", name, "it does not belong here", "Move it to a task's attributes.")
    elif nearest and nearest not in attributes:
        yield Finding("FI003", name, "it is no name that Insights reads", f"Did you mean {nearest}?")
