"""What TaskRouter refuses of a task or a worker; used by `workspace`.

https://www.twilio.com/docs/taskrouter/api/task, …/api/worker, …/limits and …/lifecycle-task-state have the rules,
https://www.twilio.com/docs/usage/mutation-and-conflict-resolution has the versions. The texts of the refused
transitions are those that callers of the API quote; 20001 for attributes that are too long or no JSON is the
stand-in's choice, for no page names a code.
"""

import json
from collections.abc import Mapping
from typing import Final

from twilio_bridge_local.vendors.twilio.errors import refusal

MAX_ATTRIBUTES_LENGTH: Final = 4096  # characters, white space too: https://www.twilio.com/docs/taskrouter/limits
MAX_FRIENDLY_NAME_LENGTH: Final = 64
FINISHED: Final = frozenset({"completed", "canceled"})
# Into which status the API moves a task, from which others, and what it is called.
MOVES: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "canceled": (frozenset({"pending", "reserved"}), "Cannot cancel task {sid} because it is not pending or reserved."),
    "wrapping": (frozenset({"assigned"}), "Cannot wrap up task {sid} because it is not currently assigned."),
    "completed": (
        frozenset({"assigned", "wrapping"}),
        "Cannot complete task {sid} because it is not currently assigned.",
    ),
}


def check_version(if_match: str | None, revision: int) -> None:
    """Raise Twilio's 412 where a version is named that is not the current one; without a name the last write wins."""
    if if_match is None or if_match.strip() == "*":
        return
    named = {part.strip().strip('"') for part in if_match.split(",")}
    if str(revision) not in named:
        raise refusal(20412)


def check_attributes(text: str) -> None:
    """Raise 20001 for attributes that are no JSON or longer than TaskRouter takes."""
    if len(text) > MAX_ATTRIBUTES_LENGTH:
        raise refusal(20001, f"Attributes are longer than {MAX_ATTRIBUTES_LENGTH} characters")
    try:
        json.loads(text)
    except ValueError:
        raise refusal(20001, "Attributes are no JSON") from None


def check_friendly_name(name: str) -> None:
    """Raise 20001 for a worker's name that is too long."""
    if len(name) > MAX_FRIENDLY_NAME_LENGTH:
        raise refusal(20001, f"FriendlyName is longer than {MAX_FRIENDLY_NAME_LENGTH} characters")


def check_move(sid: str, before: str, after: str) -> None:
    """Raise 20001 where a task cannot be moved from one status into another."""
    sources, text = MOVES.get(after, (frozenset(), "Cannot move task {sid} into this status."))
    if before not in sources:
        raise refusal(20001, text.format(sid=sid))
