"""A run's progress and a plan as tables: rows a second, and how long is left."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from twilio_bridge_cli import output

PLAN_HEADS: Final = ("stream", "slices", "rows", "requests", "minutes")
HEADS: Final = ("stream", "slices", "left", "failed", "rows", "requests", "rows/s", "time left")
NUMBERS: Final = frozenset((*PLAN_HEADS[1:], *HEADS[1:]))
MINUTE_S, HOUR_S = 60, 3_600


def show_plan(document: Mapping[str, Any]) -> None:
    """Print what a sync would read, and how many events of it are for Brevo."""
    rows = [[str(each["stream"]), *(_write(each[name]) for name in PLAN_HEADS[1:])] for each in document["streams"]]
    output.print_table(PLAN_HEADS, rows, NUMBERS)
    events = document["events"]
    output.print_text(f"\n{document['minutes']} minutes at least; {events['to_send']:,} events are sent to Brevo.")
    if events["old"]:
        output.print_text(
            f"{events['old']:,} events are older than sync.events_max_age_h: only --with-events sends them."
        )
    show_notes(document)


def show_progress(document: Mapping[str, Any], now_s: float) -> None:
    """Print how far each stream is."""
    if document["run"] is None:
        output.print_text("There was no sync yet.")
        return
    seconds = measure_seconds(document, now_s)
    rows = [_describe(each, seconds, document["phase"]) for each in document["streams"]]
    output.print_table(HEADS, rows, NUMBERS)
    show_notes(document)


def show_notes(document: Mapping[str, Any]) -> None:
    """Print what somebody has to know of a run, and what went wrong."""
    for note in document["notes"]:
        output.print_note(note)
    for stream, problem in list_problems(document):
        output.print_warning(f"{stream}: {problem}")


def list_problems(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what went wrong, by stream."""
    for each in document["streams"]:
        yield from ((str(each["stream"]), str(problem)) for problem in each.get("problems", ()))


def measure_seconds(document: Mapping[str, Any], now_s: float) -> float:
    """Return for how long a run has been under way, or was."""
    begun = datetime.strptime(f"{document['run'][:18]}000+0000", "%Y%m%dT%H%M%S%f%z").astimezone(UTC)
    ended_s = document["ended_at"] / 1000 if document.get("ended_at") else now_s
    return max(ended_s - begun.timestamp(), 0.001)


def _describe(each: Mapping[str, Any], seconds: float, phase: str) -> Sequence[str]:
    left, done = each["left"], each["slices"] - each["left"]
    left_s = seconds / done * left if done and left and phase == "open" else None
    counts = [_write(each[name]) for name in ("slices", "left", "failed", "rows", "requests")]
    return [str(each["stream"]), *counts, f"{each['rows'] / seconds:.1f}", _write_time(left_s) if left else ""]


def _write(value: object) -> str:
    return "?" if value is None else f"{value:,}"


def _write_time(seconds: float | None) -> str:
    if seconds is None:
        return "?"
    if seconds < MINUTE_S:
        return f"{seconds:.0f} s"
    return f"{seconds / MINUTE_S:.0f} min" if seconds < 2 * HOUR_S else f"{seconds / HOUR_S:.1f} h"
