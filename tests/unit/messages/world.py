"""A campaign over memory stores: queues, a sweep, Twilio and its callbacks, and calls that fail as a test wants."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.base import FakeOptOuts, FakeOutbox
from tests.fakes.message_sending import (
    FakeMessageMetrics,
    FakeMessagesApi,
    FakeNumberMarks,
    FakePacer,
    FakeSentMessages,
)
from tests.fakes.messages import MemoryCampaigns, MemoryLedger
from twilio_bridge.errors import OutOfTimeError, UpstreamError
from twilio_bridge.messages.campaign import Campaign, CampaignSettings, Planning, Sender, Source
from twilio_bridge.messages.row import Row, SkipReason
from twilio_bridge.messages.sending.following import PollingDeps, RowKey, poll_row, take_report
from twilio_bridge.messages.sending.message import TwilioMessage
from twilio_bridge.messages.sending.outcomes import OutcomeDeps
from twilio_bridge.messages.sending.requesting import SendingDeps
from twilio_bridge.messages.sending.send_jobs import SendJob, do_send_job
from twilio_bridge.messages.suppressions import AllSuppressions, MarkedNumbers

NOON = 1_795_000_000_000
ID, SENDER = "spring", "+15005550006"
FAILED_WAIT_MS, KILLED_WAIT_MS, SWEEP_MS = 15_000, 360_000, 60_000
MAX_LOOKS_COUNT = 2_000

# What goes wrong at a call: the error, and whether the call had its effect all the same.
Trouble = tuple[BaseException, bool]
Script = Callable[[str, int], Trouble | None]


class KilledError(BaseException):
    """The process is gone."""


def settings(**changes: Any) -> CampaignSettings:
    known: dict[str, Any] = {
        "id": ID,
        "fingerprint": "",
        "source": Source(kind="jsonl"),
        "sender": Sender(number=SENDER),
        "text": "Hello <Name|there>",
        "rate_per_s": 50.0,
        "retry_attempts": 4,
    }
    return CampaignSettings(**(known | changes))


def row(number: int, **changes: Any) -> Row:
    known: dict[str, Any] = {
        "campaign": ID,
        "number": number,
        "address": f"+1415555{number:04}",
        "values": {"Name": f"No {number}"},
        "sender": SENDER,
        "due_at": NOON,
        "country": "US",
    }
    return Row(**(known | changes))


@dataclass
class Waiting:
    """A message of a queue."""

    at: int
    kind: str
    body: Any


@dataclass
class World:
    """Everything outside; `lives` says by number which statuses a message reaches, and whether callbacks come."""

    settings: CampaignSettings = field(default_factory=settings)
    rows: Iterable[Row] = ()
    script: Script = lambda _name, _number: None
    lives: dict[str, list[tuple[str, int | None]]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    now: int = NOON
    calls: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    waiting: list[Waiting] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.campaigns, self.ledger = MemoryCampaigns(), MemoryLedger()
        self.api, self.pacer = FakeMessagesApi(self.clock), FakePacer(self.clock)
        self.marks, self.sent, self.metrics = FakeNumberMarks(), FakeSentMessages(), FakeMessageMetrics()
        self.opt_outs, self.outbox = FakeOptOuts(), FakeOutbox()
        created = self.campaigns.create_campaign(self.settings, self.now)
        planned = replace(created, planning=Planning(is_complete=True))
        self.campaigns.save_campaign(created, planned.change_state("sending", self.now))
        self.ledger.add_rows(list(self.rows))

    def clock(self) -> int:
        return self.now

    def wait(self, milliseconds: int) -> None:
        self.now += milliseconds

    def outcome_deps(self) -> OutcomeDeps:
        parts: dict[str, Any] = {
            name: Failing(getattr(self, name), self) for name in ("ledger", "marks", "opt_outs", "outbox", "sent")
        }
        return OutcomeDeps(**parts, metrics=self.metrics)

    def sending_deps(self) -> SendingDeps:
        outcomes = self.outcome_deps()
        queues: Any = Failing(self, self)
        return SendingDeps(
            campaigns=Failing(self.campaigns, self),
            ledger=outcomes.ledger,
            queues=queues,
            held=queues,
            api=Failing(self.api, self),
            pacer=Failing(self.pacer, self),
            outcomes=outcomes,
            callback_url="https://bridge.example/callbacks/message-status",
            suppressions=AllSuppressions([Failing(self, self), MarkedNumbers(outcomes.marks)]),
            sender_rate=lambda _sender: 20.0,
            make_nonce=lambda: f"nonce{len(self.calls)}",
            clock=self.clock,
            wait=self.wait,
            lookup_after_ms=90_000,
        )

    def polling_deps(self) -> PollingDeps:
        outcomes = self.outcome_deps()
        return PollingDeps(
            campaigns=Failing(self.campaigns, self),
            queues=Failing(self, self),
            api=Failing(self.api, self),
            outcomes=outcomes,
            clock=self.clock,
        )

    def find_suppressed(self, addresses: Sequence[str]) -> Mapping[str, SkipReason]:
        """Return who opted out."""
        return {each.address: "opted_out" for each in self.opt_outs.find_requests(addresses) if each.out}

    # The queues.

    def enqueue_sends(self, campaign_id: str, numbers: list[int], delay_s: int = 0) -> None:
        for number in numbers:
            self.waiting.append(Waiting(self.now + delay_s * 1000, "send", SendJob(campaign_id, number)))

    def hold_send(self, campaign_id: str, number: int, stage: int, turn_at: int, delay_s: int) -> None:
        job = SendJob(campaign_id, number, stage, turn_at)
        self.waiting.append(Waiting(self.now + delay_s * 1000, "send", job))

    def enqueue_polls(self, campaign_id: str, numbers: list[int], delay_s: int = 0) -> None:
        for number in numbers:
            self.waiting.append(Waiting(self.now + delay_s * 1000, "poll", (campaign_id, number)))

    # What happens by itself.

    def sweep(self) -> None:
        """Queue the rows that are due; those of a cancelled campaign at once."""
        campaign = self.campaign
        for each in self.ledger.list_rows(ID, 0, 10_000):
            is_cancelling = campaign.state == "cancelling" and not each.is_final
            if not is_cancelling and (each.due_at is None or each.due_at > self.now):
                continue
            if each.state == "submitted" and not (is_cancelling and each.status == "scheduled"):
                self.enqueue_polls(ID, [each.number])
            else:
                self.enqueue_sends(ID, [each.number])

    def live(self) -> None:
        """Let every message reach its next status, with a callback unless it is a silent one."""
        for sid, message in list(self.api.messages.items()):
            ahead = self.lives.setdefault(sid, list(self.life_of(message)))
            draft = self.api.drafts[sid]
            if not ahead or (draft.send_at and draft.send_at.timestamp() * 1000 > self.now):
                continue
            status, code = ahead.pop(0)
            self.api.move(sid, status, code)
            if message.to not in self.silent:
                self.waiting.append(Waiting(self.now, "callback", (sid, status, code)))

    def life_of(self, message: TwilioMessage) -> list[tuple[str, int | None]]:
        return self.lives.get(message.to, [("sent", None), ("delivered", None)])

    def run(self, until: Callable[["World"], bool] = lambda world: world.is_over) -> "World":
        """Work until all rows are final and nothing waits; what fails comes again, as SQS does it."""
        self.enqueue_sends(ID, [each.number for each in self.ledger.list_rows(ID, 0, 10_000)])
        for _ in range(MAX_LOOKS_COUNT):
            if until(self):
                return self
            self.step()
        raise AssertionError("the rows never come to an end")

    @property
    def is_over(self) -> bool:
        lives_on = any(self.lives.get(sid, [0]) for sid in self.api.messages)
        is_open = any(not each.is_final for each in self.ledger.list_rows(ID, 0, 10_000))
        return not (is_open or lives_on or [each for each in self.waiting if each.kind == "callback"])

    def step(self) -> None:
        """Do what is due now, then let time pass."""
        due = [each for each in self.waiting if each.at <= self.now]
        self.waiting = [each for each in self.waiting if each.at > self.now]
        for each in due:
            self._work(each)
        self.live()
        if not any(each.at <= self.now for each in self.waiting):
            before = self.now
            self.now = min([each.at for each in self.waiting if each.at > self.now] + [self.now + SWEEP_MS])
            if before // SWEEP_MS != self.now // SWEEP_MS:
                self.sweep()

    def _work(self, each: Waiting) -> None:
        try:
            self.done.append(self._handle(each))
        except (UpstreamError, OutOfTimeError):
            again = FAILED_WAIT_MS
        except KilledError:
            again = KILLED_WAIT_MS
        else:
            return
        if each.kind != "callback":  # Twilio does not repeat them
            self.waiting.append(Waiting(self.now + again, each.kind, each.body))

    def _handle(self, each: Waiting) -> str:
        if each.kind == "send":
            return do_send_job(each.body, self.sending_deps())
        if each.kind == "poll":
            campaign_id, number = each.body
            return poll_row(campaign_id, number, self.polling_deps())
        sid, status, code = each.body
        query = self.api.drafts[sid].status_callback.partition("?row=")[2]
        campaign, number, nonce = query.split(".")
        report = TwilioMessage(sid=sid, status=status, error_code=code)
        campaigns: Any = Failing(self.campaigns, self)
        return take_report(RowKey(campaign, int(number), nonce), report, campaigns, self.outcome_deps(), self.now)

    # What there is to see.

    @property
    def campaign(self) -> Campaign:
        found = self.campaigns.find_campaign(ID)
        assert found
        return found

    def messages_by_person(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for message in self.api.messages.values():
            found[message.to] = found.get(message.to, 0) + 1
        return found

    def ends(self) -> dict[int, tuple[str, str, int]]:
        """Return each row's state, status and code."""
        return {each.number: (each.state, each.status or each.reason, each.error_code) for each in self.all_rows()}

    def all_rows(self) -> list[Row]:
        return list(self.ledger.list_rows(ID, 0, 10_000))


@dataclass
class Failing:
    """A port whose calls are written down, and fail where the script says so."""

    port: object
    world: World

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.port, name)

        def called(*given: Any) -> Any:
            self.world.calls.append(name)
            trouble = self.world.script(name, len(self.world.calls))
            if trouble is None:
                return method(*given)
            error, has_effect = trouble
            if has_effect:
                method(*given)
            raise error.with_traceback(None)

        return called
