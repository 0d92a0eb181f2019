"""`twilio-bridge entities` and `twilio-bridge select` against Twilio's stand-in."""

import csv
import io
import json
import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.cli.conftest import Run
from twilio_bridge_cli.commands.select.saved_statements import read_reports
from twilio_bridge_local.vendors.twilio.openapi.server import TwilioApiStandIn

REPOSITORY = Path(__file__).parents[3]
ACCOUNT, TOKEN = "AC" + "1" * 32, "t" * 32
ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
DAY = "Sat, 28 Nov 2026 10:00:00 +0000"
LATER = "Sat, 28 Nov 2026 11:00:00 +0000"
GB, DE, OWN, IDLE = "+447900000012", "+491701234567", "+14155550123", "+14155550199"
CALL = "CA" + "a" * 32


def message(**fields: Any) -> dict[str, Any]:
    return {
        "to": GB,
        "from": OWN,
        "status": "delivered",
        "error_code": None,
        "date_sent": DAY,
        "price": "-0.0400",
        "price_unit": "USD",
        "num_segments": "1",
        "direction": "outbound-api",
        "body": "Hello",
        **fields,
    }


@pytest.fixture
def twilio(monkeypatch: pytest.MonkeyPatch) -> Iterator[TwilioApiStandIn]:
    with TwilioApiStandIn(ACCOUNT, TOKEN) as stand_in:
        messages = [
            message(status="failed", error_code=30003),
            message(status="undelivered", error_code=30003),
            message(to=DE, status="failed", error_code=30005, price=None),
            message(to=DE, **{"from": OWN}, body='Quote " and, comma'),
            message(to=OWN, **{"from": GB}, direction="inbound", body="Stop. ", status="received", price="-0.0075"),
            message(date_sent=LATER, status="undelivered", error_code=21610),
        ]
        stand_in.add_rows("api", f"{ROOT}/Messages.json", messages)
        numbers = [{"phone_number": OWN, "friendly_name": "Main"}, {"phone_number": IDLE, "friendly_name": "Old"}]
        stand_in.add_rows("api", f"{ROOT}/IncomingPhoneNumbers.json", numbers)
        stand_in.add_rows("api", f"{ROOT}/Calls.json", [{"sid": CALL, "status": "completed"}])
        recordings = [{"date_created": "Mon, 05 Jan 2026 10:00:00 +0000", "status": "completed"}]
        stand_in.add_rows("api", f"{ROOT}/Recordings.json", recordings)
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
        monkeypatch.setenv("TWILIO_ENDPOINT_URL", stand_in.url)
        yield stand_in


@pytest.mark.usefixtures("twilio")
def test_list_in_every_format(run: Run) -> None:
    """Rows come as CSV in a pipe, and as JSON, JSON Lines or a table where that is said."""
    asked = ("entities", "list", "Messages", "--fields", "Sender,Status,Price,ErrorCode", "--limit", "2")
    rows = list(csv.DictReader(io.StringIO(run(*asked).stdout)))
    assert {"Sender", "Status", "Price", "ErrorCode"} == set(rows[0])
    assert rows[0]["Sender"] == OWN
    parsed = json.loads(run(*asked, "--json").stdout)
    assert (2, "undelivered", -0.04, 21610) == (
        len(parsed),
        *(parsed[0][name] for name in ("Status", "Price", "ErrorCode")),
    )
    lines = run(*asked, "--format", "jsonl").stdout.splitlines()
    assert parsed == [json.loads(line) for line in lines]
    table = run(*asked, "--format", "table").stdout.splitlines()
    assert ["Sender", "Status", "Price", "ErrorCode"] == table[0].split()
    assert len(table) == 3


@pytest.mark.usefixtures("twilio")
def test_list_says_what_it_cost(run: Run) -> None:
    """What is beside the rows goes to stderr."""
    result = run("entities", "list", "Messages", "--filter", f"To = '{DE}'", "--all")
    assert "2 rows; 1 request, 2 rows read at Twilio" in result.stderr
    assert "there may be more" not in result.stderr
    assert "there may be more" in run("entities", "list", "Messages", "--limit", "1").stderr


