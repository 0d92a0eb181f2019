"""People, phones and failures as they really are, through the running stack: owners' cells, groups, STOP, 429, keys."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
import requests

from tests.integration.callbacks.conftest import WORKER, Deployment, add_to_secret, start_over
from tests.integration.waiting import patiently
from twilio_bridge.entrypoints.twilio_signature import HMAC_SHA256, sign
from twilio_bridge_local.vendors.faults import Faults
from twilio_bridge_local.vendors.twilio.people import Outcome
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

OURS = "+15005550006"
KEY_ID, KEY_SECRET = "webhooks_sharedkey_01", "b25lIHNoYXJlZCBrZXk="
DEFAULT, LEFT, SEEN = "mei@example.com", "klara@example.com", "Pat@Example.com"
OWNERS = {
    "+447700900001": "Jo@Example.com",
    "+447700900002": "Unassigned",
    "+447700900003": "Jo Smith",
    "+447700900004": "rec00000000000009",
    "+447700900005": LEFT,
    "+447700900006": "pat@example.com",
    "+447700900007": WORKER,
    "+447700900008": WORKER,
    "+447700900009": WORKER,
}
NAMES = {"+447700900001": "\u0141ukasz O\u2019Neil", "+447700900009": "S\u00f8ren"}
CUSTOMERS = [
    {"name": NAMES.get(number, f"Ann {number[-1]}"), "sms": number, "owner": owner, "opt_out": number[-1] == "8"}
    for number, owner in OWNERS.items()
]
TEMPLATES = [
    {"category": "Hello", "text": "Hi {{display\\_name}}, {{customer_id}} {{id}}"},
    {"category": "Hello", "text": "Hi {{name}} of {{nobody}}"},
]
CONFIG = f"routing: {{chain: [owner, default], default_worker: {DEFAULT}}}"


@pytest.fixture(scope="module")
def deployed(running: Deployment) -> Deployment:
    """One base for all: each test has its own customer."""
    start_over(running, CUSTOMERS, CONFIG, templates=TEMPLATES)
    add_to_secret(running.stack, "twilio", {"TWILIO_SHARED_KEYS": f"{KEY_ID}={KEY_SECRET}"})
    running.load()
    user = running.twilio.store.user(LEFT)
    running.twilio.store.users[user.sid] = replace(user, state="deactivated")
    return running


@pytest.fixture(autouse=True)
def no_faults(deployed: Deployment) -> None:
    deployed.twilio.faults = Faults()
    deployed.twilio.inbound_service_sid, deployed.twilio.shared_key = "", None


def workers_in(deployed: Deployment, outcome: Outcome) -> list[str | None]:
    there = deployed.twilio.store.participants_of(str(outcome.conversation_sid))
    return [found.identity for found in there if found.identity]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+447700900001", WORKER),
        ("+447700900002", DEFAULT),
        ("+447700900003", DEFAULT),
        ("+447700900004", DEFAULT),
        ("+447700900005", DEFAULT),
        ("+447700900099", DEFAULT),
    ],
)
def test_the_customer_reaches_somebody(deployed: Deployment, number: str, expected: str) -> None:
    """An owner's cell that names no worker is passed over; one that names one is read in whatever case."""
    outcome = deployed.twilio.receive(number, OURS, "Hello")

    assert (True, None) == (outcome.routed, outcome.refused)
    assert [expected] == workers_in(deployed, outcome)


def test_a_worker_is_known_once_they_used_the_app(deployed: Deployment) -> None:
    """Twilio knows no user of this identity; a signed request named them, in their own spelling."""
    parameters = {"Location": "GetCustomersList", "PageSize": "30"}
    for _ in range(3):
        deployed.ask("crm", Worker=SEEN, **parameters)

    assert [SEEN] == workers_in(deployed, deployed.twilio.receive("+447700900006", OURS, "Hello"))
    key = {"pk": {"S": "workers"}, "sk": {"S": "seen"}}
    item = deployed.stack.client("dynamodb").get_item(TableName="SyncState", Key=key)["Item"]
    assert f"worker#{SEEN}" in item


