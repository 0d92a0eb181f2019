"""The month's calls to Airtable: what the log says of them, and what docs/operations.md says of loads."""

import re
from pathlib import Path

import pytest

from twilio_bridge.config import schema
from twilio_bridge.contacts.airtable_quota import Usage, build_log_fields
from twilio_bridge.contacts.refresh import full_load_interval_s
from twilio_bridge.errors import UnavailableError

OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"
# By plan: calls a month of a workspace, and records of a base.
PLANS = ((1_000, 1_000), (100_000, 50_000), (None, 125_000))
ROW = re.compile(r"\| ([\d,]+) \| (.+) \| (.+) \| (.+) \|")


def every(seconds: float) -> str:
    """Say it as the page does."""
    if seconds < 7_200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3_600:.1f} hours"


def intervals(contacts: int) -> list[str]:
    """Return the interval of whole loads in each plan; a dash where it does not hold so many contacts."""
    settings = [(schema.Config(airtable=schema.Airtable(monthly_calls=calls)), records) for calls, records in PLANS]
    return [
        every(full_load_interval_s(each, contacts)) if contacts <= records else "\N{EN DASH}"
        for each, records in settings
    ]


def test_the_page_says_how_often_everything_is_loaded() -> None:
    """The table in docs/operations.md has what the code works out."""
    page = OPERATIONS.read_text(encoding="utf-8")
    table = page.split("| contacts | Free (1,000) | Team (100,000) | Business (null) |\n")[1].split("\n\n")[0]
    rows = [found.groups() for found in map(ROW.fullmatch, table.splitlines()) if found]
    assert [250, 1_000, 4_000, 10_000, 50_000, 100_000] == [int(count.replace(",", "")) for count, *_ in rows]
    for count, *said in rows:
        assert intervals(int(count.replace(",", ""))) == said


@pytest.mark.parametrize(
    ("calls", "monthly_calls", "percent"), [(0, 1_000, 0), (799, 1_000, 79), (1_200, 1_000, 120), (7, None, None)]
)
def test_the_log_says_what_share_is_used(calls: int, monthly_calls: int | None, percent: int | None) -> None:
    """A share of nothing is not said."""
    share = {} if percent is None else {"airtable_quota_percent": percent}
    assert {"airtable_calls_this_month": calls, **share} == build_log_fields(lambda: Usage(calls, monthly_calls))


def test_a_refresh_does_not_fail_over_it() -> None:
    """What cannot be counted just now is not said."""

    def read() -> Usage:
        raise UnavailableError("dynamodb", "throttled")

    assert {} == build_log_fields(read)
