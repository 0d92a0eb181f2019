"""Each function may do what it does, and nothing it never does: its AWS calls against its policy in the template."""

from collections.abc import Sequence
from typing import Any

import requests

from tests.integration.callbacks.conftest import WORKER, Deploy, Deployment, many
from tests.integration.granted import OF_FRONTLINE, done, granted
from tests.integration.waiting import patiently
from twilio_bridge_local.aws.call_log import AwsCall
from twilio_bridge_local.vendors.faults import Faults

CUSTOMERS = [
    {"name": "Amara Okafor", "whatsapp": "+44 7900 000012", "owner": WORKER},
    {"name": "Björn Ångström", "sms": "+46 70 174 06 05", "owner": WORKER},
]
CONFIG = "conversations: {create_contacts: true}"
HIDDEN = AwsCall("DeliverToAirtableFunction", "sqs:ChangeMessageVisibility", "AirtableQueue")
TRIES = 4
STRANGERS = [f"+4477009009{number}" for number in range(10, 20)]


def live_through(deployed: Deployment) -> None:
    """Let every function do everything it can do."""
    _before_the_first_load(deployed)
    _interrupted(deployed)
    deployed.load()
    _day(deployed)
    _webhook(deployed)
    _fold(deployed)
    _entities(deployed)
    _trouble(deployed)


def _before_the_first_load(deployed: Deployment) -> None:
    """On an empty cache each callback asks Airtable, starts a load and remembers what it learned.

    No load may do anything, lest the cache be full when the next one is asked.
    """
    _let_load(deployed, from_ms=1 << 60)
    for callback, asked in _asking_for_a_stranger(STRANGERS[:5]).items():
        _empty(deployed)
        deployed.send(callback, **asked)
    deployed.page()
    _let_load(deployed, from_ms=0)


def _let_load(deployed: Deployment, from_ms: int) -> None:
    """Hold, or give back, the lease of the loads."""
    lease = {
        "pk": {"S": "lease#contacts"},
        "sk": {"S": "lease"},
        "holders": {"N": "1"},
        "held_until": {"N": str(from_ms)},
    }
    deployed.stack.client("dynamodb").put_item(TableName="SyncState", Item=lease)


def _interrupted(deployed: Deployment) -> None:
    """A load that gets one page only is staged, asks for itself and goes on."""
    listing = f"GET /v0/{deployed.airtable.base_id}/Customers"
    deployed.airtable.faults = Faults(status=503, only=(listing,), skip=1, times=2)
    load = lambda: deployed.stack.invoke("RefreshContactsFunction", {"whole": True}).payload  # noqa: E731
    assert {"staged": 100} == patiently(load, lambda outcome: "nothing" not in outcome, seconds=10)


def _asking_for_a_stranger(numbers: Sequence[str]) -> dict[str, dict[str, str]]:
    """Ask each callback for somebody else, so that none remembers what another learned."""
    binding = [{"MessagingBinding__Address": n, "MessagingBinding__ProxyAddress": "+15005550006"} for n in numbers]
    known = [{"Worker": WORKER, "CustomerId": f"rec{number[1:]:>014}"} for number in numbers]
    channel = {"ChannelType": "sms", "ChannelValue": numbers[1]}
    return {
        "crm": {"Location": "GetCustomerDetailsByCustomerId", **known[0]},
        "outgoing-conversation": {"Location": "GetProxyAddress", **channel, **known[1]},
        "templates": {"Location": "GetTemplatesByCustomerId", **known[2]},
        "routing": {"ConversationSid": "CH" + "0" * 32, **binding[3]},
        "twilio-conversations": {"EventType": "onConversationAdd", **binding[4]},
    }


def _empty(deployed: Deployment) -> None:
    """Let the cache seem empty, and nobody have asked for a load."""
    for pk, sk in (("cache", "state"), ("note#refresh asked", "note"), ("note#templates", "note")):
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        deployed.stack.client("dynamodb").delete_item(TableName="ContactCache", Key=key)


def _day(deployed: Deployment) -> None:
    ids = [record.id for record in _records(deployed)]
    for callback, asked in _asking_for_a_stranger(STRANGERS[5:]).items():
        deployed.send(callback, **{**asked, "CustomerId": ids[0]})
    deployed.page()
    deployed.ask("crm", Location="CreateCustomer", Worker=WORKER, DisplayName="New", Channels=NEW)
    deployed.ask("crm", Location="DeleteCustomer", Worker=WORKER, CustomerId=ids[1])
    deployed.twilio.receive("whatsapp:+447900000012", "whatsapp:+15005550006", "Hello")
    deployed.twilio.receive("+447700900777", "+15005550006", "Hello from a stranger")


