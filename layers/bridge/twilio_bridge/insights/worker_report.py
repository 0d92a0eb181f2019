"""What a synchronisation of workers is shown as: plain values, the same for the function's answer and the command."""

from collections.abc import Mapping, Sequence
from typing import Any

from twilio_bridge.flex_insights.model import WORKER
from twilio_bridge.insights.worker_rows import ReadRows
from twilio_bridge.insights.worker_sync import NOTES, SSO, Done, Plan

MAX_LISTED_COUNT = 1_000


def describe_rows(read: ReadRows) -> dict[str, Any]:
    """Return what is wrong with a table's rows."""
    return {"problems": list(read.problems), "ignored_columns": list(read.ignored), "rows": len(read.rows)}


def describe_plan(plan: Plan) -> dict[str, Any]:
    """Return what would change; differences are listed up to MAX_LISTED_COUNT."""
    listed = [
        {
            "sid": each.sid,
            "worker": each.friendly_name,
            "changes": {name: list(pair) for name, pair in each.changes.items()},
        }
        for each in plan.differences[:MAX_LISTED_COUNT]
    ]
    return {
        "to_write": len(plan.differences),
        "unchanged": plan.unchanged,
        "unknown": [row.key for row in plan.unknown],
        "ambiguous": [row.key for row in plan.ambiguous],
        "malformed": list(plan.malformed),
        "differences": listed,
    }


def describe_done(done: Done) -> dict[str, Any]:
    """Return what was written."""
    return {"results": dict(done.results), "conflicts": done.retries}


def list_notes(names: Sequence[str], *, is_sso: bool) -> list[str]:
    """Return what whoever writes workers has to know."""
    return [*NOTES, *([SSO + ", ".join(names)] if is_sso else [])]


def list_written(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the attributes that rows have, in the model's order."""
    return [name for name in WORKER if any(name in row for row in rows)]
