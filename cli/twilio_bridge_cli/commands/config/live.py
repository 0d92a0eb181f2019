"""A configuration against the base it is for: what `config check --live` finds there."""

import time
from collections.abc import Iterator
from typing import Final

from twilio_bridge.adapters.airtable.base_schema import BaseSchema
from twilio_bridge.adapters.airtable.client import BULK_PATIENCE_S, AirtableRequests
from twilio_bridge.adapters.airtable.contact_source import AirtableContacts
from twilio_bridge.adapters.state.limiter import AIRTABLES, PENALTY_S, SlotLimiter
from twilio_bridge.config import schema
from twilio_bridge.contacts import base_check, templates
from twilio_bridge.contacts.base_check import Finding
from twilio_bridge.contacts.columns import Columns, TableSchema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.ports import TemplateText
from twilio_bridge.errors import RefusedError, SettingError, UpstreamError
from twilio_bridge.settings import Settings
from twilio_bridge_cli import output
from twilio_bridge_cli.environment import Environment
from twilio_bridge_cli.errors import CommandError, RefusedCommandError, UnreachableError

NO_SCHEMA: Final = "Give the token the scope schema.bases:read, and types, tables and views are checked, too."
ACCESS: Final = "Check AIRTABLE_TOKEN, its scopes (data.records:read) and its access to AIRTABLE_BASE_ID."


class OwnPace(SlotLimiter):
    """Airtable's limit for a command, which has no table to share it by: a request each 250 ms."""

    def __init__(self) -> None:
        self._next_at = 0.0

    def reserve_slot(self, patience_s: float) -> None:
        """Wait for the next slot, however long that is."""
        del patience_s
        time.sleep(max(self._next_at - time.monotonic(), 0))
        self._next_at = time.monotonic() + AIRTABLES.slot_ms / 1000

    def block_slots(self, seconds: float = PENALTY_S) -> None:
        """Leave Airtable alone for so long."""
        self._next_at = time.monotonic() + seconds


class LiveBase:
    """The base that the settings name, as a configuration reads it."""

    def __init__(self, environment: Environment, settled: schema.Config) -> None:
        settings = Settings(environment)
        try:
            token, base_id, url = settings.airtable_token, settings.airtable_base_id, settings.airtable_endpoint_url
        except SettingError as error:
            raise CommandError(f"{error}.", "Set it in the environment or in .env.") from error
        pace = OwnPace()
        self._settled = settled
        self._schema = BaseSchema(base_id, AirtableRequests(token, url, pace, BULK_PATIENCE_S))
        self._source = AirtableContacts(
            token, base_id, url, pace, settled.contacts, settled.templates, patience_s=BULK_PATIENCE_S
        )

    def find_problems(self) -> list[Finding]:
        """Return all that is wrong, the base's shape first, then what stands in it."""
        try:
            return self._find_problems()
        except RefusedError as error:
            raise RefusedCommandError(f"Airtable refuses: {error}.", ACCESS) from error
        except UpstreamError as error:
            raise UnreachableError(f"Airtable cannot be read: {error}.", "Try again in a moment.") from error

    def _find_problems(self) -> list[Finding]:
        contacts = self._settled.contacts
        tables = self._read_tables()
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

    def _read_tables(self) -> list[TableSchema] | None:
        try:
            return self._schema.read_tables()
        except RefusedError as error:
            if error.code == UNAUTHORIZED:
                raise
            return None

    def _check_templates_table(self, tables: list[TableSchema]) -> list[Finding]:
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
        columns = self._source.find_columns(templates.list_further_columns(texts, contacts.columns))
        types = table.types if table else {}
        self._source.use_columns(columns)
        return [
            *base_check.check_columns(contacts, columns, types),
            *base_check.check_types(contacts, types),
            *base_check.check_templates(texts, contacts, columns),
            *base_check.check_cells(self._read_contacts(columns)),
        ]

    def _read_templates(self) -> list[TemplateText]:
        try:
            return self._source.list_templates()
        except RefusedError:  # the table's own finding
            return []

    def _read_contacts(self, columns: Columns) -> Iterator[Contact]:
        """Read everybody's cells; nothing where no column is there."""
        if not columns.present:
            return
        with output.show_count("Reading contacts") as advance:
            for page in self._source.iterate_pages():
                advance(len(page.contacts))
                yield from page.contacts


UNAUTHORIZED: Final = 401
