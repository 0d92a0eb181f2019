"""What the contract tests share: tables as template.yaml describes them, counted calls, a clock that tests move."""

import threading
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Self

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb import dynamodb_backends

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.contacts.contact import Contact
from twilio_bridge_local.template.reader import read

ROOT = Path(__file__).parents[2]
BUNDLE = read(ROOT / "template.yaml")
DEFINITIONS = {table.name: table.definition for table in BUNDLE.tables}
REGION = "eu-west-1"
SESSION = boto3.Session("nobody", "nobody", region_name=REGION)
UNSIGNED_SERVICES = ("dynamodb", "sqs")  # no test depends on their signatures, which take long to make
EMPTY_TABLES: dict[str, Any] = {}
CONTACT_CACHE, SYNC_STATE = "ContactCache", "SyncState"


@cache
def aws_client(service: str) -> Any:
    """Return the service's client; making one takes longer than most tests."""
    signature = UNSIGNED if service in UNSIGNED_SERVICES else None
    config = Config(user_agent="tests", signature_version=signature)  # the SDK's own is put together anew each time
    return SESSION.client(service, config=config)  # type: ignore[call-overload]  # the stubs want the name spelled out


@dataclass
class Aws:
    """AWS as moto has it, in this process, with the tables of the template."""

    client: Any = field(default_factory=lambda: aws_client("dynamodb"))
    calls: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.client.meta.events.register("before-call.dynamodb", self._note)
        held = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables
        for name in DEFINITIONS:
            held[name] = deepcopy(self._empty(name))
        self.calls.clear()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.client.meta.events.unregister("before-call.dynamodb", self._note)

    def table(self, name: str) -> Table:
        return Table(self.client, name)

    def one_by_one(self, name: str) -> Table:
        """Return a table for callers in several threads."""
        each: Any = OneByOne(self.client)
        return Table(each, name)

    def make(self, name: str, definition: str) -> Table:
        """Make a table of one of the template's definitions under a name of its own."""
        self.client.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **DEFINITIONS[definition])
        return self.table(name)

    def count(self, action: Callable[[], object]) -> list[str]:
        """Return the names of the requests that an action makes."""
        before = len(self.calls)
        action()
        return self.calls[before:]

    def _empty(self, name: str) -> Any:
        """Return moto's own empty table; making one by a request takes longer than most tests."""
        if name not in EMPTY_TABLES:
            self.make(name, name)
            EMPTY_TABLES[name] = dynamodb_backends[DEFAULT_ACCOUNT_ID][REGION].tables.pop(name)
        return EMPTY_TABLES[name]

    def _note(self, model: Any, **_more: object) -> None:
        self.calls.append(model.name)


class OneByOne:
    """A client whose calls wait for each other, as DynamoDB's writes to one item do; moto's do not."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        call = getattr(self._client, name)

        def locked(**request: object) -> Any:
            with self._lock:
                return call(**request)

        return locked


class Time:
    """The clock of everything, moved by tests; while it stands, only `pass_` moves it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._real = time.time
        self._at: float | None = None
        self._moved = 0.0
        monkeypatch.setattr(time, "time", self.now)

    def now(self) -> float:
        return (self._real() if self._at is None else self._at) + self._moved

    def stop(self, at: float = 1_760_000_000.0) -> None:
        self._at, self._moved = at, 0.0

    def pass_(self, seconds: float) -> None:
        self._moved += seconds


def contact(number: int, name: str = "", **more: Any) -> Contact:
    return Contact(id=f"rec{number:014}", name=name or f"Contact {number:04}", **more)


def ids(contacts: Any) -> list[str]:
    return [each.id for each in contacts]


def names(contacts: Any) -> list[str]:
    return [each.name for each in contacts]
