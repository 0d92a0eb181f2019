"""A deployment as commands see it: the outputs of a stack, or what stands in for them on the local stack."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.aws.secrets import Secrets
from twilio_bridge.errors import SettingError
from twilio_bridge.settings import Settings
from twilio_bridge_cli import aws
from twilio_bridge_cli.environment import Environment
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.local_stack import LocalStack, find_local_stack, require_local_stack

# Where a function's variable has what an output would have.
_VARIABLES: Final[Mapping[str, str]] = {
    "SyncStateTable": "SYNC_STATE_TABLE",
    "ContactCacheTable": "CONTACT_CACHE_TABLE",
    "EventStreamName": "EVENT_STREAM",
    "EventStreamArn": "EVENT_STREAM_ARN",
    "QuarantineBucket": "QUARANTINE_BUCKET",
    "ExportBucketName": "EXPORT_BUCKET",
    "CampaignFilesBucket": "CAMPAIGN_FILES_BUCKET",
}
_FUNCTIONS: Final = (
    "StatusFunction",
    "RefreshContactsFunction",
    "EventStreamsFunction",
    "EntitiesFunction",
    "SyncFunction",
    "EnrichWorkersFunction",
)
# The local stack has no roles: Twilio's stand-in wants the form of one.
_LOCAL_ROLE: Final = "arn:aws:iam::123456789012:role/TwilioSinkRole"
_LOCAL_EXTERNAL_ID: Final = "local"
_PATHS: Final[Mapping[str, str]] = {
    "CrmUrl": "/callbacks/crm",
    "OutgoingConversationUrl": "/callbacks/outgoing-conversation",
    "TemplatesUrl": "/callbacks/templates",
    "RoutingUrl": "/callbacks/routing",
    "TwilioConversationsUrl": "/callbacks/twilio-conversations",
    "AirtableWebhookUrl": "/webhooks/airtable",
}

# What template.yaml hands to the functions out of its parameters.
_SETTINGS: Final[Mapping[str, str]] = {
    "TwilioAccountSid": "TWILIO_ACCOUNT_SID",
    "TwilioSmsNumber": "TWILIO_SMS_NUMBER",
    "TwilioWhatsappNumber": "TWILIO_WHATSAPP_NUMBER",
    "TwilioRegion": "TWILIO_REGION",
    "TwilioEdge": "TWILIO_EDGE",
    "TwilioWorkspaceSid": "TWILIO_WORKSPACE_SID",
    "TwilioEndpointUrl": "TWILIO_ENDPOINT_URL",
    "AirtableBaseId": "AIRTABLE_BASE_ID",
    "AirtableEndpointUrl": "AIRTABLE_ENDPOINT_URL",
    "BrevoEndpointUrl": "BREVO_ENDPOINT_URL",
    "PublicBaseUrl": "PUBLIC_BASE_URL",
    "ProxyEnabled": "PROXY_ENABLED",
    "ProxyServer": "PROXY_SERVER",
    "ProxyAuthScheme": "PROXY_AUTH_SCHEME",
    "ProxySslType": "PROXY_SSLTYPE",
}
# Where a vendor is reached from this machine, where the functions' parameters leave it open.
_ENDPOINTS: Final = frozenset({"TWILIO_ENDPOINT_URL", "AIRTABLE_ENDPOINT_URL", "BREVO_ENDPOINT_URL"})
_SYSTEMS: Final = ("twilio", "airtable", "brevo")


@dataclass(frozen=True, slots=True)
class Deployment:
    """A stack's name, outputs and parameters, and the environment that reaches AWS.

    `is_local` runs on this machine; then `variables` are those of its functions.
    """

    name: str
    outputs: Mapping[str, str]
    environment: Environment
    parameters: Mapping[str, str] = field(default_factory=dict)
    is_local: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def base_url(self) -> str:
        """What Twilio calls: the public address, else the API's own."""
        return (self.parameters.get("PublicBaseUrl") or self.outputs["BaseUrl"]).rstrip("/")

    @property
    def has_frontline(self) -> bool:
        """Whether Frontline is deployed."""
        return "CrmUrl" in self.outputs

    @property
    def has_support(self) -> bool:
        """Whether support is deployed."""
        return "EventStreamArn" in self.outputs

    def require(self, output: str) -> str:
        """Return an output; raise CommandError where the stack is of another version."""
        if output not in self.outputs:
            raise CommandError(
                f"The stack {self.name} has no output {output}.", "Deploy this version: make build && sam deploy"
            )
        return self.outputs[output]

    def list_queues(self) -> list[tuple[str, str, str]]:
        """Return each queue with its URL and that of its dead letters, as the outputs pair them."""
        names = [name.removesuffix("QueueUrl") for name in self.outputs if name.endswith("QueueUrl")]
        pairs = (
            (name, self.outputs[f"{name}QueueUrl"], self.outputs.get(f"{name}DeadLettersUrl", "")) for name in names
        )
        return [(f"{name}Queue", url, dead) for name, url, dead in sorted(pairs) if dead]


