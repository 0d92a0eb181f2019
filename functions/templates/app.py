"""Frontline calls this when a worker opens the templates: categories of final texts."""

from twilio_bridge import wiring
from twilio_bridge.entrypoints import http
from twilio_bridge.frontline import templates

signatures = wiring.signatures()
notes = wiring.notes()


def lambda_handler(event: http.Event, context: http.Context) -> http.Reply:
    """Answer POST /callbacks/templates."""
    return http.callback(event, context, signatures, answer)


def answer(form: http.Form) -> http.Answer:
    """Fill the templates as they are configured now."""
    settled = wiring.configuration()
    personalising = templates.Personalising(wiring.directory(), notes, settled.workers, settled.templates)
    return templates.answer(form, personalising)
