"""Rows as they are written."""

import pytest

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
