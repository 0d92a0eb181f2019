"""Each function of the support job may do what it does, and nothing it never does."""

import json
from typing import Any

from tests.integration.callbacks.conftest import loaded
from tests.integration.granted import OF_SUPPORT, done, granted
from tests.integration.support.conftest import (
    ANSWERED,
    CONFIG,
    SURVEY,
    WARM_UP,
    Deploy,
    Deployment,
    phone,
    record,
    sample,
    samples,
    task_sid,
)
from tests.integration.support.syncing import add_events, call, replace_recordings, sync
from tests.integration.support.test_events import by_token, finished
from tests.integration.support.test_sink import answered, ask, sink
from tests.integration.waiting import patiently, retry_messages
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.opt_outs import DynamoOptOuts
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.support.persons.person import Interaction, TimelineEvent
from twilio_bridge_local.vendors.faults import Faults

SERVED, JOINED, REFUSED, SYNCED = 1, 2, 3, 4


def live_through(deployed: Deployment) -> None:
    """Let every function do everything it can do."""
    _day(deployed)
    _joined(deployed)
    _sinks(deployed)
    deployed.await_events(SERVED, 3, 30)
    _synced(deployed)
    _refused(deployed)


def _day(deployed: Deployment) -> None:
    """A task, its survey, a word, twice, and rubbish, by each way in; the contacts are cached.

    Brevo is down for the first contacts, and a person whose message was lost is queued by the regular job.
    """
    deployed.brevo.faults = Faults(status=503, only=("POST /v3/contacts",), times=8)
    outcome = patiently(lambda: deployed.stack.invoke("RefreshContactsFunction", {"whole": True}).payload, loaded, 20)
    assert loaded(outcome), outcome
    word = {**sample("inbound-message-received", SERVED), "time": "2026-03-02T15:00:00Z"}
    deployed.put([*map(record, samples(SERVED, *ANSWERED, SURVEY)), record(word), record(word), b"no JSON"])
    deployed.put(map(record, samples(SERVED, "worker-activity-update", "conversation-added")))
    assert 200 == deployed.post(record(samples(WARM_UP, "task-canceled-abandon")))
    assert 200 == deployed.complete(finished(SERVED), by_token()).status_code
    assert patiently(lambda: deployed.logged("DeliverToBrevoFunction", "not done yet"), bool, 20)
    table = Table(deployed.stack.client("dynamodb"), "SyncState")
    old = Interaction(sid="WT-old", version=1, counts=True, created_at=1, last_at=2, ended_at=2)
    DynamoPersons(table).put_interaction("lost", old)
    DynamoPersons(table).put_event("lost", TimelineEvent(key="WT#requested", name="SUPPORT_REQUESTED", at=0, version=1))
    assert 1 == deployed.stack.invoke("SyncFunction", {}).payload["persons"]


def _joined(deployed: Deployment) -> None:
    """Two persons turn out to be one while both wait for Brevo, and a hidden caller to be the same one."""
    known, email = {"from": phone(JOINED)}, {"customers": {"email": "k@example.org"}}
    apart = [created(1, known), created(2, {"identity": "kim", **email}), created(4, {"from": "anonymous"})]
    joining = [created(3, known | email), created(4, {"from": "anonymous", **email}, "task.updated")]
    for events in (apart, joining):
        wanted = deployed.taken_in() + len(events)
        deployed.put(map(record, events))
        deployed.await_taken_in(wanted)
    deployed.await_events(JOINED, 4, 20)


def created(number: int, attributes: dict[str, Any], kind: str = "task.created") -> dict[str, Any]:
    """Return an event of one of JOINED's tasks with these attributes."""
    event = sample("task-created", JOINED)
    own = {"task_sid": task_sid(JOINED, number), "sid": f"EVjoined{number}{kind}"}
    event["data"]["payload"] |= own | {"task_attributes": json.dumps(attributes)}
    return {**event, "type": f"com.twilio.taskrouter.{kind}"}


def _sinks(deployed: Deployment) -> None:
    """A sink is tested while Twilio is down, and once more."""
    deployed.twilio.faults = Faults(status=503, only=("/events/",))
    deployed.put([record(sample("test-event-kinesis", SERVED))])
    assert patiently(lambda: deployed.logged("SyncFunction", "not done yet"), bool, 15)
    deployed.twilio.faults = Faults()
    ask(deployed, "POST", f"Sinks/{sink(deployed)}/Test")
    assert patiently(lambda: answered(deployed), bool, 10, retry_messages)


def _synced(deployed: Deployment) -> None:
    """Twilio's lists are read twice, the second time with one gone; then it is down."""
    add_events(deployed, SYNCED)
    replace_recordings(deployed, "completed", "processing", "completed")
    sync(deployed, "tasks", "recordings")
    replace_recordings(deployed, "completed", "completed")
    sync(deployed, "recordings")
    assert "interactions" in call(deployed, action="export")
    deployed.twilio.faults = Faults(status=503, only=("GET /api/",))
    call(deployed, type="full", resources=["calls"])
    assert patiently(lambda: deployed.logged("SyncFunction", "slice not done yet"), bool, 60)
    deployed.twilio.faults = Faults()
    call(deployed, action="cancel")


def _refused(deployed: Deployment) -> None:
    """Brevo takes none of a person's identifiers, and an opt-out waits for an Airtable that is not there yet."""
    deployed.brevo.faults = Faults(status=400, only=("POST /v3/contacts",))
    deployed.put(map(record, samples(REFUSED, *ANSWERED)))
    assert patiently(lambda: [line for line in delivered(deployed) if line["parked"]], bool, 20, retry_messages)
    DynamoOptOuts(Table(deployed.stack.client("dynamodb"), "SyncState")).postpone(phone(REFUSED), "airtable", 0.0)
    assert 1 == deployed.stack.invoke("SyncFunction", {}).payload["addresses"]


def delivered(deployed: Deployment) -> list[dict[str, Any]]:
    """Return what came of each delivery of a person."""
    lines = deployed.logged("DeliverToBrevoFunction", "Brevo told")
    return [line for line in lines if "person" in line]


def test_policies_hold_what_is_done_and_no_more(deploy: Deploy) -> None:
    """Nothing a function does would be denied, and nothing is granted that is never done."""
    allowed = {name: grants for name, grants in granted().items() if name in OF_SUPPORT}
    with deploy(f"{CONFIG}\ninsights: {{enabled: true}}\n") as deployed:
        live_through(deployed)
        calls = done(deployed.stack.embedded_aws.calls)

    assert {} == {name: denied for name in allowed if (denied := calls.get(name, set()) - allowed[name])}
    assert {} == {name: idle for name, grants in allowed.items() if (idle := grants - calls.get(name, set()))}
