"""One task's attributes completed for Flex Insights: read, merged, written under the version that was read.

What is written before the end counts; after it only media do, for two minutes. So a task that has ended gets its media
and nothing else, and whatever else it lacks is counted as too late.
https://www.twilio.com/docs/flex/developer/insights/enhance-integration
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from twilio_bridge.config import schema
from twilio_bridge.errors import ChangedError, NotFoundError, UnavailableError
from twilio_bridge.insights.json_text import MalformedError, parse_attributes
from twilio_bridge.insights.merging import SEGMENT_LINK, Addition, Merged, is_due, list_new_media, merge_additions
from twilio_bridge.insights.people import find_customer
from twilio_bridge.insights.ports import ContactLookup, InsightsMetrics, Task, Tasks
from twilio_bridge.insights.task_values import Known, build_additions
from twilio_bridge.logs import logger
from twilio_bridge.ports import Notes
from twilio_bridge.support.cloud_events import parse_object
from twilio_bridge.support.persons.person_keys import build_rules
from twilio_bridge.support.ports import Facts, Identities, Persons
from twilio_bridge.support.tasks import task_attributes, task_customer, task_history
from twilio_bridge.support.tasks.enrichment import MEDIA_MS, EnrichRequest
from twilio_bridge.support.tasks.facts import KnownFacts

Outcome = Literal["written", "unchanged", "too_late", "gone", "malformed"]
# Each 412 means that somebody else has written: with so many at once the message comes again instead.
MAX_TRIES_COUNT = 20
# A call's task is remembered for as long as its recording may take.
CALL_S = 2 * 86_400
CALL = "insights-call#"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrichDeps:
    """What a task is enriched with; `tasks` returns those of a workspace."""

    tasks: Callable[[str], Tasks]
    facts: Facts
    identities: Identities
    persons: Persons
    contacts: ContactLookup
    notes: Notes
    metrics: InsightsMetrics
    settings: schema.Config


@dataclass(frozen=True, slots=True, kw_only=True)
class Enriched:
    """What came of it: how often somebody else was first, which attributes had no room, and how late it was.

    `late_ms` is how long after its end a task was found to lack something; None where nothing is missed by that.
    """

    outcome: Outcome
    retries: int = 0
    cut: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    late_ms: int | None = None


def enrich_task(request: EnrichRequest, deps: EnrichDeps, now: int) -> Enriched:
    """Complete a task's attributes at the moment `now` (epoch ms), and count it.

    Raise UnavailableError where it is to be tried again: Twilio is away, or the task of a recording is not known yet.
    """
    if request.call_sid:
        found = _find_task_of(request, deps, now)
        if found is None:
            return _count(Enriched(outcome="too_late", late_ms=now - request.at), request, deps)
        request = found
    known = deps.facts.read_facts(f"task#{request.task_sid}")
    facts = _collect_event_facts(known, request)
    ended_at = max(request.ended_at, int(facts.pop("ended_at")))

    keys = _list_keys(known, request, deps.settings)
    customer = find_customer(request.task_sid, keys, deps.settings, (deps.identities, deps.persons, deps.contacts))
    event = {**facts, "task_sid": request.task_sid, "first_task": customer.first_task}
    wanted = Known(customer.contact, customer.facts, event)
    _remember_call(request, request.attributes or "", deps)
    if not request.media and _is_complete(request.attributes, wanted, deps.settings):
        return _count(Enriched(outcome="unchanged"), request, deps)
    if ended_at and now > ended_at + MEDIA_MS:
        return _count(Enriched(outcome="too_late", late_ms=now - ended_at), request, deps)
    return _count(_write(request, wanted, deps, ended_at, now), request, deps)


def _list_keys(known: KnownFacts, request: EnrichRequest, settled: schema.Config) -> tuple[str, ...]:
    """Return what the customer is found by, whether or not the task counts as support; nothing between agents."""
    attributes = known.latest_attributes()
    if not attributes and request.attributes:
        wanted = task_attributes.list_wanted_paths(settled.field_mapping, ())
        attributes = task_attributes.select_wanted(parse_object(request.attributes), wanted)
    rules = build_rules(settled)
    if task_customer.is_between_agents(attributes, rules):
        return ()
    return tuple(dict.fromkeys(task_customer.read_keys(attributes, settled, rules)))


def _write(request: EnrichRequest, wanted: Known, deps: EnrichDeps, ended_at: int, now: int) -> Enriched:
    """Read, merge and write until nobody comes in between."""
    tasks = deps.tasks(request.workspace_sid)
    for tries in range(MAX_TRIES_COUNT):
        task = tasks.fetch_task(request.task_sid)
        if task is None:
            return Enriched(outcome="gone", retries=tries, late_ms=now - ended_at if ended_at else None)
        if request.attributes is None:
            _remember_call(request, task.attributes, deps)
        try:
            merged, missed = merge_task(task, wanted, request.media, deps.settings)
        except MalformedError as error:
            logger.error("attributes are no JSON object", extra={"task": task.sid, "reason": str(error)})
            return Enriched(outcome="malformed", retries=tries)

        late_ms = max(now - (ended_at or task.updated_at), 0) if missed else None
        done = Enriched(outcome="written", retries=tries, cut=merged.cut, blocked=merged.blocked, late_ms=late_ms)
        if merged.text == task.attributes:
            return replace(done, outcome="too_late" if missed else "unchanged")
        try:
            tasks.write_attributes(task, merged.text)
        except ChangedError:
            continue
        except NotFoundError:
            return replace(done, outcome="gone")
        return done
    raise UnavailableError("twilio", f"task {request.task_sid} was changed by others {MAX_TRIES_COUNT} times")


def merge_task(
    task: Task, wanted: Known, media: tuple[Mapping[str, Any], ...], settled: schema.Config
) -> tuple[Merged, list[str]]:
    """Return a task's attributes with what they lack, and which of that comes too late to be written."""
    attributes = parse_attributes(task.attributes)
    additions = build_additions(wanted, attributes, settled.insights)
    links = [Addition(SEGMENT_LINK, entry["url"], 2) for entry in list_new_media(attributes, media)[:1]]
    if not task.is_finished:
        return merge_additions(task.attributes, [*additions, *links], media), []
    missed = [addition.place for addition in additions if is_due(attributes, addition)]
    return merge_additions(task.attributes, links, media), missed


