"""The engine: what it asks Twilio, what it refuses, and the traps of virtual tables."""

import re
from collections.abc import Sequence
from typing import Any

import pytest

from tests.fakes.memory_resources import ACCOUNT_SID, MemoryResources, message
from tests.unit.entities.oracle import CONFERENCES, LISTS, MESSAGES, PARTICIPANTS
from twilio_bridge.adapters.entities.sqlite import SqliteEngine
from twilio_bridge.entities.dbapi import Connection
from twilio_bridge.entities.engine import Parameters
from twilio_bridge.entities.errors import (
    HiddenFilterError,
    MissingValueError,
    StatementError,
    UnknownColumnError,
    UnknownEntityError,
)
from twilio_bridge.entities.reading import BudgetError, Statement, TimeBudgetError
from twilio_bridge.entities.registry import load_registry
from twilio_bridge.errors import BadRequestError, BridgeError

REGISTRY = load_registry()
ENGINE = SqliteEngine(REGISTRY)
Rows = list[tuple[Any, ...]]


@pytest.fixture
def twilio() -> MemoryResources:
    return MemoryResources(LISTS)


def run(twilio: MemoryResources, sql: str, parameters: Parameters = (), **budget: Any) -> Rows:
    return list(ENGINE.execute(sql, parameters, Statement(twilio, **budget))[1])


def test_a_comparison_that_twilio_takes(twilio: MemoryResources) -> None:
    """A filter of Twilio's is asked of Twilio, and nothing else is read."""
    statement = Statement(twilio)
    found = list(ENGINE.execute("SELECT Sid FROM Messages WHERE Recipient = ?", ("+15550000001",), statement)[1])
    assert ["GET Messages?To=+15550000001#1000:0"] == twilio.log
    assert (2, 2, 1) == (len(found), statement.scanned, statement.requests)


def test_a_date_reads_what_it_needs(twilio: MemoryResources) -> None:
    """Of a long list, a range of dates reads its own rows."""
    statement = Statement(twilio)
    sql = "SELECT Sid FROM Messages WHERE DateSent >= '2026-11-02' AND DateSent < '2026-11-02 03:00:00'"
    found = list(ENGINE.execute(sql, (), statement)[1])
    sent = [row["sid"] for row in MESSAGES if row["date_sent"] and "02 Nov" in row["date_sent"]]
    assert ["GET Messages?DateSent<=2026-11-02&DateSent>=2026-11-02#1000:0"] == twilio.log
    assert len(sent) == statement.scanned
    assert 0 < len(found) < len(sent)


def test_limit_is_a_page_size(twilio: MemoryResources) -> None:
    """LIMIT 5 reads one page of five; where rows are checked here, or sorted, pages are as large as they may be."""
    run(twilio, "SELECT Sid FROM Messages LIMIT 5")
    run(twilio, "SELECT Sid FROM Messages WHERE Status = 'failed' LIMIT 5")
    run(twilio, "SELECT Sid FROM Messages ORDER BY Price LIMIT 5")
    run(twilio, "SELECT Sid FROM Messages LIMIT 5 OFFSET 5")
    assert ["GET Messages?#5:0", *["GET Messages?#1000:0"] * 3] == twilio.log


def test_a_limit_where_twilio_filters_nothing(twilio: MemoryResources) -> None:
    """A value that Twilio does not take is checked here: pages are as large as they may be."""
    run(twilio, "SELECT Sid FROM Conferences WHERE Status = 'no such status' LIMIT 5")
    assert ["GET Conferences?#1000:0"] == twilio.log


def test_rows_stream(twilio: MemoryResources) -> None:
    """No page is requested before a row of it is taken."""
    twilio.max_page_size = 10
    rows = ENGINE.execute("SELECT Sid FROM Messages", (), Statement(twilio))[1]
    taken = [next(rows) for _ in range(11)]
    assert (11, 2) == (len(taken), len(twilio.log))


