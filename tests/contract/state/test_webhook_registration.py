"""Every Registrations keeps one webhook, whose cursor only goes forward, and counts whoever wants it read."""

from dataclasses import replace

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from tests.fakes.airtable_webhooks import FakeRegistrations
from twilio_bridge.adapters.state.webhook_registration import DynamoRegistrations
from twilio_bridge.contacts.change_feed import Registration, Registrations

WEBHOOK = Registration(
    id="ach00000000000001",
    url="https://bridge.example.com/webhooks/airtable",
    secret="c2VjcmV0",
    expires_at=1_772_366_400,
    cursor=3,
    since=1_760_000_000.25,
    tables={"Customers": "tbl00000000000001", "tbl00000000000002": "tbl00000000000002"},
)
BARE = Registration(id="ach00000000000002", url="http://127.0.0.1:3000/webhooks/airtable", expires_at=0)


@pytest.fixture(params=["memory", "dynamodb"])
def registrations(request: pytest.FixtureRequest) -> Registrations:
    if request.param == "memory":
        return FakeRegistrations()
    aws: Aws = request.getfixturevalue("aws")
    return DynamoRegistrations(aws.table(SYNC_STATE), "app00000000000001")


def test_nothing_is_known(registrations: Registrations) -> None:
    """At first there is none, and nobody has asked."""
    assert registrations.get_registration() is None
    assert not registrations.advance_cursor(WEBHOOK)
    registrations.remove_registration(WEBHOOK.id)
    assert 0 == registrations.get_request_count()


@pytest.mark.parametrize("webhook", [WEBHOOK, BARE], ids=["whole", "bare"])
def test_it_is_given_back_as_it_was(registrations: Registrations, webhook: Registration) -> None:
    """Field by field; another one takes its place altogether."""
    registrations.put_registration(replace(WEBHOOK, id="ach00000000000009", cursor=99))
    registrations.put_registration(webhook)

    assert webhook == registrations.get_registration()


def test_the_cursor_goes_forward_only(registrations: Registrations) -> None:
    """And only that of the webhook that is known; nothing else changes with it."""
    registrations.put_registration(WEBHOOK)

    assert registrations.advance_cursor(replace(WEBHOOK, cursor=8, secret="eA==", since=0))
    assert not registrations.advance_cursor(replace(WEBHOOK, cursor=8))
    assert not registrations.advance_cursor(replace(WEBHOOK, cursor=5))
    assert not registrations.advance_cursor(replace(BARE, cursor=99))
    assert replace(WEBHOOK, cursor=8) == registrations.get_registration()


def test_removed(registrations: Registrations) -> None:
    """Only the webhook that is meant; another may follow."""
    registrations.put_registration(WEBHOOK)
    registrations.remove_registration(BARE.id)
    assert WEBHOOK == registrations.get_registration()
    registrations.remove_registration(WEBHOOK.id)
    assert registrations.get_registration() is None
    assert not registrations.advance_cursor(replace(WEBHOOK, cursor=99))
    registrations.put_registration(BARE)

    assert BARE == registrations.get_registration()


def test_whoever_asks_is_counted(registrations: Registrations) -> None:
    """Whatever becomes of the webhook."""
    registrations.count_request()
    registrations.put_registration(WEBHOOK)
    registrations.count_request()
    registrations.remove_registration(WEBHOOK.id)

    assert 2 == registrations.get_request_count()


def test_a_base_of_its_own(aws: Aws) -> None:
    """Another base's webhook is another item, and the secret is given for the check of a signature."""
    table = aws.table(SYNC_STATE)
    first, second = (DynamoRegistrations(table, base_id) for base_id in ("app00000000000001", "app00000000000002"))
    first.put_registration(WEBHOOK)

    assert (WEBHOOK.secret, None) == (first.get_secret(), second.get_secret())
