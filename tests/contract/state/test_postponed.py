"""Requests that a system cannot take yet wait in the index until they are due."""

import pytest

from tests.contract.tables import SYNC_STATE
from tests.fakes.base import FakeOptOuts
from twilio_bridge.adapters.state.opt_outs import DynamoOptOuts
from twilio_bridge.ports import OptOuts

ONE, OTHER = "+447700900001", "whatsapp:US.123 😀" + "x" * 600


@pytest.fixture(params=["memory", "dynamodb"])
def opt_outs(request: pytest.FixtureRequest) -> OptOuts:
    if request.param == "memory":
        return FakeOptOuts()
    return DynamoOptOuts(request.getfixturevalue("aws").table(SYNC_STATE))


def test_each_system_waits_by_itself(opt_outs: OptOuts) -> None:
    """For each address; the latest time counts, and a request at the address stays as it is."""
    opt_outs.record_request(ONE, True, 900)
    opt_outs.postpone(ONE, "brevo", 1_000)
    opt_outs.postpone(ONE, "airtable", 2_000)
    opt_outs.postpone(OTHER, "brevo", 1_500)
    assert [] == list(opt_outs.find_postponed(1_000))
    assert [(ONE, "brevo")] == list(opt_outs.find_postponed(1_001))
    opt_outs.postpone(ONE, "brevo", 3_000)
    assert [(OTHER, "brevo"), (ONE, "airtable")] == sorted(opt_outs.find_postponed(2_001), reverse=True)
    opt_outs.settle(ONE, "airtable")
    opt_outs.settle(ONE, "airtable")
    assert {(OTHER, "brevo"), (ONE, "brevo")} == set(opt_outs.find_postponed(9_000))
    assert [(True, 900)] == [(request.out, request.at) for request in opt_outs.find_requests([ONE])]


def test_a_later_request_changes_nothing_about_it(opt_outs: OptOuts) -> None:
    """What is sent when it is due is the latest request."""
    opt_outs.record_request(ONE, True, 900)
    opt_outs.postpone(ONE, "brevo", 1_000)
    opt_outs.record_request(ONE, False, 950)
    assert [(ONE, "brevo")] == list(opt_outs.find_postponed(1_001))
