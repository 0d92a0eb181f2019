"""What can be wrong with a Twilio account, in the order in which an operator would look.

The kinds and their causes: https://www.twilio.com/docs/api/errors/20003 and https://www.twilio.com/docs/api/errors/403.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from twilio_bridge.errors import RefusedError
from twilio_bridge.status import conversations, event_streams
from twilio_bridge.status.findings import Fault
from twilio_bridge.status.ports import TwilioAccount, TwilioRegions
from twilio_bridge.status.probing import Probe, make_checks

UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 401, 403, 404
MAX_SKEW_S: Final = 60.0
MAX_NAMES_COUNT: Final = 4
PLUGIN: Final = "plugin-bridge"  # docs/flex-plugin.md makes it under this name
_WRITE: Final = "then: twilio-bridge secrets put twilio"
_SETUP: Final = "Let it be made: twilio-bridge setup"
_SCOPE: Final = "Use a key of the type Standard, or give this restricted key the permission for it"
_ACTIVATE: Final = (
    "Activate Flex in this account (Twilio's console, Flex > Overview), or check that it is the right account."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the account should be like, as the deployment and bridge.yaml have it; empty is not known, or not in use.

    `uses_key` is whether requests are made with an API key; `has_frontline` and `has_support` are the deployed parts.
    """

    account_sid: str
    uses_key: bool = False
    region: str = ""
    workspace_sid: str = ""
    flex_flow_sid: str = ""
    base_url: str = ""
    stream_arn: str = ""
    sink_external_id: str = ""
    sink_role_arn: str = ""
    addresses: Sequence[str] = ()
    service_sid: str = ""
    has_frontline: bool = True
    has_support: bool = True
    takes_conversations: bool = True


