"""The port StatusMemory in SyncState, and the count of what SyncState holds.

The count reads the whole table, in segments side by side, and so is made once a day and kept. Items of one partition
come one after the other in a segment: a person's interactions are grouped without a second look.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from itertools import groupby

from twilio_bridge import deadline
from twilio_bridge.adapters.aws.dynamodb import Item, Table, pack, unpack
from twilio_bridge.adapters.state.persons import INTERACTION
from twilio_bridge.side_by_side import map_side_by_side
from twilio_bridge.status.ports import Counts, Episode
from twilio_bridge.support.persons.interactions import merge_interactions
from twilio_bridge.support.persons.person import Interaction

PK = "status"
PERSON = "person#"
SEGMENTS = 8
LAST_SYNC = "last-sync"


class DynamoStatusMemory:
    """Items of the partition `status`: `counts`, `last-sync`, and one for each system."""

    def __init__(self, table: Table, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def read_counts(self) -> Counts | None:
        """Return what was counted last."""
        item = self._table.get(PK, "counts")
        return Counts(**unpack(item["kept"])) if item else None

    def write_counts(self, counts: Counts) -> None:
        """Keep what was counted."""
        self._table.put({"pk": PK, "sk": "counts", "kept": pack(asdict(counts))})

    def read_episodes(self) -> Mapping[str, Episode]:
        """Return each system's last state."""
        items = (item for item in self._table.query(PK) if item["sk"].startswith("system#"))
        return {item["sk"].removeprefix("system#"): Episode(**unpack(item["kept"])) for item in items}

    def write_episode(self, system: str, episode: Episode) -> None:
        """Keep a system's state."""
        self._table.put({"pk": PK, "sk": f"system#{system}", "kept": pack(asdict(episode))})

    def read_last_sync(self) -> float | None:
        """Return when the last synchronisation ended."""
        item = self._table.get(PK, LAST_SYNC)
        return item["ended_at"] / 1000 if item else None

    def write_last_sync(self, ended_at: float) -> None:
        """Note that a synchronisation has ended (epoch seconds)."""
        self._table.update(PK, LAST_SYNC, "SET ended_at = :at", {":at": int(ended_at * 1000)})

    def count_all(self, same_interaction_s: int) -> Counts:
        """Read the table and count interactions and customers that are contacts in Brevo."""
        segments = range(SEGMENTS)
        found = map_side_by_side(lambda number: self._count_segment(number, same_interaction_s), segments)
        interactions = sum(each[0] for each in found)
        return Counts(interactions, sum(each[1] for each in found), self._clock())

    def _count_segment(self, number: int, same_interaction_s: int) -> tuple[int, int]:
        interactions = customers = 0
        for pk, rows in groupby(self._table.scan(number, SEGMENTS), key=lambda item: str(item["pk"])):
            deadline.seconds_left(1)  # whoever waits for the count may have given up
            if pk.startswith(PERSON):
                own = list(rows)
                interactions += _count_interactions(own, same_interaction_s)
                customers += any(_is_linked(row) for row in own)
        return interactions, customers


def _is_linked(row: Item) -> bool:
    return row.get("contact_id") is not None and not row.get("joined_into")


def _count_interactions(rows: Iterable[Item], same_interaction_s: int) -> int:
    """Count as `total_conversations` does: tasks of one conversation are one, a summary stands for several."""
    merged: Iterator[Interaction] = iter(merge_interactions(_interactions(rows), same_interaction_s))
    return sum(each.stands_for for each in merged if each.counts)


def _interactions(rows: Iterable[Item]) -> Iterator[Interaction]:
    return (Interaction(**unpack(row["told"])) for row in rows if str(row["sk"]).startswith(INTERACTION))
