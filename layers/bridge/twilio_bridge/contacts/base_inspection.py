"""What stands in the way of a base, found by reading it: the schema first, then templates and, if wanted, cells."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

from twilio_bridge.config import schema
from twilio_bridge.contacts import base_check, templates
from twilio_bridge.contacts.base_check import Finding
from twilio_bridge.contacts.columns import Columns, TableSchema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.ports import SourcePage, TemplateText
from twilio_bridge.errors import RefusedError

UNAUTHORIZED: Final = 401
NO_SCHEMA: Final = "Give the token the scope schema.bases:read, and types, tables and views are checked, too."


class TableSchemas(Protocol):
    """The base's schema."""

    def read_tables(self) -> list[TableSchema]:
        """Return the tables, or raise RefusedError where the token may not read them."""


class Source(Protocol):
    """The base's records."""

    def find_columns(self, further: Collection[str]) -> Columns:
        """Return which of the configured columns are there."""

    def use_columns(self, columns: Columns) -> None:
        """Read these columns from now on."""

    def list_templates(self) -> list[TemplateText]:
        """Return the templates."""

    def iterate_pages(self) -> Iterator[SourcePage]:
        """Yield the contacts, page by page."""


class BaseInspection:
    """A base as a configuration reads it; with `count` every contact's cells are read, and counted."""

    def __init__(
        self,
        schemas: TableSchemas,
        source: Source,
        settled: schema.Config,
        count: AbstractContextManager[Callable[[int], None]] | None = None,
    ) -> None:
        self._schemas = schemas
        self._source = source
        self._settled = settled
        self._count = count
        self._found: list[Finding] | None = None

    def find_problems(self) -> list[Finding]:
        """Return all that is wrong, the base's shape first, then what stands in it; it is read once."""
        if self._found is None:
            self._found = self._find_problems()
        return self._found

    def read_tables(self) -> list[TableSchema] | None:
        """Return the tables; None where the token may not read the schema."""
        try:
            return self._schemas.read_tables()
        except RefusedError as error:
            if error.code == UNAUTHORIZED:
                raise
            return None

    def _find_problems(self) -> list[Finding]:
        contacts = self._settled.contacts
        tables = self.read_tables()
        if tables is None:
            return [
                Finding("", "the base's schema cannot be read", NO_SCHEMA, is_error=False),
                *self._check_table(None),
            ]

        table, found = base_check.find_table(tables, contacts.table, "contacts.table")
        if table is None:
            return found
        if found := base_check.check_view(table, contacts.view, "", "contacts.view"):
            return found
        return [*self._check_templates_table(tables), *self._check_table(table)]

    def _check_templates_table(self, tables: Sequence[TableSchema]) -> list[Finding]:
        wanted = self._settled.templates
        if not wanted.table:
            return []
        table, found = base_check.find_table(tables, wanted.table, "templates.table")
        if table is None:
            remedy = f'{found[0].remedy} "" where there are no templates.'
            return [Finding("templates.table", found[0].message, remedy, is_error=False)]
        return base_check.check_view(table, wanted.view, schema.Templates().view, "templates.view")

    def _check_table(self, table: TableSchema | None) -> list[Finding]:
        contacts, texts = self._settled.contacts, self._read_templates()
        mapped = self._settled.insights.contact_columns
        columns = self._source.find_columns({*templates.list_further_columns(texts, contacts.columns), *mapped})
        types = table.types if table else {}
        self._source.use_columns(columns)
        return [
            *base_check.check_columns(contacts, columns, types),
            *base_check.check_types(contacts, types),
            *base_check.check_templates(texts, contacts, columns),
            *base_check.check_mapped_columns(mapped, columns, types),
            *base_check.check_cells(self._read_contacts(columns)),
        ]

    def _read_templates(self) -> list[TemplateText]:
        try:
            return self._source.list_templates()
        except RefusedError:  # the table's own finding
            return []

    def _read_contacts(self, columns: Columns) -> Iterator[Contact]:
        """Read everybody's cells; nothing where no column is there, or nobody counts."""
        if self._count is None or not columns.present:
            return
        with self._count as advance:
            for page in self._source.iterate_pages():
                advance(len(page.contacts))
                yield from page.contacts
