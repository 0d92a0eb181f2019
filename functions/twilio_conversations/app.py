"""Conversations calls this before and after conversations, participants and messages are added."""

from functools import partial

from twilio_bridge import wiring
from twilio_bridge.entrypoints import http
from twilio_bridge.frontline import twilio_conversations

signatures = wiring.signatures()
opt_outs = wiring.opt_outs()
outbox = wiring.outbox()


def lambda_handler(event: http.Event, context: http.Context) -> http.Reply:
    """Answer POST /callbacks/twilio-conversations; a failure of ours holds no message back."""
    rescue = partial(twilio_conversations.rescue, on_failure=lambda: wiring.configuration().conversations.on_failure)
    return http.callback(event, context, signatures, answer, rescue)


def answer(form: http.Form) -> http.Answer:
    """Handle one event as it is configured now."""
    settled = wiring.configuration()
    hooks = twilio_conversations.Hooks(wiring.directory(), opt_outs, outbox, wiring.messaging, settled)
    return twilio_conversations.answer(form, hooks)
