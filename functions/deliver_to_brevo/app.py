"""SQS calls this with persons whom Brevo does not have whole, and with addresses of opt-outs and opt-ins."""

import time
from dataclasses import asdict

from twilio_bridge.contacts.opt_outs import BREVO, postpone_requests
from twilio_bridge.entrypoints import http, sqs
from twilio_bridge.logs import logger
from twilio_bridge.support.brevo import brevo_delivery, brevo_opt_outs
from twilio_bridge.wiring import base, support

TIME_FOR_ONE_S = 20

queue = support.brevo_queue()


def lambda_handler(event: http.Event, context: http.Context) -> dict[str, object]:
    """Deliver each; without a secret for Brevo all waits, and the sweep queues it once there is one."""
    return sqs.consume(event, context, deliver if support.has_brevo() else keep, queue.try_again, TIME_FOR_ONE_S)


def deliver(message: sqs.Message) -> None:
    """Deliver a person, or the latest STOP or START at an address; only ids and counts reach the log."""
    now = time.time()
    if "address" in message:
        words = brevo_opt_outs.deliver_opt_out(message["address"], support.crm(), base.opt_outs(), now)
        logger.info("Brevo told", extra={"words": words})
    else:
        done = brevo_delivery.deliver_person(message["person"], support.delivering(), int(now * 1000))
        logger.info("Brevo told", extra={"person": message["person"], **asdict(done)})


def keep(message: sqs.Message) -> None:
    """Postpone an opt-out; a person's events are overdue anyway."""
    if "address" in message:
        postpone_requests(message["address"], BREVO, base.opt_outs(), time.time())
    logger.info("no secret for Brevo yet", extra={"person": message.get("person")})
