"""What somebody changes in Airtable is what workers see: within seconds with a webhook, else as soon as can be told."""

import base64
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.integration.callbacks.conftest import ROOT, WORKER, Deploy, Deployment, many
from tests.integration.shared import SharedStack, bundle_stack
from tests.integration.waiting import patiently
from tests.sizes import IS_PROVING, only_proved
from twilio_bridge_local.credentials import AIRTABLE_WEBHOOK_SECRET
from twilio_bridge_local.environment import decide
from twilio_bridge_local.samples.airtable_base import COLUMNS
from twilio_bridge_local.vendors.airtable.store import Column, Table
from twilio_bridge_local.vendors.airtable.webhooks import Webhook
from twilio_bridge_local.vendors.faults import Faults

SEEN_WITHIN_S = 5
PING = ROOT / "events/airtable_webhook/ping.json"
PEOPLE = [{"name": "Amara Okafor", "owner": WORKER}, {"name": "Ben Adams", "owner": WORKER}]
MODIFIED = {**COLUMNS, "Customers": (*COLUMNS["Customers"], Column("modified", "lastModifiedTime"))}
FORGED = "hmac-sha256=" + "0" * 64
BY_TIME = "contacts: {columns: {last_modified: modified}}"


def register(deployed: Deployment) -> Any:
    """Do what the schedule does each hour."""
    event = {"webhook": True, "url": deployed.stack.url}
    return deployed.stack.invoke("RefreshContactsFunction", event).payload


def refresh(deployed: Deployment) -> Any:
    """Do what a callback starts that met a stale copy."""
    return deployed.stack.invoke("RefreshContactsFunction", {}).payload


def customers(deployed: Deployment) -> Table:
    table = deployed.airtable.base.table("Customers")
    assert table

    return table


def rename(deployed: Deployment, old: str, new: str) -> None:
    table = customers(deployed)
    record = next(each for each in deployed.airtable.base.listed(table) if each.cells["name"] == old)
    deployed.airtable.base.update(table, record.id, {"name": new}, clear=False)


def insert(deployed: Deployment, name: str) -> None:
    deployed.airtable.base.create(customers(deployed), {"name": name, "owner": WORKER})


def delete(deployed: Deployment, name: str) -> None:
    table = customers(deployed)
    record = next(each for each in deployed.airtable.base.listed(table) if each.cells["name"] == name)
    deployed.airtable.base.delete(table, record.id)


def names(deployed: Deployment) -> list[str]:
    """Return the names that the worker's app shows first."""
    asked = {"Location": "GetCustomersList", "Worker": WORKER, "PageSize": "30"}
    return [each["display_name"] for each in deployed.ask("crm", **asked)["objects"]["customers"]]


def await_names(deployed: Deployment, is_seen: Callable[[list[str]], bool]) -> None:
    """Wait until the app shows it; the test fails where it does not in time."""
    shown = patiently(lambda: names(deployed), is_seen, seconds=SEEN_WITHIN_S)
    assert is_seen(shown), shown


def await_first_ping(deployed: Deployment) -> None:
    """Wait until the ping that comes with every new webhook is done with."""
    patiently(lambda: requests_since(deployed, 0), lambda paths: "payloads" in paths, seconds=SEEN_WITHIN_S)


def count_refreshes(deployed: Deployment) -> int:
    """Return how many have ended: one registers the webhook, the next reads what its first ping is about."""
    return deployed.stack.log_path.read_text().count("RefreshContactsFunction REPORT")


def webhook(deployed: Deployment) -> Webhook:
    [only] = deployed.airtable.webhooks.listed()
    return only


def age(deployed: Deployment, seconds: int) -> None:
    """Let the copy be older than it is."""
    deployed.stack.client("dynamodb").update_item(
        TableName="ContactCache",
        Key={"pk": {"S": "cache"}, "sk": {"S": "state"}},
        UpdateExpression="SET began_at = began_at - :age",
        ExpressionAttributeValues={":age": {"N": str(seconds * 1000)}},
    )


