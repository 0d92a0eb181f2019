"""Every ContactCache keeps order, owners and addresses, and takes in a load without losing what was written since."""

import random
import time
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from tests.contract.tables import CONTACT_CACHE, Aws, Time, contact, ids, names
from tests.fakes.contacts import FakeCache
from tests.sizes import size
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.contacts.columns import Columns
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.ports import ContactCache, Origin

JO, MEI = "jo@example.com", "mei@example.com"
NUMBER, OTHER_NUMBER = "+447900000012", "+447900000013"
DAY = 86_400
# More than have to change before changes are folded.
COUNT = size(240, 400)


@pytest.fixture(params=["memory", "dynamodb"])
def cache(request: pytest.FixtureRequest, clock: Time) -> ContactCache:
    """An empty cache; the clock stands."""
    clock.stop()
    if request.param == "memory":
        return FakeCache()
    aws: Aws = request.getfixturevalue("aws")
    return DynamoContactCache(aws.table(CONTACT_CACHE), for_everybody=False)


def many(count: int, owner: str = JO) -> list[Contact]:
    shuffled = random.Random(3).sample(range(count), count)  # noqa: S311  made-up order
    return [contact(number, f"{'äBcDé'[number % 5]} {number * 7919 % 1000:03}", owner=owner) for number in shuffled]


def test_an_empty_cache_knows_nothing(cache: ContactCache) -> None:
    """Before the first load there is no age, no contact and no owner."""
    assert cache.read_state().is_empty
    assert [] == cache.list_page(JO, "", 30)
    assert [] == list(cache.list_page(JO, "", 100_000))
    assert cache.get_contact("rec00000000000001") is None
    assert [] == cache.find_by_address(NUMBER)
    assert cache.find_position("rec00000000000001") is None
    assert [] == cache.list_owners()


def test_a_load_tells_its_age(cache: ContactCache) -> None:
    """The age is counted from when the load began."""
    cache.replace_all([], 1_759_999_990.25, 1)
    assert 1_759_999_990.25 == cache.read_state().loaded_at


def test_contacts_stand_by_name_whatever_case_and_accents(cache: ContactCache) -> None:
    """Order is by the folded name, then by id."""
    loaded = [contact(1, "émile", owner=JO), contact(3, "Zoe", owner=JO), contact(2, "Emile", owner=JO)]
    cache.replace_all([*loaded, contact(4, "ada", owner=JO)], time.time(), 1)
    assert ["ada", "émile", "Emile", "Zoe"] == names(cache.list_page(JO, "", 30))


@pytest.mark.parametrize("size", [1, 2, 7, 30, 96, 97, 250, 1000])
def test_slices_cover_a_list_exactly_once(cache: ContactCache, size: int) -> None:
    """Walking behind the last key gives every contact once, in order, whatever the size of the slices."""
    contacts = many(40 if size < 7 else 250)
    cache.replace_all(contacts, time.time(), 1)
    walked: list[Contact] = []
    while page := cache.list_page(JO, walked[-1].order if walked else "", size):
        assert len(page) <= size
        walked += page
    assert sorted(contacts, key=lambda each: each.order) == walked
    assert walked == list(cache.list_page(JO, "", 100_000))


def test_a_slice_goes_on_behind_a_key_that_is_nobodys(cache: ContactCache) -> None:
    """The key need not be a contact's."""
    cache.replace_all([contact(1, "ada", owner=JO), contact(2, "zoe", owner=JO)], time.time(), 1)
    assert ["zoe"] == names(cache.list_page(JO, "m", 5))
    assert [] == cache.list_page(JO, "zz", 5)


def test_owners_lists_are_apart(cache: ContactCache) -> None:
    """A worker's list holds their contacts whatever the case of the owner's cell, and nobody else's."""
    cache.replace_all(
        [
            contact(1, owner=JO),
            contact(2, owner=" JO@Example.com "),
            contact(3, owner=MEI),
            contact(4),
            contact(5, owner="x" * 5_000),
        ],
        time.time(),
        1,
    )
    assert ids([contact(1), contact(2)]) == ids(cache.list_page(JO, "", 30))
    assert ids([contact(3)]) == ids(cache.list_page(MEI.upper(), "", 30))
    assert ids([contact(5)]) == ids(cache.list_page("X" * 5_000, "", 30))
    assert [] == cache.list_page("nobody@example.com", "", 30)
    assert sorted([JO, " JO@Example.com ", MEI, "x" * 5_000]) == sorted(cache.list_owners())


