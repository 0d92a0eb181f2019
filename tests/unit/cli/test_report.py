"""Figures as lines, as CSV and as texts for people."""

import csv
import io
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from tests.fakes.support import FakeFigures
from twilio_bridge.config import flex
from twilio_bridge.support.persons.person import FigureRow
from twilio_bridge_cli.commands.report.chart import draw_bars
from twilio_bridge_cli.commands.report.command import (
    CUSTOMERS,
    QUEUES,
    WORKERS,
    By,
    Line,
    Report,
    Whose,
    format_cell,
    format_duration,
    format_heading,
    list_days,
    read_rows,
    sum_lines,
    write_csv,
)
from twilio_bridge_cli.commands.report.definitions import explain_figures, explain_rate
from twilio_bridge_cli.errors import CommandError

TODAY = date(2026, 3, 3)
MONDAY, TUESDAY = "2026-03-02", "2026-03-03"


def stay(day: str, number: int, outcome: str, wait_s: int, queue: str = "Support") -> FigureRow:
    values = {"queue": queue, "channel": "voice", "outcome": outcome, "wait_s": wait_s}
    return FigureRow(day=day, key=f"queue#{queue}#WT{number}#1", version=1, values=values)


def time_in(day: str, activity: str, seconds: int) -> FigureRow:
    values = {"worker": "jo", "activity": activity, "seconds": seconds}
    return FigureRow(day=day, key=f"activity#WK1#{activity}", version=1, values=values)


STAYS = [
    stay(MONDAY, 1, "accepted", 10),
    stay(MONDAY, 2, "accepted", 20),
    stay(MONDAY, 3, "accepted", 30),
    stay(TUESDAY, 4, "accepted", 100),
    stay(TUESDAY, 5, "abandoned", 60),
    stay(TUESDAY, 6, "accepted", 7, "Sales"),
]


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def named(found: list[Line], of: str) -> list[tuple[str, str]]:
    return [(line["day"], line[of]) for line in found]


def test_days_are_asked_for_by_their_ends() -> None:
    """Both are in; without any it is today, one without the other is that day, or up to today."""
    assert [TUESDAY] == list_days(None, None, TODAY)
    assert [MONDAY, TUESDAY] == list_days(date(2026, 3, 2), None, TODAY)
    assert ["2025-12-31"] == list_days(None, date(2025, 12, 31), TODAY)
    assert ["2024-02-28", "2024-02-29", "2024-03-01"] == list_days(date(2024, 2, 28), date(2024, 3, 1), TODAY)


def test_days_that_cannot_be_shown_are_refused() -> None:
    """An end before the beginning, and more days than figures are kept."""
    with pytest.raises(CommandError, match="--from 2026-03-04 is after --to 2026-03-03"):
        list_days(date(2026, 3, 4), None, TODAY)
    assert 400 == len(list_days(date(2025, 1, 28), None, TODAY))
    with pytest.raises(CommandError, match="401 days; figures are kept for 400"):
        list_days(date(2025, 1, 27), None, TODAY)


def test_the_total_is_summed_from_the_rows() -> None:
    """The mean over three waits and one is 40 seconds, not the mean of the days' means; it comes last."""
    found = sum_lines(QUEUES, STAYS, [MONDAY, TUESDAY])
    places = [(MONDAY, "Support"), (TUESDAY, "Sales"), (TUESDAY, "Support"), ("total", "Sales"), ("total", "Support")]
    assert places == named(found, "queue")
    assert [20.0, 7.0, 100.0, 7.0, 40.0] == [line["avg_wait_s"] for line in found]
    assert (5, 4, 1, 0.2, 100) == tuple(
        found[-1][name] for name in ("entered", "accepted", "abandoned", "abandon_rate", "max_wait_s")
    )


def test_one_day_has_no_total() -> None:
    """It would say the same again."""
    assert [(MONDAY, "Support")] == named(sum_lines(QUEUES, STAYS[:3], [MONDAY]), "queue")


