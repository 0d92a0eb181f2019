"""Clauses, good and bad: what each becomes, and where and why it is refused."""

import pytest

from twilio_bridge.entities.filter_clause.checking import MAX_DEPTH
from twilio_bridge.entities.filter_clause.conditions import FilterClauseError
from twilio_bridge.entities.filter_clause.parsing import MAX_LENGTH, parse_filter_clause
from twilio_bridge.entities.registry import Column, Entity, Filter, load_registry

MESSAGES = load_registry().entity("Messages")
NUMBERS = load_registry().entity("AvailablePhoneNumbersLocal")
PARTICIPANTS = load_registry().entity("Participants")
ACCOUNTS = load_registry().entity("Accounts")
USAGE = load_registry().entity("UsageRecords")
SID = "SM3ad97d41e786c02bca47c8ce1745053b"
NOVEMBER = "2026-11-29 00:00:00"

GOOD: list[tuple[Entity, str, str, tuple[object, ...]]] = [
    (MESSAGES, "", "", ()),
    (MESSAGES, "   ", "", ()),
    (MESSAGES, "To = '+1'", '"To" = ?', ("+1",)),
    (MESSAGES, "to='+1'", '"To" = ?', ("+1",)),
    (MESSAGES, "From = '+1'", '"From" = ?', ("+1",)),
    (MESSAGES, "Sender = '+1'", '"From" = ?', ("+1",)),
    (MESSAGES, "RECIPIENT = '+1'", '"To" = ?', ("+1",)),
    (MESSAGES, 'To = "+1"', '"To" = ?', ("+1",)),
    (MESSAGES, "`To` = '+1'", '"To" = ?', ("+1",)),
    (MESSAGES, "[To] = '+1'", '"To" = ?', ("+1",)),
    (MESSAGES, "\"To\" = '+1'", '"To" = ?', ("+1",)),
    (MESSAGES, "Body = 'O''Neil'", '"Body" = ?', ("O'Neil",)),
    (MESSAGES, 'Body = "say ""hi"""', '"Body" = ?', ('say "hi"',)),
    (MESSAGES, "Body = ''", '"Body" = ?', ("",)),
    (MESSAGES, "Body = 'a AND b OR c'", '"Body" = ?', ("a AND b OR c",)),
    (MESSAGES, "Body = '1; DROP TABLE x --'", '"Body" = ?', ("1; DROP TABLE x --",)),
    (MESSAGES, "Body = 'Grüße 🙂'", '"Body" = ?', ("Grüße 🙂",)),
    (MESSAGES, "Status != 'failed'", '"Status" != ?', ("failed",)),
    (MESSAGES, "Status <> 'failed'", '"Status" != ?', ("failed",)),
    (MESSAGES, "ErrorCode = 30003", '"ErrorCode" = ?', (30003,)),
    (MESSAGES, "ErrorCode = '30003'", '"ErrorCode" = ?', (30003,)),
    (MESSAGES, "ErrorCode > 30000.5", '"ErrorCode" > ?', (30000.5,)),
    (MESSAGES, "ErrorCode = 1e400", '"ErrorCode" = ?', (float("inf"),)),
    (MESSAGES, "Price < -0.01", '"Price" < ?', (-0.01,)),
    (MESSAGES, "Price >= .5", '"Price" >= ?', (0.5,)),
    (MESSAGES, "Price <= 1e-3", '"Price" <= ?', (0.001,)),
    (MESSAGES, "NumSegments >= +2", '"NumSegments" >= ?', (2,)),
    (MESSAGES, "ErrorCode IS NULL", '"ErrorCode" IS NULL', ()),
    (MESSAGES, "ErrorCode is not null", '"ErrorCode" IS NOT NULL', ()),
    (MESSAGES, "ErrorCode = NULL", '"ErrorCode" IS NULL', ()),
    (MESSAGES, "ErrorCode != NULL", '"ErrorCode" IS NOT NULL', ()),
    (MESSAGES, "To IN ('+1', '+2')", '"To" IN (?, ?)', ("+1", "+2")),
    (MESSAGES, "Status NOT IN ('failed')", '"Status" NOT IN (?)', ("failed",)),
    (MESSAGES, "NumSegments BETWEEN 2 AND 4", '"NumSegments" BETWEEN ? AND ?', (2, 4)),
    (MESSAGES, "NumSegments not between 2 and 4", '"NumSegments" NOT BETWEEN ? AND ?', (2, 4)),
    (MESSAGES, "Body LIKE 'Hello%'", '"Body" LIKE ?', ("Hello%",)),
    (MESSAGES, "Body NOT LIKE '50\\%' ESCAPE '\\'", '"Body" NOT LIKE ? ESCAPE ?', ("50\\%", "\\")),
    (MESSAGES, "DateSent >= 2026-11-29", '"DateSent" >= ?', (NOVEMBER,)),
    (MESSAGES, "DateSent >= '2026-11-29'", '"DateSent" >= ?', (NOVEMBER,)),
    (MESSAGES, "DateSent > 2026-11-29T10:30:00Z", '"DateSent" > ?', ("2026-11-29 10:30:00",)),
    (MESSAGES, "DateSent > '2026-11-29T10:30:00+02:00'", '"DateSent" > ?', ("2026-11-29 08:30:00",)),
    (MESSAGES, "DateSent > '2026-11-29 10:30:00'", '"DateSent" > ?', ("2026-11-29 10:30:00",)),
    (MESSAGES, "DateSent < '2026-11-29T10:30'", '"DateSent" < ?', ("2026-11-29 10:30:00",)),
    (
        MESSAGES,
        "DateSent = 2026-11-29",
        '("DateSent" >= ? AND "DateSent" < ?)',
        (NOVEMBER, "2026-11-30 00:00:00"),
    ),
    (
        MESSAGES,
        "DateSent != '2026-11-29'",
        'NOT ((+"DateSent" >= ? AND +"DateSent" < ?))',
        (NOVEMBER, "2026-11-30 00:00:00"),
    ),
    (MESSAGES, "DateSent = '2026-11-29T00:00:00Z'", '"DateSent" = ?', (NOVEMBER,)),
    (
        MESSAGES,
        "DateSent IN (2026-11-29)",
        '((+"DateSent" >= ? AND +"DateSent" < ?))',
        (NOVEMBER, "2026-11-30 00:00:00"),
    ),
    (MESSAGES, "To = '+1' AND From = '+2'", '"To" = ? AND "From" = ?', ("+1", "+2")),
    (MESSAGES, "(To = '+1' AND (From = '+2'))", '"To" = ? AND "From" = ?', ("+1", "+2")),
    (MESSAGES, "To = '+1' OR From = '+2'", '(+"To" = ? OR +"From" = ?)', ("+1", "+2")),
    (
        MESSAGES,
        "To = '1' OR To = '2' AND From = '3'",
        '(+"To" = ? OR (+"To" = ? AND +"From" = ?))',
        ("1", "2", "3"),
    ),
    (
        MESSAGES,
        "(To = '1' OR To = '2') AND From = '3'",
        '(+"To" = ? OR +"To" = ?) AND "From" = ?',
        ("1", "2", "3"),
    ),
    (MESSAGES, "NOT To = '+1'", 'NOT (+"To" = ?)', ("+1",)),
    (MESSAGES, "NOT (To = '+1' OR To = '+2')", 'NOT ((+"To" = ? OR +"To" = ?))', ("+1", "+2")),
    (MESSAGES, "NOT NOT To = '+1'", 'NOT (NOT (+"To" = ?))', ("+1",)),
    (MESSAGES, "\n To\t=\n'+1' ", '"To" = ?', ("+1",)),
    (PARTICIPANTS, "ConferenceSid = 'CF1' AND Muted = true", '"ConferenceSid" = ? AND "Muted" = ?', ("CF1", 1)),
    (PARTICIPANTS, "Muted = 'false'", '"Muted" = ?', (0,)),
    (PARTICIPANTS, "Muted = 1", '"Muted" = ?', (1,)),
    (NUMBERS, "CountryCode = 'US' AND AreaCode = 415", '"CountryCode" = ? AND "AreaCode" = ?', ("US", 415)),
    (NUMBERS, "CountryCode = 'US' AND SmsEnabled = true", '"CountryCode" = ? AND "SmsEnabled" = ?', ("US", 1)),
    (NUMBERS, "AreaCode IN (415, 510)", '"AreaCode" IN (?, ?)', (415, 510)),
    (USAGE, "StartDate = '2026-11-29'", '"StartDate" = ?', ("2026-11-29",)),
    (USAGE, "StartDate > 2026-11-29", '"StartDate" > ?', ("2026-11-29",)),
    (MESSAGES, "SubresourceUris LIKE '%media%'", '"SubresourceUris" LIKE ?', ("%media%",)),
]

