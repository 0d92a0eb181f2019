"""Frontline calls this for a worker's contact list, a contact's details, and to add or delete one."""

from twilio_bridge import wiring
from twilio_bridge.entrypoints import http
from twilio_bridge.frontline import crm

signatures = wiring.signatures()
opt_outs = wiring.opt_outs()


def lambda_handler(event: http.Event, context: http.Context) -> http.Reply:
    """Answer POST /callbacks/crm."""
    return http.callback(event, context, signatures, answer)


def answer(form: http.Form) -> http.Answer:
    """Answer from the contacts as they are configured now."""
    contacts = wiring.configuration().contacts
    base_id = wiring.settings().airtable_base_id
    return crm.answer(form, crm.Crm(wiring.directory(), opt_outs, contacts, base_id))
