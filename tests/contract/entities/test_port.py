"""The port Twilio, held by each implementation: the client over HTTP, and the resources in memory."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from tests.contract.entities.conftest import ACCOUNT, SUB_ACCOUNT, SUB_TOKEN, TOKEN, make_client
from tests.fakes.memory_resources import MemoryResources, message
from twilio_bridge.entities.ports import Row, Twilio
from twilio_bridge.entities.reading import BudgetError
from twilio_bridge.entities.registry import load_registry
from twilio_bridge.errors import NotFoundError
from twilio_bridge_local.vendors.twilio.openapi.server import TwilioApiStandIn

REGISTRY = load_registry()
MESSAGES, PARTICIPANTS = REGISTRY.entity("Messages"), REGISTRY.entity("Participants")
ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
CONFERENCES = ["CF" + "1" * 32, "CF" + "2" * 32]
CALLS = ["CA" + "1" * 32, "CA" + "2" * 32]
# From the last to the first, as Twilio lists them.
ROWS = [message(number, account_sid=ACCOUNT) for number in range(11, -1, -1)]
OTHER = message(99, account_sid=SUB_ACCOUNT)
PEOPLE = [
    {"conference_sid": CONFERENCES[0], "call_sid": CALLS[0], "account_sid": ACCOUNT, "muted": True},
    {"conference_sid": CONFERENCES[1], "call_sid": CALLS[1], "account_sid": ACCOUNT, "muted": False},
]


class Implementation(NamedTuple):
    """The port, and how many requests reached the other side."""

    twilio: Twilio
    count: Any


@pytest.fixture(params=["rest", "memory"])
def made(request: pytest.FixtureRequest) -> Iterator[Implementation]:
    if request.param == "memory":
        memory = MemoryResources({"Messages": [*ROWS, OTHER], "Participants": PEOPLE}, account_sid=ACCOUNT)
        yield Implementation(memory, lambda: len(memory.log))
        return
    with TwilioApiStandIn(ACCOUNT, TOKEN, sub_accounts={SUB_ACCOUNT: SUB_TOKEN}) as stand_in:
        stand_in.add_rows("api", f"{ROOT}/Messages.json", reversed(ROWS))
        other = f"/2010-04-01/Accounts/{SUB_ACCOUNT}/Messages.json"
        stand_in.add_rows("api", other, [OTHER], account_sid=SUB_ACCOUNT)
        stand_in.add_rows("api", f"{ROOT}/Conferences.json", [{"sid": sid} for sid in CONFERENCES])
        for row in PEOPLE:
            stand_in.add_rows("api", f"{ROOT}/Conferences/{row['conference_sid']}/Participants.json", [row])
        yield Implementation(make_client(stand_in.url), lambda: len(stand_in.requests))


def read(made: Implementation, **asked: Mapping[str, str]) -> list[list[Row]]:
    parents, params = asked.get("parents", {}), asked.get("params", {})
    return [page.rows for page in made.twilio.list_pages(MESSAGES, parents, params, 5)]


def sids(pages: list[list[Row]]) -> list[str]:
    return [row["sid"] for page in pages for row in page]


def test_pages(made: Implementation) -> None:
    """A list comes in pages of the size, in one order, and its last page names no next one."""
    pages = list(made.twilio.list_pages(MESSAGES, {}, {}, 5))
    assert [5, 5, 2] == [len(page.rows) for page in pages]
    assert [row["sid"] for row in ROWS] == sids([page.rows for page in pages])
    assert [True, True, False] == [page.next_page_uri is not None for page in pages]


def test_a_page_is_requested_when_it_is_taken(made: Implementation) -> None:
    """Nothing is asked before the first page is taken, and nothing ahead."""
    pages = made.twilio.list_pages(MESSAGES, {}, {}, 5)
    assert 0 == made.count()
    next(pages)
    assert 1 == made.count()


def test_going_on(made: Implementation) -> None:
    """A page's own address reads it again, and the next one's goes on, with the size and filters it had."""
    first, second = made.twilio.list_pages(MESSAGES, {}, {"From": ROWS[0]["from"]}, 1)
    (again, following) = made.twilio.list_pages(MESSAGES, {}, {}, 1_000, page_uri=first.uri)
    (last,) = made.twilio.list_pages(MESSAGES, {}, {}, 1_000, page_uri=first.next_page_uri)
    assert (first.rows, first.uri) == (again.rows, again.uri)
    assert [second.rows] * 2 == [following.rows, last.rows]


def test_filters(made: Implementation) -> None:
    """Equality and bounds of dates hold as Twilio documents them: a bound's day belongs to the answer."""
    wanted = ROWS[3]
    assert [wanted["sid"]] == sids(read(made, params={"To": wanted["to"]}))
    assert [] == sids(read(made, params={"To": "+1"}))
    assert len([row for row in ROWS if row["date_sent"]]) == len(sids(read(made, params={"DateSent<": "2026-11-01"})))
    assert [] == sids(read(made, params={"DateSent>": "2026-11-02"}))


def test_accounts(made: Implementation) -> None:
    """A list is the own account's, or that which is named."""
    assert OTHER["sid"] not in sids(read(made))
    assert [OTHER["sid"]] == sids(read(made, parents={"AccountSid": SUB_ACCOUNT}))


def test_children(made: Implementation) -> None:
    """A child's list is its parent's."""
    parents = {"ConferenceSid": CONFERENCES[1]}
    (page,) = made.twilio.list_pages(PARTICIPANTS, parents, {}, 50)
    assert [CALLS[1]] == [row["call_sid"] for row in page.rows]
    assert CALLS[0] == made.twilio.fetch(PARTICIPANTS, {"ConferenceSid": CONFERENCES[0]}, CALLS[0])["call_sid"]
    with pytest.raises(NotFoundError):
        made.twilio.fetch(PARTICIPANTS, parents, CALLS[0])


def test_fetch(made: Implementation) -> None:
    """A resource is got by its key; one that is not there is not found."""
    row = made.twilio.fetch(MESSAGES, {}, ROWS[0]["sid"])
    assert (ROWS[0]["sid"], ROWS[0]["body"], ROWS[0]["date_sent"]) == (row["sid"], row["body"], row["date_sent"])
    with pytest.raises(NotFoundError):
        made.twilio.fetch(MESSAGES, {}, "SM" + "f" * 32)


def test_observers(made: Implementation) -> None:
    """An observer sees each request before it is made; what it raises ends it, and others are not disturbed."""
    seen: list[str] = []
    observed = made.twilio.observe(lambda method, _url: seen.append(method))
    list(observed.list_pages(MESSAGES, {}, {}, 5))
    observed.fetch(MESSAGES, {}, ROWS[0]["sid"])
    assert ["GET"] * 4 == seen
    before = made.count()

    def refuse(_method: str, _url: str) -> None:
        raise BudgetError("enough")

    with pytest.raises(BudgetError, match="enough"):
        next(made.twilio.observe(refuse).list_pages(MESSAGES, {}, {}, 5))
    assert before == made.count()
    assert 3 == len(read(made))
