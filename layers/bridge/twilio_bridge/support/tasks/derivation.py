"""What follows from a subject's facts, and of that what did not before the latest ones."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from twilio_bridge.config import schema
from twilio_bridge.support import daily_figures
from twilio_bridge.support.brevo import brevo_events
from twilio_bridge.support.persons.person import FigureRow, Interaction, TimelineEvent
from twilio_bridge.support.persons.person_keys import build_rules
from twilio_bridge.support.tasks import task_customer, task_outcome
from twilio_bridge.support.tasks.facts import KnownFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """All that follows from what is known of one subject; `keys` are those its person is found by, strongest first.

    `begun_at` is when the subject began (epoch ms). `is_ignored` means that it is nothing to this job: nobody is to be
    made of it, but what was derived when less was known is cleared.
    """

    keys: tuple[str, ...] = ()
    interaction: Interaction | None = None
    events: tuple[TimelineEvent, ...] = ()
    rows: tuple[FigureRow, ...] = ()
    is_ignored: bool = False
    begun_at: int = 0


def derive_all(known: KnownFacts, settled: schema.Config, now: int) -> Derived:
    """Derive all from the facts alone; `now` (epoch ms) only decides when Brevo may get it."""
    if not known.facts:
        return Derived()
    if known.kind == "conversation":
        return _of_conversation(known, settled, now)

    task = task_outcome.assess_task(known, settled)
    if task.is_ignored:
        return Derived(keys=(known.subject,), is_ignored=True)
    found = dict.fromkeys((known.subject, *task_customer.read_keys(task.attributes, settled, build_rules(settled))))
    return Derived(
        keys=tuple(found),
        interaction=brevo_events.build_interaction(task, settled, found),
        events=tuple(brevo_events.of_task(task, settled, now)),
        rows=tuple(daily_figures.build_rows(task, settled)),
        begun_at=task.history.created_at,
    )


def _of_conversation(known: KnownFacts, settled: schema.Config, now: int) -> Derived:
    if not brevo_events.is_wanted_conversation(known, settled):
        return Derived(keys=(known.subject,), is_ignored=True)
    conversation = brevo_events.build_conversation(known)
    return Derived(
        keys=(known.subject, *brevo_events.conversation_keys(known, build_rules(settled))),
        interaction=conversation,
        events=tuple(brevo_events.of_conversation(known, settled, now)),
        rows=tuple(daily_figures.build_parkings(conversation, settled)) if conversation else (),
        begun_at=known.facts[0].at,
    )


def changes_since(before: Derived, after: Derived, known: KnownFacts) -> Derived:
    """Return what has to be written: what is new or has changed, and what holds no more, withdrawn."""
    return Derived(
        keys=after.keys,
        interaction=_changed_interaction(before.interaction, after.interaction, known),
        events=tuple(_changed_events(before.events, after.events, known.version)),
        rows=tuple(daily_figures.compare_rows(before.rows, after.rows, known.version)),
        is_ignored=after.is_ignored,
        begun_at=after.begun_at,
    )


def rewrite_all(known: KnownFacts, after: Derived, settled: schema.Config) -> Derived:
    """Return all that follows as if it were new, and clear everything else that could have followed from less."""
    cleared = brevo_events.clear_events(known, after.events)
    task = task_outcome.assess_task(known, settled) if known.kind == "task" else None
    rows = daily_figures.clear_rows(task, after.rows, settled) if task else ()
    interaction = after.interaction or (_clear_interaction(known) if after.is_ignored else None)
    return replace(after, interaction=interaction, events=(*after.events, *cleared), rows=(*after.rows, *rows))


def _changed_interaction(
    before: Interaction | None, after: Interaction | None, known: KnownFacts
) -> Interaction | None:
    if after is None:
        return _clear_interaction(known) if before else None
    is_same = before is not None and replace(before, version=after.version) == after
    return None if is_same else after


def _clear_interaction(known: KnownFacts) -> Interaction:
    return Interaction(sid=known.sid, version=known.version)


def _changed_events(
    before: Iterable[TimelineEvent], after: Iterable[TimelineEvent], version: int
) -> Iterator[TimelineEvent]:
    old = {event.key: event for event in before}
    for event in after:
        known = old.pop(event.key, None)
        if known is None or replace(known, version=version) != replace(event, version=version):
            yield event
    yield from (replace(event, version=version, status="withdrawn") for event in old.values())
