"""A made-up month of a contact centre as plain data, and the events that Twilio would send of it.

A task is what happened to it, second by second; `oracle` says what must follow, and `render` what Event Streams say.
Of a hundred tasks some five are hostile: placeholders, labels, shared phones, odd spellings, corrections, copies.
Nothing here knows the product's code.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

# 1 March 2026, 00:00 UTC; epoch seconds.
BEGINS_S, DAYS, DAY_S = 1_772_323_200, 28, 86_400
COMPANY, SWITCHBOARD = "+448081570001", "+448081579999"
QUEUES = ("Support", "Billing", "Sales", "Rückfragen")
PLACEHOLDERS = ("undefined", "null", "N/A", "0", "-", "none", "unknown", "{{flow.variables.id}}")
LABELS = ("Anonymous", "Customer", "Callback: {phone}", "Voicemail: {phone}", "{phone}", "Web visitor")


@dataclass(frozen=True)
class Customer:
    """Somebody, by what everybody knows of them."""

    number: int

    @property
    def external_id(self) -> str:
        return f"crm-{self.number:05}"

    @property
    def email(self) -> str:
        return f"customer.{self.number}@example.org"

    @property
    def phone(self) -> str:
        return f"+4479{self.number:08}"


@dataclass
class Stay:
    """A time in a queue: `how` it ended is accepted, moved, left (the task ended), or returned."""

    queue: str
    entered_s: int
    left_s: int
    how: str


@dataclass
class Task:
    """A task of the month; `customer` is None where it is nobody's. `interaction` is shared by tasks that are one."""

    sid: str
    customer: Customer | None
    channel: str
    created_s: int
    stays: list[Stay] = field(default_factory=list)
    end: str = "completed"
    end_s: int = 0
    reason: str = ""
    stated: str = ""
    talks: list[tuple[int, int, int]] = field(default_factory=list)  # accepted, wrapped up, completed
    is_outbound: bool = False
    is_survey: bool = False
    is_ignored: bool = False
    score: float | None = None
    interaction: str = ""
    conversation: str = ""
    attributes: list[tuple[int, dict[str, Any]]] = field(default_factory=list)  # from when on which hold
    further: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)


@dataclass
class Month:
    """All tasks, and when conversations were closed (`closed`), parked or taken up again (`inactive`, `active`)."""

    tasks: list[Task] = field(default_factory=list)
    conversations: list[tuple[str, int, str]] = field(default_factory=list)