BAD: list[tuple[Entity, str, int, str]] = [
    (MESSAGES, "Foo = 1", 1, "Messages has no column 'Foo'; did you mean From"),
    (MESSAGES, "Too = '1'", 1, "did you mean To"),
    (MESSAGES, "To = '1' AND Statuz = 'x'", 14, "did you mean Status"),
    (MESSAGES, "To =", 5, "it ends too early; expected a text in quotes"),
    (MESSAGES, "To", 3, "it ends too early; expected an operator"),
    (MESSAGES, "= '1'", 1, "unexpected '='; expected a column"),
    (MESSAGES, "To = '1' AND", 13, "it ends too early"),
    (MESSAGES, "To = '1' OR OR To = '2'", 13, "unexpected 'OR'"),
    (MESSAGES, "AND To = '1'", 1, "unexpected 'AND'"),
    (MESSAGES, "(To = '1'", 10, "expected )"),
    (MESSAGES, "To = '1')", 9, "unexpected ')'"),
    (MESSAGES, "()", 2, "unexpected ')'"),
    (MESSAGES, "To = 'abc", 6, "a quote is not closed"),
    (MESSAGES, 'To = "abc', 6, "a quote is not closed"),
    (MESSAGES, "To '1'", 4, "unexpected \"'1'\"; expected an operator"),
    (MESSAGES, "To == '1'", 5, "'==' is no operator; write ="),
    (MESSAGES, "To = abc", 6, "put text in quotes: 'abc'"),
    (MESSAGES, "Status = failed", 10, "put text in quotes: 'failed'"),
    (MESSAGES, "To = 5", 6, "To is text; put the value in quotes: '5'"),
    (MESSAGES, "To = true", 6, "To is text"),
    (MESSAGES, "To = 2026-11-29", 6, "To is text; put the value in quotes: '2026-11-29'"),
    (MESSAGES, "ErrorCode = 'abc'", 13, "ErrorCode is integer; 'abc' is no number"),
    (MESSAGES, "ErrorCode = true", 13, "ErrorCode is integer"),
    (MESSAGES, "Price = 2026-11-29", 9, "Price is number"),
    (MESSAGES, "DateSent > 'yesterday'", 12, "DateSent is datetime; write a date or a moment"),
    (MESSAGES, "DateSent > 5", 12, "DateSent is datetime"),
    (MESSAGES, "DateSent > 2026-13-40", 12, "DateSent is datetime"),
    (USAGE, "StartDate = '2026-11-29T10:00:00Z'", 13, "StartDate is date; write a day"),
    (PARTICIPANTS, "Muted = 'maybe'", 9, "Muted is boolean; write true or false"),
    (PARTICIPANTS, "Muted = 2", 9, "Muted is boolean"),
    (MESSAGES, "ErrorCode < NULL", 13, "nothing is smaller or larger than NULL; write IS NULL"),
    (MESSAGES, "To IN ('1', NULL)", 13, "NULL is in no list; write OR To IS NULL"),
    (MESSAGES, "To IN ()", 8, "unexpected ')'"),
    (MESSAGES, "To IN '1'", 7, "expected ("),
    (MESSAGES, "NumSegments BETWEEN 1 OR 2", 23, "unexpected 'OR'"),
    (MESSAGES, "NumSegments BETWEEN NULL AND 2", 21, "nothing is between NULL"),
    (MESSAGES, "ErrorCode LIKE '3%'", 1, "LIKE compares text; ErrorCode is integer"),
    (MESSAGES, "Body LIKE 5", 11, "put text in quotes: '5'"),
    (MESSAGES, "Body LIKE 'x' ESCAPE 'ab'", 1, "ESCAPE takes one character"),
    (MESSAGES, "To IS 'x'", 7, "unexpected \"'x'\""),
    (MESSAGES, "To = '1'; DROP TABLE x", 9, "unexpected ';'"),
    (MESSAGES, "To = '1' -- x", 10, "unexpected '--'"),
    (MESSAGES, "To = (SELECT 1)", 6, "unexpected '('"),
    (MESSAGES, "EXISTS (SELECT 1)", 8, "unexpected '('"),
    (MESSAGES, "upper(To) = 'X'", 6, "unexpected '('"),
    (MESSAGES, "1 = 1", 1, "unexpected '1'"),
    (MESSAGES, "To = '1' LIMIT 5", 10, "unexpected 'LIMIT'"),
    (MESSAGES, "To = ?", 6, "unexpected '?'"),
    (MESSAGES, f"{SID} x", 36, "expected an operator"),
    (NUMBERS, "AreaCode > 415", 1, "goes with = only"),
    (NUMBERS, "AreaCode LIKE '4%'", 1, "LIKE compares text; AreaCode is a filter of Twilio's"),
    (NUMBERS, "AreaCode IS NULL", 1, "goes with = only"),
    (NUMBERS, "AreaCode = 'abc'", 12, "AreaCode is integer"),
    (NUMBERS, "AreaCode = 415 OR Beta = true", 1, "AreaCode is a filter of Twilio's, no column"),
    (NUMBERS, "NOT AreaCode = 415", 5, "AreaCode is a filter of Twilio's"),
    (ACCOUNTS, "AuthToken = 'x'", 1, "AuthToken is a secret and never leaves the bridge"),
    (MESSAGES, "Body = 'half \ud83d'", 14, "half a character"),
    (MESSAGES, "To = '" + "1" * MAX_LENGTH + "'", MAX_LENGTH, "longer than"),
    (MESSAGES, "NOT " * 200 + "To = '1'", 1, f"nested more than {MAX_DEPTH} deep"),
]


