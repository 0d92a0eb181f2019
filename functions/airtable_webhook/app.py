"""Airtable calls this when something has changed in the base."""

from twilio_bridge import forms
from twilio_bridge.entrypoints import airtable_signature, http
from twilio_bridge.wiring import contacts

secrets = contacts.webhook_secrets()
refresh = contacts.refresh()


def lambda_handler(event: http.Event, context: http.Context) -> http.Reply:
    """Answer POST /webhooks/airtable."""
    return http.answer_in_time(context, lambda: answer(event))


def answer(event: http.Event) -> forms.Answer:
    """Request that the payloads are read: a ping does not contain them, and Airtable does not wait long."""
    airtable_signature.require_signature(event, *secrets)
    refresh.request_changes()
    return forms.Answer()
