"""One day in a worker's life with Frontline; for the demonstration.

Each step is a real signed callback, or something a person does that makes the Twilio stand-in send callbacks. With a
real vendor nothing is played that would change somebody's data.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import requests

from twilio_bridge_local.console.calls import WORKER, Call, signature
from twilio_bridge_local.demo.steps import PATIENCE_S, Step, patiently
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.vendors.twilio.people import Contact, Outcome
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

NAME = "Amara Okafor"
NUMBER = "+447900000012"

BLOCKED = 451


def scenario(stack: Stack) -> Iterator[Step]:
    """Look at contacts, write, be written to, receive a STOP."""
    worker = os.environ.get("DEMO_WORKER", WORKER)
    contacts = _ask(stack, "crm", Location="GetCustomersList", Worker=worker, PageSize="30")
    listed = contacts.get("objects", {}).get("customers", [])
    yield Step(f"{worker} opens Frontline and sees their contacts", _names(listed), len(listed) > 0)
    if not listed:
        return
    wanted = next((c for c in listed if c["display_name"] == NAME), listed[0])
    yield from _looking(stack, worker, wanted)
    if stack.stand_ins.twilio and stack.stand_ins.airtable:
        yield from _talking(stack, stack.stand_ins.twilio, worker, wanted["customer_id"])


def _looking(stack: Stack, worker: str, wanted: dict[str, Any]) -> Iterator[Step]:
    known = {"Worker": worker, "CustomerId": wanted["customer_id"]}
    details = _ask(stack, "crm", Location="GetCustomerDetailsByCustomerId", **known).get("objects", {})
    shown = details.get("customer", {})
    yield Step(f"picks {wanted['display_name']} and sees the details", shown, shown.get("links") is not None)
    query = wanted["display_name"].upper().split()[-1]
    found = patiently(lambda: _search(stack, worker, query), lambda hits: wanted["customer_id"] in hits)
    yield Step(f"searches for {query}", found, wanted["customer_id"] in found)
    templates = _ask(stack, "templates", Location="GetTemplatesByCustomerId", ConversationSid="CH" + "0" * 32, **known)
    text = json.dumps(templates, ensure_ascii=False)
    yield Step("opens the templates: every one is filled in", templates, "display_name" in text and "{{" not in text)
    other = _ask(stack, "crm", Location="GetCustomerDetailsByCustomerId", **{**known, "Worker": "eve@example.com"})
    yield Step("somebody else cannot open this contact", other, "friendly_error_message" in other)


def _talking(stack: Stack, twilio: TwilioStandIn, worker: str, customer_id: str) -> Iterator[Step]:
    amara = Contact(customer_id, "sms", NUMBER, NAME)
    opened = twilio.open(worker, amara)
    yield Step("writes first and gets the right sender", opened, opened.refused is None)
    sent = twilio.send(opened.conversation_sid or "", worker, "Hello Amara, your frames are here.")
    yield Step("sends a message", sent, sent.refused is None and len(twilio.delivered) == 1)
    whatsapp = stack.environment.settings["TWILIO_WHATSAPP_NUMBER"]
    inbound = twilio.receive(f"whatsapp:{NUMBER}", whatsapp, "Hi, are you open on Saturday?")
    yield Step(f"{NAME} writes on WhatsApp: routed to {worker}", inbound, inbound.routed is True)
    there = _conversation(stack, inbound)
    yield Step("the conversation has a name and a worker", there, there == {"name": NAME, "workers": [worker]})
    yield from _stopping(stack, twilio, worker, amara, inbound)


def _stopping(stack: Stack, twilio: TwilioStandIn, worker: str, amara: Contact, inbound: Outcome) -> Iterator[Step]:
    whatsapp = stack.environment.settings["TWILIO_WHATSAPP_NUMBER"]
    conversation = inbound.conversation_sid or ""
    stopped = twilio.receive(f"whatsapp:{NUMBER}", whatsapp, "Stop")
    yield Step(f"{NAME} writes STOP", stopped, stopped.refused is None)
    blocked = twilio.send(conversation, worker, "Are you sure?")
    yield Step(
        "the next message to them is blocked",
        blocked,
        blocked.refused is not None and blocked.refused.status == BLOCKED,
    )
    asked = {"Worker": worker, "CustomerId": amara.customer_id, "ChannelType": "sms", "ChannelValue": NUMBER}
    refused = _ask(stack, "outgoing-conversation", Location="GetProxyAddress", **asked)
    yield Step("and no new conversation begins", refused, "opted out" in refused.get("friendly_error_message", ""))
    ticked = patiently(lambda: opt_out(stack), bool)
    yield Step("Airtable shows it", {"opt_out": ticked}, ticked)
    twilio.receive(f"whatsapp:{NUMBER}", whatsapp, "START")
    again = twilio.send(conversation, worker, "Welcome back!")
    yield Step(f"{NAME} writes START, and messages reach them again", again, again.refused is None)


def _ask(stack: Stack, callback: str, **parameters: str) -> Any:  # noqa: ANN401  whatever the callback answers
    call = Call(callback, f"/callbacks/{callback}", parameters)
    headers = {"X-Twilio-Signature": signature(stack, call)}
    return requests.post(stack.url + call.path, data=parameters, headers=headers, timeout=PATIENCE_S).json()


def _search(stack: Stack, worker: str, query: str) -> dict[str, str]:
    answer = _ask(stack, "crm", Location="GetCustomersList", Worker=worker, PageSize="30", Query=query)
    return {found["customer_id"]: found["display_name"] for found in answer.get("objects", {}).get("customers", [])}


def _conversation(stack: Stack, inbound: Outcome) -> dict[str, object]:
    twilio = stack.environment.twilio
    url = f"{twilio.endpoint_url}/conversations/v1/Conversations/{inbound.conversation_sid}"
    login = (twilio.account, twilio.token)
    there = requests.get(url, auth=login, timeout=PATIENCE_S).json()
    people = requests.get(f"{url}/Participants", auth=login, timeout=PATIENCE_S).json()["participants"]
    return {"name": there["friendly_name"], "workers": [p["identity"] for p in people if p["identity"]]}


def opt_out(stack: Stack) -> bool:
    """Look into the base itself: asking Airtable over and over would use up its limit."""
    base = stack.stand_ins.airtable and stack.stand_ins.airtable.base
    table = base.table("Customers") if base else None
    records = base.listed(table) if base and table else ()
    return any(record.cells.get("opt_out") is True for record in records if record.cells.get("name") == NAME)


def _names(listed: list[dict[str, str]]) -> list[str]:
    return [customer["display_name"] for customer in listed]
