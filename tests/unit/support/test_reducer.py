"""The reducer: which records come again when something fails, what is set aside, and what is handed on once."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import repeat
from typing import Any

import pytest

from tests.unit.support.end_state import contacts, state, timeline
from tests.unit.support.job import SETTINGS, Script, Trouble, World, records
from tests.unit.support.tasks import CONVERSATION, NINE, TASK, abandoned, answered, event, stamp
from tests.unit.support.test_event_facts import other, sample
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.errors import OutOfTimeError, UnavailableError
from twilio_bridge.support.persons.person import TimelineEvent
from twilio_bridge.support.reducer import reduce_records
from twilio_bridge.support.tasks import event_facts

Lines = Callable[[], list[dict[str, Any]]]
SECOND, THIRD = "WT" + "0" * 31 + "2", "WT" + "0" * 31 + "3"
DOWN = UnavailableError("memory", "down")
STOP: Mapping[str, Any] = {"optOutType": "STOP", "from": "+447900000012"}


def raw(*events: object) -> list[bytes]:
    return [json.dumps(one).encode() for one in events]


def failing(call: str, error: Exception = DOWN) -> Script:
    """Let calls of this name fail."""
    return lambda name, _number: (error, False) if name == call else None


class Picky(World):
    """A world in which one subject's facts cannot be written."""

    broken: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.script = self.fail

    def fail(self, name: str, _number: int) -> Trouble | None:
        given = self.calls[-1][1]
        return (DOWN, False) if name == "add_facts" and given[0] == self.broken else None


def test_only_a_failed_subject_s_records_come_again() -> None:
    """Every record that told of it, and no other; the others are done."""
    world = Picky()
    world.broken = f"task#{SECOND}"
    told = [event("task.created"), *(event(kind, sid=SECOND) for kind in ("task.created", "task.updated"))]
    batch = world.take_in(records(raw(*told, event("task.created", sid=THIRD))))
    assert {"1001", "1002"} == batch.failed
    assert [f"{TASK}#requested", f"{THIRD}#requested"] == sorted(state(world).persons.popitem()[1][2])


def test_an_array_s_record_comes_again_as_a_whole() -> None:
    """One of its events could not be taken in; the other one's repetition changes nothing."""
    world = Picky()
    world.broken = f"task#{SECOND}"
    batch = world.take_in(records(raw([event("task.created"), event("task.created", sid=SECOND)])))
    assert {"1000"} == batch.failed


@pytest.mark.parametrize("call", ["put_rows", "enqueue_brevo_delivery"])
def test_what_was_not_written_comes_again(call: str) -> None:
    """Facts are there by then, and what follows from them is written when the record is back."""
    world = World(script=failing(call))
    documents = raw(*answered()[:2])
    assert {"1000", "1001"} == world.take_in(records(documents)).failed
    world.script = lambda _name, _number: None
    assert set() == world.take_in(records(documents)).failed
    world.finish()
    assert [f"{TASK}#requested"] == list(timeline(world))


def test_nobody_found_nothing_written() -> None:
    """Where the people cannot be asked every record of a task comes again; a word is taken in all the same."""
    world = World(script=failing("find_claims"))
    batch = world.take_in(records(raw(event("task.created"), other("messaging.inbound-message.received", **STOP))))
    assert ({"1000"}, ["+447900000012"]) == (batch.failed, world.outbox.for_brevo)


def test_words_fail_without_the_tasks() -> None:
    """A word that could not be written down brings back its record, and whatever else is about no task."""
    world = World(script=failing("record_request"))
    batch = world.take_in(records(raw(event("task.created"), other("messaging.inbound-message.received", **STOP))))
    assert {"1001"} == batch.failed


def test_out_of_time_is_not_the_records_fault() -> None:
    """It ends the call, wherever it comes up; Lambda sends the batch again."""
    for call in (
        "put",
        "record_request",
        "add_facts",
        "find_claims",
        "put_rows",
        "enqueue_brevo_delivery",
    ):
        world = World(script=failing(call, OutOfTimeError("the time is up")))
        told = (event("task.created"), other("messaging.inbound-message.received", **STOP), {"no": "event"})
        with pytest.raises(OutOfTimeError):
            world.take_in(records(raw(*told)))


