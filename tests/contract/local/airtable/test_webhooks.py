"""The Airtable stand-in's webhooks as the real client, plain HTTP and a receiver of pings see them."""

import base64
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import pytest
import requests
from pyairtable import Api
from pyairtable import Base as ClientBase
from pyairtable.models import WebhookNotification
from pyairtable.models.webhook import CreateWebhookResponse, Webhook

from tests.contract.local.airtable.clock import Clock
from twilio_bridge_local.vendors.airtable.errors import AirtableError
from twilio_bridge_local.vendors.airtable.pings import AIRTABLES_PINGING, Pinging
from twilio_bridge_local.vendors.airtable.server import AirtableStandIn
from twilio_bridge_local.vendors.airtable.store import Base, Column, Transaction
from twilio_bridge_local.vendors.airtable.webhooks import MAX_PAYLOADS_COUNT, MOST

MADE = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
WEEK = timedelta(days=7)
COLUMNS = ("name", "sms", Column("kind", "singleSelect"), Column("tags", "multipleSelects"))
QUICK = Pinging(delay_s=0.03, timeout_s=5, retries=3, first_wait_s=0.005)
# Long enough for several requests to arrive within it, on a busy machine too.
GATHERING = replace(QUICK, delay_s=0.12)
IMPATIENT = replace(QUICK, timeout_s=0.1)
NOWHERE = "http://127.0.0.1:9/"


class Receiver:
    """A real server for pings; answers the statuses given, the last one for ever, each after a delay."""

    def __init__(self) -> None:
        self.statuses = [204]
        self.release = threading.Event()
        self.release.set()
        self.got: list[tuple[bytes, str, str]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                mac, kind = self.headers["X-Airtable-Content-MAC"], self.headers["Content-Type"]
                receiver.got.append((body, mac, kind))
                receiver.release.wait(5)
                status = receiver.statuses.pop(0) if len(receiver.statuses) > 1 else receiver.statuses[0]
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping"

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def clock() -> Clock:
    return Clock(MADE)


@pytest.fixture
def stand_in(clock: Clock) -> Iterator[AirtableStandIn]:
    rows = [{"name": f"Contact {n}", "sms": f"+44 7700 90000{n}"} for n in range(3)]
    with AirtableStandIn(
        {"Customers": rows, "Templates": []},
        columns={"Customers": COLUMNS, "Templates": ("text",)},
        clock=clock,
        now=clock.now,
        pinging=QUICK,
    ) as running:
        yield running


@pytest.fixture
def client(stand_in: AirtableStandIn) -> ClientBase:
    api = Api(stand_in.token, endpoint_url=stand_in.url, timeout=(1, 2), retry_strategy=None)
    return api.base(stand_in.base_id)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def specification(includes: dict[str, object] | None = None, **filters: object) -> dict[str, Any]:
    options: dict[str, object] = {"filters": {"dataTypes": ["tableData"], **filters}}
    return {"options": options | ({"includes": includes} if includes else {})}


def silent(client: ClientBase, **options: Any) -> Webhook:
    """A webhook whose URL nobody listens at, without pings."""
    webhook = client.webhook(client.add_webhook(NOWHERE, specification(**options)).id)
    webhook.disable_notifications()
    return webhook


def call(stand_in: AirtableStandIn, method: str, path: str = "", **options: Any) -> requests.Response:
    url = f"{stand_in.url}/v0/bases/{stand_in.base_id}/webhooks{path}"
    return requests.request(method, url, headers={"Authorization": f"Bearer {stand_in.token}"}, timeout=2, **options)


def kind(response: requests.Response) -> object:
    error = response.json()["error"]
    return error["type"] if isinstance(error, dict) else error


def soon(condition: Callable[[], object]) -> None:
    """Wait until it holds; two seconds at most."""
    deadline = time.monotonic() + 2
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)


def pinged(client: ClientBase, stand_in: AirtableStandIn, receiver: Receiver) -> CreateWebhookResponse:
    """A webhook whose first ping, that of its creation, has been answered and forgotten."""
    made = client.add_webhook(receiver.url, specification())
    soon(lambda: stand_in.pings)
    stand_in.pings.clear()
    receiver.got.clear()
    return made


def table_ids(stand_in: AirtableStandIn) -> tuple[str, Callable[[str], str]]:
    table = stand_in.base.tables["Customers"]
    return table.id, table.column_id


