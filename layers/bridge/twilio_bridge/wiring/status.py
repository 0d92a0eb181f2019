"""The part of the wiring that StatusFunction needs; `check` builds the same probes for an operator's machine."""

import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from twilio_bridge.adapters.airtable.base_setup import AirtableBaseSetup
from twilio_bridge.adapters.airtable.client import CALLBACK_PATIENCE_S, AirtableRequests
from twilio_bridge.adapters.airtable.contact_source import AirtableContacts
from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.deployment import AwsDeployment, QueueNames, StackNames
from twilio_bridge.adapters.brevo.account_setup import BrevoAccountSetup
from twilio_bridge.adapters.brevo.client import BrevoRequests, limiters
from twilio_bridge.adapters.state.status_memory import DynamoStatusMemory
from twilio_bridge.adapters.twilio.account_setup import TwilioAccountSetup
from twilio_bridge.config import schema
from twilio_bridge.contacts.airtable_quota import Usage
from twilio_bridge.contacts.columns import make_fingerprint
from twilio_bridge.contacts.ports import CacheState
from twilio_bridge.settings import Settings
from twilio_bridge.status.airtable_probe import AirtableProbe
from twilio_bridge.status.brevo_probe import BrevoProbe
from twilio_bridge.status.observing import StatusDeps
from twilio_bridge.status.probing import Probe
from twilio_bridge.status.twilio_probe import TwilioProbe, Wanted
from twilio_bridge.support.brevo.typical_values import list_samples
from twilio_bridge.wiring import base, contacts, support

if TYPE_CHECKING:
    from twilio_bridge.adapters.state.limiter import SlotLimiter
    from twilio_bridge.adapters.state.window_limiter import WindowLimiter

API_KEY = "SK"


# --- for whoever has settings: a function, or an operator's machine ------------------------------
def build_twilio_setup(settings: Settings) -> TwilioAccountSetup:
    """Return the account's set-up at Twilio."""
    account = base.build_account(settings, settings.twilio_login)
    return TwilioAccountSetup(account, settings.twilio_auth_tokens[0])


def build_airtable_setup(settings: Settings, settled: schema.Config, limiter: "SlotLimiter") -> AirtableBaseSetup:
    """Return the base."""
    token, base_id, url = settings.airtable_token, settings.airtable_base_id, settings.airtable_endpoint_url
    proxy = settings.proxy_to("AIRTABLE")
    source = AirtableContacts(token, base_id, url, limiter, settled.contacts, settled.templates, proxy=proxy)
    requests = AirtableRequests(token, url, limiter, CALLBACK_PATIENCE_S, proxy)
    return AirtableBaseSetup(base_id, requests, source, settled)


def build_brevo_setup(
    settings: Settings, settled: schema.Config, limits: "Mapping[str, WindowLimiter]"
) -> BrevoAccountSetup:
    """Return the account at Brevo."""
    brevo = BrevoRequests(settings.brevo_api_key, settings.brevo_endpoint_url, limits, proxy=settings.proxy_to("BREVO"))
    return BrevoAccountSetup(brevo, create=settled.brevo.create_attributes)


def build_brevo_probe(account: BrevoAccountSetup, settled: schema.Config) -> BrevoProbe:
    """Return the checks of Brevo for a configuration."""
    lists = settled.connectors.twilio_flex.lists
    ids = [each for each in (lists.support_contacts, lists.csat_respondents) if each is not None]
    return BrevoProbe(account, list_samples(settled), ids)


# --- StatusFunction ---------------------------------------------------------------------------
@cache
def memory() -> DynamoStatusMemory:
    """What one status remembers for the next."""
    return DynamoStatusMemory(base.sync_state_table())


def status_deps() -> StatusDeps:
    """What a look at the deployment works with."""
    settled, settings = base.configuration(), base.settings()
    has_frontline, has_support = bool(settings.callback_functions), bool(settings.event_streams_function)
    twilio = _twilio_probe(settled, has_frontline=has_frontline, has_support=has_support)
    has_airtable = has_frontline and contacts.has_airtable()

    probes = [twilio.list_connection_checks()] if twilio else []
    probes += [_airtable_probe(settled)] if has_airtable else []
    probes += [_brevo_probe(settled)] if has_support and support.has_brevo() else []
    return StatusDeps(
        memory=memory(),
        deployment=_deployment(settings),
        probes=probes,
        twilio=twilio,
        count=lambda: memory().count_all(settled.figures.same_interaction_s),
        read_cache=(lambda: contacts.contact_cache().read_state()) if has_frontline else None,
        is_current=lambda cache: _is_current(cache, settled) if has_airtable else True,
        read_usage=(lambda: _usage(settled)) if has_airtable else None,
        read_overdue_s=_read_overdue_s if has_support else None,
        base_id=settings.airtable_base_id if has_airtable else "",
    )


def _twilio_probe(settled: schema.Config, *, has_frontline: bool, has_support: bool) -> TwilioProbe:
    settings = base.settings()
    setup = build_twilio_setup(settings)
    wanted = Wanted(
        account_sid=settings.twilio_account_sid,
        uses_key=settings.twilio_login[0].startswith(API_KEY),
        region=settings.twilio_region or "",
        workspace_sid=settings.twilio_workspace_sid or "",
        flex_flow_sid=settled.connectors.twilio_flex.flex_flow_sid,
        has_frontline=has_frontline,
        has_support=has_support,
    )
    return TwilioProbe(setup, setup, wanted)


def _airtable_probe(settled: schema.Config) -> Probe:
    from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter  # noqa: PLC0415  only with Airtable

    limiter = SlotLimiter(base.sync_state_table(), AIRTABLE, base.settings().airtable_base_id)
    return AirtableProbe(build_airtable_setup(base.settings(), settled, limiter)).list_connection_checks()


def _brevo_probe(settled: schema.Config) -> Probe:
    account = build_brevo_setup(base.settings(), settled, limiters(base.sync_state_table()))
    return build_brevo_probe(account, settled).list_connection_checks()


def _deployment(settings: Settings) -> AwsDeployment:
    names = StackNames(
        stack=settings.metrics_namespace,
        queues=[QueueNames(*entry) for entry in settings.status_queues],
        stream=settings.watched_stream,
        events_function=settings.event_streams_function,
        callback_functions=settings.callback_functions,
    )
    return AwsDeployment(clients.sqs(), clients.cloudwatch(), names)


def _usage(settled: schema.Config) -> Usage:
    from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter  # noqa: PLC0415  as above

    limiter = SlotLimiter(base.sync_state_table(), AIRTABLE, base.settings().airtable_base_id)
    return Usage(limiter.count_calls(), settled.airtable.monthly_calls)


def _is_current(cache: CacheState, settled: schema.Config) -> bool:
    made_of = cache.origin.made_of
    return not made_of or made_of == make_fingerprint(base.settings().airtable_base_id, settled)


def _read_overdue_s() -> int:
    """Return for how long the oldest event for Brevo has been due."""
    now = int(time.time() * 1000)
    oldest = min((each.due_at for each in support.persons().find_overdue(now)), default=now)
    return (now - oldest) // 1000
