"""The export's files are what the template's tables say, and docs/analytics.md's questions are answered right."""

import re
from collections import Counter, defaultdict
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.unit.sync import history
from tests.unit.sync.test_killed import CALLS, ENDS_S, MESSAGES, fill
from tests.unit.sync.world import SyncWorld
from tools.export_tables import TEMPLATE, describe_view, replace_resources
from tools.export_views import write_views
from twilio_bridge.config.sync import Export
from twilio_bridge.sync.export_rows import Anonymiser
from twilio_bridge.sync.export_tables import list_tables
from twilio_bridge.sync.support_export import export_support
from twilio_bridge_local.template.reader import parse_template

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs/analytics.md").read_text()
QUESTIONS = dict(re.findall(r"```sql\n-- (\w+)\n(.*?)```", TEXT, flags=re.DOTALL))
TABLES = {
    body["Properties"]["TableInput"]["Name"]: body["Properties"]["TableInput"]
    for body in parse_template(TEMPLATE.read_text())["Resources"].values()
    if body["Type"] == "AWS::Glue::Table"
}
MOMENT = "%Y-%m-%d %H:%M:%S"


class Rows:
    """What the support job holds, for its export."""

    def __init__(self, world: SyncWorld) -> None:
        self.list_ended = world.job.persons.list_ended
        self.read_day = world.job.figures.read_day


@lru_cache(maxsize=1)
def exported() -> SyncWorld:
    world = SyncWorld(ENDS_S)
    fill(world)
    assert "done" == world.sync(type="full", with_events=True)["phase"]
    since = (ENDS_S - 30 * 86_400) * 1000
    written = export_support(Rows(world), world.files, hide(), since, world.clock.read_ms())
    assert written.figures
    assert written.interactions
    return world


def hide() -> Anonymiser:
    return Anonymiser(Export(), b"key")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Read the same files as on a laptop."""
    folder = tmp_path_factory.mktemp("export")
    for key, packed in exported().files.objects.items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_bytes(packed)
    connection = duckdb.connect()
    for statement in write_views(folder):
        connection.execute(statement)
    return connection


def ask(database: Any, question: str) -> list[Any]:
    return [tuple(row) for row in database.execute(QUESTIONS[question]).fetchall()]


def test_the_template_has_the_tables_as_they_are() -> None:
    """Nobody changed one without the other (python -m tools.export_tables)."""
    text = TEMPLATE.read_text()
    assert text == replace_resources(text)
    for table in list_tables():
        assert {"string", "bigint", "double", "boolean", "timestamp", "date"} >= {
            column["Type"] for column in TABLES[table.rows]["StorageDescriptor"]["Columns"]
        }
        assert describe_view(table)["originalSql"] == table.write_view()


@pytest.mark.prove
def test_each_row_is_what_its_table_says() -> None:
    """Every column is there in its type, and no other."""
    checked = 0
    for table in list_tables():
        columns = {each["Name"]: each["Type"] for each in TABLES[table.rows]["StorageDescriptor"]["Columns"]}
        for row in exported().files.read_table(table.name):
            own = {name: value for name, value in row.items() if name != "day"}
            assert columns.keys() == own.keys()
            wrong = {name: value for name, value in own.items() if not fits(value, columns[name])}
            assert {} == wrong
            assert date.fromisoformat(row["day"])
            checked += 1
    assert checked > MESSAGES + CALLS


def fits(value: Any, kind: str) -> bool:
    """Return whether a JSON value is one of a Glue type's."""
    if value is None:
        return True
    if kind == "timestamp":
        return isinstance(value, str) and datetime.strptime(value, MOMENT).strftime(MOMENT) == value  # noqa: DTZ007
    if kind == "date":
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    wanted: dict[str, Any] = {"string": str, "boolean": bool, "bigint": int, "double": (int, float)}
    return isinstance(value, wanted[kind]) and isinstance(value, bool) == (kind == "boolean")


@pytest.mark.prove
def test_persons_are_hidden() -> None:
    """No number, name or text is in any file."""
    for table in ("messages", "calls", "figures"):
        text = str(exported().files.read_table(table))
        assert not re.search(r"\+44|Hello|'w0'", text), table
    senders = {row["from"] for row in exported().files.read_table("calls")}
    recipients = {row["to"] for row in exported().files.read_table("messages")}
    assert senders & recipients


