"""Rows' sources by their kinds: files, and views in Airtable."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from twilio_bridge.messages.campaign import Source
from twilio_bridge.messages.ports import Described, RowSources, SourceRow


@dataclass(frozen=True, slots=True)
class AllSources:
    """The port RowSources over two others, each made when it is first asked for."""

    files: Callable[[], RowSources]
    airtable: Callable[[], RowSources]

    def describe(self, source: Source, columns: Sequence[str]) -> Described:
        """Ask the one of its kind."""
        return self._find(source).describe(source, columns)

    def read_rows(self, source: Source, columns: Sequence[str], place: str) -> Iterator[SourceRow]:
        """Ask the one of its kind."""
        return self._find(source).read_rows(source, columns, place)

    def _find(self, source: Source) -> RowSources:
        return self.airtable() if source.kind == "airtable" else self.files()