@pytest.mark.parametrize(("entity", "text", "where", "values"), GOOD, ids=[text[:60] for _, text, _, _ in GOOD])
def test_good(entity: Entity, text: str, where: str, values: tuple[object, ...]) -> None:
    """A clause becomes a WHERE, and its values are bound."""
    clause = parse_filter_clause(text, entity)
    assert (where, values, "") == (clause.where, clause.values, clause.sid)


@pytest.mark.parametrize(
    ("entity", "text", "position", "reason"),
    BAD,
    ids=[text[:60].encode("ascii", "replace").decode() for _, text, _, _ in BAD],
)
def test_bad(entity: Entity, text: str, position: int, reason: str) -> None:
    """A clause that cannot be used is refused with the place and what would be right."""
    with pytest.raises(FilterClauseError) as caught:
        parse_filter_clause(text, entity)
    assert position == caught.value.position
    assert reason in str(caught.value)
    assert str(caught.value).startswith(f"filterClause, position {position}: ")


def test_the_table_is_long_enough() -> None:
    """At least eighty clauses are held."""
    assert len(GOOD) + len(BAD) >= 80


@pytest.mark.parametrize("text", [SID, f"  {SID}\n", SID[:2] + SID[2:].upper()])
def test_a_bare_sid(text: str) -> None:
    """A clause that is a SID looks it up."""
    clause = parse_filter_clause(text, MESSAGES)
    assert (text.strip(), "", ()) == (clause.sid, clause.where, clause.values)


