"""Campaigns and rows as they are answered: JSON's names, ISO 8601 times, amounts in the currency; CSV for rows."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from twilio_bridge.messages.campaign import MICROS, Campaign
from twilio_bridge.messages.ports import Counts
from twilio_bridge.messages.row import Row

CSV_COLUMNS = (
    "row",
    "origin",
    "to",
    "country",
    "state",
    "outcome",
    "status",
    "sid",
    "from",
    "errorCode",
    "errorMessage",
    "reason",
    "detail",
    "segments",
    "price",
    "estimate",
    "dueAt",
    "submittedAt",
    "endedAt",
)


def describe_campaign(campaign: Campaign, counts: Counts) -> dict[str, Any]:
    """Return a campaign with its counts; what is unknown is left out."""
    settings, planning = campaign.settings, campaign.planning
    outcomes = {name: counts.count_outcome(name) for name in ("sent", "failed", "skipped", "cancelled")}
    known = {
        "id": campaign.id,
        "state": campaign.state,
        "cause": campaign.cause,
        "createdAt": format_moment(campaign.created_at),
        "changedAt": format_moment(campaign.changed_at),
        "finishedAt": format_moment(campaign.finished_at),
        "planned": planning.is_complete,
        "faults": list(planning.faults),
        "faultCount": planning.fault_count,
        "testTo": settings.test_to,
    }
    figures = {
        "rows": counts.total,
        "open": counts.open,
        **outcomes,
        "by": dict(sorted(counts.tallies.items())),
        "spent": counts.spent_micros / MICROS,
        "currency": settings.currency,
    }
    return {name: value for name, value in known.items() if value not in ("", [], 0, None)} | figures


def describe_row(row: Row) -> dict[str, Any]:
    """Return a row; what is unknown is left out."""
    values = {
        "row": row.number,
        "origin": row.origin,
        "to": row.address,
        "country": row.country,
        "state": row.state,
        "outcome": row.outcome,
        "status": row.status,
        "sid": row.sid,
        "from": row.sender,
        "errorCode": row.error_code or None,
        "errorMessage": row.error_message,
        "reason": row.reason,
        "detail": row.detail,
        "segments": row.segments or None,
        "price": _amount(row.price_micros),
        "estimate": _amount(row.estimate_micros),
        "dueAt": format_moment(row.due_at) if row.state == "waiting" else None,
        "sendAt": format_moment(row.send_at),
        "submittedAt": format_moment(row.submitted_at),
        "endedAt": format_moment(row.ended_at),
    }
    return {name: value for name, value in values.items() if value not in ("", None)}


def format_rows(rows: Sequence[Row]) -> str:
    """Return rows as CSV with a header; a cell that a spreadsheet would read as a formula gets a quote before it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, CSV_COLUMNS, extrasaction="ignore", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows({name: _cell(name, value) for name, value in describe_row(row).items()} for row in rows)
    return text.getvalue()


def _cell(name: str, value: object) -> object:
    """Return a cell; a number's plus sign stays, for it is ours and no formula."""
    is_risky = isinstance(value, str) and value[:1] in "=+-@\t\r" and name not in {"to", "from"}
    return f"'{value}" if is_risky else value


def format_moment(at: int | None) -> str | None:
    """Return a moment (epoch ms) as ISO 8601 in UTC; None for none."""
    if not at:
        return None
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _amount(micros: int | None) -> float | None:
    return None if micros is None else micros / MICROS
