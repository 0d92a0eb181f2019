"""What a deployment lacks, system by system; and what setup has made there, for its removal."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from twilio_bridge.adapters.airtable.base_setup import AirtableBaseSetup
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.brevo.account_setup import BrevoAccountSetup
from twilio_bridge.adapters.brevo.client import WINDOWS
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.adapters.contact_cache.chunk_cache import ChunkMemory
from twilio_bridge.adapters.state.configuration import Configuration
from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter
from twilio_bridge.adapters.state.webhook_registration import DynamoRegistrations
from twilio_bridge.contacts.ports import CacheState
from twilio_bridge.errors import BridgeError, RefusedError
from twilio_bridge.settings import Settings
from twilio_bridge.status.airtable_probe import AirtableProbe
from twilio_bridge.status.findings import Fault
from twilio_bridge.status.probing import Probe
from twilio_bridge.status.twilio_probe import TwilioProbe
from twilio_bridge.support.brevo.typical_values import list_samples
from twilio_bridge.wiring import status as wiring
from twilio_bridge_cli import aws
from twilio_bridge_cli.commands.check.building import Checked, make_wanted
from twilio_bridge_cli.commands.setup.airtable_webhook import AirtableSetup
from twilio_bridge_cli.commands.setup.brevo_lists import BrevoSetup
from twilio_bridge_cli.commands.setup.changes import Before, Change
from twilio_bridge_cli.commands.setup.configuration import ConfigurationSetup
from twilio_bridge_cli.commands.setup.credentials import Credentials
from twilio_bridge_cli.commands.setup.okta import OktaSetup
from twilio_bridge_cli.commands.setup.twilio_frontline import FrontlineSetup
from twilio_bridge_cli.commands.setup.twilio_support import StreamTarget, SupportSetup
from twilio_bridge_cli.deployments import Deployment, list_settings, open_state
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.pace import BrevoPace

Planned = Callable[[], Iterator[Change]]


@dataclass(slots=True)
class Plan:
    """Changes in the order in which they are made, and the systems of which nothing could be found out, with why."""

    changes: list[Change] = field(default_factory=list)
    away: dict[str, str] = field(default_factory=dict)

    def add(self, system: str, planned: Planned) -> None:
        """Add a system's changes, or why they cannot be planned."""
        try:
            self.changes.extend(planned())
        except (BridgeError, Fault) as error:
            self.away[system] = str(error)


def read_systems(deployment: Deployment) -> list[str]:
    """Return the systems whose credentials the deployed parts need."""
    parts = [("airtable", deployment.has_frontline), ("brevo", deployment.has_support)]
    return ["twilio", *(system for system, is_deployed in parts if is_deployed)]