def test_deep_brackets_are_no_depth() -> None:
    """Brackets alone nest nothing."""
    clause = parse_filter_clause("(" * 2_000 + "To = '1'" + ")" * 2_000, MESSAGES)
    assert '"To" = ?' == clause.where


def test_terms_say_what_twilio_could_be_asked() -> None:
    """Each condition that is joined by AND is named as it was written."""
    text = "(To = '1' OR To = '2') AND DateSent = 2026-11-29 AND Status IN ('a') AND Body LIKE 'x%'"
    terms = parse_filter_clause(text, MESSAGES).terms
    assert [
        ("To = '1' OR To = '2'", ()),
        ("DateSent = 2026-11-29", (("DateSent", ">="), ("DateSent", "<"))),
        ("Status IN ('a')", (("Status", "="),)),
        ("Body LIKE 'x%'", (("Body", "LIKE"),)),
    ] == [(term.text, term.comparisons) for term in terms]


def test_columns_named_like_keywords() -> None:
    """A column may begin with a word of the grammar, or be one where a column stands."""
    columns = tuple(
        Column(name, "text", name.lower()) for name in ("Order", "Android", "Inbox", "Nullable", "Isolated")
    )
    entity = Entity("Things", "api", "", "", "", (), {}, columns, (Filter("Notes", "Notes", hidden=True),), {})
    clause = parse_filter_clause("Order='1' AND Android='2' AND Inbox='3' AND Nullable='4' AND Isolated='5'", entity)
    assert ("1", "2", "3", "4", "5") == clause.values
