"""A campaign through trouble: each person gets one message, each row has its true end, and the sum is proved.

Twilio refuses some requests, takes others and never answers, loses callbacks and mixes up their order; the sender is
killed; the campaign is paused and resumed. Twilio's own log is the witness. `make prove` does it with 10,000 rows.
"""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from tests.integration.messages.conftest import CREATES, SENDER, Deployment, trouble
from tests.integration.waiting import patiently
from tests.sizes import IS_PROVING, size
from twilio_bridge_local.vendors.faults import Faults
from twilio_bridge_local.vendors.twilio.messages import rest
from twilio_bridge_local.vendors.twilio.messages.lifecycle import create_message
from twilio_bridge_local.vendors.twilio.messages.records import FINAL, CallbackFaults, Outcome, SentMessage

ROWS = size(60, 10_000)
# Of so many rows one is such a one.
EVERY = {"duplicate": 20, "invalid": 30, "stopped": size(25, 97), "undelivered": 15, "failed": 17, "silent": 19}
# One in a hundred; of sixty rows that would be none.
SHARE = 0.01 if IS_PROVING else 0.1
# Later than the bridge waits for an answer; the connection that is cut after its effect is the quick kind.
LATE_S, LATE = 12.0, size(0, 10)
DONE_S = size(60, 3_000)
# A status that no callback brings is asked for: a thousand polls, not ten thousand.
POLLS = {"retryIntervalMs": size(1_000, 60_000), "retryAttempts": size(4, 2)}
LOOK_EVERY_S = size(1, 45)


@dataclass
class People:
    """Who is written to, and what is to become of it."""

    rows: list[dict[str, str]] = field(default_factory=list)
    expected: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


def people(count: int) -> People:
    """Return the rows: some twice, some with a number that is none, some who said STOP, some whom nothing reaches."""
    made = People()
    for number in range(1, count + 1):
        phone = f"+4479{number:08}"
        kinds = [kind for kind, every in EVERY.items() if number % every == 0]
        kind = kinds[0] if kinds else ""
        if kind == "duplicate":
            made.rows.append({"to": next(iter(made.expected)), "name": "Again"})
        elif kind == "invalid":
            made.rows.append({"to": "07 not a number", "name": "Nobody"})
        else:
            made.rows.append({"to": phone, "name": f"P{number}"})
        made.skipped.update({"duplicate": ["duplicate"], "invalid": ["invalid_number"]}.get(kind, []))
        if kind == "stopped":
            made.stopped.append(phone)
        elif kind not in {"duplicate", "invalid"}:
            made.expected[phone] = OUTCOMES.get(kind, ("delivered", None))
    return made


OUTCOMES: dict[str, tuple[str, int | None]] = {
    "undelivered": ("undelivered", 30003),
    "failed": ("failed", 30008),
    "silent": ("sent", None),
}


@dataclass
class Troubles:
    """What happens while the campaign is sent, each at its share of the rows."""

    deployed: Deployment
    campaign: str
    total: int
    to_come: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    kills: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    killed_busy: list[int] = field(default_factory=list)
    sent_in_pause: list[int] = field(default_factory=list)
    looks: int = 0
    began: float = field(default_factory=time.monotonic)

    def sent(self) -> int:
        return len(self.deployed.messaging.store.created)

    def answer(self, create: Callable[..., SentMessage], *request: object) -> SentMessage:
        """Make a message; in place of the answer to some requests every sender crashes, the one that waits for it too.

        What they had taken comes again.
        """
        message = create(*request)
        with self.lock:
            if self.kills and self.sent() >= self.kills[0]:
                del self.kills[0]
                self.killed_busy.append(self.deployed.stack.kill("SendMessageFunction"))
                self.deployed.show_hidden()
        return message

    def pause(self) -> None:
        """Pause, wait until nobody sends any more, and resume."""
        self.deployed.steer(self.campaign, "pause")
        patiently(self.deployed.waiting, lambda count: not count, size(30, 600), self.deployed.show_hidden)
        before = self.sent()
        self.deployed.sweep()
        patiently(self.deployed.waiting, lambda count: not count, size(30, 600), self.deployed.show_hidden)
        self.sent_in_pause.append(self.sent() - before)
        self.deployed.steer(self.campaign, "resume")

    def happen(self) -> None:
        """Let what is to come come in its time; between, let minutes be over, in `make prove` the true ones."""
        self.looks += 1
        while self.to_come and self.sent() >= self.to_come[0][0] * self.total:
            self.to_come.pop(0)[1]()
        if not IS_PROVING and self.looks % 5 == 0:
            self.deployed.let_time_pass()


@pytest.fixture
def troubled(deployed: Deployment) -> Iterator[Deployment]:
    """Twilio on a bad day."""
    deployed.twilio.set_faults(
        *trouble(Faults(status=429, share=SHARE), Faults(cut="after", share=SHARE)),
        *trouble(Faults(latency_s=LATE_S, times=LATE)),
    )
    deployed.messaging.callback_faults = CallbackFaults(lost=SHARE, reordered=5 * SHARE, repeated=SHARE)
    yield deployed
    deployed.twilio.faults = Faults()


