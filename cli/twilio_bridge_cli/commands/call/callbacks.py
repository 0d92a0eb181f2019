"""The callbacks by name: where each is, how long Twilio waits for it, and what Twilio would send."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from twilio_bridge_cli.commands.call import sample
from twilio_bridge_cli.errors import CommandError

ALL_ZEROS: Final = 32 * "0"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the operator said of a call in plain words; None where nothing was said."""

    worker: str | None = None
    customer: str | None = None
    address: str | None = None
    location: str | None = None
    event: str | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """A parameter nobody has given yet; the hint says how to."""

    hint: str


Defaults = dict[str, str | Missing]

WORKER: Final = Missing("--worker jo@example.com")
CUSTOMER: Final = Missing("--customer rec…")
ADDRESS: Final = Missing("--address +447900000012")
CONVERSATION: Final = Missing("ConversationSid=CH…")
PARTICIPANT: Final = Missing("ParticipantSid=MB…")
CHANNELS: Final = Missing("""'Channels=[{"type":"sms","value":"+447900000013"}]'""")
OUR_NUMBER: Final = Missing("MessagingBinding.ProxyAddress=+15005550006")

LIST: Final = "GetCustomersList"
DETAILS: Final = "GetCustomerDetailsByCustomerId"
EVENTS: Final = ("onConversationAdd", "onConversationAdded", "onParticipantAdded", "onMessageAdd", "onMessageAdded")


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback. `options` names the parameter that each option stands for; "" is one that stands for several."""

    name: str
    limit_s: int
    options: Mapping[str, str]
    defaults: Callable[[Wish, bool], Defaults]

    @property
    def path(self) -> str:
        """Where it is below the base URL."""
        return f"/callbacks/{self.name}"


def named(name: str) -> Callback:
    """Return a callback, or name the nearest."""
    if name in CALLBACKS:
        return CALLBACKS[name]
    nearest = difflib.get_close_matches(name.lower().replace("_", "-"), CALLBACKS, n=1, cutoff=0.4)
    meant = f"Did you mean {nearest[0]}?" if nearest else f"There are: {', '.join(CALLBACKS)}."
    raise CommandError(f"There is no callback {name!r}.", meant)


def with_sample(wish: Wish) -> Wish:
    """Fill what was not said from the local stack's sample data."""
    return replace(wish, worker=wish.worker or sample.WORKER, address=wish.address or sample.ADDRESS)


def _crm(wish: Wish, _local: bool) -> Defaults:
    """Ask for the list, for the contact where one is named, or for what --location says."""
    location = wish.location or (DETAILS if wish.customer else LIST)
    about: dict[str, Defaults] = {
        LIST: {"PageSize": "30", **({"Query": wish.query} if wish.query is not None else {})},
        DETAILS: {"CustomerId": wish.customer or CUSTOMER},
        "DeleteCustomer": {"CustomerId": wish.customer or CUSTOMER},
        "CreateCustomer": {"DisplayName": Missing("'DisplayName=Noor Haddad'"), "Channels": CHANNELS},
    }
    return {"Location": location, "Worker": wish.worker or WORKER} | about.get(location, {})


def _outgoing_conversation(wish: Wish, local: bool) -> Defaults:
    channel = "whatsapp" if (wish.address or "").startswith("whatsapp:") else "sms"
    return {
        "Location": wish.location or "GetProxyAddress",
        "Worker": wish.worker or WORKER,
        "CustomerId": _customer(wish, local),
        "ChannelType": channel,
        "ChannelValue": wish.address or ADDRESS,
    }


def _templates(wish: Wish, local: bool) -> Defaults:
    return {
        "Location": wish.location or "GetTemplatesByCustomerId",
        "Worker": wish.worker or WORKER,
        "CustomerId": _customer(wish, local),
        "ConversationSid": "CH" + ALL_ZEROS,
    }


def _customer(wish: Wish, local: bool) -> str | Missing:
    return wish.customer or (sample.CUSTOMER_ID if local else CUSTOMER)


def _conversation(local: bool) -> str | Missing:
    return sample.CONVERSATION_SID if local else CONVERSATION


def _routing(wish: Wish, local: bool) -> Defaults:
    return {
        "ConversationSid": _conversation(local),
        "FriendlyName": wish.address or "",
        "UniqueName": "",
        "Attributes": "{}",
        "ConversationServiceSid": "IS" + ALL_ZEROS,
        "State": "active",
        **_binding(wish, local),
    }


def _twilio_conversations(wish: Wish, local: bool) -> Defaults:
    """Tell of an event that the customer caused, except for onMessageAdd: there the worker writes."""
    event = wish.event or EVENTS[0]
    by_customer: Defaults = {"Author": wish.address or ADDRESS, "Body": "Hello, are you open today?"}
    by_worker: Defaults = {"Author": wish.worker or WORKER, "Body": "Good morning, we are."}
    by_worker["ClientIdentity"] = by_worker["Author"]
    message: Defaults = {"ConversationSid": _conversation(local), "Attributes": "{}"}
    conversation: Defaults = {"Attributes": "{}", "State": "active", **_binding(wish, local)}
    participant = sample.PARTICIPANT_SID if local else PARTICIPANT
    about: dict[str, Defaults] = {
        "onConversationAdd": {**conversation, "MessageBody": "Hello, are you open today?"},
        "onConversationAdded": {**conversation, "ConversationSid": _conversation(local)},
        "onParticipantAdded": {**message, **_binding(wish, local), "ParticipantSid": participant},
        "onMessageAdd": {**message, **by_worker, "Source": "SDK"},
        "onMessageAdded": {**message, **by_customer, "MessageSid": "IM" + ALL_ZEROS, "Index": "0"},
    }
    source = "WHATSAPP" if (wish.address or "").startswith("whatsapp:") else "SMS"
    return {
        "AccountSid": sample.ACCOUNT_SID if local else "AC" + ALL_ZEROS,
        "EventType": event,
        "Source": source,
    } | about.get(event, {})


def _binding(wish: Wish, local: bool) -> Defaults:
    prefix = "whatsapp:" if (wish.address or "").startswith("whatsapp:") else ""
    return {
        "MessagingBinding.Address": wish.address or ADDRESS,
        "MessagingBinding.ProxyAddress": prefix + sample.OUR_NUMBER if local else OUR_NUMBER,
    }


_PERSON: Final = {"worker": "Worker", "customer": "CustomerId", "location": "Location"}
CALLBACKS: Final[Mapping[str, Callback]] = {
    callback.name: callback
    for callback in (
        Callback("crm", 6, _PERSON | {"query": "Query"}, _crm),
        Callback("outgoing-conversation", 6, _PERSON | {"address": "ChannelValue"}, _outgoing_conversation),
        Callback("routing", 10, {"address": "MessagingBinding.Address"}, _routing),
        Callback("templates", 6, _PERSON, _templates),
        Callback("twilio-conversations", 5, {"event": "EventType", "worker": "", "address": ""}, _twilio_conversations),
    )
}
