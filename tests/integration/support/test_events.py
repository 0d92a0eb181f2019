"""Whichever way Twilio's events come in, in whatever order and however often, Brevo ends up knowing the same."""

import json
import time
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

import pytest
import requests

from tests.integration.support.conftest import (
    ANSWERED,
    IN_TIME_S,
    SAMPLES,
    SECRET,
    SURVEY,
    Deployment,
    Event,
    body_digest,
    phone,
    record,
    samples,
    task_sid,
)
from tests.integration.waiting import patiently
from twilio_bridge.support.task_complete import sign_body
from twilio_bridge_local.credentials import SAMPLE_FLEX_TOKEN, TWILIO_ACCOUNT_SID

WAYS = ("stream", "texts", "array", "twice and shuffled", "webhook", "webhook, twice and shuffled", "with the plugin")
STRANGER, BY_PLUGIN, BY_SERVER = 50, 60, 61
FLEX = "https://flex.twilio.com"


def as_text(event: Event) -> Event:
    return {**event, "data": json.dumps(event["data"])}


def shuffled(events: list[Event], seed: int) -> list[Event]:
    return Random(seed).sample([*events, *events], 2 * len(events))  # noqa: S311  an order, no secret


def send(deployed: Deployment, way: str, number: int) -> None:
    """Have a customer's answered task and their survey arrive this way."""
    events = samples(number, *ANSWERED, SURVEY)
    if way == "stream":
        deployed.put(map(record, events))
    elif way == "texts":
        deployed.put(record(as_text(event)) for event in events)
    elif way == "array":
        deployed.put([record(events)])
    elif way == "twice and shuffled":
        deployed.put(map(record, shuffled(events, number)))
    elif way == "webhook":
        assert 200 == deployed.post(record(events))
    elif way == "webhook, twice and shuffled":
        assert {200} == {deployed.post(record(event)) for event in shuffled(events, number)}
    else:
        deployed.put(map(record, events))
        assert 200 == deployed.complete(finished(number), by_token()).status_code


def finished(number: int, **more: Any) -> bytes:
    """Return what Flex's plugin posts of this customer's task."""
    given = json.loads(samples(number, "task-completed")[0]["data"]["payload"]["task_attributes"])
    return json.dumps({"TaskSid": task_sid(number), "TaskAttributes": given, "Age": 460, **more}).encode()


def by_token(token: str = SAMPLE_FLEX_TOKEN, origin: str = FLEX) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Origin": origin, "Content-Type": "application/json"}


def by_secret(body: bytes, secret: str = SECRET, late_s: float = 0) -> dict[str, str]:
    now = str(int(time.time() - late_s))
    return {"X-Bridge-Timestamp": now, "X-Bridge-Signature": sign_body(secret, now, body)}


def expected(number: int, last_day: str = "2026-03-02") -> dict[str, Any]:
    """Return what Brevo should hold of a customer whose task was answered, and who answered the survey."""
    at, place = task_sid(number), {"channel": "voice", "direction": "inbound"}
    resolved = {**place, "duration_s": 460, "queue": "Support EN", "talk_s": 375, "wait_s": 47, "worker": "anna"}
    resolved |= {"task_sid": at, "reason": "All reservations were completed"}
    scored = {**place, "queue": "Support EN", "score": 4, "task_sid": task_sid(number, 3)}
    events = [
        (f"{at}#requested", "SUPPORT_REQUESTED", "2026-03-02T09:00:00.000Z", {**place, "task_sid": at}),
        (f"{at}#resolved", "SUPPORT_RESOLVED", "2026-03-02T09:07:40.310Z", resolved),
        (f"{task_sid(number, 3)}#csat", "CSAT_SUBMITTED", "2026-03-02T09:09:30.000Z", scored),
    ]
    return {
        "email": f"kim{number}@example.org",
        "ext_id": None,
        "attributes": {
            "FIRSTNAME": "Kim Example",
            "LAST_SUPPORT_DATE": last_day,
            "SUPPORT_TICKET_COUNT": 1,
            "AVG_WAIT_TIME": 47.0,
            "CSAT_SCORE": 4,
            "PREFERRED_CHANNEL": "voice",
            "SMS": phone(number).removeprefix("+"),
        },
        "lists": [1, 2],
        "blocked": False,
        "events": [(key, name, at, json.dumps(told, sort_keys=True)) for key, name, at, told in events],
    }


