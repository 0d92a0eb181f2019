"""SQS calls this with persons whom Brevo does not have whole, and with addresses of opt-outs and opt-ins."""

import time
from dataclasses import asdict

from twilio_bridge.contacts import opt_outs
from twilio_bridge.entrypoints import http, sqs
from twilio_bridge.logs import logger
from twilio_bridge.support import brevo_delivery, brevo_opt_outs
from twilio_bridge.wiring import base, support

TIME_FOR_ONE_S = 20

queue = support.brevo_queue()


def lambda_handler(event: http.Event, context: http.Context) -> dict[str, object]:
    """Deliver each."""
    return sqs.consume(event, context, deliver, queue.try_again, TIME_FOR_ONE_S)


def deliver(message: sqs.Message) -> None:
    """Deliver a person or an opt-out; only ids and counts reach the log.

    Without a secret for Brevo all stays as it is: the sweep queues it again once there is one.
    """
    if not support.has_brevo():
        keep(message)
        return
    done = deliver_opt_out(message["address"]) if "address" in message else deliver_person(message["person"])
    logger.info("Brevo told", extra={"person": message.get("person"), **done})


def keep(message: sqs.Message) -> None:
    """Have an opt-out queued again by the sweep; a person's events are overdue anyway."""
    if "address" in message:
        opt_outs.postpone_requests(message["address"], opt_outs.BREVO, base.opt_outs(), time.time())
    logger.info("no secret for Brevo yet", extra={"person": message.get("person")})


def deliver_opt_out(address: str) -> dict[str, object]:
    """Send Brevo the latest STOP or START."""
    return {"words": brevo_opt_outs.deliver_opt_out(address, support.crm(), base.opt_outs(), time.time())}


def deliver_person(person_id: str) -> dict[str, object]:
    """Send Brevo what it does not have of a person."""
    return asdict(brevo_delivery.deliver_person(person_id, support.delivering(), int(time.time() * 1000)))
