"""Clauses and statements with the rows they should return, worked out in plain Python without any engine.

Everything here is written a second time on purpose: how Twilio's values become SQL's, what NULL does to AND, OR and
NOT, what LIKE matches.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from hypothesis import strategies as st

from tests.fakes.memory_resources import ACCOUNT_SID, message, rfc_2822
from twilio_bridge.entities.ports import Row

Truth = bool | None
Predicate = Callable[[Row], Truth]
FIRST = datetime(2026, 11, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Case:
    """A condition as text and as a predicate."""

    text: str
    holds: Predicate


MESSAGES = [message(number) for number in range(60)]
MESSAGES += [message(60, body="50 % off_ at O'Neil's", to="+15550000001"), message(61, body=None, price="0.00750")]
CONFERENCES = [
    {
        "sid": f"CF{number:032x}",
        "account_sid": ACCOUNT_SID,
        "friendly_name": ("support", "sales", "Support")[number % 3],
        "status": ("completed", "in-progress")[number % 2],
        "region": None if number % 4 == 0 else "us1",
        "date_created": rfc_2822(FIRST + timedelta(hours=13 * number)),
        "date_updated": rfc_2822(FIRST + timedelta(hours=13 * number, minutes=9)),
    }
    for number in range(12)
]
PARTICIPANTS = [
    {
        "conference_sid": f"CF{number % 9:032x}",
        "account_sid": ACCOUNT_SID,
        "call_sid": f"CA{number:032x}",
        "label": None if number % 5 == 0 else f"label {number % 3}",
        "muted": number % 2 == 0,
        "hold": number % 3 == 0,
        "status": "connected",
    }
    for number in range(30)
]
NUMBERS = [
    {
        "sid": f"PN{number:032x}",
        "account_sid": ACCOUNT_SID,
        "phone_number": f"+1666{number:07}",
        "friendly_name": f"Line {number}",
    }
    for number in range(9)
]
LISTS: dict[str, list[Row]] = {
    "Messages": MESSAGES,
    "Conferences": CONFERENCES,
    "Participants": PARTICIPANTS,
    "IncomingPhoneNumbers": NUMBERS,
}


def as_moment(raw: str | None) -> datetime | None:
    """Return a moment as Python's own."""
    return parsedate_to_datetime(raw) if raw else None


def as_number(raw: object) -> float | None:
    """Return a number, whichever way Twilio writes it."""
    return None if raw in {None, ""} else float(str(raw))


COLUMNS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "Sid": ("sid", lambda raw: raw),
    "To": ("to", lambda raw: raw),
    "From": ("from", lambda raw: raw),
    "Sender": ("from", lambda raw: raw),
    "Recipient": ("to", lambda raw: raw),
    "Status": ("status", lambda raw: raw),
    "Body": ("body", lambda raw: raw),
    "Direction": ("direction", lambda raw: raw),
    "MessagingServiceSid": ("messaging_service_sid", lambda raw: raw),
    "ErrorCode": ("error_code", as_number),
    "NumSegments": ("num_segments", as_number),
    "Price": ("price", as_number),
    "DateSent": ("date_sent", as_moment),
    "DateCreated": ("date_created", as_moment),
}
TEXTS: dict[str, list[Any]] = {
    "Sid": [MESSAGES[3]["sid"], MESSAGES[60]["sid"], "SM" + "f" * 32],
    "To": ["+15550000001", "+15550000002", "+1"],
    "Recipient": ["+15550000001", "+15550000002"],
    "From": ["+16660000001", "+16660000002", ""],
    "Sender": ["+16660000003"],
    "Status": ["delivered", "failed", "Failed", "nothing"],
    "Body": ["Hello 7", "50 % off_ at O'Neil's", "x"],
    "Direction": ["inbound"],
    "MessagingServiceSid": ["MG1"],
}
NUMBERS_OF: dict[str, list[Any]] = {
    "ErrorCode": [30003, 0],
    "NumSegments": [1, 2, 3],
    "Price": [-1.0075, -3.0075, 0, 0.0075],
}
MOMENTS = [FIRST, FIRST + timedelta(minutes=37), FIRST + timedelta(minutes=37 * 20), FIRST + timedelta(days=1)]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def pool_of(name: str) -> list[Any]:
    """Return what a column is compared with."""
    return TEXTS[name] if name in TEXTS else NUMBERS_OF[name]


def quoted(value: object) -> str:
    """Return a text in quotes."""
    return "'" + str(value).replace("'", "''") + "'"


def written(moment: datetime, form: int) -> str:
    """Return a moment in one of the forms that people write."""
    east = moment.astimezone(UTC) + timedelta(hours=2)
    return (
        f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        f"'{moment:%Y-%m-%dT%H:%M:%SZ}'",
        f"'{moment:%Y-%m-%d %H:%M:%S}'",
        f"'{east:%Y-%m-%dT%H:%M:%S}+02:00'",
    )[form]


def value_of(name: str) -> Callable[[Row], Any]:
    """Return how a column is read."""
    key, read = COLUMNS[name]
    return lambda row: read(row.get(key))


def test_of(name: str, compare: Callable[[Any], bool]) -> Predicate:
    """Return a comparison that NULL makes unknown."""
    read = value_of(name)
    return lambda row: None if read(row) is None else compare(read(row))


