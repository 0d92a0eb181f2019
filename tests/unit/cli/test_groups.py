"""The command starts at once: help loads names and summaries, and no command is loaded but the one that runs."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from twilio_bridge_cli.app import COMMANDS
from twilio_bridge_cli.groups import Entry, Group, load_command

LOADED = "import sys; from twilio_bridge_cli.app import main; sys.argv = ['twilio-bridge', *{arguments!r}]\n"
LOADED += "try: main()\nexcept SystemExit: print('\\n'.join(['=modules=', *sys.modules]))"
HEAVY = {"boto3", "botocore", "requests", "urllib3", "yaml", "twilio", "aws_lambda_powertools"}
# 331 on Python 3.13, nearly all of them Python's, typer's and rich's; a client's library would add 100 or more.
MAX_MODULES_COUNT = 400


def entries(known: dict[str, Entry], *words: str) -> Iterator[tuple[tuple[str, ...], Entry]]:
    """Yield every command with the words that name it, those of groups among them."""
    for name, entry in known.items():
        yield (*words, name), entry
        if isinstance(group := load_command(entry), Group):
            yield from entries(dict(group.entries), *words, name)


ENTRIES = list(entries(COMMANDS))


def loaded_modules(*arguments: str) -> set[str]:
    script = LOADED.format(arguments=list(arguments))
    # The command is this file's own.
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.partition("=modules=")[2].split())


@pytest.mark.parametrize(
    "arguments", [["--help"], [], ["--version"], ["config", "--help"], ["events", "--help"]], ids=str
)
def test_help_loads_no_client_and_no_model(arguments: list[str]) -> None:
    """Neither AWS, HTTP nor the configuration's models, and no command."""
    modules = loaded_modules(*arguments)
    packages = {name.partition(".")[0] for name in modules}
    commands = {name for name in modules if name.startswith("twilio_bridge_cli.commands.")}

    assert "twilio_bridge_cli" in packages
    assert not packages & HEAVY
    assert "twilio_bridge.config.schema" not in modules
    assert not {name for name in commands if not name.endswith((".config", ".events", ".secrets", ".group"))}


def test_the_first_help_loads_few_modules() -> None:
    """A known number; no pydantic, which typer loads where there is a value to read, as there is for a group."""
    modules = loaded_modules("--help")

    assert "pydantic" not in {name.partition(".")[0] for name in modules}
    assert len(modules) <= MAX_MODULES_COUNT, len(modules)


def test_the_guard_sees_a_command_that_is_loaded() -> None:
    """A command's own help loads the command, and what it calls with."""
    assert {"requests", "twilio_bridge_cli.commands.call.command"} <= loaded_modules("call", "--help")


@pytest.mark.parametrize(
    ("words", "entry"), ENTRIES, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_the_summary_is_how_the_command_s_help_begins(words: tuple[str, ...], entry: Entry) -> None:
    """A group's list and the command itself say the same."""
    command = load_command(entry)
    first, _, _ = str(command.help).partition("\n\n")

    assert (words[-1], entry.summary) == (command.name, first)
