"""The sweep: each minute it queues what is due, goes on with planning that stands still, and ends what is done.

It queues no more than can be sent until the next one comes, so that a pause or a cancellation holds at once. What it
has queued before and still stands there is queued again after a while: a queue may lose a message, and a row that is
queued twice is sent once. Where it is in the order of what is due it keeps apart from the rows, which it never writes.
"""

import heapq
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from twilio_bridge.errors import OutOfTimeError
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.messages.campaign import Campaign, CampaignState
from twilio_bridge.messages.planning.planner import is_planned
from twilio_bridge.messages.ports import (
    PARTITIONS,
    Campaigns,
    Continuation,
    Counts,
    DueKind,
    DueRow,
    Ledger,
    MessageQueues,
)
from twilio_bridge.messages.progress import correct_planning, count_rows

SECONDS_AHEAD = 90  # a minute, and half of one for a sweep that comes late
QUEUE_AGAIN_MS = 10 * 60_000
PLAN_AGAIN_MS = 2 * 60_000
# Whoever looks after a row sets its next moment; later than this nobody does.
OVERDUE_MS = 2 * 60_000
# What Twilio keeps until then is handed to it at once; a day is left for what is queued late.
MAX_SCHEDULE_MS = 34 * 86_400_000
FOREVER = 10**15 - 1  # later than any row is due
ROWS_PER_READ = 100
MAX_CANCELLED_COUNT = 20_000  # by one sweep
MAX_LOOKED_UP_COUNT = 5_000


@dataclass(frozen=True, slots=True)
class SweepDeps:
    """What a sweep works with; `now` returns epoch ms.

    `write_back` writes a campaign's outcomes back and returns it as it is then; None where some are left.
    `sender_rate` returns how many messages a second a sender may send.
    """

    campaigns: Campaigns
    ledger: Ledger
    queues: MessageQueues
    continuation: Continuation
    now: Callable[[], int]
    write_back: Callable[[Campaign], Campaign | None] = lambda campaign: campaign
    sender_rate: Callable[[str], float] = lambda _sender: math.inf


def sweep_campaigns(deps: SweepDeps) -> dict[str, int]:
    """Look after every campaign that is not final; return how many there are, and how many rows were queued."""
    ids = deps.campaigns.list_active()
    queued = failed = 0

    for campaign_id in ids:
        try:
            queued += sweep_campaign(campaign_id, deps)
        except OutOfTimeError:
            raise
        except Exception as error:  # noqa: BLE001  a mistake of ours in one of them holds no other up
            failed += 1
            logger.error("campaign not swept", extra={"campaign": campaign_id, **describe_error(error)})

    return {"campaigns": len(ids), "queued": queued, "failed": failed}


def sweep_campaign(campaign_id: str, deps: SweepDeps) -> int:
    """Look after one campaign, and return how many rows were queued."""
    campaign = deps.campaigns.find_campaign(campaign_id)
    if campaign is None or campaign.is_final:
        return 0
    if not is_planned(campaign):
        if deps.now() - campaign.changed_at >= PLAN_AGAIN_MS:
            deps.continuation.request_planning(campaign_id)
        return 0

    queued = _queue_lookups(campaign, deps)
    if campaign.state != "paused":
        queued += queue_due(campaign, deps)
        _end_when_done(campaign, deps)
    return queued


def queue_due(campaign: Campaign, deps: SweepDeps) -> int:
    """Queue rows that are due, as many as can be sent until the next sweep; of a cancelled campaign all that wait."""
    is_cancelling = campaign.state == "cancelling"
    at_most = MAX_CANCELLED_COUNT if is_cancelling else max(int(_find_rate(campaign, deps) * SECONDS_AHEAD), 1)
    ahead_ms = MAX_SCHEDULE_MS if campaign.settings.is_scheduled_at_twilio else 0
    until = FOREVER if is_cancelling else deps.now() + ahead_ms
    swept = _read_swept(campaign, deps)

    place, outstanding = swept["place"], 0
    chosen: list[DueRow] = []
    for row in _iterate_due(campaign.id, "waiting", until, deps.ledger):
        if outstanding + len(chosen) >= at_most:
            break
        if row.place <= place:
            outstanding += 1
        else:
            chosen.append(row)

    deps.queues.enqueue_sends(campaign.id, [row.number for row in chosen])
    if chosen or swept["is_new"]:
        last = chosen[-1].place if chosen else place
        state = _name_state(campaign)
        deps.campaigns.write_sweep(campaign.id, {"place": last, "since": swept["since"], "state": state})
    return len(chosen)


