"""The webhooks and address configurations of Conversations that Frontline needs, and what an account's lack.

https://www.twilio.com/docs/conversations/api/service-webhook-configuration-resource and
https://www.twilio.com/docs/conversations/api/address-configuration-resource
"""

from collections.abc import Iterable
from typing import Final

from twilio_bridge.status.ports import AddressConfiguration, Webhooks

PRE_FILTERS: Final = frozenset({"onConversationAdd", "onMessageAdd"})
POST_FILTERS: Final = frozenset({"onConversationAdded", "onParticipantAdded", "onMessageAdded"})
FILTERS: Final = PRE_FILTERS | POST_FILTERS
PATH: Final = "/callbacks/twilio-conversations"


def describe_webhooks(found: Webhooks, url: str) -> str:
    """Return what of the webhooks is not as we need it; empty where they call us for every event that we need."""
    elsewhere = [name for name, own in (("pre", found.pre_url), ("post", found.post_url)) if own != url]
    if elsewhere:
        return f"the {' and the '.join(elsewhere)}-event URL is not {url}"
    missing = sorted(FILTERS - found.filters)
    if missing:
        return f"the events {', '.join(missing)} are not chosen"
    return "" if found.method.upper() == "POST" else f"the method is {found.method}, not POST"


def is_foreign(found: Webhooks, url: str) -> bool:
    """Return whether a webhook is there that calls somebody else."""
    return any(each and each != url for each in (found.pre_url, found.post_url))


def find_address(configurations: Iterable[AddressConfiguration], address: str) -> AddressConfiguration | None:
    """Return the configuration of an address; WhatsApp's is compared with its prefix."""
    return next((each for each in configurations if each.address == address), None)


def describe_address(found: AddressConfiguration | None, service_sid: str) -> str:
    """Return what of an address is not as we need it; empty where an inbound message begins a conversation."""
    if found is None:
        return "has no configuration, so that an inbound message begins no conversation"
    auto = found.auto_creation
    if not auto.get("enabled"):
        return "does not autocreate conversations"
    service = str(auto.get("conversation_service_sid") or "")
    if service and service_sid and service != service_sid:
        return f"autocreates in the service {service}, not in the default one"
    kind = str(auto.get("type") or "default")
    return "" if kind == "default" else f"hands inbound messages to {kind}"
