"""Frontline calls this when a worker begins a conversation: which number does it come from, if it may begin at all?"""

from twilio_bridge import forms
from twilio_bridge.entrypoints import http
from twilio_bridge.frontline import outgoing_conversation, workers
from twilio_bridge.wiring import base, contacts

signatures = base.signatures()
seen_workers = contacts.seen_workers()
opt_outs = base.opt_outs()


def lambda_handler(event: http.Event, context: http.Context) -> http.Reply:
    """Answer POST /callbacks/outgoing-conversation."""
    return http.answer_callback(event, context, signatures, answer)


def answer(form: forms.Form) -> forms.Answer:
    """Answer from the contacts and senders as they are configured now."""
    workers.record_worker(form, seen_workers)
    outgoing = outgoing_conversation.OutgoingDeps(contacts.directory(), opt_outs, contacts.senders())
    return outgoing_conversation.answer(form, outgoing)
