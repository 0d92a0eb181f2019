"""Syncs and the export (invoke, schedule, SQS), sinks' test events (SQS), and a regular look at what still waits."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from twilio_bridge.entrypoints import http, sqs
from twilio_bridge.entrypoints import sync as entrypoint
from twilio_bridge.logs import logger
from twilio_bridge.support.brevo.sweep import queue_overdue
from twilio_bridge.wiring import base, support, sync

TIME_FOR_A_TEST_S, TIME_FOR_A_SLICE_S = 20, 880


def lambda_handler(event: Mapping[str, Any], context: http.Context) -> dict[str, Any]:
    """Do the jobs of a queue's batch, what an invoke asks for, or the regular look."""
    if "Records" in event and "slice" in event["Records"][0]["body"]:
        again = sync.slice_queue().try_again
        return sqs.consume(event, context, lambda message: sync.work(message, context), again, TIME_FOR_A_SLICE_S)
    if "Records" in event:
        return sqs.consume(event, context, validate, support.sync_queue().try_again, TIME_FOR_A_TEST_S)
    with http.limit_invocation(context):
        if entrypoint.is_call(event):
            return entrypoint.respond(event, sync.actions())
        swept = asdict(queue_overdue(support.sweeping(), int(time.time() * 1000)))
        support.refresh_account_numbers()
        support.age_interactions()
        sync.continue_latest()
    logger.info("swept", extra=swept)
    return swept


def validate(message: sqs.Message) -> None:
    """Answer a sink's test event."""
    sid = support.sinks().validate(message["test_id"], base.settings().event_stream_arn)
    logger.info("sink validated" if sid else "no sink waits for this test event", extra={"sink": sid})