class Maker:
    """Makes up tasks; the same seed makes the same month."""

    def __init__(self, seed: int, tasks: int) -> None:
        self.chance = Random(seed)  # noqa: S311  made-up months, no secrets
        self.month = Month()
        self.customers = [Customer(number) for number in range(max(tasks // 6, 10))]
        self.count = 0
        self.served: list[Task] = []
        for customer in self.customers:
            self.introduce(customer)
        while len(self.month.tasks) < tasks:
            self.make_one()

    def introduce(self, customer: Customer) -> None:
        """Have a customer call on the first day, so that it is known which address and number are the same one's."""
        task = self.begin(customer=customer, at_s=BEGINS_S + self.chance.randrange(DAY_S // 2))
        task.attributes[0][1]["customers"] |= {"email": customer.email, "phone": customer.phone}
        self.serve(task)

    def make_one(self) -> None:
        scenes: dict[Callable[[], None], float] = {
            self.answered: 40,
            self.moved: 8,
            self.abandoned: 9,
            self.short: 4,
            self.long_then_short: 2,
            self.transferred: 5,
            self.returned: 3,
            self.lost: 2,
            self.chat_transfer: 4,
            self.parked: 2,
            self.outbound: 4,
            self.callback: 3,
            self.survey: 8,
            self.expired: 1,
            self.placeholder: 1,
            self.label: 1,
            self.family: 0.7,
            self.alone_at_the_switchboard: 0.3,
            self.odd_spelling: 0.7,
            self.identified_later: 0.5,
            self.corrected: 0.4,
            self.internal: 0.2,
            self.video: 0.2,
        }
        self.chance.choices([*scenes], weights=[*scenes.values()])[0]()

    # -- parts ---------------------------------------------------------------------------------
    def sid(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count:032x}"

    def begin(self, channel: str = "voice", customer: Customer | None = None, at_s: int = 0, **more: Any) -> Task:
        customer = customer or self.chance.choice(self.customers)
        created_s = at_s or BEGINS_S + DAY_S + self.chance.randrange((DAYS - 1) * DAY_S)
        task = Task(self.sid("WT"), customer, channel, created_s, **more)
        task.interaction = task.interaction or task.sid
        task.attributes.append((created_s, known(customer, channel, task.conversation)))
        self.month.tasks.append(task)
        return task

    def stay(self, task: Task, wait_s: int, how: str, queue: str = "") -> Task:
        entered_s = task.stays[-1].left_s if task.stays else task.created_s
        if task.talks and task.stays[-1].how == "accepted":
            entered_s = task.talks[-1][1]
        task.stays.append(Stay(queue or self.chance.choice(QUEUES), entered_s, entered_s + wait_s, how))
        return task

    def talk(self, task: Task, *, is_last: bool = True) -> Task:
        accepted_s = task.stays[-1].left_s
        wrapped_s = accepted_s + self.chance.randint(20, 900)
        task.talks.append((accepted_s, wrapped_s, wrapped_s + self.chance.randint(0, 60)))
        if is_last:
            task.end, task.end_s = "completed", task.talks[-1][2]
        return task

    def leave(self, task: Task, reason: str = "hangup") -> Task:
        task.end, task.end_s, task.reason = "canceled", task.stays[-1].left_s, reason
        return task

    def serve(self, task: Task) -> Task:
        self.served.append(self.talk(self.stay(task, self.chance.randint(1, 300), "accepted")))
        return task

    def chat(self, customer: Customer | None = None, at_s: int = 0, **more: Any) -> Task:
        return self.begin(
            "webchat", customer, at_s, conversation=more.pop("conversation", "") or self.sid("CH"), **more
        )

    # -- ordinary ------------------------------------------------------------------------------
    def answered(self) -> None:
        self.serve(self.begin() if self.chance.random() < 0.6 else self.chat())

    def moved(self) -> None:
        task = self.stay(self.begin(), self.chance.randint(30, 600), "moved")
        self.serve(task)

    def abandoned(self) -> None:
        self.leave(self.stay(self.begin(), self.chance.randint(5, 400), "left"))

    def short(self) -> None:
        self.leave(self.stay(self.begin(), self.chance.randint(0, 4), "left"))

    def long_then_short(self) -> None:
        self.leave(self.stay(self.stay(self.begin(), 600, "moved"), self.chance.randint(0, 4), "left"))

    def transferred(self) -> None:
        task = self.talk(self.stay(self.begin(), self.chance.randint(1, 100), "accepted"), is_last=False)
        task.further.append((task.talks[0][1], "task.transfer-initiated", {}))
        self.talk(self.stay(task, self.chance.randint(1, 60), "accepted"))
        task.further.append((task.talks[-1][0], "task.transfer-completed", {}))

    def returned(self) -> None:
        task = self.stay(self.begin(), self.chance.randint(1, 100), "accepted")
        accepted_s = task.stays[-1].left_s
        begun_s = accepted_s + self.chance.randint(10, 100)
        task.stays.append(Stay(task.stays[0].queue, begun_s, begun_s + 20, "returned"))
        task.further += [(begun_s, "task.transfer-initiated", {}), (begun_s + 20, "task.transfer-failed", {})]
        task.talks.append((accepted_s, begun_s + 60, begun_s + 80))
        task.end, task.end_s = "completed", begun_s + 80

    def lost(self) -> None:
        task = self.talk(self.stay(self.begin(), self.chance.randint(1, 100), "accepted"), is_last=False)
        task.further.append((task.talks[0][1], "task.transfer-initiated", {}))
        self.leave(self.stay(task, self.chance.randint(5, 60), "left"))
        task.further.append((task.end_s, "task.transfer-failed", {}))

    def chat_transfer(self) -> None:
        first = self.serve(self.chat())
        again = self.chat(
            first.customer, first.talks[0][1], interaction=first.interaction, conversation=first.conversation
        )
        self.serve(again)
        self.month.conversations.append((first.conversation, again.end_s + 1, "closed"))
        if self.chance.random() < 0.3:
            return
        late = self.chat(first.customer, again.end_s + 7_200, conversation=self.sid("CH"))
        self.serve(late)

    def parked(self) -> None:
        first = self.serve(self.chat())
        parked_s, back_s = first.end_s - 1, first.end_s + self.chance.randint(600, 20_000)
        self.month.conversations += [(first.conversation, parked_s, "inactive"), (first.conversation, back_s, "active")]
        self.serve(self.chat(first.customer, back_s, interaction=first.interaction, conversation=first.conversation))
        self.serve(self.chat(first.customer, back_s + 40_000, conversation=first.conversation))

    def outbound(self) -> None:
        task = self.begin(is_outbound=True)
        assert task.customer
        told = {"direction": "outbound", "from": COMPANY, "outbound_to": task.customer.phone, "to": task.customer.phone}
        task.attributes = [(task.created_s, {**told, "customers": {"external_id": task.customer.external_id}})]
        if self.chance.random() < 0.7:
            self.talk(self.stay(task, self.chance.randint(1, 30), "accepted"))
        else:
            self.leave(self.stay(task, 20, "left"), "no answer")

    def callback(self) -> None:
        asked = self.stay(self.begin(stated="Follow-Up"), self.chance.randint(30, 120), "left")
        self.leave(asked, "Callback requested")
        assert asked.customer
        again = self.begin(customer=asked.customer, at_s=asked.end_s + 600)
        told = {"taskType": "callback", "direction": "inbound", "from": COMPANY, "to": asked.customer.phone}
        again.attributes = [(again.created_s, told | {"name": f"Callback: {asked.customer.phone}"})]
        self.serve(again)

    def survey(self) -> None:
        if not self.served:
            return self.answered()
        original = self.chance.choice([each for each in self.served[-50:] if each.customer])
        kind = self.chance.choice(("answered", "comma", "copied", "expired", "unanswered"))
        score = {"answered": float(self.chance.randint(1, 5)), "comma": 3.5}.get(kind)
        task = self.begin("survey", original.customer, original.end_s + self.chance.randint(5, 60), is_survey=True)
        about = {"conversation_id": original.sid, "kind": "Survey", "virtual": "Yes"}
        copied = {"conversation_measure_1": 5} if kind in {"copied", "expired"} else {}
        begun: dict[str, Any] = {
            "isSurveyTask": True,
            "contactTaskId": original.sid,
            "conversations": {**about, **copied},
        }
        written: object = "3,5" if kind == "comma" else score
        given = {"conversation_measure_1": written} if score is not None else {}
        task.score = score
        is_open = kind in {"expired", "unanswered"}
        task.stays.append(Stay("Survey", task.created_s, task.created_s + (300 if is_open else 30), "left"))
        done = {**begun, "conversations": {**begun["conversations"], **given, "abandoned": "Yes" if is_open else "No"}}
        task.attributes = [(task.created_s, begun), (task.stays[0].left_s, done)]
        self.leave(task, "Task TTL Exceeded" if is_open else "Survey completed")
        return None

    def expired(self) -> None:
        self.leave(self.stay(self.begin(), DAY_S, "left"), "Task TTL Exceeded")

    # -- hostile -------------------------------------------------------------------------------
    def placeholder(self) -> None:
        task = self.begin()
        nobody = self.chance.choice(PLACEHOLDERS)
        told: dict[str, Any] = {"from": task.customer.phone if task.customer else "", "to": COMPANY}
        told |= {
            "customers": {
                "external_id": nobody,
                "email": self.chance.choice(("none@none.com", "noreply@acme.org", nobody)),
            }
        }
        task.attributes = [(task.created_s, told)]
        self.serve(task)

    def label(self) -> None:
        task = self.begin()
        assert task.customer
        task.attributes[0][1]["name"] = self.chance.choice(LABELS).format(phone=task.customer.phone)
        self.serve(task)

    def family(self) -> None:
        """Two customers call from one number, saying who they are."""
        for _ in range(2):
            task = self.begin(at_s=BEGINS_S + DAY_S + self.chance.randrange(10 * DAY_S))
            assert task.customer
            told = {"from": SWITCHBOARD, "to": COMPANY, "direction": "inbound"}
            task.attributes = [(task.created_s, told | {"customers": {"external_id": task.customer.external_id}})]
            self.serve(task)

    def alone_at_the_switchboard(self) -> None:
        """And somebody calls from there and says nothing, when it is long known to be several people's."""
        task = self.begin(at_s=BEGINS_S + 12 * DAY_S + self.chance.randrange(10 * DAY_S))
        task.customer = None
        task.attributes = [(task.created_s, {"from": SWITCHBOARD, "to": COMPANY, "direction": "inbound"})]
        self.serve(task)

    def odd_spelling(self) -> None:
        task = self.begin()
        assert task.customer
        digits = task.customer.phone[1:]
        written = self.chance.choice(
            (f"00{digits}", digits, int(digits), f"sip:+{digits}@trunk.example.org", f"tel:+{digits}")
        )
        task.attributes = [(task.created_s, {"from": written, "to": COMPANY, "direction": "inbound"})]
        self.serve(task)

    def identified_later(self) -> None:
        task = self.begin()
        assert task.customer
        hidden: dict[str, Any] = {"from": "anonymous", "to": COMPANY, "direction": "inbound"}
        known_s = task.created_s + 5
        later = hidden | {"customers": {"external_id": task.customer.external_id}}
        task.attributes = [(task.created_s, hidden), (known_s, later)]
        task.further.append((known_s, "task.updated", {}))
        self.serve(task)

    def corrected(self) -> None:
        task = self.begin()
        wrong = self.chance.choice(self.customers)
        assert task.customer
        fixed_s = task.created_s + 4
        first = {"from": task.customer.phone, "to": COMPANY, "customers": {"external_id": wrong.external_id}}
        right = {"from": task.customer.phone, "to": COMPANY, "customers": {"external_id": task.customer.external_id}}
        task.attributes = [(task.created_s, first), (fixed_s, right)]
        task.further.append((fixed_s, "task.updated", {}))
        self.serve(task)

    def internal(self) -> None:
        task = self.begin(is_ignored=True)
        task.customer, told = None, {"direction": "internal", "from": "client:jo", "to": "client:kim"}
        task.attributes = [(task.created_s, told)]
        self.talk(self.stay(task, 5, "accepted"))

    def video(self) -> None:
        task = self.begin("video", is_ignored=True)
        task.customer = None
        self.talk(self.stay(task, 5, "accepted"))


def known(customer: Customer, channel: str, conversation: str) -> dict[str, Any]:
    """Return what a flow tells of a customer that it knows."""
    told: dict[str, Any] = {"customers": {"external_id": customer.external_id}, "direction": "inbound"}
    if channel == "voice":
        return told | {"from": customer.phone, "to": COMPANY}
    return told | {
        "email": customer.email,
        "channelType": "web" if channel == "webchat" else channel,
        "conversationSid": conversation,
    }


# -- as Event Streams say it -------------------------------------------------------------------
def render(month: Month) -> list[dict[str, Any]]:
    """Return the events of a month in order of time."""
    events = [event for task in month.tasks for event in _task(task)]
    events += [_conversation(sid, at_s, state) for sid, at_s, state in month.conversations]
    return sorted(events, key=lambda event: (event["time"], event["id"]))


def _task(task: Task) -> Iterator[dict[str, Any]]:
    yield _event(task, "task.created", task.created_s, {})
    for number, stay in enumerate(task.stays):
        queue = {"task_queue_name": stay.queue, "task_queue_sid": f"WQ{abs(hash_of(stay.queue)):032x}"}
        if not (number and task.stays[number - 1].how == "accepted" and stay.how == "returned"):
            yield _event(task, "task-queue.entered", stay.entered_s, queue, number)
        if stay.how == "moved":
            yield _event(task, "task-queue.moved", stay.left_s, queue, number)
    answered = [stay for stay in task.stays if stay.how == "accepted"]
    for number, (talk, stay) in enumerate(zip(task.talks, answered, strict=True)):
        accepted_s, wrapped_s, completed_s = talk
        offer = {
            "reservation_sid": f"WR{number}{task.sid[3:]}",
            "worker_sid": f"WK{number:032}",
            "worker_name": f"w{number}",
        }
        queue = {"task_queue_name": stay.queue, "task_queue_sid": f"WQ{abs(hash_of(stay.queue)):032x}"}
        yield _event(task, "reservation.created", max(accepted_s - 1, stay.entered_s), offer | queue, number)
        yield _event(task, "reservation.accepted", accepted_s, offer | queue, number)
        yield _event(task, "reservation.wrapup", wrapped_s, offer | queue, number)
        yield _event(task, "reservation.completed", completed_s, offer | queue, number)
    for number, (at_s, kind, more) in enumerate(task.further):
        last = next((stay for stay in reversed(task.stays) if stay.entered_s <= at_s), task.stays[0])
        queue = {"task_queue_name": last.queue, "task_queue_sid": f"WQ{abs(hash_of(last.queue)):032x}"}
        yield _event(task, kind, at_s, more | queue, number)
    reason = {"task_canceled_reason": task.reason} if task.end == "canceled" else {}
    last_queue = {
        "task_queue_name": task.stays[-1].queue,
        "task_queue_sid": f"WQ{abs(hash_of(task.stays[-1].queue)):032x}",
    }
    yield _event(task, f"task.{task.end}", task.end_s, reason | last_queue)


def hash_of(text: str) -> int:
    return int.from_bytes(text.encode()[:12], "big")


def _event(task: Task, kind: str, at_s: int, more: dict[str, Any], number: int = 0) -> dict[str, Any]:
    own = f"EV{task.sid[2:]}-{kind}-{number}-{at_s}"
    attributes = [told for since_s, told in task.attributes if since_s <= at_s][-1]
    if task.stated and kind == "task.canceled":
        attributes = {**attributes, "conversations": {"abandoned": task.stated}}
    channel = {"webchat": "chat"}.get(task.channel, task.channel)
    payload = {"sid": own, "task_sid": task.sid, "timestamp": stamp(at_s), "task_attributes": json.dumps(attributes)}
    payload |= {"task_channel_unique_name": channel, **more}
    return {"type": f"com.twilio.taskrouter.{kind}", "id": own, "time": stamp(at_s), "data": {"payload": payload}}


def _conversation(sid: str, at_s: int, state: str) -> dict[str, Any]:
    data = {"ConversationSid": sid, "StateTo": state, "StateUpdated": stamp(at_s), "Reason": "API"}
    kind = "com.twilio.conversations.conversation-state.updated"
    return {"type": kind, "id": f"EZ{sid}-{state}-{at_s}", "time": stamp(at_s), "data": data}


def stamp(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
