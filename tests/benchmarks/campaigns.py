"""What campaigns cost: memory and time of planning, DynamoDB's units, requests and invocations a message, in dollars.

Planning is measured in a process of its own over a table that forgets rows, so that its memory is planning's. Units are
counted over a table that keeps them. `make bench` prints it, and ends with 1 where a bound is broken.
"""

import io
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from tests.benchmarks.memory import peak_mb
from tests.benchmarks.report import Report
from tests.contract.units import Metered
from tests.fakes.base import FakeOptOuts, FakeOutbox
from tests.fakes.dynamodb import Dictionary
from tests.fakes.messages import MemoryContinuation, MemoryMessageQueues
from tools.price import PRICES
from twilio_bridge.adapters.aws.campaign_files import S3CampaignFiles
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.campaign_rows import DynamoLedger
from twilio_bridge.adapters.state.campaigns import DynamoCampaigns
from twilio_bridge.adapters.state.message_turns import DynamoPacer
from twilio_bridge.adapters.state.number_marks import DynamoNumberMarks
from twilio_bridge.adapters.state.opted_out import DynamoOptedOut
from twilio_bridge.adapters.state.sent_messages import DynamoSentMessages
from twilio_bridge.config.messages import Messages
from twilio_bridge.logs import logger
from twilio_bridge.messages.campaign import CampaignSettings, Sender, Source
from twilio_bridge.messages.planning.planner import PlanningDeps, plan_campaign
from twilio_bridge.messages.quiet_hours import Window
from twilio_bridge.messages.sending.following import RowKey, take_report
from twilio_bridge.messages.sending.message import MessageDraft, TwilioMessage
from twilio_bridge.messages.sending.outcomes import OutcomeDeps
from twilio_bridge.messages.sending.requesting import SendingDeps
from twilio_bridge.messages.sending.send_jobs import SendJob, do_send_job
from twilio_bridge.messages.suppressions import AllSuppressions, MarkedNumbers

SIZES: Final = (10_000, 100_000)
# Planning reads one megabyte of the file at a time and keeps a hundred rows.
MAX_GROWTH_MB, MAX_TIME_RATIO = 16, 1.5
MAX_UNITS_PLANNED, MAX_UNITS_SENT = 7, 40
MESSAGES: Final = 1_000
CALLBACKS: Final = ("queued", "sent", "delivered")
CALLBACK_S, SEND_BATCH_S, PLAN_S_A_ROW = 0.15, 2.5, 0.004  # assumed on Lambda at 1 GB
SPAWN = multiprocessing.get_context("spawn")
NINE = 1_796_115_600_000
WINDOW = Window()


class Forgetful:
    """A table that keeps a campaign's own items, and none of its rows."""

    def __init__(self) -> None:
        self._items: dict[str, Any] = {}

    def put_item(self, **request: Any) -> Any:
        """Keep an item."""
        self._items[request["Item"]["sk"]["S"]] = request["Item"]
        return {}

    def get_item(self, **request: Any) -> Any:
        """Read an item that was kept."""
        item = self._items.get(request["Key"]["sk"]["S"])
        return {"Item": item} if item else {}

    def transact_write_items(self, **_request: Any) -> Any:
        """Take rows in, and forget them."""
        return {}

    def batch_get_item(self, **request: Any) -> Any:
        """Know nobody who has opted out."""
        return {"Responses": dict.fromkeys(request["RequestItems"], ())}


