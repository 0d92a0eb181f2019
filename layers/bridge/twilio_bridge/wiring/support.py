"""The part of the wiring that only the support job needs; see `wiring`."""

import time
from functools import cache, lru_cache

from twilio_bridge.adapters.aws import clients
from twilio_bridge.adapters.aws.queues import SqsOutbox, SqsQueue
from twilio_bridge.adapters.state.leases_notes import DynamoNotes
from twilio_bridge.config import schema
from twilio_bridge.errors import NoSecretError, SettingError
from twilio_bridge.ports import Outbox
from twilio_bridge.support.brevo.brevo_delivery import DeliveryDeps
from twilio_bridge.support.brevo.sweep import SweepDeps
from twilio_bridge.support.persons import aging, own_numbers
from twilio_bridge.support.ports import AccountNumbers, AgentTokens, MarketingContacts, Persons, Sinks, Stream
from twilio_bridge.support.reducer import ReducerDeps
from twilio_bridge.wiring import base, contacts


def settled() -> schema.Config:
    """The configuration in force, or SettingError where it is meant for another account."""
    found = base.configuration()
    meant, own = found.connectors.twilio_flex.account_sid, base.settings().named_account_sid
    if meant and own and meant != own:
        raise SettingError("bridge.yaml: connectors.twilio_flex.account_sid is not the account of TWILIO_ACCOUNT_SID")
    return found


@cache
def stream() -> Stream:
    """The stream of events."""
    from twilio_bridge.adapters.aws.kinesis import KinesisStream  # noqa: PLC0415  only where it is written to

    return KinesisStream(clients.kinesis(), base.settings().event_stream)


def flex_tokens() -> AgentTokens:
    """Flex tokens, checked with the login that the secret holds now."""
    return _flex_tokens(base.settings().twilio_login)


@lru_cache(maxsize=1)
def _flex_tokens(login: tuple[str, str]) -> AgentTokens:
    from twilio_bridge.adapters.twilio.flex_tokens import FlexTokens  # noqa: PLC0415  only one function needs it

    return FlexTokens(
        login,
        base.settings().twilio_account_sid,
        base.settings().twilio_endpoint_url,
        base.settings().proxy_to("TWILIO"),
    )


def sinks() -> Sinks:
    """Event Streams' sinks."""
    from twilio_bridge.adapters.twilio.sinks import TwilioSinks  # noqa: PLC0415  the SDK is slow to import

    settings = base.settings()
    return TwilioSinks(base.account(settings.twilio_login), settings.twilio_sink_sid)


@cache
def persons() -> Persons:
    """Each person's profile, interactions and events for Brevo."""
    from twilio_bridge.adapters.state.persons import DynamoPersons  # noqa: PLC0415  only some need it

    return DynamoPersons(base.sync_state_table())


@cache
def outbox() -> Outbox:
    """What other functions do later."""
    return _outbox()


@cache
def _outbox(enrich_queue_urls: tuple[str, str] = ("", "")) -> Outbox:
    settings = base.settings()
    return SqsOutbox(
        clients.sqs(),
        airtable_queue_url=settings.airtable_queue_url,
        brevo_queue_url=settings.brevo_queue_url,
        sync_queue_url=settings.sync_queue_url,
        enrich_queue_urls=enrich_queue_urls,
    )


@cache
def brevo_queue() -> SqsQueue:
    """Persons with something new for Brevo."""
    return SqsQueue(clients.sqs(), base.settings().brevo_queue_url)


@cache
def sync_queue() -> SqsQueue:
    """Jobs for SyncFunction."""
    return SqsQueue(clients.sqs(), base.settings().sync_queue_url)


