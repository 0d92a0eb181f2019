"""Every Tasks and Workers writes under the version that was read; what goes wrong at Twilio is one of our errors."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from tests.fakes.insights import FakeTasks, FakeWorkers
from twilio_bridge import deadline
from twilio_bridge.adapters.twilio.client import Account
from twilio_bridge.adapters.twilio.tasks import TaskRouterRequests, TwilioTasks, TwilioWorkers
from twilio_bridge.errors import (
    ChangedError,
    NotFoundError,
    OutOfTimeError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
)
from twilio_bridge.insights.ports import Task, Tasks, Workers
from twilio_bridge_local.vendors.faults import Faults
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

ACCOUNT_SID, TOKEN = "AC" + "0" * 32, "12345"
WORKSPACE, AGENT = "WS" + "1" * 32, "WK" + "1" * 32
NOWHERE = "WT" + "f" * 32
WRITTEN = '{ "b":1.0,"a" : null, "a":"\\u00e9ä+&=%" }'


class Slots:
    """A limiter that counts, and never waits."""

    def __init__(self) -> None:
        self.reserved = 0
        self.blocked: list[float] = []

    def reserve_slot(self, patience_s: float) -> None:
        assert patience_s > 0
        self.reserved += 1

    def block_slots(self, seconds: float) -> None:
        self.blocked.append(seconds)


@pytest.fixture(scope="module")
def running() -> Iterator[TwilioStandIn]:
    with TwilioStandIn(ACCOUNT_SID, TOKEN, seeded=0) as stand_in:
        yield stand_in


@pytest.fixture
def twilio(running: TwilioStandIn, monkeypatch: pytest.MonkeyPatch) -> TwilioStandIn:
    monkeypatch.setattr("random.uniform", lambda _low, _high: 0.01)
    running.reset()
    running.taskrouter.lists_attributes = True
    running.taskrouter_reads_per_s = running.taskrouter_writes_per_s = None
    return running


def over_http(twilio: TwilioStandIn, slots: Slots | None = None) -> TaskRouterRequests:
    account = Account((ACCOUNT_SID, TOKEN), ACCOUNT_SID, endpoint_url=twilio.url)
    return TaskRouterRequests(account, WORKSPACE, slots or Slots())


@dataclass
class Pair:
    """A port's implementation, and how somebody else puts tasks and workers there."""

    tasks: Tasks
    workers: Workers
    fakes: tuple[FakeTasks, FakeWorkers] | None = None
    twilio: TwilioStandIn | None = None
    count: int = 0

    def add_task(self, attributes: str = "{}", status: str = "pending") -> str:
        self.count += 1
        sid = f"WT{self.count:032x}"
        if self.fakes:
            self.fakes[0].put(sid, attributes, status)
        elif self.twilio:
            self.twilio.taskrouter.add_task(WORKSPACE, attributes, sid=sid, assignment_status=status)
        return sid

    def add_worker(self, name: str, attributes: str = "{}") -> str:
        self.count += 1
        sid = f"WK{self.count:032x}"
        if self.fakes:
            self.fakes[1].put(sid, name, attributes)
        elif self.twilio:
            self.twilio.taskrouter.add_worker(WORKSPACE, attributes, sid=sid, friendly_name=name)
        return sid


@pytest.fixture(params=["fake", "http"])
def pair(request: pytest.FixtureRequest, twilio: TwilioStandIn) -> Pair:
    if request.param == "fake":
        tasks, workers = FakeTasks(), FakeWorkers()
        return Pair(tasks, workers, fakes=(tasks, workers))
    requests = over_http(twilio)
    return Pair(TwilioTasks(requests), TwilioWorkers(requests), twilio=twilio)


def fetch(pair: Pair, sid: str) -> Task:
    found = pair.tasks.fetch_task(sid)
    assert found
    return found


def test_a_task_is_read_with_its_very_text_and_version(pair: Pair) -> None:
    sid = pair.add_task(WRITTEN, "assigned")
    found = fetch(pair, sid)
    assert (found.sid, found.attributes, found.status, found.etag) == (sid, WRITTEN, "assigned", '"0"')
    assert not found.is_finished
    assert pair.tasks.fetch_task(NOWHERE) is None


def test_who_read_an_older_version_writes_nothing(pair: Pair) -> None:
    sid = pair.add_task()
    first, second = fetch(pair, sid), fetch(pair, sid)
    pair.tasks.write_attributes(first, WRITTEN)
    with pytest.raises(ChangedError):
        pair.tasks.write_attributes(second, "{}")
    with pytest.raises(ChangedError):
        pair.tasks.end_task(second, "canceled", "hangup", "{}")
    assert (fetch(pair, sid).attributes, fetch(pair, sid).etag) == (WRITTEN, '"1"')
    with pytest.raises(NotFoundError):
        pair.tasks.write_attributes(replace(second, sid=NOWHERE), "{}")


def test_a_task_ends_with_reason_and_attributes_at_once(pair: Pair) -> None:
    sid = pair.add_task(status="assigned")
    pair.tasks.end_task(fetch(pair, sid), "completed", "sold", WRITTEN)
    found = fetch(pair, sid)
    assert (found.status, found.reason, found.attributes, found.etag) == ("completed", "sold", WRITTEN, '"1"')
    assert found.is_finished


