"""A Brevo stand-in whose time only tests move, and plain HTTP to it; used by the tests beside it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from twilio_bridge_local.vendors.brevo.account import Account
from twilio_bridge_local.vendors.brevo.server import BrevoStandIn

MADE = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)


@dataclass
class Clock:
    """A monotonic clock and a calendar that only tests move."""

    at: float = 1000.0
    today: datetime = field(default=MADE)

    def __call__(self) -> float:
        return self.at

    def now(self) -> datetime:
        return self.today

    def advance(self, seconds: float) -> None:
        self.at += seconds
        self.today += timedelta(seconds=seconds)


@dataclass(frozen=True)
class Caller:
    """Asks a stand-in with its key."""

    stand_in: BrevoStandIn
    clock: Clock

    @property
    def account(self) -> Account:
        return self.stand_in.account

    def ask(self, method: str, path: str, *, timeout: float = 3, **options: Any) -> requests.Response:
        options.setdefault("headers", {"api-key": self.stand_in.api_key})
        return requests.request(method, f"{self.stand_in.url}/v3/{path}", timeout=timeout, **options)

    def get(self, path: str, **params: object) -> Any:
        """Return what a GET answers, which must be 200."""
        answer = self.ask("GET", path, params=params)
        assert 200 == answer.status_code, answer.text

        return answer.json()

    def post(self, path: str, body: object) -> requests.Response:
        return self.ask("POST", path, json=body)

    def put(self, path: str, body: object) -> requests.Response:
        return self.ask("PUT", path, json=body)

    def create(self, **body: object) -> int:
        """Return the id of a new contact."""
        made = self.post("contacts", body)
        assert 201 == made.status_code, made.text

        contact_id: int = made.json()["id"]
        return contact_id

    def upsert(self, **body: object) -> requests.Response:
        return self.post("contacts", {**body, "updateEnabled": True})


def refusal(answer: requests.Response) -> tuple[int, str]:
    """The status and the code of an error."""
    return answer.status_code, answer.json()["code"]
