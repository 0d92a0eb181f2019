"""The part of the wiring that only Flex Insights needs; see `wiring`."""

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.queues import SqsQueue
from twilio_bridge.adapters.state.leases_notes import DynamoNotes
from twilio_bridge.errors import SettingError
from twilio_bridge.insights.enriching import EnrichDeps
from twilio_bridge.insights.ports import Tasks, Workers
from twilio_bridge.wiring import base, contacts, support

if TYPE_CHECKING:
    from twilio_bridge.adapters.airtable.table_rows import AirtableTableRows
    from twilio_bridge.adapters.state.limiter import SlotLimiter
    from twilio_bridge.adapters.twilio.tasks import TaskRouterRequests

SYSTEM = "taskrouter"


def enriching(*, is_urgent: bool) -> EnrichDeps:
    """What a task is enriched with; whoever is urgent goes first at TaskRouter's limit."""
    from twilio_bridge.adapters.aws.metrics import EmbeddedInsightsMetrics  # noqa: PLC0415  only one function needs these
    from twilio_bridge.adapters.state.facts import DynamoFacts  # noqa: PLC0415
    from twilio_bridge.adapters.state.identities import DynamoIdentities  # noqa: PLC0415

    table = base.sync_state_table()
    return EnrichDeps(
        tasks=lambda workspace_sid: tasks(workspace_sid, is_urgent=is_urgent),
        facts=DynamoFacts(table),
        identities=DynamoIdentities(table),
        persons=support.persons(),
        contacts=contacts.contact_cache(),
        notes=DynamoNotes(table),
        metrics=EmbeddedInsightsMetrics(base.settings().metrics_namespace),
        settings=support.settled(),
    )


def tasks(workspace_sid: str = "", *, is_urgent: bool = True) -> Tasks:
    """A workspace's tasks; without a SID those of TWILIO_WORKSPACE_SID."""
    from twilio_bridge.adapters.twilio.tasks import TwilioTasks  # noqa: PLC0415  the SDK is slow to import

    return TwilioTasks(requests(workspace_sid, is_urgent=is_urgent))


def workers(workspace_sid: str = "") -> Workers:
    """A workspace's workers, in the turns that nobody urgent needs; without a SID those of Flex."""
    from twilio_bridge.adapters.twilio.tasks import TwilioWorkers  # noqa: PLC0415  as above
    from twilio_bridge.wiring.status import build_twilio_setup  # noqa: PLC0415

    settings = base.settings()
    named = workspace_sid or settings.twilio_workspace_sid or build_twilio_setup(settings).fetch_flex().workspace_sid
    return TwilioWorkers(requests(named, is_urgent=False))


def requests(workspace_sid: str = "", *, is_urgent: bool) -> "TaskRouterRequests":
    """Requests to a workspace, with the login that the secret holds now."""
    named = workspace_sid or base.settings().twilio_workspace_sid
    if not named:
        raise SettingError("the setting TWILIO_WORKSPACE_SID is missing; it should be WS and 32 letters or digits")
    per_s = base.configuration().insights.requests_per_s
    return _requests(base.settings().twilio_login, named, per_s, is_urgent)


@lru_cache(maxsize=8)
def _requests(
    login: tuple[str, str],
    workspace_sid: str,
    per_s: float,
    is_urgent: bool,
) -> "TaskRouterRequests":
    from twilio_bridge.adapters.twilio.tasks import TaskRouterRequests  # noqa: PLC0415  as above

    return TaskRouterRequests(base.account(login), workspace_sid, limiter(workspace_sid, per_s, is_urgent=is_urgent))


def limiter(workspace_sid: str, per_s: float, *, is_urgent: bool) -> "SlotLimiter":
    """TaskRouter's limit, shared through SyncState by all functions and commands."""
    from twilio_bridge.adapters.state.limiter import SlotLimiter, pace_for  # noqa: PLC0415  only with Twilio

    pace = pace_for(per_s)
    return SlotLimiter(base.sync_state_table(), SYSTEM, workspace_sid, bulk=not is_urgent, pace=pace)


def queue_of(event: Mapping[str, Any]) -> SqsQueue:
    """The queue that a batch came from."""
    name = event["Records"][0]["eventSourceARN"].rpartition(":")[2]
    return _queue(next(url for url in base.settings().enrich_queue_urls if url.rpartition("/")[2] == name))


@cache
def _queue(url: str) -> SqsQueue:
    return SqsQueue(clients.sqs(), url)


def table_rows() -> "AirtableTableRows":
    """Any table of the base, for a job in the background."""
    from twilio_bridge.adapters.airtable.client import BULK_PATIENCE_S, AirtableRequests  # noqa: PLC0415  pyairtable is slow to import
    from twilio_bridge.adapters.airtable.table_rows import AirtableTableRows  # noqa: PLC0415
    from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter  # noqa: PLC0415

    settings = base.settings()
    airtable_limiter = SlotLimiter(base.sync_state_table(), AIRTABLE, settings.airtable_base_id, bulk=True)
    proxy = settings.proxy_to("AIRTABLE")
    funnel = AirtableRequests(
        settings.airtable_token, settings.airtable_endpoint_url, airtable_limiter, BULK_PATIENCE_S, proxy
    )
    return AirtableTableRows(settings.airtable_base_id, funnel)
