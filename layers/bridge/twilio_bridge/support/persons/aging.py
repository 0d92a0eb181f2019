"""Interactions that are older than `support.keep_days`: their numbers stay in a summary, everything else goes."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from twilio_bridge.logs import logger
from twilio_bridge.support.persons.interactions import merge_interactions
from twilio_bridge.support.persons.person import SUMMARY, Interaction
from twilio_bridge.support.ports import Persons

DAY_MS = 86_400_000
# With its summaries, this is what one transaction takes.
MAX_ROWS_COUNT = 80


def age_interactions(persons: Persons, keep_days: int, same_s: int, now: int) -> int:
    """Sum up what is older at the moment `now` (epoch ms), and return how many interactions that were.

    A person of more than a transaction takes goes on the next time; so does one who changed meanwhile.
    """
    before = now - keep_days * DAY_MS
    aged = sum(_age(person_id, persons, same_s, before) for person_id in dict.fromkeys(persons.find_aged(before)))
    if aged:
        logger.info("interactions summed up", extra={"interactions": aged})
    return aged


def _age(person_id: str, persons: Persons, same_s: int, before: int) -> int:
    rows = persons.list_interactions(person_id)
    old = [each for each in rows if each.last_at < before and not each.is_summary]
    old = _whole_groups(sorted(old, key=lambda each: (each.conversation_sid, each.created_at, each.sid)))
    earlier = [each for each in rows if each.is_summary]
    summaries = sum_up(person_id, merge_interactions(old, same_s), earlier)
    return len(old) if old and persons.replace_interactions(person_id, old, summaries) else 0


def _whole_groups(old: Sequence[Interaction]) -> list[Interaction]:
    """Return as many as a transaction takes, of a conversation all or none: several of its tasks may be one."""
    chosen: list[Interaction] = []
    for sid, group in groupby(old, key=lambda each: each.conversation_sid):
        rows = list(group)
        if sid and chosen and len(chosen) + len(rows) > MAX_ROWS_COUNT:
            break
        chosen += rows
    return chosen[:MAX_ROWS_COUNT]


def sum_up(person_id: str, merged: Iterable[Interaction], earlier: Iterable[Interaction]) -> list[Interaction]:
    """Return the summaries with these interactions in them, one a channel, as rows of their own."""
    found = {each.sid: each for each in earlier}
    changed: set[str] = set()
    for each in merged:
        sid = f"{SUMMARY}{each.channel if each.counts else ''}-{person_id}"
        changed.add(sid)
        version = found[sid].version if sid in found else 0
        there = found.get(sid) or Interaction(sid=sid, version=version, channel=each.channel, stands_for=0, is_old=True)
        found[sid] = _add(there, each)
    return [replace(found[sid], version=found[sid].version + 1) for sid in sorted(changed)]


def _add(summary: Interaction, each: Interaction) -> Interaction:
    has_wait = each.wait_s is not None
    is_latest = each.score is not None and (summary.score is None or each.scored_at >= summary.scored_at)
    return replace(
        summary,
        counts=summary.counts or each.counts,
        stands_for=summary.stands_for + each.counts,
        waits=summary.waits + has_wait,
        wait_s=(summary.wait_s or 0) + (each.wait_s or 0) if has_wait else summary.wait_s,
        created_at=max(summary.created_at, each.created_at),
        last_at=max(summary.last_at, each.last_at),
        ended_at=max(summary.ended_at, each.ended_at),
        score=each.score if is_latest else summary.score,
        scored_at=each.scored_at if is_latest else summary.scored_at,
        is_old=summary.is_old and each.is_old,
    )