@pytest.mark.parametrize("kind", ["memory", "dynamodb"])
def test_everybodys_list(kind: str, request: pytest.FixtureRequest) -> None:
    """Where all see all, the owner None gives every contact, whoever owns them."""
    cache: ContactCache = FakeCache()
    if kind == "dynamodb":
        cache = DynamoContactCache(request.getfixturevalue("aws").table(CONTACT_CACHE), for_everybody=True)
    contacts = [contact(1, owner=JO), contact(2, owner=MEI), contact(3)]
    cache.replace_all(contacts, time.time(), 1)
    cache.put_contact(contact(4, owner=MEI))
    cache.put_contact(contact(1, "Zoe", owner=MEI))
    cache.remove_contact(contact(2).id)
    assert ids([contact(3), contact(4), contact(1)]) == ids(cache.list_page(None, "", 30))
    assert ids(cache.list_page(None, "", 30)) == ids(cache.list_page(None, "", 100_000))
    assert [JO, MEI] == cache.list_owners()


def test_a_contact_comes_back_as_it_was_put(cache: ContactCache) -> None:
    """Every field survives, whatever stands in it."""
    whole = Contact(
        id="rec00000000000001",
        name='O\'Brien "😀" {x}\\ 田中',
        sms=NUMBER,
        whatsapp=OTHER_NUMBER,
        chat="jo smith\n",
        email="a@example.com",
        linkedin="https://example.com/a",
        notes="line\nline\x00" + "y" * 10_000,
        owner=JO,
        avatar="https://example.com/a.png",
        opt_out=True,
        cells={"company": "Ünïcode & Söhne", "": "nameless", "é" * 200: "z"},
    )
    cache.put_contact(whole)
    assert whole == cache.get_contact(whole.id)
    assert [whole] == cache.list_page(JO, "", 1)
    for address in (NUMBER, OTHER_NUMBER, "jo smith\n"):
        assert [whole] == cache.find_by_address(address)


def test_what_is_put_is_there_at_once(cache: ContactCache) -> None:
    """A new contact is in the list, by id, by address and in position without any load."""
    new = contact(1, owner=JO, sms=NUMBER)
    cache.put_contact(new)
    assert [new] == cache.list_page(JO, "", 30)
    assert new == cache.get_contact(new.id)
    assert [new] == cache.find_by_address(NUMBER)
    assert new.order == cache.find_position(new.id)
    assert cache.read_state().is_empty


def test_a_renamed_contact_moves(cache: ContactCache) -> None:
    """Under its new name it stands once, at its new place."""
    cache.replace_all([contact(1, "Ada", owner=JO), contact(2, "Bo", owner=JO)], time.time() - 1, 1)
    cache.put_contact(contact(1, "Zoe", owner=JO))
    assert ["Bo", "Zoe"] == names(cache.list_page(JO, "", 30))
    assert contact(1, "Zoe").order == cache.find_position(contact(1).id)


def test_a_contact_goes_to_its_new_owner(cache: ContactCache) -> None:
    """It leaves the old owner's list and is in the new one's."""
    cache.replace_all([contact(1, owner=JO, sms=NUMBER)], time.time() - 1, 1)
    cache.put_contact(contact(1, owner=MEI, sms=NUMBER))
    assert [] == cache.list_page(JO, "", 30)
    assert [MEI] == [each.owner for each in cache.list_page(MEI, "", 30)]
    assert [MEI] == [each.owner for each in cache.find_by_address(NUMBER)]


