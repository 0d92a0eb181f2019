"""Our webhook at Airtable, remembered in SyncState: one item, and beside it how often somebody asked to read it.

The secret that Airtable shows once stands here, too: a function must not be able to write Secrets Manager, and the
table is encrypted.
"""

from twilio_bridge.adapters.aws.dynamodb import Item, Table
from twilio_bridge.contacts.change_feed import Registration

ALL = (
    "SET webhook_id = :id, address = :url, mac_secret = :secret, lives_until = :until, heard_to = :cursor,"
    " told_since = :since, table_ids = :tables"
)


class DynamoRegistrations:
    """The port Registrations."""

    def __init__(self, table: Table, base_id: str) -> None:
        self._table = table
        self._pk = f"webhook#{base_id}"

    def get_registration(self) -> Registration | None:
        """Return it as it was written last."""
        item = self._table.get(self._pk, "webhook", consistent=True)
        return _registration(item) if item and item.get("webhook_id") else None

    def get_secret(self) -> str | None:
        """Return what our webhook signs with."""
        registration = self.get_registration()
        return registration.secret if registration else None

    def put_registration(self, registration: Registration) -> None:
        """Remember another webhook, or all of one anew."""
        values = {
            ":id": registration.id,
            ":url": registration.url,
            ":secret": registration.secret,
            ":until": int(registration.expires_at),
            ":cursor": registration.cursor,
            ":since": int(registration.since * 1000),
            ":tables": dict(registration.tables),
        }
        self._table.update(self._pk, "webhook", ALL, values)

    def advance_cursor(self, registration: Registration) -> bool:
        """Remember a later cursor of this webhook."""
        values = {":cursor": registration.cursor, ":id": registration.id}
        when = "webhook_id = :id AND heard_to < :cursor"
        return self._table.update(self._pk, "webhook", "SET heard_to = :cursor", values, when=when) is not None

    def remove_registration(self, webhook_id: str) -> None:
        """Forget it; the item stays, without an id."""
        values = {":id": webhook_id}
        self._table.update(self._pk, "webhook", "REMOVE webhook_id, mac_secret", values, when="webhook_id = :id")

    def count_request(self) -> None:
        """Count one more."""
        self._table.update(self._pk, "asked", "ADD asked_times :one", {":one": 1})

    def get_request_count(self) -> int:
        """Return the count."""
        item = self._table.get(self._pk, "asked", consistent=True)
        return int(item["asked_times"]) if item else 0


def _registration(item: Item) -> Registration:
    return Registration(
        id=item["webhook_id"],
        url=item["address"],
        secret=item["mac_secret"],
        expires_at=item["lives_until"],
        cursor=item["heard_to"],
        since=item["told_since"] / 1000,
        tables=item["table_ids"],
    )
