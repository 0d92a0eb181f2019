"""A running stack with Brevo's stand-in behind it, and Twilio's events for it, by each way in."""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

import pytest
import requests

from tests.integration.callbacks.conftest import ROOT, TOKEN
from tests.integration.shared import SharedStack, bundle_stack
from tests.integration.waiting import patiently, retry_messages
from twilio_bridge.entrypoints.twilio_signature import sign
from twilio_bridge_local.environment import decide
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.vendors.airtable.server import AirtableStandIn
from twilio_bridge_local.vendors.brevo.account import Account, Contact, Entry, iso
from twilio_bridge_local.vendors.brevo.server import BrevoStandIn
from twilio_bridge_local.vendors.stand_ins import SAMPLE_LISTS
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

SAMPLES = ROOT / "events/event_streams/samples"
SECRET = "local-task-complete-secret"
CONFIG = """
connectors: {twilio_flex: {lists: {support_contacts: 1, csat_respondents: 2}, sync: {agent_activity: true}}}
"""
# From the stream to Brevo: a second's window, four of the queue, and the calls.
IN_TIME_S = 10.0
WARM_UP = 9999
BREVO_QUEUE = "BrevoQueue.fifo"
ANSWERED = (
    "task-created",
    "task-queue-entered",
    "reservation-created",
    "reservation-accepted",
    "reservation-wrapup",
    "reservation-completed",
    "task-wrapup",
    "task-completed",
)
# The same customer's, afterwards.
SURVEY = "task-canceled-survey"

Event = dict[str, Any]


@dataclass
class Remembering(Account):
    """An account that keeps every state in which a contact ever was."""

    past: list[Contact] = field(default_factory=list)

    def keep(self, contact: Contact) -> Contact:
        self.past.append(kept := super().keep(contact))
        return kept


