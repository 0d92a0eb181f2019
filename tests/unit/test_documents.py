"""What the documents name is there: files, headings, commands with their options, parameters, settings and columns."""

import csv
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer

from tests.e2e.first_hour.readme import read_steps
from twilio_bridge.config.schema import PACKAGED, parse
from twilio_bridge.phone import parse_number
from twilio_bridge_cli.app import COMMANDS
from twilio_bridge_cli.groups import Group, load_command
from twilio_bridge_local.environment import settings_of
from twilio_bridge_local.template.reader import parse_template

ROOT: Final = Path(__file__).parents[2]
DOCUMENTS: Final = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
TEMPLATE: Final = parse_template((ROOT / "template.yaml").read_text())
LINK: Final = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
# template.yaml sets these; nobody else does.
SET_BY_THE_TEMPLATE: Final = re.compile(
    r"API_BASE_URL|.*_(TABLE|QUEUE_URL|QUEUES|DEAD_LETTERS_URL|SECRET|FUNCTIONS?|BUCKET|NAMESPACE|STREAM|ARN)"
)
SECRET_VALUES: Final = {"TASK_COMPLETE_SECRET", "AIRTABLE_WEBHOOK_SECRET", "TWILIO_API_KEY_SECRET"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def headings_of(path: Path) -> set[str]:
    """Return the anchors of a document, as the forge makes them of its headings."""
    prose = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    titles = re.findall(r"(?m)^#+ (.+)$", prose)
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}


def code_lines(path: Path) -> Iterator[str]:
    """Yield the lines of code, those that end with a backslash joined with the next."""
    text = path.read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if line.startswith("    "):
            yield line.strip()
        yield from re.findall(r"`(twilio-bridge [^`]+)`", line)


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    """Each relative link names a file or a folder that is there, and a heading that the file has."""
    for link in LINK.findall(path.read_text()):
        if re.match(r"https?:|mailto:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert not anchor or anchor in headings_of(target), link


def test_the_contents_of_the_readme_are_complete() -> None:
    """Every section of the first level is listed, in order."""
    text = (ROOT / "README.md").read_text()
    contents = text.partition("## Contents")[2].partition("\n\n")[0]
    sections = re.findall(r"(?m)^## (.+)$", text)

    listed = [link.removeprefix("#") for link in LINK.findall(contents)]
    titles = [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in sections if title != "Contents"]
    assert [link for link in titles if link in listed] == listed
    assert not [title for title in titles if not any(title.startswith(link) for link in listed)]


def commands_of(path: Path) -> Iterator[list[str]]:
    for line in code_lines(path):
        found = re.search(r"(?:^|[;&|] |[A-Z_]+=\S* |/)(twilio-bridge [a-z].*)", line)
        if found:
            words = shlex.split(re.split(r" [|>]|  +#", found[1])[0].replace("…", "x"), comments=True)
            yield words[1:]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_commands_can_be_typed_as_they_are_written(path: Path) -> None:
    """Each `twilio-bridge …` of a document names a command that is there, with options and values that it takes."""
    for words in commands_of(path):
        if words[0].startswith("-") or words[0] == "x":
            continue
        assert words[0] in COMMANDS, words
        command: Any = load_command(COMMANDS[words[0]])
        rest = words[1:]
        if isinstance(command, Group) and rest and rest[0] != "x":
            assert rest[0] in command.entries, words
            command, rest = load_command(command.entries[rest[0]]), rest[1:]
        known = {"--help", *(option for parameter in getattr(command, "params", []) for option in parameter.opts)}
        assert {word.partition("=")[0] for word in rest if word.startswith("--")} <= known, words
        if rest and not isinstance(command, Group):
            assert not find_usage_error(command, rest), words


def find_usage_error(command: Any, words: list[str]) -> str:
    """Return what is wrong with a command's words, before it does anything; a sentence may leave out arguments."""
    try:
        command.make_context("twilio-bridge", list(words))
    except typer.TyperException as error:
        is_left_out = type(error).__name__ == "MissingParameter" or "requires an argument" in str(error)
        return "" if is_left_out else str(error)
    return ""


def test_deploying_takes_ten_steps_at_most() -> None:
    """Each is numbered, and has commands, or names outputs of the stack to paste; `make first-hour` does them."""
    steps = read_steps(ROOT / "README.md", "Deploy and connect")

    assert list(range(1, len(steps) + 1)) == [step.number for step in steps]
    assert len(steps) <= 10
    for step in steps:
        pasted = re.findall(r"\b([A-Z]\w+Url)\b", step.text)
        assert step.commands or pasted, step.text
        assert not [name for name in pasted if name not in TEMPLATE["Outputs"]], step.text


def test_every_function_has_its_sample_in_the_readme() -> None:
    """With a file that is there, in the function's own folder."""
    listed = dict(re.findall(r"(?m)^\| (\w+Function) \| `([\w/.]+)`", (ROOT / "README.md").read_text()))
    functions = {
        name: Path(body["Properties"]["CodeUri"]).name
        for name, body in TEMPLATE["Resources"].items()
        if body["Type"] == "AWS::Serverless::Function"
    }

    assert functions == {name: Path(sample).parts[0] for name, sample in listed.items()}
    assert not [sample for sample in listed.values() if not (ROOT / "events" / sample).is_file()]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_parameters_of_a_deployment_are_the_template_s(path: Path) -> None:
    """What stands behind --parameter-overrides is a parameter."""
    for line in code_lines(path):
        _, _, given = line.partition("--parameter-overrides ")
        for name in re.findall(r"([A-Za-z]+)=", given):
            assert name in TEMPLATE["Parameters"], line


def test_the_example_of_env_holds_every_setting() -> None:
    """Each setting that people set is there and has its line; copied as it is, it sets nothing."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    listed = [line.removesuffix("=") for line in lines if re.fullmatch(r"[A-Z_]+=", line)]
    source = (ROOT / "layers/bridge/twilio_bridge/settings.py").read_text()
    asked = set(re.findall(r'self\._(?:required|optional)\(\s*"([A-Z_]+)"', source))
    own = {name for name in asked if name in SECRET_VALUES or not SET_BY_THE_TEMPLATE.fullmatch(name)}

    assert own - {"AWS_LAMBDA_FUNCTION_NAME"} <= set(listed)
    assert len(listed) == len(set(listed))
    assert {line for line in lines if line and not line.startswith("#")} == {f"{name}=" for name in listed}


def test_the_example_of_env_sets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Copied as it is, the local stack runs with stand-ins."""
    for line in (ROOT / ".env.example").read_text().splitlines():
        monkeypatch.delenv(line.removesuffix("="), raising=False)
    before = settings_of(tmp_path)
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text())

    assert before == settings_of(tmp_path)


def rows_of(table: str) -> list[dict[str, str]]:
    with (ROOT / "docs" / "base" / f"{table}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_base_template_has_the_columns_of_the_packaged_configuration() -> None:
    """Both tables as bridge.yaml names them; numbers that are numbers, placeholders that are columns."""
    config = parse(PACKAGED.read_text())
    customers, templates = rows_of(config.contacts.table), rows_of(config.templates.table)
    columns = {name for name in config.contacts.columns.model_dump().values() if name}

    assert columns - {"id"} == customers[0].keys()
    assert set(config.templates.columns.model_dump().values()) == templates[0].keys()
    for row in customers:
        assert all(parse_number(row[name], "") for name in ("sms", "whatsapp") if row[name])
    for row in templates:
        placeholders = set(re.findall(r"\{\{(.+?)\}\}", row["text"]))
        assert placeholders <= {*customers[0], "worker.name"}