class Setup:
    """Everything of one deployment that setup looks after."""

    def __init__(self, deployment: Deployment, credentials: Sequence[Credentials], region: str | None) -> None:
        self.deployment = deployment
        self.region = region
        self.state = open_state(deployment, region)
        self.before = Before(self.state)
        own = {name: value for each in credentials for name, value in each.values.items()}
        self.settings = Settings({**list_settings(deployment), **own})
        self._file = deployment.variables.get("BRIDGE_CONFIG") or None
        self.settled = Configuration(self.state, self._file).current()

    def require_logins(self) -> dict[str, str]:
        """Return the vendors that are away, with why; raise CommandError where one refuses what was typed or set."""
        away: dict[str, str] = {}
        for system, look in self._logins().items():
            try:
                look()
            except RefusedError as error:
                fault = self._explain(system, error)
                raise CommandError(f"{fault.text[:1].upper()}{fault.text[1:]}.", fault.remedy) from error
            except Fault as fault:
                raise CommandError(f"{fault.text[:1].upper()}{fault.text[1:]}.", fault.remedy) from fault
            except BridgeError as error:
                away[system] = str(error)
        return away

    def _logins(self) -> Mapping[str, Callable[[], object]]:
        """Return what asks each vendor once, with the new credentials, before anything is written."""
        probe = self._twilio_probe()
        found: dict[str, Callable[[], object]] = {
            "twilio": lambda: (probe.check_credentials(), probe.check_conversations())
        }
        if self.deployment.has_frontline:
            found["airtable"] = self._base.check_access
        if self.deployment.has_support:
            found["brevo"] = self._brevo.fetch_plan
        return found

    def _explain(self, system: str, error: RefusedError) -> Fault:
        probes: dict[str, Callable[[], Probe]] = {
            "twilio": lambda: self._twilio_probe().list_connection_checks(),
            "airtable": lambda: AirtableProbe(self._base).list_connection_checks(),
            "brevo": lambda: wiring.build_brevo_probe(self._brevo, self.settled).list_connection_checks(),
        }
        return probes[system]().explain("credentials", error)

    def plan(self) -> Plan:
        """Return what is missing."""
        plan, deployment = Plan(), self.deployment
        if deployment.has_frontline:
            plan.add("airtable", lambda: self._configuration.plan(self._base.read_tables()))
            plan.add("airtable", lambda: self._airtable.plan(self._read_cache()))
        if deployment.has_support:
            plan.add("brevo", self._brevo_setup.plan)
            plan.add("twilio", self._support.plan)
        if deployment.has_frontline:
            plan.add("twilio", self._frontline.plan)
        if okta := self.open_okta():
            plan.add("okta", okta.plan)
        return plan

    def plan_removal(self) -> Plan:
        """Return what setup has made, in the opposite order."""
        plan, deployment = Plan(), self.deployment
        if okta := self.open_okta():
            plan.add("okta", okta.plan_removal)
        if deployment.has_frontline:
            plan.add("twilio", self._frontline.plan_removal)
        if deployment.has_support:
            plan.add("twilio", self._support.plan_removal)
            plan.add("brevo", self._brevo_setup.plan_removal)
        if deployment.has_frontline:
            plan.add("airtable", self._airtable.plan_removal)
        plan.add("airtable", self._configuration.plan_removal)
        return plan

    def open_okta(self) -> OktaSetup | None:
        """Return Okta, where the environment names the realm, the organisation and a token."""
        environment = self.deployment.environment
        realm = Settings(environment).sso_realm_sid
        url, token = environment.get("OKTA_URL"), environment.get("OKTA_TOKEN")
        return (
            OktaSetup(url, token, realm, f"Twilio Frontline ({self.deployment.name})")
            if realm and url and token
            else None
        )

    @property
    def checked(self) -> Checked:
        """Return what `check` looks at."""
        return Checked(self.settings, self.settled, self.deployment, self.region)

    def _twilio_probe(self) -> TwilioProbe:
        account = wiring.build_twilio_setup(self.settings)
        return TwilioProbe(account, account, make_wanted(self.checked))

    @property
    def _support(self) -> SupportSetup:
        outputs, parameters = self.deployment.outputs, self.deployment.parameters
        external_id = parameters.get("SinkExternalId") or outputs.get("TwilioSinkExternalId", "")
        target = StreamTarget(
            outputs["EventStreamArn"],
            outputs["TwilioSinkRoleArn"],
            external_id,
            f"Twilio Bridge ({self.deployment.name})",
        )
        return SupportSetup(wiring.build_twilio_setup(self.settings), target, self.before)

    @property
    def _frontline(self) -> FrontlineSetup:
        addresses = make_wanted(self.checked).addresses
        account = wiring.build_twilio_setup(self.settings)
        return FrontlineSetup(account, self.deployment.base_url, addresses, self.before)

    @property
    def _base(self) -> AirtableBaseSetup:
        limiter = SlotLimiter(self.state, AIRTABLE, self.settings.airtable_base_id)
        return wiring.build_airtable_setup(self.settings, self.settled, limiter)

    @property
    def _airtable(self) -> AirtableSetup:
        registrations = DynamoRegistrations(self.state, self.settings.airtable_base_id)
        return AirtableSetup(self._base, registrations, self.deployment, self.region)

    @property
    def _brevo(self) -> BrevoAccountSetup:
        return wiring.build_brevo_setup(self.settings, self.settled, dict.fromkeys(WINDOWS, BrevoPace()))

    @property
    def _brevo_setup(self) -> BrevoSetup:
        lists = self.settled.connectors.twilio_flex.lists
        ids = {"support_contacts": lists.support_contacts, "csat_respondents": lists.csat_respondents}
        if self._configuration.is_somebody_s:  # who writes a bridge.yaml without lists wants none
            ids = {}
        samples = list_samples(self.settled)
        return BrevoSetup(self._brevo, samples, ids, self.before, self._configuration.put_lists)

    @property
    def _configuration(self) -> ConfigurationSetup:
        return ConfigurationSetup(self.state, self.settled, self.before, is_a_file=self._file is not None)

    def _read_cache(self) -> CacheState:
        client = aws.make_client("dynamodb", self.deployment.environment, self.region)
        table = Table(client, self.deployment.require("ContactCacheTable"))
        for_everybody = self.settled.contacts.visibility == "all"
        return DynamoContactCache(table, for_everybody=for_everybody, memory=ChunkMemory()).read_state()


def list_urls(deployment: Deployment) -> list[tuple[str, str]]:
    """Return what has to be pasted in Twilio's console, where Twilio has no API: the place, and the URL."""
    places = {
        "CrmUrl": "Frontline > Manage > Callbacks, CRM Callback URL",
        "OutgoingConversationUrl": "Frontline > Manage > Callbacks, Outgoing Conversations Callback URL",
        "TemplatesUrl": "Frontline > Manage > Callbacks, Templates Callback URL",
        "RoutingUrl": "Frontline > Manage > Routing, Custom routing",
    }
    paths = {name: "/callbacks/" + _dashed(name.removesuffix("Url")) for name in places}
    return [(place, deployment.base_url + paths[name]) for name, place in places.items() if name in deployment.outputs]


def _dashed(name: str) -> str:
    return "".join(f"-{sign.lower()}" if sign.isupper() else sign for sign in name).lstrip("-")