def test_rows_come_out_of_the_port() -> None:
    """Those of the days that are asked for, in order, and no others."""
    kept = FakeFigures()
    for row in STAYS:
        kept.put_row(row)
    assert STAYS == list(read_rows(kept, [MONDAY, TUESDAY]))
    assert STAYS[3:] == list(read_rows(kept, [TUESDAY, "2026-03-04"]))


def test_csv_is_what_the_standard_says() -> None:
    """RFC 4180: a head, CRLF, quotes where they are needed; numbers are plain and what is unknown is empty."""
    text = write_csv(QUEUES, sum_lines(QUEUES, [stay(MONDAY, 1, "accepted", 3700, 'A "B", C\nD')], [MONDAY]))
    assert text.startswith("day,queue,entered,accepted,")
    assert text.endswith("\r\n")
    assert f'\r\n{MONDAY},"A ""B"", C\nD",1,1,0,' in text
    line = read(text)[0]
    assert ("3700.0", "0.0", "", "0") == tuple(line[name] for name in ("avg_wait_s", "abandon_rate", "csat", "expired"))


def test_csv_without_lines_has_its_head() -> None:
    """A program finds the columns all the same."""
    for each in (CUSTOMERS, QUEUES, WORKERS):
        text = write_csv(each, [])
        assert (f"day,{each.of},", "\r\n", 1) == (text[: 5 + len(each.of)], text[-2:], text.count("\r\n"))


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\uff1d1"])
def test_no_name_becomes_a_formula(name: str) -> None:
    """Somebody else gave the queue its name; a spreadsheet shows it as text. Numbers stay numbers."""
    found = sum_lines(QUEUES, [stay(MONDAY, 1, "accepted", 5, name)], [MONDAY])
    assert f"'{name}" == read(write_csv(QUEUES, found))[0]["queue"]
    assert name == found[0]["queue"]


def test_activities_are_columns_in_csv() -> None:
    """All that anybody was in, in order; where somebody was not, the cell is empty."""
    rows = [time_in(MONDAY, "Break", 60), time_in(MONDAY, "Available", 600), time_in(TUESDAY, "Available", 30)]
    text = write_csv(WORKERS, sum_lines(WORKERS, rows, [MONDAY, TUESDAY]))
    assert text.partition("\r\n")[0].endswith(",handle_s,talk_s,activity_Available_s,activity_Break_s")
    found = [(line["activity_Available_s"], line["activity_Break_s"]) for line in read(text)]
    assert [("600", "60"), ("30", ""), ("630", "60")] == found


@pytest.mark.parametrize("asked", [CUSTOMERS, QUEUES, WORKERS], ids=lambda asked: str(asked.of))
def test_a_line_holds_what_the_report_names(asked: Report) -> None:
    """Every name, in this order, and no other."""
    contact = {"queue": "Support", "channel": "voice", "outcome": "answered", "began_s": 1, "ended_s": 2, "last_s": 1}
    rows = [*STAYS, time_in(MONDAY, "Break", 60), FigureRow(day=MONDAY, key="customer#WT1", version=1, values=contact)]
    assert {asked.names} == {tuple(line) for line in sum_lines(asked, rows, [MONDAY])}
    assert {*asked.definitions} == {*asked.names[2:]}


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0:00"), (59.6, "1:00"), (200, "3:20"), (3599, "59:59"), (3600, "1:00:00"), (4_000_000, "1,111:06:40")],
)
def test_seconds_are_read_as_time(seconds: float, expected: str) -> None:
    """Minutes and seconds, with hours where there are any."""
    assert expected == format_duration(seconds)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("day", MONDAY, MONDAY),
        ("entered", 1234, "1,234"),
        ("avg_wait_s", 46.7, "0:47"),
        ("abandon_rate", 0.1234, "12.3%"),
        ("abandon_rate", None, "-"),
        ("csat", 4.5, "4.5"),
        ("activities", {"Available": 3600, "Break": 90}, "Available 1:00:00, Break 1:30"),
        ("activities", {}, "-"),
    ],
)
def test_people_read_cells(name: str, value: Any, expected: str) -> None:
    """By what they are; what is unknown is a dash."""
    assert expected == format_cell(name, value)


