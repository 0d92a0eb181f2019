"""Answers GET /status, and the same by invoke: how the deployment is. Once a day it counts what SyncState holds."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from twilio_bridge.entrypoints import http
from twilio_bridge.forms import Answer
from twilio_bridge.logs import logger
from twilio_bridge.status.observing import count_now, observe
from twilio_bridge.wiring import status


def lambda_handler(event: Mapping[str, Any], context: http.Context) -> dict[str, Any]:
    """Answer a request or an invoke with the status document, or count (`{"count": true}`)."""
    if "requestContext" in event:
        return http.answer_in_time(context, lambda: Answer(observe(status.status_deps())))
    if not event.get("count"):
        with http.limit_invocation(context, max_s=http.GATEWAY_S):
            return observe(status.status_deps())

    with http.limit_invocation(context):
        counted = asdict(count_now(status.status_deps()))
        logger.info("counted", extra=counted)
    return counted