def test_children_by_their_parents(twilio: MemoryResources) -> None:
    """A join reads the children of each parent once, whichever way it is written."""
    for tables in ("Conferences c JOIN Participants p", "Participants p JOIN Conferences c"):
        twilio.log.clear()
        found = run(twilio, f"SELECT count(*) FROM {tables} ON p.ConferenceSid = c.Sid")  # noqa: S608
        assert ([(len(PARTICIPANTS),)], 1 + len(CONFERENCES)) == (found, len(twilio.log))


def test_keys_are_got_once(twilio: MemoryResources) -> None:
    """A join on a SID gets each resource once, however many rows name it."""
    joined = "Participants p LEFT JOIN Conferences c ON c.Sid = p.ConferenceSid"
    run(twilio, f"SELECT count(c.Sid) FROM {joined} WHERE p.ConferenceSid = ?", (f"CF{1:032x}",))  # noqa: S608
    assert ["GET Participants?#1000:0", f"GET Conferences/CF{1:032x}"] == twilio.log


def test_a_small_list_is_read_once(twilio: MemoryResources) -> None:
    """A list that cannot be filtered at Twilio is read once in a statement, not once a row."""
    run(twilio, "SELECT count(*) FROM Messages a JOIN Messages b ON b.Body = a.Body")
    assert 1 == len(twilio.log)


def test_either_of_two(twilio: MemoryResources) -> None:
    """A row that both branches of an OR find is there once."""
    sql = 'SELECT count(*), count(DISTINCT Sid) FROM Messages WHERE "To" = ? OR "From" = ?'
    expected = sum(row["to"] == "+15550000001" or row["from"] == "+16660000001" for row in MESSAGES)
    assert [(expected, expected)] == run(twilio, sql, ("+15550000001", "+16660000001"))
    assert 2 == len(twilio.log)


def test_accounts_by_column(twilio: MemoryResources) -> None:
    """A table is the own account's, unless a column or a join names others; tables may be joined on the account."""
    sub = "AC" + "5" * 32
    accounts = [{"sid": ACCOUNT_SID, "status": "active"}, {"sid": sub, "status": "active"}]
    twilio.lists = {
        "Accounts": accounts,
        "Messages": [*MESSAGES, message(99, account_sid=sub)],
        "Conferences": CONFERENCES,
    }
    assert [(62,)] == run(twilio, "SELECT count(*) FROM Messages")
    assert [(1,)] == run(twilio, "SELECT count(*) FROM Messages WHERE AccountSid = ?", (sub,))
    assert [(63,)] == run(twilio, "SELECT count(*) FROM Messages WHERE AccountSid IN (?, ?)", (sub, ACCOUNT_SID))
    for tables in ("Accounts a JOIN Messages m", "Messages m JOIN Accounts a"):
        sql = f"SELECT a.Sid, count(*) FROM {tables} ON m.AccountSid = a.Sid GROUP BY a.Sid"  # noqa: S608
        assert [(ACCOUNT_SID, 62), (sub, 1)] == sorted(run(twilio, sql))
    joined = "SELECT count(*) FROM Messages m JOIN Conferences c USING (AccountSid)"
    assert [(62 * len(CONFERENCES),)] == run(twilio, joined)


def test_rows_without_a_key(twilio: MemoryResources) -> None:
    """Rows that have no key are told apart by what they hold, and two that are alike stay two."""
    record = {"category": "sms", "price": "1", "account_sid": ACCOUNT_SID, "start_date": "2026-11-01"}
    twilio.lists = {"UsageRecords": [record, dict(record), {**record, "price": "2"}]}
    sql = "SELECT Price FROM UsageRecords WHERE Category = 'sms' OR Category IN ('sms', 'calls')"
    assert [(1.0,), (1.0,), (2.0,)] == run(twilio, sql)
    numbers = run(twilio, "SELECT rowid, rowid + 0, _rowid_ FROM UsageRecords")
    assert 3 == len({row[0] for row in numbers})
    assert all(1 == len(set(row)) for row in numbers)


