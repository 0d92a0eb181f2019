"""Brevo or AWS is down, or a record is malformed: events go on being taken in, and everything arrives once."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.integration.support.conftest import (
    ANSWERED,
    SURVEY,
    Deployment,
    Event,
    record,
    sample,
    samples,
    task_sid,
)
from tests.integration.waiting import patiently
from tests.sizes import IS_PROVING
from twilio_bridge_local.vendors.faults import Faults

# Customers of whom Brevo, or its queue, is to be told while it is so.
DOWN, SILENT, LOST, QUEUELESS = 1, 2, 3, 4
COUNT = 500


def again(number: int, task: int) -> list[Event]:
    """Return another answered task of this customer."""
    text = json.dumps(samples(number, *ANSWERED)).replace(task_sid(number), task_sid(number, task))
    events: list[Event] = json.loads(text.replace('"EV', f'"EV{task}').replace("2026-03-02", f"2026-03-{task:02}"))
    return events


def put_in_time(deployed: Deployment, events: list[Event]) -> None:
    """Put events on the stream; they are taken in while Brevo still fails."""
    faults, wanted = deployed.brevo.faults, deployed.taken_in() + len(events)
    deployed.put(map(record, events))
    deployed.await_taken_in(wanted)
    assert faults is deployed.brevo.faults


def seen(deployed: Deployment, status: int) -> int:
    """Count Brevo's answers with this status; 0 are those that never came."""
    return sum(one.status == status for one in deployed.brevo.requests)


@pytest.mark.prove
def test_brevo_is_down(deployed: Deployment) -> None:
    """While it answers 503, hangs, or loses its answers, nothing waits on the stream; then everything is there, once.

    A contact's numbers never go backwards on the way. A lost answer is looked up when nobody can still be sending, 90 s
    later: that is for `make prove`; tests/contract/brevo/test_delivery.py holds it with a clock of its own.
    """
    brevo, expected = deployed.brevo, {DOWN: 3, SILENT: 1}
    if IS_PROVING:
        brevo.faults = Faults(cut="after", only=("POST /v3/events",), times=1)
        put_in_time(deployed, samples(LOST, *ANSWERED))
        assert patiently(lambda: seen(deployed, 0), bool, 15)
        expected[LOST] = 1

    brevo.faults = Faults(status=503)
    put_in_time(deployed, samples(DOWN, *ANSWERED))
    assert patiently(lambda: seen(deployed, 503), bool, 15)
    put_in_time(deployed, again(DOWN, 3))

    lost = seen(deployed, 0)
    brevo.faults = Faults(silent=True)
    put_in_time(deployed, samples(SILENT, *ANSWERED))
    assert patiently(lambda: seen(deployed, 0) > lost, bool, 15)
    put_in_time(deployed, again(DOWN, 4))

    brevo.faults = Faults()
    deployed.settle(150)
    assert_told_once(deployed, expected)
    assert_never_backwards(deployed)


def assert_told_once(deployed: Deployment, tasks: dict[int, int]) -> None:
    """Check that each customer's tasks are in Brevo: two events a task, each once, and their numbers."""
    for number, count in tasks.items():
        found = deployed.told(number)
        keys = [key for key, *_ in found["events"]]
        assert (2 * count, 2 * count) == (len(keys), len(set(keys))), found
        assert (count, 47.0) == (found["attributes"]["SUPPORT_TICKET_COUNT"], found["attributes"]["AVG_WAIT_TIME"])


def assert_never_backwards(deployed: Deployment) -> None:
    """Check each state in which a contact ever was against the one before it."""
    before: dict[int, tuple[int, str]] = {}
    for contact in deployed.account.past:
        count = int(str(contact.attributes.get("SUPPORT_TICKET_COUNT", 0)))
        now = (count, str(contact.attributes.get("LAST_SUPPORT_DATE", "")))
        assert before.get(contact.id, now) <= now
        before[contact.id] = now


def test_one_malformed_record(deployed: Deployment) -> None:
    """Of 500 records 499 are done; one object is in the quarantine with its reason; no record is reported as failed."""
    before, taken, bad = (
        len(kept(deployed)),
        deployed.taken_in(),
        b'{"type": "com.twilio.taskrouter.task.created", "id"',
    )
    records = [record(activity(number)) for number in range(COUNT - 1)]
    deployed.put([*records[:250], bad, *records[250:]])

    wanted = taken + COUNT - 1
    assert (
        patiently(deployed.taken_in, lambda count: count >= wanted, 60) >= wanted
    )  # a busy machine may repeat a batch
    assert before + 1 == len(patiently(lambda: kept(deployed), lambda found: len(found) > before, 5))
    assert "it is no JSON" == kept(deployed)[-1]["reason"]
    assert [0] == sorted({entry["failed"] for entry in deployed.logged("EventStreamsFunction", "taken in")})
    assert COUNT - 1 == rows(deployed, "2026-03-02")
    assert before + 1 == len(kept(deployed))


def activity(number: int) -> Event:
    """Return a worker's change of activity."""
    event = sample("worker-activity-update", 0)
    own = f"EV{number:032x}"
    event["data"]["sid"] = event["data"]["payload"]["sid"] = event["id"] = own
    return event


def rows(deployed: Deployment, day: str) -> int:
    """Count the figures' rows of workers' activities on a day."""
    dynamodb, count = deployed.stack.client("dynamodb"), 0
    for number in range(16):
        values = {":pk": {"S": f"figures#{day}#{number:x}"}, ":sk": {"S": "activity#"}}
        condition = "pk = :pk AND begins_with(sk, :sk)"
        asked = {"KeyConditionExpression": condition, "ExpressionAttributeValues": values}
        count += dynamodb.query(TableName="SyncState", Select="COUNT", **asked)["Count"]
    return count


def kept(deployed: Deployment) -> list[dict[str, Any]]:
    """Return what is in the quarantine, the oldest first."""
    s3 = deployed.stack.client("s3")
    found = s3.list_objects_v2(Bucket="local-quarantine").get("Contents", [])
    keys = [each["Key"] for each in sorted(found, key=lambda each: each["LastModified"])]
    return [json.load(s3.get_object(Bucket="local-quarantine", Key=key)["Body"]) for key in keys]


def test_the_queue_is_gone(deployed: Deployment) -> None:
    """What could not be queued comes again from the stream, and arrives once."""
    with without_queue(deployed):
        deployed.put(map(record, [*samples(QUEUELESS, *ANSWERED, SURVEY)]))
        assert patiently(lambda: deployed.logged("EventStreamsFunction", "news not queued"), bool, 15)
    found = deployed.await_events(QUEUELESS, 3, 30)
    deployed.settle()
    assert found == deployed.told(QUEUELESS)


@contextmanager
def without_queue(deployed: Deployment) -> Iterator[None]:
    """Let Brevo's queue be missing for a while."""
    sqs, name = deployed.stack.client("sqs"), "BrevoQueue.fifo"
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    wanted = ("FifoQueue", "DeduplicationScope", "FifoThroughputLimit", "DelaySeconds", "VisibilityTimeout")
    sqs.delete_queue(QueueUrl=url)
    try:
        yield
    finally:
        sqs.create_queue(QueueName=name, Attributes={key: attributes[key] for key in wanted})
