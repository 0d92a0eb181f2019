"""SQS calls this with addresses whose latest opt-out or opt-in Airtable has not been told yet."""

import json
from collections.abc import Mapping
from typing import Any

from twilio_bridge import web, wiring
from twilio_bridge.contacts import opt_outs
from twilio_bridge.errors import BridgeError
from twilio_bridge.logs import logger

said = wiring.opt_outs()
outbox = wiring.outbox()


def lambda_handler(event: Mapping[str, Any], context: web.Context) -> dict[str, object]:  # noqa: ARG001  Lambda gives it
    """Deliver each; what fails is hidden for a while and comes again."""
    failed = [record["messageId"] for record in event["Records"] if not deliver(record)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def deliver(record: Mapping[str, Any]) -> bool:
    """Tell Airtable, or say when to try again."""
    try:
        told = opt_outs.deliver(json.loads(record["body"])["address"], wiring.directory(), said)
    except BridgeError as error:
        wait_s = opt_outs.wait_s(int(record["attributes"]["ApproximateReceiveCount"]), error)
        outbox.try_again(record["receiptHandle"], wait_s)
        logger.warning("Airtable not told yet", extra={"reason": str(error), "wait_s": wait_s})
        return False
    logger.info("Airtable told", extra={"records": told})
    return True
