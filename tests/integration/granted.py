"""What the template allows each function, read for the tests that hold it against what the function does."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from twilio_bridge_local.aws.call_log import AwsCall
from twilio_bridge_local.template.reader import parse_template

TEMPLATE = parse_template((Path(__file__).parents[2] / "template.yaml").read_text())
SECRETS = {name: f"local/{name}" for name in ("twilio", "airtable", "brevo")}
# Lambda itself does this with the function's role: it stores what was given up.
LAMBDAS_OWN = {("EventStreamsFunction", "s3:ListBucket", "local-quarantine")}

# The functions that the policies test of each folder lives through.
OF_FRONTLINE = {
    "CrmFunction",
    "OutgoingConversationFunction",
    "RoutingFunction",
    "TemplatesFunction",
    "TwilioConversationsFunction",
    "RefreshContactsFunction",
    "AirtableWebhookFunction",
    "DeliverToAirtableFunction",
    "EntitiesFunction",
}
OF_SUPPORT = {
    "EventStreamsFunction",
    "EventStreamsWebhookFunction",
    "TaskCompleteFunction",
    "DeliverToBrevoFunction",
    "SyncFunction",
}
OF_MESSAGES = {"CampaignsFunction", "SendMessageFunction", "MessageStatusFunction", "PollMessageStatusFunction"}
# And those of which each has a policies test of its own, by the file.
ALONE = {
    "EnrichTaskFunction": "insights/test_enrich_task.py",
    "EnrichWorkersFunction": "insights/test_enrich_workers.py",
    "StatusFunction": "cli/test_check.py",
}

BUCKET = re.compile(r"\$\{(\w+)\.Arn\}/\*")
Grants = set[tuple[str, str]]


def granted() -> dict[str, Grants]:
    """Return pairs of action and the resource's name in the local stack, by function."""
    bodies = {kind: _bodies(kind) for kind in ("AWS::Serverless::Function", "AWS::IAM::RolePolicy")}
    found = {name: _grants(body["Policies"]) for name, body in bodies["AWS::Serverless::Function"].items()}
    for body in bodies["AWS::IAM::RolePolicy"].values():
        found[body["RoleName"]["Ref"].removesuffix("Role")] |= _grants([body["PolicyDocument"]])
    for name, *grant in LAMBDAS_OWN:
        found[name].remove((grant[0], grant[1]))
    return found


def done(calls: Iterable[AwsCall]) -> dict[str, Grants]:
    """Return what each caller did."""
    found: dict[str, Grants] = {}
    for call in calls:
        found.setdefault(call.caller, set()).add((call.action, call.resource))
    return found


def _bodies(kind: str) -> dict[str, Any]:
    return {name: body["Properties"] for name, body in TEMPLATE["Resources"].items() if body["Type"] == kind}


def _grants(policies: Sequence[Mapping[str, Any]]) -> Grants:
    statements = [statement for policy in policies for statement in policy["Statement"]]
    return {(action, name) for s in statements for action in s["Action"] for name in _resources(s["Resource"])}


def _resources(given: str | Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the resources' names; the tests run everything, so each condition holds."""
    if isinstance(given, str):  # what has no resource of its own
        yield given
        return
    for each in [given] if isinstance(given, Mapping) else given:
        resource = each["Fn::If"][1] if "Fn::If" in each else each
        yield _substituted(resource["Fn::Sub"]) if "Fn::Sub" in resource else _named(resource["Fn::GetAtt"])


def _substituted(text: str) -> str:
    if bucket := BUCKET.fullmatch(text):
        return f"local-{bucket[1].lower()}/*"
    if text.startswith("${SyncState.Arn}"):
        return text.replace("${SyncState.Arn}", "SyncState")
    return next(secret for name, secret in SECRETS.items() if f"/{name}-??????" in text)


def _named(attribute: Any) -> str:
    name, _, arn = (attribute if isinstance(attribute, str) else ".".join(attribute)).partition(".")
    assert "Arn" == arn
    if name in {"Quarantine", "ExportBucket"}:
        return f"local-{name.lower()}"
    return f"{name}.fifo" if TEMPLATE["Resources"][name].get("Properties", {}).get("FifoQueue") else name
