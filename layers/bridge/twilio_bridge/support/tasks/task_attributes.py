"""Task attributes: what is kept of them, and what they show of the task; see `task_customer` for the customer.

They are kept flat, by dotted path, and only as far as something here asks for them. Which keys Flex itself writes, and
which Flex Insights reads, stands at https://www.twilio.com/docs/flex/developer/insights/enhance-integration.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from twilio_bridge import phone

Attributes = Mapping[str, Any]

# Where Flex, its webchat and the public callback plugin have who the customer is.
OF_THE_CUSTOMER = (
    "identity",
    "name",
    "friendly_name",
    "customerName",
    "email",
    "phone",
    "from",
    "to",
    "caller",
    "called",
    "outbound_to",
    "customerAddress",
    "callBackData.numberToCall",
    "customers.external_id",
    "customers.phone",
    "customers.email",
    "customers.name",
)
OF_THE_TASK = (
    "direction",
    "taskType",
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
        return [text[:MAX_TEXT_LENGTH] for text in value if isinstance(text, str)] or None
    return value if isinstance(value, int | float) else None


def read_text(attributes: Attributes, *names: str) -> str:
    """Return the first of these that is known, as text."""
    return next((str(attributes[name]) for name in names if name in attributes), "")


def read_direction(attributes: Attributes) -> str:
    """Return `inbound`, `outbound`, `internal` or another of Twilio's; a task without one is inbound."""
    return read_text(attributes, "direction", "conversations.direction").casefold() or "inbound"


def is_outbound(attributes: Attributes) -> bool:
    """Return whether the company contacts the customer."""
    return read_direction(attributes).startswith("outbound")


def read_channel(attributes: Attributes, task_channel: str) -> str:
    """Return the channel in one form; messaging tasks name theirs in the attributes, whatever the task channel."""
    named = read_text(attributes, "channelType").casefold()
    address = read_text(attributes, "customerAddress", "from")
    if not named and phone.is_whatsapp(address):
        named = "whatsapp"

    spelling = named or task_channel.casefold()
    return CHANNELS.get(spelling, spelling)
