"""SQS calls this with addresses whose latest opt-out or opt-in Airtable has not been told yet."""

from collections.abc import Mapping
from typing import Any

from twilio_bridge.contacts import opt_outs
from twilio_bridge.entrypoints import http, sqs
from twilio_bridge.logs import logger
from twilio_bridge.wiring import base, contacts

TIME_FOR_ONE_S = 8

said = base.opt_outs()
queue = base.airtable_queue()


def lambda_handler(event: Mapping[str, Any], context: http.Context) -> dict[str, object]:
    """Deliver each."""
    return sqs.consume(event, context, deliver, queue.try_again, TIME_FOR_ONE_S)


def deliver(message: sqs.Message) -> None:
    """Tell Airtable."""
    told = opt_outs.deliver(message["address"], contacts.directory(), said)
    logger.info("Airtable told", extra={"records": told})
