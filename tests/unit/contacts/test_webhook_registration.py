"""Looking after the webhook: there is one that tells us, never two of ours, and none is no failure."""

from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.airtable_webhooks import SECRET, WEEK_S
from tests.unit.build import World, contact, world
from tests.unit.conftest import Lines
from twilio_bridge.contacts.change_feed import Registration, Webhook
from twilio_bridge.contacts.webhook_changes import LEASE, LEASE_S
from twilio_bridge.contacts.webhook_registration import EVERY_S, ROUTE, register_webhook
from twilio_bridge.errors import RateLimitedError, RefusedError, UnavailableError

BASE_URL = "https://bridge.example.com"
URL = BASE_URL + ROUTE
ELSEWHERE = "https://elsewhere.example.com/hook"


def ours(office: World) -> Registration:
    registration = office.registrations.get_registration()
    assert registration

    return registration


def listed(office: World) -> list[str]:
    return [webhook.url for webhook in office.feed.listed.values()]


def by_hand(office: World, url: str = URL, cursor: int = 1) -> Webhook:
    """Let somebody have made a webhook."""
    made = office.feed.create_webhook(url)
    office.feed.listed[made.id] = replace(office.feed.listed[made.id], cursor=cursor)
    return office.feed.listed[made.id]


def registered(**parts: Any) -> World:
    """Make a world with a webhook."""
    office = world(contact("r1"), **parts)
    assert "registered" == register_webhook(office.refreshing, BASE_URL)
    office.feed.calls.clear()
    return office


def next_day(office: World) -> None:
    office.clock.offset += EVERY_S + 2


def test_a_new_one() -> None:
    """It tells our address; its secret, its tables, and when it was made are remembered."""
    office = registered()

    assert [URL] == listed(office)
    assert (SECRET, 1) == (ours(office).secret, ours(office).cursor)
    assert {"Customers": "tblCustomers", "Templates": "tblTemplates"} == ours(office).tables
    assert office.clock.now() == pytest.approx(ours(office).since, abs=1)


def test_it_is_looked_after_once_a_day() -> None:
    """In between nobody asks Airtable, unless told to."""
    office = registered()

    assert "nothing" == register_webhook(office.refreshing, BASE_URL)
    assert [] == office.feed.calls
    assert "renewed" == register_webhook(office.refreshing, BASE_URL, now=True)
    next_day(office)
    assert "renewed" == register_webhook(office.refreshing, BASE_URL)
    assert ["webhooks", "renew"] * 2 == office.feed.calls


def test_renewed() -> None:
    """It lives for another week, and what was heard and vouched for stays."""
    office = registered()
    office.registrations.advance_cursor(replace(ours(office), cursor=7))
    before = ours(office)
    next_day(office)
    register_webhook(office.refreshing, BASE_URL)

    assert replace(before, expires_at=0) == replace(ours(office), expires_at=0)
    assert office.clock.now() + WEEK_S == pytest.approx(ours(office).expires_at, abs=1)


def test_airtable_had_given_up(log: Lines) -> None:
    """Notifications are switched on again, and the log says that they were off."""
    office = registered()
    office.feed.listed = {key: replace(hook, notifies=False) for key, hook in office.feed.listed.items()}
    next_day(office)
    register_webhook(office.refreshing, BASE_URL)

    assert [True] == [webhook.notifies for webhook in office.feed.listed.values()]
    assert ["Airtable had given up telling us"] == [line["message"] for line in log() if line["level"] == "WARNING"]


@pytest.mark.parametrize("why", ["vanished", "expired", "secret lost"])
def test_one_that_is_of_no_use_is_replaced(why: str) -> None:
    """There is one again, another, which is heard from its beginning and vouches from now on."""
    office = registered()
    before = ours(office)
    if why == "vanished":
        office.feed.listed.clear()
    elif why == "expired":
        office.feed.listed = {key: replace(hook, is_alive=False) for key, hook in office.feed.listed.items()}
    else:
        office.registrations.put_registration(replace(before, secret=""))
    next_day(office)

    assert "registered" == register_webhook(office.refreshing, BASE_URL)
    assert [ours(office).id] == list(office.feed.listed)
    assert before.id != ours(office).id
    assert 1 == ours(office).cursor
    assert ours(office).since > before.since


def test_another_address_is_seen_to_at_once() -> None:
    """The webhook that told the old one is deleted."""
    office = registered()

    assert "registered" == register_webhook(office.refreshing, "https://new.example.com")
    assert ["https://new.example.com" + ROUTE] == listed(office)


def test_another_table_is_seen_to_at_once() -> None:
    """Its id is asked for; the webhook stays the same."""
    office = registered()
    before = ours(office)
    office.feed.named["People"] = "tblPeople"
    office.settings = world(settings="contacts: {table: People}").settings

    assert "renewed" == register_webhook(office.refreshing, BASE_URL)
    assert (before.id, "tblPeople") == (ours(office).id, ours(office).tables["People"])