def test_a_group(deployed: Deployment) -> None:
    """The worker is projected by our number."""
    outcome = deployed.twilio.receive_in_group("+447700900007", ["+15555550102"], OURS, "Hello all")

    assert (True, None) == (outcome.routed, outcome.refused)
    there = deployed.twilio.store.participants_of(str(outcome.conversation_sid))
    [worker] = [found for found in there if found.identity]
    assert worker.messaging_binding
    assert (WORKER, OURS) == (worker.identity, worker.messaging_binding.projected_address)


def test_a_service_of_its_own(deployed: Deployment) -> None:
    """Participants are read and added there, and messages to somebody who opted out are blocked there."""
    store = deployed.twilio.store
    service = deployed.twilio.inbound_service_sid = store.add_service()
    store.service_webhooks[service] = store.account_webhooks
    outcome = deployed.twilio.receive("+447700900008", f"{OURS[:-1]}8", "Hello")
    assert (True, [WORKER]) == (outcome.routed, workers_in(deployed, outcome))
    sent = deployed.twilio.send(str(outcome.conversation_sid), WORKER, "Hi")
    assert sent.refused
    assert 451 == sent.refused.status
    [customer] = [found for found in store.participants_of(str(outcome.conversation_sid)) if not found.identity]
    assert "Ann 8" == json.loads(customer.attributes)["display_name"]


def test_the_companys_own_tick_stays(deployed: Deployment) -> None:
    """START and "Yes" lift what STOP has set, and no more."""
    number = "+447700900008"
    for word in ("START", "Yes"):
        deployed.twilio.receive(number, OURS, word)
    assert _is_ticked(deployed, number)
    for word, expected in (("\u201cStop\u201d \U0001f64f", True), ("START", False)):
        deployed.twilio.receive("+447700900007", OURS, word)
        ticked = patiently(lambda: _is_ticked(deployed, "+447700900007"), lambda found: found is expected, seconds=5)  # noqa: B023
        assert expected is ticked


def _is_ticked(deployed: Deployment, number: str) -> bool:
    table = deployed.airtable.base.table("Customers")
    assert table
    [record] = [found for found in deployed.airtable.base.listed(table) if found.cells.get("sms") == number]
    return bool(record.cells.get("opt_out"))


def test_a_whatsapp_user_without_a_number(deployed: Deployment) -> None:
    """They reach somebody, their STOP holds, and their own messages pass."""
    address, proxy = "whatsapp:US.ABC123XYZ", f"whatsapp:{OURS}"
    outcome = deployed.twilio.receive(address, proxy, "Hello")
    assert (True, [DEFAULT]) == (outcome.routed, workers_in(deployed, outcome))
    assert deployed.twilio.send(str(outcome.conversation_sid), DEFAULT, "Hi").refused is None
    assert deployed.twilio.receive(address, proxy, "opt out").refused is None

    sent = deployed.twilio.send(str(outcome.conversation_sid), DEFAULT, "Hi again")
    assert sent.refused
    assert 451 == sent.refused.status
    assert deployed.twilio.receive(address, proxy, "hello?").refused is None


@pytest.mark.parametrize("retry_after_s", [None, 1])
def test_one_429_loses_nothing(deployed: Deployment, retry_after_s: int | None) -> None:
    """Neither the routing nor a message that has to be blocked."""
    twilio, number = deployed.twilio, f"+1555555020{retry_after_s or 0}"
    twilio.retry_after_s = retry_after_s
    twilio.faults = Faults(status=429, times=1, only=("GET /conversations", "POST /conversations"))
    outcome = twilio.receive(number, OURS, "Hello")
    assert (True, [DEFAULT]) == (outcome.routed, workers_in(deployed, outcome))
    twilio.receive(number, OURS, "STOP")
    twilio.faults = Faults(status=429, times=1, only=("GET /conversations",))
    sent = twilio.send(str(outcome.conversation_sid), DEFAULT, "Hi")
    assert sent.refused
    assert 451 == sent.refused.status


