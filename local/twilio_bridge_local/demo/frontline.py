"""One day in a worker's life with Frontline; for the demonstration.

Each step is a real signed callback, or something a person does that makes the Twilio stand-in send callbacks. With a
real vendor nothing is played that would change somebody's data.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.adapters.state.opt_outs import DynamoOptOuts
from twilio_bridge_local.console.calls import WORKER, Call, signature
from twilio_bridge_local.demo.steps import PATIENCE_S, Step, patiently
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.vendors.airtable.store import Record
from twilio_bridge_local.vendors.twilio.people import Contact, Outcome
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

NAME = "Amara Okafor"
NUMBER = "+447900000012"

EMAIL = "amara.okafor@example.org"
HELLO = "Hello Amara, your frames are here."
STRANGER = "eve@example.com"
PAGE_SIZE = 30
OK, FORBIDDEN, NOT_FOUND, BLOCKED = 200, 403, 404, 451

Reply = tuple[int, Any]
"""A callback's status and its JSON."""


def scenario(stack: Stack) -> Iterator[Step]:
    """Look at contacts, write, be written to, receive a STOP."""
    worker = os.environ.get("DEMO_WORKER", WORKER)
    asked = {"Location": "GetCustomersList", "Worker": worker, "PageSize": str(PAGE_SIZE)}
    # The first call of all may find a busy machine still starting, and be asked to try again.
    status, body = patiently(lambda: _ask(stack, "crm", **asked), lambda reply: reply[0] == OK)
    listed = _customers(body)
    right = status == OK and len(listed) > 0 and _are_all_of(stack, worker, listed)
    yield Step(f"{worker} opens Frontline and sees their contacts", list(listed.values()), right)
    if not listed:
        return

    wanted = next((contact_id for contact_id, name in listed.items() if name == NAME), next(iter(listed)))
    yield from _look(stack, worker, wanted, listed[wanted])
    if stack.stand_ins.twilio and stack.stand_ins.airtable:
        yield from _talk(stack, stack.stand_ins.twilio, worker, wanted)


def _look(stack: Stack, worker: str, wanted: str, name: str) -> Iterator[Step]:
    known = {"Worker": worker, "CustomerId": wanted}
    status, body = _ask(stack, "crm", Location="GetCustomerDetailsByCustomerId", **known)
    shown = body.get("objects", {}).get("customer", {})
    yield Step(f"picks {name} and sees the details", shown, status == OK and _is_whole(stack, shown, name))

    patiently(lambda: _is_loaded(stack), bool)  # before, a search would be refused: the contacts are loading
    query = name.upper().split()[-1]
    found = patiently(lambda: _search(stack, worker, query), lambda hits: wanted in hits)
    right = wanted in found and all(query.casefold() in each.casefold() for each in found.values())
    yield Step(f"searches for {query}", found, right)

    conversation = {"ConversationSid": "CH" + "0" * 32}
    status, templates = _ask(stack, "templates", Location="GetTemplatesByCustomerId", **conversation, **known)
    right = status == OK and _are_filled_in(templates, name)
    yield Step("opens the templates: every one is filled in", templates, right)

    status, other = _ask(stack, "crm", Location="GetCustomerDetailsByCustomerId", **{**known, "Worker": STRANGER})
    right = status == NOT_FOUND and other.keys() == {"friendly_error_message"}
    yield Step("somebody else cannot open this contact", {"status": status, **other}, right)


def _talk(stack: Stack, twilio: TwilioStandIn, worker: str, customer_id: str) -> Iterator[Step]:
    ours = stack.environment.settings["TWILIO_SMS_NUMBER"]
    amara = Contact(customer_id, "sms", NUMBER, NAME)
    opened = twilio.open(worker, amara)
    sender = _sender(twilio, opened)
    yield Step("writes first and gets the right sender", {"sender": sender, "refused": opened.refused}, sender == ours)

    sent = twilio.send(opened.conversation_sid or "", worker, HELLO)
    arrived = [{"to": each.address, "from": each.proxy, "body": each.body} for each in twilio.delivered]
    right = sent.refused is None and arrived == [{"to": NUMBER, "from": ours, "body": HELLO}]
    yield Step("sends a message", arrived, right)

    whatsapp = stack.environment.settings["TWILIO_WHATSAPP_NUMBER"]
    inbound = twilio.receive(f"whatsapp:{NUMBER}", whatsapp, "Hi, are you open on Saturday?")
    yield Step(f"{NAME} writes on WhatsApp: routed to {worker}", inbound, inbound.routed is True)
    there = _conversation(stack, inbound)
    yield Step("the conversation has a name and a worker", there, there == {"name": NAME, "workers": [worker]})
    yield from _stop(stack, twilio, worker, amara, inbound)