def test_a_task_that_cannot_end_so_stays_as_it_is(pair: Pair) -> None:
    assigned, pending = pair.add_task(status="assigned"), pair.add_task()
    for sid, end in ((assigned, "canceled"), (pending, "completed")):
        with pytest.raises(RefusedError):
            pair.tasks.end_task(fetch(pair, sid), end, "x", WRITTEN)  # type: ignore[arg-type]  # a literal
        assert fetch(pair, sid).attributes == "{}"


def test_open_tasks_are_those_that_are_not_finished(pair: Pair) -> None:
    wanted = {pair.add_task(status=status) for status in ("pending", "reserved", "assigned", "wrapping")}
    pair.add_task(status="completed")
    assert {task.sid for task in pair.tasks.list_open_tasks()} == wanted


def test_workers_are_listed_and_written_under_their_version(pair: Pair) -> None:
    sid = pair.add_worker("jo", WRITTEN)
    pair.add_worker("kim")
    assert [(each.friendly_name, each.attributes) for each in pair.workers.list_workers()] == [
        ("jo", WRITTEN),
        ("kim", "{}"),
    ]
    worker = pair.workers.fetch_worker(sid)
    assert worker
    pair.workers.write_worker_attributes(worker, '{"team_id":"1"}')
    with pytest.raises(ChangedError):
        pair.workers.write_worker_attributes(worker, "{}")
    assert [each.attributes for each in pair.workers.list_workers()] == ['{"team_id":"1"}', "{}"]
    assert pair.workers.fetch_worker("WK" + "f" * 32) is None


def test_what_a_list_leaves_out_is_read_singly(twilio: TwilioStandIn) -> None:
    """Null in a list is not `{}`: a write on that would wipe all."""
    twilio.taskrouter.lists_attributes = False
    twilio.taskrouter.add_task(WORKSPACE, WRITTEN)
    twilio.taskrouter.add_worker(WORKSPACE, WRITTEN)
    requests = over_http(twilio)
    assert [task.attributes for task in TwilioTasks(requests).list_open_tasks()] == [WRITTEN]
    assert [worker.attributes for worker in TwilioWorkers(requests).list_workers()] == [WRITTEN]
    assert requests.count == 4


def test_lists_go_on_page_after_page(twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twilio_bridge.adapters.twilio.tasks.PAGE_SIZE", 3)
    sids = {twilio.taskrouter.add_worker(WORKSPACE) for _ in range(7)}
    requests = over_http(twilio)
    assert {worker.sid for worker in TwilioWorkers(requests).list_workers()} == sids
    assert requests.count == len(twilio.requests) == 3


def test_every_request_takes_a_slot_and_a_429_stops_all(twilio: TwilioStandIn) -> None:
    """Also those that are sent again; then the write is done once."""
    sid, slots = twilio.taskrouter.add_task(WORKSPACE), Slots()
    tasks = TwilioTasks(over_http(twilio, slots))
    task = tasks.fetch_task(sid)
    assert task
    twilio.faults = Faults(status=429, times=2)
    tasks.write_attributes(task, WRITTEN)
    assert (slots.reserved, len(slots.blocked)) == (4, 2)
    assert twilio.taskrouter.find(WORKSPACE, sid)["attributes"] == WRITTEN


def test_a_limit_without_room_is_no_request(twilio: TwilioStandIn) -> None:
    """Whoever would have to wait too long comes again later."""
    slots = Slots()

    def full(_patience_s: float) -> None:
        raise RateLimitedError("taskrouter", 90)

    slots.reserve_slot = full  # type: ignore[method-assign,assignment]  # for this test
    with pytest.raises((RateLimitedError, OutOfTimeError)), deadline.limit(3):
        TwilioTasks(over_http(twilio, slots)).fetch_task(NOWHERE)
    assert (twilio.requests, slots.blocked) == ([], [])


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_write_whose_answer_is_lost_is_not_done_twice(twilio: TwilioStandIn, cut: str) -> None:
    """It is sent again under the same version: done already, it is refused, and whoever reads finds it there."""
    sid = twilio.taskrouter.add_task(WORKSPACE)
    tasks = TwilioTasks(over_http(twilio))
    task = tasks.fetch_task(sid)
    assert task
    twilio.faults = Faults(cut=cut, times=1)  # type: ignore[arg-type]  # a literal
    if cut == "after":
        with pytest.raises(ChangedError):
            tasks.write_attributes(task, WRITTEN)
    else:
        tasks.write_attributes(task, WRITTEN)
    there = tasks.fetch_task(sid)
    assert there
    assert (there.attributes, there.etag) == (WRITTEN, '"1"')


@pytest.mark.parametrize(
    "faults", [Faults(status=500), Faults(rubbish="json"), Faults(rubbish="html"), Faults(cut="before")]
)
def test_trouble_is_one_of_our_errors(twilio: TwilioStandIn, faults: Faults) -> None:
    """An answer without a version or attributes is none: nothing is ever written on top of it."""
    sid = twilio.taskrouter.add_task(WORKSPACE)
    twilio.faults = faults
    with pytest.raises(UnavailableError):
        TwilioTasks(over_http(twilio)).fetch_task(sid)
