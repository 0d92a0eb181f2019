"""Twilio as a database: what SQL over 100,000 messages costs beside reading them, and what a first invocation costs.

`make bench` prints it. Twilio is its stand-in in a process of its own, each measurement a fresh process: times are
processor time, so that waiting for the stand-in does not count, and memory is the process's peak.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from importlib.metadata import distribution
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.benchmarks.report import Report
from twilio_bridge_local.vendors.twilio.openapi.server import TwilioApiStandIn

ACCOUNT: Final = "AC" + "1" * 32
TOKEN: Final = "t" * 32
ROOT: Final = Path(__file__).parents[2]
MESSAGES: Final = 100_000
PAGE: Final = 1_000
DAYS: Final = 100
RUNS: Final = 3
MAX_RATIO: Final = 1.5
MAX_MEMORY_MB: Final = 40
MAX_FIRST_MS: Final = 150
MAX_LIBRARIES_MB: Final = 12
FIRST: Final = datetime(2026, 8, 1, tzinfo=UTC)

# Each is run by `measure` with Twilio's address in its environment; it prints one JSON object.
PROLOGUE: Final = """
import json, time
import requests
from tests.benchmarks.memory import peak_mb
from twilio_bridge.adapters.entities.accounts import Accounts
from twilio_bridge.adapters.entities.client import TwilioClient
from twilio_bridge.adapters.entities.funnel import Funnel
from twilio_bridge.adapters.entities.sqlite import SqliteEngine
from twilio_bridge.entities.reading import Statement
from twilio_bridge.entities.registry import load_registry
import os
class NoLimit:
    def reserve(self, patience_s): pass
    def block(self, seconds): pass
account = os.environ["TWILIO_ACCOUNT_SID"]
login = (account, os.environ["TWILIO_AUTH_TOKEN"])
accounts = Accounts(account, login, endpoint_url=os.environ["TWILIO_ENDPOINT_URL"])
client = TwilioClient(Funnel(accounts, NoLimit(), requests.Session()), load_registry())
engine = SqliteEngine(load_registry())
def run(sql):
    statement = Statement(client)
    return list(engine.execute(sql, (), statement)[1]), statement
run("SELECT Sid FROM Messages LIMIT 1000")
before_mb, began_at = peak_mb(), time.process_time()
"""
EPILOGUE: Final = """
spent_s = time.process_time() - began_at
print(json.dumps({"s": spent_s, "mb": peak_mb() - before_mb, **found}))
"""
ALONE: Final = """
rows = 0
for page in client.list_pages(load_registry().entity("Messages"), {}, {}, 1000):
    rows += len(page.rows)
found = {"rows": rows}
"""
SELECT: Final = """
rows, statement = run(__SQL__)
found = {"rows": len(rows), "requests": statement.requests, "scanned": statement.scanned}
"""
INVOCATION: Final = """
import json, os, sys, time
began_at = time.process_time()
import boto3
boto3_s = time.process_time() - began_at
os.environ.setdefault("AWS_ACCESS_KEY_ID", "x")
sys.path.insert(0, "functions/entities")
import app
class Context:
    aws_request_id = "first"
    def get_remaining_time_in_millis(self): return 190_000
