"""A Twilio account with a sub-account behind the stand-in, and a client for it."""

from collections.abc import Iterator

import pytest
import requests

from twilio_bridge.adapters.entities.accounts import Accounts
from twilio_bridge.adapters.entities.client import TwilioClient
from twilio_bridge.adapters.entities.funnel import Funnel
from twilio_bridge.entities.registry import load_registry
from twilio_bridge_local.vendors.twilio.openapi.server import TwilioApiStandIn

ACCOUNT = "AC" + "1" * 32
SUB_ACCOUNT = "AC" + "2" * 32
TOKEN, SUB_TOKEN = "t" * 32, "s" * 32


class NoLimit:
    """Lets everybody through, and remembers for how long it was blocked."""

    def __init__(self) -> None:
        self.reserved = 0
        self.blocked: list[float] = []

    def reserve(self, _patience_s: float) -> None:
        self.reserved += 1

    def block(self, seconds: float) -> None:
        self.blocked.append(seconds)


@pytest.fixture
def twilio() -> Iterator[TwilioApiStandIn]:
    with TwilioApiStandIn(ACCOUNT, TOKEN, sub_accounts={SUB_ACCOUNT: SUB_TOKEN}) as stand_in:
        yield stand_in


@pytest.fixture
def limiter() -> NoLimit:
    return NoLimit()


@pytest.fixture
def client(twilio: TwilioApiStandIn, limiter: NoLimit) -> TwilioClient:
    return make_client(twilio.url, limiter)


def make_client(endpoint_url: str, limiter: NoLimit | None = None) -> TwilioClient:
    accounts = Accounts(ACCOUNT, (ACCOUNT, TOKEN), endpoint_url=endpoint_url)
    return TwilioClient(Funnel(accounts, limiter or NoLimit(), requests.Session()), load_registry())