def requests_since(deployed: Deployment, count: int) -> list[str]:
    base = f"/v0/{deployed.airtable.base_id}"
    paths = [seen.path.removeprefix(base) for seen in deployed.airtable.requests[count:]]
    return ["payloads" if path.endswith("/payloads") else path for path in paths]


def errors(deployed: Deployment) -> list[str]:
    lines = [line[line.index("{") :] for line in deployed.stack.log_path.read_text().splitlines() if "{" in line]
    return [line for line in lines if '"level":"ERROR"' in line.replace(" ", "")]


def test_with_a_webhook_changes_are_seen_within_seconds(deploy: Deploy) -> None:
    """An edit, an insert and a deletion, without a last-modified column; and nobody is woken."""
    deployed = deploy(PEOPLE)
    deployed.load()
    assert "registered" == register(deployed)["webhook"]
    rename(deployed, "Amara Okafor", "Amara Bello")
    await_names(deployed, lambda shown: "Amara Bello" in shown)
    insert(deployed, "Chloé Dubois")
    await_names(deployed, lambda shown: "Chloé Dubois" in shown)
    delete(deployed, "Ben Adams")
    await_names(deployed, lambda shown: "Ben Adams" not in shown)

    assert [] == errors(deployed)


def test_the_first_registration_loads_the_base(deploy: Deploy) -> None:
    """A new stack has its webhook and its contacts before anybody asks; both tell the same hour later."""
    deployed = deploy(PEOPLE)
    first = register(deployed)

    assert ("registered", 2) == (first["webhook"], first["contacts"])
    assert {"webhook": "nothing"} == register(deployed)
    assert {"changed": 0} == patiently(lambda: refresh(deployed), lambda outcome: "changed" in outcome, SEEN_WITHIN_S)
    assert f"{deployed.stack.url}/webhooks/airtable" == webhook(deployed).url


def test_changes_are_seen_while_a_load_runs(deploy: Deploy) -> None:
    """A load of 2,000 contacts takes all the slots it gets, and neither holds a change up nor undoes it."""
    deployed = deploy([*PEOPLE, *many(2_000)])
    with ThreadPoolExecutor(1) as pool:
        register(deployed)
        load = pool.submit(deployed.stack.invoke, "RefreshContactsFunction", {"whole": True})
        patiently(lambda: requests_since(deployed, 0).count("/Customers"), lambda count: count >= 2, seconds=10)
        rename(deployed, "Amara Okafor", "!Amara")
        insert(deployed, "!Chloé")
        delete(deployed, "Ben Adams")
        await_names(deployed, lambda shown: {"!Amara", "!Chloé"} <= {*shown})

        assert not load.done()
        assert load.result().payload["contacts"] > 2_000
        assert ["!Amara", "!Chloé"] == names(deployed)[:2]
        assert "Ben Adams" not in found(deployed, "Ben Adams")


def found(deployed: Deployment, query: str) -> list[str]:
    asked = {"Location": "GetCustomersList", "Worker": WORKER, "PageSize": "100", "Query": query}
    return [each["display_name"] for each in deployed.ask("crm", **asked)["objects"]["customers"]]


def test_lost_pings_are_made_good_by_the_next_refresh(deploy: Deploy) -> None:
    """Where Airtable gave up telling us, a stale copy costs two requests, not a load; next day it tells again."""
    deployed = deploy(PEOPLE)
    register(deployed)
    await_first_ping(deployed)
    webhook(deployed).notifications_enabled = False
    rename(deployed, "Amara Okafor", "Amara Bello")
    delete(deployed, "Ben Adams")
    asked = deployed.requests_to_airtable()

    changed = patiently(lambda: refresh(deployed), lambda outcome: "changed" in outcome, seconds=SEEN_WITHIN_S)
    assert {"changed": 2} == changed
    assert ["payloads", "/Customers"] == requests_since(deployed, asked)
    assert ["Amara Bello"] == names(deployed)
    event = {"webhook": True, "url": deployed.stack.url, "now": True}
    assert {"webhook": "renewed"} == deployed.stack.invoke("RefreshContactsFunction", event).payload
    assert webhook(deployed).notifications_enabled


