"""Frontline calls this when a worker opens the templates: categories of final texts."""

from twilio_bridge import web, wiring
from twilio_bridge.frontline import templates

signatures = wiring.signatures()
notes = wiring.notes()


def lambda_handler(event: web.Event, context: web.Context) -> web.Reply:
    """Answer POST /callbacks/templates."""
    return web.callback(event, context, signatures, answer)


def answer(form: web.Form) -> web.Answer:
    """Fill the templates as they are configured now."""
    settled = wiring.configuration()
    personalising = templates.Personalising(wiring.directory(), notes, settled.workers, settled.templates)
    return templates.answer(form, personalising)
