"""Twilio's Event Streams call this where the sink is a webhook."""

from twilio_bridge import web, wiring, wiring_support
from twilio_bridge.support.forwarding import pieces

signatures = wiring.signatures()
stream = wiring_support.stream()


def lambda_handler(event: web.Event, context: web.Context) -> web.Reply:
    """Answer POST /webhooks/event-streams."""
    return web.in_time(context, lambda: take(event))


def take(event: web.Event) -> web.Answer:
    """Put what Twilio signed on the stream, as it came: what is poison is found out there, and kept."""
    stream.put(pieces(web.signed_body(event, signatures)))
    return web.Answer()
