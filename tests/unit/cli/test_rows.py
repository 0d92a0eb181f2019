"""Rows as they are written."""

from collections.abc import Iterator

import pytest

from twilio_bridge.errors import BadRequestError
from twilio_bridge_cli.app import make_sentence
from twilio_bridge_cli.rows import Format, write_rows


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("+14155550100", "+14155550100"),
        ("-0.0075", "-0.0075"),
        ("-1e-05", "-1e-05"),
        ("=1+1", "'=1+1"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3+HYPERLINK(A1)", "'-2+3+HYPERLINK(A1)"),
        ("@SUM(A1)", "'@SUM(A1)"),
    ],
)
def test_a_formula_is_text(cell: str, written: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A message's text is somebody else's: a spreadsheet computes none of it, and numbers stay numbers."""
    assert write_rows(["Body"], [[cell]], Format.CSV) == 1
    assert f"Body\n{written}\n" == capsys.readouterr().out


@pytest.mark.parametrize("form", list(Format))
def test_nothing_is_written_before_a_row_is_there(form: Format, capsys: pytest.CaptureFixture[str]) -> None:
    """An error at once leaves no header that looks like an empty answer."""

    def fail() -> Iterator[list[str]]:
        raise BadRequestError("name ConferenceSid")
        yield []

    with pytest.raises(BadRequestError):
        write_rows(["Sid"], fail(), form)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("filterClause, position 1: unexpected", "filterClause, position 1: unexpected."),
        ("there is no entity", "There is no entity."),
        ("did you mean Sid?", "Did you mean Sid?"),
    ],
)
def test_an_error_is_a_sentence(text: str, sentence: str) -> None:
    """It begins with a capital, unless it begins with a name that has one inside."""
    assert sentence == make_sentence(text)