def test_changed_addresses_are_found_and_old_ones_not(cache: ContactCache) -> None:
    """A contact is found at what it has now only."""
    cache.replace_all([contact(1, sms=NUMBER, whatsapp=NUMBER, chat="ada")], time.time() - 1, 1)
    cache.put_contact(contact(1, sms=OTHER_NUMBER, chat="ada"))
    assert [] == cache.find_by_address(NUMBER)
    assert ids([contact(1)]) == ids(cache.find_by_address(OTHER_NUMBER))
    assert ids([contact(1)]) == ids(cache.find_by_address("ada"))


def test_two_contacts_share_an_address(cache: ContactCache) -> None:
    """Both are found, and one is still found when the other changes, is renamed or goes."""
    cache.replace_all([contact(1, owner=JO, sms=NUMBER), contact(2, owner=MEI, whatsapp=NUMBER)], time.time() - 1, 1)
    assert ids([contact(1), contact(2)]) == sorted(ids(cache.find_by_address(NUMBER)))
    cache.put_contact(contact(3, sms=NUMBER))
    cache.put_contact(contact(1, "Renamed", owner=JO, sms=NUMBER))
    assert ids([contact(1), contact(2), contact(3)]) == sorted(ids(cache.find_by_address(NUMBER)))
    cache.put_contact(contact(1, "Renamed", owner=JO))
    cache.remove_contact(contact(3).id)
    assert ids([contact(2)]) == ids(cache.find_by_address(NUMBER))
    cache.remove_contact(contact(2).id)
    assert [] == cache.find_by_address(NUMBER)


@pytest.mark.parametrize("address", ["+44790000001", "+4479000000122", "447900000012", "", " "])
def test_an_address_is_found_exactly(cache: ContactCache, address: str) -> None:
    """A part of a number, or none, is nobody's."""
    cache.replace_all([contact(1, sms=NUMBER), contact(2)], time.time(), 1)
    assert [] == cache.find_by_address(address)


def test_a_deleted_contacts_place_is_known_for_a_day(cache: ContactCache, clock: Time) -> None:
    """Whoever scrolls on from a deleted contact goes on there, until it is forgotten."""
    gone = contact(1, owner=JO, sms=NUMBER)
    cache.put_contact(gone)
    cache.remove_contact(gone.id)
    assert cache.get_contact(gone.id) is None
    assert [] == cache.list_page(JO, "", 30)
    assert [] == cache.find_by_address(NUMBER)
    clock.pass_(DAY - 60)
    assert gone.order == cache.find_position(gone.id)
    clock.pass_(120)
    assert cache.find_position(gone.id) is None


def test_removing_what_is_not_there_changes_nothing(cache: ContactCache) -> None:
    """An unknown id, or the same one twice, is fine."""
    cache.replace_all([contact(1, owner=JO)], time.time() - 1, 1)
    cache.remove_contact("unknown")
    cache.remove_contact(contact(1).id)
    cache.remove_contact(contact(1).id)
    assert [] == cache.list_page(JO, "", 30)
    assert contact(1).order == cache.find_position(contact(1).id)


def test_a_deleted_contact_can_come_back(cache: ContactCache) -> None:
    """Put again, it is there like any other."""
    cache.put_contact(contact(1, "Ada", owner=JO))
    cache.remove_contact(contact(1).id)
    cache.put_contact(contact(1, "Zoe", owner=JO))
    assert ["Zoe"] == names(cache.list_page(JO, "", 30))
    assert contact(1, "Zoe").order == cache.find_position(contact(1).id)


def test_a_load_replaces_what_was_there(cache: ContactCache, clock: Time) -> None:
    """What a load does not hold is gone, its place remembered for a day; what it holds is as it says."""
    cache.replace_all([contact(1, "Ada", owner=JO, sms=NUMBER), contact(2, owner=JO)], time.time(), 1)
    clock.pass_(10)
    cache.replace_all([contact(2, "Bo", owner=JO), contact(3, owner=JO, sms=NUMBER)], time.time(), 2)
    assert ["Bo", contact(3).name] == names(cache.list_page(JO, "", 30))
    assert ids([contact(3)]) == ids(cache.find_by_address(NUMBER))
    assert cache.get_contact(contact(1).id) is None
    assert contact(1, "Ada").order == cache.find_position(contact(1).id)
    clock.pass_(DAY + 60)
    assert cache.find_position(contact(1).id) is None
    assert contact(2, "Bo").order == cache.find_position(contact(2).id)


