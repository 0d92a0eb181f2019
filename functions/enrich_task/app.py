"""SQS calls this with tasks whose attributes Flex Insights is to read, those that end from a queue of their own."""

import json
import time
from dataclasses import asdict

from twilio_bridge.entrypoints import http, sqs
from twilio_bridge.insights.enriching import enrich_task
from twilio_bridge.logs import logger
from twilio_bridge.support.tasks.enrichment import read_message
from twilio_bridge.wiring import insights

TIME_FOR_ONE_S = 40


def lambda_handler(event: http.Event, context: http.Context) -> dict[str, object]:
    """Complete each task's attributes, those nearest to their end first."""
    ordered = sorted(event["Records"], key=lambda record: read_message(json.loads(record["body"])).due_at)
    queue = insights.queue_of(event)
    return sqs.consume({"Records": ordered}, context, enrich, queue.try_again, TIME_FOR_ONE_S)


def enrich(message: sqs.Message) -> None:
    """Complete one task's attributes; only ids, places and counts reach the log."""
    request = read_message(message)
    done = enrich_task(request, insights.enriching(is_urgent=request.is_urgent), int(time.time() * 1000))
    logger.info("enriched", extra={"task": request.task_sid, "kind": request.kind, **asdict(done)})
