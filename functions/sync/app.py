"""Jobs behind support events: answering a sink's test event (SQS), and looking after what still waits (schedule)."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from twilio_bridge.entrypoints import http, sqs
from twilio_bridge.logs import logger
from twilio_bridge.support.brevo.sweep import queue_overdue
from twilio_bridge.wiring import base, support

TIME_FOR_ONE_S = 20

queue = support.sync_queue()


def lambda_handler(event: Mapping[str, Any], context: http.Context) -> dict[str, object]:
    """Do the jobs of a queue's batch, or the regular one."""
    if "Records" in event:
        return sqs.consume(event, context, validate, queue.try_again, TIME_FOR_ONE_S)
    with http.limit_invocation(context):
        swept = asdict(queue_overdue(support.sweeping(), int(time.time() * 1000)))
        support.refresh_account_numbers()
        support.age_interactions()
    logger.info("swept", extra=swept)
    return swept


def validate(message: sqs.Message) -> None:
    """Answer a sink's test event."""
    sid = support.sinks().validate(message["test_id"], base.settings().event_stream_arn)
    logger.info("sink validated" if sid else "no sink waits for this test event", extra={"sink": sid})
