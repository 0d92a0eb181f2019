"""What is read in rows of Twilio's lists: moments, and whether they are final."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from twilio_bridge.entities.values import normalize_moment, read_datetime
from twilio_bridge.sync.slices import Slice
from twilio_bridge.sync.streams import Stream


def read_moment(raw: object) -> int | None:
    """Return one of Twilio's moments, RFC 2822 or ISO 8601, in epoch ms; None for none."""
    text = read_datetime(raw)
    moment = normalize_moment(text) if isinstance(text, str) else None
    return round(datetime.fromisoformat(f"{moment}+00:00").timestamp() * 1000) if moment else None


def is_final(row: Mapping[str, Any], stream: Stream) -> bool:
    """Return whether a row does not change any more, as far as its status shows."""
    return not stream.status or str(row.get(stream.status)).casefold() in stream.final


def belongs(at: int | None, created: int | None, each: Slice) -> bool:
    """Return whether a row of this moment is one of the slice's; one without a moment is lost nowhere."""
    if each.kind == "undated":
        return at is None and (created is None or each.start <= created < each.until)
    if at is None:
        return each.kind != "newest" or created is None or created >= each.start
    return each.start <= at < each.until


def chunk_key(at: int | None, created: int | None) -> int:
    """Return the moment whose day a row is filed under: that of its creation never changes."""
    return created if created is not None else at if at is not None else 0