@only_proved
def test_a_stale_copy_that_nobody_told_of_is_one_request(deploy: Deploy) -> None:
    """With a webhook an unchanged base costs one request each fresh_s.

    tests/unit/contacts/test_webhook_changes.py holds it; above, requests are counted through the stack.
    """
    deployed = deploy(PEOPLE)
    register(deployed)
    await_first_ping(deployed)
    patiently(lambda: count_refreshes(deployed), lambda ended: ended > 1, seconds=SEEN_WITHIN_S)
    asked = deployed.requests_to_airtable()

    assert {"changed": 0} == patiently(lambda: refresh(deployed), lambda outcome: "changed" in outcome, SEEN_WITHIN_S)
    assert ["payloads"] == requests_since(deployed, asked)


@only_proved
def test_templates_are_told_of_too(deploy: Deploy) -> None:
    """A changed template is offered within seconds; tests/unit/contacts/test_webhook_changes.py holds it."""
    deployed = deploy(PEOPLE)
    register(deployed)
    base, table = deployed.airtable.base, deployed.airtable.base.tables["Templates"]
    base.update(table, base.listed(table)[0].id, {"text": "A new text"}, clear=False)

    def offered() -> str:
        asked = {"Location": "GetTemplatesByCustomerId", "Worker": WORKER}
        return json.dumps(deployed.ask("templates", **asked, CustomerId=next(iter(customers(deployed).records))))

    assert "A new text" in patiently(offered, lambda text: "A new text" in text, seconds=SEEN_WITHIN_S)


def test_with_a_last_modified_column_changes_are_seen_when_the_copy_is_stale(deploy: Deploy) -> None:
    """Without a webhook an edit and an insert are there after fresh_s; a deletion after the next load."""
    deployed = deploy(PEOPLE, config=BY_TIME, columns=MODIFIED)
    deployed.load()
    time.sleep(1)  # Airtable's times have whole seconds
    rename(deployed, "Amara Okafor", "Amara Bello")
    insert(deployed, "Chloé Dubois")
    delete(deployed, "Ben Adams")
    assert "Amara Bello" not in names(deployed)
    age(deployed, 301)
    await_names(deployed, lambda shown: {"Amara Bello", "Chloé Dubois"} <= {*shown})

    assert "Ben Adams" in names(deployed)
    deployed.load()
    assert "Ben Adams" not in names(deployed)


def test_with_neither_changes_come_with_the_next_load(deploy: Deploy) -> None:
    """A token without the scope is no error: the log says so once, and loads go on as before."""
    deployed = deploy(PEOPLE)
    deployed.airtable.webhooks_allowed = False
    deployed.load()
    assert {"webhook": "refused"} == register(deployed)
    rename(deployed, "Amara Okafor", "Amara Bello")

    assert {"nothing": "due, or another refresh is running"} == refresh(deployed)
    assert "Amara Bello" not in names(deployed)
    deployed.load()
    assert "Amara Bello" in names(deployed)
    assert {"webhook": "nothing"} == register(deployed)
    assert [] == errors(deployed)


def test_what_airtable_did_not_sign_is_refused(deploy: Deploy) -> None:
    """403, and nobody asks Airtable anything because of it."""
    deployed = deploy(PEOPLE)
    register(deployed)
    await_first_ping(deployed)
    patiently(lambda: count_refreshes(deployed), lambda ended: ended > 1, seconds=SEEN_WITHIN_S)
    asked = deployed.requests_to_airtable()
    url = f"{deployed.stack.url}/webhooks/airtable"
    answer = requests.post(url, data=b"{}", headers={"X-Airtable-Content-MAC": FORGED}, timeout=10)
    time.sleep(0.5)

    assert 403 == answer.status_code
    assert asked == deployed.requests_to_airtable()


