"""Several writers of one task's attributes, over HTTP and at once: nobody's key is lost, and nulls stay.

https://github.com/techmatters/flex-plugins/pull/4411: two handlers of one task.created, of which one wrote `hang_up_by`
and the other `external_id`, overwrote each other. Here each is a job of its own, with its own connection.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest

from tests.contract.twilio.test_tasks import ACCOUNT_SID, TOKEN, WORKSPACE, Slots
from tests.sizes import size
from tests.unit.insights.enriched import NOW, NUMBER, Job
from twilio_bridge.adapters.twilio.client import Account
from twilio_bridge.adapters.twilio.tasks import TaskRouterRequests, TwilioTasks
from twilio_bridge.errors import ChangedError
from twilio_bridge.insights.enriching import Enriched, enrich_task
from twilio_bridge.insights.json_text import set_value
from twilio_bridge.insights.ports import Task
from twilio_bridge.support.tasks.enrichment import EnrichRequest
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

THEIRS = '{ "n":1.0,"x" : null, "x":1e3, "big":12345678901234567890, "u":"\\u00e9", "conversations":{"case":null} }'
HANG_UP_BY = 'insights: {enabled: true, customers: {}, conversations: {hang_up_by: "=Customer"}}'
EXTERNAL_ID = "insights: {enabled: true, customers: {external_id: contact.id}, conversations: {}}"
NAME = "insights: {enabled: true, customers: {name: contact.name}, conversations: {}}"
Writer = Callable[[str], int]
"""Writes to a task once, and returns how often somebody else was first."""


@pytest.fixture(scope="module")
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn(ACCOUNT_SID, TOKEN, seeded=0) as running:
        yield running


def tasks_of(twilio: TwilioStandIn) -> TwilioTasks:
    account = Account((ACCOUNT_SID, TOKEN), ACCOUNT_SID, endpoint_url=twilio.url)
    return TwilioTasks(TaskRouterRequests(account, WORKSPACE, Slots()))


def bridge(twilio: TwilioStandIn, config: str) -> Writer:
    """Return our job with this configuration, and a connection of its own."""
    world = Job(config=config, others=tasks_of(twilio))

    def write(sid: str) -> int:
        world.show("task.created", {"from": NUMBER, "direction": "inbound"}, sid)
        done: Enriched = enrich_task(EnrichRequest(task_sid=sid, workspace_sid=WORKSPACE, at=NOW), world.deps, NOW)
        assert done.outcome == "written"
        return done.retries

    return write


def program(twilio: TwilioStandIn, name: str) -> Writer:
    """Return another program that heeds versions, and writes a null and a number of its own spelling."""
    tasks = tasks_of(twilio)

    def write(sid: str) -> int:
        retries = 0
        while task := tasks.fetch_task(sid):
            text = set_value(set_value(task.attributes, (name, "null"), None), (name, "at"), 1)
            try:
                tasks.write_attributes(task, text)
            except ChangedError:
                retries += 1
            else:
                break
        return retries

    return write


def race(twilio: TwilioStandIn, writers: list[Writer], rounds: int) -> tuple[list[str], int]:
    """Let all write to a new task at once, round after round; return the texts, and how often one was second."""
    texts, retries = [], 0
    barrier = Barrier(len(writers))

    def begin(writer: Writer, sid: str) -> int:
        barrier.wait(10)
        return writer(sid)

    with ThreadPoolExecutor(len(writers)) as pool:
        for _ in range(rounds):
            sid = twilio.taskrouter.add_task(WORKSPACE, THEIRS)
            retries += sum(pool.map(begin, writers, [sid] * len(writers)))
            texts.append(str(twilio.taskrouter.find(WORKSPACE, sid)["attributes"]))
    return texts, retries


def check(texts: list[str], paths: list[str]) -> None:
    """What was there is there to the character, cut at the place where members were put in; and every key is there."""
    begin, end = THEIRS.split('"case":null', 1)
    for text in texts:
        assert text.startswith(f'{begin}"case":null')
        assert text.endswith(" }")
        attributes = json.loads(text)
        assert attributes["x"] == 1000
        assert attributes["conversations"]["case"] is None
        for path in paths:
            group, _, name = path.partition(".")
            assert name in attributes[group], (path, text)
    assert end == "} }"


@pytest.mark.prove
def test_two_writers_lose_nothing(twilio: TwilioStandIn) -> None:
    """The two handlers of the pull request, at once."""
    texts, retries = race(twilio, [bridge(twilio, HANG_UP_BY), bridge(twilio, EXTERNAL_ID)], size(20, 1_000))
    check(texts, ["conversations.hang_up_by", "customers.external_id"])
    assert retries


@pytest.mark.prove
def test_five_writers_lose_nothing(twilio: TwilioStandIn) -> None:
    """Three jobs of ours and two other programs."""
    ours = [bridge(twilio, config) for config in (HANG_UP_BY, EXTERNAL_ID, NAME)]
    others = [program(twilio, "plugin"), program(twilio, "studio")]
    texts, retries = race(twilio, [*ours, *others], size(20, 1_000))
    ours_keys = ["conversations.hang_up_by", "customers.external_id", "customers.name"]
    check(texts, [*ours_keys, "plugin.null", "plugin.at", "studio.null", "studio.at"])
    assert retries


def test_hang_up_by_and_external_id_of_pull_request_4411(twilio: TwilioStandIn) -> None:
    """Both read the task before either writes: the second is refused, reads again, and both keys are there.

    Without the version, as both handlers wrote then, the last one wins: the stand-in shows that loss, too.
    """
    sid = twilio.taskrouter.add_task(WORKSPACE, THEIRS)
    both_have_read = Barrier(2)

    def paused(config: str) -> Writer:
        world, waits = Job(config=config), iter([True])
        tasks = tasks_of(twilio)
        fetch = tasks.fetch_task

        def fetch_and_wait(wanted: str) -> Task | None:
            found = fetch(wanted)
            if next(waits, False):
                both_have_read.wait(10)
            return found

        tasks.fetch_task = fetch_and_wait  # type: ignore[method-assign,assignment]  # the interleaving
        world.others = tasks

        def write(task_sid: str) -> int:
            world.show("task.created", {"from": NUMBER, "direction": "inbound"}, task_sid)
            request = EnrichRequest(task_sid=task_sid, workspace_sid=WORKSPACE, at=NOW)
            return enrich_task(request, world.deps, NOW).retries

        return write

    with ThreadPoolExecutor(2) as pool:
        retries = sum(pool.map(lambda writer: writer(sid), [paused(HANG_UP_BY), paused(EXTERNAL_ID)]))
    assert retries == 1
    check(
        [str(twilio.taskrouter.find(WORKSPACE, sid)["attributes"])],
        ["conversations.hang_up_by", "customers.external_id"],
    )

    lost = twilio.taskrouter.add_task(WORKSPACE, "{}")
    tasks = tasks_of(twilio)
    first, second = tasks.fetch_task(lost), tasks.fetch_task(lost)
    assert first
    assert second
    tasks.write_attributes(replace(first, etag="*"), '{"conversations":{"hang_up_by":"Customer"}}')
    tasks.write_attributes(replace(second, etag="*"), '{"customers":{"external_id":"crm-1"}}')
    assert "hang_up_by" not in str(twilio.taskrouter.find(WORKSPACE, lost)["attributes"])
