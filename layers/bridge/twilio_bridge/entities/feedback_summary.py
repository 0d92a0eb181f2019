"""Ratings of calls over a range of days: what Twilio's FeedbackSummary was, computed from Voice Insights' summaries.

Twilio ended it with the Voice Feedback API. A summary's SID holds its range, so that it is found again without
being stored; it is computed anew each time.
https://www.twilio.com/docs/voice/voice-insights/api/call/call-summaries-resource
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from twilio_bridge.entities.errors import GoneError, MissingValueError
from twilio_bridge.entities.ports import Row, Twilio
from twilio_bridge.entities.registry import Entity
from twilio_bridge.errors import BadRequestError, NotFoundError

KEPT_DAYS: Final = 30
PAGE_SIZE: Final = 1000
NO_ISSUES: Final = frozenset({"", "no_quality_issue", "no_connectivity_issue"})
_DAY_DIGITS: Final = 6
_SEAL_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class Range:
    """The days of a summary, both included."""

    first: date
    last: date

    def write_sid(self, account_sid: str) -> str:
        """Return the summary's SID: both days and a seal over them and the account."""
        days = f"{self.first.toordinal():0{_DAY_DIGITS}x}{self.last.toordinal():0{_DAY_DIGITS}x}"
        return f"FS{days}{hashlib.sha256(f'{account_sid}{days}'.encode()).hexdigest()[:_SEAL_DIGITS]}"


def read_range(body: Mapping[str, Any]) -> Range:
    """Return the range of `StartDate` and `EndDate`."""
    missing = [name for name in ("StartDate", "EndDate") if not body.get(name)]
    if missing:
        raise MissingValueError(f"create FeedbackSummary: name {', '.join(missing)}")
    found = Range(_read_day(body, "StartDate"), _read_day(body, "EndDate"))
    if found.last < found.first:
        raise BadRequestError("create FeedbackSummary: EndDate lies before StartDate")
    return found


def read_sid(sid: str, account_sid: str) -> Range:
    """Return the range of a summary's SID; raise NotFoundError where it is none of this account's."""
    try:
        first, last = (int(sid[2 + at : 2 + at + _DAY_DIGITS], 16) for at in (0, _DAY_DIGITS))
        found = Range(date.fromordinal(first), date.fromordinal(last))
    except (ValueError, OverflowError):
        found = None
    if found is None or found.write_sid(account_sid) != sid:
        raise NotFoundError("there is no such FeedbackSummary")
    return found


def summarize(twilio: Twilio, source: Entity, days: Range, account_sid: str, today: date | None = None) -> Row:
    """Return the summary of a range of days; raise GoneError where Twilio no longer holds its calls."""
    kept_since = (today or datetime.now(UTC).date()) - timedelta(days=KEPT_DAYS)
    if days.first < kept_since:
        raise GoneError(
            f"Twilio keeps the calls that a FeedbackSummary is computed from for {KEPT_DAYS} days; "
            f"StartDate can be {kept_since.isoformat()} at the earliest"
        )
    end = days.last + timedelta(days=1)
    params = {"StartTime": f"{days.first.isoformat()}T00:00:00Z", "EndTime": f"{end.isoformat()}T00:00:00Z"}
    pages = twilio.list_pages(source, {"AccountSid": account_sid}, params, PAGE_SIZE)
    counted = count_ratings(row for page in pages for row in page.rows)
    known = {"sid": days.write_sid(account_sid), "account_sid": account_sid, "status": "completed"}
    dates = {"start_date": days.first.isoformat(), "end_date": days.last.isoformat(), "include_subaccounts": False}
    return {**known, **dates, **counted}


def count_ratings(rows: Iterable[Row]) -> Row:
    """Return how many calls there were, how many were rated, and how."""
    import statistics  # noqa: PLC0415  slow to import, and few calls ask

    calls, scores, issues = 0, [], Counter[str]()
    for row in rows:
        calls += 1
        annotation = row.get("annotation") or {}
        if isinstance(score := annotation.get("call_score"), int):
            scores.append(score)
        issues.update(_issues_of(annotation))
    return {
        "call_count": calls,
        "call_feedback_count": len(scores),
        "quality_score_average": _rounded(statistics.fmean(scores)) if scores else None,
        "quality_score_median": statistics.median(scores) if scores else None,
        "quality_score_standard_deviation": _rounded(statistics.pstdev(scores)) if scores else None,
        "issues": [_describe_issue(issue, count, calls) for issue, count in sorted(issues.items())],
    }


def _describe_issue(issue: str, count: int, calls: int) -> Row:
    return {"description": issue, "count": count, "percentage_of_total_calls": f"{100 * count / calls:.1f}%"}


def _issues_of(annotation: Mapping[str, Any]) -> set[str]:
    quality = annotation.get("quality_issues") or []
    listed = quality.split(",") if isinstance(quality, str) else [str(issue) for issue in quality]
    return {*listed, annotation.get("connectivity_issue") or ""} - NO_ISSUES


def _rounded(value: float) -> float:
    return round(value, 2)


def _read_day(body: Mapping[str, Any], name: str) -> date:
    try:
        return date.fromisoformat(str(body[name]))
    except ValueError:
        raise BadRequestError(f"create FeedbackSummary: {name} is to be a day such as 2026-11-20") from None
