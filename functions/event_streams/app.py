"""Kinesis calls this with what Twilio's Event Streams put on the stream."""

import base64
import time
from collections.abc import Iterator, Mapping
from typing import Any

from twilio_bridge.entrypoints import http
from twilio_bridge.logs import logger
from twilio_bridge.support.reducer import Record, reduce_records
from twilio_bridge.wiring import support

# Leaves a record that takes all the time still time to be reported as failed.
MARGIN_S = 5


def lambda_handler(event: Mapping[str, Any], context: http.Context) -> dict[str, object]:
    """Take in a batch; the lowest sequence number that failed is where the stream goes on."""
    with http.limit_invocation(context, MARGIN_S):
        batch = reduce_records(records(event), support.reducing(), int(time.time() * 1000))
    counts = {"events": batch.events, "ignored": batch.extracted.ignored, "poison": batch.poison}
    logger.info("taken in", extra={**counts, "failed": len(batch.failed)})
    failed = sorted(batch.failed, key=int)[:1]
    return {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in failed]}


def records(event: Mapping[str, Any]) -> Iterator[Record]:
    """Return the records as they were put on the stream."""
    for record in event["Records"]:
        kinesis = record["kinesis"]
        arrived_at = int(kinesis["approximateArrivalTimestamp"] * 1000)
        yield Record(kinesis["sequenceNumber"], base64.b64decode(kinesis["data"]), arrived_at)
