"""Calls of SyncFunction by invoke: a sync `{type, resources, since, until, channels}`, or `{action: …}`.

What the caller has to mend is the answer `{"error": {"type", "message"}}`, and no failure of the function.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from twilio_bridge.errors import BadRequestError, SettingError, UpstreamError
from twilio_bridge.logs import describe_error, logger

SYNC: Final = "sync"
Act = Callable[[Mapping[str, Any]], dict[str, Any]]
CALLS: Final = frozenset({"action", "type", "resources", "since", "until", "channels", "dry_run", "with_events"})


def is_call(event: Mapping[str, Any]) -> bool:
    """Return whether somebody asks for something; else it is the regular look, as EventBridge calls for it."""
    return "detail-type" not in event and not CALLS.isdisjoint(event)


def respond(event: Mapping[str, Any], actions: Mapping[str, Act]) -> dict[str, Any]:
    """Do what an invoke asks for, and return how it went."""
    action = str(event.get("action", SYNC))
    rest = {name: value for name, value in event.items() if name != "action"}
    if action not in actions:
        return _refuse("input", f"there is no action {action[:40]!r}; there are {', '.join(actions)}")
    try:
        return actions[action](rest)
    except (BadRequestError, SettingError, UpstreamError) as error:
        logger.warning("refused", extra=describe_error(error))
        return _refuse("upstream" if isinstance(error, UpstreamError) else "input", str(error))


def _refuse(kind: str, message: str) -> dict[str, Any]:
    return {"error": {"type": kind, "message": message}}
