"""What is wrong with a configuration, line by line."""

from pathlib import Path

import pytest

from twilio_bridge.config.schema import LARGEST, PACKAGED
from twilio_bridge_cli.commands.config import checking
from twilio_bridge_cli.errors import CommandError

WRONG = """\
contacts:
  tables: X
  region: Great
workers:
  jo@example.com:
    sms: "4477"
    fields: 3
routing:
  chain: [owner, somebody]
senders: {countries: {"44": {}}}
unheard_of: 1
"""


def test_the_packaged_file_is_right() -> None:
    """What we ship passes."""
    assert checking.find_problems(PACKAGED.read_text()) == []


def test_every_problem_has_its_line_and_its_remedy() -> None:
    """All are named at once, in the order of the file; a key with dots in it is found too."""
    found = checking.find_problems(WRONG)
    assert [(problem.line, problem.place) for problem in found] == [
        (2, "contacts.tables"),
        (3, "contacts.region"),
        (6, "workers.jo@example.com.sms"),
        (7, "workers.jo@example.com.fields"),
        (9, "routing.chain.1"),
        (10, "senders.countries.44"),
        (11, "unheard_of"),
    ]
    assert all(problem.message and problem.remedy for problem in found)
    assert found[0].remedy == "Write table instead."
    assert "+14155550100" in found[2].remedy
    assert "--packaged" in found[6].remedy


@pytest.mark.parametrize(("text", "line"), [("a: [\n b", 2), ("a: b: c", 1), ("\tx: 1", 1), ("a: \x01", 0)])
def test_no_yaml_is_one_problem(text: str, line: int) -> None:
    """A file that cannot be read as YAML says where."""
    (problem,) = checking.find_problems(text)
    assert (problem.line, problem.message[:7]) == (line, "no YAML")


@pytest.mark.parametrize(
    ("text", "line", "place", "remedy"),
    [
        ("routing:\n  chain: []\n", 2, "routing.chain", "at least one"),
        ("opt_out:\n  words: []\n", 2, "opt_out.words", "at least one"),
        ("contacts:\n  region: ZZ\n", 2, "contacts.region", "GB"),
        ("contacts:\n  columns: {name: x, notes: x}\n", 2, "contacts.columns", "a column of its own"),
        ("contacts: {}\ntemplates: {}\ncontacts: {}\n", 3, "", "Keep one of them"),
    ],
)
def test_what_would_do_harm_unseen_has_its_remedy(text: str, line: int, place: str, remedy: str) -> None:
    """An empty list, an unknown country, a column or a key that stands twice."""
    (problem,) = checking.find_problems(text)
    assert (problem.line, problem.place, remedy in problem.remedy) == (line, place, True), problem


def test_the_file_as_a_whole_may_be_wrong() -> None:
    """A list is no configuration, and there is a limit to its size."""
    assert [problem.place for problem in checking.find_problems("- a\n")] == [""]
    (date,) = checking.find_problems("a: !!timestamp 2026-02-31\n")
    assert (date.line, "no YAML" in date.message) == (0, True)
    (large,) = checking.find_problems("#" * (LARGEST + 1))
    assert "larger than" in large.message
    assert "default" in large.remedy


def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    """Missing, a folder, or not UTF-8."""
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path / "missing.yaml", tmp_path, binary):
        with pytest.raises(CommandError) as caught:
            checking.read_file(path)
        assert caught.value.remedy
