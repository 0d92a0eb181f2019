"""A Flex plugin, or a server, calls this when an agent has completed a task."""

import time

from twilio_bridge import cors, web, wiring, wiring_support
from twilio_bridge.support import task_complete

settings = wiring.settings()
stream = wiring_support.stream()


def lambda_handler(event: web.Event, context: web.Context) -> web.Reply:
    """Answer POST /webhooks/flex/task-complete, and the browser's question whether it may."""
    headers = web.lower_case(event)
    is_question = event["requestContext"]["http"]["method"] == "OPTIONS"
    answer = web.reply(web.Answer(status=204)) if is_question else web.in_time(context, lambda: take(event))
    return cors.allow(answer, headers.get("origin", ""), settings.flex_origins)


def take(event: web.Event) -> web.Answer:
    """Put the finished task on the stream, where everything else is known of it."""
    body, now = web.raw_body(event), time.time()
    secret = settings.task_complete_secret
    task_complete.verify(web.lower_case(event), body, now, wiring_support.flex_tokens(), secret)
    stream.put([task_complete.event_of(body, now)])
    return web.Answer()
