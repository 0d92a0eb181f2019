"""SQS calls this with addresses whose latest opt-out or opt-in is not in Airtable yet."""

import time
from collections.abc import Mapping
from typing import Any

from twilio_bridge.contacts import opt_outs
from twilio_bridge.entrypoints import http, sqs
from twilio_bridge.logs import logger
from twilio_bridge.wiring import base, contacts

TIME_FOR_ONE_S = 8

stored = base.opt_outs()
queue = base.airtable_queue()


def lambda_handler(event: Mapping[str, Any], context: http.Context) -> dict[str, object]:
    """Deliver the request of each message."""
    return sqs.consume(event, context, deliver, queue.try_again, TIME_FOR_ONE_S)


def deliver(message: sqs.Message) -> None:
    """Write the latest request at an address into the records in Airtable; without Airtable it is kept for later."""
    if not contacts.has_airtable():
        opt_outs.postpone_requests(message["address"], opt_outs.AIRTABLE, stored, time.time())
        logger.info("no Airtable yet")
        return
    written = opt_outs.deliver_request(message["address"], contacts.directory(), stored)
    logger.info("Airtable told", extra={"records": written})