@pytest.mark.parametrize(
    ("how", "expected"),
    [("keep", "+447900000001"), ("leave_out", None), ("hash", hide().hide(" +447900000001", "address"))],
)
def test_how_numbers_leave_is_configured(how: Any, expected: str | None) -> None:
    """As they are, not at all, or as the same hash each time."""
    anonymiser = Anonymiser(Export(addresses=how), b"key")
    assert expected == anonymiser.hide("+447900000001", "address")
    assert anonymiser.hide("Hello", "text") is None
    assert "Hello" == Anonymiser(Export(texts="keep"), b"key").hide("Hello", "text")


def messages() -> list[dict[str, Any]]:
    begins, ends = 1_772_323_200, ENDS_S
    return list(history.make_messages(MESSAGES, begins, ends))


def calls() -> list[dict[str, Any]]:
    return list(history.make_calls(CALLS, 1_772_323_200, ENDS_S))


def test_there_are_five_questions() -> None:
    """Each is tried below."""
    assert ["failures", "spend", "calls", "unreached", "waits"] == list(QUESTIONS)


@pytest.mark.prove
def test_failures(database: Any) -> None:
    """By code, and the beginning of the recipient."""
    failed = [each for each in messages() if each["status"] in {"failed", "undelivered"}]
    expected = Counter((each["error_code"], str(hide().hide(each["to"], "address"))[:3]) for each in failed)
    found = {(code, country): count for code, country, count in ask(database, "failures")}
    assert expected == found


@pytest.mark.prove
def test_spend(database: Any) -> None:
    """By day and status."""
    groups: dict[Any, list[Any]] = defaultdict(list)
    for each in messages():
        groups[day_of(each["date_created"]), each["status"]].append(each)
    expected = [
        (
            *key,
            len(own),
            sum(int(each["num_segments"]) for each in own),
            round(sum(-float(each["price"]) for each in own), 4),
        )
        for key, own in sorted(groups.items())
    ]
    found = ask(database, "spend")
    assert [row[:4] for row in expected] == [row[:4] for row in found]
    assert [row[4] for row in expected] == pytest.approx([row[4] for row in found])


@pytest.mark.prove
def test_calls(database: Any) -> None:
    """By direction."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for each in calls():
        groups[each["direction"]].append(each)
    expected = []
    for direction, own in sorted(groups.items()):
        times = [int(each["duration"]) for each in own if each["status"] == "completed"]
        expected.append((direction, len(own), len(times), pytest.approx(sum(times) / len(times), abs=0.051)))
    assert expected == ask(database, "calls")


@pytest.mark.prove
def test_unreached(database: Any) -> None:
    """Whoever got a message and never called."""
    reached = {each["to"] for each in messages() if each["status"] == "delivered"}
    called = {each["from"] for each in calls() if each["status"] == "completed"}
    assert [(len(reached - called),)] == ask(database, "unreached")


@pytest.mark.prove
def test_waits(database: Any) -> None:
    """By queue, as the figures' own rows have it."""
    world, groups = exported(), defaultdict[str, list[Any]](list)
    for number in range(1, 30):
        for row in world.job.figures.read_day(f"2026-03-{number:02}"):
            if row.key.startswith("queue#") and row.values and "direction" not in row.values:
                groups[row.values["queue"]].append(row.values)
    expected = []
    for queue, own in sorted(groups.items()):
        waits = [each["wait_s"] for each in own if each["outcome"] == "accepted" and "wait_s" in each]
        lost = sum(each["outcome"] == "abandoned" for each in own)
        accepted = sum(each["outcome"] == "accepted" for each in own)
        mean = pytest.approx(sum(waits) / len(waits), abs=0.051) if waits else None
        expected.append((queue, len(own), accepted, lost, mean))
    assert expected == ask(database, "waits")


def test_the_view_shows_the_latest_reading(database: Any) -> None:
    """A row that was read twice is there once, one that is gone not at all."""
    database.execute(
        "CREATE OR REPLACE TABLE readings AS SELECT * FROM messages_rows LIMIT 2;"
        "INSERT INTO readings SELECT * REPLACE ('read' AS status, read_at + INTERVAL 1 DAY AS read_at) FROM readings;"
        "INSERT INTO readings SELECT * REPLACE (true AS deleted, read_at + INTERVAL 2 DAY AS read_at) FROM readings"
        " WHERE sid = (SELECT min(sid) FROM readings) LIMIT 1"
    )
    table = next(each for each in list_tables() if each.name == "messages")
    found = database.execute(f"SELECT sid, status FROM ({table.write_view('readings')})").fetchall()  # noqa: S608
    assert 1 == len(found)
    assert "read" == found[0][1]


def day_of(moment: str) -> date:
    return datetime.strptime(moment, "%a, %d %b %Y %H:%M:%S %z").date()
