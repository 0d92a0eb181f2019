"""`twilio-bridge insights`: what attributes break, for a terminal and for a program."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import Run

SID = "WT" + "0123456789abcdef" * 2
BAD = {"conversations": {"outcom": "Sold", "hold_time": 30_000_000}}
WARNED = {"conversations": {"campaign": " Spring"}}


def write(folder: Path, content: object, name: str = "attributes.json") -> str:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def codes(result: Any) -> list[tuple[str, str]]:
    return [(finding["name"], finding["code"]) for finding in json.loads(result.stdout)["findings"]]


@pytest.mark.parametrize(
    ("content", "options", "code"),
    [
        ({"conversations": {"outcome": "Sold"}}, [], 0),
        (BAD, [], 1),
        (WARNED, [], 0),
        (WARNED, ["--strict"], 1),
        ({"team_name": "Sales"}, [], 0),
        ({"team_name": "Sales"}, ["--worker"], 1),
        ({"customers": {"name": "Jo", "phone": "+447700900001"}}, [], 0),
        ({"customers": {"name": "Jo", "phone": "+447700900001"}}, ["--hipaa"], 1),
        ("[]", [], 2),
        ("", [], 2),
        ("{", [], 2),
        ("[" * 100_000, [], 2),
        ('{"a": 1}\n{"a": \n', [], 2),
        ("null", [], 1),
    ],
)
def test_exit_codes(run: Run, folder: Path, content: object, options: list[str], code: int) -> None:
    """0 where nothing is an error, 1 where something is, 2 where nothing can be read."""
    result = run("insights", "lint", write(folder, content), *options)

    assert result.exit_code == code, result.stderr
    assert "Traceback" not in result.output


def test_table(run: Run, folder: Path) -> None:
    """A line a finding, each broken rule with what reports show instead and its page, and the sum."""
    result = run("insights", "lint", write(folder, BAD))
    lines = result.stdout.splitlines()

    assert lines[0].split() == ["CODE", "SEVERITY", "WHERE", "WHAT", "IS", "WRONG", "WHAT", "TO", "DO"]
    assert lines[1].split()[:3] == ["FI001", "error", "conversations.outcom"]
    assert "Did you mean outcome?" in lines[1]
    assert any("Reports show: nothing: unknown names are ignored silently." in line for line in lines)
    assert any("https://www.twilio.com/docs/flex/developer/insights/enhance-integration" in line for line in lines)
    assert "1 error, 1 warning." in result.stderr


def test_several(run: Run, folder: Path) -> None:
    """Attributes, tasks and workers of TaskRouter's API in a list or one a line, each by its SID or its number."""
    task = {"sid": SID, "assignment_status": "completed", "attributes": json.dumps(BAD)}
    worker = {"sid": "WK" + "0" * 32, "attributes": json.dumps({"team_name": "Sales"})}
    expected = [
        ("1", "FI001"),
        ("1", "FI016"),
        (SID, "FI001"),
        (SID, "FI016"),
        (SID, "FI042"),
        (worker["sid"], "FI024"),
    ]

    as_list = run("insights", "lint", write(folder, [BAD, task, worker]), "--json")
    lines = "\n".join(map(json.dumps, (BAD, task, worker)))
    one_a_line = run("insights", "lint", write(folder, lines), "--json")

    assert codes(as_list) == expected
    assert codes(one_a_line) == expected


def test_rows(run: Run, folder: Path) -> None:
    """What `entities list Tasks --json` shows is taken as well; a row without attributes is the user's mistake."""
    row = {"Sid": SID, "AssignmentStatus": "completed", "Reason": "Sold", "Attributes": json.dumps(BAD)}

    assert codes(run("insights", "lint", write(folder, [row]), "--json")) == [(SID, "FI001"), (SID, "FI016")]
    without = run("insights", "lint", write(folder, [{**row, "Attributes": None}]))
    assert (without.exit_code, SID in without.stderr) == (2, True)


def test_many_together(run: Run, folder: Path) -> None:
    """What nearly every task has another value of is found where there are many, whatever the values look like."""
    texts = [f"about {number * 'a'}b" for number in range(25)]
    tasks = [{"conversations": {"content": text, "campaign": "Spring"}} for text in texts]

    assert codes(run("insights", "lint", write(folder, tasks[:19]), "--json")) == []
    result = run("insights", "lint", write(folder, tasks), "--json")
    assert (codes(result), json.loads(result.stdout)["looked_at"]) == ([("all", "FI041")], 25)
    shown = run("insights", "lint", write(folder, tasks))
    assert (shown.exit_code, "25 looked at: 0 errors, 1 warning." in shown.stderr) == (0, True)
    assert "25 different values in 25 tasks" in shown.stdout


def test_a_key_twice(run: Run) -> None:
    """The attributes are taken as they are written: a key that stands twice is found. `-` is standard input."""
    text = '{"conversations": {"outcome": "a", "outcome": "b"}}'

    assert codes(run("insights", "lint", "-", "--json", typed=text)) == [("", "FI008")]


@pytest.mark.parametrize("attributes", ["no JSON", "[]", '"x"'])
def test_a_task_without_an_object(run: Run, folder: Path, attributes: str) -> None:
    """A task whose attributes are none is a finding, not a failure."""
    result = run("insights", "lint", write(folder, {"sid": SID, "attributes": attributes}), "--json")

    assert codes(result) == [(SID, "FI009")]


def test_hostile_names(run: Run, folder: Path) -> None:
    """Names from outside move no cursor, and half a character breaks nothing."""
    path = write(folder, '{"conversations": {"a\\u001b[2J": 1, "b\\ud800": 2}}')
    for options in ([], ["--json"]):
        result = run("insights", "lint", path, *options)

        assert result.exit_code == 1
        assert "\x1b[2J" not in result.output


def test_no_values(run: Run, folder: Path) -> None:
    """A report holds no value, in whatever form."""
    secret = "amara@example.org x"
    attributes = {"conversations": {"outcom": secret, "queue": f" {secret}"}, "customers": {"email": secret}}
    path = write(folder, attributes)

    assert secret not in run("insights", "lint", path).output
    assert secret not in run("insights", "lint", path, "--json").output
