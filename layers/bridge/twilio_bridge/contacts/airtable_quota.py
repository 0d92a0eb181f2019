"""How many of the plan's calls were made this month (UTC), by everything that shares our limiter."""

from collections.abc import Callable
from dataclasses import dataclass

from twilio_bridge.errors import UpstreamError


@dataclass(frozen=True, slots=True)
class Usage:
    """The month's calls so far, and how many the plan has; None where it has no limit."""

    calls: int
    monthly_calls: int | None

    @property
    def percent(self) -> int | None:
        """Return the share of the plan's calls that is used, rounded down."""
        return self.calls * 100 // self.monthly_calls if self.monthly_calls else None


def build_log_fields(read: Callable[[], Usage]) -> dict[str, int]:
    """Return it for the log, where it can be read; a metric filter of the template reads the percentage."""
    try:
        usage = read()
    except UpstreamError:  # it is not worth doing a refresh again
        return {}
    percent = {} if usage.percent is None else {"airtable_quota_percent": usage.percent}
    return {"airtable_calls_this_month": usage.calls, **percent}
