"""Pages of a list: whatever size, budget and filter, they hold each row once, and tokens cannot be forged."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.memory_resources import MemoryResources, message
from tests.sizes import size
from tests.unit.entities.oracle import LISTS, MESSAGES, Case, conditions
from twilio_bridge.adapters.entities.sqlite import SqliteEngine
from twilio_bridge.entities.calls import EntityCall
from twilio_bridge.entities.errors import UnknownColumnError
from twilio_bridge.entities.listing import Lists, Page
from twilio_bridge.entities.reading import BudgetError
from twilio_bridge.entities.registry import load_registry
from twilio_bridge.entities.tokens import PageTokens
from twilio_bridge.errors import BadRequestError

REGISTRY = load_registry()
ENGINE = SqliteEngine(REGISTRY)
TOKENS = PageTokens("secret")


def lists(twilio: MemoryResources, seconds: float = 18.0) -> Lists:
    return Lists(ENGINE, twilio, TOKENS, seconds)


def read(twilio: MemoryResources, entity: str = "Messages", seconds: float = 18.0, **asked: Any) -> Page:
    found = REGISTRY.entity(entity)
    return lists(twilio, seconds).read(found, EntityCall(entity, "list", **asked))


def follow(twilio: MemoryResources, token: str = "", **asked: Any) -> Iterator[Page]:
    """Read page after page to the end."""
    for _ in range(1_000):
        page = read(twilio, page_token=token, **asked)
        yield page
        if page.next_token is None:
            return
        token = page.next_token
    pytest.fail("the list does not end")


@pytest.mark.prove
@settings(max_examples=size(30, 500), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(conditions(), st.integers(1, 30), st.integers(1, 3), st.integers(1, 20))
def test_pages(case: Case, page_size: int, max_requests: int, twilio_size: int) -> None:
    """All pages together are the rows that match, in Twilio's order, however a call is cut."""
    twilio = MemoryResources(LISTS, max_page_size=twilio_size)
    pages = list(follow(twilio, filter_clause=case.text, page_size=page_size, max_requests=max_requests))
    found = [row["Sid"] for page in pages for row in page.rows]
    expected = [row["sid"] for row in MESSAGES if case.holds(row)]
    assert sorted(expected) == sorted(found), case.text
    assert all(len(page.rows) <= page_size and page.meta["requests"] <= max_requests for page in pages)


def test_a_page_without_a_filter() -> None:
    """25 rows are one request for 25 rows, and the next page another."""
    twilio = MemoryResources(LISTS)
    first, second, third = follow(twilio)
    assert (25, 25, 12) == (len(first.rows), len(second.rows), len(third.rows))
    assert [25, 25, 25] == [int(line.rsplit("#", 1)[1].split(":")[0]) for line in twilio.log]
    assert {"pushedDown": [], "filteredLocally": [], "scanned": 25, "requests": 1, "complete": False} == first.meta


def test_the_meta() -> None:
    """What ran at Twilio and what was checked here is told apart, by the caller's own words."""
    clause = "To = '+15550000001' AND Status = 'failed' AND (ErrorCode = 30003 OR ErrorCode IS NULL)"
    page = read(MemoryResources(LISTS), filter_clause=clause)
    assert ["To = '+15550000001'"] == page.meta["pushedDown"]
    assert ["Status = 'failed'", "ErrorCode = 30003 OR ErrorCode IS NULL"] == page.meta["filteredLocally"]
    assert (2, 1, True) == (page.meta["scanned"], page.meta["requests"], page.meta["complete"])


def test_values_in_an_answer() -> None:
    """Moments are ISO with Z, numbers numbers, objects objects; what is unknown is null."""
    row = read(MemoryResources(LISTS), filter_clause=f"SM{10:032x}").rows[0]
    assert ("2026-11-01T06:10:00Z", -0.0075, 2, None) == (
        row["DateSent"],
        row["Price"],
        row["NumSegments"],
        row["ErrorCode"],
    )
    assert {"media": f"/Messages/SM{10:032x}/Media.json"} == row["SubresourceUris"]


def test_fields() -> None:
    """Fields are named as they were asked for, and only these are answered."""
    page = read(MemoryResources(LISTS), fields=("sid", "Sender"), page_size=1)
    assert [{"Sid": f"SM{0:032x}", "Sender": "+16660000000"}] == page.rows
    with pytest.raises(UnknownColumnError, match="did you mean Sid"):
        read(MemoryResources(LISTS), fields=("Sidd",))


def test_secrets_are_no_fields() -> None:
    """A secret cannot be asked for."""
    with pytest.raises(BadRequestError, match="AuthToken is a secret"):
        read(MemoryResources(LISTS), entity="Accounts", fields=("AuthToken",))


def test_a_bare_sid_is_one_request() -> None:
    """A clause that is a SID gets the row by its key."""
    twilio = MemoryResources(LISTS)
    page = read(twilio, filter_clause=f"SM{7:032x}")
    assert ([f"SM{7:032x}"], [f"GET Messages/SM{7:032x}"], None) == (
        [row["Sid"] for row in page.rows],
        twilio.log,
        page.next_token,
    )


def test_in_is_one_request_a_value() -> None:
    """IN on a filter of Twilio's is a list a value, cut and gone on with like any other."""
    twilio = MemoryResources(LISTS, max_page_size=5)
    clause = "From IN ('+16660000001', '+16660000003', '+16660000003', '+1')"
    found = [row["Sid"] for page in follow(twilio, filter_clause=clause, page_size=3) for row in page.rows]
    expected = [row["sid"] for row in MESSAGES if row["from"] in {"+16660000001", "+16660000003"}]
    assert sorted(expected) == sorted(found)


