"""SQS calls this with persons of whom Brevo has not been told everything, and with words about being written to."""

import time
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from twilio_bridge.entrypoints import http, sqs
from twilio_bridge.errors import UnacceptableError
from twilio_bridge.logs import logger, where
from twilio_bridge.support import brevo_delivery
from twilio_bridge.wiring import base, support

TIME_FOR_ONE_S = 20

queue = support.brevo_queue()


def lambda_handler(event: Mapping[str, Any], context: http.Context) -> dict[str, object]:
    """Deliver each; what Brevo will never take is set aside."""
    return sqs.consume(event, context, deliver, queue.try_again, TIME_FOR_ONE_S)


def deliver(message: sqs.Message) -> None:
    """Tell Brevo what is new about a person, or what was said at an address."""
    try:
        told = word(message["address"]) if "address" in message else news(message["person"])
        logger.info("Brevo told", extra={"person": message.get("person"), **told})
    except UnacceptableError as error:
        queue.set_aside(message)
        logger.error("Brevo never takes this", extra=where(error))


def word(at: str) -> dict[str, object]:
    """Tell a STOP or START said at an address, where there is a Brevo: they come from Frontline, too."""
    return {"words": support.has_brevo() and brevo_delivery.deliver_word(at, support.crm(), base.opt_outs())}


def news(person_id: str) -> dict[str, object]:
    """Tell a person's news."""
    return asdict(brevo_delivery.deliver(person_id, support.delivering(), int(time.time() * 1000)))
