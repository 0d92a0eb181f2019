"""What follows from a subject's facts, and of that what did not before the latest ones."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from twilio_bridge.config import schema
from twilio_bridge.support import brevo_events, daily_figures, task_attributes, task_outcome
from twilio_bridge.support.facts import KnownFacts
from twilio_bridge.support.person import FigureRow, Interaction, TimelineEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """All that follows from what is known of one subject; `keys` are those its person is found by, strongest first."""

    keys: tuple[str, ...] = ()
    interaction: Interaction | None = None
    events: tuple[TimelineEvent, ...] = ()
    rows: tuple[FigureRow, ...] = ()


def derive_all(known: KnownFacts, settled: schema.Config, now: int) -> Derived:
    """Derive all from the facts alone; `now` (epoch ms) only says when Brevo may be told."""
    if not known.facts:
        return Derived()
    if known.kind == "conversation":
        keys = (known.subject, *brevo_events.conversation_keys(known))
        return Derived(keys=keys, events=tuple(brevo_events.of_conversation(known, settled, now)))
    task = task_outcome.assess_task(known, settled)
    return Derived(
        keys=tuple(dict.fromkeys((known.subject, *task_attributes.read_keys(task.attributes)))),
        interaction=brevo_events.interaction(task, settled) if settled.connectors.twilio_flex.enabled else None,
        events=tuple(brevo_events.of_task(task, settled, now)),
        rows=tuple(daily_figures.build_rows(task, settled)),
    )


def changes_since(before: Derived, after: Derived, version: int) -> Derived:
    """Return what has to be written: what is new or has changed, and what holds no more, withdrawn."""
    return Derived(
        keys=after.keys,
        interaction=after.interaction if _differs(before.interaction, after.interaction) else None,
        events=tuple(_changed(before.events, after.events, version)),
        rows=tuple(daily_figures.compare_rows(before.rows, after.rows, version)),
    )


def rewrite_all(known: KnownFacts, after: Derived, settled: schema.Config) -> Derived:
    """Return all that follows as if it were news, and clear everything else that could have followed from less."""
    cleared = brevo_events.cleared(known, after.events)
    task = task_outcome.assess_task(known, settled) if known.kind == "task" else None
    rows = daily_figures.clear_rows(task, after.rows) if task else ()
    return replace(after, events=(*after.events, *cleared), rows=(*after.rows, *rows))


def _differs(before: Interaction | None, after: Interaction | None) -> bool:
    return after is not None and (before is None or replace(before, version=after.version) != after)


def _changed(before: Iterable[TimelineEvent], after: Iterable[TimelineEvent], version: int) -> Iterator[TimelineEvent]:
    old = {event.key: event for event in before}
    for event in after:
        known = old.pop(event.key, None)
        if known is None or replace(known, version=version) != replace(event, version=version):
            yield event
    yield from (replace(event, version=version, status="withdrawn") for event in old.values())
