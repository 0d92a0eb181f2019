"""Tasks completed by the command itself, as EnrichTaskFunction does it."""

import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.adapters.state.facts import DynamoFacts
from twilio_bridge.adapters.state.identities import DynamoIdentities
from twilio_bridge.adapters.state.leases_notes import DynamoNotes
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.adapters.twilio.tasks import TwilioTasks
from twilio_bridge.errors import UpstreamError
from twilio_bridge.insights.backfill import GONE, Lack, find_lack, make_request
from twilio_bridge.insights.enriching import EnrichDeps, enrich_task
from twilio_bridge.insights.ports import Task
from twilio_bridge.logs import logger
from twilio_bridge_cli import output
from twilio_bridge_cli.taskrouter import TaskRouter

AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Done:
    """A task, what it lacked before, and what came of it: an outcome of enriching, or open, ended, gone, failed.

    `cut` are the attributes that had no room.
    """

    lack: Lack
    result: str
    cut: tuple[str, ...] = ()


def describe_state(lack: Lack) -> str:
    """Return whether a task is open, ended or gone."""
    return "gone" if lack.status == GONE else "ended" if lack.is_finished else "open"


def complete_tasks(found: Sequence[Task], taskrouter: TaskRouter, contact_cache: Table) -> list[Done]:
    """Complete the open ones, several at a time, and return all in their order."""

    def complete(task: Task) -> Done:
        lack = find_lack(task, taskrouter.settled.insights)
        if describe_state(lack) != "open":
            return Done(lack, describe_state(lack))
        deps, now = build_deps(taskrouter, contact_cache), int(time.time() * 1000)
        try:
            enriched = enrich_task(make_request(task, taskrouter.workspace_sid, now), deps, now)
        except UpstreamError as error:
            output.print_warning(f"{task.sid}: {error}.")
            return Done(lack, "failed")
        return Done(lack, enriched.outcome, enriched.cut)

    done: list[Done] = []
    with output.show_progress("Completing", len(found), AT_ONCE) as advance, ThreadPoolExecutor(AT_ONCE) as pool:
        for start in range(0, len(found), AT_ONCE):  # so that Ctrl-C waits for these only
            done += pool.map(complete, found[start : start + AT_ONCE])
            advance(len(done) - start)
    return done


@contextmanager
def log_to_stderr() -> Iterator[None]:
    """Keep stdout for the result."""
    handler: Any = logger.registered_handler
    before, handler.stream = handler.stream, sys.stderr
    try:
        yield
    finally:
        handler.stream = before


def build_deps(taskrouter: TaskRouter, contact_cache: Table) -> EnrichDeps:
    """Return what one task is enriched with: the deployment's tables; what reads them is no place for two threads."""
    state, settled = taskrouter.state, taskrouter.settled
    for_everybody = settled.contacts.visibility == "all"
    return EnrichDeps(
        tasks=lambda _workspace_sid: TwilioTasks(taskrouter.requests),
        facts=DynamoFacts(state),
        identities=DynamoIdentities(state),
        persons=DynamoPersons(state),
        contacts=DynamoContactCache(contact_cache, for_everybody=for_everybody),
        notes=DynamoNotes(state),
        metrics=Uncounted(),
        settings=settled,
    )


class Uncounted:
    """The port InsightsMetrics: a command's figures are what it shows."""

    def count_enriched(self, *, retries: int, cut: int, late_s: int | None) -> None:
        """Count nothing."""
