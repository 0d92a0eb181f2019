"""docs/operations.md against the template and the code: cost, metrics, what the deployer may do, what stays."""

import json
import re
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.test_template_parts import evaluate
from tests.integration.test_template_parts import transformed as transformed  # noqa: PLC0414  a fixture
from tools import price
from twilio_bridge.adapters.aws.metrics import NAMES
from twilio_bridge.messages.sending.outcomes import FIGURES
from twilio_bridge_local.template.reader import parse_template

ROOT: Final = Path(__file__).parents[2]
OPERATIONS: Final = (ROOT / "docs" / "operations.md").read_text()
POLICY: Final = json.loads((ROOT / "docs" / "deployer-policy.json").read_text())
TEMPLATE: Final = parse_template((ROOT / "template.yaml").read_text())
# The IAM prefix of a CloudFormation type's service, where it is not the service's name.
PREFIXES: Final = {"apigatewayv2": "apigateway"}


def totals(table: str) -> list[int]:
    (line,) = re.findall(r"(?m)^\| \*\*together\*\* .*$", table)
    return [int(number) for number in re.findall(r"\*\*(\d+)\*\*", line)]


def test_the_cost_is_what_the_tool_computes() -> None:
    """The sums are those of `python -m tools.price`, to a dollar: an alarm more is no new table."""
    pairs = list(zip(totals(OPERATIONS), totals(price.table()), strict=True))

    assert len(pairs) == len(price.SIZES)
    assert not [(written, computed) for written, computed in pairs if abs(written - computed) > 1]


@pytest.mark.parametrize(("support", "size"), [("off", price.SIZES[0]), ("on", price.SIZES[1])])
def test_the_cost_counts_what_is_deployed(transformed: Any, support: str, size: price.Size) -> None:
    """Alarms by the metrics that they watch, metrics by the filters that make them, and queues that are polled."""
    resources = evaluate(transformed, Support=support).resources.values()
    alarms = [body["Properties"] for body in resources if body["Type"] == "AWS::CloudWatch::Alarm"]
    watched = sum(len([m for m in each.get("Metrics", []) if "MetricStat" in m]) or 1 for each in alarms)
    filters = [body for body in resources if body["Type"] == "AWS::Logs::MetricFilter"]
    counted = price.count(size)

    assert watched == counted["CloudWatch, alarms"]
    assert len(filters) <= counted["CloudWatch, metrics"]
    assert (support == "on") is (counted["Kinesis, shard hours"] > 0)


