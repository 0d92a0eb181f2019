"""Airtable is down, silent or limiting: every callback answers in time, and no message is held back.

The gateway ends a callback that takes longer than Twilio waits for it, and answers without a friendly sentence then.
Which of Airtable's answers count as an outage is held by tests/contract/airtable.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.integration.callbacks.conftest import WORKER, Deploy, Deployment
from tests.integration.waiting import patiently
from tests.sizes import IS_PROVING
from twilio_bridge_local.vendors.faults import Faults

AMARA = {"name": "Amara Okafor", "whatsapp": "+44 7900 000012", "owner": WORKER}
TROUBLE = {
    "down": Faults(status=503),
    "silent": Faults(silent=True),
    "limiting": Faults(status=429),
}
# Each way of failing is met once in `make test`: an Airtable that is down below, and in the policies' test.
LOADED, EMPTY = (TROUBLE, TROUBLE) if IS_PROVING else (["silent"], ["limiting"])


def ask_everything(deployed: Deployment, customer: str) -> dict[str, Any]:
    """Send one of each callback, all at once; return status and answer."""
    conversation = _conversation(deployed)
    binding = {"MessagingBinding__Address": "whatsapp:+447900000012", "MessagingBinding__ProxyAddress": "+15005550006"}
    known = {"Worker": WORKER, "CustomerId": customer}
    asked = {
        "crm": {"Location": "GetCustomersList", "PageSize": "30", "Worker": WORKER},
        "outgoing-conversation": {
            "Location": "GetProxyAddress",
            "ChannelType": "whatsapp",
            "ChannelValue": "whatsapp:+447900000012",
            **known,
        },
        "templates": {"Location": "GetTemplatesByCustomerId", **known},
        "routing": {"ConversationSid": conversation, **binding},
        "twilio-conversations": {
            "EventType": "onMessageAdd",
            "ConversationSid": conversation,
            "Author": WORKER,
            "ClientIdentity": WORKER,
            "Body": "Hello",
        },
    }
    with ThreadPoolExecutor(len(asked)) as pool:
        answers = pool.map(lambda name: deployed.send(name, **asked[name]), asked)
    return {name: (answer.status_code, answer.json()) for name, answer in zip(asked, answers, strict=True)}


def _conversation(deployed: Deployment) -> str:
    opened = deployed.twilio.receive("whatsapp:+447900000012", "whatsapp:+15005550006", "Hello")
    assert opened.conversation_sid

    return opened.conversation_sid


def amara(deployed: Deployment) -> str:
    table = deployed.airtable.base.table("Customers")
    assert table

    return deployed.airtable.base.listed(table)[0].id


@pytest.mark.prove
@pytest.mark.parametrize("trouble", LOADED)
def test_a_loaded_cache_answers_whatever_airtable_does(deploy: Deploy, trouble: str) -> None:
    """With contacts in the cache every callback gives its full answer, and nothing is held back."""
    deployed = deploy([AMARA])
    deployed.load()
    deployed.airtable.faults = TROUBLE[trouble]
    answers = ask_everything(deployed, amara(deployed))

    assert {200} == {status for status, _ in answers.values()}
    assert "Amara Okafor" == answers["crm"][1]["objects"]["customers"][0]["display_name"]
    assert {"step": "already there"} == answers["routing"][1]


@pytest.mark.prove
@pytest.mark.parametrize("trouble", EMPTY)
def test_an_empty_cache_says_so_in_time(deploy: Deploy, trouble: str) -> None:
    """Without contacts what needs them is refused with a sentence for the worker; a message is let pass."""
    deployed = deploy([AMARA], config="routing: {default_worker: sam@example.com}")
    deployed.airtable.faults = TROUBLE[trouble]
    answers = ask_everything(deployed, "recAAAAAAAAAAAAAA")

    needing = [answers[name] for name in ("crm", "outgoing-conversation", "templates")]
    assert [] == [status for status, _ in needing if status not in {502, 503}]
    assert [] == [answer for _, answer in needing if not answer["friendly_error_message"]]
    assert 200 == answers["routing"][0]
    assert (200, {}) == answers["twilio-conversations"]


def test_a_stop_is_obeyed_at_once_and_told_when_airtable_is_back(deploy: Deploy) -> None:
    """While Airtable answers 429 the next message is blocked; afterwards the record shows the opt-out."""
    deployed = deploy([AMARA])
    deployed.load()
    conversation = _conversation(deployed)
    deployed.airtable.faults = Faults(status=429)
    deployed.twilio.receive("whatsapp:+447900000012", "whatsapp:+15005550006", "STOP")
    blocked = deployed.twilio.send(conversation, WORKER, "Are you there?")
    deployed.airtable.faults = Faults()

    assert blocked.refused
    assert 451 == blocked.refused.status
    assert patiently(lambda: _opted_out(deployed), bool, seconds=20, meanwhile=deployed.skip_waiting)
    assert (403, True) == _refused(deployed)


@pytest.mark.parametrize("is_down_from", ["STOP", "START"])
def test_a_start_right_after_a_stop_is_obeyed_at_once(deploy: Deploy, is_down_from: str) -> None:
    """Whether Airtable has taken the STOP or not, and while it takes nothing, the next message passes."""
    deployed = deploy([AMARA])
    deployed.load()
    conversation = _conversation(deployed)
    for request, status in (("STOP", 451), ("START", None)):
        if request == is_down_from:
            deployed.airtable.faults = Faults(status=503)
        deployed.twilio.receive("whatsapp:+447900000012", "whatsapp:+15005550006", request)
        sent = deployed.twilio.send(conversation, WORKER, "Are you there?")
        assert status == (sent.refused.status if sent.refused else None)


def _opted_out(deployed: Deployment) -> bool:
    table = deployed.airtable.base.table("Customers")
    assert table

    return deployed.airtable.base.listed(table)[0].cells.get("opt_out") is True


def _refused(deployed: Deployment) -> tuple[int, bool]:
    parameters = {"Worker": WORKER, "CustomerId": amara(deployed)}
    channel = {"ChannelType": "whatsapp", "ChannelValue": "whatsapp:+447900000012"}
    answer = deployed.send("outgoing-conversation", Location="GetProxyAddress", **parameters, **channel)
    return answer.status_code, "opted out" in answer.json()["friendly_error_message"]
