"""Kinesis event source mappings as Lambda runs them; used by the stack, one poller a shard.

A poller reads its shard into lanes, as many as ParallelizationFactor says; a partition key always goes into
the same one. Each lane hands over one batch after the other and begins the next only when this one is done or
given up: a record that fails holds up those behind it. Where the reading has got to is kept in memory, so a
stack that starts anew begins at StartingPosition. Shards are those that the stream has at the start.
https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
"""

import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from twilio_bridge_local.functions import stream_batches
from twilio_bridge_local.functions.feeds import Call, Feed
from twilio_bridge_local.functions.on_failure import Condition, Discard
from twilio_bridge_local.functions.stream_batches import Batch, Record
from twilio_bridge_local.logs import Sink
from twilio_bridge_local.template.bundle import StreamSource

_POLL_S: Final = 0.2  # Lambda asks once a second
_WAIT_S: Final = 1.0  # of a lane that has nothing to do
_PAUSES_S: Final = (0.1, 5.0)  # before the first retry, doubled up to the longest; Lambda documents no figures
_AHEAD: Final = 10_000  # records that a lane may have waiting


@dataclass(frozen=True, slots=True)
class StreamMapping:
    """What feeds one function from one stream, and where it reports what it discarded."""

    function: str
    source: StreamSource
    call: Call
    discard: Callable[[Discard], None]
    log: Sink


class Lane(Feed):
    """Hands records over in batches, in order, until each is done or given up.

    Attributes:
        iterator_age_ms: How long the last record of the last batch had waited when it was handed over.
    """

    def __init__(self, mapping: StreamMapping) -> None:
        super().__init__()
        self.iterator_age_ms: int | None = None
        self._mapping, self._source = mapping, mapping.source
        self._changed = threading.Condition()
        self._waiting: deque[Record] = deque()
        self._generation = 0  # a batch of an earlier one is given up in silence

    def give(self, records: Sequence[Record]) -> None:
        """Take these after those that wait."""
        with self._changed:
            self._waiting.extend(records)
            self._changed.notify_all()

    @property
    def is_full(self) -> bool:
        """Whether it should be given nothing more for now."""
        return len(self._waiting) >= _AHEAD

    def clear(self) -> None:
        """Forget the records that wait, and those of the batch that is being tried."""
        with self._changed:
            self._waiting.clear()
            self._generation += 1

    def halt(self) -> None:
        """Begin no further batch, without waiting."""
        super().halt()
        with self._changed:
            self._changed.notify_all()

    def _run(self) -> None:
        while not self.stopping.is_set():
            batch = self._gather()
            if batch.records:
                self._deliver(batch)

    def _gather(self) -> Batch:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self.stopping.is_set(), _WAIT_S)
            if self._waiting and self._source.window_s:
                self._changed.wait_for(self._is_enough, self._source.window_s)
            return stream_batches.take(self._waiting, self._source.batch_size)

    def _is_enough(self) -> bool:
        size = sum(len(each["kinesis"]["data"]) for each in self._waiting)
        return len(self._waiting) >= self._source.batch_size or size >= stream_batches.LARGEST or self.stopping.is_set()

    def _deliver(self, batch: Batch) -> None:
        todo, generation = [batch], self._generation
        while todo and not self.stopping.is_set() and generation == self._generation:
            old, fresh = stream_batches.aged(todo.pop(0), self._source, time.time())
            if old.records:
                self._give_up(old, "RecordAgeExceeded", failed=old.retries > 0)
            if fresh.records:
                todo[:0] = self._try(fresh)

    def _try(self, batch: Batch) -> Sequence[Batch]:
        """Hand it over once; what is left of it."""
        self.iterator_age_ms = round((time.time() - stream_batches.arrival_of(batch.records[-1])) * 1000)
        outcome = self._mapping.call(batch.event)
        if self.stopping.is_set():  # a function that was ended has not failed
            return ()
        left = stream_batches.remaining(batch, outcome, self._source)
        if left and stream_batches.is_exhausted(left[0], self._source):
            self._give_up(left[0], "RetryAttemptsExhausted", failed=not outcome.ok)
            return ()
        if left:
            self.stopping.wait(min(_PAUSES_S[0] * 2 ** min(left[0].retries, 10), _PAUSES_S[1]))
        return left

    def _give_up(self, batch: Batch, condition: Condition, *, failed: bool) -> None:
        self._mapping.log(self._source.stream, f"[WARNING] {len(batch.records)} records are given up: {condition}")
        try:
            self._mapping.discard(Discard(self._mapping.function, batch, condition, failed))
        except (BotoCoreError, ClientError) as error:
            self._mapping.log(self._source.stream, f"[ERROR] the on-failure destination was not told: {error}")


