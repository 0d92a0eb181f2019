"""What SyncFunction does for support events: answers a sink's test, and looks after what was to be told and was not."""

from collections.abc import Iterator
from itertools import islice

from twilio_bridge.logs import logger
from twilio_bridge.support.ports import Dossiers, Notices, Sinks

# Persons whose news are told again in one message to the queue's client.
AT_ONCE = 100


def validate(test_id: str, stream_arn: str, sinks: Sinks) -> bool:
    """Tell Twilio that its test event arrived; False where no sink waits for it (any more)."""
    sid = sinks.validate(test_id, stream_arn)
    logger.info("sink validated" if sid else "no sink waits for this test event", extra={"sink": sid})
    return sid is not None


def sweep(dossiers: Dossiers, notices: Notices, now: int) -> int:
    """Queue again whoever has an event that was due before `now` (epoch ms); give how many they were.

    It finds what waited for more facts, and what a crash kept from being queued.
    """
    persons = iter(dict.fromkeys(dossiers.overdue(now)))
    return sum(map(len, _told(persons, notices)))


def _told(persons: Iterator[str], notices: Notices) -> Iterator[list[str]]:
    while chunk := list(islice(persons, AT_ONCE)):
        notices.enqueue_brevo_delivery(chunk)
        yield chunk