def test_an_owner_whose_last_contact_went_has_an_empty_list(cache: ContactCache, clock: Time) -> None:
    """Lists that a load does not mention are empty after it."""
    cache.replace_all([contact(1, owner=JO), contact(2, owner=MEI)], time.time(), 1)
    clock.pass_(10)
    cache.replace_all([contact(2, owner=MEI)], time.time(), 2)
    assert [] == cache.list_page(JO, "", 30)
    assert [MEI] == cache.list_owners()


def test_a_list_that_only_writes_made_is_replaced_too(cache: ContactCache, clock: Time) -> None:
    """A contact created since the last load and deleted at the source goes with the next load."""
    cache.replace_all([], time.time(), 1)
    clock.pass_(10)
    cache.put_contact(contact(1, owner=JO))
    clock.pass_(10)
    cache.replace_all([], time.time(), 2)
    assert [] == cache.list_page(JO, "", 30)
    assert cache.get_contact(contact(1).id) is None


def test_a_list_without_owner_is_replaced_too(cache: ContactCache, clock: Time) -> None:
    """The last contact without owner leaves that list when it gets one."""
    cache.replace_all([contact(1)], time.time(), 1)
    clock.pass_(10)
    cache.replace_all([contact(1, owner=JO)], time.time(), 2)
    assert [] == cache.list_page("", "", 30)
    assert ids([contact(1)]) == ids(cache.list_page(JO, "", 30))


def test_what_was_written_since_a_load_began_survives_it(cache: ContactCache, clock: Time) -> None:
    """Created, changed and deleted meanwhile is newer than what the load read."""
    old = [contact(1, "Ada", owner=JO, sms=NUMBER), contact(2, "Bo", owner=JO, sms=NUMBER)]
    cache.replace_all(old, time.time(), 1)
    clock.pass_(10)
    began_at = time.time()
    clock.pass_(10)
    cache.remove_contact(contact(1).id)
    cache.put_contact(contact(2, "Zoe", owner=MEI, sms=OTHER_NUMBER))
    cache.put_contact(contact(3, "New", owner=JO, sms=NUMBER))
    clock.pass_(10)
    cache.replace_all(old, began_at, 2)
    assert ["New"] == names(cache.list_page(JO, "", 30))
    assert ["Zoe"] == names(cache.list_page(MEI, "", 30))
    assert cache.get_contact(contact(1).id) is None
    assert ["New"] == names(cache.find_by_address(NUMBER))
    assert ["Zoe"] == names(cache.find_by_address(OTHER_NUMBER))
    assert contact(1, "Ada").order == cache.find_position(contact(1).id)


def test_what_was_written_before_a_load_began_does_not(cache: ContactCache, clock: Time) -> None:
    """The load has read the source later."""
    cache.put_contact(contact(1, "Ada", owner=JO, sms=NUMBER))
    cache.remove_contact(contact(2).id)
    clock.pass_(10)
    cache.replace_all([contact(1, "Bo", owner=JO)], time.time(), 1)
    assert ["Bo"] == names(cache.list_page(JO, "", 30))
    assert [] == cache.find_by_address(NUMBER)


def test_a_load_does_not_double_who_moved_since(cache: ContactCache, clock: Time) -> None:
    """A contact the load read under a name that was new to the cache stands once, under its latest."""
    cache.replace_all([contact(1, "Ada", owner=JO)], time.time(), 1)
    clock.pass_(10)
    began_at = time.time()
    clock.pass_(10)
    cache.put_contact(contact(1, "Cy", owner=JO))
    cache.put_contact(contact(2, "Dot", owner=JO))
    cache.replace_all([contact(1, "Bo", owner=MEI), contact(2, "Eve", owner=MEI)], began_at, 2)
    assert ["Cy", "Dot"] == names(cache.list_page(JO, "", 30))
    assert [] == cache.list_page(MEI, "", 30)