def test_a_new_webhook_is_listed_without_its_secret(stand_in: AirtableStandIn, client: ClientBase) -> None:
    wanted = specification(recordChangeScope=table_ids(stand_in)[0])
    made = client.add_webhook(NOWHERE, wanted)
    assert made.id.startswith("ach")
    assert len(made.id) == 17
    assert len(base64.b64decode(made.mac_secret_base64, validate=True)) >= 32
    assert made.expiration_time == MADE + WEEK
    [listed] = call(stand_in, "GET").json()["webhooks"]
    assert listed == {
        "id": made.id,
        "specification": wanted,
        "notificationUrl": NOWHERE,
        "cursorForNextPayload": 1,
        "lastNotificationResult": None,
        "areNotificationsEnabled": True,
        "lastSuccessfulNotificationTime": None,
        "isHookEnabled": True,
        "expirationTime": "2026-03-08T12:00:00.250Z",
    }
    assert made.mac_secret_base64 not in str(client.webhooks())


def test_a_webhook_without_a_url_has_payloads_and_no_pings(stand_in: AirtableStandIn, client: ClientBase) -> None:
    assert call(stand_in, "POST", json={"specification": specification()}).status_code == 200
    client.table("Customers").create({"name": "New"})
    [webhook] = client.webhooks()
    assert (webhook.notification_url, webhook.are_notifications_enabled) == (None, False)
    assert len(list(webhook.payloads())) == 1


def test_a_base_has_ten_webhooks(stand_in: AirtableStandIn, client: ClientBase) -> None:
    made = [client.add_webhook(NOWHERE, specification()) for _ in range(MOST)]
    assert len({one.mac_secret_base64 for one in made}) == MOST
    refused = call(stand_in, "POST", json={"specification": specification()})
    assert (refused.status_code, kind(refused)) == (422, "TOO_MANY_WEBHOOKS_IN_BASE")
    client.webhooks()[0].delete()
    client.add_webhook(NOWHERE, specification())


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"specification": {"options": {}}},
        {"specification": specification(dataTypes=[])},
        {"specification": specification(dataTypes=["records"])},
        {"specification": specification(recordChangeScope="Customers")},
        {"specification": specification(watchDataInFieldIds=["name"])},
        {"specification": specification(changeTypes="add")},
        {"specification": specification(includes={"includeCellValuesInFieldIds": ["fld00000000000000"]})},
        {"specification": specification(), "notificationUrl": "here"},
    ],
)
def test_a_specification_is_checked(stand_in: AirtableStandIn, body: dict[str, object]) -> None:
    refused = call(stand_in, "POST", json=body)
    assert (refused.status_code, kind(refused)) == (422, "INVALID_REQUEST_UNKNOWN")
    assert call(stand_in, "GET").json() == {"webhooks": []}


def test_the_scope_is_needed(stand_in: AirtableStandIn, client: ClientBase) -> None:
    webhook = silent(client)
    assert "webhook:manage" in str(client.api.whoami())
    stand_in.webhooks_allowed = False
    assert "webhook:manage" not in str(client.api.whoami())
    for method, path in (("GET", ""), ("POST", ""), ("DELETE", f"/{webhook.id}"), ("GET", f"/{webhook.id}/payloads")):
        refused = call(stand_in, method, path, json={"specification": specification()})
        assert (refused.status_code, kind(refused)) == (403, "INVALID_PERMISSIONS")
    assert len(client.table("Customers").all()) == 3


def test_the_token_and_the_base_are_checked(stand_in: AirtableStandIn) -> None:
    url = f"{stand_in.url}/v0/bases/{stand_in.base_id}/webhooks"
    assert requests.get(url, timeout=2).status_code == 401
    elsewhere = url.replace(stand_in.base_id, "app00000000000000")
    known = {"Authorization": f"Bearer {stand_in.token}"}
    assert requests.get(elsewhere, headers=known, timeout=2).status_code == 403


def test_requests_count_against_the_rate_limit_and_pings_do_not(
    stand_in: AirtableStandIn,
    client: ClientBase,
    receiver: Receiver,
    clock: Clock,
) -> None:
    pinged(client, stand_in, receiver)
    clock.step = 0
    clock.at += 10
    for _ in range(4):
        stand_in.pings.clear()
        stand_in.base.create(stand_in.base.tables["Customers"], {"name": "New"})
        soon(lambda: stand_in.pings)
    assert [call(stand_in, "GET").status_code for _ in range(6)] == [200] * 5 + [429]
    assert {seen.path for seen in stand_in.requests} == {f"/v0/bases/{stand_in.base_id}/webhooks"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", ""), ("POST", "/refresh"), ("POST", "/enableNotifications"), ("GET", "/payloads")],
)
def test_an_unknown_webhook_is_not_found(stand_in: AirtableStandIn, method: str, path: str) -> None:
    refused = call(stand_in, method, f"/ach00000000000000{path}", json={"enable": True})
    assert (refused.status_code, kind(refused)) == (404, "NOT_FOUND")


