"""A running stack with a base of the test's own, and signed callbacks to it."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.integration.shared import SharedStack, bundle_stack
from tests.integration.waiting import patiently, retry_messages
from twilio_bridge.entrypoints.twilio_signature import sign
from twilio_bridge_local.environment import decide
from twilio_bridge_local.samples.airtable_base import COLUMNS, contacts, sample_templates
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.vendors.airtable.server import AirtableStandIn
from twilio_bridge_local.vendors.airtable.store import Base, Column
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

ROOT = Path(__file__).parents[3]
TOKEN = "local-auth-token"
WORKER = "jo@example.com"


@dataclass(frozen=True)
class Deployment:
    """The stack, and the base behind it."""

    stack: Stack
    airtable: AirtableStandIn

    @property
    def twilio(self) -> TwilioStandIn:
        assert self.stack.stand_ins.twilio

        return self.stack.stand_ins.twilio

    def send(self, callback: str, **parameters: str) -> requests.Response:
        """Send a callback as Twilio would; dots in names are written as double underscores."""
        form = {name.replace("__", "."): value for name, value in parameters.items()}
        url = f"{self.stack.url}/callbacks/{callback}"
        headers = {"X-Twilio-Signature": sign(TOKEN, url, {name: [value] for name, value in form.items()})}
        return requests.post(url, data=form, headers=headers, timeout=15)

    def ask(self, callback: str, **parameters: str) -> Any:
        """Send a callback and give its answer, which must be 200."""
        answer = self.send(callback, **parameters)
        assert 200 == answer.status_code, answer.text

        return answer.json()

    def page(self, **parameters: str) -> tuple[list[str], str | None]:
        """Return the ids of a page of the worker's list, and the token of the next."""
        given = {"Location": "GetCustomersList", "Worker": WORKER, "PageSize": "30", **parameters}
        objects = self.ask("crm", **given)["objects"]
        return [customer["customer_id"] for customer in objects["customers"]], objects.get("next_page_token")

    def load(self) -> None:
        """Load the base into the cache; a load that is running already is waited for."""
        outcome = patiently(
            lambda: self.stack.invoke("RefreshContactsFunction", {"whole": True}).payload, loaded, seconds=10
        )
        assert loaded(outcome), outcome

    def store_config(self, text: str) -> None:
        """Put a configuration in force as `twilio-bridge config put` does."""
        item = {"pk": {"S": "config"}, "sk": {"S": "bridge.yaml"}, "text": {"S": text}}
        self.stack.client("dynamodb").put_item(TableName="SyncState", Item=item)

    def skip_waiting(self) -> None:
        """Let the time be over for which a message that failed is hidden, and for which Airtable is left alone."""
        retry_messages()
        key = {"pk": {"S": f"limit#airtable#{self.airtable.base_id}"}, "sk": {"S": "slots"}}
        self.stack.client("dynamodb").delete_item(TableName="SyncState", Key=key)

    def requests_to_airtable(self) -> int:
        return len(self.airtable.requests)


Deploy = Callable[..., Deployment]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, shared: SharedStack) -> Deployment:
    """Return the stack with an empty base behind it that all these modules share."""
    return shared.get("callbacks", partial(start, tmp_path_factory))


@contextmanager
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("stack")
    with AirtableStandIn({}) as airtable:
        settings = {
            "AIRTABLE_TOKEN": airtable.token,
            "AIRTABLE_BASE_ID": airtable.base_id,
            "AIRTABLE_ENDPOINT_URL": airtable.url,
        }
        with bundle_stack(decide(settings), log_folder=folder, schedules=False) as stack:
            yield Deployment(stack, airtable)


@pytest.fixture
def deploy(tmp_path_factory: pytest.TempPathFactory, shared: SharedStack) -> Deploy:
    """Bring the stack back to its start, over a base with these customers; `config` is a bridge.yaml."""
    return partial(start_over, shared.get("callbacks", partial(start, tmp_path_factory)))


def start_over(
    running: Deployment,
    customers: Sequence[Mapping[str, object]] = (),
    config: str = "",
    columns: Mapping[str, Sequence[Column]] = COLUMNS,
    templates: Sequence[Mapping[str, object]] | None = None,
    **airtable_secret: str,
) -> Deployment:
    """Bring the stack back to its start."""
    running.airtable.reset()
    running.airtable.webhooks_allowed = True
    tables = {"Customers": customers, "Templates": sample_templates() if templates is None else templates}
    running.airtable.base.replace_tables(Base(tables, columns=columns))
    running.stack.reset()
    if config:
        running.store_config(config)
    if airtable_secret:
        add_to_secret(running.stack, "airtable", airtable_secret)
    return running


def add_to_secret(stack: Stack, name: str, values: Mapping[str, str]) -> None:
    """Put further values into one of the stack's secrets."""
    manager = stack.client("secretsmanager")
    kept = json.loads(manager.get_secret_value(SecretId=f"local/{name}")["SecretString"])
    manager.put_secret_value(SecretId=f"local/{name}", SecretString=json.dumps({**kept, **values}))


def loaded(outcome: Any) -> bool:
    return "contacts" in outcome


def many(count: int, owner: str = WORKER) -> list[dict[str, object]]:
    return contacts(count, [owner])
