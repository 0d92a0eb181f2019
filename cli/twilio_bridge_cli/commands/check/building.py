"""Which probes a check runs: those of the vendors whose credentials there are, and those of a deployment."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from twilio_bridge.adapters.aws.deployment import AwsDeployment, QueueNames, StackNames
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.brevo.client import WINDOWS
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.adapters.contact_cache.chunk_cache import ChunkMemory
from twilio_bridge.adapters.state.configuration import Configuration, stored
from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.config import schema
from twilio_bridge.contacts.airtable_quota import Usage
from twilio_bridge.contacts.ports import CacheState
from twilio_bridge.errors import SettingError
from twilio_bridge.settings import Settings
from twilio_bridge.status.airtable_probe import AirtableProbe
from twilio_bridge.status.findings import Fault
from twilio_bridge.status.probing import Probe, make_checks
from twilio_bridge.status.stack_probe import StackProbe, explain, make_callback_probe
from twilio_bridge.status.twilio_probe import TwilioProbe, Wanted
from twilio_bridge.wiring import status as wiring
from twilio_bridge_cli import aws
from twilio_bridge_cli.commands.check.calling import HttpCaller
from twilio_bridge_cli.deployments import Deployment, open_state, read_settings
from twilio_bridge_cli.environment import Environment
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.pace import BrevoPace, OwnPace

NOTHING: Final = "There is nothing to check."
NOTHING_REMEDY: Final = (
    "Set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, AIRTABLE_TOKEN and AIRTABLE_BASE_ID, or BREVO_API_KEY in the "
    "environment or .env; or name a deployment: --stack twilio-bridge"
)
_NOT_SET: Final = "Set it in the environment or .env, if you use {system}."


@dataclass(frozen=True, slots=True)
class Checked:
    """What is checked: settings and configuration, and the deployment where there is one."""

    settings: Settings
    settled: schema.Config
    deployment: Deployment | None
    region: str | None


def read_before_deployment(environment: Environment, config: Path | None) -> Checked:
    """Return the settings of the environment and `.env`, with a configuration file or the packaged one."""
    settings = Settings(environment)
    settled = schema.parse(_read_file(config)) if config else schema.Config()
    if not any(_has(settings, system) for system in ("twilio", "airtable", "brevo")):
        raise CommandError(NOTHING, NOTHING_REMEDY)
    return Checked(settings, settled, None, None)


def _read_file(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read ({type(error).__name__}).", "Check the path.") from error


def read_deployed(deployment: Deployment, region: str | None) -> Checked:
    """Return what a deployment has: its secrets, its parameters, the configuration in force."""
    settings = read_settings(deployment, region)
    path = deployment.variables.get("BRIDGE_CONFIG") or None
    return Checked(settings, Configuration(open_state(deployment, region), path).current(), deployment, region)


def build_probes(checked: Checked) -> list[Probe]:
    """Return the probes; a vendor without credentials is one line."""
    deployment = checked.deployment
    has_frontline = deployment is None or deployment.has_frontline
    has_support = deployment is None or deployment.has_support
    probes = [_build("twilio", checked, _build_twilio)]
    probes += [_build("airtable", checked, _build_airtable)] if has_frontline else []
    probes += [_build("brevo", checked, _build_brevo)] if has_support else []
    return [*probes, *(_build_deployed(checked, deployment) if deployment else [])]


def _build(system: str, checked: Checked, build: Callable[[Checked], Probe]) -> Probe:
    """Return a vendor's probe. Before a deployment a vendor that is not set up is not in use."""
    try:
        return build(checked)
    except SettingError as error:
        reason, is_planned = str(error), checked.deployment is None and not _has(checked.settings, system)
    remedy = _NOT_SET.format(system=system.capitalize()) if is_planned else "Write it: twilio-bridge setup"

    def look() -> str:
        raise Fault("no-credentials", reason, remedy, "skipped" if is_planned else "fault")

    return Probe(system, make_checks([("credentials", f"{system.capitalize()} credentials", look)]), explain)


def _has(settings: Settings, system: str) -> bool:
    read: dict[str, Callable[[], str]] = {
        "twilio": lambda: settings.twilio_account_sid,
        "airtable": lambda: settings.airtable_token,
        "brevo": lambda: settings.brevo_api_key,
    }
    try:
        return bool(read[system]())
    except SettingError as error:
        return "is missing" not in str(error)  # one that is malformed is set


def _build_twilio(checked: Checked) -> Probe:
    setup = wiring.build_twilio_setup(checked.settings)
    return TwilioProbe(setup, setup, make_wanted(checked)).list_all_checks()