def test_a_load_adds_to_an_address_written_since(cache: ContactCache, clock: Time) -> None:
    """Whom the load found at the same address is found there beside the one written meanwhile."""
    began_at = time.time()
    clock.pass_(10)
    cache.put_contact(contact(1, sms=NUMBER))
    cache.replace_all([contact(2, sms=NUMBER)], began_at, 1)
    assert ids([contact(1), contact(2)]) == sorted(ids(cache.find_by_address(NUMBER)))


def test_an_older_load_is_ignored(cache: ContactCache, clock: Time) -> None:
    """A load whose lease is older than the last one's changes nothing, not even lists the other left alone."""
    loaded = [contact(1, owner=JO)]
    cache.replace_all(loaded, time.time(), 1)
    clock.pass_(10)
    late = time.time()
    clock.pass_(10)
    began_at = time.time()
    cache.replace_all(loaded, began_at, 3)
    cache.replace_all([contact(1, owner=JO), contact(2, owner=JO), contact(3, owner=MEI)], late, 2)
    assert ids([contact(1)]) == ids(cache.list_page(JO, "", 30))
    assert [] == cache.list_page(MEI, "", 30)
    assert cache.get_contact(contact(3).id) is None
    assert [JO] == cache.list_owners()
    assert began_at == cache.read_state().loaded_at


def test_the_same_load_twice_is_the_same(cache: ContactCache) -> None:
    """A repeated load leaves everything as it is."""
    contacts = many(120)
    began_at = time.time()
    for _ in range(2):
        cache.replace_all(contacts, began_at, 1)
        assert 120 == len(cache.list_page(JO, "", 500))
        assert began_at == cache.read_state().loaded_at


def test_after_seven_days_without_load_the_cache_is_empty(aws: Aws, clock: Time) -> None:
    """What was loaded expires as a whole."""
    clock.stop()
    cache = DynamoContactCache(aws.table(CONTACT_CACHE), for_everybody=False)
    cache.replace_all([contact(1, owner=JO)], time.time(), 1)
    clock.pass_(7 * DAY + 60)
    assert cache.read_state().is_empty
    assert [] == cache.list_page(JO, "", 30)
    assert cache.get_contact(contact(1).id) is None


def test_a_load_keeps_what_is_unchanged_from_expiring(aws: Aws, clock: Time) -> None:
    """As long as loads come, nothing expires, though nothing changes."""
    clock.stop()
    cache = DynamoContactCache(aws.table(CONTACT_CACHE), for_everybody=False)
    contacts = many(150)
    for number in range(1, 12):
        cache.replace_all(contacts, time.time(), number)
        clock.pass_(0.4 * DAY)
        assert 150 == len(cache.list_page(JO, "", 500))
        assert contacts[0] == cache.get_contact(contacts[0].id)


def test_a_cache_loaded_for_the_other_visibility_is_empty(aws: Aws) -> None:
    """Whose visibility has just been changed is answered by the source, not with empty lists."""
    owners = DynamoContactCache(aws.table(CONTACT_CACHE), for_everybody=False)
    everybody = DynamoContactCache(aws.table(CONTACT_CACHE), for_everybody=True)
    owners.replace_all([contact(1, owner=JO)], time.time(), 1)
    assert everybody.read_state().is_empty
    everybody.replace_all([contact(1, owner=JO)], time.time(), 2)
    assert owners.read_state().is_empty
    owners.replace_all([contact(1, owner=JO)], time.time(), 3)
    assert ids([contact(1)]) == ids(owners.list_page(JO, "", 30))


@pytest.mark.parametrize(
    ("what", "most"),
    [("page", 2), ("get", 4), ("state", 1)],
)
def test_requests_do_not_grow_with_the_base(aws: Aws, what: str, most: int) -> None:
    """However many contacts there are, an answer takes the same few requests."""
    cache = DynamoContactCache(aws.table(CONTACT_CACHE), for_everybody=False)
    contacts = many(1_500)
    cache.replace_all(contacts, time.time() - 1, 1)
    cache.put_contact(contact(9_999, owner=JO))
    ask = {
        "page": lambda: cache.list_page(JO, contacts[700].order, 30),
        "get": lambda: cache.get_contact(contacts[700].id),
        "state": cache.read_state,
    }[what]
    assert most >= len(aws.count(ask))