@pytest.mark.usefixtures("twilio")
def test_csv_holds_no_formula(run: Run) -> None:
    """What a spreadsheet would run is text; numbers stay as they are; quotes are doubled."""
    sql = "SELECT '=1+1' AS A, '+1' AS B, '@x' AS C, -5 AS D, 'a\"b' AS E, NULL AS F"
    head, line = run("select", sql, "--format", "csv").stdout.splitlines()
    assert ("A,B,C,D,E,F", '\'=1+1,+1,\'@x,-5,"a""b",') == (head, line)


@pytest.mark.usefixtures("twilio")
def test_sorting(run: Run) -> None:
    """--sort reads all and shows the first."""
    result = run(
        "entities", "list", "Messages", "--fields", "DateSent", "--sort", "DateSent", "--desc", "--limit", "1", "--json"
    )
    assert [{"DateSent": "2026-11-28T11:00:00Z"}] == json.loads(result.stdout)


@pytest.mark.usefixtures("twilio")
def test_get_create_update_delete(run: Run) -> None:
    """A row's life."""
    sid = json.loads(run("entities", "create", "Messages", f"To={GB}", f"Sender={OWN}", "Body=Hi=there").stdout)["Sid"]
    assert "Hi=there" == json.loads(run("entities", "get", "Messages", sid, "--fields", "Body").stdout)["Body"]
    updated = run("entities", "update", "Messages", sid, "Body=")
    assert ({}, 0) == (json.loads(updated.stdout), updated.exit_code)
    assert "Body='' removes the text for good" in updated.stderr
    assert "" == json.loads(run("entities", "get", "Messages", sid, "--fields", "Body").stdout)["Body"]
    assert 0 == run("entities", "delete", "Messages", sid).exit_code
    assert 0 != run("entities", "get", "Messages", sid).exit_code


def test_values_from_a_file(run: Run, twilio: TwilioApiStandIn, folder: Path) -> None:
    """Values stand in a file, as words, or in both."""
    (folder / "values.json").write_text(
        json.dumps({"To": GB, "MediaUrl": ["https://a.example/1", "https://a.example/2"]})
    )
    result = run("entities", "create", "Messages", f"From={OWN}", "--from", "values.json", "--dry-run")
    assert {"To": GB, "From": OWN} == {name: json.loads(result.stdout)[name] for name in ("To", "From")}
    assert "Dry run: nothing was done" in result.stderr
    assert [] == twilio.requests


def test_guards(run: Run, twilio: TwilioApiStandIn) -> None:
    """Filters that find too much, purchases and secrets are refused with the remedy; nothing is written."""
    refusals = {
        ("delete", "Messages", "--filter", "Status = 'failed'"): "more rows of Messages than maxAffected",
        ("create", "IncomingPhoneNumbers", f"PhoneNumber={IDLE}"): "--allow-purchase",
        ("create", "Keys", "FriendlyName=x"): "make keys in Twilio's console",
        ("update", "Messages", "Body="): "give entityId or filterClause",
        ("create", "Messages", f"Too={GB}"): "did you mean To",
        ("create", "Messages", "Body"): "no COLUMN=VALUE",
        ("list", "Messagez"): "did you mean Messages",
        ("list", "Messages", "--filter", "Statuz = 'x'"): "did you mean Status",
        ("list", "Interactions"): "Twilio has no list of interactions",
        ("list", "Participants"): "name ConferenceSid",
        ("get", "Accounts", ACCOUNT, "--fields", "AuthToken"): "AuthToken is a secret",
    }
    for words, reason in refusals.items():
        result = run("entities", *words)
        assert (True, True) == (result.exit_code != 0, reason in result.stderr), (words, result.stderr)
    assert not [seen for seen in twilio.requests if seen.method != "GET"]


@pytest.mark.usefixtures("twilio")
def test_what_twilio_refuses(run: Run) -> None:
    """Twilio's own code, text and link are shown."""
    result = run("entities", "get", "Messages", "SM" + "f" * 32)
    assert 3 == result.exit_code
    refused = run("entities", "create", "Messages", f"To={GB}", f"From={OWN}", "Body=x", "ValidityPeriod=never")
    assert 1 == refused.exit_code, refused.stderr
    assert "https://www.twilio.com/docs/errors/" in refused.stderr


@pytest.mark.usefixtures("twilio")
def test_delete_by_filter(run: Run) -> None:
    """A dry run shows the rows, and as many as are said are deleted."""
    asked = ("entities", "delete", "Messages", "--filter", "Status = 'failed'", "--max-affected", "5")
    assert 2 == len(json.loads(run(*asked, "--dry-run").stdout))
    assert "affected: 2" in run(*asked).stderr
    assert "affected: 0" in run(*asked).stderr


