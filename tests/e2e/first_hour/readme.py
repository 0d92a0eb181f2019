"""The README's steps, read from the README: a step is a number, with commands or something to do in a console."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step; without commands it is done in a browser."""

    number: int
    text: str
    commands: tuple[str, ...]


def read_steps(readme: Path, section: str) -> list[Step]:
    """Return the steps of a section."""
    text = readme.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    return list(_parse_steps(text))


def _parse_steps(text: str) -> Iterator[Step]:
    parts = re.split(r"(?m)^(\d+)\. ", text)
    for number, body in zip(parts[1::2], parts[2::2], strict=True):
        lines = _lines_of_step(body)
        commands = [line.strip() for line in lines if line.startswith("       ") and not line.strip().startswith("|")]
        yield Step(int(number), " ".join(body.split()), tuple(commands))


def _lines_of_step(body: str) -> list[str]:
    """Return the lines up to the first that is not indented: what follows is no part of the step."""
    first, *rest = body.splitlines()
    kept = [first]
    for line in rest:
        if line and not line.startswith(" "):
            break
        kept.append(line)
    return kept
