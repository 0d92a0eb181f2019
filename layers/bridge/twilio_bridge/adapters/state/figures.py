"""Figures in SyncState: sixteen partitions a day, for one takes no more than 1,000 writes a second."""

import time
import zlib
from collections.abc import Iterator, Sequence

from twilio_bridge.adapters.aws.dynamodb import Item, Table, Write, a_put, pack, unpack
from twilio_bridge.support.persons.person import FigureRow

KEEP_S = 400 * 86_400
PARTITIONS = 16
LATER = "attribute_not_exists(version) OR version < :version"


class DynamoFigures:
    """The port Figures."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put_rows(self, rows: Sequence[FigureRow]) -> list[bool]:
        """Write rows, many in a request, unless the same or a later version stands there."""
        return self._table.put_each([_put(row) for row in rows])

    def put_row(self, row: FigureRow) -> bool:
        """Write a row unless the same or a later version stands there."""
        return self.put_rows([row]) == [True]

    def read_day(self, day: str) -> Iterator[FigureRow]:
        """Read a day's partitions, one after the other."""
        for number in range(PARTITIONS):
            for item in self._table.query(_pk(day, number)):
                yield FigureRow(day=day, key=item["sk"], version=item["version"], values=unpack(item["told"]))


def _put(row: FigureRow) -> Write:
    item: Item = {"pk": _pk(row.day, zlib.crc32(row.key.encode()) % PARTITIONS), "sk": row.key}
    item |= {"version": row.version, "told": pack(row.values), "expires_at": int(time.time()) + KEEP_S}
    return a_put(item, when=LATER, values={":version": row.version})


def _pk(day: str, number: int) -> str:
    return f"figures#{day}#{number:x}"
