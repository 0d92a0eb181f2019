"""Twilio's Event Streams call this where the sink is a webhook."""

from twilio_bridge import forms
from twilio_bridge.entrypoints import http
from twilio_bridge.support.cloud_events import split_into_records
from twilio_bridge.wiring import base, support

signatures = base.signatures()
stream = support.stream()


def lambda_handler(event: http.Event, context: http.Context) -> http.Reply:
    """Answer POST /webhooks/event-streams."""
    return http.answer_in_time(context, lambda: take(event))


def take(event: http.Event) -> forms.Answer:
    """Put what Twilio signed on the stream, as it came: what is poison is found out there, and kept."""
    stream.put(split_into_records(http.read_signed_body(event, signatures)))
    return forms.Answer()
