"""Accepting a campaign: every fault of the request and of its source is found before anything is stored or sent."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from twilio_bridge import phone
from twilio_bridge.errors import BridgeError
from twilio_bridge.messages.campaign import Campaign, CampaignSettings
from twilio_bridge.messages.planning.request_checks import check_columns
from twilio_bridge.messages.planning.requests import CampaignRequest, FaultsError
from twilio_bridge.messages.ports import Campaigns, Continuation, OwnSenders, RowFiles, RowSources
from twilio_bridge.messages.texts.composing import read_templates


class CampaignExistsError(BridgeError):
    """Another campaign has this id."""

    friendly = "Another campaign has this id; nothing was sent."


@dataclass(frozen=True, slots=True)
class AcceptanceDeps:
    """What accepting works with; `now` returns epoch ms."""

    campaigns: Campaigns
    sources: RowSources
    files: Callable[[], RowFiles]
    senders: Callable[[], OwnSenders]
    continuation: Continuation
    now: Callable[[], int]


def accept_campaign(request: CampaignRequest, deps: AcceptanceDeps) -> Campaign:
    """Store a campaign and begin to plan it; the same request again returns the same campaign.

    Raises:
        FaultsError: The request or its source has faults; all of them are named.
        CampaignExistsError: Another request has the id.
    """
    campaign = deps.campaigns.find_campaign(request.settings.id)
    if campaign is None:
        settings = check_request(request, deps)
        if request.rows is not None:
            name = f"{settings.id}-{settings.fingerprint[:16]}"
            settings = replace(settings, source=deps.files().store_rows(name, request.rows))
        campaign = deps.campaigns.create_campaign(settings, deps.now())

    if campaign.settings.fingerprint != request.settings.fingerprint:
        raise CampaignExistsError(f"the campaign {campaign.id} exists, with another content; choose another id")
    if campaign.state == "planning":
        deps.continuation.request_planning(campaign.id)
    return campaign


def check_request(request: CampaignRequest, deps: AcceptanceDeps) -> CampaignSettings:
    """Return the settings with their source as it was found, or raise FaultsError."""
    settings = request.settings
    faults = [*request.faults, *_check_senders(settings, deps.senders)]

    if request.rows is not None:
        columns = tuple(dict.fromkeys(name for row in request.rows for name in row))
        faults += check_columns(settings, columns) if request.rows else []
    elif not any(fault.startswith("source") for fault in faults):
        described = deps.sources.describe(settings.source, read_templates(settings).columns)
        faults += [*described.faults, *(check_columns(settings, described.columns) if described.columns else [])]
        settings = replace(settings, source=described.source)

    if faults:
        raise FaultsError(faults)
    return settings


def _check_senders(settings: CampaignSettings, senders: Callable[[], OwnSenders]) -> list[str]:
    """Return which senders are not the account's."""
    sender = settings.sender
    prefix = phone.WHATSAPP if settings.channel == "whatsapp" else ""
    given = (number for number in (sender.number, *sender.countries.values()) if number)
    numbers = list(dict.fromkeys(prefix + number for number in given))
    services = [sender.messaging_service_sid] if sender.messaging_service_sid else []
    unknown = senders().find_unknown(numbers, services) if numbers or services else []
    return [f"sender: {each} is not one of the account's, or cannot send" for each in unknown]
