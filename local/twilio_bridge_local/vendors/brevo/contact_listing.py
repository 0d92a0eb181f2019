"""Listing contacts; for the routes.

https://developers.brevo.com/reference/get-contacts
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from flask import request

from twilio_bridge_local.vendors.brevo.account import Account, Contact
from twilio_bridge_local.vendors.brevo.answers import contact_answer
from twilio_bridge_local.vendors.brevo.errors import invalid
from twilio_bridge_local.vendors.brevo.queries import moment, number, numbers

PAGE = 50
MOST = 1000
MAX_IDS_COUNT = 20
EVER = datetime.min.replace(tzinfo=UTC)
_EQUALS = re.compile(r'equals\((\w+),\s*"?(.*?)"?\)')


def contacts_answer(account: Account) -> dict[str, object]:
    """A page of the contacts that the query wants, newest first unless it asks otherwise."""
    limit, offset = number("limit", PAGE, least=1, most=MOST), number("offset", 0)
    modified, created = moment("modifiedSince") or EVER, moment("createdSince") or EVER
    equals = _equals(account)
    found = [c for c in _chosen(account) if c.modified_at >= modified and c.created_at >= created and equals(c)]
    ordered = sorted(found, key=lambda contact: contact.id, reverse=_descending())
    page = ordered[offset : offset + limit]
    return {"contacts": [contact_answer(contact) for contact in page], "count": len(found)}


def _chosen(account: Account) -> list[Contact]:
    ids, list_ids = numbers("ids"), numbers("listIds")
    if len(ids) > MAX_IDS_COUNT:
        raise invalid(f"ids should be at most {MAX_IDS_COUNT}")
    if list_ids and "segmentId" in request.args:
        raise invalid("Either listIds or segmentId can be passed")
    contacts = [account.contacts[one] for one in ids if one in account.contacts] if ids else account.contacts.values()
    return [contact for contact in contacts if not list_ids or set(list_ids) & set(contact.list_ids)]


def _equals(account: Account) -> Callable[[Contact], bool]:
    given = request.args.get("filter")
    if given is None:
        return lambda _contact: True
    equals = _EQUALS.fullmatch(given)
    if equals is None or equals[1].upper() not in account.attributes:
        raise invalid("Invalid filter")
    name, value = equals[1].upper(), equals[2]
    return lambda contact: str(contact.attributes.get(name, "")) == value


def _descending() -> bool:
    given = request.args.get("sort", "desc")
    if given not in ("asc", "desc"):
        raise invalid("sort should be asc or desc")
    return given == "desc"
