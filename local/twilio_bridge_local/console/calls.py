"""Signed calls of every callback, ready to paste; used by `console`.

The parameters are what Frontline and Conversations send, filled from the sample data. Where a real vendor
takes a stand-in's place there is no sample customer or conversation to name, so calls that need one are
left out.
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

from twilio_bridge_local.credentials import SAMPLE_CONVERSATION_SID
from twilio_bridge_local.stack import Stack

WORKER = "jo@example.com"
CRM = "/callbacks/crm"


@dataclass(frozen=True)
class Call:
    """A form that Twilio would send to one of the callbacks."""

    title: str
    path: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class _Customer:
    record_id: str
    number: str


def sample_calls(stack: Stack) -> tuple[Call, ...]:
    """The calls whose routes the bundle has."""
    routes = {route.path for function in stack.bundle.functions for route in function.routes}
    return tuple(call for call in _calls(stack) if call.path in routes)


def signature(stack: Stack, call: Call) -> str:
    """X-Twilio-Signature of the call: https://www.twilio.com/docs/usage/security#validating-requests ."""
    # While a token is being rotated there are several, the one in force first.
    token = stack.environment.twilio.token.split(",")[0].strip()
    url = stack.public_url + call.path
    computed: str = RequestValidator(token).compute_signature(url, dict(call.parameters))
    return computed


def curl(stack: Stack, call: Call) -> str:
    """The call as a command for the shell."""
    header = f"X-Twilio-Signature: {signature(stack, call)}"
    arguments = ["curl", "-sS", stack.url + call.path, "-H", header, "-d", urlencode(call.parameters)]
    return " ".join(shlex.quote(argument) for argument in arguments)


def _calls(stack: Stack) -> Iterator[Call]:
    worker = {"Worker": WORKER}
    yield Call("The contacts of a worker", CRM, {"Location": "GetCustomersList", "PageSize": "30", **worker})
    customer = _customer(stack)
    if customer:
        yield from _about(customer, {**worker, "CustomerId": customer.record_id})
        if stack.stand_ins.twilio:
            yield from _inbound(stack, customer.number)


def _about(customer: _Customer, known: Mapping[str, str]) -> Iterator[Call]:
    yield Call("One contact", CRM, {"Location": "GetCustomerDetailsByCustomerId", **known})
    channel = {"ChannelType": "sms", "ChannelValue": customer.number}
    yield Call(
        "The sender for a new conversation",
        "/callbacks/outgoing-conversation",
        {"Location": "GetProxyAddress", **channel, **known},
    )
    templates = {"Location": "GetTemplatesByCustomerId", "ConversationSid": "CH" + 32 * "0"}
    yield Call("The templates for a contact", "/callbacks/templates", {**templates, **known})


def _inbound(stack: Stack, address: str) -> Iterator[Call]:
    account = stack.environment.twilio.account
    proxy = stack.environment.settings["TWILIO_SMS_NUMBER"]
    binding = {"MessagingBinding.Address": address, "MessagingBinding.ProxyAddress": proxy}
    yield Call(
        "The worker for a customer who writes first",
        "/callbacks/routing",
        {"ConversationSid": SAMPLE_CONVERSATION_SID, "State": "active", "Attributes": "{}", **binding},
    )
    event = {"EventType": "onConversationAdd", "AccountSid": account, "Source": "SMS", "State": "active"}
    yield Call(
        "The name of a new conversation",
        "/callbacks/twilio-conversations",
        {**event, "MessageBody": "Hello, are you open today?", **binding},
    )


def _customer(stack: Stack) -> _Customer | None:
    """The first one of the sample base."""
    if stack.stand_ins.airtable is None:
        return None
    base = stack.stand_ins.airtable.base
    table = base.table("Customers")
    for record in base.listed(table) if table else ():
        number = "".join(str(record.cells.get("sms", "")).split())
        if number:
            return _Customer(record.id, number)
    return None