def test_another_collation_is_not_pushed_down(twilio: MemoryResources) -> None:
    """Twilio compares letter by letter; under NOCASE its answer could lack rows."""
    twilio.lists = {"Conferences": CONFERENCES}
    found = run(twilio, "SELECT count(*) FROM Conferences WHERE FriendlyName = 'SUPPORT' COLLATE NOCASE")
    assert [(8,)] == found
    assert ["GET Conferences?#1000:0"] == twilio.log


def test_nothing_equals_null(twilio: MemoryResources) -> None:
    """A comparison with NULL finds nothing and asks nobody."""
    assert [] == run(twilio, "SELECT Sid FROM Messages WHERE Recipient = NULL")
    assert [] == run(twilio, "SELECT Sid FROM Messages WHERE Sid = ?", (None,))
    assert [] == twilio.log


def test_a_value_that_twilio_does_not_take(twilio: MemoryResources) -> None:
    """What cannot be a parameter is checked here."""
    assert [] == run(twilio, "SELECT Sid FROM Conferences WHERE Status = 'no such status'")
    assert [] == run(twilio, "SELECT Sid FROM Messages WHERE DateSent > 'yesterday' AND DateSent < ''")
    assert [] == run(twilio, "SELECT Sid FROM Messages WHERE Sid = ''")


@pytest.mark.parametrize(
    ("moment", "count"),
    [
        ("'2026-11-01T01:51:00Z'", 3),
        ("'2026-11-01 01:51:00'", 3),
        ("'2026-11-01T02:51:00+01:00'", 3),
        ("datetime('2026-11-02', '-1330 minutes', '+1 minutes')", 3),
    ],
)
def test_moments_in_any_form(twilio: MemoryResources, moment: str, count: int) -> None:
    """A moment compares right whichever form it is written in, SQLite's own functions included."""
    found = run(twilio, f"SELECT Sid FROM Messages WHERE DateSent <= {moment} AND DateCreated <= {moment}")  # noqa: S608
    assert count == len(found)


def test_dates_are_sqlites(twilio: MemoryResources) -> None:
    """Date functions, grouping and sorting by moments work."""
    sql = "SELECT date(DateSent) AS Day, count(*) FROM Messages WHERE DateSent IS NOT NULL GROUP BY Day ORDER BY Day"
    assert [("2026-11-01", 34), ("2026-11-02", 21)] == run(twilio, sql)
    (latest,) = run(twilio, "SELECT max(DateSent) > datetime('2026-11-02', '+1 hours'), typeof(Price) FROM Messages")
    assert 1 == latest[0]


def test_hidden_filters(twilio: MemoryResources) -> None:
    """A filter of Twilio's that is no column goes with = and AND, and nowhere else."""
    number = {"phone_number": "+14155550100", "area_code": "415", "country_code": "US", "account_sid": ACCOUNT_SID}
    twilio.lists = {"AvailablePhoneNumbersLocal": [number]}
    table = "SELECT PhoneNumber, AreaCode FROM AvailablePhoneNumbersLocal WHERE CountryCode = 'US' AND "
    assert [("+14155550100", 415)] == run(twilio, f"{table}AreaCode = 415")
    assert ["GET AvailablePhoneNumbersLocal?AreaCode=415#1000:0"] == twilio.log
    for wrong in ("AreaCode > 400", "(AreaCode = 415 OR Region = 'CA')", "AreaCode IS NOT NULL"):
        with pytest.raises(HiddenFilterError, match="AreaCode is a filter of Twilio's, no column"):
            run(twilio, table + wrong)
    codes = "WITH codes(code) AS (VALUES (415), (510)) SELECT PhoneNumber FROM "
    joined = "codes JOIN AvailablePhoneNumbersLocal ON AreaCode = code WHERE CountryCode = 'US'"
    assert [("+14155550100",)] == run(twilio, codes + joined)
    late = "AvailablePhoneNumbersLocal n CROSS JOIN Calls c ON n.AreaCode = c.Duration WHERE CountryCode = 'US'"
    twilio.lists = {**twilio.lists, "Calls": [{"duration": "415", "account_sid": ACCOUNT_SID}]}
    with pytest.raises(HiddenFilterError):
        run(twilio, f"SELECT n.PhoneNumber FROM {late}")  # noqa: S608
    with pytest.raises(BadRequestError, match="AreaCode takes a value of type integer, not 'abc'"):
        run(twilio, f"{table}AreaCode = 'abc'")


