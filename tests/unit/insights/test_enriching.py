"""One task enriched: what is written, when nothing is, and what comes too late."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.insights import FakeTasks
from tests.unit.insights.enriched import AMARA, EARLIER, NOW, NUMBER, TASK, WORKSPACE, Job, task_of
from twilio_bridge.errors import UnavailableError
from twilio_bridge.insights.enriching import MAX_TRIES_COUNT, enrich_task
from twilio_bridge.support.tasks.enrichment import MEDIA_MS, EnrichRequest

FROM = f'{{"from":"{NUMBER}","direction":"inbound"}}'
URL = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"
MEDIUM = {"url": URL, "type": "VoiceRecording"}


def job(attributes: str = FROM, status: str = "pending", config: str = "") -> Job:
    made = Job(config=config) if config else Job()
    made.tasks.put(TASK, attributes, status)
    made.show("task.created", {"from": NUMBER, "direction": "inbound"})
    return made


def test_the_contact_and_what_several_race_for_are_written() -> None:
    """Behind what was there; asked again nothing is left, and Twilio is not asked at all where the event shows it."""
    world = job()
    assert world.enrich(FROM).outcome == "written"
    text = world.tasks.kept[TASK].attributes
    assert text.startswith(FROM[:-1])
    assert world.written()["conversations"] == {"hang_up_by": "Customer"}
    assert world.written()["customers"] == {
        "external_id": AMARA.id,
        "name": "Amara Okafor",
        "phone": NUMBER,
        "email": "amara@example.org",
        "customer_manager": "jo@example.com",
    }
    reads = world.tasks.reads
    assert world.enrich(text, kind="task.updated").outcome == "unchanged"
    assert (world.tasks.reads, world.tasks.writes) == (reads, 1)
    assert world.enrich(FROM).outcome == "unchanged"
    assert world.tasks.writes == 1


def test_what_others_wrote_stays_to_the_character() -> None:
    """Nulls, numbers, order, repeated names: theirs; a value of theirs is not replaced."""
    theirs = '{ "n":1.0, "x":null, "x" : 1e3,"customers":{"name":"VIP \\u00e9","zip":null}}'
    world = job(theirs)
    world.enrich()
    text = world.tasks.kept[TASK].attributes
    assert text.startswith('{ "n":1.0, "x":null, "x" : 1e3,"customers":{"name":"VIP \\u00e9","zip":null,')


def test_somebody_else_is_first_and_nobody_s_key_is_lost() -> None:
    """The write is refused, the task is read again, and both are there."""
    world, others = job(), iter(range(3))

    def write() -> None:
        if (number := next(others, None)) is not None:
            there = json.loads(world.tasks.kept[TASK].attributes)
            world.tasks.put(TASK, json.dumps({**there, f"other{number}": None}))

    world.tasks.before_write = write
    done = world.enrich()
    assert (done.outcome, done.retries) == ("written", 3)
    assert world.written().keys() >= {"from", "other0", "other1", "other2", "customers"}
    assert world.metrics.counted == [(3, 0, None)]


def test_somebody_who_writes_all_the_time_lets_the_message_come_again() -> None:
    world = job()
    world.tasks.before_write = lambda: world.tasks.put(TASK, FROM)
    with pytest.raises(UnavailableError):
        world.enrich()
    assert world.tasks.reads == MAX_TRIES_COUNT


@pytest.mark.parametrize("attributes", ['{"a":', "", "[]", "null", '"text"'])
def test_what_is_no_json_object_is_never_overwritten(attributes: str) -> None:
    world = job(attributes)
    assert world.enrich().outcome == "malformed"
    assert world.tasks.kept[TASK].attributes == attributes
    assert world.metrics.counted == []


def test_a_task_that_is_gone_is_no_failure() -> None:
    world = Job()
    assert world.enrich().outcome == "gone"


def test_after_the_end_only_media_are_written() -> None:
    """For two minutes; what else it lacks is counted with how late it was."""
    world = job(status="completed")
    ended: dict[str, Any] = {"kind": "task.completed", "ended_at": NOW}
    late = world.enrich(**ended, at=NOW + 30_000)
    assert (late.outcome, late.late_ms, world.tasks.writes) == ("too_late", 30_000, 0)

    done = world.enrich(**ended, media=(MEDIUM,), at=NOW + 60_000)
    assert (done.outcome, done.late_ms) == ("written", 60_000)
    assert world.written()["conversations"] == {"media": [MEDIUM], "segment_link": URL}
    assert "customers" not in world.written()
    assert world.metrics.counted == [(0, 0, 30), (0, 0, 60)]


def test_two_minutes_after_the_end_nothing_is_asked() -> None:
    world = job(status="completed")
    late = world.enrich(kind="task.completed", ended_at=NOW, at=NOW + MEDIA_MS + 1, media=(MEDIUM,))
    assert (late.outcome, world.tasks.reads) == ("too_late", 0)


def test_an_end_that_lacks_nothing_is_not_late() -> None:
    """The event of the end shows the attributes that were written before."""
    world = job(status="assigned")
    world.enrich()
    text = world.tasks.kept[TASK].attributes
    world.tasks.put(TASK, text, "completed")
    done = world.enrich(text, kind="task.completed", ended_at=NOW, at=NOW + 5_000)
    assert (done.outcome, done.late_ms) == ("unchanged", None)


def test_a_recording_finds_its_task_by_the_call() -> None:
    """In whatever order: before the task is known it comes again, two minutes later no more."""
    call = "CA" + "1" * 32
    world = job(f'{{"from":"{NUMBER}","call_sid":"{call}"}}', "assigned")
    recording: dict[str, Any] = {"task_sid": "", "call_sid": call, "kind": "recording", "media": (MEDIUM,)}
    with pytest.raises(UnavailableError):
        world.enrich(**recording)
    assert world.enrich(**recording, at=NOW + MEDIA_MS + 1).outcome == "too_late"

    world.enrich()
    for _ in range(2):
        world.enrich(**recording)
    assert world.written()["conversations"]["media"] == [MEDIUM]


def test_a_call_is_remembered_where_nothing_is_to_be_written() -> None:
    """The task was complete when it was created: its recording finds it all the same."""
    call = "CA" + "2" * 32
    world = job(config="insights: {enabled: true, customers: {}, conversations: {}}")
    text = f'{{"call_sid":"{call}"}}'
    world.tasks.put(TASK, text)
    assert world.enrich(text).outcome == "unchanged"
    world.enrich(task_sid="", call_sid=call, kind="recording", media=(MEDIUM,))
    assert world.written()["conversations"]["media"] == [MEDIUM]


def test_a_task_of_a_conversation_names_the_first_one() -> None:
    """A transfer's or unpark's task; the first task itself needs none."""
    conversation = "CH" + "1" * 32
    world = job()
    world.know(task_of(EARLIER, NOW - 9_000, conversation), task_of(TASK, NOW, conversation))
    world.enrich()
    assert world.written()["conversations"]["conversation_id"] == EARLIER

    first = job()
    first.know(task_of(TASK, NOW, conversation), task_of(EARLIER, NOW + 9_000, conversation))
    first.enrich()
    assert "conversation_id" not in first.written()["conversations"]


@pytest.mark.parametrize(
    ("keys", "link"),
    [
        (("external#crm-7", f"phone#{NUMBER}"), "crm-7"),
        (("email#a@example.org", f"phone#{NUMBER}"), NUMBER),
        (("email#a@example.org",), "a@example.org"),
        ((), EARLIER),
    ],
)
def test_a_new_conversation_is_joined_to_the_earlier_ones(keys: tuple[str, ...], link: str) -> None:
    """By what Insights linked those by: external id, number, e-mail address, at last the conversation's id."""
    world = job()
    world.know(task_of(EARLIER, NOW - 9_000_000, keys=keys), task_of(TASK, NOW))
    world.enrich()
    assert world.written()["customers"]["external_id"] == link