def test_describe(run: Run, twilio: TwilioApiStandIn) -> None:
    """An entity's description asks nobody; without a name all entities are listed."""
    shown = run("entities", "describe", "messages").stdout
    assert all(text in shown for text in ("DateSent", "<, <=, >, >=", "Sender", "cannot be undone", "Examples"))
    assert "Messages" == json.loads(run("entities", "describe", "Messages", "--json").stdout)["entity"]
    every = json.loads(run("entities", "describe", "--json").stdout)
    assert len(every) > 190
    assert "Conferences" in run("entities", "describe").stdout
    assert [] == twilio.requests


def test_select(run: Run, twilio: TwilioApiStandIn) -> None:
    """A statement takes values, and says what it pushed down."""
    result = run("select", "SELECT count(*) AS n FROM Messages WHERE Recipient = ?", DE, "--json")
    assert ([{"n": 2}], 1) == (json.loads(result.stdout), len(twilio.requests))
    assert "pushed down: Messages.To =" in result.stderr
    named = run("select", "SELECT :a || :b AS x", "--param", "a=1", "--param", "b=2=3", "--json")
    assert [{"x": "12=3"}] == json.loads(named.stdout)


def test_select_from_stdin(run: Run, twilio: TwilioApiStandIn) -> None:
    """- reads the statement."""
    del twilio
    result = run("select", "-", "--json", typed="SELECT 1 AS one")
    assert [{"one": 1}] == json.loads(result.stdout)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("DROP TABLE Messages",), "DROP is refused"),
        (("SELECT * FROM Messagez",), "did you mean Messages"),
        (("SELECT nope FROM Messages",), "no column 'nope'"),
        (("SELECT * FROM Participants",), "name ConferenceSid"),
        (
            ("SELECT a.Sid FROM Messages a JOIN Messages b ON b.Sid = a.Sid", "--max-requests", "2"),
            "needs at least 3 requests",
        ),
        (
            ("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT count(*) FROM c", "--timeout", "0.3"),
            "may loop for ever",
        ),
        ((), "Which statement?"),
        (("SELECT 1", "--report", "idle-numbers"), "exclude each other"),
        (("--report", "idle-number"), "Did you mean idle-numbers?"),
        (("--report", "idle-numbers", "--param", "sinc=x"), "takes no parameter sinc"),
    ],
)
@pytest.mark.usefixtures("twilio")
def test_statements_that_are_refused(run: Run, words: tuple[str, ...], reason: str) -> None:
    """Each refusal has its reason and exit code 2."""
    result = run("select", *words)
    assert (2, True) == (result.exit_code, reason in result.stderr), result.stderr


def test_explain(run: Run, twilio: TwilioApiStandIn) -> None:
    """--explain shows the requests, and makes none."""
    sql = "SELECT p.* FROM Conferences c JOIN Participants p ON p.ConferenceSid = c.Sid WHERE c.Status = 'completed'"
    shown = run("select", sql, "--explain").stdout
    assert "Conferences.json?Status=completed" in shown
    assert "Conferences/…/Participants.json" in shown
    assert 2 == len(json.loads(run("select", sql, "--explain", "--json").stdout))
    assert [] == twilio.requests


REPORTS: dict[str, list[dict[str, Any]]] = {
    "failed-deliveries": [
        {"ErrorCode": 30003, "Country": "GB", "Messages": 2, "Recipients": 1, "Cost": 0.08},
        {"ErrorCode": 21610, "Country": "GB", "Messages": 1, "Recipients": 1, "Cost": 0.04},
        {"ErrorCode": 30005, "Country": "DE", "Messages": 1, "Recipients": 1, "Cost": None},
    ],
    "spend-by-day": [{"Day": "2026-11-28", "Sender": OWN, "Messages": 5, "Segments": 5, "Cost": 0.16, "Unpriced": 1}],
    "idle-numbers": [{"PhoneNumber": IDLE, "FriendlyName": "Old"}],
    "opted-out-recipients": [
        {"Person": GB, "Line": OWN, "StoppedAt": "2026-11-28 10:00:00", "Messages": 1, "BlockedByTwilio": 1}
    ],
    "message-funnel": [
        {"Way": "in", "Status": "received", "Messages": 1, "Percent": 100.0},
        {"Way": "out", "Status": "failed", "Messages": 2, "Percent": 40.0},
        {"Way": "out", "Status": "undelivered", "Messages": 2, "Percent": 40.0},
        {"Way": "out", "Status": "delivered", "Messages": 1, "Percent": 20.0},
    ],
    "webhook-urls": [{"PhoneNumber": OWN, "FriendlyName": "Main"}, {"PhoneNumber": IDLE, "FriendlyName": "Old"}],
    "old-recordings": [{"DateCreated": "2026-01-05 10:00:00", "Status": "completed"}],
}


