"""`twilio-bridge check` over the stand-ins: each fault of the troubleshooting tables is made, and gets its line."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.exceptions import ClientError

from tests.integration.cli.bridge import Bridge, Reply
from tests.integration.cli.conftest import Run
from tests.integration.granted import done, granted
from tests.integration.shared import bundle_stack
from tests.sizes import size
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.config import schema
from twilio_bridge.settings import Settings
from twilio_bridge.status import conversations, event_streams
from twilio_bridge.status.findings import Finding
from twilio_bridge.status.probing import run_probes
from twilio_bridge.support.persons.person import TimelineEvent
from twilio_bridge_cli import aws, local_stack
from twilio_bridge_cli.commands.call.tokens import LOCAL_TOKEN
from twilio_bridge_cli.commands.check.building import Checked, build_probes, read_deployed
from twilio_bridge_cli.deployments import Deployment, find_deployment
from twilio_bridge_local.environment import decide
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.template import resources
from twilio_bridge_local.vendors.airtable.server import AirtableStandIn
from twilio_bridge_local.vendors.brevo.attributes import Attribute
from twilio_bridge_local.vendors.brevo.server import BrevoStandIn
from twilio_bridge_local.vendors.faults import Faults
from twilio_bridge_local.vendors.twilio.records import WebhookConfiguration
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

ROOT: Final = Path(__file__).parents[3]
WRONG: Final = "f" * 32
FLOW: Final = f"connectors: {{twilio_flex: {{flex_flow_sid: FO{WRONG}}}}}"
LIST: Final = "connectors: {twilio_flex: {lists: {support_contacts: 99}}}"
CREATED: Final = "com.twilio.taskrouter.task.created"
OLDER: Final = {**event_streams.TYPES, CREATED: 3}
KEY: Final = ("SK" + "1" * 32, "2" * 32)
MONTH: Final = time.strftime("calls_%Y_%m", time.gmtime())


@dataclass
class Scene:
    """A deployment with its stand-ins, and what is checked of it; a fault changes either."""

    stack: Stack
    deployment: Deployment
    checked: Checked
    variables: Mapping[str, str]

    @property
    def twilio(self) -> TwilioStandIn:
        assert self.stack.stand_ins.twilio
        return self.stack.stand_ins.twilio

    @property
    def airtable(self) -> AirtableStandIn:
        assert self.stack.stand_ins.airtable
        return self.stack.stand_ins.airtable

    @property
    def brevo(self) -> BrevoStandIn:
        assert self.stack.stand_ins.brevo
        return self.stack.stand_ins.brevo

    @property
    def state(self) -> Table:
        return Table(self.stack.client("dynamodb"), "SyncState")

    def set(self, **values: str) -> None:
        """Let settings have these values; what the secrets say counts no more for them."""
        self.checked = replace(self.checked, settings=Settings({**self.variables, **values}, self._secrets))

    def _secrets(self, secret_id: str) -> Mapping[str, str]:
        text = self.stack.client("secretsmanager").get_secret_value(SecretId=secret_id)["SecretString"]
        found: Mapping[str, str] = json.loads(text)
        return found

    def configure(self, text: str) -> None:
        """Let this be the configuration in force."""
        self.checked = replace(self.checked, settled=schema.parse(text))

    def use_key(self) -> None:
        """Ask with an API key."""
        self.twilio.api_key = KEY
        self.twilio.taskrouter.api.api_keys.update([KEY])
        self.set(TWILIO_API_KEY_SID=KEY[0], TWILIO_API_KEY_SECRET=KEY[1])

    def connect(self) -> None:
        """Set Twilio up as it should be."""
        outputs, url = self.deployment.outputs, self.deployment.base_url + conversations.PATH
        names = {"arn": "EventStreamArn", "role_arn": "TwilioSinkRoleArn", "external_id": "TwilioSinkExternalId"}
        streams, store = self.twilio.event_streams, self.twilio.store
        sink = streams.add_sink(1, "ours", "kinesis", {name: outputs[output] for name, output in names.items()})
        streams.sinks[sink.sid] = replace(sink, status="active")
        streams.add_subscription(2, "ours", sink.sid, event_streams.TYPES)
        hooks = WebhookConfiguration(tuple(conversations.FILTERS), url, url)
        store.service_webhooks[store.default_service_sid] = hooks

    def replace_sink(self, **changes: Any) -> None:
        """Change what Twilio has of the sink."""
        self.connect()
        ((sid, sink),) = self.twilio.event_streams.sinks.items()
        self.twilio.event_streams.sinks[sid] = replace(sink, **changes)

    def replace_types(self, types: Mapping[str, int]) -> None:
        """Change what the subscription has."""
        self.connect()
        ((sid, one),) = self.twilio.event_streams.subscriptions.items()
        self.twilio.event_streams.subscriptions[sid] = replace(one, types=types)

    def replace_webhooks(self, **changes: Any) -> None:
        """Change what Conversations calls."""
        self.connect()
        store = self.twilio.store
        before = store.service_webhooks[store.default_service_sid]
        store.service_webhooks[store.default_service_sid] = replace(before, **changes)

    def look(self, system: str) -> dict[str, Finding]:
        """Return what is found of a system, by the check's name."""
        probes = [probe for probe in build_probes(self.checked) if probe.system == system]
        return {each.check: each for each in run_probes(probes, 30)}


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with bundle_stack(decide({}), schedules=False) as running:
        assert running.stand_ins.airtable
        running.stand_ins.airtable.rate_limit.requests_per_s = 1_000
        yield running


