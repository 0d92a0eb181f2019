"""The CRM callback: a worker's contact list, one contact's details, new and deleted contacts.

https://www.twilio.com/docs/frontline/my-customers describes the objects; numbers arrive as text.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import quote

from twilio_bridge import phone
from twilio_bridge.config import schema
from twilio_bridge.contacts import opt_outs
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.contacts.paging import Cursor, Page
from twilio_bridge.contacts.templates import unescape_markdown
from twilio_bridge.errors import BadRequestError, NotFoundError, UnknownLocationError
from twilio_bridge.forms import MAX_ANSWER_BYTES, Answer, Form, count_bytes
from twilio_bridge.frontline.new_contact import EMAIL, MAX_NAME_LENGTH, read_new_contact
from twilio_bridge.ports import OptOuts

USUAL_PAGE = 30
MAX_PAGE_SIZE = 500
# What a list answer needs besides its items.
ENVELOPE = 2_000
MAX_NOTES_LENGTH = 10_000


@dataclass(frozen=True, slots=True)
class CrmCallback:
    """What the callback works with."""

    directory: Directory
    opt_outs: OptOuts
    settings: schema.Contacts
    base_id: str


def answer(form: Form, crm: CrmCallback) -> Answer:
    """Answer one request by its Location."""
    locations: dict[str, Callable[[Form, CrmCallback], object]] = {
        "GetCustomersList": list_customers,
        "GetCustomerDetailsByCustomerId": get_customer_details,
        "CreateCustomer": create_customer,
        "DeleteCustomer": delete_customer,
    }
    location = form.require_text("Location")
    if location not in locations:
        raise UnknownLocationError(f"Location should be one of {', '.join(locations)}")
    return Answer(locations[location](form, crm))


def list_customers(form: Form, crm: CrmCallback) -> object:
    """Return a page of the worker's contacts, as many as fit Frontline's 64 kB."""
    page = crm.directory.list_page(
        form.require_text("Worker"),
        _page_size(form.get_text("PageSize")),
        token=form.get_text("NextPageToken"),
        anchor=form.get_text("Anchor"),
        query=form.get_text("Query"),
    )
    page = _cut_to_fit(page)
    objects: dict[str, object] = {"customers": [_list_item(c) for c in page.contacts], "searchable": True}
    if page.following:
        objects["next_page_token"] = page.following.token
    return {"objects": objects}


def get_customer_details(form: Form, crm: CrmCallback) -> object:
    """Return everything the worker may see of one contact."""
    worker = form.require_text("Worker")
    contact = crm.directory.get_visible(form.require_text("CustomerId"), worker)
    return {"objects": {"customer": render_customer(contact, crm)}}


def create_customer(form: Form, crm: CrmCallback) -> object:
    """Add a contact that the worker typed in; it is theirs."""
    worker = form.require_text("Worker")
    contact = replace(read_new_contact(form, crm.settings), owner=worker)
    created = crm.directory.create_contact(opt_outs.apply_requests(contact, crm.opt_outs, crm.directory))
    opt_outs.mark_applied(created, crm.opt_outs)
    return {"objects": {"customer": render_customer(created, crm)}}


def delete_customer(form: Form, crm: CrmCallback) -> object:
    """Remove one of the worker's contacts; one that is gone already is fine."""
    worker = form.require_text("Worker")
    contact = crm.directory.get_visible(form.require_text("CustomerId"), worker)
    if not contact.owner and crm.settings.visibility != "all":
        raise NotFoundError("the contact belongs to nobody", friendly="Only a contact's owner can delete it.")
    crm.directory.delete_contact(contact.id)
    return {}


def render_customer(contact: Contact, crm: CrmCallback) -> dict[str, object]:
    """Return a contact in Frontline's form; what is not known is left out."""
    full: dict[str, object] = {**_list_item(contact), "channels": _list_channels(contact)}
    full["links"] = _links(contact, crm)
    full["worker"] = contact.owner[:MAX_NAME_LENGTH]
    written = unescape_markdown(contact.notes[:MAX_NOTES_LENGTH])
    if notes := _cut_text(written, MAX_ANSWER_BYTES - ENVELOPE - count_bytes(full)):
        full["details"] = {"title": "Notes", "content": notes}
    return {name: value for name, value in full.items() if value}


def _list_item(contact: Contact) -> dict[str, str]:
    item = {"customer_id": contact.id, "display_name": contact.display_name[:MAX_NAME_LENGTH]}
    return item | ({"avatar": contact.avatar} if is_web_address(contact.avatar) else {})


def is_web_address(text: str) -> bool:
    """Return whether this is an address that Frontline shows: https, and nothing else."""
    return re.fullmatch(r"https://[^\s\"<>]{3,2000}", text) is not None


def _list_channels(contact: Contact) -> list[dict[str, str]]:
    """Return every address that a worker can begin a conversation with."""
    whatsapp = [f"{phone.WHATSAPP}{number}" for number in contact.whatsapp_numbers]
    chat = [contact.chat] if 0 < len(contact.chat) <= MAX_NAME_LENGTH else []
    kinds = {"sms": contact.sms_numbers, "whatsapp": whatsapp, "chat": chat}
    return [{"type": kind, "value": value} for kind, values in kinds.items() for value in values]


def _links(contact: Contact, crm: CrmCallback) -> list[dict[str, str]]:
    profile = contact.linkedin if "://" in contact.linkedin else f"https://{contact.linkedin}"
    mail = f"mailto:{contact.email}" if EMAIL.fullmatch(contact.email) else ""
    record = f"https://airtable.com/{crm.base_id}/{quote(crm.settings.table, safe='')}/{contact.id}"
    found = [
        ("Email", mail, "Send an e-mail"),
        ("LinkedIn", profile if contact.linkedin and is_web_address(profile) else "", "LinkedIn profile"),
        ("Airtable", record, "Airtable record"),
    ]
    return [{"type": kind, "value": value, "display_name": shown} for kind, value, shown in found if value]


def _page_size(text: str) -> int:
    if not text.strip():
        return USUAL_PAGE
    if not re.fullmatch(r"[0-9]{1,9}", text.strip()) or int(text) == 0:
        raise BadRequestError("PageSize should be a whole number from 1")
    return min(int(text), MAX_PAGE_SIZE)


def _cut_to_fit(page: Page) -> Page:
    """Shorten a page that would not fit; its token then continues behind what is left."""
    room = MAX_ANSWER_BYTES - ENVELOPE
    for place, contact in enumerate(page.contacts):
        room -= count_bytes(_list_item(contact)) + 1
        if room < 0:
            kept = page.contacts[:place]
            return Page(kept, Cursor(kept[-1].order)) if kept else page
    return page


def _cut_text(text: str, room: int) -> str:
    while text and count_bytes(text) > room:
        text = text[: len(text) * 9 // 10]
    return text