def test_an_update_takes_in_what_differs(cache: ContactCache) -> None:
    """Changed, renamed, moved and new contacts are taken in; the same ones are not counted."""
    before = [contact(n, f"name {n}", owner=JO, sms=f"+44790000{n:04}") for n in range(60)]
    cache.replace_all(before, time.time() - 60, 1, "2026-01-01")
    changed = [
        before[0],
        replace(before[1], notes="new"),
        replace(before[2], name="renamed"),
        replace(before[3], owner=MEI),
        replace(before[4], sms="+447900009999"),
        contact(99, "newcomer", owner=MEI),
    ]

    assert 5 == cache.apply_changes(changed, time.time(), 2, "2026-02-02")
    expected = {c.id: c for c in [*before, *changed]}
    everybody = [c for owner in (JO, MEI) for c in cache.list_page(owner, "", 1000)]
    assert sorted(expected.values(), key=lambda c: c.id) == sorted(everybody, key=lambda c: c.id)
    assert [expected[before[4].id]] == cache.find_by_address("+447900009999")
    assert [] == cache.find_by_address(before[4].sms)
    assert (time.time(), "2026-02-02", 60) == (
        cache.read_state().loaded_at,
        cache.read_state().newest,
        cache.read_state().count,
    )


def test_an_update_of_an_older_lease_is_ignored(cache: ContactCache) -> None:
    """Whoever wakes up late undoes nothing."""
    cache.replace_all([contact(1, "new", owner=JO)], time.time(), 5)

    assert 0 == cache.apply_changes([contact(1, "old", owner=JO)], time.time() - 100, 4)
    assert ["new"] == names(cache.list_page(JO, "", 10))


def test_an_update_leaves_what_was_written_since(cache: ContactCache) -> None:
    """Our own write is newer than what was read before it."""
    cache.replace_all([contact(1, "ann", owner=JO)], time.time() - 60, 1)
    cache.put_contact(contact(1, "ours", owner=JO))
    cache.apply_changes([contact(1, "theirs", owner=JO)], time.time() - 30, 2)

    assert ["ours"] == names(cache.list_page(JO, "", 10))
    found = cache.get_contact("rec00000000000001")
    assert found
    assert "ours" == found.name


def test_what_was_only_read_goes_over_nothing_written_since(cache: ContactCache) -> None:
    """A slow reader brings back no contact as it was before an opt-out."""
    cache.replace_all([contact(1, "ann", owner=JO)], time.time() - 60, 1)
    cache.put_contact(contact(1, "ann", owner=JO, opt_out=True))
    cache.put_contact(contact(1, "ann", owner=JO), time.time() - 5)

    found = cache.get_contact("rec00000000000001")
    assert found
    assert found.opt_out


def test_what_was_told_makes_the_copy_younger(cache: ContactCache, clock: Time) -> None:
    """Up to the latest moment that was confirmed, until a load begins anew; an empty copy stays empty."""
    cache.confirm_webhook_read(time.time())
    assert cache.read_state().is_empty
    cache.replace_all([contact(1, owner=JO)], time.time(), 1, "2026-01-01")
    clock.pass_(60)
    cache.confirm_webhook_read(time.time())
    cache.confirm_webhook_read(time.time() - 30)
    assert (time.time(), True, "2026-01-01") == (
        cache.read_state().loaded_at,
        cache.read_state().is_covered,
        cache.read_state().newest,
    )
    cache.replace_all([contact(1, owner=JO)], time.time(), 2)
    assert not cache.read_state().is_covered


def test_a_removal_told_during_a_load_survives_it(cache: ContactCache, clock: Time) -> None:
    """Though the cache does not know the contact yet."""
    cache.replace_all([], time.time(), 1)
    clock.pass_(10)
    began_at = time.time()
    clock.pass_(10)
    cache.remove_contact(contact(1).id)
    cache.replace_all([contact(1, owner=JO)], began_at, 2)
    assert cache.get_contact(contact(1).id) is None
    assert [] == cache.list_page(JO, "", 30)


