"""Airtable calls this when something has changed in the base."""

from twilio_bridge.entrypoints import airtable_signature, http
from twilio_bridge.wiring import base

secrets = base.webhook_secrets()
refresh = base.refresh()


def lambda_handler(event: http.Event, context: http.Context) -> http.Reply:
    """Answer POST /webhooks/airtable."""
    return http.in_time(context, lambda: answer(event))


def answer(event: http.Event) -> http.Answer:
    """Have it read: the ping says no more than that there is something, and Airtable does not wait long."""
    airtable_signature.require(event, *secrets)
    refresh.hear()
    return http.Answer()
