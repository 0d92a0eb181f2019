"""The part of the wiring that campaigns need: taking them in, planning, the sweep; see `base`."""

from functools import cache, lru_cache
from typing import TYPE_CHECKING

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.message_queues import LambdaContinuation
from twilio_bridge.errors import NoSecretError
from twilio_bridge.messages.calls import CampaignCalls
from twilio_bridge.messages.campaign import WriteBack
from twilio_bridge.messages.planning.acceptance import AcceptanceDeps
from twilio_bridge.messages.planning.planner import PlanningDeps
from twilio_bridge.messages.planning.preview import PreviewDeps
from twilio_bridge.messages.planning.request_parts import Defaults
from twilio_bridge.messages.planning.sources import AllSources
from twilio_bridge.messages.ports import OwnSenders, RowSources, Suppressions
from twilio_bridge.messages.sending.write_back import ResultBook, WriteBackDeps, write_back_results
from twilio_bridge.messages.suppressions import AllSuppressions, MarkedNumbers
from twilio_bridge.messages.sweep import SweepDeps
from twilio_bridge.wiring import base
from twilio_bridge.wiring.campaign_state import campaigns, ledger, now, queues, sender_rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_lambda import LambdaClient

    from twilio_bridge.adapters.airtable.client import AirtableRequests
    from twilio_bridge.adapters.aws.campaign_files import S3CampaignFiles


@cache
def _lambda() -> "LambdaClient":
    return clients.lambda_()


def _continuation() -> LambdaContinuation:
    return LambdaContinuation(_lambda, base.settings().own_function)


@cache
def _files() -> "S3CampaignFiles":
    from twilio_bridge.adapters.aws.campaign_files import S3CampaignFiles  # noqa: PLC0415  only some calls need it

    return S3CampaignFiles(clients.s3(), base.settings().campaign_files_bucket)


def _airtable() -> RowSources:
    from twilio_bridge.adapters.airtable.campaign_source import AirtableCampaignSource  # noqa: PLC0415  pyairtable is slow

    opt_out = base.configuration().contacts.columns.opt_out
    return AirtableCampaignSource(base.settings().airtable_base_id, _airtable_requests(), opt_out)


def _airtable_requests() -> "AirtableRequests":
    """Airtable for a job in the background."""
    from twilio_bridge.adapters.airtable.client import BULK_PATIENCE_S, AirtableRequests  # noqa: PLC0415  as above
    from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter  # noqa: PLC0415  as above

    settings = base.settings()
    limiter = SlotLimiter(base.sync_state_table(), AIRTABLE, settings.airtable_base_id, bulk=True)
    return AirtableRequests(
        settings.airtable_token,
        settings.airtable_endpoint_url,
        limiter,
        BULK_PATIENCE_S,
        settings.proxy_to("AIRTABLE"),
    )


def _senders() -> OwnSenders:
    return _own_senders(base.settings().twilio_login)


@lru_cache(maxsize=1)
def _own_senders(login: tuple[str, str]) -> OwnSenders:
    from twilio_bridge.adapters.twilio.own_senders import TwilioOwnSenders  # noqa: PLC0415  the SDK is slow to import

    return TwilioOwnSenders(base.account(login))


@cache
def suppressions() -> Suppressions:
    """Whom nothing is sent: opt-outs, and marked numbers."""
    from twilio_bridge.adapters.state.number_marks import DynamoNumberMarks  # noqa: PLC0415  only some calls need it
    from twilio_bridge.adapters.state.opted_out import DynamoOptedOut  # noqa: PLC0415  as above

    table = base.sync_state_table()
    return AllSuppressions([DynamoOptedOut(table), MarkedNumbers(DynamoNumberMarks(table))])


def _planning_suppressions() -> Suppressions:
    """The same, and Brevo's blocklist where there is a secret for Brevo: it takes too long for who waits."""
    try:
        return AllSuppressions([suppressions(), _blocklist(base.settings().brevo_api_key)])
    except NoSecretError:
        return suppressions()


@lru_cache(maxsize=1)
def _blocklist(api_key: str) -> Suppressions:
    from twilio_bridge.adapters.brevo.blocklist import BrevoBlocklist  # noqa: PLC0415  only for planning
    from twilio_bridge.adapters.brevo.client import BrevoRequests, limiters  # noqa: PLC0415  as above

    settings = base.settings()
    limits = limiters(base.sync_state_table())
    return BrevoBlocklist(BrevoRequests(api_key, settings.brevo_endpoint_url, limits, proxy=settings.proxy_to("BREVO")))


def _prices() -> "Mapping[str, float]":
    return base.configuration().messages.prices


def _defaults() -> Defaults:
    settings = base.settings()
    numbers = settings.twilio_sms_number or "", settings.twilio_whatsapp_number or ""
    return Defaults(base.configuration(), *numbers)


def calls() -> CampaignCalls:
    """What is asked by HTTP."""
    sources = AllSources(_files, _airtable)
    return CampaignCalls(
        campaigns=campaigns(),
        ledger=ledger(),
        acceptance=AcceptanceDeps(campaigns(), sources, _files, _senders, _continuation(), now),
        preview=PreviewDeps(sources, suppressions(), _prices, now),
        defaults=_defaults,
        now=now,
    )


def planning() -> PlanningDeps:
    """What planning works with."""
    return PlanningDeps(
        campaigns=campaigns(),
        ledger=ledger(),
        sources=AllSources(_files, _airtable),
        suppressions=_planning_suppressions(),
        continuation=_continuation(),
        prices=_prices,
        now=now,
    )


def sweeping() -> SweepDeps:
    """What the sweep works with."""
    results = WriteBackDeps(campaigns=campaigns(), ledger=ledger(), find_book=_result_book, now=now)
    return SweepDeps(
        campaigns(),
        ledger(),
        queues(),
        _continuation(),
        now,
        write_back=lambda campaign: write_back_results(campaign, results),
        sender_rate=sender_rate,
    )


def _result_book(kind: WriteBack) -> ResultBook:
    """Where a campaign's outcomes are written besides."""
    if kind == "airtable":
        from twilio_bridge.adapters.airtable.message_results import AirtableResults  # noqa: PLC0415  as above

        columns = base.configuration().messages.result_columns.model_dump()
        return AirtableResults(base.settings().airtable_base_id, _airtable_requests(), columns)

    from twilio_bridge.adapters.brevo.message_results import BrevoResults  # noqa: PLC0415  only some campaigns need it
    from twilio_bridge.wiring import support  # noqa: PLC0415  as above

    return BrevoResults(support.crm())