def test_no_list_comes_back_with_the_visibility(aws: Aws, clock: Time) -> None:
    """Who left a worker's list before everybody saw all is not in it when they see only their own again."""
    clock.stop()
    owners = DynamoContactCache(aws.table(CONTACT_CACHE), for_everybody=False)
    everybody = DynamoContactCache(aws.table(CONTACT_CACHE), for_everybody=True)
    owners.replace_all([contact(1, owner=JO)], time.time(), 1)
    clock.pass_(10)
    owners.put_contact(contact(1, owner=MEI))
    for number, cache in ((2, everybody), (3, owners)):
        clock.pass_(10)
        cache.replace_all([contact(1, owner=MEI)], time.time(), number)
    assert [] == owners.list_page(JO, "", 30)
    assert ids([contact(1)]) == ids(owners.list_page(MEI, "", 30))


BOTH = (JO, MEI)


def shared(number: int, *owners: str, **more: Any) -> Contact:
    return replace(contact(number, owner=owners[0], **more), co_owners=owners[1:])


def test_a_contact_of_several_owners_is_in_each_list(cache: ContactCache) -> None:
    """After a load, and found once under its id and numbers."""
    ann = shared(1, JO, MEI, sms=NUMBER)
    cache.replace_all([ann, contact(2, owner=JO)], time.time(), 1)
    assert [ann.id] == ids(cache.list_page(MEI, "", 30))
    assert {ann.id, contact(2).id} == {*ids(cache.list_page(JO, "", 30))}
    assert [ann] == cache.find_by_address(NUMBER)
    assert ann == cache.get_contact(ann.id)
    assert [*BOTH] == cache.list_owners()


BEFORE = [(JO,), (MEI,), BOTH, ("ada@example.com", JO), ("",)]
AFTER = [(JO,), (MEI,), BOTH, (MEI, JO), ("",)]
WAYS = ["put", "change", "load", "many changes"]
# Every pair and way in `make prove`; in `make test` every seventh, which meets each owner and way.
OWNER_CHANGES = [*product(BEFORE, AFTER, WAYS)][:: size(7, 1)]


@pytest.mark.prove
@pytest.mark.parametrize(("before", "after", "how"), OWNER_CHANGES)
def test_owners_that_change(cache: ContactCache, before: tuple[str, ...], after: tuple[str, ...], how: str) -> None:
    """The contact is in the list of each owner of now, and in nobody else's."""
    cache.replace_all([shared(9_999, *before), *many(20)], time.time() - 3_600, 1)
    ann = shared(9_999, *after)
    if how == "put":
        cache.put_contact(ann)
    elif how == "load":
        cache.replace_all([ann, *many(20)], time.time(), 2)
    else:
        others = [replace(each, name="New") for each in many(600)] if how == "many changes" else []
        cache.apply_changes([ann, *others], time.time(), 2, "2026-01-01")
    for owner in (*BOTH, "ada@example.com"):
        assert (owner in after) == (ann.id in ids(cache.list_page(owner, "", 1_000))), owner
    assert ann == cache.get_contact(ann.id)


@pytest.mark.parametrize("owners", [(JO,), BOTH])
def test_a_contact_that_goes_leaves_every_list(cache: ContactCache, owners: tuple[str, ...]) -> None:
    """A deletion takes it out everywhere."""
    cache.replace_all([shared(1, *owners)], time.time(), 1)
    cache.remove_contact(contact(1).id)
    assert [[], []] == [cache.list_page(owner, "", 30) for owner in BOTH]


def test_what_is_not_known_is_kept_as_unknown(cache: ContactCache) -> None:
    """And several numbers as several."""
    ann = replace(contact(1, sms=NUMBER), more_sms=(OTHER_NUMBER,), unread=("owner",), opt_out=True)
    cache.replace_all([ann], time.time(), 1)
    found = cache.get_contact(ann.id)
    assert found
    assert (ann, ("owner",), (NUMBER, OTHER_NUMBER)) == (found, found.unread, found.sms_numbers)
    assert [ann] == cache.find_by_address(OTHER_NUMBER)


