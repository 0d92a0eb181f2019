"""Opt-outs for campaigns: a hundred addresses a request."""

from collections.abc import Mapping, Sequence

from twilio_bridge import phone
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.opt_outs import opt_out_key
from twilio_bridge.messages.row import SkipReason


class DynamoOptedOut:
    """The port Suppressions over the opt-out requests in SyncState; a person's every spelling counts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find_suppressed(self, addresses: Sequence[str]) -> Mapping[str, SkipReason]:
        """Read the requests at all these addresses, as of now."""
        keys = {address: [opt_out_key(each) for each in _spellings(address)] for address in addresses}
        items = self._table.get_many(list({key for own in keys.values() for key in own}), consistent=True)

        out = {key for key, item in items.items() if item["opted_out"]}
        return {address: "opted_out" for address, own in keys.items() if out.intersection(own)}


def _spellings(address: str) -> tuple[str, ...]:
    return phone.list_spellings(phone.strip_channel(address))
