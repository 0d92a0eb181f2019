"""A Flex plugin, or a server, calls this when an agent has completed a task."""

import time

from twilio_bridge import forms
from twilio_bridge.entrypoints import cors, http
from twilio_bridge.support import task_complete
from twilio_bridge.wiring import base, support

settings = base.settings()
stream = support.stream()


def lambda_handler(event: http.Event, context: http.Context) -> http.Reply:
    """Answer POST /webhooks/flex/task-complete, and the browser's question whether it may."""
    headers = http.read_headers(event)
    is_question = event["requestContext"]["http"]["method"] == "OPTIONS"
    answer = (
        http.build_reply(forms.Answer(status=204)) if is_question else http.answer_in_time(context, lambda: take(event))
    )
    return cors.allow_origin(answer, headers.get("origin", ""), settings.flex_origins)


def take(event: http.Event) -> forms.Answer:
    """Put the finished task on the stream, where everything else is known of it."""
    body, now = http.read_body(event), time.time()
    secret = settings.task_complete_secret
    task_complete.verify_sender(http.read_headers(event), body, now, support.flex_tokens(), secret)
    stream.put([task_complete.build_event(body, now)])
    return forms.Answer()
