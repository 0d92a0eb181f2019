"""What Twilio refuses: limits, formats, states, uniqueness; used by the actions before they publish.

Every check returns quietly or raises the catalogue's error. Limits:
https://www.twilio.com/docs/conversations/conversations-limits
"""

import json
import re
from typing import Final

from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.records import STATES, Binding, Conversation, Participant
from twilio_bridge_local.vendors.twilio.store import Store

KILOBYTE: Final = 1024
CONVERSATION_ATTRIBUTES: Final = 16 * KILOBYTE
OTHER_ATTRIBUTES: Final = 4 * KILOBYTE  # of a participant and of a message
NAME_LENGTH: Final = 256
WHATSAPP: Final = "whatsapp:"

_E164 = re.compile(r"\+[1-9]\d{6,14}")
# A WhatsApp user without a number: a country's two letters, a dot and an opaque id.
# https://www.twilio.com/en-us/changelog/whatsapp-bsuid-format-in-conversations-and-webhook-fields
_WHATSAPP_USER = re.compile(r"whatsapp:[A-Z]{2}(\.[A-Za-z0-9]+){1,2}")


def channel_of(address: str) -> str:
    """`whatsapp` or `sms`, as in a messaging binding."""
    return "whatsapp" if address.startswith(WHATSAPP) else "sms"


def is_address(text: str | None) -> bool:
    """Whether that is an E.164 number, with or without WhatsApp's prefix."""
    return bool(text) and _E164.fullmatch(str(text).removeprefix(WHATSAPP)) is not None


def is_customer_address(text: str | None) -> bool:
    """Whether a customer may have that address: a number, or a WhatsApp user's id in place of one."""
    return is_address(text) or _WHATSAPP_USER.fullmatch(text or "") is not None


def check_attributes(text: str, limit: int) -> None:
    """Attributes are JSON text of a limited size."""
    if len(text.encode()) > limit:
        raise refusal(50303, f"more than {limit} bytes")
    try:
        json.loads(text)
    except ValueError:
        raise refusal(50304) from None


def check_length(name: str, text: str | None) -> None:
    """Friendly names and identities have 256 characters at most."""
    if text is not None and len(text) > NAME_LENGTH:
        raise refusal(20001, f"{name} is longer than {NAME_LENGTH} characters")


def check_usable(conversation: Conversation) -> None:
    """A conversation that is initializing or closed cannot be changed or written in."""
    if conversation.state == "initializing":
        raise refusal(50386)
    if conversation.kept_state == "closed":
        raise refusal(50377)


def check_conversation(store: Store, draft: Conversation) -> None:
    """The values of a new or changed conversation."""
    check_length("FriendlyName", draft.friendly_name)
    check_length("UniqueName", draft.unique_name)
    check_attributes(draft.attributes, CONVERSATION_ATTRIBUTES)
    if draft.kept_state not in STATES:
        raise refusal(20001, f"State must be one of {', '.join(STATES)}")
    others = store.conversations_of(draft.chat_service_sid)
    if draft.unique_name and any(o.unique_name == draft.unique_name and o.sid != draft.sid for o in others):
        raise refusal(50353)


def check_binding(binding: Binding) -> None:
    """Both addresses are well-formed, different, and of one channel."""
    address, proxy = binding.pair
    if not is_customer_address(address):
        raise refusal(50407, str(address))
    if proxy is None:  # a native member of a group MMS conversation
        return
    if not proxy:
        raise refusal(50412)
    if not is_address(proxy):
        raise refusal(50408, proxy)
    if address == proxy:
        raise refusal(50409)
    if channel_of(str(address)) != channel_of(proxy):
        raise refusal(50414)


def check_participant(draft: Participant) -> None:
    """The values of a new or changed participant."""
    check_length("Identity", draft.identity)
    check_attributes(draft.attributes, OTHER_ATTRIBUTES)
    binding = draft.messaging_binding
    if not draft.identity and binding is None:
        raise refusal(20001, "Identity not provided")
    if binding is not None and (binding.address or not draft.identity):
        if draft.identity:
            raise refusal(20001, "Identity and MessagingBinding.Address exclude each other")
        check_binding(binding)


def check_unique_participant(store: Store, draft: Participant) -> None:
    """Nobody is in a conversation twice, and a pair of addresses is in one open conversation only."""
    there = store.participants_of(draft.conversation_sid)
    binding = draft.messaging_binding
    if draft.identity and any(other.identity == draft.identity for other in there):
        raise refusal(50437 if binding else 50433)
    bindings = [other.messaging_binding for other in there if other.messaging_binding]
    group = any(held.projected_address or not held.proxy_address for held in bindings)
    if group and draft.identity and binding is None:  # https://www.twilio.com/docs/api/errors/50434
        raise refusal(50434)
    if draft.identity or binding is None:
        return
    if any(held.pair == binding.pair for held in bindings) and (group or not binding.proxy_address):
        raise refusal(50437)
    holder = store.open_binding(binding) if binding.proxy_address else None
    if holder is not None:
        raise refusal(50416, f"in Conversation {holder.conversation_sid}")
