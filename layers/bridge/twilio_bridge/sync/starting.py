"""A sync begins, goes on, and shows how far it is; one run of an account at a time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from twilio_bridge.errors import BadRequestError
from twilio_bridge.sync.planning import Place, Plan, choose_streams, plan_run
from twilio_bridge.sync.ports import Run, SyncMetrics
from twilio_bridge.sync.request import SyncRequest
from twilio_bridge.sync.slices import ENDED, Slice, make_run_id
from twilio_bridge.sync.streams import Stream
from twilio_bridge.sync.taking import SyncDeps
from twilio_bridge.sync.working import finish_run

# A slice that nobody has looked at for so long has lost its message.
STALLED_MS: Final = 1_800_000
MAX_WOKEN_COUNT: Final = 100
NO_EXPORT: Final = "Records are not read: the stack has no export (parameter Export)."


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamProgress:
    """How far a stream of a run is: slices in all, those that are left and that failed, rows and requests so far."""

    stream: str
    slices: int
    left: int
    failed: int
    rows: int
    requests: int
    problems: Sequence[str] = ()


def make_plan(request: SyncRequest, deps: SyncDeps) -> Plan:
    """Return what a run that begins now would read."""
    plan = plan_run(request, _read_places(request, deps), make_run_id(deps.clock()))
    leaves_out = deps.files is None and any(stream.sink == "export" for stream in choose_streams(request))
    return Plan(plan.run, plan.slices, (*plan.notes, *([NO_EXPORT] if leaves_out else [])))


def start_sync(request: SyncRequest, deps: SyncDeps, *, is_scheduled: bool = False) -> dict[str, Any]:
    """Begin a run, or go on with the same one, and return how far it is.

    Raise BadRequestError where another one is under way; the schedule lets it be.
    """
    current = deps.slices.read_run()
    if current and current.phase == "open":
        if is_scheduled or _is_same(current, request):
            wake_slices(current, deps, stalled_only=is_scheduled)
            return show_progress(deps)
        raise BadRequestError(_describe_under_way(current))

    plan = make_plan(request, deps)
    run = Run(id=plan.run, request=request.describe(), notes=plan.notes)
    if not deps.slices.begin_run(run, plan.slices):
        raise BadRequestError("another sync has just begun; see how far it is with twilio-bridge sync --progress.")
    deps.wakeups.wake(plan.slices)
    if not plan.slices:
        finish_run(run, deps)
    return show_progress(deps)


def _is_same(run: Run, request: SyncRequest) -> bool:
    """Return whether a run is what is asked for; its values went through JSON."""
    stored = {name: tuple(value) if isinstance(value, list) else value for name, value in run.request.items()}
    return stored == request.describe()


def _describe_under_way(run: Run) -> str:
    resources = ", ".join(run.request.get("resources") or ())
    return (
        f"another sync is under way ({run.request.get('type')}: {resources}); wait for its end, which "
        "twilio-bridge sync --progress shows, or end it with twilio-bridge sync --cancel."
    )


def cancel_sync(deps: SyncDeps) -> dict[str, Any]:
    """End the run that is under way; what it has read stays."""
    run = deps.slices.read_run()
    if run and run.phase == "open":
        for each in deps.slices.list_slices(run.id):
            if each.phase not in ENDED:
                deps.slices.cancel(each)
        finish_run(run, deps)
    return show_progress(deps)


def continue_run(deps: SyncDeps, metrics: SyncMetrics) -> None:
    """Look after the latest run: wake slices whose messages were lost, end it where all are read, show how it fares."""
    run = deps.slices.read_run()
    if run is None:
        return
    slices = deps.slices.list_slices(run.id)
    left = [each for each in slices if each.phase not in ENDED]
    if run.phase == "open":
        wake_slices(run, deps, stalled_only=True)
        finish_run(run, deps)
    oldest_s = (deps.clock() - slices[0].run_at) // 1000 if left else 0
    metrics.measure_sync(sum(each.phase == "failed" for each in slices), oldest_s)


def wake_slices(run: Run, deps: SyncDeps, *, stalled_only: bool) -> None:
    """Have the open slices of a run looked at that nobody looks at."""
    now = deps.clock()
    grace_ms = STALLED_MS if stalled_only else 0
    idle = [
        each
        for each in deps.slices.list_slices(run.id)
        if each.phase not in ENDED and max(each.due_at, each.held_until, each.run_at) + grace_ms <= now
    ]
    deps.wakeups.wake(idle[:MAX_WOKEN_COUNT] if stalled_only else idle)


def show_progress(deps: SyncDeps) -> dict[str, Any]:
    """Return the latest run as a document; `run` is None before the first."""
    run = deps.slices.read_run()
    if run is None:
        return {"run": None, "streams": []}
    slices = deps.slices.list_slices(run.id)
    return {
        "run": run.id,
        "phase": run.phase,
        "request": dict(run.request),
        "notes": list(run.notes),
        "ended_at": run.ended_at or None,
        "streams": [asdict(each) for each in count_streams(slices)],
    }


def count_streams(slices: Iterable[Slice]) -> list[StreamProgress]:
    """Return how far each stream is."""
    groups: dict[str, list[Slice]] = {}
    for each in slices:
        groups.setdefault(each.stream, []).append(each)
    return [
        StreamProgress(
            stream=name,
            slices=sum(each.phase != "split" for each in own),
            left=sum(each.phase not in ENDED for each in own),
            failed=sum(each.phase == "failed" for each in own),
            rows=sum(each.rows for each in own if each.phase != "split"),
            requests=sum(each.requests for each in own),
            problems=tuple(dict.fromkeys(each.problem for each in own if each.problem)),
        )
        for name, own in sorted(groups.items())
    ]


def _read_places(request: SyncRequest, deps: SyncDeps) -> Mapping[tuple[str, str], Place]:
    """Return what is known of every stream and account that is read; the reducer's are the own account's."""
    places: dict[tuple[str, str], Place] = {}
    for stream in choose_streams(request):
        if stream.sink == "export" and deps.files is None:
            continue
        accounts = deps.accounts if stream.sink == "export" else deps.accounts[:1]
        for account in accounts:
            places[stream.name, account] = _read_place(stream, account, deps)
    return places


def _read_place(stream: Stream, account: str, deps: SyncDeps) -> Place:
    place = deps.slices.read_place(stream.name, account)
    rows = deps.open_rows.list_rows(stream.name, account) if stream.status else []
    return Place(place.watermark, rows, place.day_rows)
