"""The template as it is deployed: what SAM makes of it is sound, and what was decided about it holds."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from twilio_bridge.contacts.webhook_registration import ROUTE
from twilio_bridge.entrypoints.sqs import MAX_WAIT_S

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "template.yaml"

DAY_S = 86_400

# Actions that have no resource level, each with its reason.
ACTIONS_WITHOUT_RESOURCE: dict[str, str] = {"cloudwatch:GetMetricData": "metrics have no resources"}


class ManagedPolicies:
    """The only managed policies SAM looks up by name for this template."""

    def load(self) -> dict[str, str]:
        names = (
            "AWSLambdaBasicExecutionRole",
            "AWSLambdaKinesisExecutionRole",
            "AWSLambdaSQSQueueExecutionRole",
            "AWSXRayDaemonWriteAccess",
        )
        return {name: f"arn:aws:iam::aws:policy/service-role/{name}" for name in names}


@pytest.fixture(scope="module")
def template() -> Any:
    return yaml_parse(TEMPLATE.read_text())


@pytest.fixture
def deployed(template: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The template after SAM, with code as `sam package` would name it."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    parameters = {name: str(body.get("Default", "")) for name, body in template["Parameters"].items()}
    parameters |= {"AWS::Region": "eu-west-1", "AWS::Partition": "aws"}
    return transform(packaged(template), parameters, ManagedPolicies())


def packaged(template: Any) -> Any:
    """Return the template with its code where `sam package` would put it."""
    found = deepcopy(template)
    for resource in found["Resources"].values():
        for uri in ("CodeUri", "ContentUri"):
            if uri in resource.get("Properties", {}):
                resource["Properties"][uri] = "s3://bucket/key"
        resource.pop("Metadata", None)
    return found


def functions(template: Mapping[str, Any]) -> dict[str, Any]:
    every = template["Resources"].items()
    return {name: body["Properties"] for name, body in every if body["Type"] == "AWS::Serverless::Function"}


def statements(template: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, properties in functions(template).items():
        for policy in properties.get("Policies", []):
            yield from ((name, statement) for statement in policy["Statement"])
    for name, body in template["Resources"].items():
        if body["Type"] == "AWS::IAM::RolePolicy":
            yield from ((name, statement) for statement in body["Properties"]["PolicyDocument"]["Statement"])


def references(node: object) -> Iterator[str]:
    """Every logical id that a part of the template refers to."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value[0] if isinstance(value, list) else value.partition(".")[0]
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_what_sam_makes_of_it_is_sound(deployed: Any, tmp_path: Path) -> None:
    """The transformed template passes cfn-lint, circles of references included."""
    file = tmp_path / "deployed.json"
    file.write_text(json.dumps(deployed))

    linted = subprocess.run(  # noqa: S603  our own environment
        # SAM writes a condition around a path and again around its method: one branch is never taken (W1028). It takes
        # Tracing out where it is Disabled, so that nothing refers to the parameter (W2001).
        [Path(sys.executable).with_name("cfn-lint"), "--regions", "eu-west-1", "-i", "W1028", "W2001", "--", file],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (0, "") == (linted.returncode, linted.stdout)


def test_every_parameter_is_used(template: Any) -> None:
    substituted = re.findall(r"\$\{(\w+)[.}]", json.dumps(template))
    assert not set(template["Parameters"]) - {*references(template), *substituted}


def test_no_function_is_published_under_an_alias(template: Any, deployed: Any) -> None:
    """A changed layer is live at once: docs/decisions/0002-no-alias.md."""
    kinds = {body["Type"] for body in deployed["Resources"].values()}

    assert not kinds & {"AWS::Lambda::Alias", "AWS::Lambda::Version"}
    assert "AutoPublishAlias" not in template["Globals"]["Function"]


def test_nothing_is_allowed_on_everything(template: Any) -> None:
    """No statement has a wildcard action, and a wildcard resource only where AWS has no resource level."""
    for name, statement in statements(template):
        assert not [action for action in statement["Action"] if "*" in action], name
        if statement["Resource"] == "*":
            assert set(statement["Action"]) <= ACTIONS_WITHOUT_RESOURCE.keys(), name


def test_the_deployed_roles_hold_only_our_statements_and_sams_execution_policies(deployed: Any) -> None:
    """SAM adds nothing but its own execution policies to a function's role."""
    roles = [body["Properties"] for body in deployed["Resources"].values() if body["Type"] == "AWS::IAM::Role"]
    managed = {policy.rpartition("/")[2] for role in roles for policy in role.get("ManagedPolicyArns", [])}

    assert managed <= {
        "AWSLambdaBasicExecutionRole",
        "AWSLambdaKinesisExecutionRole",
        "AWSLambdaSQSQueueExecutionRole",
    }


def test_each_function_has_its_folder_and_its_event(template: Any) -> None:
    """The code is where the template says, as small as decided, and there is a sample event to try it with."""
    for properties in functions(template).values():
        folder = ROOT / properties["CodeUri"]

        assert len((folder / "app.py").read_text().splitlines()) <= 40
        assert list((ROOT / "events" / folder.name).glob("*.json"))


def test_every_function_folder_is_deployed(template: Any) -> None:
    """No folder under functions/ is forgotten in the template."""
    deployed = {Path(properties["CodeUri"]).name for properties in functions(template).values()}

    assert deployed == {folder.parent.name for folder in ROOT.glob("functions/*/app.py")}


@pytest.mark.parametrize(
    ("function", "route", "timeout"),
    [
        ("CrmFunction", "/callbacks/crm", 6),
        ("OutgoingConversationFunction", "/callbacks/outgoing-conversation", 6),
        ("RoutingFunction", "/callbacks/routing", 10),
        ("TemplatesFunction", "/callbacks/templates", 6),
        ("TwilioConversationsFunction", "/callbacks/twilio-conversations", 5),
    ],
)
def test_callbacks_have_the_routes_and_times_twilio_knows(
    template: Any, function: str, route: str, timeout: int
) -> None:
    """Routes are POST, and no function outlives the time Twilio waits for it."""
    properties = functions(template)[function]
    event = properties["Events"]["Callback"]["Properties"]

    assert ("POST", route) == (event["Method"], event["Path"])
    assert timeout == properties.get("Timeout", template["Globals"]["Function"]["Timeout"])


def test_the_webhook_has_the_route_that_is_registered(template: Any) -> None:
    """Airtable calls where the registration says, and the address comes with the schedule that looks after it."""
    route = functions(template)["AirtableWebhookFunction"]["Events"]["Ping"]["Properties"]
    schedules = functions(template)["RefreshContactsFunction"]["Events"]
    given = schedules["Webhook"]["Properties"]["Input"]["Fn::Sub"]

    assert ("POST", ROUTE) == (route["Method"], route["Path"])
    assert template["Outputs"]["BaseUrl"]["Value"]["Fn::Sub"] == json.loads(given)["url"]
    assert json.loads(given)["webhook"] is True


def test_a_function_with_a_route_does_not_refer_to_the_api(template: Any) -> None:
    """The API needs the function; the other way round would be a circle that SAM's lint does not see."""
    for name, properties in functions(template).items():
        parts = (properties.get("Environment"), properties.get("Policies"))

        assert "Api" not in {found for part in parts for found in references(part)}, name


def test_the_functions_environment_is_theirs_to_have(template: Any) -> None:
    """Runtime, architecture, memory and log group are decided once for all functions."""
    shared = template["Globals"]["Function"]

    assert ("python3.13", ["x86_64"], 1024) == (shared["Runtime"], shared["Architectures"], shared["MemorySize"])
    assert {"Ref": "Logs"} == shared["LoggingConfig"]["LogGroup"]
    assert not [name for name, own in functions(template).items() if {"Runtime", "MemorySize"} & own.keys()]


@pytest.mark.parametrize(("table", "removal"), [("ContactCache", "Delete"), ("SyncState", "Retain")])
def test_the_tables_are_what_was_decided(template: Any, table: str, removal: str) -> None:
    """Keys and time to live cannot change without a new table; what people said survives the stack."""
    body = template["Resources"][table]
    keys = [key["AttributeName"] for key in body["Properties"]["KeySchema"]]

    assert ["pk", "sk"] == keys
    assert {"AttributeName": "expires_at", "Enabled": True} == body["Properties"]["TimeToLiveSpecification"]
    assert (removal, removal) == (body["DeletionPolicy"], body["UpdateReplacePolicy"])


def test_queues_wait_longer_than_their_consumers_and_keep_what_fails(template: Any) -> None:
    """Six times the consumer's timeout, as AWS advises; partial answers; 9 days of retries and 4 to redrive."""
    consumer = functions(template)["DeliverToAirtableFunction"]
    queue = template["Resources"]["AirtableQueue"]["Properties"]

    assert queue["VisibilityTimeout"] >= 6 * consumer["Timeout"]
    assert ["ReportBatchItemFailures"] == consumer["Events"]["Queue"]["Properties"]["FunctionResponseTypes"]
    assert "AirtableDeadLetters" in set(references(queue["RedrivePolicy"]))

    kept_s = template["Resources"]["AirtableDeadLetters"]["Properties"]["MessageRetentionPeriod"]
    retried_s = queue["RedrivePolicy"]["maxReceiveCount"] * MAX_WAIT_S

    assert 9 * DAY_S <= retried_s < queue["MessageRetentionPeriod"] <= kept_s - 4 * DAY_S


def test_what_waits_for_airtable_is_counted_whether_visible_or_not(template: Any) -> None:
    """The alarm counts messages; their age leaves out the ones that were retried."""
    alarm = template["Resources"]["AirtableDeliveryAlarm"]["Properties"]
    counted = {m["MetricStat"]["Metric"]["MetricName"] for m in alarm["Metrics"] if "MetricStat" in m}

    assert counted == {"ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible"}
    assert [m["Id"] for m in alarm["Metrics"] if m.get("ReturnData", True)] == ["waiting"]


# Each route, and what proves who calls. A new one has to be added here.
AUTHENTICATION = {
    "POST /campaigns": "AWS_IAM",
    "GET /campaigns/{id}": "AWS_IAM",
    "GET /campaigns/{id}/rows": "AWS_IAM",
    "GET /campaigns/{id}/report": "AWS_IAM",
    "POST /campaigns/{id}/{action}": "AWS_IAM",
    "POST /callbacks/crm": "X-Twilio-Signature",
    "POST /callbacks/message-status": "X-Twilio-Signature",
    "POST /callbacks/outgoing-conversation": "X-Twilio-Signature",
    "POST /callbacks/routing": "X-Twilio-Signature",
    "POST /callbacks/templates": "X-Twilio-Signature",
    "POST /callbacks/twilio-conversations": "X-Twilio-Signature",
    "POST /entities/{entity}/{operation}": "AWS_IAM",
    "GET /status": "AWS_IAM",
    "POST /webhooks/airtable": "X-Airtable-Content-MAC",
    "POST /webhooks/event-streams": "X-Twilio-Signature",
    "POST /webhooks/flex/task-complete": "Flex token or HMAC",
    "OPTIONS /webhooks/flex/task-complete": "none: CORS preflight",
}


def test_each_route_s_authentication_is_what_was_decided(deployed: Any) -> None:
    """API Gateway checks AWS_IAM alone; every other route is open there, and its function checks what is listed."""
    paths = deployed["Resources"]["Api"]["Properties"]["Body"]["paths"]
    found = {}
    for path, methods in paths.items():
        taken = methods["Fn::If"][1] if "Fn::If" in methods else methods
        for method, operation in taken.items():
            body = operation["Fn::If"][1] if "Fn::If" in operation else operation
            found[f"{method.upper()} {path}"] = "AWS_IAM" if body.get("security") else "open"

    assert {route: how if how == "AWS_IAM" else "open" for route, how in AUTHENTICATION.items()} == found


def test_sam_deploy_guided_asks_about_no_route_and_for_no_secret(template: Any) -> None:
    """SAM asks about a function whose route and API name no authentication, and cannot take an empty NoEcho parameter.

    samcli/commands/deploy/auth_utils.py and guided_context.py
    """
    assert template["Resources"]["Api"]["Properties"]["Auth"]
    assert not [name for name, body in template["Parameters"].items() if body.get("NoEcho")]
    assert not [name for name, body in template["Parameters"].items() if "Default" not in body]


def test_every_parameter_is_described(template: Any) -> None:
    """`sam deploy --guided` asks for each of them."""
    assert not [name for name, body in template["Parameters"].items() if not body.get("Description")]


def test_each_alarm_names_its_paragraph(template: Any) -> None:
    """Whoever is woken finds in docs/operations.md what to do."""
    operations = (ROOT / "docs" / "operations.md").read_text()
    alarms = {n: b for n, b in template["Resources"].items() if b["Type"] == "AWS::CloudWatch::Alarm"}

    assert alarms
    for name, body in alarms.items():
        paragraph = body["Properties"]["AlarmDescription"].split('"')[1]

        assert f"## {paragraph}" in operations
        assert name in operations


def test_entities_are_for_signed_requests(deployed: Any) -> None:
    """Only the entities' route asks for AWS's signature; callbacks prove themselves by their own."""
    (api,) = [body["Properties"] for body in deployed["Resources"].values() if body["Type"] == "AWS::ApiGatewayV2::Api"]
    methods = {path: body["post"] for path, body in api["Body"]["paths"].items() if "post" in body}
    signed = {path for path, body in methods.items() if body.get("security")}
    assert {"/entities/{entity}/{operation}"} == signed
    assert [{"AWS_IAM": []}] == methods["/entities/{entity}/{operation}"]["security"]
