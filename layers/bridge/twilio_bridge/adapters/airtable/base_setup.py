"""The port AirtableBase: one base, as the probe reads it."""

from collections.abc import Sequence

from twilio_bridge.adapters.airtable.base_schema import BaseSchema
from twilio_bridge.adapters.airtable.change_feed import AirtableFeed
from twilio_bridge.adapters.airtable.client import READS, AirtableRequests
from twilio_bridge.config import schema
from twilio_bridge.contacts.base_check import Finding
from twilio_bridge.contacts.base_inspection import BaseInspection, Source
from twilio_bridge.contacts.columns import TableSchema
from twilio_bridge.status.ports import BaseWebhook


class AirtableBaseSetup:
    """The base of a configuration; `source` reads its records."""

    def __init__(self, base_id: str, requests: AirtableRequests, source: Source, settled: schema.Config) -> None:
        self._base_id = base_id
        self._requests = requests
        self._settled = settled
        self._schemas = BaseSchema(base_id, requests)
        self._inspection = BaseInspection(self._schemas, source, settled)
        self._feed = AirtableFeed(base_id, requests)

    def check_access(self) -> None:
        """Read one record of the contacts' table."""
        api, table = self._requests.api, self._settled.contacts.table
        url = api.build_url(self._base_id, table)
        self._requests.send_request(lambda: api.get(url, params={"pageSize": 1}), READS)

    def read_tables(self) -> list[TableSchema]:
        """Return the tables; nothing where the token may not read the schema."""
        return self._inspection.read_tables() or []

    def find_problems(self) -> list[Finding]:
        """Return what is wrong with tables, columns and templates; cells are not read."""
        return self._inspection.find_problems()

    def list_webhooks(self) -> Sequence[BaseWebhook]:
        """List the base's webhooks."""
        return [BaseWebhook(each.id, each.url, each.is_alive, each.notifies) for each in self._feed.list_webhooks()]

    def delete_webhook(self, webhook_id: str) -> None:
        """Remove a webhook."""
        self._feed.delete_webhook(webhook_id)
