"""The attributes that Flex Insights reads, by name, and what an unknown name was probably meant to be."""

import difflib
import re
from collections.abc import Mapping
from typing import Final

from twilio_bridge.flex_insights.attribute import Attribute, Group
from twilio_bridge.flex_insights.conversation_attributes import OF_CONVERSATIONS
from twilio_bridge.flex_insights.people_attributes import OF_CUSTOMERS, OF_WORKERS

CONVERSATIONS: Final[Mapping[str, Attribute]] = {each.name: each for each in OF_CONVERSATIONS}
CUSTOMERS: Final[Mapping[str, Attribute]] = {each.name: each for each in OF_CUSTOMERS}
WORKER: Final[Mapping[str, Attribute]] = {each.name: each for each in OF_WORKERS}
GROUPS: Final[Mapping[Group, Mapping[str, Attribute]]] = {
    "conversations": CONVERSATIONS,
    "customers": CUSTOMERS,
    "worker": WORKER,
}
# What customers are linked by, the strongest first; then come the task's own from and to, then conversation_id.
LINK_KEYS: Final = ("customers.external_id", "customers.phone", "customers.email")
# What a task's attributes keep at the top under HIPAA.
KEPT_AT_THE_TOP: Final = frozenset(
    (
        *("channelSid", "conversations", "customers", "direction", "from_country", "hipaa_enabled", "reason"),
        *("recordings", "reservation_attributes", "to_country"),
    )
)
SLOT: Final = re.compile(r"(conversation|customer|agent)_(attribute|label|measure)_(-?\w+)", re.IGNORECASE)


def find_attribute(place: str) -> Attribute | None:
    """Return a task's attribute by its place, such as `customers.name`; None where Insights reads none there."""
    group, _, name = place.partition(".")
    if group == "conversations":
        return CONVERSATIONS.get(name)
    return CUSTOMERS.get(name) if group == "customers" else None


def is_kept_under_hipaa(place: str) -> bool:
    """Return whether an account under HIPAA keeps a task's attribute."""
    attribute = find_attribute(place)
    return attribute is not None and attribute.is_kept_under_hipaa


def find_worker_attribute(name: str) -> Attribute | None:
    """Return a worker's attribute; None where Insights reads none of this name."""
    return WORKER.get(name)


def find_nearest(name: str, group: Group) -> str:
    """Return the known name that an unknown one was probably meant to be, empty where none is near."""
    known = GROUPS[group]
    folded = fold_name(name)
    same = next((each for each in known if fold_name(each) == folded), None)
    if same:
        return same
    near = difflib.get_close_matches(_SNAKE.sub("_", name).casefold(), known, n=1, cutoff=0.75)
    return near[0] if near else ""


def fold_name(name: str) -> str:
    """Return a name without case and without what stands between its parts."""
    return re.sub(r"[\W_]+", "", name).casefold()


_SNAKE: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s-]+")
