"""Frontline calls this for a worker's contact list, a contact's details, and to add or delete one."""

from twilio_bridge import forms
from twilio_bridge.entrypoints import http
from twilio_bridge.frontline import crm, workers
from twilio_bridge.wiring import base, contacts

signatures = base.signatures()
seen_workers = contacts.seen_workers()
opt_outs = base.opt_outs()


def lambda_handler(event: http.Event, context: http.Context) -> http.Reply:
    """Answer POST /callbacks/crm."""
    return http.answer_callback(event, context, signatures, answer)


def answer(form: forms.Form) -> forms.Answer:
    """Answer from the contacts as they are configured now."""
    workers.record_worker(form, seen_workers)
    settings = base.configuration().contacts
    base_id = base.settings().airtable_base_id
    return crm.answer(form, crm.CrmCallback(contacts.directory(), opt_outs, settings, base_id))