def test_of_earlier_conversations_the_first_one_counts() -> None:
    """So that all later ones have the same external id, whichever is written first."""
    world = job()
    others = [task_of(f"WT{n:032}", NOW - n * 1_000_000, keys=(f"phone#+1555555{n:04}",)) for n in (2, 5, 3)]
    world.know(*others, task_of(TASK, NOW))
    world.enrich()
    assert world.written()["customers"]["external_id"] == "+15555550005"


def test_a_task_that_is_no_support_finds_its_customer() -> None:
    """Its channel is not wanted, so that it belongs to nobody; the number leads to them."""
    world = job()
    person_id = world.identities.create_person([f"phone#{NUMBER}"])
    assert person_id
    world.persons.put_interaction(person_id, task_of(EARLIER, NOW - 9_000_000, keys=("external#crm-7",)))
    world.enrich()
    assert world.written()["customers"]["external_id"] == "crm-7"


def test_two_contacts_at_a_number_are_nobody() -> None:
    """What is not known stays away; the number itself is known."""
    world = job()
    world.contacts.contacts = [AMARA, AMARA.__class__(id="recOTHER", name="Somebody", sms=NUMBER)]
    world.enrich()
    assert world.written().get("customers") == {"phone": NUMBER}


def test_contacts_that_cannot_be_read_hold_nothing_up() -> None:
    world = job()

    def fail(_number: str) -> list[object]:
        raise UnavailableError("dynamodb", "down")

    world.contacts.find_by_address = fail  # type: ignore[assignment,method-assign]  # for this test
    assert world.enrich().outcome == "written"
    assert world.written()["conversations"] == {"hang_up_by": "Customer"}