def make_wanted(checked: Checked) -> Wanted:
    """Return what the Twilio account should be like for a deployment, or before one."""
    settings, flex, deployment = checked.settings, checked.settled.connectors.twilio_flex, checked.deployment
    outputs = deployment.outputs if deployment else {}
    parameters = deployment.parameters if deployment else {}
    whatsapp = settings.twilio_whatsapp_number or ""
    prefixed = f"whatsapp:{whatsapp.removeprefix('whatsapp:')}" if whatsapp else ""
    return Wanted(
        account_sid=settings.twilio_account_sid,
        uses_key=settings.twilio_login[0].startswith(wiring.API_KEY),
        region=settings.twilio_region or "",
        workspace_sid=settings.twilio_workspace_sid or "",
        flex_flow_sid=flex.flex_flow_sid,
        base_url=deployment.base_url if deployment else "",
        stream_arn=outputs.get("EventStreamArn", ""),
        sink_role_arn=outputs.get("TwilioSinkRoleArn", ""),
        sink_external_id=parameters.get("SinkExternalId") or outputs.get("TwilioSinkExternalId", ""),
        addresses=[each for each in (settings.twilio_sms_number, prefixed) if each],
        has_frontline=deployment is None or deployment.has_frontline,
        has_support=deployment is None or deployment.has_support,
        takes_conversations=flex.sync.conversations,
    )


def _build_airtable(checked: Checked) -> Probe:
    settings, deployment = checked.settings, checked.deployment
    if not deployment:
        return AirtableProbe(wiring.build_airtable_setup(settings, checked.settled, OwnPace())).list_all_checks()
    state, base_id = open_state(deployment, checked.region), settings.airtable_base_id
    limiter = SlotLimiter(state, AIRTABLE, base_id)
    base = wiring.build_airtable_setup(settings, checked.settled, limiter)
    plan = checked.settled.airtable.monthly_calls
    return AirtableProbe(base, deployment.base_url, lambda: Usage(limiter.count_calls(), plan)).list_all_checks()


def _build_brevo(checked: Checked) -> Probe:
    account = wiring.build_brevo_setup(checked.settings, checked.settled, dict.fromkeys(WINDOWS, BrevoPace()))
    return wiring.build_brevo_probe(account, checked.settled).list_all_checks()


def _build_deployed(checked: Checked, deployment: Deployment) -> Sequence[Probe]:
    """Return the probes of what runs at AWS, and of the deployment's own URLs."""
    names = StackNames(
        stack=deployment.name,
        queues=[QueueNames(*entry) for entry in deployment.list_queues()],
        events_function=deployment.outputs.get("EventStreamsFunction", ""),
        quarantine=deployment.outputs.get("QuarantineBucket", ""),
    )
    clients = (aws.make_client(name, deployment.environment, checked.region) for name in ("sqs", "cloudwatch", "s3"))
    sqs, cloudwatch, s3 = clients
    state = open_state(deployment, checked.region)
    for_everybody = checked.settled.contacts.visibility == "all"
    stack = StackProbe(
        deployment=AwsDeployment(sqs, cloudwatch, names, s3),
        find_problems=lambda: _find_problems(state),
        read_cache=(lambda: _read_cache(deployment, checked, for_everybody)) if deployment.has_frontline else None,
        read_overdue_s=(lambda: _read_overdue_s(DynamoPersons(state))) if deployment.has_support else None,
        has_quarantine=deployment.has_support,
    )
    probes = [stack.list_all_checks()]
    try:
        caller = HttpCaller(deployment.base_url, checked.settings.twilio_auth_tokens[0])
    except SettingError:  # Twilio's own line has it
        return probes
    parts = {"has_frontline": deployment.has_frontline, "has_support": deployment.has_support}
    return [*probes, make_callback_probe(caller, **parts)]


def _find_problems(state: Table) -> list[str]:
    """Return what is wrong with the stored configuration; nothing where the packaged one is in force."""
    text = stored(state)
    try:
        schema.parse(text or "")
    except SettingError as error:
        return str(error).splitlines()
    return []


def _read_cache(deployment: Deployment, checked: Checked, for_everybody: bool) -> CacheState:
    client = aws.make_client("dynamodb", deployment.environment, checked.region)
    table = Table(client, deployment.require("ContactCacheTable"))
    return DynamoContactCache(table, for_everybody=for_everybody, memory=ChunkMemory()).read_state()


def _read_overdue_s(persons: DynamoPersons) -> int:
    """Return for how long the oldest event for Brevo has been due."""
    now = int(time.time() * 1000)
    oldest = min((each.due_at for each in persons.find_overdue(now)), default=now)
    return (now - oldest) // 1000
