"""Every ContactCache takes in what a webhook told, also while a load runs, and says up to when it has."""

import pytest

from tests.contract.tables import CONTACT_CACHE, Aws, Time, contact, names
from tests.fakes.contacts import FakeCache
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.contacts.ports import ContactCache

JO = "jo@example.com"


@pytest.fixture(params=["memory", "dynamodb"])
def cache(request: pytest.FixtureRequest, clock: Time) -> ContactCache:
    clock.stop()
    if request.param == "memory":
        return FakeCache()
    aws: Aws = request.getfixturevalue("aws")
    return DynamoContactCache(aws.table(CONTACT_CACHE), for_everybody=False)


def test_confirmed(cache: ContactCache, clock: Time) -> None:
    """The copy is as young as what was heard last, and says that it is told; nothing else of its state changes."""
    cache.replace_all([contact(1, owner=JO)], clock.now(), 1, "newest")
    before = cache.read_state()
    assert not before.is_covered
    clock.pass_(60)
    cache.confirm_webhook_read(clock.now())
    after = cache.read_state()

    assert (clock.now(), True) == (after.loaded_at, after.is_covered)
    assert (before.full_at, before.newest, before.count) == (after.full_at, after.newest, after.count)


def test_an_earlier_moment_makes_it_no_older(cache: ContactCache, clock: Time) -> None:
    """What was heard late counts for nothing."""
    cache.replace_all([contact(1, owner=JO)], clock.now(), 1)
    cache.confirm_webhook_read(clock.now() + 60)
    cache.confirm_webhook_read(clock.now() + 30)

    assert clock.now() + 60 == cache.read_state().loaded_at


def test_an_empty_cache_stays_empty(cache: ContactCache, clock: Time) -> None:
    """Reading the webhook is no load."""
    cache.confirm_webhook_read(clock.now())

    assert cache.read_state().is_empty
    assert not cache.read_state().is_covered


def test_a_load_starts_anew(cache: ContactCache, clock: Time) -> None:
    """Behind it nobody has told anything yet."""
    cache.replace_all([contact(1, owner=JO)], clock.now(), 1)
    cache.confirm_webhook_read(clock.now() + 1)
    clock.pass_(60)
    cache.replace_all([contact(1, owner=JO)], clock.now(), 2)

    assert (clock.now(), False) == (cache.read_state().loaded_at, cache.read_state().is_covered)


def test_an_update_leaves_it_told(cache: ContactCache, clock: Time) -> None:
    """What is read by time takes nothing from what was told."""
    cache.replace_all([contact(1, owner=JO)], clock.now(), 1)
    cache.confirm_webhook_read(clock.now() + 1)
    cache.apply_changes([], clock.now() + 60, 2)

    assert cache.read_state().is_covered


def test_a_stranger_who_went_while_a_load_ran(cache: ContactCache, clock: Time) -> None:
    """The load had read them already, and still they are nowhere when it ends."""
    cache.replace_all([contact(1, owner=JO)], clock.now(), 1)
    clock.pass_(60)
    began_at = clock.now()
    clock.pass_(5)
    cache.remove_contact(contact(2).id)
    cache.replace_all([contact(1, owner=JO), contact(2, owner=JO, sms="+447700900002")], began_at, 2)

    assert names([contact(1)]) == names(cache.list_page(JO, "", 10))
    assert cache.get_contact(contact(2).id) is None
    assert [] == cache.find_by_address("+447700900002")


def test_a_stranger_who_went_before_a_load(cache: ContactCache, clock: Time) -> None:
    """Whoever came back, and was read by a load that began later, is there."""
    cache.remove_contact(contact(2).id)
    clock.pass_(5)
    cache.replace_all([contact(2, owner=JO)], clock.now(), 1)

    assert names([contact(2)]) == names(cache.list_page(JO, "", 10))
    assert contact(2, owner=JO) == cache.get_contact(contact(2).id)


def test_gone_twice(cache: ContactCache, clock: Time) -> None:
    """A second deletion changes nothing; the place in the list is still known."""
    cache.replace_all([contact(1, owner=JO)], clock.now(), 1)
    for _ in range(2):
        clock.pass_(5)
        cache.remove_contact(contact(1).id)

    assert cache.get_contact(contact(1).id) is None
    assert contact(1).order == cache.find_position(contact(1).id)