class File:
    """S3 with one file, which stands on the disk."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def get_object(self, **request: Any) -> Any:
        """Read a range."""
        first, last = map(int, request["Range"].removeprefix("bytes=").split("-"))
        with self._path.open("rb") as file:
            file.seek(first)
            body = file.read(last - first + 1)
        return {"Body": io.BytesIO(body), "ETag": '"e"', "ContentRange": f"bytes */{self._path.stat().st_size}"}


def write_file(folder: str, rows: int) -> str:
    """Write a CSV file with so many people of five countries, and return its path."""
    path = Path(folder) / f"{rows}.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("Mobil;Vorname;Ort\n")
        for n in range(rows):
            number = ("+447946{:06}", "+4915112{:06}", "+3361234{:05}", "+4670174{:04}", "+1202555{:04}")[n % 5]
            digits = n // 5 if n % 5 < 2 else n // 5 % (10**5 if n % 5 == 2 else 10**4)
            file.write(f"{number.format(digits)};Zoë {n};Köln am Rhein\n")
    return str(path)


def make_settings(files: S3CampaignFiles, window: Window | None) -> CampaignSettings:
    """Return a campaign over the file."""
    source = files.describe(Source(kind="csv", bucket="files", key="people.csv"), ()).source
    return CampaignSettings(
        id="spring",
        fingerprint="f",
        source=source,
        sender=Sender(number="+15005550006"),
        text="Hallo <Vorname>, in <Ort> beginnt das Frühlingsfest. Antworte STOP, um nichts mehr zu bekommen.",
        to_column="Mobil",
        window=window,
        rate_per_s=1_000,
    )


def plan(table: Table, path: str, window: Window | None = WINDOW) -> tuple[DynamoCampaigns, DynamoLedger, float]:
    """Plan a campaign over a file, and return how long it took, in seconds of the processor."""
    made: Any = File(path)
    files, campaigns, ledger = S3CampaignFiles(made, "files"), DynamoCampaigns(table), DynamoLedger(table)
    books = AllSuppressions([DynamoOptedOut(table), MarkedNumbers(DynamoNumberMarks(table))])
    deps = PlanningDeps(campaigns, ledger, files, books, MemoryContinuation(), dict, lambda: NINE)
    campaigns.create_campaign(make_settings(files, window), NINE)

    began = time.process_time()
    planned = plan_campaign("spring", deps)
    assert planned
    assert planned.state == "sending", planned
    return campaigns, ledger, time.process_time() - began


def measure_planning(path: str) -> tuple[float, float]:
    """Return the most memory that this process ever had, in MB, and the seconds that planning took."""
    logger.setLevel("WARNING")
    made: Any = Forgetful()
    _, _, seconds = plan(Table(made, "table"), path)
    return peak_mb(), seconds


def in_a_process(path: str) -> tuple[float, float]:
    """Measure it where nothing else was."""
    with SPAWN.Pool(1) as pool:
        return pool.apply(measure_planning, (path,))


class NoMetrics:
    """The port MessageMetrics: CloudWatch reads the log, which costs no request."""

    def count(self, _name: str) -> None:
        """Show nothing."""


class Accepting:
    """The port MessagesApi: Twilio, which accepts everything."""

    def __init__(self) -> None:
        self.count = 0

    def create_message(self, _draft: MessageDraft) -> TwilioMessage:
        """Accept a message."""
        self.count += 1
        return TwilioMessage(sid=f"SM{self.count:032x}", status="accepted")


def send_all(meter: Metered, campaigns: DynamoCampaigns, ledger: DynamoLedger) -> dict[str, int]:
    """Send every row and report each to its end; return SQS's messages by what they are for."""
    table, queues, now = meter.table, MemoryMessageQueues(), [NINE]
    outcomes = OutcomeDeps(
        ledger=ledger,
        marks=DynamoNumberMarks(table),
        opt_outs=FakeOptOuts(),
        outbox=FakeOutbox(),
        sent=DynamoSentMessages(table),
        metrics=NoMetrics(),
    )
    held = Held()
    api: Any = Accepting()
    deps = SendingDeps(
        campaigns=campaigns,
        ledger=ledger,
        queues=queues,
        held=held,
        api=api,
        pacer=DynamoPacer(table, clock=lambda: now[0] / 1000),
        suppressions=AllSuppressions([DynamoOptedOut(table), MarkedNumbers(DynamoNumberMarks(table))]),
        outcomes=outcomes,
        callback_url="https://bridge.example.com/callbacks/message-status",
        sender_rate=lambda _sender: Messages().sender_rate_per_s,
        make_nonce=lambda: "n" * 16,
        clock=lambda: now[0],
        wait=lambda ms: now.__setitem__(0, now[0] + ms),
        lookup_after_ms=90_000,
    )

    for number in range(1, MESSAGES + 1):
        now[0] += 150  # the pace at which the sweep hands rows out
        job: SendJob | None = SendJob("spring", number)
        while job:
            do_send_job(job, deps)
            job = held.next()
            now[0] = max(now[0], job.turn_at - 1_000) if job else now[0]
        for status in CALLBACKS:
            report = TwilioMessage(sid=f"SM{number:032x}", status=status)
            assert take_report(RowKey("spring", number, "n" * 16), report, campaigns, outcomes, now[0]) == status

    found = ledger.tally_rows("spring").tallies
    assert found.get("ended_delivered") == MESSAGES, found
    return {"sends": MESSAGES + held.count, "polls": len(queues.polls)}