def test_payloads_tell_what_a_request_did(stand_in: AirtableStandIn, client: ClientBase) -> None:
    webhook, table = silent(client), client.table("Customers")
    table_id, column_id = table_ids(stand_in)
    [ana, ben] = table.batch_create([{"name": "Ana", "sms": "+44 1"}, {"name": "Ben"}])
    table.update(ana["id"], {"name": "Ana B", "sms": None})
    table.batch_delete([ana["id"], ben["id"]])
    created, changed, destroyed = call(stand_in, "GET", f"/{webhook.id}/payloads").json()["payloads"]
    assert created == {
        "timestamp": "2026-03-01T12:00:00.250Z",
        "baseTransactionNumber": 1,
        "actionMetadata": created["actionMetadata"],
        "payloadFormat": "v0",
        "changedTablesById": {
            table_id: {
                "createdRecordsById": {
                    ana["id"]: {
                        "createdTime": "2026-03-01T12:00:00.000Z",
                        "cellValuesByFieldId": {column_id("name"): "Ana", column_id("sms"): "+44 1"},
                    },
                    ben["id"]: {
                        "createdTime": "2026-03-01T12:00:00.000Z",
                        "cellValuesByFieldId": {column_id("name"): "Ben"},
                    },
                },
            },
        },
    }
    assert created["actionMetadata"]["source"] == "publicApi"
    assert created["actionMetadata"]["sourceMetadata"]["user"]["id"] == client.api.whoami()["id"]
    current = {"cellValuesByFieldId": {column_id("name"): "Ana B", column_id("sms"): None}}
    assert changed["changedTablesById"] == {table_id: {"changedRecordsById": {ana["id"]: {"current": current}}}}
    assert destroyed["changedTablesById"] == {table_id: {"destroyedRecordIds": [ana["id"], ben["id"]]}}


def test_what_happens_behind_the_api_is_told_too(stand_in: AirtableStandIn, client: ClientBase) -> None:
    webhook, base, table = silent(client), stand_in.base, stand_in.base.tables["Customers"]
    made = base.create(table, {"name": "New", "kind": "VIP", "tags": ["a"]})
    base.update(table, made.id, {"name": "Newer"}, clear=False)
    base.update(table, made.id, {"name": "Newer"}, clear=False)
    base.delete(table, made.id)
    payloads = list(webhook.payloads())
    assert [payload.cursor for payload in payloads] == [1, 2, 3]
    assert {payload.action_metadata.source for payload in payloads if payload.action_metadata} == {"client"}
    cells = payloads[0].changed_tables_by_id[table.id].created_records_by_id[made.id].cell_values_by_field_id
    assert cells[table.column_id("kind")]["name"] == "VIP"
    assert [choice["name"] for choice in cells[table.column_id("tags")]] == ["a"]
    assert payloads[2].changed_tables_by_id[table.id].destroyed_record_ids == [made.id]


def test_one_transaction_is_one_payload_with_each_record_once(stand_in: AirtableStandIn, client: ClientBase) -> None:
    webhook, base, table = silent(client), stand_in.base, stand_in.base.tables["Customers"]
    with base.transaction():
        kept = base.create(table, {"name": "New"})
        base.update(table, kept.id, {"name": "Newer"}, clear=False)
        base.delete(table, base.create(table, {"name": "Brief"}).id)
    [payload] = webhook.payloads()
    changed = payload.changed_tables_by_id[table.id]
    assert list(changed.created_records_by_id) == [kept.id]
    assert changed.created_records_by_id[kept.id].cell_values_by_field_id == {table.column_id("name"): "Newer"}
    assert not changed.changed_records_by_id
    assert not changed.destroyed_record_ids


def test_a_request_that_is_refused_is_not_told(stand_in: AirtableStandIn, client: ClientBase) -> None:
    webhook = silent(client)
    with pytest.raises(requests.HTTPError):
        client.table("Customers").batch_delete(["rec00000000000000"])
    assert list(webhook.payloads()) == []
    assert stand_in.webhooks.found(webhook.id).next_number == 1