@pytest.mark.usefixtures("twilio")
@pytest.mark.parametrize("name", sorted(REPORTS))
def test_reports(run: Run, name: str) -> None:
    """Each saved statement runs and finds what it is about."""
    since = ("--param", "since=-3650 days") if name not in {"webhook-urls", "old-recordings"} else ()
    result = run("select", "--report", name, *since, "--json")
    assert 0 == result.exit_code, result.stderr
    found = json.loads(result.stdout)
    expected = REPORTS[name]
    assert expected == [{key: row[key] for key in wanted} for row, wanted in zip(found, expected, strict=True)]


def test_every_report_is_held() -> None:
    """The seven reports are there, each with a comment."""
    reports = {report.name: report for report in read_reports(None)}
    assert set(REPORTS) == set(reports)
    assert all(len(report.about) > 20 for report in reports.values())


@pytest.mark.usefixtures("twilio")
def test_reports_of_ones_own(run: Run, folder: Path) -> None:
    """A folder adds reports, and takes the place of ours; --list-reports shows them."""
    (folder / "mine").mkdir()
    (folder / "mine" / "one.sql").write_text("-- Mine.\n-- :n  a number (default: 7)\nSELECT :n AS n\n")
    assert [{"n": "7"}] == json.loads(run("select", "--report", "one", "--reports", "mine", "--json").stdout)
    shown = run("select", "--list-reports", "--reports", "mine").stdout
    assert "Mine." in shown
    assert "failed-deliveries" in shown


CONFERENCE = "CF0123456789abcdef0123456789abcdef"
DOCUMENTED = re.findall(r"^twilio-bridge (.+)$", (REPOSITORY / "docs" / "entities.md").read_text(), re.MULTILINE)


def test_ten_examples() -> None:
    """The page shows ten and more."""
    assert len(DOCUMENTED) >= 10


@pytest.mark.parametrize("line", DOCUMENTED, ids=[line[:60] for line in DOCUMENTED])
def test_documented_examples(run: Run, twilio: TwilioApiStandIn, line: str) -> None:
    """What docs/entities.md shows runs as it stands."""
    twilio.add_rows("api", f"{ROOT}/Conferences.json", [{"sid": CONFERENCE}])
    twilio.add_rows("api", f"{ROOT}/Conferences/{CONFERENCE}/Participants.json", [{"muted": True}])
    twilio.add_rows("api", f"{ROOT}/AvailablePhoneNumbers/US/Local.json", [{}])
    result = run(*shlex.split(line))
    assert 0 == result.exit_code, result.stderr


@pytest.mark.usefixtures("twilio")
@pytest.mark.parametrize(
    "words",
    [
        ("select", "SELECT Sid FROM Messages"),
        ("entities", "list", "Messages", "--fields", "Sid", "--all"),
    ],
)
def test_rows_to_a_file_beside_a_bar(folder: Path, words: tuple[str, ...]) -> None:
    """Where stderr is a terminal it has the bar, and the file has the rows."""
    parent, child = pty.openpty()
    program = [sys.executable, "-c", "from twilio_bridge_cli.app import main; main()", *words]
    with (folder / "rows.csv").open("wb") as rows:
        assert 0 == subprocess.run(program, stdout=rows, stderr=child, timeout=60, check=False).returncode  # noqa: S603
    shown = os.read(parent, 100_000).decode()
    os.close(parent)
    os.close(child)
    assert 7 == len((folder / "rows.csv").read_text().splitlines())
    assert "Asking Twilio" in shown
    assert "SM" not in shown


def test_which_account(run: Run) -> None:
    """Without a login anywhere the command says where it could stand."""
    result = run("select", "SELECT Sid FROM Messages")
    assert (2, True) == (result.exit_code, "TWILIO_ACCOUNT_SID" in result.stderr)
