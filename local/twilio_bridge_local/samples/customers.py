"""Made-up customers of a contact centre, and Flex's task attributes of them on each channel.

All attributes of a customer fit each other: no two have an address in common, and none has
two of a kind. So whom events are about does not depend on the order they are read in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

# Numbers that Ofcom keeps for films: https://www.ofcom.org.uk/phones-and-broadband/phone-numbers/numbers-for-drama
NUMBERS = (
    "+447700900",
    "+441632960",
    "+442079460",
    *(f"+44{area}4960" for area in (113, 114, 115, 116, 117, 118, 121, 131, 141, 151, 161)),
)
A_RANGE = 1_000
MAX_CUSTOMERS_COUNT = A_RANGE * len(NUMBERS)
COMPANY, COMPANY_WHATSAPP = "+448081570001", "whatsapp:+448081570001"
FIRST = ("Amara", "Bruno", "Chiara", "Deniz", "Elif", "Femi", "Greta", "Hugo", "Ines", "Jakub", "Keiko", "Lars")
LAST = ("Okafor", "Silva", "Rossi", "Yilmaz", "Demir", "Adeyemi", "Lind", "Martin", "Costa", "Nowak", "Sato", "Berg")
TIERS = ("gold", "silver", "")
CHANNELS = ("voice", "voice", "voice", "webchat", "webchat", "whatsapp", "sms")


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody who asks for support; what is empty nobody knows. `identity` is theirs in web chats."""

    name: str
    phone: str
    email: str
    external_id: str
    identity: str
    tier: str

    @property
    def channels(self) -> tuple[str, ...]:
        """Return the channels they come by: without a number only the web, or a call that withholds it."""
        return CHANNELS if self.phone else ("voice", "webchat")


def customers(count: int, chance: Random) -> list[Customer]:
    """Make up so many customers, MAX_CUSTOMERS_COUNT at most."""
    if count > MAX_CUSTOMERS_COUNT:
        raise ValueError(f"there are numbers for {MAX_CUSTOMERS_COUNT:,} customers only")
    return [_customer(number, chance) for number in range(count)]


def _customer(number: int, chance: Random) -> Customer:
    name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
    phone = f"{NUMBERS[number // A_RANGE]}{number % A_RANGE:03}"
    mailbox = f"{name.replace(' ', '.').lower()}.{number}"
    is_known, withholds = chance.random() < 0.6, chance.random() < 0.1  # noqa: PLR2004  shares of all
    return Customer(
        name=name,
        phone="" if withholds else phone,
        email=f"{mailbox}@example.{chance.choice(('com', 'org', 'net'))}" if chance.random() < 0.8 else "",  # noqa: PLR2004
        external_id=f"crm-{number:05}" if is_known and not withholds else "",
        identity=f"visitor-{number:05}",
        tier=chance.choice(TIERS) if is_known else "",
    )


def attributes(customer: Customer, channel: str, conversation_sid: str) -> dict[str, Any]:
    """Return the attributes of a task of theirs on a channel, as Flex makes them."""
    attributes_of_task = _CHANNELS[channel](customer)
    if conversation_sid:
        attributes_of_task |= {"conversationSid": conversation_sid}
    # Whoever has a number on record is known by it; a chat that began with the form has the rest.
    known: Mapping[str, str] = {"external_id": customer.external_id, "phone": customer.phone, "email": customer.email}
    if customer.external_id:
        attributes_of_task["customers"] = {name: value for name, value in known.items() if value}
        attributes_of_task |= {"customer_tier": customer.tier} if customer.tier else {}
    return attributes_of_task


def _voice(customer: Customer) -> dict[str, Any]:
    caller = customer.phone or "anonymous"
    return {"direction": "inbound", "from": caller, "caller": caller, "to": COMPANY, "called": COMPANY}


def _callback(customer: Customer) -> dict[str, Any]:
    return {"direction": "outbound", "from": COMPANY, "to": customer.phone, "outbound_to": customer.phone}


def _sms(customer: Customer) -> dict[str, Any]:
    return {"direction": "inbound", "channelType": "sms", "customerAddress": customer.phone, "from": customer.phone}


def _whatsapp(customer: Customer) -> dict[str, Any]:
    address = f"whatsapp:{customer.phone}"
    return {"direction": "inbound", "channelType": "whatsapp", "customerAddress": address, "from": address}


def _webchat(customer: Customer) -> dict[str, Any]:
    attributes_of_task = {"channelType": "web", "identity": customer.identity, "customerAddress": customer.identity}
    form = {"name": customer.name, "email": customer.email} if customer.email else {}
    return {"direction": "inbound", **attributes_of_task, **form}


_CHANNELS = {"voice": _voice, "callback": _callback, "sms": _sms, "whatsapp": _whatsapp, "webchat": _webchat}
