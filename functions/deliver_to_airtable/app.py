"""SQS calls this with addresses whose latest opt-out or opt-in Airtable has not been told yet."""

import json
from collections.abc import Mapping
from typing import Any

from twilio_bridge import budget, web, wiring
from twilio_bridge.contacts import opt_outs
from twilio_bridge.logs import logger, where

# One that hangs must not take the others' time.
TIME_FOR_ONE_S = 8

said = wiring.opt_outs()
outbox = wiring.outbox()


def lambda_handler(event: Mapping[str, Any], context: web.Context) -> dict[str, object]:
    """Deliver each while time lasts; what fails is hidden for a while and comes again."""
    failed = [record["messageId"] for record in event["Records"] if not deliver(record, context)]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def deliver(record: Mapping[str, Any], context: web.Context) -> bool:
    """Tell Airtable, or say when to try again."""
    try:
        left_s = context.get_remaining_time_in_millis() / 1000 - 2 * web.MARGIN_S
        with budget.limit(min(left_s, TIME_FOR_ONE_S)):
            told = opt_outs.deliver(json.loads(record["body"])["address"], wiring.directory(), said)
    except Exception as error:  # noqa: BLE001  the others of the batch go on
        wait_s = opt_outs.wait_s(int(record["attributes"]["ApproximateReceiveCount"]), error)
        outbox.try_again(record["receiptHandle"], wait_s)
        logger.warning("Airtable not told yet", extra={"wait_s": wait_s, **where(error)})
        return False
    logger.info("Airtable told", extra={"records": told})
    return True