@pytest.mark.parametrize(
    ("sql", "kind", "reason"),
    [
        ("SELECT * FROM Messagez", UnknownEntityError, "there is no entity 'Messagez'; did you mean Messages"),
        ("SELECT Statuz FROM Messages", UnknownColumnError, "Messages has no column 'Statuz'; did you mean Status"),
        ("SELECT m.Foo FROM Messages m", UnknownColumnError, "Messages has no column 'Foo'"),
        ('SELECT Sid FROM Messages WHERE Status = "failed"', StatementError, "where it is a text, write 'failed'"),
        ("SELECT AuthToken FROM Accounts", StatementError, "AuthToken is a secret and never leaves the bridge"),
        ('SELECT "AuthToken" FROM Accounts', StatementError, "AuthToken is a secret and never leaves the bridge"),
        ("SELECT a.AuthToken FROM Accounts a", StatementError, "AuthToken is a secret"),
        ("SELECT To FROM Messages", StatementError, "To and From are words of SQL: write Recipient and Sender"),
        ("SELECT * FROM Participants", MissingValueError, "Participants: name ConferenceSid"),
        ("SELECT * FROM Participants WHERE ConferenceSid > 'CF'", MissingValueError, "name ConferenceSid"),
        ("SELECT * FROM Interactions", MissingValueError, "Twilio has no list of .*nteractions.* name Sid"),
        ("SELECT * FROM Tokens", MissingValueError, "Tokens cannot be read: Twilio can only create it"),
        ("SELECT 1; SELECT 2", StatementError, "one statement at a time"),
        ("SELECT ?", StatementError, "Incorrect number of bindings"),
        ("SELECT nosuch(1)", StatementError, "no such function: nosuch"),
        ("SELECT (", StatementError, "incomplete input"),
        ("SELECT 1 FRM x", StatementError, "at position 14"),
        ("", StatementError, "write a SELECT"),
        ("-- nothing", StatementError, "write a SELECT"),
        ("DROP TABLE Messages", StatementError, "statements only read; DROP is refused"),
        ("/* */ DELETE FROM Messages", StatementError, "DELETE is refused"),
        ("UPDATE Messages SET Body = ''", StatementError, "UPDATE is refused"),
        ("INSERT INTO Messages(Sid) VALUES ('x')", StatementError, "INSERT is refused"),
        ("WITH x AS (SELECT 1) DELETE FROM Messages", StatementError, "may not be modified|refused"),
        ("WITH x AS (SELECT 1) INSERT INTO Messages(Sid) SELECT 'x'", StatementError, "may not be modified|refused"),
        ("CREATE TABLE x (y)", StatementError, "CREATE is refused"),
        ("ATTACH 'x' AS y", StatementError, "ATTACH is refused"),
        ("PRAGMA table_info(Messages)", StatementError, "PRAGMA is refused"),
        ("SELECT * FROM pragma_database_list", StatementError, "PRAGMA is refused"),
        ("VACUUM INTO 'x'", StatementError, "VACUUM is refused"),
        ("BEGIN", StatementError, "BEGIN is refused"),
        ("EXPLAIN SELECT 1", StatementError, "EXPLAIN is refused"),
        ("SELECT load_extension('x')", StatementError, "load_extension is refused"),
        ("SELECT length(randomblob(100000000))", StatementError, "too big"),
        ("SELECT length(zeroblob(1000000000))", StatementError, "too big"),
    ],
)
def test_refusals(twilio: MemoryResources, sql: str, kind: type[BridgeError], reason: str) -> None:
    """What cannot or must not be run is refused, and nobody is asked."""
    with pytest.raises(kind, match=reason):
        run(twilio, sql)
    assert [] == twilio.log


