"""Saved statements: a folder of SQL files, each with a comment on what it shows and which parameters it takes.

-- Failed deliveries by error code and country.
-- :since  how far back, as SQLite's modifier of a date (default: -30 days)
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from twilio_bridge.entities.registry import nearest_names
from twilio_bridge_cli.errors import CommandError

OURS: Final = Path(__file__).with_name("reports")
_PARAMETER: Final = re.compile(r"--\s*:(\w+)\s+(.*?)\s*\(default: (.*)\)\s*$")


@dataclass(frozen=True, slots=True)
class Report:
    """A saved statement, what it shows, and its parameters with what each means and its default."""

    name: str
    sql: str
    about: str
    parameters: Mapping[str, tuple[str, str]]

    def bind(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return all parameters; raise CommandError for one that the report does not take."""
        if unknown := next((name for name in given if name not in self.parameters), None):
            known = ", ".join(self.parameters) or "none"
            raise CommandError(f"The report {self.name} takes no parameter {unknown}.", f"It takes {known}.")
        return {name: given.get(name, default) for name, (_, default) in self.parameters.items()}


def find_report(name: str, folder: Path | None) -> Report:
    """Return a report by its name; raise CommandError with the nearest names where there is none."""
    found = {report.name: report for report in read_reports(folder)}
    if name not in found:
        near = nearest_names(name, found)
        raise CommandError(f"There is no report {name}.", f"Did you mean {' or '.join(near)}?" if near else _all(found))
    return found[name]


def _all(found: Mapping[str, Report]) -> str:
    return f"There are {', '.join(found)}."


def read_reports(folder: Path | None) -> Iterator[Report]:
    """Return the reports of the bridge and those of a folder; of two with one name, the folder's."""
    own = {path.stem: path for path in sorted(OURS.glob("*.sql"))}
    own |= {path.stem: path for path in sorted(folder.glob("*.sql"))} if folder else {}
    return (_read_report(path) for path in own.values())


def _read_report(path: Path) -> Report:
    sql = path.read_text(encoding="utf-8")
    comments = [line for line in sql.splitlines() if line.startswith("--")]
    found = [match for line in comments if (match := _PARAMETER.match(line))]
    about = " ".join(line.removeprefix("--").strip() for line in comments if not _PARAMETER.match(line))
    return Report(path.stem, sql, about, {match[1]: (match[2], match[3]) for match in found})
