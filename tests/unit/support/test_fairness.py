"""A person of many web chats makes nobody else wait, and nobody's event is late or lost because of them.

What is simulated: the FIFO queue with a group a person, Lambda's batches of ten, and a Brevo that takes its time.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.unit.support.delivery import NOW as BEGIN
from tests.unit.support.delivery import KeptPersons, Outside, dossier, event, interaction
from twilio_bridge.entrypoints.sqs import consume
from twilio_bridge.errors import OutOfTimeError, UnavailableError
from twilio_bridge.support.brevo.brevo_delivery import deliver_person

BATCH, TIME_FOR_ONE_S, TIMEOUT_S, DELAY_S = 10, 20, 60, 4
CHATS, OTHERS = 55, 30


@dataclass
class Message:
    """A message of a group: from when on it is visible (s), and how often it was received."""

    person: str
    visible_at: float
    receives: int = 0


@dataclass
class Queue:
    """A FIFO queue with its consumer, one invocation after the other; `now` is in seconds."""

    around: Outside
    request_s: float
    now: float = BEGIN / 1000
    messages: list[Message] = field(default_factory=list)
    delivered_at: dict[str, float] = field(default_factory=dict)
    trouble: Callable[[str], None] = lambda _key: None

    def run(self, until: float) -> None:
        """Invoke the consumer as long as there are messages."""
        while self.messages and self.now < until:
            batch = self._receive()
            if batch:
                self._invoke(batch)
            else:
                self.now += 1

    def _receive(self) -> list[Message]:
        """Return the first visible messages, none of a group that has one in flight or hidden before."""
        blocked: set[str] = set()
        batch: list[Message] = []
        for message in self.messages:
            if message.visible_at > self.now:
                blocked.add(message.person)
            elif message.person not in blocked and len(batch) < BATCH:
                batch.append(message)
        return batch

    def _invoke(self, batch: list[Message]) -> None:
        self.ends_at = self.now + TIMEOUT_S
        by_receipt = {str(number): message for number, message in enumerate(batch)}
        records = [self._record(receipt, message) for receipt, message in by_receipt.items()]

        def try_again(receipt: str, seconds: float) -> None:
            by_receipt[receipt].visible_at = self.now + seconds

        answer: Any = consume({"Records": records}, self, self._act, try_again, TIME_FOR_ONE_S)
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        done = [message for receipt, message in by_receipt.items() if receipt not in failed]
        self.messages = [message for message in self.messages if not any(message is each for each in done)]
        waiting, self.around.outbox.persons = self.around.outbox.persons, []
        self.messages += [Message(person, self.now + DELAY_S) for person in waiting]

    def _record(self, receipt: str, message: Message) -> dict[str, Any]:
        message.receives += 1
        attributes = {"ApproximateReceiveCount": str(message.receives), "MessageGroupId": message.person}
        body = json.dumps({"person": message.person})
        return {"messageId": receipt, "receiptHandle": receipt, "body": body, "attributes": attributes}

    aws_request_id = "r1"

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of the invocation."""
        return int((self.ends_at - self.now) * 1000)

    def _act(self, message: Any) -> None:
        """Deliver, with a Brevo that takes its time for each request, and the limit that one message has."""
        must_end_at = min(self.now + TIME_FOR_ONE_S, self.ends_at)
        crm: Any = self.around.crm
        post = type(crm).post_event

        def post_event(contact_id: int, sent: Any) -> None:
            if self.now + self.request_s > must_end_at:
                raise OutOfTimeError("no answer within 20 s")
            self.now += self.request_s
            self.around.persons.now = int(self.now * 1000)
            self.trouble(sent.key)
            post(crm, contact_id, sent)
            self.delivered_at.setdefault(sent.key, self.now)

        crm.post_event = post_event
        deliver_person(message["person"], self.around.work(), int(self.now * 1000))


def crowd(request_s: float) -> Queue:
    """One person of many chats, a message for each, and as many others with one event each behind them."""
    chats = [event(f"CH{number:02}#ended", at=BEGIN + number) for number in range(CHATS)]
    held = {"many": dossier(*chats, id="many", interactions=(interaction(),))}
    for number in range(OTHERS):
        name = f"p{number:02}"
        keys = frozenset((f"email#{name}@example.com",))
        held[name] = dossier(event(f"{name}#requested"), id=name, keys=keys, interactions=(interaction(name),))
    queue = Queue(Outside(KeptPersons(held)), request_s)
    queue.messages = [Message("many", queue.now) for _ in range(CHATS)]
    queue.messages += [Message(f"p{number:02}", queue.now) for number in range(OTHERS)]
    return queue


@pytest.mark.parametrize("request_s", [0.1, 0.5, 1.0])
def test_nobody_waits_behind_a_person_of_many(request_s: float) -> None:
    """Not one message of others fails or is late; the person's own all arrive, in order, and each event once."""
    queue = crowd(request_s)
    began = queue.now
    queue.run(began + 3600)
    told = queue.around.told()
    assert CHATS + OTHERS == len(told) == len(set(told))
    own = [key for key in told if key.startswith("CH")]
    assert sorted(own) == own
    others = [queue.delivered_at[f"p{number:02}#requested"] - began for number in range(OTHERS)]
    assert max(others) <= (CHATS + OTHERS) * request_s + 60
    assert max(queue.delivered_at.values()) - began <= (CHATS + OTHERS) * request_s + 120
    assert [] == queue.messages


def test_answers_that_get_lost_hold_up_their_person_alone() -> None:
    """Every tenth chat's answer is lost: look-ups are one a delivery, and the others have long arrived."""
    queue = crowd(0.2)
    lost: set[str] = set()

    def lose(key: str) -> None:
        if key.startswith("CH") and key[3] == "0" and key not in lost:
            lost.add(key)
            raise UnavailableError("brevo", "ReadTimeout")

    queue.trouble = lose
    began = queue.now
    queue.run(began + 7200)
    told = queue.around.told()
    assert CHATS + OTHERS == len(told) == len(set(told))
    assert max(queue.delivered_at[f"p{number:02}#requested"] - began for number in range(OTHERS)) <= 60
    assert len(lost) >= queue.around.calls.count("find_events") - len(lost)