@dataclass(slots=True)
class TwilioProbe:
    """The checks of one account; what one of them found the next ones use."""

    account: TwilioAccount
    regions: TwilioRegions
    wanted: Wanted
    key_type: str = ""
    workspace_sid: str = ""
    service_sid: str = ""
    workers: int | None = None

    def list_connection_checks(self) -> Probe:
        """Return the checks of the connection: brief, for the status document."""
        return Probe("twilio", make_checks([self._credentials_entry, *self._five_lines()]), self.explain)

    def list_all_checks(self) -> Probe:
        """Return every check of the account."""
        entries: list[tuple[str, str, Callable[[], str]]] = [
            self._credentials_entry,
            ("key-type", "API key", self.check_key_type),
            ("clock", "Clock", self.check_clock),
            *self._five_lines(),
        ]
        if self.wanted.flex_flow_sid:
            entries.append(("flex-flow", "Flex flow", self.check_flex_flow))
        if self.wanted.has_support:
            entries.append(("plugin", "Flex plugin", self.check_plugin))
        if self.wanted.has_support and self.wanted.stream_arn:
            entries.append(("sink", "Event Streams sink", self.check_sink))
            entries.append(("subscription", "Event Streams subscription", self.check_subscription))
        if self.wanted.has_frontline and self.wanted.base_url:
            entries.append(("webhooks", "Conversations webhooks", self.check_webhooks))
        if self.wanted.has_frontline and self.wanted.addresses:
            entries.append(("addresses", "Inbound addresses", self.check_addresses))
        return Probe("twilio", make_checks(entries), self.explain)

    @property
    def _credentials_entry(self) -> tuple[str, str, Callable[[], str]]:
        return "credentials", "Account SID and auth token", self.check_credentials

    def _five_lines(self) -> list[tuple[str, str, Callable[[], str]]]:
        lines: list[tuple[str, str, Callable[[], str]]] = [
            ("flex", "Flex API", self.check_flex),
            ("conversations", "Conversations API", self.check_conversations),
            ("workspace", "TaskRouter workspace", self.check_workspace),
            ("workers", "Agent list", self.check_workers),
            ("queues", "Queue configuration", self.check_queues),
        ]
        return lines if self.wanted.has_support else [lines[1]]

    # --- who we are -----------------------------------------------------------------------------
    def check_credentials(self) -> str:
        """Ask for the account with SID and token, which also sign webhooks."""
        status = self.account.check_token()
        if status != "active":
            remedy = "Restore the account in Twilio's console, or ask Twilio's support."
            raise Fault("account-suspended", f"the account is {status}", remedy)
        return "Account SID and auth token are good"

    def check_key_type(self) -> str:
        """Find out the kind of login: https://www.twilio.com/docs/iam/api-keys."""
        if not self.wanted.uses_key:
            remedy = (
                "Better make a Standard key (TWILIO_API_KEY_SID, TWILIO_API_KEY_SECRET), which can be revoked alone."
            )
            raise Fault("auth-token", "requests are made with the auth token", remedy, "note")
        try:
            self.account.list_keys()
        except RefusedError as error:
            if error.code == UNAUTHORIZED:
                self.account.fetch_default_service()  # a Standard key may ask this, one that is wrong may not
                self.key_type = "Standard"
                return "API key of the type Standard"
            if error.code == FORBIDDEN:
                self.key_type = "Restricted"
                return "API key of the type Restricted"
            raise
        self.key_type = "Main"
        remedy = "A Standard key is enough: this one may also change the account and its keys."
        raise Fault("main-key", "the API key is of the type Main", remedy, "note")

    def check_clock(self) -> str:
        """Compare our clock with Twilio's: signatures of AWS are refused where it is wrong."""
        ahead_s = self.account.read_clock()
        if ahead_s is not None and abs(ahead_s) > MAX_SKEW_S:
            way = "ahead of" if ahead_s > 0 else "behind"
            remedy = "Set the clock of this machine (timedatectl set-ntp true)."
            raise Fault("clock", f"this clock is {abs(ahead_s):.0f} s {way} Twilio's", remedy)
        return "Clock agrees with Twilio's"

    # --- the five lines -------------------------------------------------------------------------
    def check_flex(self) -> str:
        """Read Flex's configuration."""
        found = self.account.fetch_flex()
        self.require_account(found.account_sid)
        self.workspace_sid = self.wanted.workspace_sid or found.workspace_sid
        return "Flex API connection successful"

    def check_conversations(self) -> str:
        """Read the configuration of Conversations."""
        account_sid, service_sid = self.account.fetch_default_service()
        self.require_account(account_sid)
        self.service_sid = self.wanted.service_sid or service_sid
        return "Conversations API accessible"

    def check_workspace(self) -> str:
        """Read the workspace."""
        sid = self.require_workspace()
        try:
            name = self.account.fetch_workspace(sid)
        except RefusedError as error:
            if error.code == NOT_FOUND:
                remedy = (
                    "Set TWILIO_WORKSPACE_SID to the one of Flex (console: TaskRouter > Workspaces), or leave it out."
                )
                raise Fault("wrong-workspace", f"this account has no workspace {sid}", remedy) from error
            raise
        return f"TaskRouter workspace found ({name})"

    def check_workers(self) -> str:
        """Count the workers."""
        self.workers = self.account.count_workers(self.require_workspace())
        return f"Agent list readable ({self.workers})"

    def check_queues(self) -> str:
        """Count the queues."""
        count = self.account.count_queues(self.require_workspace())
        if not count:
            raise Fault("no-queues", "the workspace has no queue", "Make a task queue in TaskRouter: no task can wait.")
        return f"Queue configuration loaded ({count})"

    # --- beyond them ----------------------------------------------------------------------------
    def check_flex_flow(self) -> str:
        """Read the Flex flow that bridge.yaml names."""
        sid = self.wanted.flex_flow_sid
        try:
            is_enabled = self.account.fetch_flex_flow(sid)
        except RefusedError as error:
            if error.code == NOT_FOUND:
                remedy = "Correct connectors.twilio_flex.flex_flow_sid in bridge.yaml (FO…), or leave it out."
                raise Fault("wrong-flex-flow", f"this account has no Flex flow {sid}", remedy) from error
            raise
        if not is_enabled:
            raise Fault("flex-flow-off", f"the Flex flow {sid} is disabled", "Enable it, or name another one.")
        return "Flex flow found"

    def check_plugin(self) -> str:
        """Look whether our Flex plugin is deployed and active, where there is one."""
        ours = [each for each in self.account.list_plugins() if PLUGIN in each.name]
        if not ours:
            return "Flex plugin not in use (Event Streams need none)"
        if not any(each.is_active for each in ours):
            remedy = 'Release it: twilio flex:plugins:release --plugin; see docs/flex-plugin.md, "It does nothing".'
            raise Fault("plugin-inactive", f"{ours[0].name} is deployed, but no release has it", remedy)
        return f"Flex plugin active ({ours[0].name})"

    def check_sink(self) -> str:
        """Look for the sink that leads to our stream."""
        sinks = self.account.list_sinks()
        sink = event_streams.find_sink(sinks, self.wanted.stream_arn, self._url("/webhooks/event-streams"))
        if sink is None:
            raise Fault("no-sink", "no sink leads to this stack's stream", _SETUP)
        for name, own in (("role_arn", self.wanted.sink_role_arn), ("external_id", self.wanted.sink_external_id)):
            if own and sink.sink_type == event_streams.KINESIS and sink.configuration.get(name) != own:
                text = f"the sink's {name} is not the stack's, so Twilio may not write to the stream"
                raise Fault("sink-misconfigured", text, f"A sink cannot be changed. {_SETUP} makes it anew.")
        if sink.status != event_streams.ACTIVE:
            remedy = 'Ask for its test again: twilio-bridge setup; see docs/operations.md, "A sink is not validated".'
            raise Fault("sink-not-active", f"the sink is {sink.status}", remedy)
        return "Event Streams sink active"

    def check_subscription(self) -> str:
        """Look which types of events come, and in which version."""
        sinks = self.account.list_sinks()
        sink = event_streams.find_sink(sinks, self.wanted.stream_arn, self._url("/webhooks/event-streams"))
        subscriptions = self.account.list_subscriptions(sink.sid) if sink else []
        if not subscriptions:
            raise Fault("no-subscription", "nothing is subscribed to: no event arrives", _SETUP)
        if missing := event_streams.list_missing(subscriptions):
            names = ", ".join(name.removeprefix("com.twilio.") for name in missing[:MAX_NAMES_COUNT])
            more = f" and {len(missing) - MAX_NAMES_COUNT} more" if len(missing) > MAX_NAMES_COUNT else ""
            raise Fault("types-missing", f"{names}{more} are not subscribed to", _SETUP)
        if others := event_streams.list_other_versions(subscriptions):
            name, version = next(iter(others.items()))
            text = f"{len(others)} types come in another version, {name.removeprefix('com.twilio.')} in {version}"
            raise Fault("other-versions", text, _SETUP)
        if not self.wanted.takes_conversations:
            remedy = "Set connectors.twilio_flex.sync.conversations in bridge.yaml; for older ones: twilio-bridge sync"
            raise Fault(
                "conversations-left-out", "conversations arrive and are left out by bridge.yaml", remedy, "note"
            )
        return "Event Streams subscription complete"

    def check_webhooks(self) -> str:
        """Look what Conversations calls."""
        url = self._url(conversations.PATH)
        found = self.account.fetch_webhooks(self.require_service())
        if text := conversations.describe_webhooks(found, url):
            kind = "webhooks-elsewhere" if conversations.is_foreign(found, url) else "webhooks-incomplete"
            raise Fault(kind, text, f"{_SETUP} (STOP, START and names need them)")
        return "Conversations webhooks call this deployment"

    def check_addresses(self) -> str:
        """Look whether inbound messages begin conversations."""
        there = self.account.list_addresses()
        for address in self.wanted.addresses:
            found = conversations.find_address(there, address)
            if text := conversations.describe_address(found, self.service_sid):
                remedy = f"{_SETUP}; where the sender's messaging service autocreates conversations, nothing is needed."
                raise Fault("address-not-configured", f"{mask(address)} {text}", remedy)
        return "Inbound messages begin conversations"

    # --- what refusals mean ---------------------------------------------------------------------
    def explain(self, check: str, error: RefusedError) -> Fault:
        """Return the fault of a refusal: the cause that is left after what is known already."""
        if error.code == UNAUTHORIZED:
            return self._explain_unauthorized(check)
        if error.code == FORBIDDEN and self.key_type == "Restricted":
            return Fault("missing-scope", "this restricted key may not ask this", f"{_SCOPE} ({check}).")
        if check == "flex" and error.code in (FORBIDDEN, NOT_FOUND):
            return Fault("flex-not-activated", f"Twilio answers {error.code}: Flex is not activated", _ACTIVATE)
        if error.code == FORBIDDEN:
            return Fault(
                "forbidden", "Twilio answers 403", "Use a key of the type Standard; the account may be suspended."
            )
        return Fault("refused", str(error), "See Twilio's Debugger, and docs/operations.md.")

    def _explain_unauthorized(self, check: str) -> Fault:
        if region := self.regions.find_region():
            where = self.wanted.region or "us1"
            remedy = f"Keys and tokens are a region's own. Set TWILIO_REGION to {region}, or use those of {where}."
            return Fault("wrong-region", f"the login belongs to the region {region}, not to {where}", remedy)
        if check != "credentials" and self.wanted.uses_key:
            text = "Twilio answers 401: the API key is wrong, was deleted, or is another account's"
            remedy = f"Check TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET in the console of this account, {_WRITE}"
            return Fault("unauthorized", text, remedy)
        text = "Twilio answers 401: account SID or auth token is wrong"
        return Fault("unauthorized", text, f"Check both in Twilio's console (Account > API keys & tokens), {_WRITE}")

    def require_account(self, account_sid: str) -> None:
        """Raise the fault where the login belongs to another account than TWILIO_ACCOUNT_SID."""
        if account_sid and account_sid != self.wanted.account_sid:
            text = f"the API key is of the account {account_sid}, not of TWILIO_ACCOUNT_SID"
            raise Fault("wrong-account", text, f"Make a key in the right account, {_WRITE}")

    def require_workspace(self) -> str:
        """Return the workspace: the one that is set, or Flex's."""
        sid = self.workspace_sid or self.wanted.workspace_sid
        if not sid:
            raise Fault("no-workspace", "neither Flex nor TWILIO_WORKSPACE_SID names one", _ACTIVATE, "skipped")
        return sid

    def require_service(self) -> str:
        """Return the Conversations service whose webhooks count."""
        if not self.service_sid:
            self.service_sid = self.wanted.service_sid or self.account.fetch_default_service()[1]
        return self.service_sid

    def _url(self, path: str) -> str:
        return f"{self.wanted.base_url}{path}" if self.wanted.base_url else ""


def mask(address: str) -> str:
    """Return an address that can be shown: its last four digits."""
    prefix = "whatsapp:" if address.startswith("whatsapp:") else ""
    return f"{prefix}…{address[-4:]}"
