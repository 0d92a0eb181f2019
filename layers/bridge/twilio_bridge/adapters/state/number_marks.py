"""Numbers that messages do not reach: marked at once where Twilio is sure, after some strikes where a phone was off."""

import time
from collections.abc import Mapping, Sequence

from twilio_bridge.adapters.aws.dynamodb import FORMAT, Key, Table

MAX_STRIKES_COUNT = 3
# Numbers are given to other people, and landlines learn to receive texts.
KEEP_S = 180 * 86_400
UNREACHABLE = "unreachable_number"


class DynamoNumberMarks:
    """The port NumberMarks: an item a number; the strikes are the rows whose messages did not arrive."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find_marked(self, numbers: Sequence[str]) -> Mapping[str, str]:
        """Return the reasons of those that are marked."""
        found = self._table.get_many([_key(number) for number in dict.fromkeys(numbers)], consistent=True)
        reasons = {number: found.get(_key(number), {}).get("reason", "") for number in numbers}
        return {number: reason for number, reason in reasons.items() if reason}

    def mark_number(self, number: str, reason: str) -> None:
        """Write the reason; a later one replaces it."""
        values = {":reason": reason, ":until": int(time.time()) + KEEP_S, ":format": FORMAT}
        self._table.update(*_key(number), "SET reason = :reason, expires_at = :until, v = :format", values)

    def add_strike(self, number: str, row: str) -> None:
        """Add a row to the strikes; the same one counts once."""
        values = {":rows": {row}, ":until": int(time.time()) + KEEP_S, ":format": FORMAT}
        item = self._table.update(*_key(number), "SET expires_at = :until, v = :format ADD strikes :rows", values)
        if len((item or {}).get("strikes", ())) >= MAX_STRIKES_COUNT:
            self.mark_number(number, UNREACHABLE)

    def clear_strikes(self, number: str) -> None:
        """Empty the item; reading first costs less, for hardly any number has one."""
        if self._table.get(*_key(number)):
            self._table.update(*_key(number), "REMOVE strikes, reason", {})


def _key(number: str) -> Key:
    return f"number#{number}", "mark"