@pytest.fixture
def scene(stack: Stack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The stack as it began, found as commands find it."""
    del folder  # the current directory, empty
    monkeypatch.setattr("twilio_bridge.adapters.state.limiter.SlotLimiter.reserve_slot", lambda *_: None)
    return find_scene(stack, monkeypatch)


def find_scene(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """Bring a stack back to its beginning, and let commands find it in the current directory."""
    stack.stand_ins.reset()
    assert stack.stand_ins.airtable
    stack.stand_ins.airtable.webhooks_allowed = True
    resources.clear(stack.bundle, stack.aws_url, stack.environment.secrets("local"))
    functions = {each.name: dict(each.environment) for each in stack.bundle.functions}
    written = {"url": stack.url, "started_at": 1.0, "log": str(stack.log_path), "functions": functions}
    monkeypatch.setattr(local_stack, "_read", lambda _file: written)
    local_stack.FOLDER.mkdir(parents=True)
    (local_stack.FOLDER / "1.json").touch()
    deployment = find_deployment(None, {}, None)
    return Scene(stack, deployment, read_deployed(deployment, None), deployment.variables)


def nothing(_scene: Scene) -> None:
    """An account and a deployment that were never set up."""


def add_plugin(scene: Scene) -> None:
    rows = [{"sid": "FP" + "1" * 32, "unique_name": "plugin-bridge"}]
    scene.twilio.taskrouter.api.add_rows("flex-api", "/v1/PluginService/Plugins", rows)


def leave_conversations_out(scene: Scene) -> None:
    scene.connect()
    scene.configure("connectors: {twilio_flex: {sync: {conversations: false}}}")


def misconfigure_sink(scene: Scene) -> None:
    outputs = scene.deployment.outputs
    own = {"arn": outputs["EventStreamArn"], "role_arn": outputs["TwilioSinkRoleArn"], "external_id": "another"}
    scene.replace_sink(sink_configuration=own)


def have_key(scene: Scene, key_type: Any) -> None:
    scene.use_key()
    scene.twilio.access.key_type = key_type
    scene.twilio.access.permissions = frozenset({"conversations"})


def have_wrong_key(scene: Scene) -> None:
    scene.set(TWILIO_API_KEY_SID=KEY[0], TWILIO_API_KEY_SECRET=WRONG)


def have_computed_attribute(scene: Scene) -> None:
    scene.brevo.account.add_attributes([Attribute("CSAT_SCORE", "global", "")])


def call_elsewhere(scene: Scene) -> None:
    scene.replace_webhooks(pre_webhook_url="https://x.example")


def make_none(scene: Scene) -> None:
    scene.configure("brevo: {create_attributes: false}")


def store_nonsense(scene: Scene) -> None:
    scene.state.put({"pk": "config", "sk": "bridge.yaml", "text": "contakts: {}"})


def put_event_long_due(scene: Scene) -> None:
    event = TimelineEvent(key="WT#requested", name="SUPPORT_REQUESTED", at=0, version=1, due_at=1)
    DynamoPersons(scene.state).put_event("kim", event)


def send_dead_letter(scene: Scene) -> None:
    sqs = scene.stack.client("sqs")
    sqs.send_message(QueueUrl=scene.deployment.outputs["AirtableDeadLettersUrl"], MessageBody="{}")


def ring(scene: Scene) -> None:
    scene.stack.client("cloudwatch").put_metric_alarm(
        AlarmName="local-ErrorsAlarm-1A2B3C", AlarmDescription="See there.", MetricName="Errors", Namespace="local",
        Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    scene.stack.client("cloudwatch").set_alarm_state(
        AlarmName="local-ErrorsAlarm-1A2B3C", StateValue="ALARM", StateReason="a test"
    )


def fall_behind(scene: Scene) -> None:
    datum = {
        "MetricName": "IteratorAge",
        "Dimensions": [{"Name": "FunctionName", "Value": "EventStreamsFunction"}],
        "Value": 400_000.0,
    }
    scene.stack.client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=[datum])


def quarantine(scene: Scene) -> None:
    scene.stack.client("s3").put_object(Bucket=scene.deployment.outputs["QuarantineBucket"], Key="a", Body=b"{}")


def use_up_calls(scene: Scene) -> None:
    base = scene.checked.settings.airtable_base_id
    scene.state.put({"pk": f"limit#airtable#{base}", "sk": "slots", MONTH: 900})
    scene.configure("airtable: {monthly_calls: 1000}")


def register_webhook(scene: Scene) -> None:
    outcome = scene.stack.invoke("RefreshContactsFunction", {"webhook": True, "now": True, "url": scene.stack.url})
    assert outcome.ok, outcome.payload


def switch_webhook_off(scene: Scene) -> None:
    register_webhook(scene)
    for hook in scene.airtable.webhooks.listed():
        hook.notifications_enabled = False


Break = Callable[[Scene], object]
# The system, the check, the fault's kind and state, and how it comes about.
FAULTS: Final[list[tuple[str, str, str, str, Break]]] = [
    # Brief 1's table, and docs/operations.md, "Errors in the log", "Everything answers 403".
    ("twilio", "credentials", "unauthorized", "fault", lambda s: s.set(TWILIO_AUTH_TOKEN=WRONG)),
    ("twilio", "credentials", "unauthorized", "fault", lambda s: s.set(TWILIO_ACCOUNT_SID=f"AC{WRONG}")),
    ("twilio", "credentials", "forbidden", "fault", lambda s: setattr(s.twilio.access, "is_suspended", True)),
    ("twilio", "credentials", "away", "away", lambda s: setattr(s.twilio, "faults", Faults(status=503))),
    ("twilio", "credentials", "away", "away", lambda s: setattr(s.twilio, "faults", Faults(rubbish="html"))),
    ("twilio", "flex", "flex-not-activated", "fault", lambda s: setattr(s.twilio.access, "flex_status", 403)),
    ("twilio", "flex", "flex-not-activated", "fault", lambda s: setattr(s.twilio.access, "flex_status", 404)),
    ("twilio", "workspace", "wrong-workspace", "fault", lambda s: s.set(TWILIO_WORKSPACE_SID=f"WS{WRONG}")),
    ("twilio", "plugin", "plugin-inactive", "fault", add_plugin),
    ("twilio", "subscription", "conversations-left-out", "note", leave_conversations_out),
    ("twilio", "subscription", "types-missing", "fault", lambda s: s.replace_types({CREATED: 4})),
    ("twilio", "subscription", "other-versions", "fault", lambda s: s.replace_types(OLDER)),
    ("twilio", "subscription", "no-subscription", "fault", nothing),
    ("twilio", "sink", "no-sink", "fault", nothing),
    ("twilio", "sink", "sink-not-active", "fault", lambda s: s.replace_sink(status="validating")),
    ("twilio", "sink", "sink-misconfigured", "fault", misconfigure_sink),
    ("twilio", "webhooks", "webhooks-incomplete", "fault", lambda s: s.replace_webhooks(filters=())),
    ("twilio", "webhooks", "webhooks-incomplete", "fault", lambda s: s.replace_webhooks(method="GET")),
    ("twilio", "webhooks", "webhooks-elsewhere", "fault", call_elsewhere),
    ("twilio", "addresses", "address-not-configured", "fault", nothing),
    ("twilio", "flex-flow", "wrong-flex-flow", "fault", lambda s: s.configure(FLOW)),
    ("twilio", "key-type", "auth-token", "note", nothing),
    ("twilio", "key-type", "", "ok", lambda s: s.use_key()),
    ("twilio", "key-type", "main-key", "note", lambda s: have_key(s, "Main")),
    ("twilio", "key-type", "unauthorized", "fault", have_wrong_key),
    ("twilio", "flex", "missing-scope", "fault", lambda s: have_key(s, "Restricted")),
    # docs/operations.md, "Errors in the log", "A load is refused", "Airtable's webhook", "Airtable's calls run out".
    ("airtable", "base", "unauthorized", "fault", lambda s: s.set(AIRTABLE_TOKEN=f"pat{WRONG}")),
    ("airtable", "base", "missing-scope", "fault", lambda s: setattr(s.airtable, "faults", Faults(status=403))),
    ("airtable", "base", "wrong-base", "fault", lambda s: setattr(s.airtable, "faults", Faults(status=404))),
    ("airtable", "base", "columns", "fault", lambda s: s.configure("contacts: {columns: {owner: Boss}}")),
    ("airtable", "base", "columns", "fault", lambda s: s.configure("contacts: {table: Custmers}")),
    ("airtable", "base", "rate-limited", "away", lambda s: setattr(s.airtable, "faults", Faults(status=429))),
    ("airtable", "base", "away", "away", lambda s: setattr(s.airtable, "faults", Faults(status=503))),
    ("airtable", "templates", "templates", "note", nothing),
    ("airtable", "webhook", "no-webhook", "fault", nothing),
    ("airtable", "webhook", "", "ok", register_webhook),
    ("airtable", "webhook", "missing-scope", "note", lambda s: setattr(s.airtable, "webhooks_allowed", False)),
    ("airtable", "webhook", "webhook-off", "fault", switch_webhook_off),
    ("airtable", "quota", "quota", "fault", use_up_calls),
    # docs/operations.md, "Brevo waits".
    ("brevo", "account", "unauthorized", "fault", lambda s: s.set(BREVO_API_KEY=f"xkeysib-{WRONG}")),
    ("brevo", "account", "ip-blocked", "fault", lambda s: setattr(s.brevo, "ip_blocked", True)),
    ("brevo", "account", "forbidden", "fault", lambda s: setattr(s.brevo, "faults", Faults(status=402))),
    ("brevo", "account", "forbidden", "fault", lambda s: setattr(s.brevo, "faults", Faults(status=403))),
    ("brevo", "account", "rate-limited", "away", lambda s: setattr(s.brevo, "faults", Faults(status=429))),
    ("brevo", "account", "away", "away", lambda s: setattr(s.brevo, "faults", Faults(status=500))),
    ("brevo", "attributes", "attributes", "fault", have_computed_attribute),
    ("brevo", "attributes", "attributes", "fault", make_none),
    ("brevo", "lists", "no-list", "fault", lambda s: s.configure(LIST)),
    # docs/operations.md: "Contacts are stale", "Opt-outs wait", "Events fall behind", "Records in the quarantine".
    ("aws", "configuration", "configuration", "fault", store_nonsense),
    ("aws", "contacts", "no-contacts", "fault", nothing),
    ("aws", "dead-letters", "dead-letters", "fault", send_dead_letter),
    ("aws", "deliveries", "overdue", "fault", put_event_long_due),
    ("aws", "iterator-age", "events-behind", "fault", fall_behind),
    ("aws", "quarantine", "quarantine", "fault", quarantine),
    ("aws", "alarms", "alarms", "fault", ring),
    ("bridge", "/callbacks/crm", "signature", "fault", lambda s: s.set(TWILIO_AUTH_TOKEN=WRONG)),
    ("bridge", "/webhooks/event-streams", "signature", "fault", lambda s: s.set(TWILIO_AUTH_TOKEN=WRONG)),
]  # fmt: skip


# Every third from the last, which takes in each system; all of them in `make prove`.
TRIED: Final = FAULTS[:: -size(3, 1)]
assert {each[0] for each in TRIED} == {each[0] for each in FAULTS}


@pytest.mark.prove
@pytest.mark.parametrize(
    ("system", "check", "kind", "state", "do"), TRIED, ids=[f"{each[1]}: {each[2] or 'fine'}" for each in TRIED]
)
def test_each_fault_gets_its_line(scene: Scene, system: str, check: str, kind: str, state: str, do: Break) -> None:
    """Named by a kind, with a sentence that names no secret and, unless all is well, a remedy."""
    do(scene)

    found = scene.look(system)[check]

    assert (state, kind) == (found.state, found.kind), found.text
    assert state == "ok" or found.remedy
    shown = found.text + found.remedy
    assert not [secret for secret in (LOCAL_TOKEN, WRONG[:20] if "TOKEN" in shown else LOCAL_TOKEN) if secret in shown]


def test_the_status_does_what_its_policy_allows(scene: Scene) -> None:
    """By invoke, by HTTP and for the count: nothing would be denied, and nothing is granted that is never done."""
    put_event_long_due(scene)
    scene.stack.embedded_aws.calls.clear()
    request = json.loads((ROOT / "events/status/request.json").read_text())

    looks = [scene.stack.invoke("StatusFunction", event) for event in ({}, request, {"count": True})]
    did, allowed = done(scene.stack.embedded_aws.calls)["StatusFunction"], granted()["StatusFunction"]

    assert all(each.ok for each in looks), looks
    assert 200 == looks[1].payload["statusCode"]
    assert looks[0].payload.keys() == json.loads(looks[1].payload["body"]).keys()
    assert {"connected", "lastSync", "conversationsTracked", "customersLinked", "agentsMonitored"} < looks[
        0
    ].payload.keys()
    named = {(action, "*" if action == "cloudwatch:GetMetricData" else resource) for action, resource in did}
    assert (set(), set()) == (named - allowed, allowed - named)


def test_one_vendor_away_leaves_the_others(scene: Scene) -> None:
    """What could be checked is shown."""
    scene.twilio.faults = Faults(silent=True)
    scene.connect()
    probes = [probe for probe in build_probes(scene.checked) if probe.system in {"twilio", "brevo"}]

    found = {each.check: each.state for each in run_probes(probes, 3)}

    assert {"away", "skipped"} == {found["credentials"], found["flex"]}
    assert {"ok"} == {found["account"], found["attributes"]}


@pytest.mark.parametrize(
    ("reply", "kind"), [(Reply(status=404), "no-route"), (Reply(status=500), "callback-fails"), (None, "away")]
)
def test_a_deployment_behind_another_address(scene: Scene, reply: Reply | None, kind: str) -> None:
    """PUBLIC_BASE_URL leads to a server that knows no such route, fails, or is not there."""
    with Bridge(LOCAL_TOKEN) as bridge:
        bridge.answer = lambda _: reply or Reply()
        parameters = {**scene.deployment.parameters, "PublicBaseUrl": bridge.url if reply else "http://127.0.0.1:9"}
        scene.checked = replace(scene.checked, deployment=replace(scene.deployment, parameters=parameters))
        found = scene.look("bridge")

    assert kind == found["/callbacks/crm"].kind
    if reply is None:
        assert {"skipped"} == {each.state for each in list(found.values())[1:]}


@pytest.mark.usefixtures("scene")
def test_the_five_lines(run: Run) -> None:
    """As the brief shows them; the command ends with 1, for this account is not set up yet."""
    ended = run("check", "--only", "twilio")
    lines = ended.stdout.splitlines()

    for text in (
        "✓ Flex API connection successful",
        "✓ Conversations API accessible",
        "✓ TaskRouter workspace found",
        "✓ Agent list readable",
        "✓ Queue configuration loaded",
    ):
        assert any(text in line for line in lines), ended.output
    assert ended.exit_code == 1
    assert any(line.strip().startswith("→") for line in lines)


def test_json_and_the_exit_code(scene: Scene, run: Run) -> None:
    """0 only where all holds."""
    good = run("check", "--only", "brevo", "--json")
    assert (0, True) == (good.exit_code, json.loads(good.stdout)["ok"])

    scene.brevo.ip_blocked = True
    bad = run("check", "--only", "brevo", "--json")
    assert (1, False) == (bad.exit_code, json.loads(bad.stdout)["ok"])
    assert "ip-blocked" in {each["kind"] for each in json.loads(bad.stdout)["findings"]}


def test_before_a_deployment(scene: Scene, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment and a file are checked; a vendor that is not named there is not in use."""
    (folder / "my.yaml").write_text("contacts: {columns: {owner: Boss}}")
    monkeypatch.setenv("AIRTABLE_TOKEN", scene.airtable.token)
    monkeypatch.setenv("AIRTABLE_BASE_ID", scene.airtable.base_id)
    monkeypatch.setenv("AIRTABLE_ENDPOINT_URL", scene.airtable.url)

    ended = run("check", "--before", "my.yaml", "--json")
    found = {(each["system"], each["check"]): each for each in json.loads(ended.stdout)["findings"]}

    assert ended.exit_code == 1
    assert "Boss" in found["airtable", "base"]["text"]
    assert {"skipped"} == {found["twilio", "credentials"]["state"], found["brevo", "credentials"]["state"]}


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("check", "--only", "twillio"), "twilio"),
        (("check", "--before", "my.yaml", "--stack", "x"), "deployed"),
        (("check", "--before", "missing.yaml"), "path"),
    ],
)
def test_bad_input_is_one_sentence(scene: Scene, run: Run, folder: Path, words: tuple[str, ...], remedy: str) -> None:
    """With the remedy, and exit code 2."""
    (folder / "my.yaml").write_text("")

    ended = run(*words, "--endpoint-url", scene.stack.aws_url)

    assert ended.exit_code == 2, ended.output
    assert remedy in ended.stderr


class NoStack:
    """CloudFormation where there is no stack of any name."""

    def describe_stacks(self, **asked: str) -> None:
        """Refuse as AWS does."""
        text = f"Stack with id {asked['StackName']} does not exist"
        raise ClientError({"Error": {"Code": "ValidationError", "Message": text}}, "DescribeStacks")


@pytest.mark.parametrize("command", ["check", "status"])
def test_a_stack_that_does_not_exist(run: Run, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """Is bad input: its name, or the region, or the account."""
    monkeypatch.setattr(aws, "make_client", lambda *_, **__: NoStack())

    ended = run(command, "--stack", "nope")

    assert ended.exit_code == 2, ended.output
    assert "no stack nope" in ended.stderr
    assert "--region" in ended.stderr


def test_nothing_to_check(run: Run, folder: Path) -> None:
    """Neither a stack nor a setting: the command says what to set."""
    del folder
    ended = run("check")

    assert ended.exit_code == 2
    assert "TWILIO_ACCOUNT_SID" in ended.stderr
