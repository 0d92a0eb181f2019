"""Which row a message at Twilio belongs to: one item a message, for as long as lost answers are looked up."""

import time

from twilio_bridge.adapters.aws.dynamodb import FORMAT, Table

KEEP_S = 7 * 86_400


class DynamoSentMessages:
    """The port SentMessages."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def claim_message(self, sid: str, row: str) -> bool:
        """Write the message's row, unless another one stands there."""
        item = {"pk": f"message#{sid}", "sk": "row", "sent_for": row, "expires_at": int(time.time()) + KEEP_S}
        return self._table.put(item, when="attribute_not_exists(pk) OR sent_for = :row", values={":row": row})

    def move_message(self, sid: str, row: str) -> str:
        """Write the message's row whatever stands there, and return what stood there."""
        values = {":row": row, ":until": int(time.time()) + KEEP_S, ":format": FORMAT}
        change = "SET sent_for = :row, expires_at = :until, v = :format"
        item = self._table.update(f"message#{sid}", "row", change, values, before=True)
        return str((item or {}).get("sent_for", ""))
