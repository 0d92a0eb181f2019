"""The demonstration is right from beginning to end, and says so where it is not."""

import subprocess
import sys
from io import StringIO
from pathlib import Path

from rich.console import Console

from twilio_bridge_local.demo.play import show
from twilio_bridge_local.demo.steps import Step

ROOT = Path(__file__).parents[3]


def test_the_demonstration_comes_out_right() -> None:
    """All of it: Frontline's callbacks, support events, Brevo, the figures, a report for Flex Insights."""
    command = [sys.executable, "-m", "twilio_bridge_local", "--demo", "--port", "0"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)  # noqa: S603  it runs this interpreter
    assert 0 == ended.returncode, ended.stdout + ended.stderr
    for told in ("SUPPORT_RESOLVED", "CSAT respondents", "avg_wait_s", "FI001", "All answers were right."):
        assert told in ended.stdout


def test_one_wrong_answer_is_too_many() -> None:
    """It is marked, and the demonstration fails."""
    out = StringIO()
    assert not show([Step("one", {}, True), Step("two", {}, False)], Console(file=out))
    assert "✓ 1. one" in out.getvalue()
    assert "✗ 2. two" in out.getvalue()
    assert "1 answers were wrong." in out.getvalue()