@pytest.mark.parametrize(
    "parameters", [(object(),), (b"x" * 3,), ("half \ud83d",), {"a": [1]}], ids=["object", "bytes", "half", "list"]
)
def test_parameters_that_are_none(twilio: MemoryResources, parameters: Parameters) -> None:
    """A parameter is a text, a number, true, false or null."""
    with pytest.raises(StatementError, match="a parameter"):
        run(twilio, "SELECT ?" if isinstance(parameters, tuple) else "SELECT :a", parameters)


def test_parameters(twilio: MemoryResources) -> None:
    """Parameters are bound by place and by name; a number beyond SQLite's is a floating one."""
    assert [(1, "x", None, 1e30)] == run(twilio, "SELECT ?, ?, ?, ?", (True, "x", None, 10**30))
    assert [("x",)] == run(twilio, "SELECT :name", {"name": "x"})


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c",
        "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT max(x) FROM c WHERE x < 0",
        "SELECT count(*) FROM Messages a, Messages b, Messages c, Messages d, Messages e",
    ],
)
def test_statements_that_do_not_end(twilio: MemoryResources, sql: str) -> None:
    """What computes for ever is ended, with the reason."""
    with pytest.raises(TimeBudgetError, match="was ended after 0 s of computing; it may loop for ever"):
        run(twilio, sql, seconds=0.3)


def test_an_endless_answer(twilio: MemoryResources) -> None:
    """Rows without end are ended, too."""
    sql = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
    with pytest.raises(TimeBudgetError):
        run(twilio, sql, seconds=0.3)


def test_waiting_is_not_computing() -> None:
    """The time that Twilio takes is not the statement's."""
    twilio = MemoryResources(LISTS, max_page_size=10, latency_s=0.15)
    assert [(62,)] == run(twilio, "SELECT count(*) FROM Messages", seconds=0.5)


def test_the_budget_of_requests(twilio: MemoryResources) -> None:
    """A statement ends before its first request too many, and says what would help."""
    twilio.max_page_size = 10
    with pytest.raises(BudgetError) as caught:
        run(twilio, "SELECT count(*) FROM Messages", max_requests=3)
    assert "needs at least 4 requests, and may make 3: 3 were for Messages, one a page" in str(caught.value)
    assert "conditions on To, From, DateSent would be pushed down" in str(caught.value)
    assert 3 == len(twilio.log)


def test_how_many_requests_it_would_take() -> None:
    """Where a date ends the list, the error says about how many requests it takes to get there."""
    newest_first = [row for row in reversed(MESSAGES[:60]) if row["date_sent"]]
    twilio = MemoryResources({"Messages": newest_first}, max_page_size=5)
    with pytest.raises(BudgetError) as caught:
        run(twilio, "SELECT count(*) FROM Messages WHERE DateSent >= '2026-11-01'", max_requests=4)
    (about,) = re.findall(
        r"back to DateSent 2026-11-01 \d\d:\d\d:\d\d; about (\d+) would reach 2026-11-01", str(caught.value)
    )
    assert abs(int(about) - len(newest_first) / 5) <= 2
    with pytest.raises(BudgetError, match="one a page \\(back to DateSent 2026-11-0"):
        run(twilio, "SELECT count(*) FROM Messages", max_requests=4)


def test_the_budget_of_a_join(twilio: MemoryResources) -> None:
    """A join that asks for each row says so."""
    sql = "SELECT count(*) FROM Conferences c JOIN Participants p ON p.ConferenceSid = c.Sid"
    with pytest.raises(BudgetError, match="Participants, one for each row it is joined with"):
        run(twilio, sql, max_requests=5)