MAPPING = """
insights:
  enabled: true
  customers: {category: task.tier, phone: task.from}
  conversations: {queue: event.queue, campaign: [task.utm, "=Direct"], outcome: event.disposition}
  values: {customers.category: {gold: VIP}}
  overwrite: [customers.category]
  dispositions: {paths: [wrapup, conversations.outcome], outcomes: {SALE: Retention - Success}}
"""


def test_the_mapping_decides() -> None:
    """Sources in order, translated values, dispositions; what may be replaced is."""
    world = job(f'{{"tier":"Gold","from":"{NUMBER}","wrapup":"sale","customers":{{"category":"old"}}}}', config=MAPPING)
    world.enrich(kind="task.wrapup", facts={"queue": "Support"})
    assert world.written()["customers"] == {"category": "VIP", "phone": NUMBER}
    assert world.written()["conversations"] == {
        "queue": "Support",
        "campaign": "Direct",
        "outcome": "Retention - Success",
    }


def test_a_disposition_in_its_place_is_translated() -> None:
    """An agent's plugin wrote it where Insights reads the outcome."""
    world = job('{"conversations":{"outcome":"SALE"}}', config=MAPPING)
    world.enrich(kind="task.wrapup")
    world.enrich(kind="task.wrapup")
    assert world.written()["conversations"]["outcome"] == "Retention - Success"
    assert world.tasks.writes == 1


def test_under_hipaa_nothing_that_names_somebody_is_written() -> None:
    world = job(config="insights: {enabled: true, hipaa: true}")
    world.enrich()
    assert NUMBER not in json.dumps({**world.written(), "from": ""})
    assert world.written().get("customers", {}).keys().isdisjoint({"name", "phone", "email", "external_id"})


def test_workspaces_are_those_of_the_events() -> None:
    """Another one than configured is asked as well."""
    world, asked = job(), list[str]()

    def tasks_of(workspace: str) -> FakeTasks:
        asked.append(workspace)
        return world.tasks

    counting = replace(world.deps, tasks=tasks_of)
    enrich_task(EnrichRequest(task_sid=TASK, workspace_sid=WORKSPACE, at=NOW), counting, NOW)
    assert asked == [WORKSPACE]
