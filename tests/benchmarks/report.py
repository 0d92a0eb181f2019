"""A benchmark's sheet: what it measured, and which bounds held."""

from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table as Sheet

WIDTH = 140


@dataclass
class Report:
    """Rows of a base or a crowd, what was measured of it, and the figure."""

    title: str
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def note(self, about: str, what: str, figure: str) -> None:
        """Add a figure that nobody set a bound for."""
        self.rows.append((about, what, figure))

    def at_most(self, about: str, what: str, value: float, bound: float, unit: str = "") -> None:
        """Add a figure that may not be higher."""
        self._bound(about, what, f"{value:,g}{unit} (at most {bound:,g})", holds=value <= bound)

    def exactly(self, about: str, what: str, value: float, wanted: float) -> None:
        """Add a figure that may be no other."""
        self._bound(about, what, f"{value:,g} (has to be {wanted:,g})", holds=value == wanted)

    def _bound(self, about: str, what: str, figure: str, *, holds: bool) -> None:
        self.note(about, what, figure if holds else f"[bold red]{figure}: broken[/]")
        self.broken += [] if holds else [f"{about}: {what}"]

    def print(self) -> int:
        """Print it; give 1 where a bound is broken, as a command's exit code."""
        sheet, before = Sheet("of", "what", "figure", title=self.title), ""
        for about, what, figure in self.rows:
            sheet.add_row("" if about == before else about, what, figure)
            before = about
        Console(width=WIDTH).print(sheet)
        return int(bool(self.broken))
