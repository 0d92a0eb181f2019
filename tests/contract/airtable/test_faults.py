"""Whatever goes wrong on the wire to Airtable is one of our errors, in time, and never asks twice what must be once."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.contract.airtable.adapter import Surroundings, answering, stand_in
from tests.contract.tables import SYNC_STATE, Aws
from twilio_bridge import deadline
from twilio_bridge.adapters.airtable.contact_source import AirtableContacts
from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.errors import (
    BridgeError,
    OutOfTimeError,
    RateLimitedError,
    RefusedError,
    UnavailableError,
)
from twilio_bridge_local.vendors.faults import Faults, Rubbish

NUMBER = "+447900000012"
JO = "jo@example.com"
RECORD = "recAAAAAAAAAAAAAA"

Use = Callable[[AirtableContacts, str], object]
READS: dict[str, Use] = {
    "page": lambda source, _id: source.list_page(JO, 30),
    "pages": lambda source, _id: list(source.iterate_pages()),
    "get": lambda source, found: source.get_contact(found),
    "get many": lambda source, found: source.get_contacts([found]),
    "get by column": lambda source, _id: source.get_contact("1001"),
    "find": lambda source, _id: source.find_by_address(NUMBER),
    "templates": lambda source, _id: source.list_templates(),
}
WRITES: dict[str, Use] = {
    "delete": lambda source, found: source.delete_contact(found),
    "set_opt_out": lambda source, found: source.set_opt_out(found, True),
}
CREATE: dict[str, Use] = {"create": lambda source, _id: source.create_contact(Contact(name="Bo", sms=NUMBER))}
USES = READS | WRITES | CREATE


@pytest.fixture
def around(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> Iterator[Surroundings]:
    """A base with one contact; a second try follows at once."""
    monkeypatch.setattr("random.uniform", lambda _low, _high: 0.01)
    customers = [{"id": "1001", "name": "Ada", "sms": NUMBER, "owner": JO}]
    with stand_in(customers, [{"category": "A", "text": "Hello"}]) as airtable:
        yield Surroundings(aws, airtable)


def record_id(around: Surroundings) -> str:
    return next(iter(around.airtable.base.tables["Customers"].records))


def use(around: Surroundings, name: str) -> Callable[[], object]:
    adapter, found = around.adapter(), record_id(around)
    return lambda: USES[name](adapter, found)


@pytest.mark.parametrize("name", USES)
def test_a_429_blocks_everybody(around: Surroundings, name: str) -> None:
    """Who hears it, and whoever would ask within half a minute, is told how long to wait; nobody asks again."""
    around.airtable.faults = Faults(status=429, times=1)
    with pytest.raises(RateLimitedError) as raised:
        use(around, name)()
    assert 30 == raised.value.retry_after
    assert 1 == len(around.airtable.requests)
    for other in USES:
        with pytest.raises(RateLimitedError) as raised:
            use(around, other)()
        assert 25 < raised.value.retry_after <= 30.5
    assert 1 == len(around.airtable.requests)


def test_the_stand_ins_own_limit(aws: Aws) -> None:
    """With the real limiter thirty requests of several adapters meet no 429."""
    moment = [time.time()]

    def sleep(seconds: float) -> None:
        moment[0] += seconds

    with stand_in([{"name": "Ada"}]) as airtable:
        airtable.rate_limit.requests_per_s = 5
        airtable.rate_limit._clock = lambda: moment[0]
        adapters = [
            AirtableContacts(
                airtable.token,
                airtable.base_id,
                airtable.url,
                SlotLimiter(aws.table(SYNC_STATE), AIRTABLE, airtable.base_id, clock=lambda: moment[0], sleep=sleep),
                schema.Contacts(),
                schema.Templates(),
            )
            for _ in range(3)
        ]
        for number in range(30):
            adapters[number % 3].get_contact(RECORD)
            moment[0] += 0.01 * (number % 7)
        assert {200} == {seen.status for seen in airtable.requests}


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize("status", [401, 403, 404, 413, 422])
def test_a_refusal_is_one(around: Surroundings, name: str, status: int) -> None:
    """It is not tried again; only a record that is not there is no error."""
    around.airtable.faults = Faults(status=status)
    if status == 404 and name in {"delete", "set_opt_out"}:
        use(around, name)()
    else:
        with pytest.raises(RefusedError) as raised:
            use(around, name)()
        assert NUMBER not in str(raised.value)
        assert JO not in str(raised.value)
    assert len(around.airtable.requests) == (2 if status == 403 and name in {"delete", "set_opt_out"} else 1)


@pytest.mark.parametrize("name", WRITES)
def test_a_token_that_may_only_read(around: Surroundings, name: str) -> None:
    """What it may not write is a refusal; the record is not taken for gone."""
    around.airtable.faults = Faults(status=403, only=("PATCH", "DELETE"))
    with pytest.raises(RefusedError):
        use(around, name)()
    assert around.adapter().get_contact(record_id(around))


@pytest.mark.parametrize("name", WRITES)
def test_a_record_that_is_gone_may_be_a_403(around: Surroundings, name: str) -> None:
    """Where the listing does not have it either, it is not there."""
    around.airtable.faults = Faults(status=403, times=1)
    assert USES[name](around.adapter(), RECORD) is None


@pytest.mark.parametrize("name", USES)
def test_a_wrong_token_and_a_wrong_base(around: Surroundings, name: str) -> None:
    """Both are refusals that name the setting."""
    for adapter in (around.adapter(token="patWrong.0"), around.adapter(base_id="appWrong000000000")):
        with pytest.raises(RefusedError, match="AIRTABLE_TOKEN"):
            USES[name](adapter, record_id(around))


@pytest.mark.parametrize("name", ["page", "find"])
def test_a_column_that_does_not_exist_is_a_refusal(around: Surroundings, name: str) -> None:
    """Formulas and sorting that name it are refused; the message says where columns are configured."""
    wrong = schema.Contacts(columns=schema.ContactColumns(name="title", owner="keeper", sms="tel"))
    source = around.adapter(wrong)
    with pytest.raises(RefusedError, match=r"bridge\.yaml"):
        USES[name](source, RECORD)


@pytest.mark.parametrize("name", [*READS, *WRITES])
@pytest.mark.parametrize("status", [500, 503])
def test_a_failure_is_tried_once_more(around: Surroundings, name: str, status: int) -> None:
    """The second try may work; where it does not, Airtable is unavailable."""
    ask = use(around, name)
    around.airtable.faults = Faults(status=status, times=1)
    ask()
    assert 2 == len(around.airtable.requests)
    around.airtable.requests.clear()
    around.airtable.faults = Faults(status=status)
    with pytest.raises(UnavailableError):
        ask()
    assert 2 == len(around.airtable.requests)


@pytest.mark.parametrize(
    "faults", [Faults(status=500), Faults(status=503), Faults(rubbish="html"), Faults(rubbish="truncated")], ids=repr
)
def test_a_creation_is_never_tried_again(around: Surroundings, faults: Faults) -> None:
    """The first try may have worked."""
    around.airtable.faults = faults
    with pytest.raises(UnavailableError):
        use(around, "create")()
    assert 1 == len(around.airtable.requests)


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize("rubbish", ["html", "json", "truncated"])
def test_rubbish_is_an_outage(around: Surroundings, name: str, rubbish: Rubbish) -> None:
    """A page of HTML, JSON of another shape, or half an answer: nothing else comes out."""
    around.airtable.faults = Faults(rubbish=rubbish)
    with pytest.raises(UnavailableError):
        use(around, name)()


@pytest.mark.parametrize("status", [200, 422])
@pytest.mark.parametrize(
    "body",
    [
        *("", "null", "5", '"text"', "[]", "[1]", "{}", "NaN", "{", "\ufeff{}", "[" * 5_000),
        *({"error": None}, {"error": []}, {"error": {"type": None}}, {"error": 5}, {"errors": "x"}),
        *({"records": None}, {"records": []}, {"records": [], "offset": 5}, {"records": [{"id": "rec1"}]}),
        *({"id": None, "fields": None}, {"id": "rec1", "fields": []}, {"id": "rec1", "fields": {}}, {"deleted": True}),
    ],
    ids=lambda body: str(body)[:30],
)
def test_no_answer_whatever_is_anything_but_ours(aws: Aws, body: Any, status: int) -> None:
    """Any body with any status comes out as an answer or as one of our errors."""
    with answering(body, status) as url, pytest.MonkeyPatch.context() as patch, stand_in() as airtable:
        patch.setattr("random.uniform", lambda _low, _high: 0.0)
        for name in USES:
            adapter = Surroundings(aws, airtable).adapter(url=url, base_id=f"app{name}")
            try:
                USES[name](adapter, RECORD)
            except BridgeError:
                continue
            assert status == 200


def test_a_silent_airtable_is_given_up_in_time(around: Surroundings) -> None:
    """Within the budget there is an error, whoever asks."""
    asking = use(around, "page")
    around.airtable.faults = Faults(silent=True)
    with pytest.raises((OutOfTimeError, UnavailableError)), deadline.limit(0.3):
        asking()
    assert 1 >= len(around.airtable.requests)  # its own timeout, which is longer, would have let it try again


def test_a_silent_airtable_leaves_a_caller_time_to_answer(around: Surroundings) -> None:
    """A creation that hangs is given up as well, and not tried again."""
    creating = use(around, "create")
    around.airtable.faults = Faults(silent=True)
    with pytest.raises((OutOfTimeError, UnavailableError)), deadline.limit(0.5):
        creating()
    assert 1 >= len(around.airtable.requests)


def test_a_dripping_airtable_is_given_up_in_time(around: Surroundings) -> None:
    """A byte a second does not keep anybody for ever."""
    asking = use(around, "find")
    around.airtable.faults = Faults(drip=True)
    with pytest.raises((OutOfTimeError, UnavailableError)), deadline.limit(0.3):
        asking()


def test_a_slow_airtable_is_waited_for(around: Surroundings) -> None:
    """A moment is no failure."""
    around.airtable.faults = Faults(latency_s=0.2)
    with deadline.limit(60):
        assert around.adapter().find_by_address(NUMBER)


def test_nobody_listening_is_an_outage(around: Surroundings) -> None:
    """A connection that is refused is tried once more, then given up."""
    adapter = around.adapter(url="http://127.0.0.1:9")
    for read in READS.values():
        with pytest.raises(UnavailableError):
            read(adapter, RECORD)


def test_a_spent_budget_asks_nobody(around: Surroundings) -> None:
    """Where no time is left, no request is made."""

    def late() -> None:
        with deadline.limit(0.01):  # in a thread there is no alarm: the adapter has to look itself
            time.sleep(0.02)
            use(around, "page")()

    with ThreadPoolExecutor(1) as pool, pytest.raises(OutOfTimeError):
        pool.submit(late).result()
    assert [] == around.airtable.requests
