"""Planning: the source's rows become the campaign's, a hundred at a time, each time as if it were the first.

Before the first row is planned the whole source is read for faults. What is planned is written first and counted by
the campaign's own item after it, under the condition that nobody has planned on from the same place: planning that was
killed, or runs twice, does the same rows again and changes nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from twilio_bridge import deadline
from twilio_bridge.errors import OutOfTimeError, RefusedError, UnavailableError
from twilio_bridge.logs import logger
from twilio_bridge.messages.campaign import Campaign
from twilio_bridge.messages.planning.row_checks import RowChecks
from twilio_bridge.messages.ports import Campaigns, Continuation, Ledger, RowSources, SourceRow, Suppressions
from twilio_bridge.messages.texts.composing import read_templates

ROWS_PER_PART = 100
MAX_ROWS_COUNT = 1_000_000
MAX_FAULTS_COUNT = 50  # that are kept
ENOUGH_FAULTS = 1_000  # after which reading on would show nothing new
# With less time left, another invocation goes on.
MIN_LEFT_S = 20.0
MAX_TRIES_COUNT = 6  # where others change a campaign at the same time


@dataclass(frozen=True, slots=True)
class PlanningDeps:
    """What planning works with; `now` returns epoch ms."""

    campaigns: Campaigns
    ledger: Ledger
    sources: RowSources
    suppressions: Suppressions
    continuation: Continuation
    prices: Callable[[], Mapping[str, float]]
    now: Callable[[], int]


def is_planned(campaign: Campaign) -> bool:
    """Return whether planning has nothing to do for a campaign: it is done, or not wanted any more."""
    return campaign.planning.is_complete or campaign.state not in {"planning", "paused"}


def plan_campaign(campaign_id: str, deps: PlanningDeps) -> Campaign | None:
    """Plan a campaign as far as time allows, and have another invocation go on; return it as it is then."""
    campaign = deps.campaigns.find_campaign(campaign_id)
    if campaign is None or is_planned(campaign):
        return campaign

    try:
        if not campaign.planning.is_checked:
            campaign = _check_source(campaign, deps)
        return _plan_rows(campaign, deps)
    except RefusedError as error:
        return _refuse(campaign, str(error), deps)


def _check_source(campaign: Campaign, deps: PlanningDeps) -> Campaign:
    """Read the source for faults, and refuse the campaign where it has any; records in Airtable can have none."""
    is_file = campaign.settings.source.kind != "airtable"
    faults, count = _find_faults(_read_source(campaign, deps, "")) if is_file else ([], 0)

    checked = replace(campaign.planning, is_checked=True, faults=tuple(faults), fault_count=count)
    after = replace(campaign, planning=checked, changed_at=deps.now())
    if count:
        after = after.change_state("refused", deps.now(), f"{count:,} faults in the source")
    return _save(campaign, after, deps)


def _find_faults(rows: Iterator[SourceRow]) -> tuple[list[str], int]:
    """Return the first faults, and how many there are."""
    faults: list[str] = []
    count = 0

    for total, row in enumerate(rows, 1):
        if total > MAX_ROWS_COUNT:
            return [f"source: has more than {MAX_ROWS_COUNT:,} rows; make several campaigns of it"], 1
        if row.fault:
            count += 1
            faults += [row.fault] if len(faults) < MAX_FAULTS_COUNT else []
        if count >= ENOUGH_FAULTS:
            break

    return faults, count


def _plan_rows(campaign: Campaign, deps: PlanningDeps) -> Campaign:
    settings = campaign.settings
    checks = RowChecks(settings, read_templates(settings), deps.suppressions, deps.prices())
    rows = _read_source(campaign, deps, campaign.planning.place)

    while not is_planned(campaign):
        if not _has_time():
            deps.continuation.request_planning(campaign.id)
            break
        place, part = campaign.planning.place, list(islice(rows, ROWS_PER_PART))
        campaign = _save(campaign, _plan_part(campaign, part, checks, deps), deps)
        if part and campaign.planning.place not in {place, part[-1].place_after}:
            rows = _read_source(campaign, deps, campaign.planning.place)  # somebody else has planned on

    return campaign


def _has_time() -> bool:
    try:
        return deadline.seconds_left(MIN_LEFT_S + 1) > MIN_LEFT_S
    except OutOfTimeError:
        return False


def _plan_part(campaign: Campaign, part: Sequence[SourceRow], checks: RowChecks, deps: PlanningDeps) -> Campaign:
    """Write the next rows, and return the campaign with them; without any it is complete, and sending begins."""
    planning = campaign.planning
    rows = checks.check_rows(part, planning.rows + 1, deps.now()) if part else []
    if campaign.settings.test_to:
        going = [place for place, row in enumerate(rows) if row.state == "waiting"]
        rows = rows[: going[0] + 1] if going else rows  # a test sends one
    written = deps.ledger.add_rows(rows) if rows else []

    skipped = Counter(planning.skipped)
    skipped.update(row.reason for row in written if row.state == "skipped")
    is_complete = not part or bool(campaign.settings.test_to and any(row.state == "waiting" for row in written))
    place = part[-1].place_after if part else planning.place
    planned = replace(
        planning, place=place, rows=planning.rows + len(rows), skipped=dict(skipped), is_complete=is_complete
    )
    after = replace(campaign, planning=planned, changed_at=deps.now())

    if is_complete and not planned.rows:
        return after.change_state("refused", deps.now(), "the source has no rows")
    if is_complete and after.state == "planning":
        logger.info("planned", extra={"campaign": campaign.id, "rows": planned.rows, "skipped": dict(skipped)})
        return after.change_state("sending", deps.now())
    return after


def _save(before: Campaign, after: Campaign, deps: PlanningDeps) -> Campaign:
    """Write the campaign, and return it as it stands then.

    Where its state was changed meanwhile, what was planned is added to that, unless another has planned on.
    """
    for _ in range(MAX_TRIES_COUNT):
        if deps.campaigns.save_campaign(before, after):
            return deps.campaigns.find_campaign(before.id) or after

        stands = deps.campaigns.find_campaign(before.id)
        if stands is None or stands.planning != before.planning:
            return stands or after
        before, merged = stands, replace(stands, planning=after.planning)
        after = (
            merged.change_state(after.state, after.changed_at, after.cause) if stands.state == "planning" else merged
        )

    raise UnavailableError("campaigns", "a campaign is changed all the time")


def _refuse(campaign: Campaign, cause: str, deps: PlanningDeps) -> Campaign:
    current = deps.campaigns.find_campaign(campaign.id) or campaign
    if is_planned(current):
        return current
    return _save(current, current.change_state("refused", deps.now(), cause), deps)


def _read_source(campaign: Campaign, deps: PlanningDeps, place: str) -> Iterator[SourceRow]:
    settings = campaign.settings
    return deps.sources.read_rows(settings.source, read_templates(settings).columns, place)
