"""A batch of records becomes facts, and what follows from them is written down and handed on.

The order matters only here: facts first, because all else can be derived from them again; then who it was; then what
Brevo is to get and the figures; the queues last. A batch that breaks off anywhere and comes again ends in the same
state.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from twilio_bridge import phone
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.errors import BadRequestError, OutOfTimeError
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.ports import OptOuts, Outbox
from twilio_bridge.side_by_side import map_side_by_side
from twilio_bridge.support.cloud_events import CloudEvent, PoisonRecord, decode_record
from twilio_bridge.support.persons.identities import resolve_persons
from twilio_bridge.support.persons.known_persons import Resolution
from twilio_bridge.support.persons.person import Interaction, TimelineEvent
from twilio_bridge.support.ports import Facts, Figures, Identities, Metrics, Persons, Quarantine
from twilio_bridge.support.tasks import task_attributes
from twilio_bridge.support.tasks.derivation import Derived, changes_since, derive_all, rewrite_all
from twilio_bridge.support.tasks.event_facts import ExtractedFacts, extract_facts
from twilio_bridge.support.tasks.facts import KnownFacts, NewFacts

MAX_SUBJECTS_PER_WRITE = 20
# What is about no task and no conversation.
NOTHING = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the stream: its sequence number, its bytes, and when it arrived (epoch ms)."""

    sequence: str
    data: bytes
    arrived_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReducerDeps:
    """What a batch is worked with; `lookup` returns the cached contacts at a number.

    A sync reads what is from before `skip_before` (epoch ms): such events are not for Brevo, such interactions not for
    its lists. `revive` has those count that an earlier sync skipped.
    """

    facts: Facts
    identities: Identities
    persons: Persons
    figures: Figures
    quarantine: Quarantine
    outbox: Outbox
    opt_outs: OptOuts
    metrics: Metrics
    lookup: Callable[[str], Sequence[Contact]]
    settings: schema.Config
    skip_before: int = 0
    revive: bool = False


@dataclass(slots=True)
class Batch:
    """A batch on its way: what it holds, which records hold which subject, and which have to come again."""

    extracted: ExtractedFacts = field(default_factory=ExtractedFacts)
    sources: dict[str, set[str]] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)
    events: int = 0
    poison: int = 0

    def fail(self, subjects: Iterable[str]) -> None:
        """Note that the records behind these subjects have to come again."""
        self.failed.update(*(self.sources.get(subject, ()) for subject in subjects))


def reduce_records(records: Iterable[Record], work: ReducerDeps, now: int) -> Batch:
    """Take in a batch at the moment `now` (epoch ms); `failed` has the sequence numbers of what must come again.

    Raises OutOfTimeError where the time ends before the batch does.
    """
    batch = Batch()
    wanted = task_attributes.list_wanted_paths(work.settings.field_mapping, work.settings.surveys.score)
    for record in records:
        _read(record, batch, work, wanted)
    _hand_on(batch, work)
    derived = _add_facts(batch, work, now)
    _write(derived, batch, work)
    _enrich(batch, work)
    return batch


@contextmanager
def _coming_again(batch: Batch, subjects: Collection[str], what: str) -> Iterator[None]:
    """Let the rest of the batch go on where this fails, and have these subjects' records come again."""
    try:
        yield
    except OutOfTimeError:
        raise
    except Exception as error:  # noqa: BLE001  whatever it was, the records stay on the stream
        batch.fail(subjects)
        logger.warning(what, extra={"subjects": [*subjects][:10], **describe_error(error)})


def _read(record: Record, batch: Batch, work: ReducerDeps, wanted: frozenset[str]) -> None:
    """Extract what a record holds; what nobody can read is set aside, whatever is wrong with it."""
    decoded = decode_record(record.data, record.arrived_at)
    poison = list(decoded.poison)
    for event in decoded.events:
        try:
            subject = extract_facts(event, batch.extracted, work.settings, wanted)
        except BadRequestError as error:
            poison.append(PoisonRecord(record.data, f"{_type(event)}: {error}"))
        except Exception as error:  # noqa: BLE001  a mistake of ours must not block the shard
            poison.append(PoisonRecord(record.data, f"{_type(event)}: {type(error).__name__}"))
            logger.error("event not understood", extra=describe_error(error))
        else:
            batch.sources.setdefault(subject, set()).add(record.sequence)
            batch.events += 1
            if work.settings.connectors.twilio_flex.logs_events:
                logger.info("event", extra={"id": event.id, "type": _type(event), "subject": subject})
    _set_aside(poison, record, batch, work)


def _set_aside(poison: Iterable[PoisonRecord], record: Record, batch: Batch, work: ReducerDeps) -> None:
    batch.sources[record.sequence] = {record.sequence}
    for piece in poison:
        with _coming_again(batch, [record.sequence], "quarantine failed"):
            name = work.quarantine.put(piece.raw, piece.reason)
            batch.poison += 1
            logger.warning("quarantined", extra={"reason": piece.reason, "object": name})


def _type(event: CloudEvent) -> str:
    """Return the type for the log; whoever made it up may have put anything there."""
    return event.type[:80] if event.type.replace(".", "").replace("-", "").isalnum() else "odd type"