def reducing(*, is_live: bool = True) -> ReducerDeps:
    """What a batch of events is worked with.

    What a sync reads happened long ago: it is no metric of today, and its tasks are not to be enriched.
    """
    from twilio_bridge.adapters.aws.metrics import EmbeddedMetrics, SilentMetrics  # noqa: PLC0415  only some need these
    from twilio_bridge.adapters.aws.quarantine import S3Quarantine  # noqa: PLC0415
    from twilio_bridge.adapters.state.facts import DynamoFacts  # noqa: PLC0415
    from twilio_bridge.adapters.state.figures import DynamoFigures  # noqa: PLC0415
    from twilio_bridge.adapters.state.identities import DynamoIdentities  # noqa: PLC0415

    settings, table = base.settings(), base.sync_state_table()
    return ReducerDeps(
        facts=DynamoFacts(table),
        identities=DynamoIdentities(table),
        persons=persons(),
        figures=DynamoFigures(table),
        quarantine=S3Quarantine(clients.s3(), settings.quarantine_bucket),
        outbox=_outbox(settings.enrich_queue_urls) if is_live else _outbox(),
        opt_outs=base.opt_outs(),
        metrics=EmbeddedMetrics(settings.metrics_namespace) if is_live else SilentMetrics(),
        lookup=contacts.contact_cache().find_by_address,
        settings=_settled_with_numbers() if is_live else _without_insights(_settled_with_numbers()),
    )


def _without_insights(found: schema.Config) -> schema.Config:
    return found.model_copy(update={"insights": found.insights.model_copy(update={"enabled": False})})


def _settled_with_numbers() -> schema.Config:
    """The configuration in force with every number of the company's that is known, read anew as often as it is."""
    found = settled()
    if _with_numbers.get("of") is not found:
        noted = (_sync_notes().read_note(own_numbers.NOTE) or "").split()
        _with_numbers.update(of=found, settled=own_numbers.add_own_numbers(found, noted))
    return _with_numbers["settled"]


_with_numbers: dict[str, schema.Config] = {}


def _sync_notes() -> DynamoNotes:
    return DynamoNotes(base.sync_state_table())


def age_interactions() -> None:
    """Sum up old interactions, once an hour."""
    if _sync_notes().claim_name("interactions-aged", 3_600):
        found = settled()
        aging.age_interactions(
            persons(), found.support.keep_days, found.figures.same_interaction_s, int(time.time() * 1000)
        )


def refresh_account_numbers() -> None:
    """Read the account's numbers, once a day."""
    own_numbers.refresh_account_numbers(_account_numbers, _sync_notes())


def _account_numbers() -> AccountNumbers:
    """Twilio's, with the login that the secret holds now."""
    from twilio_bridge.adapters.twilio.account_numbers import TwilioAccountNumbers  # noqa: PLC0415  the SDK is slow

    return TwilioAccountNumbers(base.account(base.settings().twilio_login))


def has_brevo() -> bool:
    """Return whether there is a secret for Brevo: whoever uses Frontline alone needs none."""
    try:
        return bool(base.settings().brevo_api_key)
    except NoSecretError:
        return False


def crm() -> MarketingContacts:
    """Brevo, with the key that the secret holds now."""
    found = settled()
    settings = found.brevo
    return _crm(base.settings().brevo_api_key, create=settings.create_attributes, force_merge=settings.force_merge)


@lru_cache(maxsize=1)
def _crm(api_key: str, *, create: bool, force_merge: bool) -> MarketingContacts:
    from twilio_bridge.adapters.brevo.attributes import BrevoAttributes  # noqa: PLC0415
    from twilio_bridge.adapters.brevo.client import BrevoRequests, limiters  # noqa: PLC0415
    from twilio_bridge.adapters.brevo.marketing_contacts import BrevoMarketingContacts  # noqa: PLC0415  only one function needs it

    limits = limiters(base.sync_state_table())
    endpoint_url, proxy = base.settings().brevo_endpoint_url, base.settings().proxy_to("BREVO")
    brevo = BrevoRequests(api_key, endpoint_url, limits, proxy=proxy)
    attributes = BrevoAttributes(brevo, create=create)
    return BrevoMarketingContacts(brevo, attributes, force_merge=force_merge)


def sweeping() -> SweepDeps:
    """What the regular look at overdue events works with."""
    from twilio_bridge.adapters.aws.metrics import EmbeddedMetrics  # noqa: PLC0415  only some need it

    return SweepDeps(
        persons=persons(),
        opt_outs=base.opt_outs(),
        outbox=outbox(),
        metrics=EmbeddedMetrics(base.settings().metrics_namespace),
        has_brevo=has_brevo(),
    )


def delivering() -> DeliveryDeps:
    """What a delivery to Brevo works with."""
    return DeliveryDeps(
        persons=persons(),
        crm=crm(),
        opt_outs=base.opt_outs(),
        outbox=outbox(),
        settings=settled(),
    )