def test_never_two_of_ours() -> None:
    """One whose maker died before it was remembered tells our address, too, and goes; others' stay."""
    office = world(contact("r1"))
    by_hand(office)
    by_hand(office, ELSEWHERE)

    assert "registered" == register_webhook(office.refreshing, BASE_URL)
    assert [ELSEWHERE, URL] == listed(office)
    assert office.feed.listed[ours(office).id].url == URL


def test_one_made_by_hand_is_taken_over() -> None:
    """With its secret in the settings it is ours, heard from where it stands; none is made beside it."""
    office = world(contact("r1"), webhook_secret=SECRET)
    made = by_hand(office, cursor=42)

    assert "registered" == register_webhook(office.refreshing, BASE_URL)
    assert [made.id] == list(office.feed.listed)
    assert (made.id, "", 42) == (ours(office).id, ours(office).secret, ours(office).cursor)
    next_day(office)
    assert "renewed" == register_webhook(office.refreshing, BASE_URL)
    assert 42 == ours(office).cursor


@pytest.mark.parametrize("known", [True, False])
def test_none_is_allowed(known: bool, log: Lines) -> None:
    """The log says so once a day, as information; an old one is forgotten."""
    office = registered() if known else world(contact("r1"))
    office.feed.failure = RefusedError("airtable", "status 403 INVALID_PERMISSIONS")
    next_day(office)

    assert "refused" == register_webhook(office.refreshing, BASE_URL)
    assert office.registrations.get_registration() is None
    assert "nothing" == register_webhook(office.refreshing, BASE_URL)
    assert {"INFO"} == {line["level"] for line in log()}
    assert 1 == sum(line["message"] == "Airtable allows no webhook" for line in log())


def test_a_base_without_the_table() -> None:
    """No webhook is made for a table that is not there."""
    office = world(contact("r1"), settings="contacts: {table: Nobody}")

    assert "refused" == register_webhook(office.refreshing, BASE_URL)
    assert [] == listed(office)


@pytest.mark.parametrize("error", [UnavailableError("airtable", "status 503"), RateLimitedError("airtable", 30)])
def test_airtable_is_away(error: Exception, log: Lines) -> None:
    """What is known stays, the log warns, and the next call tries again."""
    office = registered()
    before = ours(office)
    next_day(office)
    office.feed.failure = error
    assert "failed" == register_webhook(office.refreshing, BASE_URL)
    office.feed.failure = None

    assert before == ours(office)
    assert ["webhook not looked after"] == [line["message"] for line in log() if line["level"] == "WARNING"]
    assert "renewed" == register_webhook(office.refreshing, BASE_URL)


def test_no_address() -> None:
    """Where nobody knows how we are reached nothing is registered."""
    office = world(contact("r1"))

    assert "nothing" == register_webhook(office.refreshing, "")
    assert [] == office.feed.calls


def test_not_while_it_is_heard() -> None:
    """A webhook that somebody reads is left alone; afterwards it is seen to."""
    office = registered()
    next_day(office)
    number = office.leases.acquire(LEASE, LEASE_S)
    assert number

    assert "nothing" == register_webhook(office.refreshing, BASE_URL)
    office.leases.release(LEASE, number)
    assert "renewed" == register_webhook(office.refreshing, BASE_URL)


def test_the_secret_is_not_shown() -> None:
    """Neither a registration nor what hears it has the secret in its representation."""
    office = registered(webhook_secret=SECRET)

    assert SECRET not in repr(ours(office))
    assert SECRET not in repr(office.refreshing.webhook)


@pytest.mark.parametrize("scope", [None, "tblCustomers", "tblOthers"])
def test_one_made_by_hand_that_leaves_out_changes_is_not_adopted(scope: str | None) -> None:
    """Another one is made that reports everything; the one made by hand is left to whoever made it."""
    office = world(contact("r1"), webhook_secret="c2VjcmV0")
    hand = by_hand(office)
    office.feed.listed[hand.id] = replace(hand, scope=scope)

    assert "registered" == register_webhook(office.refreshing, BASE_URL)
    assert ours(office).id != hand.id
    assert hand.id in office.feed.listed


def test_one_of_the_only_table_is_adopted() -> None:
    """Where there are no templates, one table is everything."""
    office = world(contact("r1"), webhook_secret="c2VjcmV0", settings='templates: {table: ""}')
    hand = by_hand(office)
    office.feed.listed[hand.id] = replace(hand, scope="tblCustomers")

    assert "registered" == register_webhook(office.refreshing, BASE_URL)
    assert ours(office).id == hand.id
    assert {"Customers": "tblCustomers"} == ours(office).tables


def test_our_own_whose_filters_were_changed_is_replaced() -> None:
    """It would report only a part from then on."""
    office = registered()
    first = ours(office).id
    office.feed.listed[first] = replace(office.feed.listed[first], scope=None)
    next_day(office)

    assert "registered" == register_webhook(office.refreshing, BASE_URL)
    assert [ours(office).id] == list(office.feed.listed)
    assert first != ours(office).id