@pytest.fixture(scope="module")
def arrived(deployed: Deployment) -> Deployment:
    """Have a customer's events come in each way, all at once, and wait until Brevo has all, or its time is over."""
    for number, way in enumerate(WAYS, 1):
        send(deployed, way, number)
    numbers = range(1, len(WAYS) + 1)
    patiently(
        lambda: [len(deployed.told(number).get("events", ())) for number in numbers],
        lambda counts: min(counts) >= 3,
        IN_TIME_S,
    )
    return deployed


@pytest.mark.parametrize("way", WAYS)
def test_each_way_in_ends_in_the_same(arrived: Deployment, way: str) -> None:
    """Within ten seconds: one contact, its numbers and lists, and each event once."""
    last_day = time.strftime("%Y-%m-%d", time.gmtime()) if way == "with the plugin" else "2026-03-02"
    number = WAYS.index(way) + 1
    assert expected(number, last_day) == arrived.told(number)


def test_all_again_changes_nothing(arrived: Deployment) -> None:
    """A replay of everything leaves contacts and timelines as they are, and posts no event."""
    arrived.settle()
    before, posted = [arrived.told(number) for number in (1, 2)], posts(arrived)
    wanted = arrived.taken_in() + 2 * (len(ANSWERED) + 1)
    for number in (1, 2):
        arrived.put(map(record, samples(number, *ANSWERED, SURVEY)))
    arrived.await_taken_in(wanted)
    arrived.settle()
    assert (before, posted) == ([arrived.told(number) for number in (1, 2)], posts(arrived))


def posts(deployed: Deployment) -> int:
    return sum(seen.method == "POST" and seen.path == "/v3/events" for seen in deployed.brevo.requests)


def test_all_samples_at_once(arrived: Deployment) -> None:
    """Everything Twilio sends is taken in: nothing of it is poison, and what concerns nobody is ignored."""
    arrived.settle()
    before = len(arrived.logged("EventStreamsFunction", "quarantined"))
    names = sorted(file.stem for file in SAMPLES.glob("*.json"))
    arrived.put(map(record, samples(STRANGER + 1, *names)))
    found = arrived.await_events(STRANGER + 1, 5)
    assert [] == arrived.logged("EventStreamsFunction", "quarantined")[before:]
    assert {"SUPPORT_REQUESTED", "SUPPORT_RESOLVED", "SUPPORT_ABANDONED", "CSAT_SUBMITTED", "CONVERSATION_ENDED"} == {
        name for _, name, *_ in found["events"]
    }


@pytest.mark.parametrize("how", ["unsigned", "modified", "of another token", "without bodySHA256", "another digest"])
def test_what_twilio_did_not_sign_is_refused(deployed: Deployment, how: str) -> None:
    """403, and nothing of it is on the stream."""
    before = records_on(deployed)
    body = record(samples(STRANGER, *ANSWERED))
    url = f"{deployed.stack.url}/webhooks/event-streams?bodySHA256=x"
    forged = {
        "unsigned": lambda: requests.post(url, data=body, timeout=15).status_code,
        "modified": lambda: deployed.post(body + b" ", digest=body_digest(body)),
        "of another token": lambda: deployed.post(body, token="somebody-elses"),
        "without bodySHA256": lambda: deployed.post(body, digest=""),
        "another digest": lambda: deployed.post(body, digest="0" * 64),
    }
    assert 403 == forged[how]()
    assert before == records_on(deployed)


def records_on(deployed: Deployment) -> int:
    """Count what is on the stream."""
    kinesis = deployed.stack.client("kinesis")
    shard = kinesis.list_shards(StreamName="EventStream")["Shards"][0]["ShardId"]
    place = {"StreamName": "EventStream", "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON"}
    return len(kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**place)["ShardIterator"])["Records"])


