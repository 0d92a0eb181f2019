"""A sync over HTTP, in real time, against the limits of Twilio's products: every row, and no request above them."""

import time
from collections import Counter
from collections.abc import Iterator
from email.utils import formatdate

import pytest
import requests

from tests.fakes.twilio_account import ACCOUNT, LIMITS, TOKEN, SteppingClock
from tests.sizes import size
from tests.unit.sync.world import WORKSPACE, SyncWorld
from twilio_bridge_local.vendors.twilio.limits import name_limit
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

NUMBER = "+448081570001"
CONVERSATIONS = size(60, 600)
DAYS, DAY_S = size(5, 30), 86_400
CALLS = size(400, 8_000)


class RealClock(SteppingClock):
    """The clock of the machine, a minute ahead: whatever was made a moment ago is older than a run."""

    def time(self) -> float:
        return time.time() + 60

    def sleep(self, seconds: float) -> None:
        time.sleep(max(seconds, 0))

    def read_ms(self) -> int:
        return round(self.time() * 1000)


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with TwilioStandIn(ACCOUNT, TOKEN, proxy_numbers=[NUMBER], seeded=0, requests_per_s=LIMITS) as running:
        yield running


@pytest.fixture
def world(twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch) -> Iterator[SyncWorld]:
    monkeypatch.setattr("twilio_bridge.side_by_side.MAX_WORKERS", 1)
    found = SyncWorld(time.time())
    found.clock = RealClock(time.time())
    with requests.Session() as session:
        found.endpoint, found.session = twilio.url, session
        yield found


@pytest.mark.prove
def test_a_sync_keeps_to_each_product_s_limit(twilio: TwilioStandIn, world: SyncWorld) -> None:
    """Conversations and who takes part, TaskRouter's events, and calls: each as fast as its product takes it."""
    for number in range(CONVERSATIONS):
        twilio.receive(f"+4479{number:08}", NUMBER, "Hello")
    fill(twilio)
    begun = len(twilio.requests)
    since = world.clock.read_ms() - DAYS * DAY_S * 1000
    progress = world.sync(type="full", resources=("conversations", "tasks", "calls"), since=since)
    assert "done" == progress["phase"], progress

    asked = twilio.requests[begun:]
    assert 0 == [each.status for each in asked].count(429)
    counts = Counter(name_limit(each.method, each.path) for each in asked)
    assert CONVERSATIONS < counts["conversations"]
    held = [name for name in world.job.facts._heard if name.startswith("conversation#")]
    assert CONVERSATIONS == len(held)
    assert {"task#WT" + "1" * 32} == world.job.facts._heard.keys() - {*held}
    assert CALLS == len(world.files.read_table("calls"))


def fill(twilio: TwilioStandIn) -> None:
    """Put calls and a task's event of the last days into the account."""
    now_s = int(time.time())
    calls = [
        {
            "sid": f"CA{number:032x}",
            "status": "completed",
            "start_time": formatdate(now_s - 60 - number * 300, usegmt=True),
            "date_created": formatdate(now_s - 60 - number * 300, usegmt=True),
        }
        for number in reversed(range(CALLS))  # as Twilio gets them
    ]
    twilio.replace_rows("api", f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json", calls)
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now_s - DAY_S))
    event = {
        "sid": f"EV{1:032x}",
        "event_type": "task.created",
        "event_date": at,
        "event_date_ms": (now_s - DAY_S) * 1000,
        "event_data": {"task_sid": "WT" + "1" * 32, "task_channel_unique_name": "voice", "task_attributes": "{}"},
    }
    twilio.replace_rows("taskrouter", f"/v1/Workspaces/{WORKSPACE}/Events", [event])
