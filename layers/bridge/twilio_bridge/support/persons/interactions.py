"""Several tasks of one conversation that are one interaction, to the customer and in every number.

A chat transfer and an unpark are new tasks of the same conversation. A task goes on with the interaction before it
where it begins before that one's last task ended, while the conversation is parked, or within
`figures.same_interaction_s` after it; any later one is a new interaction.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from twilio_bridge.support.persons.person import UNSENT, Dossier, Interaction, TimelineEvent

# TaskRouter ends an assigned task after a day; the end of one that is silent for longer got lost.
MAX_SILENCE_MS = 86_400_000
Parkings = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Span:
    """A task's time (epoch ms); `ended_at` is 0 while it lasts."""

    sid: str
    conversation_sid: str
    began_at: int
    ended_at: int
    last_at: int

    @property
    def until(self) -> int:
        """Return when it ended, or will have at the latest."""
        return self.ended_at or self.last_at + MAX_SILENCE_MS


def group_spans(spans: Iterable[Span], parkings: Mapping[str, Parkings], same_s: int) -> list[list[Span]]:
    """Return the tasks of each interaction in order; `parkings` by conversation, each from and until (0: still)."""
    groups: list[list[Span]] = []
    latest: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda each: (each.began_at, each.sid)):
        group = latest.get(span.conversation_sid) if span.conversation_sid else None
        if group and _goes_on(group, span, parkings.get(span.conversation_sid, ()), same_s):
            group.append(span)
            continue
        groups.append([span])
        latest[span.conversation_sid] = groups[-1]
    return groups


def _goes_on(group: Iterable[Span], later: Span, parkings: Parkings, same_s: int) -> bool:
    until = max(span.until for span in group)
    if later.began_at <= until + same_s * 1000:
        return True
    return any(parked_at <= later.began_at and (not end or end >= until) for parked_at, end in parkings)


def merge_interactions(interactions: Iterable[Interaction], same_s: int) -> list[Interaction]:
    """Return the interactions, those that are one as one: its first task's wait and channel, everybody's talk."""
    every = list(interactions)
    by_sid = {each.sid: each for each in every}
    groups = ([by_sid[span.sid] for span in group] for group in _group(every, same_s))
    return [*(_merge(group) for group in groups), *(each for each in every if not each.counts)]


def _group(interactions: Iterable[Interaction], same_s: int) -> list[list[Span]]:
    every = list(interactions)
    parkings = {each.sid: each.parkings for each in every if each.parkings}
    return group_spans((_span(each) for each in every if each.counts), parkings, same_s)


def _span(each: Interaction) -> Span:
    return Span(each.sid, each.conversation_sid, each.created_at, each.ended_at, each.last_at)


def _merge(group: Sequence[Interaction]) -> Interaction:
    if len(group) == 1:
        return group[0]
    talks = [each.talk_s for each in group if each.talk_s is not None]
    scored = [each for each in group if each.score is not None]
    latest = max(scored, key=lambda each: (each.scored_at, each.sid), default=group[0])
    values = {path: value for each in sorted(group, key=lambda one: one.last_at) for path, value in each.values.items()}
    return replace(
        group[0],
        last_at=max(each.last_at for each in group),
        ended_at=0 if any(not each.ended_at for each in group) else max(each.ended_at for each in group),
        wait_s=next((each.wait_s for each in group if each.wait_s is not None), None),
        talk_s=sum(talks) if talks else None,
        score=latest.score,
        scored_at=latest.scored_at,
        values=values,
        is_old=all(each.is_old for each in group),
    )


@dataclass(frozen=True, slots=True)
class Arranged:
    """A person's events as Brevo is to get them, and the keys of those that it is not to get as things stand."""

    events: tuple[TimelineEvent, ...]
    held: frozenset[str]


def arrange_events(dossier: Dossier, same_s: int) -> Arranged:
    """Return one request and one resolution an interaction, the resolution once nothing more can follow.

    A held event is not withdrawn: what arrives later may change which of them counts.
    """
    events = {event.key: event for event in dossier.events}
    by_sid = {each.sid: each for each in dossier.interactions}
    held: set[str] = set()
    for group in _group(dossier.interactions, same_s):
        tasks = [by_sid[span.sid] for span in group]
        if tasks[0].conversation_sid:
            conversation = by_sid.get(tasks[0].conversation_sid)
            events, more = _arrange(tasks, group, conversation, events, same_s)
            held |= more
    return Arranged(tuple(events[key] for key in sorted(events)), frozenset(held))


def _arrange(
    tasks: Sequence[Interaction],
    group: Sequence[Span],
    conversation: Interaction | None,
    events: dict[str, TimelineEvent],
    same_s: int,
) -> tuple[dict[str, TimelineEvent], set[str]]:
    """Choose among one interaction's events; whatever Brevo has already counts as chosen."""
    requests, resolutions, abandons = (_find(events, tasks, name) for name in ("requested", "resolved", "abandoned"))
    held = {*_others(requests, first=True), *_others(resolutions, first=False), *_others(abandons, first=False)}
    if resolutions or any(task.wait_s is not None for task in tasks):
        held |= {event.key for event in abandons}

    chosen = next((event for event in resolutions if event.key not in held), None)
    if chosen is None or chosen.status not in UNSENT:
        return events, _only_untold(held, events)
    until = max(span.until for span in group)
    is_closed = conversation is not None and bool(conversation.ended_at)
    is_parked = conversation is not None and any(not end or end >= until for _, end in conversation.parkings)
    if any(not task.ended_at for task in tasks) or (is_parked and not is_closed):
        held.add(chosen.key)
    elif not is_closed:
        chosen = replace(chosen, due_at=max(chosen.due_at, until + same_s * 1000))
    return {**events, chosen.key: _complete(chosen, tasks)}, _only_untold(held, events)


def _find(events: Mapping[str, TimelineEvent], tasks: Iterable[Interaction], name: str) -> list[TimelineEvent]:
    """Return the interaction's events of a kind that have happened, in order of time."""
    keys = (f"{task.sid}#{name}" for task in tasks)
    found = [events[key] for key in keys if key in events and events[key].status != "withdrawn"]
    return sorted(found, key=lambda event: (event.at, event.key))


def _others(found: Sequence[TimelineEvent], *, first: bool) -> Iterator[str]:
    """Return the keys of all but the one that counts: one that Brevo has, else the first or the last."""
    received = [event for event in found if event.status not in UNSENT]
    chosen = next(iter(received), None) or (next(iter(found if first else found[::-1]), None))
    return (event.key for event in found if event is not chosen)


def _only_untold(keys: Collection[str], events: Mapping[str, TimelineEvent]) -> set[str]:
    return {key for key in keys if events[key].status in UNSENT}


def _complete(event: TimelineEvent, tasks: Sequence[Interaction]) -> TimelineEvent:
    """Return a resolution with the wait, talk and duration of the whole interaction (seconds)."""
    if len(tasks) == 1:
        return event
    whole = _merge(tasks)
    duration_s = max(event.at // 1000 - whole.created_at // 1000, 0)
    figures = {"wait_s": whole.wait_s, "talk_s": whole.talk_s, "duration_s": duration_s}
    known = {name: value for name, value in figures.items() if value is not None}
    return replace(event, properties={**event.properties, **known})
