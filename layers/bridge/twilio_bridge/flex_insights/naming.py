"""What a name means that Flex Insights does not know where it stands: another spelling, another place, no such slot."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from twilio_bridge.flex_insights.attribute import CONVERSATION_SLOTS, CUSTOMER_SLOTS, WORKER_SLOTS, Group
from twilio_bridge.flex_insights.model import GROUPS, SLOT, find_nearest, fold_name
from twilio_bridge.flex_insights.rules import Finding

OBJECTS: Final[tuple[Group, ...]] = ("conversations", "customers")
_SLOTS: Final = {"conversation": CONVERSATION_SLOTS, "customer": CUSTOMER_SLOTS, "agent": WORKER_SLOTS}
# What people take for names of a task's attributes: those of workers, of events and of other data sets.
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
        *("abandoned", "activity", "campaign", "case", "category", "channel", "city", "content", "country", "date"),
        *("destination", "direction", "email", "external_id", "gender", "initiative", "kind", "language", "media"),
        *("name", "order", "organization", "outcome", "phone", "priority", "productive", "queue", "region", "source"),
        *("state", "type", "virtual", "workflow", "zip"),
    )
)
# What Flex itself keeps at a worker, and workflows route by.
_OF_FLEX: Final = frozenset(("roles", "routing", "contact_uri", "image_url", "skills", "disabled_skills"))
_OTHER_NAMES: Final = {"conversation": "conversations", "customer": "customers"}


def find_unknown(group: Group, name: str) -> Finding:
    """Return what is wrong with a name that Insights does not know in this group."""
    place = f"{group}.{name}"
    if slot := find_missing_slot(name):
        return Finding("FI005", place, "there is no such slot", slot)
    if place in _ALIASES:
        return Finding("FI001", place, "no such name", f"Did you mean {_ALIASES[place]}?")

    others = tuple(other for other in GROUPS if other != group)
    if home := find_home(name, others):
        where = "a worker's attributes" if home == name else home
        return Finding("FI002", place, "it does not belong here", f"Move it to {where}.")
    nearest = find_nearest(name, group)
    remedy = f"Did you mean {nearest}?" if nearest else "Leave it out, or use one of the custom slots."
    return Finding("FI001", place, "no such name", remedy)


def find_home(name: str, groups: tuple[Group, ...] = OBJECTS) -> str:
    """Return the place of an attribute of exactly this name in one of the groups, empty where there is none."""
    return next((GROUPS[group][name].place for group in groups if name in GROUPS[group]), "")


def find_missing_slot(name: str) -> str:
    """Return what to do about a custom slot that there is none of, empty where the name is another or fine."""
    slot = SLOT.fullmatch(name)
    if not slot or any(name.casefold() in group for group in GROUPS.values()):
        return ""
    count = _SLOTS[slot[1].lower()]
    if slot[2].lower() == "measure" and count != CONVERSATION_SLOTS:
        return "Only conversations have measures."
    return f"Use 1 to {count}, without leading zeros."


def check_the_top(attributes: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield the names at the top of a task's attributes that Insights reads elsewhere, or nearly."""
    for name, value in attributes.items():
        if name in OBJECTS or name in _COMMON_AT_THE_TOP:
            continue
        plain = fold_name(name)
        meant = _OTHER_NAMES.get(plain, plain)
        if home := find_home(name):
            yield Finding("FI003", name, "it stands outside of its object", f"Move it to {home}.")
        elif meant in OBJECTS and isinstance(value, Mapping):
            yield Finding("FI003", name, "it is no object that Insights reads", f"Call it {meant}.")


def check_own_of_worker(name: str, attributes: Mapping[str, Any]) -> Iterator[Finding]:
    """Yield what is wrong with a worker's attribute that Insights does not know: nothing, unless it nearly does."""
    if name in _OF_FLEX:
        return
    is_of_tasks = bool(SLOT.fullmatch(name) and find_home(name))
    nearest = find_nearest(name, "worker")
    if slot := find_missing_slot(name):
        yield Finding("FI005", name, "there is no such slot", slot)
    elif is_of_tasks or (name in OBJECTS and isinstance(attributes[name], Mapping)):
        yield Finding("FI002", name, "it does not belong here", "Move it to a task's attributes.")
    elif nearest and nearest not in attributes:
        yield Finding("FI003", name, "it is no name that Insights reads", f"Did you mean {nearest}?")
