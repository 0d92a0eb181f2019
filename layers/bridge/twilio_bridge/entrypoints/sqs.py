"""SQS batches: each message by itself, what fails is hidden for a while and comes again.

https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from twilio_bridge import deadline
from twilio_bridge.entrypoints import http
from twilio_bridge.errors import RateLimitedError
from twilio_bridge.logs import describe_error, logger

Message = Mapping[str, Any]

# Leaves time to hide what was not done, and to answer.
MARGIN_S = 2 * http.MARGIN_S
FIRST_WAIT_S = 15
# Less time than this is not begun with.
MIN_TIME_S = 1.0
TURN_WAIT_S = 1.0
MAX_WAIT_S = 900


def consume(
    event: Mapping[str, Any],
    context: http.Context,
    act: Callable[[Message], None],
    try_again: Callable[[str, float], None],
    time_for_one_s: float,
) -> dict[str, object]:
    """Call `act` with each message's body while time lasts, and return which ones have to come again.

    A message that hangs must not use the others' time. After a failure, nothing more of the same FIFO group is done.
    `try_again(receipt, seconds)` hides the failed message and those behind it: SQS returns nothing of a group while
    any message of it is in flight.
    """
    logger.append_keys(request_id=context.aws_request_id)
    failed: list[str] = []
    waits: dict[str, float] = {}
    for record in event["Records"]:
        group = record["attributes"].get("MessageGroupId", record["messageId"])
        if group not in waits and (seconds := _tried(record, context, act, time_for_one_s)):
            waits[group] = seconds
        if group in waits:
            try_again(record["receiptHandle"], waits[group])
            failed.append(record["messageId"])
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _tried(
    record: Mapping[str, Any], context: http.Context, act: Callable[[Message], None], time_for_one_s: float
) -> float:
    """Return the seconds until the message is tried again; 0 where it is done.

    A message whose turn did not come, because those before it took the time, comes again at once: it has not failed.
    """
    left_s = context.get_remaining_time_in_millis() / 1000 - MARGIN_S
    if left_s < MIN_TIME_S:
        return TURN_WAIT_S
    try:
        with deadline.limit(min(left_s, time_for_one_s)):
            act(json.loads(record["body"]))
    except Exception as error:  # noqa: BLE001  the others of the batch go on
        seconds = wait_s(int(record["attributes"]["ApproximateReceiveCount"]), error)
        logger.warning("not done yet", extra={"wait_s": seconds, **describe_error(error)})
        return seconds
    return 0


def wait_s(tries: int, error: Exception) -> float:
    """Return the seconds until what failed is tried again: doubled up to 15 minutes, never less than asked for."""
    doubled = min(FIRST_WAIT_S * float(2 ** min(tries - 1, 10)), MAX_WAIT_S)
    return max(doubled, error.retry_after + 1) if isinstance(error, RateLimitedError) else doubled
