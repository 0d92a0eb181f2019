"""What attributes break of each other, and of the task that has them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from twilio_bridge.flex_insights.attribute import SEPARATOR
from twilio_bridge.flex_insights.model import LINK_KEYS
from twilio_bridge.flex_insights.rules import Finding

_ENDS: Final = frozenset(("wrapping", "completed", "canceled"))


@dataclass(frozen=True, slots=True)
class TaskState:
    """What is known of a task beside its attributes: TaskRouter's assignment status and reason, and its channel."""

    status: str = ""
    reason: str = ""
    channel: str = ""


def read_object(attributes: Mapping[str, Any], group: str) -> Mapping[str, Any]:
    """Return an object of the attributes, empty where there is none."""
    found = attributes.get(group)
    return found if isinstance(found, Mapping) else {}


def check_conversations(conversations: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what attributes of a conversation break of each other."""
    for stem in ("handling_team", "handling_department"):
        yield from check_names(stem, "conversations.", conversations)

    abandoned, phase = conversations.get("abandoned"), conversations.get("abandoned_phase")
    if phase == "Callback Request" and abandoned in ("Yes", "No"):
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


def check_linking(attributes: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield where there is a customer and nothing that links their conversations."""
    customers = read_object(attributes, "customers")
    ends = [attributes.get(name) for name in ("from", "to", "caller", "called")]
    keys = [customers.get(place.partition(".")[2]) for place in LINK_KEYS]
    if customers and not any(keys) and not any(ends):
        yield Finding("FI037", "customers", "nothing in it links", "Set external_id, phone or email.")


def check_state(attributes: Mapping[str, Any], task: TaskState) -> Iterator[Finding]:
    """Yield what a task lacks in its state."""
    conversations = read_object(attributes, "conversations")
    if task.status in _ENDS and not (conversations.get("outcome") or task.reason or attributes.get("reason")):
        remedy = "Complete it with a reason, or set conversations.outcome before."
        yield Finding("FI042", "conversations.outcome", "it ends without any", remedy)
    if task.channel == "voice" and not conversations.get("hang_up_by"):
        yield Finding("FI043", "conversations.hang_up_by", "a call has none", 'Create the task with "Customer".')