@dataclass(frozen=True)
class Deployment:
    """The stack, and the stand-ins behind it."""

    stack: Stack
    brevo: BrevoStandIn
    account: Remembering

    @property
    def airtable(self) -> AirtableStandIn:
        assert self.stack.stand_ins.airtable

        return self.stack.stand_ins.airtable

    @property
    def twilio(self) -> TwilioStandIn:
        assert self.stack.stand_ins.twilio

        return self.stack.stand_ins.twilio

    def put(self, records: Iterable[bytes], key: str = "") -> None:
        """Put records on the stream as a Kinesis sink does; those of one key stay in order among each other."""
        entries = [{"Data": data, "PartitionKey": key or body_digest(data)} for data in records]
        for start in range(0, len(entries), 500):
            self.stack.client("kinesis").put_records(StreamName="EventStream", Records=entries[start : start + 500])

    def post(self, body: bytes, digest: str | None = None, token: str = TOKEN) -> int:
        """Post a body as a webhook sink does, and give the status; `digest` in place of the body's own."""
        digest = body_digest(body) if digest is None else digest
        url = f"{self.stack.url}/webhooks/event-streams" + (f"?bodySHA256={digest}" if digest else "")
        headers = {"X-Twilio-Signature": sign(token, url, {}), "Content-Type": "application/json"}
        return requests.post(url, data=body, headers=headers, timeout=15).status_code

    def complete(self, body: bytes, headers: Mapping[str, str], method: str = "POST") -> requests.Response:
        """Ask the route of Flex's plugin."""
        url = f"{self.stack.url}/webhooks/flex/task-complete"
        return requests.request(method, url, data=body, headers=dict(headers), timeout=15)

    def contact(self, number: int) -> Contact | None:
        """Return Brevo's contact of the customer with this number."""
        return self.brevo.account.contact("SMS", phone(number).removeprefix("+"))

    def told(self, number: int) -> dict[str, Any]:
        """Return all that Brevo was told of a customer; nothing where it does not know them."""
        contact = self.contact(number)
        return told(self.brevo, contact) if contact else {}

    def await_events(self, number: int, count: int, seconds: float = IN_TIME_S) -> dict[str, Any]:
        """Return what Brevo holds of a customer once it is so many events; the test fails where it is not in time."""
        found: dict[str, Any] = patiently(
            lambda: self.told(number), lambda found: len(found.get("events", ())) >= count, seconds, retry_messages
        )
        assert count == len(found.get("events", ())), found
        return found

    def settle(self, seconds: float = 30) -> None:
        """Wait until nothing is on its way to Brevo."""
        assert 0 == patiently(self.on_their_way, lambda count: not count, seconds, retry_messages)

    def on_their_way(self) -> int:
        """Count the messages in Brevo's queue, whatever state they are in."""
        sqs = self.stack.client("sqs")
        url = sqs.get_queue_url(QueueName=BREVO_QUEUE)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        states = ("", "NotVisible", "Delayed")
        return sum(int(found[f"ApproximateNumberOfMessages{state}"]) for state in states)

    def await_taken_in(self, wanted: int, seconds: float = IN_TIME_S) -> None:
        """Wait until so many events were read from the stream, and no more; the test fails where they are not."""
        assert wanted == patiently(self.taken_in, lambda count: count >= wanted, seconds)

    def delay_deliveries(self, seconds: int | None = None) -> None:
        """Let Brevo's queue hand over what is put there so much later; None is the template's, four seconds.

        An event is not sent before stragglers are waited for, however early its message comes.
        """
        queue = next(queue for queue in self.stack.bundle.queues if queue.name == BREVO_QUEUE)
        delay, sqs = str(seconds) if seconds else queue.attributes["DelaySeconds"], self.stack.client("sqs")
        url = sqs.get_queue_url(QueueName=BREVO_QUEUE)["QueueUrl"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": delay})

    def taken_in(self) -> int:
        """Count the events that were read from the stream, once for each time."""
        return sum(entry["events"] for entry in self.logged("EventStreamsFunction", "taken in"))

    def logged(self, function: str, message: str) -> list[dict[str, Any]]:
        """Return the entries of a function's log with this message."""
        lines = (line.split(" ", 2) for line in self.stack.log_path.read_text().splitlines())
        own = (json.loads(text) for _, name, text in lines if name == function and text.startswith("{"))
        return [entry for entry in own if entry.get("message") == message]


Deploy = Callable[..., AbstractContextManager[Deployment]]


@pytest.fixture(scope="module")
def deploy(tmp_path_factory: pytest.TempPathFactory, shared: SharedStack) -> Deploy:
    """Bring the shared stack back to its start; another bridge.yaml, or `more` settings, has a stack of its own."""

    @contextmanager
    def own(config: str, more: Mapping[str, str]) -> Iterator[Deployment]:
        shared.close()
        with start(tmp_path_factory, config, more) as running:
            yield running

    def choose(config: str = CONFIG, **more: str) -> AbstractContextManager[Deployment]:
        if more or config != CONFIG:
            return own(config, more)
        running = shared.get("support", partial(start, tmp_path_factory, CONFIG, {}))
        start_over(running)
        return nullcontext(running)

    return choose


@contextmanager
def start(tmp_path_factory: pytest.TempPathFactory, config: str, more: Mapping[str, str]) -> Iterator[Deployment]:
    """Start a stack, and let its functions load their libraries."""
    folder = tmp_path_factory.mktemp("stack")
    (folder / "bridge.yaml").write_text(config)
    account, template = Remembering(), ROOT / "template.yaml"
    with BrevoStandIn(account, lists=SAMPLE_LISTS) as brevo:
        reached = {"BREVO_API_KEY": brevo.api_key, "BREVO_ENDPOINT_URL": brevo.url}
        own = {"BRIDGE_CONFIG": str(folder / "bridge.yaml"), "TASK_COMPLETE_SECRET": SECRET}
        decided = decide({**reached, **own, **more})
        with bundle_stack(decided, template=template, log_folder=folder, schedules=False) as stack:
            running = Deployment(stack, brevo, account)
            running.put(map(record, samples(WARM_UP, "task-canceled-abandon")))
            running.await_events(WARM_UP, 1, 30)
            yield running


def start_over(running: Deployment) -> None:
    """Bring the stack, its queue's delay and the account at Brevo back to their start."""
    running.stack.reset()
    running.delay_deliveries()
    running.brevo.reset()
    running.account.clear()
    running.account.past.clear()
    for name in SAMPLE_LISTS:
        running.account.add_list(name)


@pytest.fixture(scope="module")
def deployed(deploy: Deploy) -> Iterator[Deployment]:
    """One stack for a module's tests, already warm; each test has customers of its own."""
    with deploy() as running:
        yield running


def body_digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def phone(number: int) -> str:
    return f"+1500555{number:04}"


def task_sid(number: int, task: int = 1) -> str:
    return f"WT{number:04}{task:028}"


def sample(name: str, number: int) -> Event:
    """Return a sample event, as one of the customer with this number."""
    text = (SAMPLES / f"{name}.json").read_text()
    for theirs, own in {
        "+15005550101": phone(number),
        "+15005550102": phone(number),
        "kim@example.org": f"kim{number}@example.org",
        "crm-1001": f"crm-{number}",
        **{f"{prefix}0000": f"{prefix}{number:04}" for prefix in ("WT", "CH", "EV", "EZ", "WR", "SM", "CA")},
    }.items():
        text = text.replace(theirs, own)
    event: Event = json.loads(text)
    return event


def samples(number: int, *names: str) -> list[Event]:
    return [sample(name, number) for name in names]


def record(event: Event | Sequence[Event]) -> bytes:
    return json.dumps(event).encode()


def told(brevo: BrevoStandIn, contact: Contact) -> dict[str, Any]:
    """Return what Brevo holds of a contact, without what it chose itself; events by their key."""
    attributes = {
        name: value.isoformat() if isinstance(value, date) else value for name, value in contact.attributes.items()
    }
    entries = sorted(map(_entry, brevo.account.timeline(contact.id)))
    return {
        "email": contact.email,
        "ext_id": contact.ext_id,
        "attributes": attributes,
        "lists": sorted(contact.list_ids),
        "blocked": contact.sms_blacklisted,
        "events": entries,
    }


def _entry(entry: Entry) -> tuple[str, str, str, str]:
    properties = dict(entry.event_properties)
    return str(properties.pop("key")), entry.event_name, iso(entry.event_date), json.dumps(properties, sort_keys=True)
