"""A sync over a running stack, until its end, with what Twilio's stand-in is given for it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import requests

from tests.integration.support.conftest import Deployment, phone, task_sid
from tests.integration.waiting import patiently

# The days before today that are read.
DAYS = 2


def call(deployed: Deployment, **event: Any) -> dict[str, Any]:
    """Invoke SyncFunction."""
    found: dict[str, Any] = deployed.stack.invoke("SyncFunction", event).payload
    return found


def sync(deployed: Deployment, *resources: str, seconds: float = 120, **given: Any) -> dict[str, Any]:
    """Begin a sync, and return how far it is once it has ended."""
    since = datetime.now(UTC).date() - timedelta(days=DAYS)
    begun = call(deployed, type="full", resources=list(resources), since=f"{since}", **given)
    assert "error" not in begun, begun
    ended: dict[str, Any] = patiently(
        lambda: call(deployed, action="progress"), lambda found: found["phase"] != "open", seconds
    )
    assert "done" == ended["phase"], ended
    return ended


def workspace_of(deployed: Deployment) -> str:
    """Return Flex's TaskRouter workspace."""
    login = (deployed.twilio.account_sid, deployed.twilio.auth_token)
    answer = requests.get(f"{deployed.twilio.url}/flex-api/v1/Configuration", auth=login, timeout=10)
    return str(answer.json()["taskrouter_workspace_sid"])


def add_events(deployed: Deployment, number: int, kinds: Iterable[str] = ("task.created", "task.canceled")) -> None:
    """Have a task of a customer be in TaskRouter's list of events, an hour ago; the last event names no task."""
    at = datetime.now(UTC) - timedelta(hours=1)
    attributes = f'{{"from": "{phone(number)}", "direction": "inbound"}}'
    task = {"task_sid": task_sid(number), "task_attributes": attributes, "task_channel_unique_name": "voice"}
    rows = [event(f"EV{number}{kind}", kind, at, task) for kind in kinds]
    path = f"/v1/Workspaces/{workspace_of(deployed)}/Events"
    deployed.twilio.replace_rows("taskrouter", path, [*rows, event(f"EV{number}broken", "task.created", at, {})])


def event(sid: str, kind: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    moment = at.replace(microsecond=0)
    return {
        "sid": sid,
        "event_type": kind,
        "event_date": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "event_date_ms": int(moment.timestamp() * 1000),
        "event_data": data,
    }


def replace_recordings(deployed: Deployment, *statuses: str) -> None:
    """Have these recordings, and no others, in the account's list: of yesterday."""
    at = format_datetime(datetime.now(UTC) - timedelta(days=1))
    path = f"/2010-04-01/Accounts/{deployed.twilio.account_sid}/Recordings.json"
    rows = [
        {"sid": f"RE{number:032x}", "status": status, "date_created": at, "date_updated": at}
        for number, status in enumerate(statuses)
    ]
    deployed.twilio.replace_rows("api", path, rows)