def test_filters_and_includes_choose_what_is_told(stand_in: AirtableStandIn, client: ClientBase) -> None:
    table_id, column_id = table_ids(stand_in)
    name, sms = column_id("name"), column_id("sms")
    view_id = next(iter(stand_in.base.tables["Customers"].views))
    hooks = {
        "table": silent(client, recordChangeScope=table_id),
        "view": silent(client, recordChangeScope=view_id),
        "field": silent(client, watchDataInFieldIds=[sms]),
        "added": silent(client, changeTypes=["add"]),
        "people": silent(client, fromSources=["client"]),
        "schema": silent(client, dataTypes=["tableFields"]),
        "more": silent(
            client,
            changeTypes=["update"],
            includes={"includeCellValuesInFieldIds": [sms], "includePreviousCellValues": True},
        ),
    }
    client.table("Templates").create({"text": "Hello"})
    first = client.table("Customers").first()
    assert first
    client.table("Customers").update(first["id"], {"name": "Renamed"})
    told = {key: [payload.changed_tables_by_id for payload in hook.payloads()] for key, hook in hooks.items()}
    assert {key: len(found) for key, found in told.items()} == {
        "table": 1,
        "view": 1,
        "field": 0,
        "added": 1,
        "people": 0,
        "schema": 0,
        "more": 1,
    }
    assert list(told["view"][0][table_id].changed_views_by_id[view_id].changed_records_by_id) == [first["id"]]
    more = told["more"][0][table_id].changed_records_by_id[first["id"]]
    assert more.current.cell_values_by_field_id == {name: "Renamed"}
    assert more.previous
    assert more.previous.cell_values_by_field_id == {name: "Contact 0"}
    assert more.unchanged
    assert more.unchanged.cell_values_by_field_id == {sms: "+44 7700 900000"}


def test_payloads_come_in_pages_of_fifty(stand_in: AirtableStandIn, client: ClientBase) -> None:
    webhook, table = silent(client), stand_in.base.tables["Customers"]
    for number in range(120):
        stand_in.base.create(table, {"name": str(number)})
    path = f"/{webhook.id}/payloads"
    pages = [call(stand_in, "GET", path, params={"cursor": cursor}).json() for cursor in (1, 51, 101, 121)]
    assert [len(page["payloads"]) for page in pages] == [50, 50, 20, 0]
    assert [page["cursor"] for page in pages] == [51, 101, 121, 121]
    assert [page["mightHaveMore"] for page in pages] == [True, True, False, False]
    assert [payload.cursor for payload in webhook.payloads(cursor=31)] == list(range(31, 121))
    assert len(call(stand_in, "GET", path, params={"limit": 3}).json()["payloads"]) == 3
    for wrong in ({"limit": MAX_PAYLOADS_COUNT + 1}, {"cursor": 0}, {"cursor": "x"}):
        assert call(stand_in, "GET", path, params=wrong).status_code == 422
    assert client.webhook(webhook.id).cursor_for_next_payload == 121


def test_payloads_are_kept_for_a_week_and_their_numbers_for_ever(
    stand_in: AirtableStandIn,
    client: ClientBase,
    clock: Clock,
) -> None:
    webhook, table = silent(client), stand_in.base.tables["Customers"]
    stand_in.base.create(table, {"name": "old"})
    clock.today += timedelta(days=6)
    stand_in.base.create(table, {"name": "new"})
    assert [payload.cursor for payload in webhook.payloads()] == [1, 2]
    clock.today += timedelta(days=1)
    page = call(stand_in, "GET", f"/{webhook.id}/payloads").json()
    assert (len(page["payloads"]), page["cursor"]) == (1, 3)