def test_time_cuts_a_list() -> None:
    """When the time is up a list answers what it has, though that is nothing, and goes on from there."""
    twilio = MemoryResources(LISTS, max_page_size=10)
    token, calls = "", 0
    found: list[dict[str, Any]] = []
    while True:
        page = read(twilio, seconds=-1.0, filter_clause="Body = 'Hello 45'", page_token=token)
        calls, found = calls + 1, found + page.rows
        if page.next_token is None:
            break
        assert 1 == page.meta["requests"]
        token = page.next_token
    assert (7, ["Hello 45"]) == (calls, [row["Body"] for row in found])


def test_the_token_is_for_one_list() -> None:
    """A token that was changed, made up, or given for another list is refused."""
    twilio = MemoryResources(LISTS)
    token = read(twilio, page_size=5).next_token
    assert token
    wrong = [token[:-2] + ("AA" if token[-2:] != "AA" else "BB"), "x", "AAAA", token + "é", token[1:], "=" * 40]
    for forged in wrong:
        with pytest.raises(BadRequestError, match="listEntitiesPageToken"):
            read(twilio, page_token=forged)
    others: list[dict[str, Any]] = [{"filter_clause": "To = '+1'"}, {"account": "AC" + "9" * 32}, {"sort_by": "Sid"}]
    for foreign in others:
        with pytest.raises(BadRequestError, match="listEntitiesPageToken"):
            read(twilio, page_token=token, **foreign)
    with pytest.raises(BadRequestError, match="listEntitiesPageToken"):
        read(twilio, entity="Conferences", page_token=token)
    with pytest.raises(BadRequestError, match="listEntitiesPageToken"):
        Lists(ENGINE, twilio, PageTokens("another")).read(
            REGISTRY.entity("Messages"), EntityCall("Messages", "list", page_token=token)
        )


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("column", ["Price", "DateSent", "Status", "From", "Sid", "ErrorCode"])
@pytest.mark.parametrize("page_size", [1, 7, 100])
def test_sorting(column: str, page_size: int, descending: bool) -> None:
    """Pages of a sorted list are its rows in order: ties and NULLs are neither lost nor repeated."""
    twilio = MemoryResources(LISTS)
    pages = list(follow(twilio, sort_by=column, descending=descending, page_size=page_size))
    rows = [row for page in pages for row in page.rows]
    assert sorted(row["sid"] for row in MESSAGES) == sorted(row["Sid"] for row in rows)
    values = [(row[column] is not None, row[column] or 0) for row in rows if row[column] is not None]
    absent = [index for index, row in enumerate(rows) if row[column] is None]
    assert values == sorted(values, reverse=descending)
    expected = range(len(rows) - len(absent), len(rows)) if descending else range(len(absent))
    assert absent == list(expected)


def test_sorting_beyond_the_budget() -> None:
    """Where not all rows can be read a sorted page would be wrong, and the error says what to do."""
    twilio = MemoryResources(LISTS, max_page_size=10)
    with pytest.raises(BudgetError, match="sorting by Price reads all rows that match, and 3 requests with 30 rows"):
        read(twilio, sort_by="Price", max_requests=3)
    with pytest.raises(UnknownColumnError, match="did you mean Price"):
        read(twilio, sort_by="Prise")


def test_an_account() -> None:
    """A list of a sub-account holds its rows only."""
    sub = "AC" + "5" * 32
    twilio = MemoryResources({"Messages": [*MESSAGES, message(99, account_sid=sub)]})
    assert [f"SM{99:032x}"] == [row["Sid"] for row in read(twilio, account=sub).rows]
    assert [sub] == [row["AccountSid"] for row in read(twilio, filter_clause=f"AccountSid = '{sub}'").rows]


def test_a_token_within_a_list_that_was_read_before() -> None:
    """Two moments of a day are one list of Twilio's, read once; a page may end in its second pass, too."""
    sent = [f"Sun, 01 Nov 2026 10:00:0{number % 2} +0000" for number in range(12)]
    messages = [message(number, date_sent=moment) for number, moment in enumerate(sent)]
    clause = "DateSent IN ('2026-11-01T10:00:00Z', '2026-11-01T10:00:01Z')"
    pages = list(follow(MemoryResources({"Messages": messages}), filter_clause=clause, page_size=8))
    assert sorted(row["sid"] for row in messages) == sorted(row["Sid"] for page in pages for row in page.rows)


@pytest.mark.parametrize("change", ["arrive", "are deleted", "that is next is deleted", "around it are deleted"])
def test_rows_that_come_and_go_between_two_calls(change: str) -> None:
    """A list goes on at its row, wherever that stands now; a caller who deletes what a page held misses none."""
    messages = [message(number, status="failed") for number in range(40)]
    twilio = MemoryResources({"Messages": messages})
    asked: dict[str, Any] = {"filter_clause": "Status = 'failed'", "page_size": 10}
    first = read(twilio, **asked)
    held = {row["Sid"] for row in first.rows}

    if change == "arrive":
        messages[:0] = [message(number, status="failed") for number in range(100, 103)]
    elif change == "are deleted":
        messages[:] = [row for row in messages if row["sid"] not in held]
    else:
        del messages[slice(10, 11) if change == "that is next is deleted" else slice(9, 11)]
    rest = [row["Sid"] for page in follow(twilio, first.next_token or "", **asked) for row in page.rows]

    wanted = [row["sid"] for row in messages if row["sid"] not in held and row["sid"] < f"SM{100:032x}"]
    assert [] == [sid for sid in wanted if sid not in rest]
    assert change == "around it are deleted" or wanted == rest
