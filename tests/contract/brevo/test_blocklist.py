"""Whom Brevo has on its blocklist gets no campaign's message; what cannot be read is not taken for empty."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.contract.airtable.adapter import answering
from tests.contract.brevo.adapter import Moment, stand_in
from tests.contract.tables import SYNC_STATE, Aws
from twilio_bridge.adapters.brevo import blocklist
from twilio_bridge.adapters.brevo.blocklist import FRESH_S, BrevoBlocklist
from twilio_bridge.adapters.brevo.client import BrevoRequests, limiters
from twilio_bridge.errors import UnavailableError
from twilio_bridge_local.vendors.brevo.account import Contact
from twilio_bridge_local.vendors.brevo.server import API_KEY, BrevoStandIn
from twilio_bridge_local.vendors.faults import Faults


@pytest.fixture
def brevo(monkeypatch: pytest.MonkeyPatch) -> Iterator[BrevoStandIn]:
    monkeypatch.setattr("time.sleep", lambda _s: None)
    with stand_in() as running:
        yield running


def make(aws: Aws, url: str, clock: Moment | None = None) -> BrevoBlocklist:
    requests = BrevoRequests(API_KEY, url, limiters(aws.table(SYNC_STATE)))
    return BrevoBlocklist(requests, (clock or Moment()).now)


def add(brevo: BrevoStandIn, number: str, blocked: bool) -> None:
    account = brevo.account
    now, attributes = datetime.now(UTC), {"SMS": number}
    contact = Contact(len(account.contacts) + 1, now, now, attributes=attributes, sms_blacklisted=blocked)
    account.contacts[contact.id] = contact


def test_blocked_numbers_are_suppressed_page_by_page(
    aws: Aws, brevo: BrevoStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In every spelling, with and without a plus sign; a text's blocklist is not WhatsApp's."""
    monkeypatch.setattr(blocklist, "PAGE", 5)
    monkeypatch.setattr(blocklist, "OVERLAP", 1)
    for n in range(9):
        add(brevo, f"4479460000{n:02}", blocked=n == 7)
    add(brevo, "+5511987654321", blocked=True)
    add(brevo, "", blocked=True)
    asked = ["+447946000007", "+447946000006", "whatsapp:+447946000007", "+551187654321", "+14155550100"]

    assert make(aws, brevo.url).find_suppressed(asked) == {"+447946000007": "opted_out", "+551187654321": "opted_out"}
    assert len(brevo.requests) == 3


def test_the_list_is_read_anew_after_ten_minutes(aws: Aws, brevo: BrevoStandIn) -> None:
    """And no sooner: planning asks about every hundred rows."""
    clock, number = Moment(), "+447946000001"
    add(brevo, number, blocked=False)
    book = make(aws, brevo.url, clock)
    assert book.find_suppressed([number]) == {}
    brevo.account.contacts[1] = replace(brevo.account.contacts[1], sms_blacklisted=True)
    clock.at += FRESH_S
    assert book.find_suppressed([number]) == {}
    clock.at += 1
    assert book.find_suppressed([number]) == {number: "opted_out"}


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_list_that_cannot_be_read_is_unavailable(aws: Aws, brevo: BrevoStandIn, status: int) -> None:
    """Also where Brevo refuses: the campaign waits, and is not refused for it."""
    brevo.faults = Faults(status=status)
    with pytest.raises(UnavailableError, match="brevo"):
        make(aws, brevo.url).find_suppressed(["+447946000001"])


@pytest.mark.parametrize("body", [{}, {"contacts": {}}, {"contacts": ["x"]}])
def test_rubbish_is_unavailable(aws: Aws, body: object) -> None:
    """An answer that no listing is."""
    with answering(body) as url:
        book = make(aws, url)
        with pytest.raises(UnavailableError, match="holds no contacts"):
            book.find_suppressed(["+447946000001"])
        book._brevo._session.close()