def test_one_made_by_hand(deploy: Deploy) -> None:
    """Its secret is in the settings: its pings are good, and where the token may it is taken over."""
    deployed = deploy(PEOPLE, AIRTABLE_WEBHOOK_SECRET=AIRTABLE_WEBHOOK_SECRET)
    filters = {"dataTypes": ["tableData"]}
    made = {
        "notificationUrl": f"{deployed.stack.url}/webhooks/airtable",
        "specification": {"options": {"filters": filters}},
    }
    deployed.airtable.webhooks.create(made).secret = base64.b64decode(AIRTABLE_WEBHOOK_SECRET)
    by_hand = webhook(deployed).id
    answer = deployed.stack.invoke("AirtableWebhookFunction", json.loads(PING.read_text())).payload
    assert (200, "{}") == (answer["statusCode"], answer["body"])
    assert "registered" == register(deployed)["webhook"]
    rename(deployed, "Amara Okafor", "Amara Bello")

    await_names(deployed, lambda shown: "Amara Bello" in shown)
    assert by_hand == webhook(deployed).id


def test_what_could_not_be_read_is_read_by_the_next_refresh(deploy: Deploy) -> None:
    """A ping while Airtable answers 503 moves nothing; afterwards the change is there."""
    deployed = deploy(PEOPLE)
    register(deployed)
    deployed.airtable.faults = Faults(status=503)
    rename(deployed, "Amara Okafor", "Amara Bello")
    refused = lambda: sum(seen.status == 503 for seen in deployed.airtable.requests)  # noqa: E731
    assert 2 <= patiently(refused, lambda count: count >= 2, seconds=10)  # a try and its repetition
    assert "Amara Bello" not in names(deployed)
    deployed.airtable.faults = Faults()
    patiently(lambda: refresh(deployed), lambda outcome: "changed" in outcome, seconds=10)

    assert "Amara Bello" in names(deployed)


def test_the_local_stack_registers_itself(tmp_path: Path, shared: SharedStack) -> None:
    """Whatever is started registers its own address at the stand-in, and what is changed there is seen."""
    shared.close()
    with bundle_stack(decide({}), log_folder=tmp_path) as stack:
        airtable = stack.stand_ins.airtable
        assert airtable

        deployed = Deployment(stack, airtable)
        assert patiently(airtable.webhooks.listed, bool, seconds=15)
        assert f"{stack.url}/webhooks/airtable" == webhook(deployed).url
        await_names(deployed, bool)
        insert(deployed, "!Chloé")
        await_names(deployed, lambda shown: "!Chloé" in shown)


@pytest.mark.prove
def test_a_real_base_gets_no_webhook_of_a_laptops(tmp_path: Path, shared: SharedStack) -> None:
    """Airtable could not reach 127.0.0.1, so its own address is never given one; a tunnel's is.

    Each case starts a stack. That a base on this machine gets one is met above, and again in `make prove`.
    """
    shared.close()
    base = {"AIRTABLE_TOKEN": "patX", "AIRTABLE_BASE_ID": "app00000000000001"}
    tunnel = {"PUBLIC_BASE_URL": "https://tunnel.example.com"}

    assert ["", "https://tunnel.example.com"] == [_url_given(base | more, tmp_path) for more in ({}, tunnel)]
    if IS_PROVING:
        near = {"AIRTABLE_ENDPOINT_URL": "http://127.0.0.1:9"}
        assert _url_given(base | near, tmp_path).startswith("http://127.0.0.1:")


def _url_given(settings: dict[str, str], folder: Path) -> str:
    with bundle_stack(decide(settings), log_folder=folder, schedules=False) as stack:
        function = next(each for each in stack.bundle.functions if each.name == "RefreshContactsFunction")
        payloads = [json.loads(each.payload or "{}") for each in function.schedules]
        return str(next(payload["url"] for payload in payloads if "webhook" in payload))


def test_a_stack_without_airtable_wakes_nobody(deploy: Deploy) -> None:
    """Where no token is set the hourly look is a line of information; loads say what is missing."""
    deployed = deploy(PEOPLE)
    secrets = deployed.stack.client("secretsmanager")
    secrets.put_secret_value(SecretId="local/airtable", SecretString="{}")

    assert {"webhook": "nothing"} == register(deployed)
    assert [] == errors(deployed)
