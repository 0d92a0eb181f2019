"""Frontline calls this when a worker opens the templates: categories of final texts."""

from twilio_bridge import forms
from twilio_bridge.entrypoints import http
from twilio_bridge.frontline import templates, workers
from twilio_bridge.wiring import base, contacts

signatures = base.signatures()
seen_workers = contacts.seen_workers()
notes = base.notes()


def lambda_handler(event: http.Event, context: http.Context) -> http.Reply:
    """Answer POST /callbacks/templates."""
    return http.answer_callback(event, context, signatures, answer)


def answer(form: forms.Form) -> forms.Answer:
    """Fill the templates as they are configured now."""
    workers.record_worker(form, seen_workers)
    settled = base.configuration()
    personalising = templates.TemplateDeps(contacts.directory(), notes, settled.workers, settled.templates)
    return templates.answer(form, personalising)
