"""Fixtures of the stand-ins' tests."""

from collections.abc import Iterator

import pytest

from tests.contract.local.brevo.calls import Caller, Clock
from twilio_bridge_local.vendors.brevo.account import Account
from twilio_bridge_local.vendors.brevo.limits import NO_LIMITS
from twilio_bridge_local.vendors.brevo.server import BrevoStandIn


@pytest.fixture
def brevo() -> Iterator[Caller]:
    """An account with two lists, without limits."""
    clock = Clock()
    account = Account(now=clock.now)
    with BrevoStandIn(account, lists=("Customers", "Newsletter"), limits=NO_LIMITS, clock=clock) as running:
        yield Caller(running, clock)
