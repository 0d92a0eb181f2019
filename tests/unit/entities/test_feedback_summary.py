"""A summary of ratings: its range, its SID, its figures, and what Twilio no longer holds."""

import statistics
from collections.abc import Iterator, Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_bridge.entities.errors import GoneError, MissingValueError
from twilio_bridge.entities.feedback_summary import Range, count_ratings, read_range, read_sid, summarize
from twilio_bridge.entities.ports import Page, Row
from twilio_bridge.entities.registry import Entity, load_registry
from twilio_bridge.errors import BadRequestError, NotFoundError

ACCOUNT = "AC" + "1" * 32
TODAY = date(2026, 11, 29)
SOURCE = load_registry().entity(load_registry().entity("FeedbackSummary").source)


def annotated(**annotation: object) -> Row:
    return {"call_sid": "CA1", "annotation": annotation or None}


def test_figures_are_those_of_the_rated_calls() -> None:
    rows = [
        annotated(call_score=5, quality_issues=["echo", "latency"], connectivity_issue="no_connectivity_issue"),
        annotated(call_score=2, quality_issues="echo", connectivity_issue="dropped_call"),
        annotated(call_score=None, quality_issues=["no_quality_issue"]),
        annotated(),
    ]
    assert count_ratings(rows) == {
        "call_count": 4,
        "call_feedback_count": 2,
        "quality_score_average": 3.5,
        "quality_score_median": 3.5,
        "quality_score_standard_deviation": 1.5,
        "issues": [
            {"description": "dropped_call", "count": 1, "percentage_of_total_calls": "25.0%"},
            {"description": "echo", "count": 2, "percentage_of_total_calls": "50.0%"},
            {"description": "latency", "count": 1, "percentage_of_total_calls": "25.0%"},
        ],
    }


def test_without_ratings_there_is_no_average() -> None:
    assert count_ratings([]) == {
        "call_count": 0,
        "call_feedback_count": 0,
        "quality_score_average": None,
        "quality_score_median": None,
        "quality_score_standard_deviation": None,
        "issues": [],
    }


@given(st.lists(st.integers(1, 5), min_size=1, max_size=60))
def test_figures_agree_with_the_standard_library(scores: list[int]) -> None:
    counted = count_ratings(annotated(call_score=score) for score in scores)
    assert counted["quality_score_median"] == statistics.median(scores)
    assert abs(counted["quality_score_average"] - statistics.fmean(scores)) <= 0.005


class FakeCalls:
    """Twilio as far as a summary asks it."""

    def __init__(self, rows: list[Row]) -> None:
        self.rows = rows
        self.asked: list[tuple[str, Mapping[str, str], Mapping[str, str]]] = []

    def list_pages(
        self,
        entity: Entity,
        parents: Mapping[str, str],
        params: Mapping[str, str],
        page_size: int,
        *,
        page_uri: str | None = None,
    ) -> Iterator[Page]:
        assert page_uri is None
        assert page_size == 1000
        self.asked.append((entity.name, parents, params))
        yield Page(self.rows, None, "/")


def summary_of(rows: list[Row], first: date, last: date) -> Row:
    return summarize(FakeCalls(rows), SOURCE, Range(first, last), ACCOUNT, TODAY)  # type: ignore[arg-type]  # it lists only


def test_twilio_is_asked_for_whole_days() -> None:
    calls = FakeCalls([annotated(call_score=4)])
    days = Range(date(2026, 11, 1), date(2026, 11, 3))
    found = summarize(calls, SOURCE, days, ACCOUNT, TODAY)  # type: ignore[arg-type]  # it lists only
    params = {"StartTime": "2026-11-01T00:00:00Z", "EndTime": "2026-11-04T00:00:00Z"}
    assert calls.asked == [("CallSummaries", {"AccountSid": ACCOUNT}, params)]
    assert (found["start_date"], found["end_date"]) == ("2026-11-01", "2026-11-03")
    assert found["sid"] == days.write_sid(ACCOUNT)


def test_its_row_has_the_registrys_columns() -> None:
    found = summary_of([], date(2026, 11, 1), date(2026, 11, 1))
    entity = load_registry().entity("FeedbackSummary")
    assert {column.json_key for column in entity.columns} == found.keys()


def test_what_twilio_no_longer_holds_is_said() -> None:
    with pytest.raises(GoneError, match="for 30 days; StartDate can be 2026-10-30 at the earliest"):
        summary_of([], date(2014, 6, 1), date(2014, 6, 4))
    assert summary_of([], date(2026, 10, 30), date(2026, 10, 31))["call_count"] == 0


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 400))
def test_a_sid_leads_back_to_its_range(first: date, length: int) -> None:
    days = Range(first, date.fromordinal(first.toordinal() + length))
    sid = days.write_sid(ACCOUNT)
    assert len(sid) == 34
    assert read_sid(sid, ACCOUNT) == days
    with pytest.raises(NotFoundError):
        read_sid(sid, "AC" + "2" * 32)


@pytest.mark.parametrize("sid", ["", "FS", "FS" + "0" * 32, "FS11f26a89d7260fb8cef070b768fcf5d1", "FS" + "z" * 32])
def test_another_sid_is_not_found(sid: str) -> None:
    with pytest.raises(NotFoundError):
        read_sid(sid, ACCOUNT)


@pytest.mark.parametrize(
    ("body", "error", "text"),
    [
        ({"StartDate": "2026-11-01"}, MissingValueError, "name EndDate"),
        ({}, MissingValueError, "name StartDate, EndDate"),
        ({"StartDate": "2026-11-02", "EndDate": "2026-11-01"}, BadRequestError, "before StartDate"),
        ({"StartDate": "yesterday", "EndDate": "2026-11-01"}, BadRequestError, "StartDate is to be a day"),
    ],
)
def test_a_range_has_two_days(body: dict[str, str], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        read_range(body)