def test_explain(twilio: MemoryResources) -> None:
    """The plan names the requests, outer loops first, and makes none."""
    sql = (
        "SELECT count(*) FROM Conferences c JOIN Participants p ON p.ConferenceSid = c.Sid WHERE c.Status = 'completed'"
    )
    outer, inner = ENGINE.explain(sql, (), Statement(twilio))
    assert "GET api/2010-04-01/Accounts/{AccountSid}/Conferences.json?Status=completed" == outer["request"]
    assert "GET api/2010-04-01/Accounts/{AccountSid}/Conferences/…/Participants.json" == inner["request"]
    assert (["Status ="], ["ConferenceSid ="]) == (outer["pushed_down"], inner["pushed_down"])
    assert [] == twilio.log
    with pytest.raises(StatementError, match="DROP is refused"):
        ENGINE.explain("DROP TABLE x", (), Statement(twilio))


def test_country(twilio: MemoryResources) -> None:
    """A number's country is known with and without a channel's prefix."""
    numbers = ("+447900000012", "whatsapp:+491701234567", "hello", None, "")
    sql = "SELECT country(?), country(?), country(?), country(?), country(?)"
    assert [("GB", "DE", None, None, None)] == run(twilio, sql, numbers)


def test_a_failed_statement_spoils_nothing(twilio: MemoryResources) -> None:
    """After an error in the middle of a reading the next statement runs."""
    twilio.max_page_size = 10
    for _ in range(3):
        with pytest.raises(BudgetError):
            run(twilio, "SELECT count(*) FROM Messages", max_requests=1)
        assert [(62,)] == run(twilio, "SELECT count(*) FROM Messages")


def test_two_cursors(twilio: MemoryResources) -> None:
    """Cursors of one connection are read in turns, each with its own budget and record."""
    twilio.max_page_size = 10
    with Connection(ENGINE, twilio) as connection:
        first = connection.execute("SELECT Sid FROM Messages WHERE Recipient = ?", ("+15550000001",))
        second = connection.execute("SELECT Sid, Status FROM Conferences")
        assert ("Sid", "text") == (first.description or ())[0][:2]
        rows: Sequence[object] = [first.fetchone(), second.fetchone(), *first.fetchall(), *second.fetchmany(100)]
        assert 2 + len(CONFERENCES) == len(rows)
        assert (1, 2) == (first.meta["requests"], second.meta["requests"])
        assert ["Messages.To ="] == first.meta["pushedDown"]
        assert first.fetchone() is None
    with pytest.raises(BadRequestError, match="closed"):
        connection.execute("SELECT 1")


def test_many_rows_hold_little() -> None:
    """A page is let go of when the next one comes."""
    twilio = MemoryResources({"Messages": [message(number) for number in range(6_000)]}, max_page_size=500)
    statement = Statement(twilio)
    ((count,),) = list(ENGINE.execute("SELECT count(*) FROM Messages", (), statement)[1])
    assert (6_000, 12) == (count, statement.requests)
    assert {} == statement.remembered


@pytest.mark.parametrize(
    ("column", "raw", "expected"),
    [
        ("Body", "half \ud83d", "half \ufffd"),
        ("Body", {"text": "\ud83d"}, '{"text":"\ufffd"}'),
        ("SubresourceUris", "\ud83d", "\ufffd"),
        ("DateSent", "\ud83d", "\ufffd"),
        ("ErrorCode", 2**70, float(2**70)),
        ("ErrorCode", "9" * 30, 1e30),
        ("ErrorCode", float("inf"), "inf"),
        ("Price", "NaN", "NaN"),
        ("Price", float("inf"), "inf"),
    ],
)
def test_a_broken_value_leaves_its_row_readable(column: str, raw: object, expected: object) -> None:
    """What SQLite or JSON cannot hold does not take the list with it."""
    key = REGISTRY.entity("Messages").column(column).json_key
    twilio = MemoryResources({"Messages": [message(1), message(2, **{key: raw}), message(3)]})
    found = run(twilio, f"SELECT {column} FROM Messages ORDER BY Sid")  # noqa: S608  a column
    assert (3, expected) == (len(found), found[1][0])


