"""A running stack that completes tasks for Flex Insights, and a Twilio whose events come to it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
import requests

from tests.integration.callbacks.conftest import loaded
from tests.integration.shared import bundle_stack
from tests.integration.waiting import patiently
from twilio_bridge_local.environment import decide
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

CONFIG = """
insights:
  enabled: true
  conversations: {hang_up_by: "=Customer", outcome: event.disposition, queue: event.queue}
"""
WORKSPACE, AGENT = "WS" + "1" * 32, "WK" + "1" * 32
NUMBER, NAME = "+447900000012", "Amara Okafor"
IN_TIME_S = 30.0
TYPES = (
    *("task.created", "task.updated", "task.wrapup", "task.completed", "task.canceled"),
    *("reservation.created", "reservation.accepted"),
)


@dataclass(frozen=True)
class Insights:
    """The stack, and what an agent's and a customer's programs do at Twilio."""

    stack: Stack

    @property
    def twilio(self) -> TwilioStandIn:
        assert self.stack.stand_ins.twilio
        return self.stack.stand_ins.twilio

    def create_task(self, attributes: str) -> str:
        """Create a task as Studio does; its event goes to the stream."""
        return str(self.post("Tasks", Attributes=attributes).json()["sid"])

    def post(self, path: str, if_match: str = "", **form: str) -> requests.Response:
        address = f"{self.twilio.url}/taskrouter/v1/Workspaces/{WORKSPACE}/{path}"
        login = (self.twilio.account_sid, self.twilio.auth_token)
        headers = {"If-Match": if_match} if if_match else {}
        return requests.post(address, data=form, headers=headers, auth=login, timeout=5)

    def read(self, sid: str) -> dict[str, Any]:
        """Return a task's attributes."""
        found: dict[str, Any] = json.loads(str(self.twilio.taskrouter.find(WORKSPACE, sid)["attributes"]))
        return found

    def await_written(self, sid: str, place: str, seconds: float = IN_TIME_S) -> dict[str, Any]:
        """Return a task's attributes once one of them is there; the test fails where it is not in time."""
        group, _, name = place.partition(".")
        found: dict[str, Any] = patiently(lambda: self.read(sid), lambda now: name in now.get(group, {}), seconds)
        assert name in found.get(group, {}), (found, [{**e, "location": 0} for e in self.logged("enriched")][-5:])
        return found

    def put(self, kind: str, data: dict[str, Any]) -> None:
        """Put an event of another product on the stream."""
        event = {"specversion": "1.0", "type": f"com.twilio.{kind}", "id": f"EZ{kind}", "data": data}
        self.stack.client("kinesis").put_record(StreamName="EventStream", Data=json.dumps(event), PartitionKey="x")

    def logged(self, message: str, function: str = "EnrichTaskFunction") -> list[dict[str, Any]]:
        """Return the entries of a function's log with this message."""
        lines = (line.split(" ", 2) for line in self.stack.log_path.read_text().splitlines())
        own = (json.loads(text) for _, name, text in lines if name == function and text.startswith("{"))
        return [entry for entry in own if entry.get("message") == message]

    def settle(self, seconds: float = IN_TIME_S) -> None:
        """Wait until no task is on its way."""
        assert patiently(self._on_their_way, lambda count: not count, seconds) == 0

    def _on_their_way(self) -> int:
        sqs = self.stack.client("sqs")
        count = 0
        for name in ("EnrichUrgentQueue", "EnrichQueue"):
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            count += sum(int(found[f"ApproximateNumberOfMessages{state}"]) for state in ("", "NotVisible", "Delayed"))
        return count


def subscribe(twilio: TwilioStandIn) -> None:
    """Let the account's events go to the stack's stream."""
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/EventStream"
    given = {"arn": arn, "role_arn": "arn:aws:iam::123456789012:role/sink", "external_id": "secret"}
    sink = twilio.event_streams.add_sink(1, "bridge", "kinesis", given)
    twilio.event_streams.sinks[sink.sid] = replace(sink, status="active")
    wanted = dict.fromkeys((f"com.twilio.taskrouter.{kind}" for kind in TYPES), 4)
    twilio.event_streams.add_subscription(1, "bridge", sink.sid, wanted)


@pytest.fixture(scope="module")
def insights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Insights]:
    """One stack for the module, its contacts loaded."""
    folder = tmp_path_factory.mktemp("stack")
    (folder / "bridge.yaml").write_text(CONFIG)
    decided = decide({"BRIDGE_CONFIG": str(folder / "bridge.yaml")})
    with bundle_stack(decided, log_folder=folder, schedules=False) as stack:
        running = Insights(stack)
        outcome = patiently(lambda: stack.invoke("RefreshContactsFunction", {"whole": True}).payload, loaded, 30)
        assert loaded(outcome), outcome
        subscribe(running.twilio)
        yield running
