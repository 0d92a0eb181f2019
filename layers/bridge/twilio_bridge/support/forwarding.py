"""What a webhook sink sent, as records for the stream."""

import hashlib
import json

from twilio_bridge.support.cloud_events import loads

# Kinesis takes records of 1 MB; a batch of Twilio's that is larger is put there event by event.
LARGEST = 900_000


def pieces(body: bytes) -> list[tuple[str, bytes]]:
    """Return the records and their partition keys; the same body always makes the same."""
    if len(body) <= LARGEST:
        return [_record(body)]
    try:
        documents = loads(body)
    except ValueError:
        return [_record(body)]
    if not isinstance(documents, list):
        return [_record(body)]
    return [_record(json.dumps(document).encode()) for document in documents]


def _record(data: bytes) -> tuple[str, bytes]:
    return hashlib.sha256(data).hexdigest()[:32], data
