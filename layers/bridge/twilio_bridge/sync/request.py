"""What a caller wants to have read: `{type, resources, since, until, channels}`, checked whole."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from twilio_bridge.errors import BadRequestError
from twilio_bridge.support.cloud_events import parse_time
from twilio_bridge.sync.streams import RESOURCES

TYPES: Final = ("incremental", "full")
FIELDS: Final = ("type", "resources", "since", "until", "channels", "with_events", "dry_run")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRequest:
    """A checked request; moments in epoch ms, None where none is named.

    An incremental run goes on where the last one ended; a full one reads everything again. `channels` is None for all.
    `with_events` sends Brevo old events, too.
    """

    type: str = "incremental"
    resources: tuple[str, ...] = RESOURCES
    since: int | None = None
    until: int | None = None
    channels: tuple[str, ...] | None = None
    with_events: bool = False
    dry_run: bool = False

    def describe(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def read_request(given: Mapping[str, Any], now: int, channels: Collection[str]) -> SyncRequest:
    """Return the request that was made at the moment `now` (epoch ms).

    Raise BadRequestError that names everything wrong with it, each in a sentence with its remedy.
    """
    problems = list(_find_problems(given, now, channels))
    if problems:
        raise BadRequestError(" ".join(problems))
    wanted = given.get("channels")
    return SyncRequest(
        type=given.get("type") or TYPES[0],
        resources=tuple(dict.fromkeys(given.get("resources") or RESOURCES)),
        since=parse_time(given.get("since")),
        until=parse_time(given.get("until")),
        channels=tuple(dict.fromkeys(wanted)) if wanted else None,
        with_events=bool(given.get("with_events")),
        dry_run=bool(given.get("dry_run")),
    )


def _find_problems(given: Mapping[str, Any], now: int, channels: Collection[str]) -> Iterator[str]:
    yield from (_unknown("field", name, FIELDS) for name in given if name not in FIELDS)
    if given.get("type") not in (None, *TYPES):
        yield _unknown("type", given["type"], TYPES)
    yield from _find_unknown("resource", given.get("resources"), RESOURCES)
    yield from _find_unknown("channel", given.get("channels"), channels)
    yield from _find_wrong_flags(given)

    moments = {name: parse_time(given[name]) for name in ("since", "until") if given.get(name) is not None}
    for name, at in moments.items():
        if at is None:
            yield f"{name} is no day or moment; write it like 2026-11-01 or 2026-11-01T08:00:00Z."
    since, until = moments.get("since"), moments.get("until")
    if since is not None and since > now:
        yield "since lies in the future; name a day that has begun."
    elif since is not None and until is not None and until <= since:
        yield "until is not after since; name a later day, or leave it out for now."


def _find_unknown(what: str, given: object, known: Collection[str]) -> Iterator[str]:
    if given is None:
        return
    if not isinstance(given, list | tuple) or not given:
        yield f"{what}s should be a list of some of {', '.join(known)}."
        return
    yield from (_unknown(what, name, known) for name in given if name not in known)


def _find_wrong_flags(given: Mapping[str, Any]) -> Iterator[str]:
    for name in ("with_events", "dry_run"):
        if not isinstance(given.get(name, False), bool):
            yield f"{name} should be true or false."


def _unknown(what: str, name: object, known: Collection[str]) -> str:
    text = str(name)[:40]
    nearest = difflib.get_close_matches(text, list(known), n=1, cutoff=0.5)
    meant = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(known)}."
    return f"There is no {what} {text!r}; {meant}"
