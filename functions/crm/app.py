"""Frontline calls this for a worker's contact list, a contact's details, and to add or delete one."""

from twilio_bridge import web, wiring
from twilio_bridge.frontline import crm

signatures = wiring.signatures()
opt_outs = wiring.opt_outs()


def lambda_handler(event: web.Event, context: web.Context) -> web.Reply:
    """Answer POST /callbacks/crm."""
    return web.callback(event, context, signatures, answer)


def answer(form: web.Form) -> web.Answer:
    """Answer from the contacts as they are configured now."""
    contacts = wiring.configuration().contacts
    base_id = wiring.settings().airtable_base_id
    return crm.answer(form, crm.Crm(wiring.directory(), opt_outs, contacts, base_id))
