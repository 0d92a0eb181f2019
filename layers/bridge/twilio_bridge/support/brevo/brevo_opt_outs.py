"""Opt-outs and opt-ins, sent to Brevo by number: smsBlacklisted of the contact that has it."""

from collections.abc import Iterable, Sequence

from twilio_bridge import phone
from twilio_bridge.contacts import opt_outs
from twilio_bridge.contacts.opt_outs import BREVO
from twilio_bridge.ports import OptOut, OptOuts
from twilio_bridge.support.ports import MarketingContacts


def deliver_opt_out(address: str, crm: MarketingContacts, requests: OptOuts, now: float) -> int:
    """Send Brevo the latest request at an address; return how many contacts it was written to.

    An opt-in lifts, once, only an opt-out of ours: an ordinary "Yes" changes nothing that the company decided there. An
    opt-out of a number that Brevo does not know yet is sent again later: the contact may appear there by any way.
    """
    number = phone.parse_number(address)
    found = opt_outs.find_requests([number], requests) if number else []
    latest = opt_outs.find_latest(found)
    if number is None or latest is None:
        return 0

    count = _write_request(number, latest, found, crm, requests)
    if latest.out and not count:
        opt_outs.postpone_request(latest, BREVO, requests, now)
    else:
        opt_outs.settle_request(latest, BREVO, requests, now)
    return count


def _write_request(
    number: str, latest: OptOut, found: Sequence[OptOut], crm: MarketingContacts, requests: OptOuts
) -> int:
    had_opt_out = any(BREVO in request.delivered_to | request.opt_out_delivered_to for request in found)
    if not latest.out and (not had_opt_out or BREVO in latest.delivered_to):
        return 0

    mark_brevo_delivered(found, requests)
    count = sum(crm.set_opted_out(spelling, latest.out) for spelling in phone.list_spellings(number))
    requests.mark_delivered(latest, [BREVO])
    return count


def mark_brevo_delivered(found: Iterable[OptOut], requests: OptOuts) -> None:
    """Write that Brevo has these opt-outs, before the request: an opt-in must lift them though its answer got lost."""
    for request in found:
        if request.out and BREVO not in request.delivered_to:
            requests.mark_delivered(request, [BREVO])