def test_a_plugin_alone(deployed: Deployment) -> None:
    """Agents and servers may tell that a task was finished; once, however often they do."""
    queue = {"TaskQueueFriendlyName": "Support EN", "TaskChannelUniqueName": "voice"}
    for _ in range(2):
        body = finished(BY_PLUGIN, **queue)
        assert 200 == deployed.complete(body, by_token()).status_code
        body = finished(BY_SERVER, **queue)
        assert 200 == deployed.complete(body, by_secret(body)).status_code
    for number in (BY_PLUGIN, BY_SERVER):
        ((key, name, _, properties),) = deployed.await_events(number, 1)["events"]
        assert (f"{task_sid(number)}#resolved", "SUPPORT_RESOLVED") == (key, name)
        wanted = {"channel": "voice", "direction": "inbound", "duration_s": 460, "queue": "Support EN"}
        assert {**wanted, "task_sid": task_sid(number)} == json.loads(properties)


def issued(deployed: Deployment, account_sid: str = TWILIO_ACCOUNT_SID, ttl_s: float = 60) -> dict[str, str]:
    return by_token(deployed.twilio.flex_tokens.issue(account_sid, "jo@example.com", ttl_s=ttl_s))


STRANGERS: Mapping[str, Callable[[Deployment, bytes], Mapping[str, str]]] = {
    "nobody": lambda _deployed, _body: {},
    "an empty token": lambda _deployed, _body: by_token(""),
    "a made-up token": lambda _deployed, _body: by_token("a.b.c.d.e"),
    "an expired token": lambda deployed, _body: issued(deployed, ttl_s=-1),
    "another account's token": lambda deployed, _body: issued(deployed, "AC" + "9" * 32),
    "a late server": lambda _deployed, body: by_secret(body, late_s=310),
    "an early server": lambda _deployed, body: by_secret(body, late_s=-310),
    "another secret": lambda _deployed, body: by_secret(body, "another"),
    "another body": lambda _deployed, body: by_secret(body + b" "),
    "no timestamp": lambda _deployed, body: {**by_secret(body), "X-Bridge-Timestamp": ""},
}


@pytest.mark.parametrize("who", STRANGERS)
def test_who_cannot_prove_themselves_is_refused(deployed: Deployment, who: str) -> None:
    """403, and nothing of it is on the stream."""
    before, body = records_on(deployed), finished(STRANGER)
    answer = deployed.complete(body, STRANGERS[who](deployed, body))
    assert (403, before) == (answer.status_code, records_on(deployed))


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[]", b"{}", b'{"TaskSid": "WT1"}', b'{"TaskSid": 5}'])
def test_what_is_no_task_is_named(deployed: Deployment, body: bytes) -> None:
    """400 with what is wrong, also for a server's signature."""
    answers = [deployed.complete(body, headers) for headers in (by_token(), by_secret(body))]
    assert [400, 400] == [answer.status_code for answer in answers]
    assert all("body" in answer.json()["error"] or "TaskSid" in answer.json()["error"] for answer in answers)


def test_a_browser_may_ask_from_flex_only(deployed: Deployment) -> None:
    """The preflight, and every answer, tell a page of Flex's origin that it may read; another's they do not."""
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,content-type"}
    body = finished(STRANGER)
    for origin, leave in ((FLEX, FLEX), ("https://flex.twilio.com.example.com", None), ("https://example.com", None)):
        may = deployed.complete(b"", {"Origin": origin, **asked}, method="OPTIONS")
        refused = deployed.complete(body, by_token("a.b.c.d.e", origin))
        assert (204, 403) == (may.status_code, refused.status_code)
        assert {leave} == {answer.headers.get("access-control-allow-origin") for answer in (may, refused)}
        if leave:
            assert "authorization, content-type" == may.headers["access-control-allow-headers"]
            assert "POST" == may.headers["access-control-allow-methods"]