def test_a_webhook_expires_unless_it_is_refreshed_or_read(
    stand_in: AirtableStandIn,
    client: ClientBase,
    clock: Clock,
) -> None:
    refreshed, read, left = silent(client), silent(client), silent(client)
    clock.today += timedelta(days=6)
    answer = client.api.post(f"{stand_in.url}/v0/bases/{stand_in.base_id}/webhooks/{refreshed.id}/refresh")
    assert answer == {"expirationTime": "2026-03-14T12:00:00.250Z"}
    assert list(read.payloads()) == []
    stand_in.base.create(stand_in.base.tables["Customers"], {"name": "in time"})
    clock.today += timedelta(days=1)
    enabled = {webhook.id: webhook.is_hook_enabled for webhook in client.webhooks()}
    assert enabled == {refreshed.id: True, read.id: True, left.id: False}
    stand_in.base.create(stand_in.base.tables["Customers"], {"name": "too late"})
    assert [len(list(webhook.payloads())) for webhook in (refreshed, read, left)] == [2, 2, 1]
    assert not client.webhook(left.id).is_hook_enabled
    with pytest.raises(requests.HTTPError, match="422"):
        left.extend_expiration()
    clock.today += timedelta(days=6, hours=23)
    assert len(client.webhooks()) == 3
    clock.today += timedelta(hours=1)
    assert left.id not in {webhook.id for webhook in client.webhooks()}


def test_a_change_is_pinged_and_the_mac_holds(
    stand_in: AirtableStandIn,
    client: ClientBase,
    receiver: Receiver,
) -> None:
    made = pinged(client, stand_in, receiver)
    client.table("Customers").create({"name": "Zoë"})
    soon(lambda: stand_in.pings)
    [(body, mac, content_type)] = receiver.got
    assert (
        body
        == (
            f'{{"base":{{"id":"{stand_in.base_id}"}},"webhook":{{"id":"{made.id}"}},'
            '"timestamp":"2026-03-01T12:00:00.250Z"}'
        ).encode()
    )
    secret = base64.b64decode(made.mac_secret_base64)
    assert mac == "hmac-sha256=" + hmac.new(secret, body, "sha256").hexdigest()
    assert content_type == "application/json"
    assert WebhookNotification.from_request(body.decode(), mac, made.mac_secret_base64).webhook.id == made.id
    [ping] = stand_in.pings
    assert (ping.webhook_id, ping.url, ping.status, ping.retry) == (made.id, receiver.url, 204, 0)
    listed = client.webhook(made.id)
    assert listed.last_successful_notification_time == MADE
    assert listed.last_notification_result
    assert listed.last_notification_result.success


def test_creation_is_pinged(stand_in: AirtableStandIn, client: ClientBase, receiver: Receiver) -> None:
    made = client.add_webhook(receiver.url, specification())
    soon(lambda: stand_in.pings)
    assert stand_in.pings[0].webhook_id == made.id
    assert list(client.webhook(made.id).payloads()) == []


def test_changes_in_quick_succession_are_one_ping(
    stand_in: AirtableStandIn,
    client: ClientBase,
    receiver: Receiver,
) -> None:
    made = pinged(client, stand_in, receiver)
    stand_in._pinger.plan = GATHERING
    for number in range(20):
        stand_in.base.create(stand_in.base.tables["Customers"], {"name": str(number)})
    soon(lambda: stand_in.pings)
    time.sleep(GATHERING.delay_s + 0.05)
    assert len(stand_in.pings) == 1
    assert len(list(client.webhook(made.id).payloads())) == 20


def test_a_change_during_a_ping_is_pinged_afterwards(
    stand_in: AirtableStandIn,
    client: ClientBase,
    receiver: Receiver,
) -> None:
    pinged(client, stand_in, receiver)
    receiver.release.clear()
    table = stand_in.base.tables["Customers"]
    stand_in.base.create(table, {"name": "first"})
    soon(lambda: receiver.got)
    stand_in.base.create(table, {"name": "second"})
    receiver.release.set()
    soon(lambda: len(stand_in.pings) == 2)


@pytest.mark.parametrize("status", [201, 302, 403])
def test_a_ping_is_retried_until_it_is_answered_with_200_or_204(
    stand_in: AirtableStandIn,
    client: ClientBase,
    receiver: Receiver,
    status: int,
) -> None:
    made = pinged(client, stand_in, receiver)
    receiver.statuses = [status, status, 200]
    stand_in.base.create(stand_in.base.tables["Customers"], {"name": "New"})
    soon(lambda: len(stand_in.pings) == 3)
    assert [(ping.status, ping.retry) for ping in stand_in.pings] == [(status, 0), (status, 1), (200, 2)]
    result = client.webhook(made.id).last_notification_result
    assert result
    assert (result.success, result.retry_number) == (True, 2)


