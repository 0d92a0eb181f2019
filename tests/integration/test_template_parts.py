"""What is deployed with Frontline, with Support and with both: nothing refers to a resource that is left out."""

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

import pytest
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from tests.integration.test_template import ManagedPolicies, packaged
from twilio_bridge_local.template.reader import read

TEMPLATE: Final = Path(__file__).parents[2] / "template.yaml"
PSEUDO: Final = {
    "AWS::AccountId": "111122223333",
    "AWS::NoValue": "",
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::StackId": "arn:aws:cloudformation:eu-west-1:111122223333:stack/bridge/5d0c1f9e-11aa-4c3b-9a7e-0242ac120002",
    "AWS::StackName": "bridge",
    "AWS::URLSuffix": "amazonaws.com",
}
SHARED: Final = {
    "ContactCache",
    "EntitiesFunction",
    "SyncState",
    "Api",
    "Logs",
    "CallbackErrorsAlarm",
    "RefusedRequestsAlarm",
    "ErrorsAlarm",
    "OperationsDashboard",
}
# Twilio as a database is of no part: it costs nothing while nobody asks.
SHARED_ROUTES: Final = {"/entities/{entity}/{operation}", "/status"}
NOTHING: Final = object()


class Evaluated:
    """The transformed template with given parameters: false conditions and the branches not taken are left out."""

    def __init__(self, transformed: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        self._conditions = transformed["Conditions"]
        defaults = {name: str(body.get("Default", "")) for name, body in transformed["Parameters"].items()}
        self._values = {**PSEUDO, **defaults, **parameters}
        self.resources: dict[str, Any] = self._present(transformed["Resources"])
        self.outputs: dict[str, Any] = self._present(transformed["Outputs"])

    def _present(self, section: Mapping[str, Any]) -> dict[str, Any]:
        kept = {
            name: body for name, body in section.items() if "Condition" not in body or self._holds(body["Condition"])
        }
        return {name: self._choose(body) for name, body in kept.items()}

    def _holds(self, condition: Any) -> bool:
        if isinstance(condition, str):
            return self._holds(self._conditions[condition])
        ((function, value),) = condition.items()
        if function == "Condition":
            return self._holds(self._conditions[value])
        if function == "Fn::Equals":
            first, second = (self._values[each["Ref"]] if isinstance(each, dict) else each for each in value)
            return str(first) == str(second)
        found = [self._holds(each) for each in value]
        return {"Fn::Not": not found[0], "Fn::And": all(found), "Fn::Or": any(found)}[function]

    def _choose(self, node: Any) -> Any:
        if isinstance(node, list):
            return [each for each in map(self._choose, node) if each is not NOTHING]
        if not isinstance(node, dict):
            return node
        if node == {"Ref": "AWS::NoValue"}:
            return NOTHING
        if "Fn::If" in node:
            condition, yes, no = node["Fn::If"]
            return self._choose(yes if self._holds(condition) else no)
        chosen = {key: self._choose(value) for key, value in node.items()}
        return {key: value for key, value in chosen.items() if value is not NOTHING}

    def unknown_references(self) -> set[str]:
        """Return every name that a part refers to and that is not there."""
        return set(references([self.resources, self.outputs])) - self.resources.keys() - self._values.keys()

    def routes(self) -> set[str]:
        """Return the paths of the HTTP API that are there."""
        return set(self.resources["Api"]["Properties"]["Body"]["paths"])


def references(node: object) -> Iterator[str]:
    """Yield every logical id and parameter that a node refers to, in `Fn::Sub`, `DependsOn` and attributes, too."""
    if isinstance(node, list):
        for each in node:
            yield from references(each)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value[0] if isinstance(value, list) else value.partition(".")[0]
            elif key == "Fn::Sub":
                text, own = (value, {}) if isinstance(value, str) else value
                yield from (name.partition(".")[0] for name in re.findall(r"\$\{([^}!]+)\}", text) if name not in own)
                yield from references(own)
            elif key == "DependsOn":
                yield from [value] if isinstance(value, str) else value
            else:
                yield from references(value)


@pytest.fixture(scope="module")
def transformed() -> Any:
    template = packaged(yaml_parse(TEMPLATE.read_text()))
    parameters = {name: str(body.get("Default", "")) for name, body in template["Parameters"].items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        return transform(
            template, parameters | {"AWS::Region": "eu-west-1", "AWS::Partition": "aws"}, ManagedPolicies()
        )


def evaluate(transformed: Any, **parameters: str) -> Evaluated:
    return Evaluated(deepcopy(transformed), parameters)


ALL: Final = [{}, {"Support": "off"}, {"Frontline": "off"}, {"Messages": "off"}, {"Frontline": "off", "Support": "off"}]


@pytest.mark.parametrize("given", [*ALL, {"SinkExternalId": "mine"}, {"AlarmTopicArn": "arn:aws:sns:x"}], ids=str)
def test_what_is_deployed_refers_to_nothing_that_is_not(transformed: Any, given: dict[str, str]) -> None:
    """No resource and no output names one that its part leaves out."""
    assert set() == evaluate(transformed, **given).unknown_references()


def test_a_reference_to_a_part_that_is_missing_would_be_seen(transformed: Any) -> None:
    """The guard sees an alarm of support that is always deployed."""
    broken = deepcopy(transformed)
    del broken["Resources"]["EventsFallBehindAlarm"]["Condition"]

    assert {"EventStreamsFunction"} == evaluate(broken, Support="off").unknown_references()


def test_frontline_alone_costs_nothing_while_idle(transformed: Any) -> None:
    """No stream, no queue of Brevo's, no role for Twilio; every callback is there."""
    alone = evaluate(transformed, Support="off", Messages="off")
    both = evaluate(transformed, Messages="off")
    kinds = {body["Type"] for body in alone.resources.values()}

    assert not kinds & {"AWS::Kinesis::Stream", "AWS::S3::Bucket"}
    assert {"AirtableQueue", "AirtableDeadLetters"} == {
        name for name, body in alone.resources.items() if body["Type"] == "AWS::SQS::Queue"
    }
    assert "TwilioSinkRole" not in alone.resources
    callbacks = {path for path in both.routes() if path.startswith("/callbacks/")}
    assert callbacks | {"/webhooks/airtable"} | SHARED_ROUTES == alone.routes()
    assert alone.resources.keys() >= SHARED


def test_support_alone_has_no_callback(transformed: Any) -> None:
    """Neither Frontline's callbacks nor anything that reads Airtable."""
    alone = evaluate(transformed, Frontline="off", Messages="off")

    assert {"/webhooks/event-streams", "/webhooks/flex/task-complete"} | SHARED_ROUTES == alone.routes()
    assert not [name for name in alone.resources if re.search("Airtable|Crm|Routing|Templates|Refresh|Outgoing", name)]
    assert alone.resources.keys() >= SHARED


def test_messages_alone_have_their_routes_and_queues(transformed: Any) -> None:
    """Neither Frontline's callbacks nor a stream."""
    alone = evaluate(transformed, Frontline="off", Support="off")
    kinds = {body["Type"] for body in alone.resources.values()}

    assert "AWS::Kinesis::Stream" not in kinds
    assert {"/campaigns", "/campaigns/{id}", "/campaigns/{id}/rows", "/campaigns/{id}/{action}"} <= alone.routes()
    assert {"SendQueue", "SendDeadLetters", "PollQueue", "PollDeadLetters"} == {
        name for name, body in alone.resources.items() if body["Type"] == "AWS::SQS::Queue"
    }
    assert alone.resources.keys() >= SHARED


def test_the_parts_together_are_the_whole(transformed: Any) -> None:
    """What is on by default is everything, as stacks of former versions have it."""
    parts = [evaluate(transformed, **given).resources.keys() for given in ALL[1:]]
    whole = evaluate(transformed).resources.keys()

    assert whole == parts[0] | parts[1]
    assert whole == transformed["Resources"].keys()


@pytest.mark.parametrize("given", ALL[1:], ids=str)
def test_what_is_not_deployed_is_not_used(given: dict[str, str]) -> None:
    """A function's queue that is not there is `none`, and its policy does not name it."""
    bundle = read(TEMPLATE, given)
    queues = {queue.logical_id for queue in bundle.queues}

    for function in bundle.functions:
        for name, value in function.environment.items():
            if name.endswith("_QUEUE_URL"):
                assert value == "none" or value.removesuffix(".fifo") in queues, (function.name, name)


def test_the_external_id_is_the_stack_s_own_unless_one_is_given(transformed: Any) -> None:
    """A stack that was deployed with one keeps it; else it is the UUID in the stack's id, and an output."""
    made, kept = evaluate(transformed), evaluate(transformed, SinkExternalId="kept-from-before")
    own = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}

    assert own == trusted_external_id(made) == made.outputs["TwilioSinkExternalId"]["Value"]
    assert "5d0c1f9e-11aa-4c3b-9a7e-0242ac120002" == PSEUDO["AWS::StackId"].split("/")[2]
    assert {"Ref": "SinkExternalId"} == trusted_external_id(kept)
    assert "TwilioSinkExternalId" not in kept.outputs


def trusted_external_id(stack: Evaluated) -> Any:
    document = stack.resources["TwilioSinkRole"]["Properties"]["AssumeRolePolicyDocument"]
    return document["Statement"][0]["Condition"]["StringEquals"]["sts:ExternalId"]


def test_something_has_to_be_deployed(transformed: Any) -> None:
    """All off is refused by CloudFormation before anything is made, with what to do."""
    (assertion,) = transformed["Rules"]["SomethingIsDeployed"]["Assertions"]

    assert {"Fn::Or"} == assertion["Assert"].keys()
    assert "set one of them to on" in assertion["AssertDescription"]