@pytest.mark.parametrize("fault", [Faults(silent=True), Faults(status=503), Faults(status=403)])
def test_nobody_says_who_is_a_user(deployed: Deployment, fault: Faults) -> None:
    """Within Frontline's 10 s somebody known has the conversation; an owner that is spelled as one has theirs."""
    deployed.twilio.faults = replace(fault, only=("/frontline-api", "GET /conversations/v1/Users"))
    outcome = deployed.twilio.receive("+447700900003", f"+1500555{fault.status or 0:04}", "Hello")
    assert (True, [DEFAULT]) == (outcome.routed, workers_in(deployed, outcome))
    outcome = deployed.twilio.receive("+447700900009", f"+1500555{fault.status or 0:04}", "Hello")
    assert (True, [WORKER]) == (outcome.routed, workers_in(deployed, outcome))


def test_a_connection_that_is_refused_for_a_moment(deployed: Deployment) -> None:
    """Nothing was sent, so it is sent again: the customer reaches somebody, the opted-out one no message."""
    number = "+15555550205"
    with _away_for(deployed.twilio, 1.0):
        outcome = deployed.twilio.receive(number, OURS, "Hello")
    assert (True, [DEFAULT]) == (outcome.routed, workers_in(deployed, outcome))
    deployed.twilio.receive(number, OURS, "STOP")
    with _away_for(deployed.twilio, 0.7):
        sent = deployed.twilio.send(str(outcome.conversation_sid), DEFAULT, "Hi")
    assert sent.refused
    assert 451 == sent.refused.status


@contextmanager
def _away_for(twilio: TwilioStandIn, seconds: float) -> Iterator[None]:
    """Let nobody listen where Twilio is, for so long."""
    twilio.stop()
    back = threading.Timer(seconds, twilio.start)
    back.start()
    try:
        yield
    finally:
        back.join()


def test_a_conversation_that_is_still_being_made(deployed: Deployment) -> None:
    """Routing waits for it (50386)."""
    deployed.twilio.initializing_s = 1.0
    try:
        outcome = deployed.twilio.receive("+15555550203", OURS, "Hello")
    finally:
        deployed.twilio.initializing_s = 0.0
    assert (True, [DEFAULT]) == (outcome.routed, workers_in(deployed, outcome))


def test_callbacks_signed_with_a_shared_key(deployed: Deployment) -> None:
    """All of Twilio's callbacks, by SHA-256; another key is refused."""
    deployed.twilio.shared_key = (KEY_ID, KEY_SECRET)
    outcome = deployed.twilio.receive("+15555550204", OURS, "Hello")
    assert (True, [DEFAULT]) == (outcome.routed, workers_in(deployed, outcome))
    assert {200} == {sent.status for sent in deployed.twilio.webhooks[-6:]}
    assert 200 == _list(deployed, KEY_ID, KEY_SECRET).status_code
    assert 403 == _list(deployed, KEY_ID, "another").status_code
    assert 403 == _list(deployed, "webhooks_sharedkey_02", KEY_SECRET).status_code


def _list(deployed: Deployment, key_id: str, secret: str, **more: str) -> requests.Response:
    form = {"Location": "GetCustomersList", "Worker": WORKER, "PageSize": "30", **more}
    url = f"{deployed.stack.url}/callbacks/crm"
    headers = {
        "X-Twilio-Signature": sign(secret, url, {name: [value] for name, value in form.items()}, HMAC_SHA256),
        "X-Twilio-Webhooks-Signature-Settings": f"key={key_id},algorithm=HMAC_SHA256",
    }
    return requests.post(url, data=form, headers=headers, timeout=15)


@pytest.mark.parametrize(
    ("query", "found"), [("lukasz o'neil", 1), ("\u0141UKASZ", 1), ("soren", 1), ("S\u00d8REN", 1)]
)
def test_names_are_found_from_any_keyboard(deployed: Deployment, query: str, found: int) -> None:
    """Letters that do not decompose are those they come from."""
    ids, _ = deployed.page(Query=query)
    assert found == len(ids)


def test_a_template_of_the_public_quickstart(deployed: Deployment) -> None:
    """Filled, without the escapes of a rich text cell; one that nobody fills is left out."""
    ids, _ = deployed.page(Query="soren")
    parameters = {"Location": "GetTemplatesByCustomerId", "CustomerId": ids[0], "Worker": WORKER}
    answer: Any = deployed.ask("templates", **parameters)
    [text] = [item["content"] for category in answer for item in category["templates"]]
    assert text.startswith(f"Hi S\u00f8ren, {ids[0]} ")
