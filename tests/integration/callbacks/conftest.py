"""A running stack with a base of the test's own, and signed callbacks to it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from twilio_bridge.entrypoints.twilio_signature import sign
from twilio_bridge_local.environment import decide
from twilio_bridge_local.samples.airtable_base import COLUMNS, contacts, sample_templates
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.vendors.airtable.server import AirtableStandIn
from twilio_bridge_local.vendors.airtable.store import Column
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

    def requests_to_airtable(self) -> int:
        return len(self.airtable.requests)


Deploy = Callable[..., AbstractContextManager[Deployment]]


@pytest.fixture
def deploy(tmp_path: Path) -> Deploy:
    """Start a stack over a base with these customers; `config` is a bridge.yaml, `more` are settings."""

    @contextmanager
    def start(
        customers: Sequence[Mapping[str, object]] = (),
        config: str = "",
        columns: Mapping[str, Sequence[Column]] = COLUMNS,
        **more: str,
    ) -> Iterator[Deployment]:
        tables = {"Customers": customers, "Templates": sample_templates()}
        with AirtableStandIn(tables, columns=columns) as airtable:
            settings = {
                **more,
                "AIRTABLE_TOKEN": airtable.token,
                "AIRTABLE_BASE_ID": airtable.base_id,
                "AIRTABLE_ENDPOINT_URL": airtable.url,
            }
            if config:
                (tmp_path / "bridge.yaml").write_text(config)
                settings["BRIDGE_CONFIG"] = str(tmp_path / "bridge.yaml")
            with Stack(
                decide(settings), template=ROOT / "template.yaml", port=0, log_folder=tmp_path, schedules=False
            ) as stack:
                yield Deployment(stack, airtable)

    return start


def loaded(outcome: Any) -> bool:
    return "contacts" in outcome


def many(count: int, owner: str = WORKER) -> list[dict[str, object]]:
    return contacts(count, [owner])


def patiently(ask: Callable[[], Any], is_there: Callable[[Any], bool], seconds: float) -> Any:
    """Ask until it is there."""
    until = time.monotonic() + seconds
    while not is_there(answer := ask()) and time.monotonic() < until:
        time.sleep(0.2)
    return answer