def test_poison_is_set_aside() -> None:
    """One malformed among 500: 499 are done, one is in quarantine, nothing comes again."""
    told = [event("task.created", number, sid=f"WT{number:032}") for number in range(499)]
    documents = [*raw(*told[:250]), b'{"type": "com.twilio.x"', *raw(*told[250:])]
    world = World()
    batch = world.take_in(records(documents))
    assert (499, 1, set()) == (batch.events, batch.poison, batch.failed)
    assert [(documents[250], "it is no JSON")] == list(world.quarantine.kept.values())
    assert 499 == len(state(world).facts)


def test_an_event_without_its_task_is_set_aside() -> None:
    """With the event's type and what it lacks; the log has no more than that."""
    world = World()
    batch = world.take_in(records(raw(event("task.created", task_sid=None), event("task.created"))))
    assert (1, 1, set()) == (batch.events, batch.poison, batch.failed)
    assert ["taskrouter.task.created: it has no task_sid"] == [reason for _, reason in world.quarantine.kept.values()]


def test_a_broken_quarantine_keeps_the_record(log: Lines) -> None:
    """What could not be set aside stays on the stream; the rest of the batch is done."""
    world = World(script=failing("put"))
    batch = world.take_in(records([b"{", *raw(event("task.created"))]))
    assert ({"1000"}, 0) == (batch.failed, batch.poison)
    assert 1 == len(state(world).facts)
    assert ["quarantine failed"] == [line["message"] for line in log() if line["level"] == "WARNING"]


def test_a_mistake_of_ours_does_not_block_the_shard(monkeypatch: pytest.MonkeyPatch, log: Lines) -> None:
    """An event that we stumble over is poison, and said to be our mistake; nothing of it is in the log."""

    def stumble(*_: object) -> str:
        raise KeyError("Amara@example.com")

    monkeypatch.setattr(event_facts, "FAMILIES", {**event_facts.FAMILIES, "conversations.": stumble})
    world = World()
    told = (other("conversations.participant.added", ConversationSid=CONVERSATION), event("task.created"))
    batch = world.take_in(records(raw(*told)))
    assert (1, 1, set()) == (batch.events, batch.poison, batch.failed)
    assert ["conversations.participant.added: KeyError"] == [reason for _, reason in world.quarantine.kept.values()]
    assert ["event not understood"] == [line["message"] for line in log() if line["level"] == "ERROR"]
    assert "Amara" not in json.dumps(log())


@pytest.mark.parametrize("kind", ["com.twilio.conversations.\n", "com.twilio.conversations." + "x" * 5_000])
def test_odd_types_do_no_harm(kind: str, log: Lines) -> None:
    """Whatever calls itself a type, the log stays readable."""
    given = {**other("conversations.participant.added"), "type": kind}
    assert set() == World().take_in(records(raw(given))).failed
    assert all(len(json.dumps(line)) < 1_000 for line in log())


def test_a_word_is_recorded_once_and_queued() -> None:
    """By the bare address and in epoch seconds; an older word that comes later changes nothing."""
    world = World()
    told = {"optOutType": "STOP", "from": "whatsapp:+447900000012"}
    older = {**other("messaging.inbound-message.received", optOutType="START", **{"from": "+447900000012"})}
    older |= {"id": "EZ2", "time": stamp(-60)}
    world.take_in(records(raw(other("messaging.inbound-message.received", **told), older)))
    assert ["+447900000012"] == world.outbox.for_brevo
    assert [(True, NINE / 1000)] == [(word.out, word.at) for word in world.words.find_requests(["+447900000012"])]


def test_a_test_event_is_queued_each_time() -> None:
    """Each test of an account has the same id: it is no repetition."""
    world = World()
    batch = world.take_in(records(raw(*[sample("test-event-kinesis")] * 2)))
    assert (2, ["00000000-1111-4222-8333-444444444444"] * 2) == (batch.events, world.outbox.test_ids)


def test_metrics_are_counted_once() -> None:
    """A stay when it has ended, an offer when it has; what comes again is counted no more."""
    world = World()
    documents = raw(*answered())
    for _ in range(2):
        world.take_in(records(documents))
    assert [("customer", "answered"), ("queue", "accepted"), ("reservation", "accepted")] == [
        (row.key.partition("#")[0], row.values["outcome"]) for row in world.metrics.rows
    ]


def test_workers_time_is_no_metric() -> None:
    """It is in the figures once."""
    world = World()
    for _ in range(2):
        world.take_in(records(raw(sample("worker-activity-update"))))
    assert (1, []) == (len(state(world).rows), world.metrics.rows)


