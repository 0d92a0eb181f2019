"""SQS calls this with the rows of campaigns whose time has come."""

from twilio_bridge.entrypoints import http, sqs
from twilio_bridge.logs import logger
from twilio_bridge.messages.sending.send_jobs import SendJob, do_send_job
from twilio_bridge.wiring import sending

# A request to Twilio with its timeouts, and what is written around it.
TIME_FOR_ONE_S = 20

queue = sending.send_queue()


def lambda_handler(event: http.Event, context: http.Context) -> dict[str, object]:
    """Send each row; one that fails comes again, and all is decided by the row as it stands then."""
    return sqs.consume(event, context, send, queue.try_again, TIME_FOR_ONE_S)


def send(message: sqs.Message) -> None:
    """Do what the row's state asks for; only its campaign's id and its number reach the log."""
    turn = {name: int(message.get(name, 0)) for name in ("stage", "turn_at")}
    job = SendJob(message["campaign"], int(message["row"]), **turn)

    done = do_send_job(job, sending.sending_deps())
    logger.info("row", extra={"campaign": job.campaign, "row": job.number, "done": done})
