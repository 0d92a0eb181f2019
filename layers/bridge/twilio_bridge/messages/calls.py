"""What CampaignsFunction answers: campaigns taken in, dry runs, states, rows, and verbs that steer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from twilio_bridge.errors import BadRequestError, NotFoundError
from twilio_bridge.forms import Answer
from twilio_bridge.messages.answers import describe_campaign, describe_row, format_rows
from twilio_bridge.messages.campaign import MICROS, Campaign
from twilio_bridge.messages.planning.acceptance import AcceptanceDeps, accept_campaign, check_request
from twilio_bridge.messages.planning.files import format_value
from twilio_bridge.messages.planning.preview import PreviewDeps, preview_rows
from twilio_bridge.messages.planning.request_parts import Defaults
from twilio_bridge.messages.planning.requests import CampaignRequest, FaultsError, read_request
from twilio_bridge.messages.ports import Campaigns, Counts, Ledger, SourceRow
from twilio_bridge.messages.progress import count_rows
from twilio_bridge.messages.report import build_report
from twilio_bridge.messages.sending.steering import cancel_campaign, pause_campaign, resume_campaign

MAX_ROWS_COUNT = 1_000
MAX_AMOUNT = 1_000_000_000
Query = Mapping[str, str]
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CampaignCalls:
    """The calls, over what they need; each returns its answer."""

    campaigns: Campaigns
    ledger: Ledger
    acceptance: AcceptanceDeps
    preview: PreviewDeps
    defaults: Callable[[], Defaults]
    now: Callable[[], int]

    def create(self, _id: str, _query: Query, body: Body) -> Answer:
        """Take a campaign in (202), or show what it would send (200)."""
        moment = datetime.fromtimestamp(self.now() / 1000, UTC)
        request = read_request(body, self.defaults(), moment)
        if request.is_dry_run:
            return Answer(self._preview(request))

        campaign = accept_campaign(request, self.acceptance)
        return Answer(describe_campaign(campaign, self.count(campaign)), 202)

    def _preview(self, request: CampaignRequest) -> dict[str, Any]:
        settings, given = check_request(request, self.acceptance), request.rows
        rows = None if given is None else [_as_source_row(row, number) for number, row in enumerate(given, 1)]
        page = preview_rows(settings, rows, request.page_token, request.page_size, self.preview)
        if page.faults:
            raise FaultsError(page.faults)
        return {
            "dryRun": True,
            "currency": settings.currency,
            "rows": page.rows,
            "nextPageToken": page.next_place or None,
        }

    def get(self, campaign_id: str, _query: Query, _body: Body) -> Answer:
        """Answer with a campaign's state and counts."""
        campaign = self._find(campaign_id)
        return Answer(describe_campaign(campaign, self.count(campaign)))

    def list_rows(self, campaign_id: str, query: Query, _body: Body) -> Answer:
        """Answer with a page of rows, as JSON or with `format=csv` as CSV; the token is the last row's number."""
        self._find(campaign_id)
        size = _read_number(query, "pageSize", 100, 1, MAX_ROWS_COUNT)
        after = _read_number(query, "pageToken", 0, 0, 10**7)
        rows = self.ledger.list_rows(campaign_id, after, size)

        if query.get("format") == "csv":
            return Answer(format_rows(rows))
        token = str(rows[-1].number) if len(rows) == size else None
        return Answer({"rows": [describe_row(row) for row in rows], "nextPageToken": token})

    def steer(self, campaign_id: str, query: Query, body: Body) -> Answer:
        """Pause, resume or cancel a campaign."""
        action = query["action"]
        cause = str(body.get("cause") or "as asked")[:200]
        if action == "pause":
            pause_campaign(self.campaigns, campaign_id, self.now(), cause)
        elif action == "resume":
            limit = _read_amount(body, "maxSpend")
            resume_campaign(self.campaigns, campaign_id, self.now(), lambda: self.count(self._find(campaign_id)), limit)
        elif action == "cancel":
            cancel_campaign(self.campaigns, campaign_id, self.now(), cause)
        else:
            raise NotFoundError(f"there is no action {action[:20]}; there are pause, resume and cancel")
        return self.get(campaign_id, {}, {})

    def report(self, campaign_id: str, _query: Query, _body: Body) -> Answer:
        """Answer with what became of the rows, by code, country, sender and segments."""
        return Answer(build_report(self.ledger, self._find(campaign_id)))

    def count(self, campaign: Campaign) -> Counts:
        """Return a campaign's rows by their tallies."""
        return count_rows(campaign, self.ledger.read_counts(campaign.id))

    def _find(self, campaign_id: str) -> Campaign:
        campaign = self.campaigns.find_campaign(campaign_id)
        if campaign is None:
            raise NotFoundError(f"there is no campaign {campaign_id[:64]}")
        return campaign


def _read_number(query: Query, name: str, default: int, low: int, high: int) -> int:
    given = query.get(name) or str(default)
    if not re.fullmatch(r"[0-9]{1,9}", given) or not low <= int(given) <= high:
        raise BadRequestError(f"{name} is to be a number from {low} to {high:,}")
    return int(given)


def _read_amount(body: Body, name: str) -> int | None:
    """Return an amount of the currency in millionths; None where the request has none."""
    given = body.get(name)
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0 < given <= MAX_AMOUNT:
        raise BadRequestError(f"{name} is to be an amount up to {MAX_AMOUNT:,}")
    return round(given * MICROS)


def _as_source_row(row: Mapping[str, Any], number: int) -> SourceRow:
    values = {name: format_value(value) for name, value in row.items()}
    return SourceRow(f"line {number}", values, str(number))