@pytest.mark.prove
def test_each_person_gets_one_message_and_each_row_its_true_end(
    troubled: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through refusals, lost answers, lost and mixed up callbacks, crashes and pauses."""
    who = people(ROWS)
    troubled.messaging.outcomes = {
        to: Outcome(status, code)  # type: ignore[arg-type]  # its own statuses
        for to, (status, code) in who.expected.items()
    }
    for phone in who.stopped:
        troubled.twilio.receive(phone, SENDER, "STOP")

    campaign = "proof"
    troubled.create(campaign, who.rows, ratePerS=size(10, 25), **POLLS)
    crashes = Troubles(troubled, campaign, len(who.expected))
    crashes.kills = [int(share * crashes.total) for share in ((0.3, 0.6), (0.1, 0.25, 0.45, 0.65, 0.85))[IS_PROVING]]
    crashes.to_come = [(share, crashes.pause) for share in (0.2, 0.5)]
    monkeypatch.setattr(rest, "create_message", partial(crashes.answer, create_message))
    ended = troubled.finish(campaign, DONE_S, crashes.happen, LOOK_EVERY_S)
    rows = troubled.rows(campaign)

    _check_witness(troubled, who)
    _check_ends(troubled, who, rows)
    _check_sum(ended, rows, who)
    _check_troubles(troubled, crashes)
    _print_figures(troubled, crashes, ended)


def _check_witness(deployed: Deployment, who: People) -> None:
    """Twilio was given one message for each person, and none for anybody else."""
    made = Counter(message.to for message in deployed.messaging.store.created)
    assert {} == {to: count for to, count in made.items() if count != 1}
    assert set(who.expected) == set(made)


def _check_ends(deployed: Deployment, who: People, rows: list[dict[str, Any]]) -> None:
    """Each row has the status that its message has at Twilio, and the code; those who were left out their reason."""
    store = deployed.messaging.store
    sent = {row["to"]: row for row in rows if row["outcome"] in {"sent", "failed"}}
    assert set(sent) == set(who.expected)
    for to, row in sent.items():
        message = store.get(row["sid"])
        assert (message.status, message.error_code, message.to) == (row["status"], row.get("errorCode"), to)
        assert (message.status, message.error_code) == who.expected[to]
        assert message.status in FINAL or message.status == "sent"

    reasons = Counter(row["reason"] for row in rows if row["outcome"] == "skipped")
    assert who.skipped + Counter({"opted_out": len(who.stopped)}) == reasons


def _check_sum(ended: dict[str, Any], rows: list[dict[str, Any]], who: People) -> None:
    """Accepted = sent + failed + skipped + cancelled, by the rows and by the counts."""
    assert "finished" == ended["state"]
    assert list(range(1, len(who.rows) + 1)) == [row["row"] for row in rows]
    by_row = Counter(row["outcome"] for row in rows)
    counted = {name: ended[name] for name in ("sent", "failed", "skipped", "cancelled")}
    assert ({**dict.fromkeys(counted, 0), **by_row}, 0) == (counted, ended["open"])
    assert len(who.rows) == sum(counted.values()) == ended["rows"]


def _check_troubles(deployed: Deployment, crashes: Troubles) -> None:
    """All of it did happen."""
    asked = [each for each in deployed.twilio.requests if f"{each.method} {each.path}".startswith(CREATES)]
    assert ([], []) == (crashes.to_come, crashes.kills)
    assert [0, 0] == crashes.sent_in_pause
    assert all(crashes.killed_busy)
    assert any(each.status == 429 for each in asked)
    assert any(each.status == 0 for each in asked)
    assert deployed.messaging.lost_callbacks


def _print_figures(deployed: Deployment, crashes: Troubles, ended: dict[str, Any]) -> None:
    """Print what `make prove` shows."""
    asked = [each for each in deployed.twilio.requests if f"{each.method} {each.path}".startswith(CREATES)]
    answers = Counter(each.status for each in asked)
    looked_up = sum(each.method == "GET" and each.path.endswith("/Messages.json") for each in deployed.twilio.requests)
    fetched = sum(each.method == "GET" and "/Messages/SM" in each.path for each in deployed.twilio.requests)
    lost = len(deployed.messaging.lost_callbacks)
    lines = [
        f"{ended['rows']} rows: {ended['by']}",
        f"requests by answer (0: none): {dict(answers)}; looked up {looked_up}, polled {fetched}",
        f"callbacks: {len(deployed.twilio.webhooks)} sent, {lost} lost; busy when killed: {crashes.killed_busy}",
        f"seconds: {time.monotonic() - crashes.began:.0f}",
    ]
    print("\n".join(lines))  # noqa: T201  the figures are what it is run for
