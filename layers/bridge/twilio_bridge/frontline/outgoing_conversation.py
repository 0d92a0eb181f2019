"""The outgoing-conversation callback: the sender of a conversation that a worker begins, or a refusal.

https://www.twilio.com/docs/frontline/outgoing-conversations: 403 refuses; the sender is of the channel's type (48029)
and never the contact's own address (48027).
"""

from contextlib import suppress
from dataclasses import dataclass

from twilio_bridge import phone
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.contacts.opt_outs import is_anybody_opted_out
from twilio_bridge.errors import BadRequestError, ForbiddenError, NotFoundError, UnknownLocationError
from twilio_bridge.forms import Answer, Form
from twilio_bridge.frontline.senders import CHANNELS, Senders
from twilio_bridge.ports import OptOuts

OPTED_OUT = "This person has opted out and cannot be messaged."


@dataclass(frozen=True, slots=True)
class OutgoingDeps:
    """What the callback works with."""

    directory: Directory
    opt_outs: OptOuts
    senders: Senders


def answer(form: Form, outgoing: OutgoingDeps) -> Answer:
    """Answer GetProxyAddress."""
    if form.require_text("Location") != "GetProxyAddress":
        raise UnknownLocationError("Location should be GetProxyAddress")
    return Answer({"proxy_address": find_proxy_address(form, outgoing)})


def find_proxy_address(form: Form, outgoing: OutgoingDeps) -> str:
    """Return the sender for this worker, channel and contact, or raise ForbiddenError."""
    worker, channel, address = form.require_text("Worker"), _channel(form), _address(form)
    contact = _contact(form.get_text("CustomerId"), worker, address, outgoing.directory)
    people = [*([contact] if contact else []), *outgoing.directory.find_all_by_address(address)]
    if is_anybody_opted_out(people, address, outgoing.opt_outs, outgoing.directory):
        raise ForbiddenError("the contact has opted out", friendly=OPTED_OUT)
    sender = outgoing.senders.find_sender(channel, worker, address)
    if sender is None:
        friendly = f"There is no {channel} sender for you. Please ask your administrator."
        raise ForbiddenError(f"no sender for the channel {channel}", friendly=friendly)
    if phone.strip_channel(sender) == phone.strip_channel(address):
        raise ForbiddenError("the sender is the contact's own address", friendly="This is your own number.")
    return sender


def _contact(contact_id: str, worker: str, address: str, directory: Directory) -> Contact | None:
    """Return the contact written to: the one named, else whoever has the address; a stranger is none."""
    if contact_id.strip():
        with suppress(NotFoundError):  # deleted, or merged into another: the address still identifies them
            contact = directory.get_visible(contact_id.strip(), worker)
            if directory.has_address(contact, address):
                return contact
    found = directory.find_by_address(address)
    if found and not directory.may_see(found, worker):
        raise ForbiddenError("the contact is not this worker's", friendly=NotFoundError.friendly)
    return found


def _channel(form: Form) -> str:
    channel = form.require_text("ChannelType").lower()
    if channel not in CHANNELS:
        raise BadRequestError(f"ChannelType should be one of {', '.join(CHANNELS)}")
    return channel


def _address(form: Form) -> str:
    address = form.require_text("ChannelValue")
    if form.get_text("ChannelType").strip().lower() != "chat" and not phone.is_address(address):
        raise BadRequestError("ChannelValue should be a number in E.164 form", friendly="This is no valid number.")
    return address