@pytest.mark.parametrize(
    ("sql", "parameters", "reason"),
    [
        ("SELECT '\ud83d'", (), "position 9"),
        ("SELECT 1 \0; SELECT 2", (), "position 10"),
        ("SELECT cast(x'ff' AS TEXT)", (), "is no text"),
        ("SELECT char(55296) FROM Messages", (), "is no text"),
        ("SELECT :since", {"until": 1}, "give a value for :since"),
        ("SELECT count(*) FROM dbstat", (), "no entity 'dbstat'"),
        ("SELECT '' LIKE printf('%.*c', 2000, 'a')", (), "pattern too complex"),
    ],
)
def test_what_is_no_text_or_has_no_value(
    twilio: MemoryResources, sql: str, parameters: Parameters, reason: str
) -> None:
    """Each gets an error that says where, and none is taken for a fault of the bridge's."""
    with pytest.raises(BadRequestError, match=re.escape(reason)):
        run(twilio, sql, parameters)


def test_a_sort_stays_in_memory(twilio: MemoryResources) -> None:
    """What is too large to be sorted in memory is refused; nothing of it is written to the disk."""
    sql = (
        "WITH RECURSIVE numbers(n, filling) AS (SELECT 1, zeroblob(900000) UNION ALL "
        "SELECT n + 1, zeroblob(900000) FROM numbers LIMIT 400) SELECT n, filling FROM numbers ORDER BY filling, n DESC"
    )
    with pytest.raises(StatementError, match="more than 256 MB"):
        run(twilio, sql)
    assert [(1,)] == run(twilio, "SELECT 1")


def test_time_is_checked_often(twilio: MemoryResources) -> None:
    """Functions may be slow: a statement whose time is over takes few further steps."""
    endless = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers) SELECT n FROM numbers"
    rows = ENGINE.execute(endless, (), Statement(twilio, seconds=0))[1]
    count = 0
    with pytest.raises(TimeBudgetError):
        for count, _ in enumerate(rows, start=1):  # noqa: B007  its last value
            pass
    assert 0 < count < 500


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("EndDate <= '2026-11-02T00:30:00+02:00'", ["2026-11-01"]),
        ("StartDate >= ' 2026-11-02'", ["2026-11-02"]),
        ("StartDate = '2026-11-02 00:00:00'", ["2026-11-02"]),
    ],
)
def test_days_compare_by_their_first_moment(condition: str, expected: list[str]) -> None:
    """SQL compares a day as Twilio is asked for it: in UTC, whatever zone and blanks the other side has."""
    days = [{"start_date": day, "end_date": day} for day in ("2026-11-01", "2026-11-02")]
    engine = SqliteEngine(REGISTRY, push_down=False)
    twilio = MemoryResources({"UsageRecordsDaily": days})
    sql = f"SELECT StartDate FROM UsageRecordsDaily WHERE {condition}"  # noqa: S608  a test's own
    assert expected == [day for (day,) in engine.execute(sql, (), Statement(twilio))[1]]


def test_moments_and_letters_are_not_pushed_down_for_each_other(twilio: MemoryResources) -> None:
    """Letters compare otherwise than moments, and moments otherwise than letters: Twilio does neither."""
    run(twilio, "SELECT Sid FROM Messages WHERE DateSent <= '2026-11-02T00:00:00+05:00' COLLATE BINARY")
    run(twilio, "SELECT Sid FROM Messages WHERE Recipient = '2026-11-02' COLLATE MOMENT")
    assert ["GET Messages?#1000:0"] * 2 == twilio.log
