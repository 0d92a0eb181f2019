"""Worker attributes of thousands of workers: what would change, and the changes, each under the version that was read.

Nothing has to be remembered between two runs: what is done already is no difference any more. So a run that was killed
anywhere goes on where it was, and ends the same.
https://www.twilio.com/docs/flex/developer/insights/enhance-integration#enhance-agent-data
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from twilio_bridge.errors import ChangedError, NotFoundError, UnavailableError
from twilio_bridge.insights.json_text import MalformedError, parse_attributes
from twilio_bridge.insights.merging import Addition, is_due, merge_additions
from twilio_bridge.insights.ports import Worker, Workers
from twilio_bridge.insights.worker_rows import WorkerRow
from twilio_bridge.side_by_side import map_side_by_side

MAX_TRIES_COUNT = 10
# What was begun when a run is ended is done; more is not begun.
AT_ONCE = 16
# Workers have no end that room would have to be kept for.
PRIORITY = 1

Result = Literal["written", "unchanged", "gone", "malformed", "no_room"]

# What an operator has to know whatever the result is; as Twilio documents it.
NOTES = (
    "Flex Insights shows new attributes only after the agent's next login and status change, and its hourly load.",
    "Try it on a test account first: what was loaded wrong is corrected by Twilio's engineers only, if at all.",
)
SSO = (
    "With single sign-on your identity provider writes workers' attributes at every login, over what is written here. "
    "Set these SAML attributes there: "
)


@dataclass(frozen=True, slots=True)
class Difference:
    """What a worker's row changes: before (None: nothing) and after, by attribute."""

    sid: str
    friendly_name: str
    row: WorkerRow
    changes: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Plan:
    """All differences, and the rows that no worker, or more than one, answers to; malformed are workers' SIDs."""

    differences: tuple[Difference, ...] = ()
    unchanged: int = 0
    unknown: tuple[WorkerRow, ...] = ()
    ambiguous: tuple[WorkerRow, ...] = ()
    malformed: tuple[str, ...] = ()


@dataclass(slots=True)
class Done:
    """How many workers ended how, and how often somebody else was first."""

    results: dict[Result, int] = field(default_factory=lambda: defaultdict(int))
    retries: int = 0


def plan_workers(rows: Sequence[WorkerRow], workers: Iterable[Worker]) -> Plan:
    """Return what the rows change; a row's key is a SID, a friendly name or the attribute email, in whatever case."""
    by_key: dict[str, list[Worker]] = defaultdict(list)
    malformed = []
    for worker in workers:
        try:
            email = parse_attributes(worker.attributes).get("email")
        except MalformedError:
            email = None
            malformed.append(worker.sid)
        names = {worker.sid.casefold(), worker.friendly_name.casefold(), str(email or "").casefold()} - {""}
        for name in names:
            by_key[name].append(worker)

    differences, unknown, ambiguous, unchanged = [], [], [], 0
    for row in rows:
        named = by_key.get(row.key.casefold(), [])
        if not named:
            unknown.append(row)
        elif len(named) > 1:
            ambiguous.append(row)
        elif named[0].sid not in malformed:
            difference = _compare(row, named[0])
            unchanged += not difference.changes
            differences += [difference] if difference.changes else []
    return Plan(tuple(differences), unchanged, tuple(unknown), tuple(ambiguous), tuple(malformed))


def apply_plan(plan: Plan, workers: Workers, advance: Callable[[int], None]) -> Done:
    """Write every difference, some workers at a time; `advance` is called with how many were done."""
    done = Done()
    for batch in _split(plan.differences):
        for result, retries in map_side_by_side(lambda difference: _write(difference, workers), batch):
            done.results[result] += 1
            done.retries += retries
        advance(len(batch))
    return done


def _split(differences: Sequence[Difference]) -> Iterator[Sequence[Difference]]:
    return (differences[start : start + AT_ONCE] for start in range(0, len(differences), AT_ONCE))


def _compare(row: WorkerRow, worker: Worker) -> Difference:
    there = parse_attributes(worker.attributes)
    due = [addition for addition in _additions(row) if is_due(there, addition)]
    changes = {addition.place: (there.get(addition.place), addition.value) for addition in due}
    return Difference(worker.sid, worker.friendly_name, row, changes)


def _additions(row: WorkerRow) -> list[Addition]:
    return [Addition(name, value, PRIORITY, replaces=True) for name, value in row.attributes.items()]


def _write(difference: Difference, workers: Workers) -> tuple[Result, int]:
    for tries in range(MAX_TRIES_COUNT):
        worker = workers.fetch_worker(difference.sid)
        if worker is None:
            return "gone", tries
        try:
            merged = merge_additions(worker.attributes, _additions(difference.row), reserved=0)
        except MalformedError:
            return "malformed", tries
        if merged.cut:
            return "no_room", tries
        if merged.text == worker.attributes:
            return "unchanged", tries
        try:
            workers.write_worker_attributes(worker, merged.text)
        except ChangedError:
            continue
        except NotFoundError:
            return "gone", tries
        return "written", tries
    raise UnavailableError("twilio", f"worker {difference.sid} was changed by others {MAX_TRIES_COUNT} times")
