"""What is wrong with a configuration file: each problem with its line and what to do about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from twilio_bridge.config.schema import find_insights_findings, parse
from twilio_bridge.config.yaml_text import RepeatedKeyError
from twilio_bridge.errors import SettingError
from twilio_bridge_cli.errors import CommandError

BEGIN: Final = "Check the path; `twilio-bridge config show --packaged > bridge.yaml` begins a new one."
_HINTS: Final[Mapping[str, str]] = {
    r"should match pattern '.*whatsapp": 'Write the number with its country code and in quotes: "+14155550100".',
    r"should match pattern '\^\\\+": 'Write how numbers begin, in quotes: "+44".',
    r"should match pattern '\^\(\[A-Z\]": "Write the country as two capital letters: GB.",
    r"valid (dictionary|mapping)": "Write its keys on the lines below, indented.",
    r"valid tuple": "Write a list: [first, second].",
    r"valid boolean": "Write true or false.",
    r"valid integer": "Write a whole number.",
    r"valid string": "Write a text; in quotes where it could be taken for something else.",
    r"at least 1 item": "Write at least one, or leave the key out: Twilio Bridge's own then hold.",
    r"no country": "Write the country as two capital letters: GB.",
    r"the same column": 'Give each a column of its own, or "" to the one you do not have.',
    r"at least 1 character": "Write a name, or leave the key out.",
    r"no YAML": "Look for what YAML takes for something else, such as a date, and put it in quotes.",
    r"larger than": "Leave out what is the default anyway, comments too.",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong; `line` is 0 where it is the file as a whole."""

    line: int
    place: str
    message: str
    remedy: str


def read_file(path: Path) -> str:
    """Return a configuration file's text."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{path} cannot be read ({error.strerror}).", BEGIN) from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is no text.", "Save it as UTF-8.") from error


def find_problems(text: str) -> list[Problem]:
    """Return all that is wrong, in the order of the lines."""
    try:
        parse(text)
    except SettingError as error:
        if isinstance(error.__cause__, yaml.YAMLError):
            return [_syntax(error.__cause__)]
        found = [_parse_problem(line, text) for line in str(error).splitlines()]
        return sorted(found, key=lambda problem: problem.line)
    return []


def find_warnings(text: str) -> list[Problem]:
    """Return what may go wrong with a file that nothing is wrong with, in the order of the lines."""
    warnings = [finding for finding in find_insights_findings(parse(text)) if not finding.is_error]
    found = [
        Problem(_line(text, each.place), each.place, f"{each.code}: {each.problem}", each.remedy) for each in warnings
    ]
    return sorted(found, key=lambda problem: problem.line)


def _syntax(error: yaml.YAMLError) -> Problem:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    what = error.problem if isinstance(error, yaml.MarkedYAMLError) else None
    line = mark.line + 1 if mark else 0
    if isinstance(error, RepeatedKeyError):
        return Problem(line, "", str(what), "Keep one of them: the first would silently be dropped.")
    return Problem(line, "", f"no YAML: {what or 'a sign that YAML does not take'}", "Check indentation and quotes.")


def _parse_problem(error: str, text: str) -> Problem:
    """Parse a line of `parse`'s error: `bridge.yaml: contacts.tables: no such key; did you mean table?`."""
    if not error.startswith("bridge.yaml: "):
        return Problem(0, "", error, _remedy(error))
    place, _, message = error.removeprefix("bridge.yaml: ").partition(": ")
    known = place != "the file"
    if " → " in message:  # a rule's own remedy
        problem, _, remedy = message.rpartition(" → ")
        return Problem(_line(text, place), place, problem, remedy)
    return Problem(_line(text, place) if known else 1, place if known else "", _plain(message), _remedy(message))


def _plain(message: str) -> str:
    """Leave out what the remedy explains."""
    message = re.sub(r"; did you mean .*", "", message)
    return re.sub(r"String should match pattern .*", "not in the right form", message)


def _remedy(message: str) -> str:
    if nearest := re.search(r"did you mean (.+)\?", message):
        return f"Write {nearest[1]} instead."
    if "no such key" in message and "there are" not in message:
        return "Remove it; `twilio-bridge config show --packaged` shows every key there is."
    return next((hint for shape, hint in _HINTS.items() if re.search(shape, message)), "Write one of what it names.")


def _line(text: str, place: str) -> int:
    """Find a dotted place in the file; a key may itself hold dots, as an e-mail address does."""
    node, rest, line = yaml.compose(text, Loader=yaml.SafeLoader), place, 1
    while rest:
        inner, key = _step(node, rest)
        if inner is None:
            break
        node, rest, line = inner[1], rest[len(key) :].removeprefix("."), inner[0].start_mark.line + 1
    return line


def _step(node: yaml.Node | None, rest: str) -> tuple[tuple[yaml.Node, yaml.Node] | None, str]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = str(key.value)
            if rest == name or rest.startswith(f"{name}."):
                return (key, value), name
    if isinstance(node, yaml.SequenceNode):
        name = rest.partition(".")[0]
        if name.isdecimal() and int(name) < len(node.value):
            return (node.value[int(name)], node.value[int(name)]), name
    return None, ""
