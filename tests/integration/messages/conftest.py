"""A running stack with Twilio's stand-in behind it, and campaigns as their owner makes and steers them."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.backends import get_backend
from moto.core.utils import unix_time_millis

from tests.integration.shared import SharedStack, bundle_stack
from tests.integration.waiting import patiently
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.campaign_rows import DynamoLedger
from twilio_bridge.messages.row import Row
from twilio_bridge_local.credentials import AWS_ACCESS_KEY_ID, AWS_ACCOUNT_ID, AWS_REGION, AWS_SECRET_ACCESS_KEY
from twilio_bridge_local.environment import decide
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.vendors.faults import Faults
from twilio_bridge_local.vendors.twilio.messages.state import Messaging, Pace
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

SENDER = "+15005550006"
CREATES = "POST /api/2010-04-01/"
FINAL = {"finished", "cancelled", "refused"}
# Nothing here is about waiting: a lost answer is looked up soon, Twilio is asked again soon, and rates hold nobody up.
CONFIG = """
messages:
  sending_hours: null
  lookup_after_s: 1
  retry_interval_ms: 1000
  rate_per_s: 100
  sender_rate_per_s: 1000
  max_failure_percent: null
"""
QUICK = Pace(accepted_s=0.05, sending_s=0.02, sent_s=0.2, delivered_s=0.2)
AGED_MS = 600_000
# So long behind its poll a row is left to the sweep, which looks for it two minutes later.
LEFT_MS = 5_000


@dataclass(frozen=True)
class Deployment:
    """The stack, and what is behind it."""

    stack: Stack

    @property
    def twilio(self) -> TwilioStandIn:
        assert self.stack.stand_ins.twilio

        return self.stack.stand_ins.twilio

    @property
    def messaging(self) -> Messaging:
        return self.twilio.messaging

    @property
    def ledger(self) -> DynamoLedger:
        return DynamoLedger(Table(self.stack.client("dynamodb"), "SyncState"))

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> requests.Response:
        """Make a signed request, as somebody whom AWS_IAM lets in."""
        url, data = f"{self.stack.url}{path}", b"" if body is None else json.dumps(body).encode()
        request = AWSRequest(method, url, data=data, headers={"Content-Type": "application/json"})
        SigV4Auth(Credentials(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), "execute-api", AWS_REGION).add_auth(request)
        return requests.request(method, url, data=data, headers=dict(request.headers.items()), timeout=60)

    def create(self, campaign: str, rows: Sequence[Mapping[str, str]], **more: Any) -> dict[str, Any]:
        """Make a campaign of rows with the columns `to` and `name`, and return the answer, which must be 202."""
        named = [{"name": "", **row} for row in rows]
        body = {"id": campaign, "text": "Hello <name|there>", "source": {"rows": named}, **more}
        answer = self.call("POST", "/campaigns", body)
        assert 202 == answer.status_code, answer.text

        return dict(answer.json())

    def campaign(self, campaign: str) -> dict[str, Any]:
        """Return how far a campaign is."""
        return dict(self.call("GET", f"/campaigns/{campaign}").json())

    def steer(self, campaign: str, action: str) -> dict[str, Any]:
        """Pause, resume or cancel a campaign."""
        answer = self.call("POST", f"/campaigns/{campaign}/{action}")
        assert answer.ok, answer.text

        return dict(answer.json())

    def rows(self, campaign: str) -> list[dict[str, Any]]:
        """Return all rows, page by page."""
        found: list[dict[str, Any]] = []
        token = "0"
        while token:
            page = self.call("GET", f"/campaigns/{campaign}/rows?pageSize=1000&pageToken={token}").json()
            found += page["rows"]
            token = page["nextPageToken"]
        return found

    def sweep(self) -> None:
        """Do what the schedule does each minute."""
        outcome = self.stack.invoke("CampaignsFunction", {"sweep": True})
        assert outcome.ok, outcome.payload

    def finish(
        self, campaign: str, seconds: float = 60, meanwhile: Callable[[], object] | None = None, every_s: float = 0.3
    ) -> Any:
        """Sweep every so often until a campaign has come to its end, and return it as it is then."""
        looked_at, known = 0.0, {"state": ""}

        def look() -> dict[str, Any]:
            nonlocal looked_at, known
            if time.monotonic() - looked_at >= every_s:
                self.sweep()
                looked_at, known = time.monotonic(), self.campaign(campaign)
            return known

        patiently(look, lambda found: found["state"] in FINAL, seconds, meanwhile or self.let_time_pass)
        assert known["state"] in FINAL, known
        return known

    def let_time_pass(self) -> None:
        """Let minutes be over: what failed comes again, and once nobody is sending, what is to be looked at is due."""
        self.show_hidden()
        if self.waiting():
            return
        for campaign in self._campaigns():
            for row in self.ledger.list_rows(campaign, 0, 10**5):
                is_left = row.state == "submitted" and (row.due_at or 0) < _now() - LEFT_MS
                if row.due_at and (is_left or row.state in {"sending", "uncertain"}):
                    self.ledger.save_row(row, _age(row))

    def lose_polls(self, campaign: str) -> None:
        """Let the queue lose all polls, some minutes ago: the sweep alone can find the campaign's rows now."""
        sqs = self.stack.client("sqs")
        sqs.purge_queue(QueueUrl=sqs.get_queue_url(QueueName="PollQueue")["QueueUrl"])
        for row in self.ledger.list_rows(campaign, 0, 10**5):
            assert self.ledger.save_row(row, _age(row))

    def waiting(self) -> int:
        """Count what SendQueue holds: rows to be sent, and those that a sender has."""
        sqs = self.stack.client("sqs")
        url = sqs.get_queue_url(QueueName="SendQueue")["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return int(found["ApproximateNumberOfMessages"]) + int(found["ApproximateNumberOfMessagesNotVisible"])

    def show_hidden(self) -> None:
        """Let the time be over for which the queues hide what somebody has taken and not finished."""
        queues = get_backend("sqs")[AWS_ACCOUNT_ID][AWS_REGION].queues
        for name in ("SendQueue", "PollQueue"):
            for message in list(queues[name]._messages):
                if message.visible_at > unix_time_millis():
                    message.change_visibility(0)

    def _campaigns(self) -> list[str]:
        scan = {"TableName": "SyncState", "FilterExpression": "sk = :head"}
        found = self.stack.client("dynamodb").scan(**scan, ExpressionAttributeValues={":head": {"S": "HEAD"}})
        return [item["pk"]["S"].split("#")[1] for item in found["Items"]]


def _now() -> int:
    return int(time.time() * 1000)


def _age(row: Row) -> Row:
    """Return a row as it would be, had all of it happened some minutes earlier."""
    return replace(row, claimed_at=row.claimed_at - AGED_MS, due_at=(row.due_at or 0) - AGED_MS)


def trouble(*kinds: Faults) -> Sequence[Faults]:
    """Return faults as they befall requests for new messages only."""
    return [replace(each, only=(CREATES,)) for each in kinds]


@contextmanager
def start(tmp_path_factory: pytest.TempPathFactory, config: str = CONFIG) -> Iterator[Deployment]:
    """Start a stack whose sweep comes when a test asks for it."""
    folder = tmp_path_factory.mktemp("stack")
    (folder / "bridge.yaml").write_text(config)
    decided = decide({"BRIDGE_CONFIG": str(folder / "bridge.yaml")})
    with bundle_stack(decided, log_folder=folder, schedules=False) as stack:
        yield Deployment(stack)


Deploy = Callable[..., AbstractContextManager[Deployment]]


@pytest.fixture(scope="module")
def deploy(tmp_path_factory: pytest.TempPathFactory, shared: SharedStack) -> Deploy:
    """Start a stack of one's own, with this bridge.yaml."""

    def start_alone(config: str = CONFIG) -> AbstractContextManager[Deployment]:
        shared.close()
        return start(tmp_path_factory, config)

    return start_alone


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, shared: SharedStack) -> Deployment:
    """One stack for all modules of this folder."""
    return shared.get("messages", partial(start, tmp_path_factory))


@pytest.fixture
def deployed(running: Deployment) -> Iterator[Deployment]:
    """The stack as it was at its start, with a Twilio that is quick."""
    running.stack.reset()
    running.messaging.pace = QUICK
    running.messaging.segments_per_s = 10_000
    yield running
    running.twilio.faults = Faults()
