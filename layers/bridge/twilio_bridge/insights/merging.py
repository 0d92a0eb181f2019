"""Values merged into the text of a task's or worker's attributes: what others wrote stays, and the whole fits.

TaskRouter takes 4,096 characters. What does not fit is left out by priority: the attribute with the highest number
first, and of several the last. Room is kept for what becomes known at a task's end: its outcome, and its media.
https://www.twilio.com/docs/taskrouter/limits
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twilio_bridge.insights.json_text import (
    MalformedError,
    append_item,
    find_member,
    parse_attributes,
    set_value,
)

MAX_ATTRIBUTES_LENGTH = 4_096
# For the outcome (128 characters), a recording's link, and its entry in media[].
LATER_LENGTH = 600
LATER = frozenset(("conversations.outcome", "conversations.segment_link"))
MEDIA = ("conversations", "media")
SEGMENT_LINK = "conversations.segment_link"


@dataclass(frozen=True, slots=True)
class Addition:
    """A value for an attribute, by its dotted place; `priority` 1 is kept longest.

    `replaces` is whether another value gives way to it; else it is written only where nothing stands, or null.
    """

    place: str
    value: object
    priority: int = 5
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """The text after a merge, the places that had no room, and those where something else is in the way."""

    text: str
    cut: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()


def merge_additions(
    text: str,
    additions: Iterable[Addition],
    media: Sequence[Mapping[str, Any]] = (),
    reserved: int = LATER_LENGTH,
) -> Merged:
    """Return the text with additions and further media, as far as they fit; raise MalformedError for no JSON object.

    `reserved` characters are kept free for what LATER names.
    """
    current = parse_attributes(text)
    cut: list[str] = []
    blocked: list[str] = []

    def add(place: str, limit: int, change: Callable[[str], str]) -> None:
        nonlocal text
        try:
            changed = change(text)
        except MalformedError:
            blocked.append(place)
            return
        if len(changed) <= max(limit, len(text)):
            text = changed
        else:
            cut.append(place)

    for entry in list_new_media(current, media):
        add(".".join(MEDIA), MAX_ATTRIBUTES_LENGTH, lambda before, entry=entry: append_item(before, MEDIA, entry))  # type: ignore[misc]
    wanted = [addition for addition in additions if is_due(current, addition)]
    for addition in sorted(wanted, key=lambda each: each.priority):
        path, value = tuple(addition.place.split(".")), addition.value
        limit = MAX_ATTRIBUTES_LENGTH - (0 if addition.place in LATER else reserved)
        add(addition.place, limit, lambda before, path=path, value=value: set_value(before, path, value))  # type: ignore[misc]
    return Merged(text, tuple(cut), tuple(blocked))


def is_due(current: Mapping[str, Any], addition: Addition) -> bool:
    """Return whether an addition would change something that it may change."""
    there = read_place(current, addition.place)
    if there is None:
        return True
    return addition.replaces and (
        there != addition.value or isinstance(there, bool) is not isinstance(addition.value, bool)
    )


def read_place(attributes: Mapping[str, Any], place: str) -> Any:  # noqa: ANN401  any JSON
    """Return what stands at a dotted place; None where nothing does."""
    value: Any = attributes
    for name in place.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def list_new_media(attributes: Mapping[str, Any], media: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the media whose url is not among the task's, each url once."""
    there = read_place(attributes, ".".join(MEDIA))
    entries = there if isinstance(there, list) else []
    urls = [entry.get("url") for entry in entries if isinstance(entry, Mapping)]  # of whatever others wrote
    fresh: dict[Any, Mapping[str, Any]] = {}
    for entry in media:
        if entry["url"] not in urls:
            fresh.setdefault(entry["url"], entry)
    return list(fresh.values())


def has_name(text: str, place: str) -> bool:
    """Return whether an attribute stands in the text, null or not."""
    return find_member(text, tuple(place.split("."))) is not None


def keep_places(additions: Iterable[Addition], places: Collection[str]) -> list[Addition]:
    """Return the additions at these places."""
    return [addition for addition in additions if addition.place in places]