def test_the_copy_notes_what_it_is_made_of(cache: ContactCache) -> None:
    """The columns that were read, and a fingerprint of the rest; an older load brings its own."""
    origin = Origin("app1/abc", Columns(frozenset({"name"}), frozenset({"avatar"}), frozenset(), 1.5))
    assert Origin() == cache.read_state().origin
    cache.replace_all([contact(1)], time.time(), 3, "", origin)
    assert (origin, 3) == (cache.read_state().origin, cache.read_state().lease)
    cache.replace_all([contact(1)], time.time(), 2)
    assert origin == cache.read_state().origin


def test_a_load_counts_who_moved(cache: ContactCache) -> None:
    """New, gone, renamed, given to others; not whose notes changed."""
    people = [contact(number, f"Name {number}", owner=JO) for number in range(6)]
    assert 6 == cache.replace_all(people, time.time(), 1)
    assert 0 == cache.replace_all([replace(people[0], notes="x"), *people[1:]], time.time(), 2)
    changed = [replace(people[0], name="Other"), shared(1, MEI, name="Name 1"), *people[3:], contact(9)]
    assert 4 == cache.replace_all(changed, time.time(), 3)


def test_many_changes_are_written_into_the_chunks(aws: Aws, clock: Time) -> None:
    """A page then reads no more than before; what others write meanwhile, and just before, stands."""
    clock.stop()
    cache = DynamoContactCache(aws.table(CONTACT_CACHE), for_everybody=False)
    people = many(1_200)
    cache.replace_all(people, time.time(), 1)
    clock.pass_(3_600)
    mine = replace(people[0], notes="just before")
    cache.put_contact(mine)
    clock.pass_(5)
    read_at = time.time()
    clock.pass_(5)
    later = replace(people[1], notes="since")
    cache.put_contact(later)
    changed = [replace(each, notes="all of them") for each in people]
    assert 1_199 == cache.apply_changes(changed, read_at, 2, "2026-01-01")

    found = {each.id: each.notes for each in cache.list_page(JO, "", 2_000)}
    assert 1_200 == len(found)
    assert "since" == found.pop(later.id)
    assert {"all of them"} == {*found.values()}
    written = [item for item in aws.table(CONTACT_CACHE).query(f"book#list#{JO}") if item["sk"] != "head"]
    assert len(written) <= 3


@pytest.mark.prove
def test_changes_are_folded_once_there_are_many(aws: Aws, clock: Time) -> None:
    """One by one they stand beside the chunks; folding them changes nothing that is read."""
    clock.stop()
    cache = DynamoContactCache(aws.table(CONTACT_CACHE), for_everybody=False)
    people = many(COUNT)
    cache.replace_all(people, time.time(), 1)
    for start in range(0, 210, 30):
        clock.pass_(1_000)
        changed = [replace(each, name=f"{each.name} new", notes="new") for each in people[start : start + 30]]
        cache.apply_changes(changed, time.time(), 2, "2026-01-01")
    assert cache.read_state().has_many_changes
    before = cache.list_page(JO, "", 1_000), cache.read_state()
    clock.pass_(1_000)
    cache.remove_contact(people[COUNT - 1].id)
    cache.fold_changes(3)

    assert [each for each in before[0] if each.id != people[COUNT - 1].id] == cache.list_page(JO, "", 1_000)
    assert not cache.read_state().has_many_changes
    assert (before[1].full_at, before[1].loaded_at, COUNT) == (
        cache.read_state().full_at,
        cache.read_state().loaded_at,
        cache.read_state().count,
    )
    assert cache.find_position(people[COUNT - 1].id)
    beside = [item for item in aws.table(CONTACT_CACHE).query(f"book#list#{JO}") if item["sk"] != "head"]
    assert len(beside) > 100  # a reader may still be at what they were written for
    clock.pass_(3_600)
    cache.fold_changes(4)
    beside = [item for item in aws.table(CONTACT_CACHE).query(f"book#list#{JO}") if item["sk"] != "head"]
    assert len(beside) <= 1
    assert COUNT - 1 == len(cache.list_page(JO, "", 1_000))
