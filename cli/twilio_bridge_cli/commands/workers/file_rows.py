"""The rows of a CSV file, with commas or semicolons."""

import csv
import io
from collections.abc import Mapping
from pathlib import Path

from twilio_bridge_cli.errors import CommandError


def read_rows(file: Path) -> list[Mapping[str, str]]:
    """Return the rows of a CSV file; raise CommandError where it is none."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(
            f"{file} cannot be read ({type(error).__name__}).", "It should be a CSV file in UTF-8."
        ) from error
    first = text.partition("\n")[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, restkey="", strict=True)
    try:
        names = list(reader.fieldnames or ())
        if doubled := {name for name in names if names.count(name) > 1}:
            raise CommandError(f"{file} has these columns twice: {', '.join(sorted(doubled))}.", "Name each once.")
        return [{name: cell for name, cell in row.items() if isinstance(cell, str)} for row in reader]
    except csv.Error as error:
        raise CommandError(
            f"{file}, line {reader.line_num}: {error}.", "Quote cells that hold the separator."
        ) from error