def find_deployment(stack: str | None, environment: Environment, region: str | None) -> Deployment:
    """Return the stack of this name, else the local one; raise CommandError where there is none."""
    return _read_deployed(stack, environment, region) if stack else _read_local(require_local_stack(), environment)


def find_deployment_if_any(stack: str | None, environment: Environment, region: str | None) -> Deployment | None:
    """Return the same; None where no stack is named and none runs here."""
    if stack:
        return _read_deployed(stack, environment, region)
    local = find_local_stack()
    return _read_local(local, environment) if local else None


def _read_deployed(stack: str, environment: Environment, region: str | None) -> Deployment:
    outputs, parameters = aws.read_stack(stack, environment, region)
    if "BaseUrl" not in outputs:
        raise CommandError(f"The stack {stack} is no Twilio Bridge.", "Name another one: --stack")
    return Deployment(stack, outputs, environment, parameters)


def _read_local(local: LocalStack, environment: Environment) -> Deployment:
    every = {name: value for each in local.functions.values() for name, value in each.items()}
    outputs = {name: every[variable] for name, variable in _VARIABLES.items() if every.get(variable)}
    outputs |= {name: name for name in _FUNCTIONS if name in local.functions}
    outputs |= {"BaseUrl": local.url}
    outputs |= {name: local.url + path for name, path in _PATHS.items() if "CrmFunction" in local.functions}
    for entry in every.get("STATUS_QUEUES", "").split(","):
        if entry:
            name, url, dead = entry.split()
            outputs |= {f"{name}Url": url, f"{name.removesuffix('Queue')}DeadLettersUrl": dead}
    if "EventStreamArn" in outputs:
        outputs |= {"TwilioSinkRoleArn": _LOCAL_ROLE, "TwilioSinkExternalId": _LOCAL_EXTERNAL_ID}
    numbers = {
        "TwilioSmsNumber": every.get("TWILIO_SMS_NUMBER", ""),
        "TwilioWhatsappNumber": every.get("TWILIO_WHATSAPP_NUMBER", ""),
        "PublicBaseUrl": every.get("PUBLIC_BASE_URL", ""),
    }
    reached = {"AWS_ENDPOINT_URL": every.get("AWS_ENDPOINT_URL", ""), **environment}
    return Deployment("local", outputs, reached, numbers, is_local=True, variables=every)


def list_settings(deployment: Deployment) -> dict[str, str]:
    """Return the settings that the deployment's functions have beside their secrets."""
    given = {variable: deployment.parameters.get(name, "") for name, variable in _SETTINGS.items()}
    here = {name: value for name, value in deployment.environment.items() if name in _ENDPOINTS}
    own = {**here, **{name: value for name, value in given.items() if value}, **deployment.variables}
    return {name: value for name, value in own.items() if value}


def read_settings(deployment: Deployment, region: str | None) -> Settings:
    """Return the settings that the deployment's functions have: its parameters, and its secrets as they are now.

    Raises:
        CommandError: The environment or `.env` names another account than the deployment's.
    """
    secrets = {f"{system.upper()}_SECRET": f"{deployment.name}/{system}" for system in _SYSTEMS}
    client = aws.make_client("secretsmanager", deployment.environment, region)
    found = Settings({**secrets, **list_settings(deployment)}, Secrets(client).read)
    _require_same_account(found, deployment)
    return found


def _require_same_account(found: Settings, deployment: Deployment) -> None:
    here = Settings(deployment.environment).named_account_sid
    if not here or deployment.is_local:
        return
    try:
        there = found.twilio_account_sid
    except SettingError:  # no secret yet: nothing contradicts
        return
    if here != there:
        raise CommandError(
            f"TWILIO_ACCOUNT_SID is {here} here, and {there} in the stack {deployment.name}.",
            "Take it out of the environment and .env, or name the stack of this account: --stack",
        )


def open_state(deployment: Deployment, region: str | None) -> Table:
    """Return the deployment's table SyncState."""
    return _open_table(deployment, "SyncStateTable", region)


def open_contact_cache(deployment: Deployment, region: str | None) -> Table:
    """Return the deployment's table ContactCache."""
    return _open_table(deployment, "ContactCacheTable", region)


def _open_table(deployment: Deployment, output: str, region: str | None) -> Table:
    client = aws.make_client("dynamodb", deployment.environment, region)
    return Table(client, deployment.require(output))