def like(pattern: str, escape: str = "") -> Callable[[str], bool]:
    """Return what LIKE matches: without regard to the case of ASCII letters."""
    parts, signs = [], iter(pattern)
    for sign in signs:
        if escape and sign == escape:
            parts.append(re.escape(next(signs, "")))
        else:
            parts.append({"%": ".*", "_": "."}.get(sign, re.escape(sign)))
    compiled = re.compile("".join(parts), re.DOTALL | re.IGNORECASE | re.ASCII)
    return lambda text: compiled.fullmatch(text) is not None


@st.composite
def comparisons(draw: st.DrawFn) -> Case:
    """Make one comparison."""
    name = draw(st.sampled_from(sorted(COLUMNS)))
    shown = draw(st.sampled_from([name, name.upper(), name.lower(), f"`{name}`", f"[{name}]", f'"{name}"']))
    operator = draw(st.sampled_from(sorted(COMPARE)))
    if name.startswith("Date"):
        moment = draw(st.sampled_from(MOMENTS))
        text = written(moment, draw(st.integers(0, 3)))
        return Case(f"{shown} {operator} {text}", test_of(name, lambda held: COMPARE[operator](held, moment)))
    values = pool_of(name)
    value = draw(st.sampled_from(values))
    text = quoted(value) if name in TEXTS or draw(st.booleans()) else str(value)
    return Case(f"{shown} {operator} {text}", test_of(name, lambda held: COMPARE[operator](held, value)))


@st.composite
def days(draw: st.DrawFn) -> Case:
    """Make a comparison with a whole day."""
    name, day = draw(st.sampled_from(["DateSent", "DateCreated"])), draw(st.sampled_from([FIRST, MOMENTS[-1]]))
    operator = draw(st.sampled_from(["=", "!="]))
    inside = test_of(name, lambda held: (day <= held < day + timedelta(days=1)) == (operator == "="))
    return Case(f"{name} {operator} {day:%Y-%m-%d}", inside)


@st.composite
def memberships(draw: st.DrawFn) -> Case:
    """Make an IN or a BETWEEN, or their contraries."""
    name = draw(st.sampled_from(["To", "Status", "Sid", "ErrorCode", "NumSegments"]))
    pool = pool_of(name)
    values = draw(st.lists(st.sampled_from(pool), min_size=1, max_size=3))
    negated, between = draw(st.booleans()), draw(st.booleans())
    word = "NOT " if negated else ""
    shown = [quoted(value) if name in TEXTS else str(value) for value in values]
    if between:
        low, high = values[0], values[-1]
        holds = test_of(name, lambda held: (low <= held <= high) != negated)
        return Case(f"{name} {word}BETWEEN {shown[0]} AND {shown[-1]}", holds)
    return Case(f"{name} {word}in ({', '.join(shown)})", test_of(name, lambda held: (held in values) != negated))


@st.composite
def likenesses(draw: st.DrawFn) -> Case:
    """Make a LIKE."""
    name = draw(st.sampled_from(["Body", "Status", "To"]))
    pattern = draw(st.sampled_from(["hello%", "%ELIVERED", "+1555000000_", "50 \\% off\\_%", "%o''neil%", "Hello _"]))
    negated, escaped = draw(st.booleans()), draw(st.booleans())
    compiled = like(pattern.replace("''", "'"), "\\" if escaped else "")
    ending = " ESCAPE '\\'" if escaped else ""
    text = f"{name} {'NOT ' if negated else ''}LIKE '{pattern}'{ending}"
    return Case(text, test_of(name, lambda held: compiled(held) != negated))


@st.composite
def absences(draw: st.DrawFn) -> Case:
    """Make an IS NULL in one of its forms."""
    name = draw(st.sampled_from(["ErrorCode", "Price", "DateSent", "Body", "MessagingServiceSid"]))
    text, wanted = draw(
        st.sampled_from([("IS NULL", True), ("IS NOT NULL", False), ("= NULL", True), ("!= null", False)])
    )
    read = value_of(name)
    return Case(f"{name} {text}", lambda row: (read(row) is None) == wanted)


def _and(left: Truth, right: Truth) -> Truth:
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _or(left: Truth, right: Truth) -> Truth:
    if left or right:
        return True
    return None if left is None or right is None else False


def _join(parts: tuple[Case, str, Case]) -> Case:
    left, word, right = parts
    connect = _and if word.upper() == "AND" else _or
    return Case(f"({left.text} {word} {right.text})", lambda row: connect(left.holds(row), right.holds(row)))


def _negate(case: Case) -> Case:
    def holds(row: Row) -> Truth:
        held = case.holds(row)
        return None if held is None else not held

    return Case(f"NOT ({case.text})", holds)


def _chain(cases: list[Case]) -> Case:
    """Join by AND without brackets, as most clauses do."""
    joined = cases[0]
    for case in cases[1:]:
        joined = Case(f"{joined.text} AND {case.text}", _join((joined, "AND", case)).holds)
    return joined


def conditions() -> st.SearchStrategy[Case]:
    """Make a condition of any depth."""
    leaves = st.one_of(comparisons(), comparisons(), days(), memberships(), likenesses(), absences())
    words = st.sampled_from(["AND", "OR", "and", "or"])
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.tuples(inner, words, inner).map(_join),
            inner.map(_negate),
            st.lists(inner, min_size=2, max_size=4).map(_chain),
        ),
        max_leaves=6,
    )