answer = app.lambda_handler(json.loads(os.environ["EVENT"]), Context())
assert answer.get("connectorOutputPayload"), answer
print(json.dumps({"boto3": boto3_s, "above": time.process_time() - began_at - boto3_s}))
"""
CLIENT: Final = """
import json, time
import boto3
began_at = time.process_time()
boto3.client("dynamodb")
print(json.dumps({"s": time.process_time() - began_at}))
"""


def main() -> int:
    """Measure everything and print the sheet."""
    report = Report("Twilio as a database")
    with twilio(MESSAGES) as url:
        compare_statements(report, url)
        count_requests(report, url)
    with twilio(50) as url, aws() as aws_url:
        compare_first_invocations(report, url, aws_url)
    weigh_libraries(report)
    return report.print()


def compare_statements(report: Report, url: str) -> None:
    """Hold statements over all messages against making and fetching their rows."""
    alone = median(measure(PROLOGUE + ALONE + EPILOGUE, url)["s"] for _ in range(RUNS))
    about = f"{MESSAGES:,} messages"
    report.note(about, "making and fetching the rows alone", f"{alone:.2f} s")
    for name, sql in {
        "GROUP BY Status": "SELECT Status, count(*), sum(Price) FROM Messages GROUP BY Status",
        "ten busiest recipients": "SELECT Recipient, count(*) FROM Messages GROUP BY 1 ORDER BY 2 DESC LIMIT 10",
        "GROUP BY a day": "SELECT date(DateSent), count(*) FROM Messages GROUP BY 1",
    }.items():
        runs = [measure(statement(sql), url) for _ in range(RUNS)]
        ratio = round(median(run["s"] for run in runs) / alone, 2)
        report.at_most(about, f"{name}, times as long", ratio, MAX_RATIO)
        report.at_most(about, f"{name}, memory", round(max(run["mb"] for run in runs), 1), MAX_MEMORY_MB, " MB")


def count_requests(report: Report, url: str) -> None:
    """Count what statements ask that need only a part."""
    about = "requests"
    report.exactly(about, "LIMIT 5", measure(statement("SELECT * FROM Messages LIMIT 5"), url)["requests"], 1)
    day = "DateSent >= '2026-09-01' AND DateSent < '2026-09-02'"
    found = measure(statement(f"SELECT Sid FROM Messages WHERE {day}"), url)  # noqa: S608
    report.exactly(about, "a day of 100 days", found["requests"], MESSAGES / DAYS / PAGE)
    report.exactly(about, "rows read for that day", found["scanned"], MESSAGES / DAYS)


def compare_first_invocations(report: Report, url: str, aws_url: str) -> None:
    """Measure a first invocation in a fresh process, beside importing boto3."""
    client_ms = 1_000 * median(measure(CLIENT, url, aws_url)["s"] for _ in range(RUNS))
    about = "first invocation"
    report.note(about, "of it boto3's client for DynamoDB, as boto3 makes one", f"{client_ms:.0f} ms")
    for name, clause in {"list": "", "list with a filter": "Status = 'failed' OR Status != 'failed'"}.items():
        event = json.dumps({"entity": "Messages", "operation": "list", "filterClause": clause})
        measure(INVOCATION, url, aws_url, EVENT=event)  # writes the bytecode
        above = 1_000 * median(measure(INVOCATION, url, aws_url, EVENT=event)["above"] for _ in range(RUNS))
        report.at_most(about, f"{name}, above importing boto3", round(above), MAX_FIRST_MS, " ms")


def weigh_libraries(report: Report) -> None:
    """Weigh what the layer holds more than without the engine."""
    sizes = {name: weigh(name) for name in ("apsw", "lark")}
    shown = ", ".join(f"{name} {size:.1f} MB" for name, size in sizes.items())
    report.note("libraries", "as installed", shown)
    report.at_most("libraries", "together", round(sum(sizes.values()), 1), MAX_LIBRARIES_MB, " MB")


def weigh(name: str) -> float:
    """Return a distribution's size in MB, bytecode not counted."""
    files = distribution(name).files or ()
    paths = [Path(str(file.locate())) for file in files if file.suffix != ".pyc"]
    return sum(path.stat().st_size for path in paths if path.exists()) / 1e6


def statement(sql: str) -> str:
    """Return the program that runs a statement."""
    return PROLOGUE + SELECT.replace("__SQL__", repr(sql)) + EPILOGUE


def measure(program: str, url: str, aws_url: str = "", **more: str) -> dict[str, Any]:
    """Run a program in a process of its own and return what it prints."""
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",  # the layers carry their bytecode, so a machine's first run is not the measure
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_ENDPOINT_URL": url,
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "SYNC_STATE_TABLE": "SyncState",
        "CONTACT_CACHE_TABLE": "ContactCache",
        **more,
    }
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)  # noqa: S603
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-2_000:])
    found: dict[str, Any] = json.loads(done.stdout.decode().splitlines()[-1])
    return found


@contextmanager
def twilio(count: int) -> Iterator[str]:
    """Run Twilio's stand-in with so many messages, evenly over the days."""
    with TwilioApiStandIn(ACCOUNT, TOKEN) as stand_in:
        path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        stand_in.add_rows("api", path, (make_message(number, count) for number in range(count)))
        yield stand_in.url


def make_message(number: int, count: int) -> dict[str, Any]:
    """Return a message as Twilio answers it."""
    return {
        "to": f"+4479{number % 1_000:08}",
        "from": f"+1415{number % 7:07}",
        "status": ("delivered", "failed", "sent", "undelivered")[number % 4],
        "body": "Your parcel arrives tomorrow between nine and eleven." * 2,
        "date_sent": format_datetime(FIRST + timedelta(days=DAYS) * number / count),
        "price": "-0.0075",
        "num_segments": "1",
    }


@contextmanager
def aws() -> Iterator[str]:
    """Run DynamoDB with the table SyncState."""
    import boto3  # noqa: PLC0415  only here
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer  # noqa: PLC0415  same

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    client = boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    names: Any = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
    keys: Any = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
    client.create_table(
        TableName="SyncState", BillingMode="PAY_PER_REQUEST", AttributeDefinitions=names, KeySchema=keys
    )
    yield url
    server.stop()


if __name__ == "__main__":
    sys.exit(main())
