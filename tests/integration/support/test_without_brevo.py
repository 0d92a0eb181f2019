"""Secrets that do not exist yet: events and opt-outs are taken in and kept, and delivered once there is one."""

import json
from typing import Any

from tests.integration.callbacks.conftest import ROOT
from tests.integration.support.conftest import ANSWERED, Deploy, Deployment, phone, record, sample, samples
from tests.integration.waiting import patiently
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.opt_outs import DynamoOptOuts
from twilio_bridge.adapters.state.persons import DynamoPersons

LATE = 1


def delete_secret(deployed: Deployment, name: str) -> None:
    deployed.stack.client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def sample_event(function: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(next((ROOT / "events" / function).glob("*.json")).read_text())
    return event


def make_overdue(deployed: Deployment) -> None:
    """Let a while pass for every event that waits."""
    client = deployed.stack.client("dynamodb")
    persons = DynamoPersons(Table(client, "SyncState"))
    for item in client.scan(TableName="SyncState", ConsistentRead=True)["Items"]:
        if item["sk"]["S"].startswith("event#"):
            person_id, key = item["pk"]["S"].removeprefix("person#"), item["sk"]["S"].removeprefix("event#")
            assert persons.postpone_event(person_id, key, 1, int(item["version"]["N"]))


def test_without_brevo_all_waits_for_its_secret(deploy: Deploy) -> None:
    """No message comes again for nine days, no alarm counts; with the secret everything is sent, opt-outs as well."""
    with deploy() as deployed:
        delete_secret(deployed, "local/brevo")
        deployed.put(map(record, [*samples(LATE, *ANSWERED), sample("inbound-message-received", LATE)]))
        assert patiently(lambda: deployed.logged("DeliverToBrevoFunction", "no secret for Brevo yet"), bool, 20)
        deployed.settle()
        assert {"batchItemFailures": []} == deployed.stack.invoke(
            "DeliverToBrevoFunction", sample_event("deliver_to_brevo")
        ).payload
        assert ([], 0) == (deployed.brevo.requests, deployed.stack.invoke("SyncFunction", {}).payload["persons"])

        secret = json.dumps({"BREVO_API_KEY": deployed.brevo.api_key})
        deployed.stack.client("secretsmanager").create_secret(Name="local/brevo", SecretString=secret)
        make_overdue(deployed)
        assert 1 == deployed.stack.invoke("SyncFunction", {}).payload["persons"]
        deployed.await_events(LATE, 2, 30)


def test_without_airtable_opt_outs_wait_for_it(deploy: Deploy) -> None:
    """The message is done with, and the request is postponed."""
    with deploy() as deployed:
        delete_secret(deployed, "local/airtable")
        opt_outs = DynamoOptOuts(Table(deployed.stack.client("dynamodb"), "SyncState"))
        opt_outs.record_request(phone(LATE), True, 1_000)
        event = sample_event("deliver_to_airtable")
        event["Records"][0]["body"] = json.dumps({"address": phone(LATE)})
        assert {"batchItemFailures": []} == deployed.stack.invoke("DeliverToAirtableFunction", event).payload
        assert [(phone(LATE), "airtable")] == list(opt_outs.find_postponed(4_000_000_000))
        assert [] == [one for one in deployed.airtable.requests if "/v0/" in one.path]
