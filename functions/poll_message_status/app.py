"""SQS calls this, with a delay, with messages that Twilio may have been silent about."""

from twilio_bridge.entrypoints import http, sqs
from twilio_bridge.logs import logger
from twilio_bridge.messages.sending.following import poll_row
from twilio_bridge.wiring import following as wiring

TIME_FOR_ONE_S = 15

queue = wiring.poll_queue()


def lambda_handler(event: http.Event, context: http.Context) -> dict[str, object]:
    """Ask for each message's status."""
    return sqs.consume(event, context, ask, queue.try_again, TIME_FOR_ONE_S)


def ask(message: sqs.Message) -> None:
    """Ask Twilio unless a callback was faster; only the campaign's id and the row's number reach the log."""
    campaign, row = message["campaign"], int(message["row"])
    done = poll_row(campaign, row, wiring.polling_deps())
    logger.info("polled", extra={"campaign": campaign, "row": row, "done": done})