def _webhook(deployed: Deployment) -> None:
    """Airtable tells of a change, somebody else pretends to."""
    event = {"webhook": True, "url": deployed.stack.url}
    assert "registered" == deployed.stack.invoke("RefreshContactsFunction", event).payload["webhook"]
    record, base = _records(deployed)[0], deployed.airtable.base
    base.update(base.tables["Customers"], record.id, {"name": "Amara Bello"}, clear=False)
    assert "Amara Bello" in patiently(lambda: _name(deployed, record.id), lambda name: name == "Amara Bello", seconds=5)
    url = f"{deployed.stack.url}/webhooks/airtable"
    forged = requests.post(url, data=b"{}", headers={"X-Airtable-Content-MAC": "hmac-sha256=0"}, timeout=10)
    assert 403 == forged.status_code


def _fold(deployed: Deployment) -> None:
    """A load takes the changes into the chunks; the next one, a while later, removes them."""
    deployed.load()
    settled = {
        "UpdateExpression": "SET committed_at = :long_ago",
        "ExpressionAttributeValues": {":long_ago": {"N": "1"}},
    }
    key = {"pk": {"S": "cache"}, "sk": {"S": "state"}}
    deployed.stack.client("dynamodb").update_item(TableName="ContactCache", Key=key, **settled)
    deployed.load()


def _entities(deployed: Deployment) -> None:
    """Twilio's resources are listed, and then Twilio's limit is reached for a long time."""
    event = {"entity": "Messages", "operation": "list"}
    listed = deployed.stack.invoke("EntitiesFunction", event).payload
    assert len(listed["connectorOutputPayload"]) == 10, listed
    item = {"pk": {"S": f"limit#twilio#{deployed.twilio.account_sid}#1of1"}, "sk": {"S": "slots"}}
    deployed.stack.client("dynamodb").put_item(TableName="SyncState", Item={**item, "next_at": {"N": str(1 << 60)}})
    refused = deployed.stack.invoke("EntitiesFunction", event).payload
    assert refused["error"]["retryable"] is True, refused


def _name(deployed: Deployment, record_id: str) -> str:
    asked = {"Location": "GetCustomerDetailsByCustomerId", "Worker": WORKER, "CustomerId": record_id}
    return str(deployed.ask("crm", **asked)["objects"]["customer"]["display_name"])


NEW = '[{"type": "sms", "value": "+447700900555"}]'


def _trouble(deployed: Deployment) -> None:
    """An opt-out that Airtable does not take goes through the queue: it fails once more there, then succeeds."""
    deployed.airtable.faults = Faults(status=503)
    assert any(_is_stop_hidden(deployed) for _ in range(TRIES))
    key = {"pk": {"S": "optout#+447900000012"}, "sk": {"S": "word"}}
    deployed.airtable.faults = Faults()
    word = lambda: deployed.stack.client("dynamodb").get_item(TableName="SyncState", Key=key)["Item"]  # noqa: E731
    assert _is_told(patiently(word, _is_told, seconds=20, meanwhile=deployed.skip_waiting))


def _is_stop_hidden(deployed: Deployment) -> bool:
    """Let the customer say STOP; on a busy machine the callback's time may be over before it is in the queue."""
    deployed.twilio.receive("whatsapp:+447900000012", "whatsapp:+15005550006", "STOP")
    return bool(patiently(lambda: HIDDEN in deployed.stack.embedded_aws.calls, bool, seconds=5))


def _is_told(word: Any) -> bool:
    """Return whether a record says so; that Brevo was told is something else."""
    return bool(set(word.get("told", {}).get("SS", [])) - {"brevo"})


def _records(deployed: Deployment) -> list[Any]:
    table = deployed.airtable.base.table("Customers")
    assert table

    return list(deployed.airtable.base.listed(table))


def test_policies_hold_what_is_done_and_no_more(deploy: Deploy) -> None:
    """Nothing a function does would be denied, and nothing is granted that is never done."""
    allowed = {name: grants for name, grants in granted().items() if name in OF_FRONTLINE}
    deployed = deploy([*CUSTOMERS, *many(100)], config=CONFIG)
    live_through(deployed)
    calls = done(deployed.stack.embedded_aws.calls)

    assert {} == {name: denied for name in allowed if (denied := calls.get(name, set()) - allowed[name])}
    assert {} == {name: idle for name, grants in allowed.items() if (idle := grants - calls.get(name, set()))}
