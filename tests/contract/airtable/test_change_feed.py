"""Every ChangeFeed tells which records changed, page by page, and keeps its webhooks as it is told to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract.airtable.adapter import Unlimited, answering, stand_in
from tests.contract.tables import SYNC_STATE, Aws
from tests.fakes.airtable_webhooks import FakeFeed
from twilio_bridge.adapters.airtable.change_feed import NEVER, AirtableFeed
from twilio_bridge.adapters.airtable.client import AirtableRequests
from twilio_bridge.adapters.state.limiter import AIRTABLE
from twilio_bridge.contacts.change_feed import ChangeBatch, ChangeFeed, Webhook
from twilio_bridge.errors import RateLimitedError, RefusedError, UnavailableError
from twilio_bridge_local.vendors.airtable.server import BASE_ID, TOKEN, AirtableStandIn
from twilio_bridge_local.vendors.airtable.store import utc_now
from twilio_bridge_local.vendors.faults import Faults

URL = "http://127.0.0.1:9/webhooks/airtable"
OTHER_URL = "http://127.0.0.1:9/other"
PAGE = 50


@dataclass
class Feed:
    """A feed under test, and a hand in the base behind it."""

    feed: ChangeFeed
    insert: Callable[[str], str]
    edit: Callable[[str], object]
    delete: Callable[[str], object]
    expire: Callable[[], None]
    give_up: Callable[[], None]
    refuse: Callable[[], None]

    def listed(self, webhook_id: str) -> Webhook:
        return next(each for each in self.feed.list_webhooks() if each.id == webhook_id)

    def told(self, webhook_id: str, cursor: int = 1) -> ChangeBatch:
        found = self.feed.list_changes(webhook_id, cursor)
        assert found

        return found


@pytest.fixture(params=["memory", "airtable"])
def made(request: pytest.FixtureRequest) -> Iterator[Feed]:
    """Return a feed of a base with the tables Customers and Templates."""
    if request.param == "memory":
        yield in_memory()
        return
    aws: Aws = request.getfixturevalue("aws")
    with stand_in() as airtable:
        yield over_http(aws, airtable)


def in_memory() -> Feed:
    feed = FakeFeed()
    ids = iter(range(1_000))

    def insert(table: str) -> str:
        feed.tell(record_id := f"rec{next(ids):014}", table=table)
        return record_id

    def change(**state: bool) -> None:
        feed.listed = {key: Webhook(**_fields(hook) | state) for key, hook in feed.listed.items()}

    def refuse() -> None:
        feed.failure = RefusedError("memory", "no scope")

    return Feed(
        feed=feed,
        insert=insert,
        edit=feed.tell,
        delete=feed.tell,
        expire=lambda: change(is_alive=False),
        give_up=lambda: change(notifies=False),
        refuse=refuse,
    )


def _fields(hook: Webhook) -> dict[str, Any]:
    return {name: getattr(hook, name) for name in ("id", "url", "cursor", "is_alive", "notifies")}


def over_http(aws: Aws, airtable: AirtableStandIn) -> Feed:
    base, customers = airtable.base, airtable.base.tables["Customers"]

    def expire() -> None:
        for hook in airtable.webhooks.listed():
            hook.expires = utc_now() - timedelta(seconds=1)

    def give_up() -> None:
        for hook in airtable.webhooks.listed():
            hook.notifications_enabled = False

    def refuse() -> None:
        airtable.webhooks_allowed = False

    return Feed(
        feed=adapter(aws, airtable.url),
        insert=lambda table: base.create(base.tables[table], {"name": "x", "text": "x"}).id,
        edit=lambda record_id: base.update(customers, record_id, {"name": str(datetime.now())}, clear=False),  # noqa: DTZ005  any other name
        delete=lambda record_id: base.delete(customers, record_id),
        expire=expire,
        give_up=give_up,
        refuse=refuse,
    )


def adapter(aws: Aws, url: str, token: str = TOKEN) -> AirtableFeed:
    limiter = Unlimited(aws.table(SYNC_STATE), AIRTABLE, BASE_ID)
    return AirtableFeed(BASE_ID, AirtableRequests(token, url, limiter))


def table_ids(made: Feed) -> dict[str, str]:
    return made.feed.find_table_ids(["Customers", "Templates"])


def test_a_new_webhook(made: Feed) -> None:
    """It is listed, lives for a week, has a secret of its own, and has told nothing yet."""
    first, second = made.feed.create_webhook(URL), made.feed.create_webhook(OTHER_URL)

    assert [(first.id, URL), (second.id, OTHER_URL)] == [(each.id, each.url) for each in made.feed.list_webhooks()]
    assert {(True, True, 1)} == {(each.is_alive, each.notifies, each.cursor) for each in made.feed.list_webhooks()}
    assert first.secret
    assert utc_now().timestamp() + 7 * 86_400 == pytest.approx(first.expires_at, abs=60)
    assert ChangeBatch({}, 1) == made.told(first.id)


def test_what_happens_is_told(made: Feed) -> None:
    """Records created, changed and destroyed are named by their table; the same question gives the same answer."""
    webhook_id, tables = made.feed.create_webhook(URL).id, table_ids(made)
    first, second = made.insert("Customers"), made.insert("Customers")
    text = made.insert("Templates")
    expected = {tables["Customers"]: frozenset({first, second}), tables["Templates"]: frozenset({text})}
    assert ChangeBatch(expected, 4) == made.told(webhook_id) == made.told(webhook_id)
    made.edit(first)
    made.delete(second)

    assert ChangeBatch({tables["Customers"]: frozenset({first, second})}, 6) == made.told(webhook_id, 4)
    assert ChangeBatch({}, 6) == made.told(webhook_id, 6)
    assert 6 == made.told(webhook_id).cursor
    assert 6 == made.listed(webhook_id).cursor


def test_pages(made: Feed) -> None:
    """More than a page has comes in pages, each of which says whether there is more."""
    webhook_id, tables = made.feed.create_webhook(URL).id, table_ids(made)
    made_there = [made.insert("Customers") for _ in range(PAGE + 3)]
    first = made.told(webhook_id)
    second = made.told(webhook_id, first.cursor)

    assert [(PAGE + 1, True), (PAGE + 4, False)] == [(page.cursor, page.more) for page in (first, second)]
    assert frozenset(made_there[PAGE:]) == second.records[tables["Customers"]]
    assert first.is_whole
    assert second.is_whole


def test_what_happened_before_is_not_told(made: Feed) -> None:
    """A webhook tells what happens from its making on."""
    made.insert("Customers")

    assert ChangeBatch({}, 1) == made.told(made.feed.create_webhook(URL).id)


def test_tables(made: Feed) -> None:
    """A table is found by its name and by its id; one that is not there is left out."""
    ids = table_ids(made)

    assert {"Customers", "Templates"} == ids.keys()
    assert {ids["Customers"]: ids["Customers"]} == made.feed.find_table_ids([ids["Customers"]])
    assert {} == made.feed.find_table_ids(["Nobody"])


def test_renewed(made: Feed) -> None:
    """A living one gets a week from now; one that has expired cannot be renewed."""
    webhook_id = made.feed.create_webhook(URL).id

    assert utc_now().timestamp() + 7 * 86_400 == pytest.approx(made.feed.renew_webhook(webhook_id), abs=60)
    made.expire()
    with pytest.raises(RefusedError):
        made.feed.renew_webhook(webhook_id)


def test_expired(made: Feed) -> None:
    """It is still listed, and hears of nothing more."""
    webhook_id = made.feed.create_webhook(URL).id
    made.expire()
    made.insert("Customers")

    assert not made.listed(webhook_id).is_alive
    assert ChangeBatch({}, 1) == made.told(webhook_id)


def test_notifications(made: Feed) -> None:
    """They are off when the base gave up, and on again when asked for."""
    webhook_id = made.feed.create_webhook(URL).id
    made.give_up()
    assert not made.listed(webhook_id).notifies
    made.feed.enable_notifications(webhook_id)

    assert made.listed(webhook_id).notifies


def test_deleted(made: Feed) -> None:
    """Once is enough, twice is fine; it tells nothing more, not even that there is nothing."""
    webhook_id = made.feed.create_webhook(URL).id
    made.feed.delete_webhook(webhook_id)
    made.feed.delete_webhook(webhook_id)

    assert [] == made.feed.list_webhooks()
    assert made.feed.list_changes(webhook_id, 1) is None


def test_not_allowed(made: Feed) -> None:
    """A plan or token that has no webhooks refuses to list and to make them."""
    made.refuse()
    with pytest.raises(RefusedError):
        made.feed.list_webhooks()
    with pytest.raises(RefusedError):
        made.feed.create_webhook(URL)


# --- what only Airtable does -----------------------------------------------------------------


@pytest.fixture
def airtable() -> Iterator[AirtableStandIn]:
    with stand_in() as running:
        yield running


def test_a_token_without_the_scope_finds_its_webhook_gone(aws: Aws, airtable: AirtableStandIn) -> None:
    """What may not be read any more is as good as gone."""
    feed = adapter(aws, airtable.url)
    webhook_id = feed.create_webhook(URL).id
    airtable.webhooks_allowed = False

    assert feed.list_changes(webhook_id, 1) is None


def test_a_wrong_token_is_an_error(aws: Aws, airtable: AirtableStandIn) -> None:
    """Nobody forgets a webhook because of that."""
    webhook_id = adapter(aws, airtable.url).create_webhook(URL).id
    with pytest.raises(RefusedError, match="401"):
        adapter(aws, airtable.url, token="pat-wrong").list_changes(webhook_id, 1)


def test_payloads_that_are_forgotten(aws: Aws, airtable: AirtableStandIn) -> None:
    """After a week only their numbers are left, so something is not told."""
    feed = adapter(aws, airtable.url)
    webhook_id = feed.create_webhook(URL).id
    for _ in range(2):
        airtable.base.create(airtable.base.tables["Customers"], {"name": "x"})
    airtable.webhooks.found(webhook_id).payloads.popleft()
    told = feed.list_changes(webhook_id, 1)

    assert told
    assert (3, False) == (told.cursor, told.is_whole)


def test_a_cursor_that_airtable_does_not_know(aws: Aws) -> None:
    """Something is not told, and the cursor stays."""
    with answering({"error": {"type": "INVALID_CURSOR"}}, 422) as url:
        assert ChangeBatch({}, 7, is_whole=False) == adapter(aws, url).list_changes("achX", 7)


@pytest.mark.parametrize(
    "payload",
    [
        {"error": True, "code": "INVALID_FILTERS"},
        {"error": True, "code": "INTERNAL_ERROR", "changedTablesById": {}},
        {"destroyedTableIds": ["tblX"]},
    ],
)
def test_payloads_that_do_not_tell_everything(aws: Aws, payload: dict[str, Any]) -> None:
    """Errors, and tables that went, of whose records nothing is said."""
    with answering({"payloads": [payload], "cursor": 2, "mightHaveMore": False}) as url:
        has_failed = "error" in payload
        expected = ChangeBatch({}, 2, is_whole=False, has_failed=has_failed)
        assert expected == adapter(aws, url).list_changes("achX", 1)


SOURCES = ["client", "publicApi", "formSubmission", "formPageSubmission", "automation"]
MORE_SOURCES = ["system", "sync", "anonymousUser", "unknown"]


@pytest.mark.parametrize(
    ("filters", "scope"),
    [
        ({"dataTypes": ["tableData"]}, ""),
        ({"dataTypes": ["tableData", "tableFields"], "changeTypes": ["add", "remove", "update"]}, ""),
        ({"dataTypes": ["tableData"], "fromSources": [*SOURCES, *MORE_SOURCES]}, ""),
        ({"dataTypes": ["tableData"], "recordChangeScope": "tblX"}, "tblX"),
        ({"dataTypes": ["tableData"], "fromSources": ["client"]}, None),
        ({"dataTypes": ["tableData"], "fromSources": SOURCES}, None),
        ({"dataTypes": ["tableData"], "changeTypes": ["update"]}, None),
        ({"dataTypes": ["tableData"], "changeTypes": ["add", "update"]}, None),
        ({"dataTypes": ["tableFields"]}, None),
        ({"dataTypes": ["tableData"], "watchDataInFieldIds": ["fldX"]}, None),
        ({"dataTypes": ["tableData"], "sourceOptions": {"formSubmission": {"viewId": "viwX"}}}, None),
        ({}, None),
    ],
)
def test_what_a_webhook_reports_is_read_from_its_specification(
    aws: Aws, filters: dict[str, Any], scope: str | None
) -> None:
    """Only one whose filters leave out nothing reports every change: of all tables, or of one."""
    listed = {"id": "achX", "notificationUrl": "https://x", "specification": {"options": {"filters": filters}}}
    with answering({"webhooks": [listed]}) as url:
        (webhook,) = adapter(aws, url).list_webhooks()
    assert scope == webhook.scope


def test_a_name_that_begins_as_an_id_is_a_name(aws: Aws) -> None:
    """Ids are tbl and 14 letters or digits: `tblCustomers` has to be looked up."""
    tables = {"tables": [{"id": "tbl00000000000001", "name": "tblCustomers", "fields": []}]}
    with answering(tables) as url:
        found = adapter(aws, url).find_table_ids(["tblCustomers", "tbl00000000000002"])
    assert {"tblCustomers": "tbl00000000000001", "tbl00000000000002": "tbl00000000000002"} == found


def test_records_within_a_view_count(aws: Aws) -> None:
    """A webhook made by hand may watch a view; what changed in it stands a level deeper."""
    deeper = {"createdRecordsById": {"rec1": {}}, "changedRecordsById": {"rec2": {}}, "destroyedRecordIds": ["rec3"]}
    payload = {"changedTablesById": {"tblX": {"changedViewsById": {"viwX": deeper}, "destroyedRecordIds": ["rec4"]}}}
    with answering({"payloads": [payload], "cursor": 2, "mightHaveMore": True}) as url:
        expected = {"tblX": frozenset({"rec1", "rec2", "rec3", "rec4"})}
        assert ChangeBatch(expected, 2, more=True) == adapter(aws, url).list_changes("achX", 1)


USES: dict[str, Callable[[AirtableFeed], object]] = {
    "webhooks": lambda feed: feed.list_webhooks(),
    "tables": lambda feed: feed.find_table_ids(["Customers"]),
    "create": lambda feed: feed.create_webhook(URL),
    "renew": lambda feed: feed.renew_webhook("achX"),
    "told": lambda feed: feed.list_changes("achX", 1),
}
RUBBISH: list[object] = [
    "<html>",
    [],
    None,
    {"webhooks": None, "tables": 1, "payloads": "x"},
    {"webhooks": ["x"], "tables": [1], "payloads": [2], "id": 3, "cursor": 1},
    {"payloads": [], "cursor": "1", "id": "achX", "macSecretBase64": "eA==", "expirationTime": "soon"},
    {"payloads": [], "cursor": 0, "expirationTime": 7},
]


@pytest.mark.parametrize("rubbish", RUBBISH, ids=repr)
@pytest.mark.parametrize("name", USES)
def test_rubbish(aws: Aws, name: str, rubbish: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is none is an outage, never an empty list."""
    monkeypatch.setattr("random.uniform", lambda _low, _high: 0.01)
    known_good = name == "renew" and isinstance(rubbish, dict) and "expirationTime" not in rubbish
    with answering(rubbish) as url:
        if known_good:  # no time at all is Airtable's word for never
            assert NEVER == adapter(aws, url).renew_webhook("achX")
            return
        with pytest.raises(UnavailableError):
            USES[name](adapter(aws, url))


@pytest.mark.parametrize("name", USES)
def test_a_429_blocks_everybody(aws: Aws, airtable: AirtableStandIn, name: str) -> None:
    """The webhooks' requests count like all others."""
    airtable.faults = Faults(status=429, times=1)
    for _ in range(2):
        with pytest.raises(RateLimitedError):
            USES[name](adapter(aws, airtable.url))
    assert 1 == len(airtable.requests)


def test_a_webhook_is_made_once(aws: Aws, airtable: AirtableStandIn) -> None:
    """A try whose answer was lost may have worked, and a second would leave two."""
    airtable.faults = Faults(status=503)
    with pytest.raises(UnavailableError):
        adapter(aws, airtable.url).create_webhook(URL)
    assert 1 == len(airtable.requests)


def test_a_webhook_that_reports_an_error(aws: Aws) -> None:
    """Its payload is an error instead of changes, as Airtable writes it."""
    with stand_in() as airtable:
        feed = adapter(aws, airtable.url)
        made = feed.create_webhook("https://bridge.example.com/webhooks/airtable")
        airtable.webhooks.report_error(made.id)
        found = feed.list_changes(made.id, made.cursor)
    assert found
    assert (True, False, 2) == (found.has_failed, found.is_whole, found.cursor)
