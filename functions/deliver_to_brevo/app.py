"""SQS calls this with persons whom Brevo does not have whole, and with addresses of opt-outs and opt-ins."""

import time
from dataclasses import asdict

from twilio_bridge.entrypoints import http, sqs
from twilio_bridge.errors import UnacceptableError
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.support import brevo_delivery
from twilio_bridge.wiring import base, support

TIME_FOR_ONE_S = 20

queue = support.brevo_queue()


def lambda_handler(event: http.Event, context: http.Context) -> dict[str, object]:
    """Deliver each; what Brevo will never take is set aside."""
    return sqs.consume(event, context, deliver, queue.try_again, TIME_FOR_ONE_S)


def deliver(message: sqs.Message) -> None:
    """Deliver a person or an opt-out; only ids and counts reach the log."""
    try:
        done = deliver_opt_out(message["address"]) if "address" in message else deliver_person(message["person"])
        logger.info("Brevo told", extra={"person": message.get("person"), **done})
    except UnacceptableError as error:
        queue.set_aside(message)
        logger.error("Brevo never takes this", extra=describe_error(error))


def deliver_opt_out(at: str) -> dict[str, object]:
    """Deliver a STOP or START, where there is a Brevo: Frontline's come here, too."""
    return {"words": support.has_brevo() and brevo_delivery.deliver_word(at, support.crm(), base.opt_outs())}


def deliver_person(person_id: str) -> dict[str, object]:
    """Deliver what Brevo does not have of a person."""
    return asdict(brevo_delivery.deliver(person_id, support.delivering(), int(time.time() * 1000)))
