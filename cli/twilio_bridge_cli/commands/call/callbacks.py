"""The callbacks by name: where each is, how long Twilio waits for it, and what Twilio would send."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from twilio_bridge_cli.errors import CommandError

ALL_ZEROS: Final = 32 * "0"

# Names from the local stack's sample data, so that a call without options has an answer there.
# They never leave this machine: a call to any other address names its own worker and customer.
SAMPLE_ACCOUNT_SID: Final = "AC0000000000000000000000000000c0de"
SAMPLE_WORKER: Final = "jo@example.com"
SAMPLE_CUSTOMER_ID: Final = "reci0VpEBOWfbZAVa"
SAMPLE_ADDRESS: Final = "+447900000012"
SAMPLE_CONVERSATION_SID: Final = "CH5a1e0000000000000000000000000001"
SAMPLE_CHAT_SERVICE_SID: Final = "IS5a1e0000000000000000000000000001"
SAMPLE_PARTICIPANT_SID: Final = "MB5a1e0000000000000000000000000001"
SAMPLE_OUR_NUMBER: Final = "+15005550006"


@dataclass(frozen=True, slots=True)
class CallOptions:
    """The options of a call that stand for parameters; None where one is not given."""

    worker: str | None = None
    customer: str | None = None
    address: str | None = None
    location: str | None = None
    event: str | None = None
    query: str | None = None


@dataclass(frozen=True, slots=True)
class MissingParameter:
    """A parameter that has no default; the hint shows how to give it."""

    hint: str


Defaults = dict[str, str | MissingParameter]

WORKER: Final = MissingParameter("--worker jo@example.com")
CUSTOMER: Final = MissingParameter("--customer rec…")
ADDRESS: Final = MissingParameter("--address +447900000012")
CONVERSATION: Final = MissingParameter("ConversationSid=CH…")
PARTICIPANT: Final = MissingParameter("ParticipantSid=MB…")
CHANNELS: Final = MissingParameter("""'Channels=[{"type":"sms","value":"+447900000013"}]'""")
OUR_NUMBER: Final = MissingParameter("MessagingBinding.ProxyAddress=+15005550006")

LIST: Final = "GetCustomersList"
DETAILS: Final = "GetCustomerDetailsByCustomerId"
EVENTS: Final = ("onConversationAdd", "onConversationAdded", "onParticipantAdded", "onMessageAdd", "onMessageAdded")


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback. `options` names the parameter that each option stands for; "" is one that stands for several."""

    name: str
    limit_s: int
    options: Mapping[str, str]
    defaults: Callable[[CallOptions, bool], Defaults]

    @property
    def path(self) -> str:
        """The path below the base URL."""
        return f"/callbacks/{self.name}"


def find_callback(name: str) -> Callback:
    """Return a callback; raise CommandError, which names the nearest, where there is none."""
    if name in CALLBACKS:
        return CALLBACKS[name]
    nearest = difflib.get_close_matches(name.lower().replace("_", "-"), CALLBACKS, n=1, cutoff=0.4)
    meant = f"Did you mean {nearest[0]}?" if nearest else f"There are: {', '.join(CALLBACKS)}."
    raise CommandError(f"There is no callback {name!r}.", meant)


def fill_from_sample(options: CallOptions) -> CallOptions:
    """Fill what is not given from the local stack's sample data."""
    return replace(options, worker=options.worker or SAMPLE_WORKER, address=options.address or SAMPLE_ADDRESS)


def _crm(options: CallOptions, _local: bool) -> Defaults:
    """Return the list's parameters, a contact's where one is named, or those of --location."""
    location = options.location or (DETAILS if options.customer else LIST)
    about: dict[str, Defaults] = {
        LIST: {"PageSize": "30", **({"Query": options.query} if options.query is not None else {})},
        DETAILS: {"CustomerId": options.customer or CUSTOMER},
        "DeleteCustomer": {"CustomerId": options.customer or CUSTOMER},
        "CreateCustomer": {"DisplayName": MissingParameter("'DisplayName=Noor Haddad'"), "Channels": CHANNELS},
    }
    return {"Location": location, "Worker": options.worker or WORKER} | about.get(location, {})


def _outgoing_conversation(options: CallOptions, local: bool) -> Defaults:
    channel = "whatsapp" if (options.address or "").startswith("whatsapp:") else "sms"
    return {
        "Location": options.location or "GetProxyAddress",
        "Worker": options.worker or WORKER,
        "CustomerId": _customer(options, local),
        "ChannelType": channel,
        "ChannelValue": options.address or ADDRESS,
    }


def _templates(options: CallOptions, local: bool) -> Defaults:
    return {
        "Location": options.location or "GetTemplatesByCustomerId",
        "Worker": options.worker or WORKER,
        "CustomerId": _customer(options, local),
        "ConversationSid": "CH" + ALL_ZEROS,
    }


def _customer(options: CallOptions, local: bool) -> str | MissingParameter:
    return options.customer or (SAMPLE_CUSTOMER_ID if local else CUSTOMER)


def _conversation(local: bool) -> str | MissingParameter:
    return SAMPLE_CONVERSATION_SID if local else CONVERSATION


def _routing(options: CallOptions, local: bool) -> Defaults:
    return {
        "ConversationSid": _conversation(local),
        "FriendlyName": options.address or "",
        "UniqueName": "",
        "Attributes": "{}",
        "ConversationServiceSid": SAMPLE_CHAT_SERVICE_SID if local else "IS" + ALL_ZEROS,
        "State": "active",
        **_binding(options, local),
    }


def _twilio_conversations(options: CallOptions, local: bool) -> Defaults:
    """Return an event that the customer caused, except for onMessageAdd: there the worker writes."""
    event = options.event or EVENTS[0]
    by_customer: Defaults = {"Author": options.address or ADDRESS, "Body": "Hello, are you open today?"}
    by_worker: Defaults = {"Author": options.worker or WORKER, "Body": "Good morning, we are."}
    by_worker["ClientIdentity"] = by_worker["Author"]
    message: Defaults = {"ConversationSid": _conversation(local), "Attributes": "{}"}
    conversation: Defaults = {"Attributes": "{}", "State": "active", **_binding(options, local)}
    participant = SAMPLE_PARTICIPANT_SID if local else PARTICIPANT
    about: dict[str, Defaults] = {
        "onConversationAdd": {**conversation, "MessageBody": "Hello, are you open today?"},
        "onConversationAdded": {**conversation, "ConversationSid": _conversation(local)},
        "onParticipantAdded": {**message, **_binding(options, local), "ParticipantSid": participant},
        "onMessageAdd": {**message, **by_worker, "Source": "SDK"},
        "onMessageAdded": {**message, **by_customer, "MessageSid": "IM" + ALL_ZEROS, "Index": "0"},
    }
    source = "WHATSAPP" if (options.address or "").startswith("whatsapp:") else "SMS"
    return {
        "AccountSid": SAMPLE_ACCOUNT_SID if local else "AC" + ALL_ZEROS,
        "EventType": event,
        "Source": source,
    } | about.get(event, {})


def _binding(options: CallOptions, local: bool) -> Defaults:
    prefix = "whatsapp:" if (options.address or "").startswith("whatsapp:") else ""
    return {
        "MessagingBinding.Address": options.address or ADDRESS,
        "MessagingBinding.ProxyAddress": prefix + SAMPLE_OUR_NUMBER if local else OUR_NUMBER,
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
