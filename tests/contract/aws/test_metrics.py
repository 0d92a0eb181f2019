"""Figures in the log as the embedded metric format has them: CloudWatch takes ASCII, and each stay once."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from twilio_bridge.adapters.aws.metrics import EmbeddedMetrics, spell_ascii
from twilio_bridge.support.persons.person import FigureRow


def written(capsys: pytest.CaptureFixture[str], key: str, **values: Any) -> list[Mapping[str, Any]]:
    """Return the lines that a row makes."""
    row = FigureRow(day="2026-03-02", key=key, version=1, values={"queue": "Support", "channel": "voice", **values})
    EmbeddedMetrics("stack").count(row)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Support", "Support"),
        ("Rückfragen & Größe", "Rueckfragen & Groesse"),
        ("Ação", "Acao"),
        ("Nœud", "N\\u0153ud"),
        ("田中", "\\u7530\\u4e2d"),
        ("山田", "\\u5c71\\u7530"),
        (" :x\n", "x"),
        ("", ""),
    ],
)
def test_a_queue_s_name_is_ascii(name: str, expected: str) -> None:
    """Umlauts are spelled out, accents go, and two queues stay two."""
    assert expected == spell_ascii(name)
    assert spell_ascii(name).isascii()


def test_a_dimension_is_what_cloudwatch_takes(capsys: pytest.CaptureFixture[str]) -> None:
    """In the line itself, not only in the function."""
    (line,) = written(capsys, "queue#WT1#EV1", queue="Rückfragen", outcome="accepted", wait_s=40)
    assert ("Rueckfragen", "voice", [1.0], [40.0]) == (line["Queue"], line["Channel"], line["Accepted"], line["Wait"])


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("customer#WT1", {"outcome": "abandoned"}),
        ("queue#WT1#EV1", {"outcome": "abandoned", "direction": "outbound"}),
        ("queue#WT1#EV1", {"outcome": "waiting"}),
        ("reservation#WK1#WR1", {"outcome": "accepted"}),
    ],
)
def test_what_is_no_stay_of_a_customer_s_is_no_metric(
    key: str, values: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """An abandon would count twice, and an outbound call is none."""
    assert [] == written(capsys, key, **values)