class ShardPoller(Feed):
    """Reads one shard for one function."""

    def __init__(
        self,
        mapping: StreamMapping,
        arn: str,
        shard_id: str,
        kinesis: Any,  # noqa: ANN401  boto3 makes its clients' classes while it runs
    ) -> None:
        super().__init__()
        self._mapping, self._arn, self._shard_id, self._kinesis = mapping, arn, shard_id, kinesis
        self._iterator, self._last = "", ""
        self._lanes = [Lane(mapping) for _ in range(mapping.source.parallelization)]

    @property
    def function(self) -> str:
        """The name of the function it feeds."""
        return self._mapping.function

    @property
    def iterator_age_ms(self) -> int | None:
        """The largest of the lanes' last iterator ages; None before the first batch."""
        ages = [lane.iterator_age_ms for lane in self._lanes if lane.iterator_age_ms is not None]
        return max(ages, default=None)

    def start(self) -> None:
        """Begin to poll; whatever is put from here on is read, also from LATEST."""
        self._iterator = self._open()
        for lane in self._lanes:
            lane.start()
        super().start()

    def stop(self) -> None:
        """Poll no more and wait for what is being processed."""
        super().stop()
        for lane in self._lanes:
            lane.stop()

    def clear(self) -> None:
        """Forget the records that the lanes have."""
        for lane in self._lanes:
            lane.clear()

    def halt(self) -> None:
        """Begin no further batch, without waiting."""
        super().halt()
        for lane in self._lanes:
            lane.halt()

    def _run(self) -> None:
        while not self.stopping.wait(_POLL_S):
            if any(lane.is_full for lane in self._lanes):
                continue
            try:
                self._read()
            except (BotoCoreError, ClientError) as error:
                self._iterator = ""  # it may have expired
                self._mapping.log(self._mapping.source.stream, f"[ERROR] cannot be polled: {error}")

    def _read(self) -> None:
        answer = self._kinesis.get_records(ShardIterator=self._iterator or self._open())
        self._iterator = answer.get("NextShardIterator") or ""
        records = [stream_batches.record(taken, self._shard_id, self._arn) for taken in answer["Records"]]
        if records:
            self._last = stream_batches.number_of(records[-1])
        for lane, own in zip(self._lanes, self._by_lane(records), strict=True):
            if own:
                lane.give(own)

    def _by_lane(self, records: Sequence[Record]) -> list[list[Record]]:
        parts: list[list[Record]] = [[] for _ in self._lanes]
        for record in records:
            parts[zlib.crc32(record["kinesis"]["partitionKey"].encode()) % len(parts)].append(record)
        return parts

    def _open(self) -> str:
        source = self._mapping.source
        place: dict[str, object] = {"ShardIteratorType": source.starting_position}
        if self._last:
            place = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": self._last}
        elif source.starting_timestamp is not None:
            place["Timestamp"] = source.starting_timestamp
        answer = self._kinesis.get_shard_iterator(StreamName=source.stream, ShardId=self._shard_id, **place)
        return str(answer["ShardIterator"])


def shard_pollers(mapping: StreamMapping, kinesis: Any) -> Iterator[ShardPoller]:  # noqa: ANN401  as above
    """A poller for each shard of the mapping's stream."""
    summary = kinesis.describe_stream_summary(StreamName=mapping.source.stream)["StreamDescriptionSummary"]
    for page in kinesis.get_paginator("list_shards").paginate(StreamName=mapping.source.stream):
        for shard in page["Shards"]:
            yield ShardPoller(mapping, summary["StreamARN"], shard["ShardId"], kinesis)
