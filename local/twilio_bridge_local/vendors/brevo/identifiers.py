"""What a contact can be found by, and each way of naming it; for contacts, lists and events.

https://developers.brevo.com/reference/update-contact (identifierType)
"""

from collections.abc import Mapping

from twilio_bridge_local.vendors.brevo import emails
from twilio_bridge_local.vendors.brevo.account import Account, Contact
from twilio_bridge_local.vendors.brevo.attributes import PHONES
from twilio_bridge_local.vendors.brevo.errors import invalid, not_found
from twilio_bridge_local.vendors.brevo.phones import digits_of

# Brevo's names in paths and events, in the order in which an event's are tried, and those in its metadata. That
# contact_id comes first is documented (https://developers.brevo.com/reference/create-event), the rest is not.
IDENTIFIER_TYPES: Mapping[str, str] = {
    "contact_id": "id",
    "email_id": "email",
    "ext_id": "ext_id",
    "phone_id": "SMS",
    "whatsapp_id": "WHATSAPP",
    "landline_number_id": "LANDLINE_NUMBER",
}
# Brevo documents "string" and no more; a text attribute's length is the smallest that it can be.
MAX_EXT_ID_LENGTH = 255


def sought(name: str, value: object) -> str | int:
    """The value as contacts are found by it; a BrevoError if it cannot be one."""
    return _id(value) if name == "id" else normal(name, value)


def normal(name: str, value: object) -> str:
    """The value of an identifier that people choose, as contacts have it; a BrevoError if it cannot be one."""
    if name == "email":
        return emails.checked(value)
    if name in PHONES:
        return digits_of(value)
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_EXT_ID_LENGTH or not value.isprintable():
        raise invalid(f"{name} is not valid")
    return value


def named(account: Account, identifier: str, identifier_type: str | None) -> Contact:
    """The contact that a path names; without a type it is an email or a number."""
    if identifier_type is None:
        identifier_type = "contact_id" if identifier.isdecimal() else "email_id"
    if identifier_type not in IDENTIFIER_TYPES:
        raise invalid("Invalid identifierType")
    name = IDENTIFIER_TYPES[identifier_type]
    contact = account.contact(name, sought(name, identifier))
    if contact is None:
        raise not_found("Contact")
    return contact


def resolved(account: Account, identifiers: Mapping[str, object]) -> Contact | None:
    """The contact that an event is about: contact_id wins, else the first that is somebody's."""
    given = {IDENTIFIER_TYPES[kind]: identifiers[kind] for kind in IDENTIFIER_TYPES if kind in identifiers}
    wanted = {name: sought(name, value) for name, value in given.items()}
    if "id" in wanted:
        return account.contact("id", wanted["id"])
    found = (account.contact(name, value) for name, value in wanted.items())
    return next((contact for contact in found if contact), None)


def _id(value: object) -> int:
    if isinstance(value, bool) or not str(value).isdecimal():
        raise invalid("Contact id is not valid")
    return int(str(value))
