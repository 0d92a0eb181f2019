"""Answers GET /status, and the same by invoke: how the deployment is. Once a day it counts what SyncState holds."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from twilio_bridge import deadline
from twilio_bridge.entrypoints import http
from twilio_bridge.forms import Answer
from twilio_bridge.logs import logger
from twilio_bridge.status.observing import count_now, observe
from twilio_bridge.wiring import status

HTTP_SECONDS = 25.0


def lambda_handler(event: Mapping[str, Any], context: http.Context) -> dict[str, Any]:
    """Answer a request or an invoke with the status document, or count (`{"count": true}`)."""
    if event.get("count"):
        with deadline.limit(context.get_remaining_time_in_millis() / 1000 - http.MARGIN_S):
            counted = asdict(count_now(status.status_deps()))
        logger.info("counted", extra=counted)
        return counted
    if "requestContext" in event:
        return http.answer_in_time(context, look)
    with deadline.limit(HTTP_SECONDS):
        return observe(status.status_deps())


def look() -> Answer:
    """Return the document, within the time that the gateway waits."""
    with deadline.limit(HTTP_SECONDS):
        return Answer(observe(status.status_deps()))