def test_a_receiver_that_fails_for_good_gets_no_more_until_it_is_enabled(
    stand_in: AirtableStandIn,
    client: ClientBase,
    receiver: Receiver,
) -> None:
    made = pinged(client, stand_in, receiver)
    receiver.statuses = [500]
    table = stand_in.base.tables["Customers"]
    stand_in.base.create(table, {"name": "first"})
    soon(lambda: not stand_in.webhooks.found(made.id).notifications_enabled)
    assert len(stand_in.pings) == 1 + QUICK.retries
    webhook = client.webhook(made.id)
    assert (webhook.are_notifications_enabled, webhook.is_hook_enabled) == (False, True)
    result = webhook.last_notification_result
    assert result
    assert result.error
    assert (result.success, result.will_be_retried, result.error.message) == (False, False, "The receiver answered 500")
    stand_in.base.create(table, {"name": "second"})
    time.sleep(3 * QUICK.delay_s)
    assert len(stand_in.pings) == 1 + QUICK.retries
    assert len(list(webhook.payloads())) == 2
    receiver.statuses = [204]
    webhook.enable_notifications()
    stand_in.base.create(table, {"name": "third"})
    soon(lambda: stand_in.pings[-1].accepted)


def test_nobody_listening_is_a_failure(stand_in: AirtableStandIn, client: ClientBase) -> None:
    client.add_webhook(NOWHERE, specification())
    soon(lambda: stand_in.pings)
    assert stand_in.pings[0].status is None
    assert stand_in.pings[0].problem


def test_a_receiver_that_is_slow_is_a_failure(
    stand_in: AirtableStandIn,
    client: ClientBase,
    receiver: Receiver,
) -> None:
    receiver.release.clear()
    stand_in._pinger.plan = IMPATIENT
    client.add_webhook(receiver.url, specification())
    soon(lambda: stand_in.pings)
    assert (stand_in.pings[0].status, stand_in.pings[0].accepted) == (None, False)


@pytest.mark.parametrize("end", ["expire", "delete", "disable", "reset"])
def test_a_webhook_that_has_ended_is_not_pinged(
    stand_in: AirtableStandIn,
    client: ClientBase,
    receiver: Receiver,
    clock: Clock,
    end: str,
) -> None:
    webhook = client.webhook(pinged(client, stand_in, receiver).id)
    stand_in._pinger.plan = GATHERING
    stand_in.base.create(stand_in.base.tables["Customers"], {"name": "within the delay"})
    if end == "expire":
        clock.today += WEEK
    else:
        {"delete": webhook.delete, "disable": webhook.disable_notifications, "reset": stand_in.reset}[end]()
    stand_in.base.create(stand_in.base.tables["Customers"], {"name": "after the end"})
    time.sleep(GATHERING.delay_s + 0.05)
    assert stand_in.pings == []


def test_stopping_waits_neither_for_a_receiver_nor_for_a_retry(receiver: Receiver) -> None:
    receiver.release.clear()
    stand_in = AirtableStandIn({"Customers": []}, pinging=Pinging(delay_s=0.01))
    with stand_in:
        for url in (receiver.url, NOWHERE):
            assert call(stand_in, "POST", json={"notificationUrl": url, "specification": specification()}).ok
        soon(lambda: receiver.got and stand_in.pings)
        stand_in.stop()
        stand_in.stop()
    assert [ping.url for ping in stand_in.pings] == [NOWHERE]  # the receiver holds its ping still


def test_a_stand_in_that_starts_again_pings_again(stand_in: AirtableStandIn, receiver: Receiver) -> None:
    stand_in.webhooks.create({"notificationUrl": receiver.url, "specification": specification()})
    stand_in.stop()
    stand_in.pings.clear()
    table = stand_in.base.tables["Customers"]
    stand_in.base.create(table, {"name": "while stopped"})
    stand_in.start()
    stand_in.base.create(table, {"name": "after"})
    soon(lambda: stand_in.pings)
    assert stand_in.pings[0].accepted


def test_retries_take_about_a_day_by_default() -> None:
    waits = [AIRTABLES_PINGING.first_wait_s * 2**retry for retry in range(AIRTABLES_PINGING.retries)]
    assert 22 * 3600 < sum(waits) < 24 * 3600


def test_a_write_that_fails_halfway_is_announced_as_far_as_it_went() -> None:
    base, heard = Base({"Customers": []}), list[Transaction]()
    base.watchers.append(heard.append)

    def half() -> None:
        with base.transaction():
            base.create(base.tables["Customers"], {})
            raise AirtableError(422, {})

    with pytest.raises(AirtableError):
        half()
    [transaction] = heard
    assert (transaction.number, len(transaction.changes)) == (1, 1)
