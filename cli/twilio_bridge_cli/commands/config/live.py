"""A configuration against the base it is for: what `config check --live` finds there."""

from typing import Final

from twilio_bridge.adapters.airtable.base_schema import BaseSchema
from twilio_bridge.adapters.airtable.client import BULK_PATIENCE_S, AirtableRequests
from twilio_bridge.adapters.airtable.contact_source import AirtableContacts
from twilio_bridge.config import schema
from twilio_bridge.contacts.base_check import Finding
from twilio_bridge.contacts.base_inspection import BaseInspection
from twilio_bridge.errors import RefusedError, SettingError, UpstreamError
from twilio_bridge.settings import Settings
from twilio_bridge_cli import output
from twilio_bridge_cli.environment import Environment
from twilio_bridge_cli.errors import CommandError, RefusedCommandError, UnreachableError
from twilio_bridge_cli.pace import OwnPace

ACCESS: Final = "Check AIRTABLE_TOKEN, its scopes (data.records:read) and its access to AIRTABLE_BASE_ID."


class LiveBase:
    """The base that the settings name, as a configuration reads it."""

    def __init__(self, environment: Environment, settled: schema.Config) -> None:
        settings = Settings(environment)
        try:
            token, base_id, url = settings.airtable_token, settings.airtable_base_id, settings.airtable_endpoint_url
        except SettingError as error:
            raise CommandError(f"{error}.", "Set it in the environment or in .env.") from error
        pace = OwnPace()
        schemas = BaseSchema(base_id, AirtableRequests(token, url, pace, BULK_PATIENCE_S))
        source = AirtableContacts(
            token, base_id, url, pace, settled.contacts, settled.templates, patience_s=BULK_PATIENCE_S
        )
        self._inspection = BaseInspection(schemas, source, settled, output.show_count("Reading contacts"))

    def find_problems(self) -> list[Finding]:
        """Return all that is wrong, the base's shape first, then what stands in it."""
        try:
            return self._inspection.find_problems()
        except RefusedError as error:
            raise RefusedCommandError(f"Airtable refuses: {error}.", ACCESS) from error
        except UpstreamError as error:
            raise UnreachableError(f"Airtable cannot be read: {error}.", "Try again in a moment.") from error