def _stop(stack: Stack, twilio: TwilioStandIn, worker: str, amara: Contact, inbound: Outcome) -> Iterator[Step]:
    whatsapp = stack.environment.settings["TWILIO_WHATSAPP_NUMBER"]
    conversation, before = inbound.conversation_sid or "", len(twilio.delivered)
    stopped = twilio.receive(f"whatsapp:{NUMBER}", whatsapp, "Stop")
    is_stored = _is_opted_out(stack)
    yield Step(f"{NAME} writes STOP", {"stored": is_stored}, stopped.refused is None and is_stored)

    blocked = twilio.send(conversation, worker, "Are you sure?")
    status = blocked.refused.status if blocked.refused else OK
    right = status == BLOCKED and len(twilio.delivered) == before
    yield Step("the next message to them is blocked", blocked, right)

    asked = {"Worker": worker, "CustomerId": amara.customer_id, "ChannelType": "sms", "ChannelValue": NUMBER}
    status, refused = _ask(stack, "outgoing-conversation", Location="GetProxyAddress", **asked)
    right = status == FORBIDDEN and "opted out" in refused.get("friendly_error_message", "")
    yield Step("and no new conversation begins", {"status": status, **refused}, right)

    ticked = patiently(lambda: opt_out(stack), bool)
    yield Step("Airtable shows it", {"opt_out": ticked}, ticked)

    twilio.receive(f"whatsapp:{NUMBER}", whatsapp, "START")
    again = twilio.send(conversation, worker, "Welcome back!")
    right = again.refused is None and len(twilio.delivered) == before + 1
    yield Step(f"{NAME} writes START, and messages reach them again", again, right)


def _ask(stack: Stack, callback: str, **parameters: str) -> Reply:
    call = Call(callback, f"/callbacks/{callback}", parameters)
    headers = {"X-Twilio-Signature": signature(stack, call)}
    answer = requests.post(stack.url + call.path, data=parameters, headers=headers, timeout=PATIENCE_S)
    return answer.status_code, answer.json()


def _customers(body: Any) -> dict[str, str]:  # noqa: ANN401  whatever the callback answers
    listed = body.get("objects", {}).get("customers", [])
    return {each["customer_id"]: each["display_name"] for each in listed}


def _are_all_of(stack: Stack, worker: str, listed: Mapping[str, str]) -> bool:
    """Return whether these are a worker's contacts, as many as fit on a page; a real base is not compared."""
    records = _records(stack)
    own = {record.id: record.cells["name"] for record in records if record.cells.get("owner") == worker}
    return not records or (listed.items() <= own.items() and len(listed) == min(len(own), PAGE_SIZE))


def _is_whole(stack: Stack, shown: Mapping[str, Any], name: str) -> bool:
    """Return whether a contact has its name, channels and links; of the sample's, which ones is known."""
    channels = {each["value"] for each in shown.get("channels", [])}
    links = {each["value"] for each in shown.get("links", [])}
    if not stack.stand_ins.airtable:
        return shown.get("display_name") == name and len(links) > 0
    notes = shown.get("details", {}).get("content")
    addresses = {NUMBER, f"whatsapp:{NUMBER}"}
    return (shown.get("display_name"), channels) == (name, addresses) and f"mailto:{EMAIL}" in links and bool(notes)


def _are_filled_in(templates: Any, name: str) -> bool:  # noqa: ANN401  as above
    """Return whether each category has a name and texts, none with a placeholder, and one the person's name."""
    texts = [[each["content"] for each in category["templates"]] for category in templates if category["display_name"]]
    every = [text for several in texts for text in several]
    return len(texts) == len(templates) > 0 and all(texts) and "{{" not in "".join(every) and name in "".join(every)


def _sender(twilio: TwilioStandIn, opened: Outcome) -> str | None:
    """Return the number that the customer sees; None where there is no such conversation."""
    people = twilio.store.participants_of(opened.conversation_sid or "")
    return next((each.messaging_binding.proxy_address for each in people if each.messaging_binding), None)


def _search(stack: Stack, worker: str, query: str) -> dict[str, str]:
    asked = {"Location": "GetCustomersList", "Worker": worker, "PageSize": str(PAGE_SIZE), "Query": query}
    return _customers(_ask(stack, "crm", **asked)[1])


def _is_loaded(stack: Stack) -> bool:
    """Return whether the cache holds all contacts."""
    cache = Table(stack.client("dynamodb"), "ContactCache")
    return DynamoContactCache(cache, for_everybody=False).read_state().loaded_at is not None


def _conversation(stack: Stack, inbound: Outcome) -> dict[str, object]:
    twilio = stack.environment.twilio
    url = f"{twilio.endpoint_url}/conversations/v1/Conversations/{inbound.conversation_sid}"
    login = (twilio.account, twilio.token)
    there = requests.get(url, auth=login, timeout=PATIENCE_S).json()
    people = requests.get(f"{url}/Participants", auth=login, timeout=PATIENCE_S).json()["participants"]
    return {"name": there["friendly_name"], "workers": [p["identity"] for p in people if p["identity"]]}


def _is_opted_out(stack: Stack) -> bool:
    found = DynamoOptOuts(Table(stack.client("dynamodb"), "SyncState")).find_requests([NUMBER])
    return any(request.out for request in found)


def opt_out(stack: Stack) -> bool:
    """Return whether Airtable shows the opt-out; asking its API over and over would use up its limit."""
    return any(record.cells.get("opt_out") is True for record in _records(stack) if record.cells.get("name") == NAME)


def _records(stack: Stack) -> Sequence[Record]:
    """Return what the sample base holds; nothing where the base is a real one."""
    base = stack.stand_ins.airtable and stack.stand_ins.airtable.base
    table = base.table("Customers") if base else None
    return base.listed(table) if base and table else ()