def _find_rate(campaign: Campaign, deps: SweepDeps) -> float:
    """Return how many messages a second can be sent: those that wait longer in the queue would be queued again."""
    sender = campaign.settings.sender
    senders = {sender.messaging_service_sid, sender.number, *sender.countries.values()} - {""}
    return min(campaign.settings.rate_per_s, sum(map(deps.sender_rate, senders)))


def _read_swept(campaign: Campaign, deps: SweepDeps) -> dict[str, Any]:
    """Return where the sweep is; from time to time, and in another state, it begins anew.

    So it does behind a resume: what was queued before the pause has been taken out of the queue and not sent.
    """
    swept = deps.campaigns.read_sweep(campaign.id)
    is_old = deps.now() - swept.get("since", 0) >= QUEUE_AGAIN_MS
    if is_old or swept.get("state") != _name_state(campaign):
        return {"place": "", "since": deps.now(), "is_new": True}
    return {"place": swept["place"], "since": swept["since"], "is_new": False}


def _name_state(campaign: Campaign) -> str:
    """Return a state as the sweep remembers it: the same one later is another."""
    return f"{campaign.state} since {campaign.changed_at}"


def _queue_lookups(campaign: Campaign, deps: SweepDeps) -> int:
    """Queue rows that Twilio has, or may have, and that nobody has looked after at their moment."""
    is_cancelling = campaign.state == "cancelling"
    until = FOREVER if is_cancelling else deps.now() - OVERDUE_MS
    sends: list[int] = []
    polls: list[int] = []

    for row in _iterate_due(campaign.id, "lookup", until, deps.ledger):
        is_overdue = row.due_at <= deps.now() - OVERDUE_MS
        if is_cancelling and row.state == "submitted" and row.is_scheduled:
            sends.append(row.number)
        elif is_overdue:
            (polls if row.state == "submitted" else sends).append(row.number)
        if len(sends) + len(polls) >= MAX_LOOKED_UP_COUNT:
            break

    deps.queues.enqueue_sends(campaign.id, sends)
    deps.queues.enqueue_polls(campaign.id, polls)
    return len(sends) + len(polls)


def _iterate_due(campaign_id: str, kind: DueKind, until: int, ledger: Ledger) -> Iterator[DueRow]:
    """Return what is due, the earliest first, out of all partitions."""

    def read(partition: int) -> Iterator[DueRow]:
        after = ""
        while found := ledger.list_due(campaign_id, kind, partition, until, after, ROWS_PER_READ):
            yield from found
            if len(found) < ROWS_PER_READ:
                return
            after = found[-1].place

    return heapq.merge(*map(read, range(PARTITIONS)), key=lambda row: row.place)


def _end_when_done(campaign: Campaign, deps: SweepDeps) -> None:
    """End a campaign once every row that was accepted is sent, failed, skipped or cancelled, by the rows themselves."""
    changes = deps.ledger.read_counts(campaign.id)
    counts = count_rows(campaign, changes)
    is_settled = campaign.planning.is_complete or deps.now() - campaign.changed_at >= PLAN_AGAIN_MS
    if counts.open > 0 or not is_settled:
        return

    found = deps.ledger.tally_rows(campaign.id)
    if dict(found.tallies) != dict(counts.tallies):
        _correct_planning(campaign, found, changes, deps)
        return
    written = deps.write_back(campaign)
    if written is None:
        return

    state: CampaignState = "cancelled" if campaign.state == "cancelling" else "finished"
    after = written.change_state(state, deps.now(), written.cause)
    if deps.campaigns.save_campaign(written, after):
        logger.info("campaign ended", extra={"campaign": campaign.id, "state": after.state, "rows": found.total})


def _correct_planning(campaign: Campaign, found: Counts, changes: Counts, deps: SweepDeps) -> None:
    """Count what planning has added by the rows: it was ended between writing rows and counting them."""
    added = correct_planning(found, changes)
    skipped = {name.removeprefix("skipped_"): count for name, count in added.items() if name.startswith("skipped_")}
    planning = replace(campaign.planning, rows=sum(added.values()), skipped=skipped)

    if sum(skipped.values()) + added.get("waiting", 0) != planning.rows or planning == campaign.planning:
        logger.error("rows and counts differ", extra={"campaign": campaign.id, "found": dict(found.tallies)})
        return
    deps.campaigns.save_campaign(campaign, replace(campaign, planning=planning))
