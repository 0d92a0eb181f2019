"""Conversations calls this before and after conversations, participants and messages are added."""

from functools import partial

from twilio_bridge import forms
from twilio_bridge.entrypoints import http
from twilio_bridge.frontline import twilio_conversations
from twilio_bridge.wiring import base, contacts

signatures = base.signatures()
opt_outs = base.opt_outs()
outbox = base.outbox()


def lambda_handler(event: http.Event, context: http.Context) -> http.Reply:
    """Answer POST /callbacks/twilio-conversations; a failure of ours holds no message back."""
    rescue = partial(
        twilio_conversations.answer_failure, on_failure=lambda: base.configuration().conversations.on_failure
    )
    return http.answer_callback(event, context, signatures, answer, rescue)


def answer(form: forms.Form) -> forms.Answer:
    """Handle one event as it is configured now."""
    settled = base.configuration()
    deps = twilio_conversations.ConversationsDeps(contacts.directory(), opt_outs, outbox, base.messaging, settled)
    return twilio_conversations.answer(form, deps)
