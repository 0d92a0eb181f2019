"""A gateway, the stand-in that calls it, and the real SDK against the stand-in."""

import json
from collections.abc import Iterator

import pytest
from twilio.rest import Client

from tests.contract.local.twilio.test_support import NUMBER, WORKER, Gateway, answering, routing_to, sdk, stand_in
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    with Gateway() as running:
        yield running


@pytest.fixture
def twilio(gateway: Gateway) -> Iterator[TwilioStandIn]:
    with stand_in(gateway) as running:
        yield running


@pytest.fixture
def routed(gateway: Gateway, twilio: TwilioStandIn) -> None:
    """Let the gateway name a sender, and put a worker into each conversation."""
    gateway.answers["GetProxyAddress"] = answering(json.dumps({"proxy_address": NUMBER}))
    gateway.answers["routing"] = routing_to(twilio, WORKER)


@pytest.fixture
def client(twilio: TwilioStandIn) -> Iterator[Client]:
    with sdk(twilio) as running:
        yield running
