"""A dry run: what each row would get and cost, page by page; nothing is sent."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from twilio_bridge import phone
from twilio_bridge.errors import BadRequestError
from twilio_bridge.messages.answers import describe_row
from twilio_bridge.messages.campaign import CampaignSettings
from twilio_bridge.messages.planning.row_checks import RowChecks, skip_row
from twilio_bridge.messages.ports import RowSources, SourceRow, Suppressions
from twilio_bridge.messages.row import Row
from twilio_bridge.messages.texts.composing import Composer, read_templates
from twilio_bridge.messages.texts.segments import count_in, count_segments, is_gsm

# The number of the first row, and the place in the source.
PLACE = re.compile(r"[0-9]{1,8}~.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PreviewDeps:
    """What a preview works with; `now` returns epoch ms."""

    sources: RowSources
    suppressions: Suppressions
    prices: Callable[[], Mapping[str, float]]
    now: Callable[[], int]


@dataclass(frozen=True, slots=True)
class PreviewPage:
    """Rows as they would be answered, and the place of the next page; empty at the end."""

    rows: list[dict[str, Any]]
    faults: list[str]
    next_place: str


def preview_rows(
    settings: CampaignSettings, given: Sequence[SourceRow] | None, place: str, size: int, deps: PreviewDeps
) -> PreviewPage:
    """Return a page of rows; `given` are those that came with the request. Doubles are found within a page only."""
    composer = read_templates(settings)
    if place and not PLACE.fullmatch(place):
        raise BadRequestError("pageToken is none of a dry run's")
    number, _, source_place = place.partition("~") if place else ("1", "", "")
    first = max(int(number), 1)

    if given is None:
        found = list(islice(deps.sources.read_rows(settings.source, composer.columns, source_place), size + 1))
    else:
        found = list(given[first - 1 : first + size])
    page = found[:size]

    readable = [row for row in page if not row.fault]
    checks = RowChecks(settings, composer, deps.suppressions, deps.prices())
    rows = _mark_doubles(checks.check_rows(readable, first, deps.now()))
    following = f"{first + len(readable)}~{page[-1].place_after}" if len(found) > size else ""
    return PreviewPage(
        [describe_preview(row, composer) for row in rows], [row.fault for row in page if row.fault], following
    )


def describe_preview(row: Row, composer: Composer) -> dict[str, Any]:
    """Return what a row would get: its text, its segments in both encodings, and what it should cost."""
    composed = composer.compose(row.values)
    shown = describe_row(row) | {"text": composed.body, "media": list(composed.media)}
    if composed.content_sid:
        shown |= {"contentSid": composed.content_sid, "contentVariables": dict(composed.content_variables)}
    if composed.body:
        segments = count_segments(composed.body)
        in_gsm = count_in(composed.body, "GSM-7") if is_gsm(composed.body) else None
        shown |= {"encoding": segments.encoding, "segments": segments.count}
        shown |= {"segmentsGsm7": in_gsm, "segmentsUcs2": count_in(composed.body, "UCS-2")}
    return shown


def _mark_doubles(rows: Sequence[Row]) -> list[Row]:
    """Return the rows, those to an address that an earlier one has as duplicates."""
    seen: set[str] = set()
    marked = []

    for row in rows:
        person = min(phone.list_spellings(phone.strip_channel(row.address))) if row.state == "waiting" else ""
        marked.append(skip_row(row, "duplicate") if person in seen else row)
        seen |= {person} if person else set()

    return marked
