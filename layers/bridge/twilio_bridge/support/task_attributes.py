"""Task attributes: what we keep of them, and what they say about the customer.

They are kept flat, by dotted path, and only as far as something here asks for them. Which keys Flex itself writes, and
which Flex Insights reads, stands at https://www.twilio.com/docs/flex/developer/insights/enhance-integration.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from twilio_bridge import phone

Attributes = Mapping[str, Any]

OF_THE_CUSTOMER = (
    "identity",
    "name",
    "friendly_name",
    "customerName",
    "email",
    "phone",
    "from",
    "to",
    "outbound_to",
    "customerAddress",
    "customers.external_id",
    "customers.phone",
    "customers.email",
    "customers.name",
)
OF_THE_TASK = (
    "direction",
    "channelType",
    "conversationSid",
    "isSurveyTask",
    "contactTaskId",
    "conversations.abandoned",
    "conversations.virtual",
    "conversations.kind",
    "conversations.conversation_id",
    "conversations.direction",
    "conversations.communication_channel",
    "conversations.queue",
)
# Where Flex itself has what brief names a customer's field by.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "identity": ("identity",),
    "friendly_name": ("friendly_name", "name", "customers.name", "customerName"),
    "email": ("customers.email", "email"),
}
CHANNELS = {
    "web": "webchat",
    "chat": "webchat",
    "webchat": "webchat",
    "web-chat": "webchat",
    "call": "voice",
    "phone": "voice",
    "voice": "voice",
    "sms": "sms",
    "mms": "sms",
    "whatsapp": "whatsapp",
}
MAX_TEXT_LENGTH = 500


def list_wanted_paths(field_mapping: Iterable[str], scores: Iterable[str]) -> frozenset[str]:
    """Return the paths that are kept: ours, those of the field mapping (of the customer, too), and a survey's."""
    mapped = [path.removeprefix("attributes.") for path in field_mapping]
    return frozenset((*OF_THE_CUSTOMER, *OF_THE_TASK, *mapped, *(f"customers.{path}" for path in mapped), *scores))


def select_wanted(attributes: Attributes, wanted: frozenset[str]) -> dict[str, Any]:
    """Return what is wanted of task attributes, flat; what is unknown (null, empty) is left out."""
    return {
        path: known for path, value in _flat(attributes, "") if path in wanted and (known := _cut(value)) is not None
    }


def _flat(attributes: Attributes, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in attributes.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _cut(value: object) -> object:
    """Keep what Brevo has a type for: text, number, truth, list of texts."""
    if isinstance(value, str):
        return value.strip()[:MAX_TEXT_LENGTH] or None
    if isinstance(value, list):
        return [read_text[:MAX_TEXT_LENGTH] for read_text in value if isinstance(read_text, str)] or None
    return value if isinstance(value, int | float) else None


def read_text(attributes: Attributes, *names: str) -> str:
    """Return the first of these that is known, as text."""
    return next((str(attributes[name]) for name in names if name in attributes), "")


def read_direction(attributes: Attributes) -> str:
    """Return `inbound`, `outbound` or another word of Twilio's; who says nothing called us."""
    return read_text(attributes, "direction", "conversations.direction").casefold() or "inbound"


def read_channel(attributes: Attributes, task_channel: str) -> str:
    """Return the channel in one form; messaging tasks name theirs in the attributes, whatever the task channel."""
    named = read_text(attributes, "channelType").casefold()
    address = read_text(attributes, "customerAddress", "from")
    if not named and phone.is_whatsapp(address):
        named = "whatsapp"
    spoken = named or task_channel.casefold()
    return CHANNELS.get(spoken, spoken)


def read_customer_phone(attributes: Attributes) -> str:
    """Return the customer's number in E.164, empty where none is told or it is hidden."""
    theirs = ("outbound_to", "to") if read_direction(attributes).startswith("outbound") else ("from",)
    told = (read_text(attributes, name) for name in ("customers.phone", "phone", "customerAddress", *theirs))
    numbers = (number for address in told if (number := phone.parse_number(address)))
    return next((number for number in numbers if not phone.is_hidden_caller(number)), "")


def read_fields(attributes: Attributes, field_mapping: Iterable[str]) -> dict[str, Any]:
    """Return the customer's mapped fields that are known, by their path as the mapping has it."""
    found = ((path, _field(attributes, path.removeprefix("attributes."))) for path in field_mapping)
    return {path: value for path, value in found if value not in (None, "")}


def _field(attributes: Attributes, path: str) -> object:
    if path == "phone":
        return read_customer_phone(attributes)
    places = (*FIELDS.get(path, ()), path, f"customers.{path}")
    return next((attributes[place] for place in places if place in attributes), None)


def read_keys(attributes: Attributes) -> Iterator[str]:
    """Return the keys a person is found by, the strongest first."""
    for sid in (read_text(attributes, "conversations.conversation_id"), read_text(attributes, "contactTaskId")):
        if sid.startswith("WT"):
            yield f"task#{sid}"
    if conversation := read_text(attributes, "conversationSid"):
        yield f"conversation#{conversation}"
    if external := read_text(attributes, "customers.external_id"):
        yield f"external#{external}"
    for email in (read_text(attributes, "customers.email"), read_text(attributes, "email")):
        if "@" in email:
            yield f"email#{email.casefold()}"
    if identity := _flex_identity(attributes):
        yield f"flex#{identity}"
    if number := read_customer_phone(attributes):
        yield f"phone#{number}"


def _flex_identity(attributes: Attributes) -> str:
    """Return who the customer is in a web chat, where it is more than a number."""
    identity = read_text(attributes, "identity", "customerAddress")
    return "" if phone.parse_number(identity) or "@" in identity else identity
