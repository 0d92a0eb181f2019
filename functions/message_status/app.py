"""Twilio calls this when a message has reached another status."""

from twilio_bridge import forms
from twilio_bridge.entrypoints import http
from twilio_bridge.messages.sending import following
from twilio_bridge.wiring import base, campaign_state
from twilio_bridge.wiring import following as wiring

signatures = base.signatures()


def lambda_handler(event: http.Event, context: http.Context) -> http.Reply:
    """Answer POST /callbacks/message-status; the row's key stands in the query, which is signed like the rest."""
    query = event.get("queryStringParameters") or {}
    return http.answer_callback(event, context, signatures, lambda form: answer(form, query.get("row", "")))


def answer(form: forms.Form, row: str) -> forms.Answer:
    """Write the status into the row."""
    key, report = following.parse_row_key(row), following.read_report(form)
    status = following.take_report(key, report, campaign_state.campaigns(), wiring.outcome_deps(), campaign_state.now())
    return forms.Answer({"status": status})
