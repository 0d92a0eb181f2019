"""Frontline calls this when a customer begins a conversation: it puts a worker into it before it answers."""

from twilio_bridge import forms
from twilio_bridge.entrypoints import http
from twilio_bridge.frontline import routing, worker_choice
from twilio_bridge.wiring import base, contacts

signatures = base.signatures()


def lambda_handler(event: http.Event, context: http.Context) -> http.Reply:
    """Answer POST /callbacks/routing."""
    return http.answer_callback(event, context, signatures, answer)


def answer(form: forms.Form) -> forms.Answer:
    """Route by the chain as it is configured now."""
    settings = base.configuration().routing
    workers, senders = contacts.worker_directory(), contacts.senders()
    deps = worker_choice.RoutingDeps(contacts.directory(), base.messaging(), senders, workers, settings)
    return routing.answer(form, deps)