def _hand_on(batch: Batch, work: ReducerDeps) -> None:
    """Do what is about no task and no conversation: opt-out requests, test events, workers' time."""
    with _coming_again(batch, [NOTHING], "not handed on"):
        for request in batch.extracted.opt_out_requests:
            address = phone.strip_channel(request.address)
            if work.opt_outs.record_request(address, request.out, request.at / 1000):
                work.outbox.enqueue_brevo_opt_out(address)
                work.outbox.enqueue_airtable_opt_out(address)
        for test_id in batch.extracted.test_ids:
            work.outbox.enqueue_sink_validation(test_id)
        map_side_by_side(work.figures.put_row, batch.extracted.figure_rows)


def _add_facts(batch: Batch, work: ReducerDeps, now: int) -> dict[str, Derived]:
    """Write the facts, each subject's by itself and side by side, and return what follows from them."""
    derived: dict[str, Derived] = {}

    def add(subject: str) -> None:
        with _coming_again(batch, [subject], "facts not written"):
            added = batch.extracted.subjects[subject]
            known = work.facts.add_facts(subject, added)
            derived[subject] = _derive_changes(known, added, work.settings, now)

    map_side_by_side(add, batch.extracted.subjects)
    return {subject: derived[subject] for subject in batch.extracted.subjects if subject in derived}


def _derive_changes(known: KnownFacts, added: NewFacts, settings: schema.Config, now: int) -> Derived:
    """Return what has to be written down now.

    Of facts that stood there already nobody knows whether what follows was written: a batch may have broken off.
    """
    after = derive_all(known, settings, now)
    if known.is_repeated:
        return rewrite_all(known, after, settings)
    return changes_since(derive_all(known.without_facts(added.facts), settings, now), after, known)


def _write(derived: Mapping[str, Derived], batch: Batch, work: ReducerDeps) -> None:
    """Write down what is new, by the person it belongs to, and queue their delivery."""
    resolution = Resolution()
    with _coming_again(batch, derived.keys(), "people not found out"):
        resolution = _find_persons(derived, work)

    subjects_of: dict[str, list[str]] = {person_id: [] for person_id in resolution.changed}
    groups = _group([subject for subject in derived if subject in resolution.persons])

    def write(subjects: Sequence[str]) -> None:
        with _coming_again(batch, subjects, "news not written"):
            _write_rows({subject: derived[subject] for subject in subjects}, resolution.persons, work)
            for subject in subjects:
                if derived[subject].events or derived[subject].interaction:
                    subjects_of.setdefault(resolution.persons[subject], []).append(subject)

    map_side_by_side(write, groups)
    with _coming_again(batch, [subject for own in subjects_of.values() for subject in own], "news not queued"):
        work.outbox.enqueue_brevo_delivery(subjects_of)


def _enrich(batch: Batch, work: ReducerDeps) -> None:
    """Queue the tasks that are to be enriched, last: who enriches reads what was written before."""
    requests = batch.extracted.enrichments
    if not requests:
        return
    subjects = [f"task#{name}" for name in requests] + [NOTHING]
    with _coming_again(batch, subjects, "enrichment not queued"):
        urgent = [each.to_message() for each in requests.values() if each.is_urgent]
        others = [each.to_message() for each in requests.values() if not each.is_urgent]
        work.outbox.enqueue_enrichment(urgent, others)


def _find_persons(derived: Mapping[str, Derived], work: ReducerDeps) -> Resolution:
    """Return whose each subject is; nobody is made of one that is ignored."""
    keys = {subject: new.keys for subject, new in derived.items() if not new.is_ignored}
    begun = {subject: new.begun_at for subject, new in derived.items()}
    resolution = resolve_persons(keys, work.identities, work.lookup, work.persons.move_rows, begun)
    ignored = [subject for subject, new in derived.items() if new.is_ignored and (new.interaction or new.events)]
    if ignored:
        known = work.identities.find_by_keys(ignored)
        resolution.persons |= {subject: person.id for subject, person in known.items()}
    return resolution


def _group(subjects: Sequence[str]) -> list[Sequence[str]]:
    """Return subjects whose rows are written together: many rows a request, and few that come again after a failure."""
    return [
        subjects[start : start + MAX_SUBJECTS_PER_WRITE] for start in range(0, len(subjects), MAX_SUBJECTS_PER_WRITE)
    ]


def _write_rows(derived: Mapping[str, Derived], persons: Mapping[str, str], work: ReducerDeps) -> None:
    """Write what is new about these subjects, and show the figures that were not there yet."""
    rows: list[tuple[str, Interaction | TimelineEvent]] = []
    for subject, new in derived.items():
        rows += [(persons[subject], _skip_old(event, work.skip_before)) for event in new.events]
        rows += [(persons[subject], _mark_old(new.interaction, work.skip_before))] if new.interaction else []
    work.persons.put_rows(rows, revive=work.revive)

    figures = [row for new in derived.values() for row in new.rows]
    for row, is_new in zip(figures, work.figures.put_rows(figures), strict=True):
        if is_new:
            work.metrics.count(row)


def _skip_old(event: TimelineEvent, before: int) -> TimelineEvent:
    """Return an event as it is to be written: what is too old is kept, and never sent."""
    return replace(event, status="skipped") if event.status == "pending" and event.at < before else event


def _mark_old(interaction: Interaction, before: int) -> Interaction:
    """Return an interaction as it is to be written: not each one has an event that shows how old it is."""
    return replace(interaction, is_old=True) if interaction.last_at < before else interaction
