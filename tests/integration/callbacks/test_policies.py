"""Each function may do what it does, and nothing it never does: its AWS calls against its policy in the template."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from tests.integration.callbacks.conftest import ROOT, WORKER, Deploy, Deployment, patiently
from twilio_bridge_local.airtable.faults import Faults

CUSTOMERS = [
    {"name": "Amara Okafor", "whatsapp": "+44 7900 000012", "owner": WORKER},
    {"name": "Björn Ångström", "sms": "+46 70 174 06 05", "owner": WORKER},
]
SECRETS = {"twilio": "local/twilio", "airtable": "local/airtable"}
CONFIG = "conversations: {create_contacts: true}"
STRANGERS = [f"+4477009009{number}" for number in range(10, 20)]

Grants = set[tuple[str, str]]


@pytest.fixture
def granted() -> dict[str, Grants]:
    """What the template allows, as pairs of action and the resource's name in the local stack."""
    template = yaml_parse((ROOT / "template.yaml").read_text())
    functions = {n: b for n, b in template["Resources"].items() if b["Type"] == "AWS::Serverless::Function"}
    return {name: _grants(body["Properties"]) for name, body in functions.items()}


def _grants(properties: Mapping[str, Any]) -> Grants:
    statements = [statement for policy in properties["Policies"] for statement in policy["Statement"]]
    return {(action, _resource(s["Resource"])) for s in statements for action in s["Action"]}


def _resource(resource: Mapping[str, Any]) -> str:
    if "Fn::Sub" in resource:
        return next(secret for name, secret in SECRETS.items() if f"/{name}-??????" in resource["Fn::Sub"])
    name, _, attribute = str(resource["Fn::GetAtt"]).replace("['", "").replace("', '", ".").strip("]'").partition(".")
    assert "Arn" == attribute

    return name


def live_through(deployed: Deployment) -> None:
    """Let every function do everything it can do."""
    _before_the_first_load(deployed)
    deployed.load()
    _day(deployed)
    _trouble(deployed)


def _before_the_first_load(deployed: Deployment) -> None:
    """On an empty cache each callback asks Airtable, starts a load and remembers what it learned."""
    for callback, asked in _asking_for_a_stranger(STRANGERS[:5]).items():
        _empty(deployed)
        deployed.send(callback, **asked)
    deployed.page()


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


def _store(deployed: Deployment, text: str) -> None:
    """Put a configuration in force as `twilio-bridge config put` does."""
    item = {"pk": {"S": "config"}, "sk": {"S": "bridge.yaml"}, "text": {"S": text}}
    deployed.stack.client("dynamodb").put_item(TableName="SyncState", Item=item)


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


NEW = '[{"type": "sms", "value": "+447700900555"}]'


def _trouble(deployed: Deployment) -> None:
    """A word that Airtable does not take goes through the queue: it fails once more there, then succeeds."""
    deployed.airtable.faults = Faults(status=503, times=5)
    deployed.twilio.receive("whatsapp:+447900000012", "whatsapp:+15005550006", "STOP")
    key = {"pk": {"S": "optout#+447900000012"}, "sk": {"S": "word"}}
    word = lambda: deployed.stack.client("dynamodb").get_item(TableName="SyncState", Key=key)["Item"]  # noqa: E731
    assert "told" in patiently(word, lambda item: "told" in item, seconds=40)


def _records(deployed: Deployment) -> list[Any]:
    table = deployed.airtable.base.table("Customers")
    assert table

    return list(deployed.airtable.base.listed(table))


def test_policies_hold_what_is_done_and_no_more(deploy: Deploy, granted: dict[str, Grants]) -> None:
    """Nothing a function does would be denied, and nothing is granted that is never done."""
    with deploy(CUSTOMERS) as deployed:
        _store(deployed, CONFIG)
        live_through(deployed)
        done: dict[str, Grants] = {name: set() for name in granted}
        for call in deployed.stack.embedded_aws.calls:
            if call.caller in done:
                done[call.caller].add((call.action, call.resource))

    assert {} == {name: calls - granted[name] for name, calls in done.items() if calls - granted[name]}
    assert {} == {name: grants - done[name] for name, grants in granted.items() if grants - done[name]}