def _is_complete(text: str | None, wanted: Known, settled: schema.Config) -> bool:
    """Return whether the text that the latest event has lacks nothing: then nothing is asked of Twilio."""
    if text is None:
        return False
    try:
        attributes = parse_attributes(text)
    except MalformedError:
        return False
    return merge_additions(text, build_additions(wanted, attributes, settled.insights)).text == text


def _collect_event_facts(known: KnownFacts, request: EnrichRequest) -> dict[str, Any]:
    """Return what events show of the task: those that were kept, and over them those of the request."""
    if not known.facts:
        return {"ended_at": 0, **request.facts}
    history = task_history.build_history(known)
    accepted = history.accepted
    kept = {
        "channel": history.latest("channel"),
        "queue": history.latest("queue"),
        "queue_sid": history.latest("queue_sid"),
        "workflow_sid": history.latest("workflow"),
        "worker": accepted[-1].worker if accepted else "",
        "worker_sid": accepted[-1].worker_sid if accepted else "",
        "direction": known.latest_attributes().get("direction", ""),
    }
    ended_at = history.end.at if history.end else 0
    return {"ended_at": ended_at, **{name: value for name, value in kept.items() if value}, **request.facts}


def _find_task_of(request: EnrichRequest, deps: EnrichDeps, now: int) -> EnrichRequest | None:
    """Return a recording's request with its task; None where none became known in time."""
    note = deps.notes.read_note(CALL + request.call_sid)
    if note:
        task_sid, _, workspace_sid = note.partition(" ")
        return replace(request, task_sid=task_sid, workspace_sid=workspace_sid, call_sid="")
    if now > request.at + MEDIA_MS:
        return None
    raise UnavailableError("insights", "no task of the recording's call is known yet")


def _remember_call(request: EnrichRequest, text: str, deps: EnrichDeps) -> None:
    """Write which task a call belongs to, for the recording that will name the call alone."""
    if request.kind not in {"task.created", "reservation.accepted"}:
        return
    attributes = parse_object(text)
    conference = attributes.get("conference")
    named = [attributes.get("call_sid"), conference.get("sid") if isinstance(conference, Mapping) else None]
    for sid in named:
        if isinstance(sid, str) and sid[:2] in {"CA", "CF"} and sid.isalnum():
            deps.notes.write_note(CALL + sid, f"{request.task_sid} {request.workspace_sid}", CALL_S)


def _count(done: Enriched, request: EnrichRequest, deps: EnrichDeps) -> Enriched:
    """Count it, except where nothing was to be done, and where nobody knows whether it was in time."""
    late_s = None if done.late_ms is None else done.late_ms // 1000
    if late_s is not None or done.cut or done.outcome in {"written", "too_late"}:
        deps.metrics.count_enriched(retries=done.retries, cut=len(done.cut), late_s=late_s)
    if done.blocked:
        logger.warning("attributes blocked", extra={"task": request.task_sid, "places": list(done.blocked)})
    return done