def test_heads_are_short() -> None:
    """Words below each other, no units."""
    assert ["Avg\nwait", "Short\nabandons", "CSAT\nanswers", "Day"] == [
        format_heading(name) for name in ("avg_wait_s", "short_abandons", "csat_answers", "day")
    ]


@pytest.mark.parametrize(
    ("by", "periods"),
    [
        (By.DAY, [MONDAY, TUESDAY, TUESDAY, "total", "total"]),
        (By.WEEK, ["2026-W10", "2026-W10", "total", "total"]),
        (By.HOUR, [f"{MONDAY} 09", f"{TUESDAY} -", f"{TUESDAY} -", "total", "total"]),
    ],
)
def test_lines_are_of_periods(by: By, periods: list[str]) -> None:
    """Days, weeks or hours; rows of a former version have no hour."""
    rows = [replace(row, values={**row.values, "hour": 9}) if row.day == MONDAY else row for row in STAYS]
    assert periods == [line["day"] for line in sum_lines(QUEUES, rows, [MONDAY, TUESDAY], by)]


def test_the_service_level_is_asked_for() -> None:
    """Answered within twenty seconds, of four who were answered and one who gave up."""
    found = sum_lines(QUEUES, STAYS, [MONDAY, TUESDAY], limits=flex.Figures(service_level_s=20))
    assert 0.4 == found[-1]["service_level"]


def test_midnight_ends_no_interaction() -> None:
    """A chat that is passed on after midnight is the day before's, whichever days are asked for."""
    rows = [contact(MONDAY, 1, 1_000, 2_000), contact(TUESDAY, 2, 1_900, 3_000)]
    kept = FakeFigures()
    for row in rows:
        kept.put_row(row)
    for day, count in ((MONDAY, 1), (TUESDAY, 0)):
        found = sum_lines(CUSTOMERS, read_rows(kept, [day], Whose.CUSTOMERS), [day])
        assert count == sum(line["interactions"] for line in found)


def contact(day: str, number: int, began_s: int, ended_s: int) -> FigureRow:
    values: dict[str, Any] = {"queue": "Support", "channel": "webchat", "outcome": "answered", "conversation": "CH1"}
    values |= {"began_s": began_s, "ended_s": ended_s, "last_s": began_s}
    return FigureRow(day=day, key=f"customer#WT{number}", version=1, values=values)


def test_bars_show_what_came_in() -> None:
    """The most has the whole width, and nothing has none."""
    lines = [{"day": MONDAY, "entered": 4}, {"day": TUESDAY, "entered": 1}, {"day": TUESDAY, "entered": 1}]
    assert [f"{MONDAY}  {'#' * 40} 4", f"{TUESDAY}  {'#' * 20} 2"] == [*draw_bars(lines, "entered", is_unicode=False)]
    assert "█" * 20 == next(iter([*draw_bars(lines, "entered", is_unicode=True)][1:])).split()[1]
    assert [] == [*draw_bars([{"day": MONDAY, "entered": 0}], "entered", is_unicode=True)]


def test_a_rate_is_explained() -> None:
    """Five entered and two abandoned make 66.7 %, and the sentence says why."""
    outcomes = ("accepted", "abandoned", "abandoned", "short", "moved")
    rows = [stay(MONDAY, number, outcome, 30) for number, outcome in enumerate(outcomes)]
    (line,) = sum_lines(QUEUES, rows, [MONDAY])
    expected = "5 entered: 2 abandoned / (1 accepted + 2 abandoned) = 66.7%; in no rate: 1 short abandons, 1 moved"
    assert expected == explain_rate(line)
    assert any("within 20 s" in sentence for sentence in explain_figures(QUEUES.definitions, 5, 20))