class Held:
    """The port HeldSends."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: list[SendJob] = []

    def hold_send(self, campaign_id: str, number: int, stage: int, turn_at: int, delay_s: int) -> None:  # noqa: ARG002
        """Keep a row that waits for its turn."""
        self.count += 1
        self._waiting.append(SendJob(campaign_id, number, stage, turn_at))

    def next(self) -> SendJob | None:
        """Return the next one."""
        return self._waiting.pop(0) if self._waiting else None


def price_messages(units: Mapping[str, float], queued: Mapping[str, int]) -> dict[str, float]:
    """Return what a thousand messages cost at AWS, in dollars by what it is for.

    SQS takes ten messages a request; each is sent, received and deleted. A callback is a request and an invocation.
    """
    batches = (queued["sends"] + queued["polls"]) / 10
    callbacks = MESSAGES * len(CALLBACKS)
    seconds = callbacks * CALLBACK_S + batches * SEND_BATCH_S + MESSAGES * PLAN_S_A_ROW
    amounts = {
        "DynamoDB, write units": units["written"],
        "DynamoDB, read units": units["read"],
        "SQS, requests": 3 * batches,
        "Lambda, requests": callbacks + batches,
        "Lambda, GB-seconds": seconds,
        "HTTP API, requests": callbacks,
    }
    return {name: amount * PRICES[name] for name, amount in amounts.items()}


def measure(report: Report) -> None:
    """Fill the report."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {size: write_file(folder, size) for size in (*SIZES, MESSAGES)}
        figures = {size: in_a_process(paths[size]) for size in SIZES}
        _measure_sizes(report, figures)
        _measure_units(report, paths[SIZES[0]], "planned")
        _measure_messages(report, paths[MESSAGES])


def _measure_sizes(report: Report, figures: Mapping[int, tuple[float, float]]) -> None:
    (small_mb, small_s), (large_mb, large_s) = (figures[size] for size in SIZES)
    for size in SIZES:
        memory, seconds = figures[size]
        report.note(f"{size:,} rows", "memory, most ever", f"{memory:.0f} MB")
        report.note(f"{size:,} rows", "processor's time", f"{seconds:.1f} s, {seconds / size * 1e6:.0f} µs a row")
    report.at_most("both", "memory for ten times the rows, more", large_mb - small_mb, MAX_GROWTH_MB, " MB")
    ratio = (large_s / SIZES[1]) / (small_s / SIZES[0])
    report.at_most("both", "time a row, ten times the rows", round(ratio, 2), MAX_TIME_RATIO, " times")


def _measure_units(report: Report, path: str, about: str) -> None:
    meter = Metered(Dictionary())
    plan(meter.table, path)
    units, requests = meter.written / SIZES[0], sum(meter.requests.values()) / SIZES[0]
    report.at_most(about, "write units a row", round(units, 2), MAX_UNITS_PLANNED)
    report.note(about, "read units a row", f"{meter.read / SIZES[0]:.2f}")
    report.note(about, "requests a row", f"{requests:.3f}")


def _measure_messages(report: Report, path: str) -> None:
    meter = Metered(Dictionary())
    campaigns, ledger, _ = plan(meter.table, path, None)
    planned = {"written": meter.written, "read": meter.read}
    queued = send_all(meter, campaigns, ledger)
    sent = {"written": meter.written - planned["written"], "read": meter.read - planned["read"]}

    report.at_most("sent and delivered", "write units a message", round(sent["written"] / MESSAGES, 1), MAX_UNITS_SENT)
    report.note("sent and delivered", "read units a message", f"{sent['read'] / MESSAGES:.1f}")
    report.note(
        "sent and delivered",
        "SQS messages",
        f"{queued['sends'] / MESSAGES:.1f} to send, {queued['polls'] / MESSAGES:.1f} to ask",
    )
    dollars = price_messages({"written": meter.written, "read": meter.read}, queued)
    for name, amount in dollars.items():
        report.note("1,000 messages", name, f"{amount:.4f} USD")
    report.note("1,000 messages", "together", f"{sum(dollars.values()):.3f} USD")


def main() -> int:
    """Print the report; 1 where a bound is broken."""
    logger.setLevel("WARNING")
    report = Report("Campaigns: planning, sending, and what they cost at AWS")
    measure(report)
    return report.print()


if __name__ == "__main__":
    sys.exit(main())