def test_what_concerns_brevo_is_queued_once_a_batch() -> None:
    """A person's tasks make one message; a conversation that goes on makes none."""
    world = World()
    world.take_in(records(raw(event("task.created"), event("task.created", sid=SECOND))))
    assert 1 == len(world.outbox.persons)
    world.outbox.persons.clear()
    binding = {"Type": "sms", "Address": "+447900000012"}
    going_on = other("conversations.participant.added", ConversationSid=CONVERSATION, MessagingBinding=binding)
    world.take_in(records(raw(going_on)))
    assert [] == world.outbox.persons


def test_the_contact_base_tells_who_calls() -> None:
    """Somebody known there by their number is the one who is known here by their address."""
    world = World()
    contact = Contact(id="recAmara", name="Amara", sms="+447900000012", email="amara@example.com")
    work = replace(world.reducing(), lookup=lambda number: [contact] if number == contact.sms else [])
    chat = {"channelType": "web", "email": "Amara@example.com"}
    told = [event("task.created", told=chat), event("task.created", told={"from": contact.sms}, sid=SECOND)]
    for one in told:
        reduce_records(records(raw(one)), work, NINE)
    persons = world.identities.find_by_keys([f"task#{TASK}", f"task#{SECOND}"])
    assert 1 == len({person.id for person in persons.values()})


def test_repeated_facts_may_have_broken_off() -> None:
    """A batch wrote the facts and no more; its halves come one by one, and all that follows is written."""
    documents = raw(*answered())
    world = World(script=failing("put_rows", OutOfTimeError("the time is up")))
    with pytest.raises(OutOfTimeError):
        world.take_in(records(documents))
    world.script = lambda _name, _number: None
    for half in (documents[:7], documents[7:]):
        world.take_in(records(half))
    world.finish()
    calm = World()
    calm.feed(documents, repeat(8))
    calm.finish()
    assert (state(calm), contacts(calm)) == (state(world), contacts(world))


def test_repeated_facts_leave_nothing_behind() -> None:
    """A stay told by its end alone is gone when its beginning is told, though the end comes again in that batch."""
    created, entered, canceled = abandoned()
    world = World()
    for told in ([canceled], [created, canceled, entered]):
        world.take_in(records(raw(*told)))
    assert [f"customer#{TASK}", f"queue#{TASK}#{entered['id']}"] == [key for _, key in state(world).rows]


def test_what_was_derived_too_early_is_withdrawn() -> None:
    """It seemed abandoned until the reservation of before was told: Brevo never hears of it."""
    world = World()
    for told in (abandoned(60), [event("reservation.accepted", 30)]):
        world.take_in(records(raw(*told)))
    world.finish()
    assert [f"{TASK}#requested"] == list(timeline(world))


def test_a_copy_withdrawn_takes_nothing_with_it() -> None:
    """An event stands in two halves, and one is withdrawn; when they are joined again the other still counts."""
    world = World()
    told = TimelineEvent(key=f"{TASK}#requested", name="SUPPORT_REQUESTED", at=NINE, version=1)
    one, two, three = [str(world.identities.create_person([f"email#{name}@example.com"])) for name in "abc"]
    for person_id in (one, two):
        world.persons.put_event(person_id, replace(told))
    for person_id, other_id in ((two, one), (three, two)):
        assert world.identities.join_persons(person_id, other_id)
        dossier = world.persons.load_dossier(person_id)
        assert dossier
        assert ["pending"] == [each.status for each in dossier.events]


def test_nobody_in_particular_is_somebody() -> None:
    """A caller who hides the number has events and figures; only Brevo could not find them."""
    world = World()
    world.feed(raw(*(event(kind, told={"from": "anonymous"}) for kind in ("task.created", "task.canceled"))), repeat(2))
    world.finish()
    assert ({}, 2) == (world.crm.contacts, sum(len(held[2]) for held in state(world).persons.values()))


def test_a_disabled_connector_tells_nothing() -> None:
    """Facts are kept, for what comes after it is turned on again; nothing else is."""
    flex = SETTINGS.connectors.twilio_flex.model_copy(update={"enabled": False})
    settled = SETTINGS.model_copy(update={"connectors": SETTINGS.connectors.model_copy(update={"twilio_flex": flex})})
    world = World(settings=settled)
    world.take_in(records(raw(*answered(), sample("worker-activity-update"))))
    held = state(world)
    assert ([], 1, {}) == (world.outbox.persons, len(held.facts), held.rows)
