"""Frontline calls this when a worker begins a conversation: which number does it come from, if it may begin at all?"""

from twilio_bridge import web, wiring
from twilio_bridge.frontline import outgoing_conversation

signatures = wiring.signatures()
opt_outs = wiring.opt_outs()


def lambda_handler(event: web.Event, context: web.Context) -> web.Reply:
    """Answer POST /callbacks/outgoing-conversation."""
    return web.callback(event, context, signatures, answer)


def answer(form: web.Form) -> web.Answer:
    """Answer from the contacts and senders as they are configured now."""
    outgoing = outgoing_conversation.Outgoing(wiring.directory(), opt_outs, wiring.senders())
    return outgoing_conversation.answer(form, outgoing)