def dashboard(transformed: Any, **parts: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return the dashboard's widgets, names of resources in place of their values, and what is deployed with it."""
    resources = evaluate(transformed, **parts).resources
    text, values = resources["OperationsDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value["Fn::Sub"] if isinstance(value, dict) else value)

    plain = re.sub(r"\$\{([\w.:]+)\}", r"<\1>", text)
    return [widget["properties"] for widget in json.loads(plain)["widgets"]], resources


@pytest.mark.parametrize("parts", [{}, {"Frontline": "off"}, {"Support": "off"}], ids=str)
def test_the_dashboard_shows_what_is_deployed(transformed: Any, parts: dict[str, str]) -> None:
    """Every function, queue and stream that it names is there, and every metric of ours is one that is written."""
    widgets, resources = dashboard(transformed, **parts)
    documented = set(re.findall(r"(?m)^\| (\w+)", OPERATIONS.partition("## Metrics\n")[2].partition("\n## ")[0]))
    metrics = [metric for widget in widgets for metric in widget["metrics"] if isinstance(metric[0], str)]
    named = {name for text in map(json.dumps, widgets) for name in re.findall(r"<([A-Z]\w+)(?:\.\w+)?>", text)}

    assert not named - {*resources, "AWS"}
    assert not {metric[1] for metric in metrics if metric[0] == "<AWS::StackName>"} - documented
    assert {"<AWS::Region>"} == {widget["region"] for widget in widgets}


def test_the_dashboard_has_what_an_operator_looks_for(transformed: Any) -> None:
    widgets, _ = dashboard(transformed)
    shown = json.dumps(widgets)
    callbacks = next(widget for widget in widgets if "milliseconds" in widget["title"])["metrics"]

    assert {"p50", "p95", "p99"} == {metric[-1]["stat"] for metric in callbacks}
    for metric in (
        "Errors",
        "CacheAge",
        "IncomingRecords",
        "IteratorAge",
        "OldestOverdueEvent",
        "VendorRequests",
        "Wait",
    ):
        assert metric in shown, metric
    assert {300, 1200, 6000} == {
        line["value"] for widget in widgets for line in widget.get("annotations", {}).get("horizontal", [])
    }


def test_the_dashboard_and_tracing_can_be_chosen(transformed: Any) -> None:
    """X-Ray is off, and no function may write to it, unless it is turned on."""
    without, traced = evaluate(transformed, Dashboard="off").resources, json.dumps(transformed["Resources"])

    assert "OperationsDashboard" not in without
    assert "TracingConfig" not in traced
    assert "XRay" not in traced


def test_every_metric_has_its_meaning() -> None:
    """Those of the log's filters, and those of the figures."""
    section = OPERATIONS.partition("## Metrics\n")[2].partition("\n## ")[0]
    filters = [b["Properties"] for b in TEMPLATE["Resources"].values() if b["Type"] == "AWS::Logs::MetricFilter"]
    named = {each["MetricTransformations"][0]["MetricName"] for each in filters}
    folder = ROOT / "layers/bridge/twilio_bridge/adapters/aws"
    source = "".join((folder / name).read_text() for name in ("metrics.py", "request_metrics.py"))
    figures = {*NAMES.values(), "Wait", "WaitBeforeLeaving", *re.findall(r'add_metric\("(\w+)"', source)}

    sending = "".join(path.read_text() for path in (ROOT / "layers/bridge/twilio_bridge/messages").rglob("*.py"))
    messages = {*FIGURES.values(), *re.findall(r'\.count\("(\w+)"', sending)}
    cells = re.findall(r"(?m)^\| (\w[^|]*?) (?:\([^|]*\) )?\|", section)[1:]

    assert {name for name in figures if f'"{name}"' in source} == figures
    assert {name for cell in cells for name in cell.split(", ")} == named | figures | messages


def test_every_alarm_is_listed() -> None:
    """Under *What to watch*, with the paragraph that helps."""
    section = OPERATIONS.partition("## What to watch\n")[2].partition("\n## ")[0]
    alarms = {name for name, body in TEMPLATE["Resources"].items() if body["Type"] == "AWS::CloudWatch::Alarm"}

    assert alarms == set(re.findall(r"(?m)^\| (\w+Alarm) ", section))


def test_the_contents_are_complete() -> None:
    """Every section is listed."""
    contents = OPERATIONS.partition("## Contents\n")[2].partition("\n## ")[0]
    sections = [title for title in re.findall(r"(?m)^## (.+)$", OPERATIONS) if title != "Contents"]

    assert not [title for title in sections if f"[{title}]" not in re.sub(r"\s+", " ", contents)]


def test_the_deployer_may_make_every_resource(transformed: Any) -> None:
    """For each type of the deployed template there is a statement of its service."""
    kinds = {body["Type"] for body in transformed["Resources"].values()}
    services = {kind.split("::")[1].lower() for kind in kinds}
    allowed = {action.partition(":")[0] for each in POLICY["Statement"] for action in each["Action"]}

    assert {PREFIXES.get(service, service) for service in services} <= allowed | {"serverless"}


def test_what_the_deployer_may_do_is_about_this_stack() -> None:
    """A statement for everything only reads, or has a condition."""
    for statement in POLICY["Statement"]:
        if statement["Resource"] == "*" and "Condition" not in statement:
            verbs = {action.partition(":")[2] for action in statement["Action"]}
            assert all(re.match("Describe|Get|List|Validate", verb) for verb in verbs), statement["Sid"]


def test_what_stays_after_a_removal_is_listed() -> None:
    """Each resource that is retained has its line."""
    section = OPERATIONS.partition("## Removing it\n")[2].partition("\n## ")[0]
    retained = {name for name, body in TEMPLATE["Resources"].items() if body.get("DeletionPolicy") == "Retain"}

    assert {"SyncState", "Quarantine", "CampaignFiles", "ExportBucket"} == retained
    assert "| SyncState |" in section
    assert "| the quarantine bucket |" in section
    assert "| the export's bucket |" in section
    assert "| CampaignFiles, a bucket |" in section
