"""The contacts as workers see them: pages that miss nobody, look-ups that ask once, new contacts once."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.base import FakeRefresh
from tests.fakes.contacts import FakeSource
from tests.unit.build import ANN, BEN, JO, SAM, World, contact, contacts, world
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.directory import REMEMBER_ANCHOR_S, REMEMBER_UNKNOWN_S
from twilio_bridge.contacts.paging import Cursor, Page
from twilio_bridge.contacts.ports import SourcePage
from twilio_bridge.errors import (
    BadRequestError,
    DuplicateContactError,
    NotFoundError,
    RateLimitedError,
    UnavailableError,
)

STALE_S = 901  # without a last-modified column a copy is good for full_every_s
AWAY = UnavailableError("airtable", "x")

Between = Callable[[int, Page], None]


def scroll(
    office: World, size: int, *, by: str = "token", query: str = "", between: Between = lambda _n, _page: None
) -> Iterator[Contact]:
    """Scroll as the app does: by token or by anchor, to an empty page or one without token."""
    token = anchor = ""
    for number in range(5_000):
        page = office.directory.list_page(JO, size, token=token, anchor=anchor, query=query)
        yield from page.contacts
        if not page.contacts or (by == "token" and page.following is None):
            return
        between(number, page)
        if by == "token":
            token = page.following.token if page.following else ""
        else:
            anchor = page.contacts[-1].id
    pytest.fail("the list never ends")


def names(shown: Iterator[Contact]) -> list[str]:
    return [found.name for found in shown]


@pytest.mark.parametrize("by", ["token", "anchor"])
@pytest.mark.parametrize("size", [1, 30, 499, 500, 999, 1_000, 1_001])
def test_everybody_once(by: str, size: int) -> None:
    """Whatever the size of a page, everybody is shown once, in order."""
    count = 1_000 if size > 1 else 50
    office = world(*contacts(count))

    assert [f"Name {n:05}" for n in range(count)] == names(scroll(office, size, by=by))
    assert office.source.calls == 0


@given(st.integers(1, 40), st.integers(1, 45), st.sampled_from(["token", "anchor"]), st.booleans())
def test_any_size(count: int, size: int, by: str, loaded: bool) -> None:
    """From the cache or from the source, everybody is shown once."""
    office = world(*contacts(count), loaded=loaded)

    assert [f"Name {n:05}" for n in range(count)] == names(scroll(office, size, by=by))


@pytest.mark.parametrize("by", ["token", "anchor"])
def test_deleted_in_between(by: str) -> None:
    """Contacts that go while a worker scrolls are missed, and nobody else; the anchor itself may go."""
    office = world(*contacts(200))
    gone: set[str] = set()

    def delete(_number: int, page: Page) -> None:
        for found in (page.contacts[-1], page.contacts[0]):
            office.directory.delete_contact(found.id)
            gone.add(found.id)

    shown = [found.id for found in scroll(office, 10, by=by, between=delete)]

    assert len(shown) == len(set(shown)) == 200
    assert gone
    assert 200 - len(gone) == len(office.cache.list_page(None, "", 100_000))


@pytest.mark.parametrize("by", ["token", "anchor"])
def test_deleted_ahead(by: str) -> None:
    """A contact that goes before it was shown is simply not shown."""
    office = world(*contacts(50))

    def delete(number: int, _page: Page) -> None:
        if number == 0:
            office.directory.delete_contact(
                next(c.id for c in office.cache.list_page(None, "", 100_000) if c.name == "Name 00040")
            )

    shown = names(scroll(office, 10, by=by, between=delete))

    assert [f"Name {n:05}" for n in range(50) if n != 40] == shown


def test_deleted_anchor_after_a_load() -> None:
    """An anchor that went with a load keeps its place for a day."""
    office = world(*contacts(30))
    first = office.directory.list_page(JO, 10)
    anchor = first.contacts[-1].id
    office.source.delete_contact(anchor)
    office.load()

    assert [f"Name {n:05}" for n in range(10, 20)] == [
        c.name for c in office.directory.list_page(JO, 10, anchor=anchor).contacts
    ]
    office.clock.offset = 86_401
    assert Page() == office.directory.list_page(JO, 10, anchor=anchor)


@pytest.mark.parametrize("by", ["token", "anchor"])
@pytest.mark.parametrize("when", [0, 1, 5])
def test_load_in_between(by: str, when: int) -> None:
    """A list that began at the source goes on while the load ends, everybody once."""
    office = world(*contacts(300), loaded=False)

    def load(number: int, _page: Page) -> None:
        if number == when:
            office.load()

    assert [f"Name {n:05}" for n in range(300)] == names(scroll(office, 30, by=by, between=load))


@pytest.mark.parametrize("by", ["token", "anchor"])
def test_stale_offset_after_a_load(by: str) -> None:
    """Where the source has forgotten the listing, the cache goes on at the same place."""
    office = world(*contacts(300), loaded=False)

    def forget(number: int, _page: Page) -> None:
        if number == 1:
            office.load()
            office.source.forget_listings()

    assert [f"Name {n:05}" for n in range(300)] == names(scroll(office, 30, by=by, between=forget))


def test_stale_offset_without_a_load() -> None:
    """Where neither source nor cache can go on, that is said: starting again would show everybody twice."""
    office = world(*contacts(60), loaded=False)
    following = office.directory.list_page(JO, 30).following
    office.source.forget_listings()

    assert following
    with pytest.raises(RateLimitedError):
        office.directory.list_page(JO, 30, token=following.token)


@pytest.mark.parametrize("offset", ["x", "0/x", "99/0", "'", "{}"])
def test_made_up_offset(offset: str) -> None:
    """An offset that the source never gave is like one it has forgotten."""
    office = world(*contacts(3))

    assert office.directory.list_page(JO, 30, token=Cursor("", offset).token).contacts


def test_deleted_page_at_the_source() -> None:
    """A page of which all went meanwhile is passed over, not taken for the end."""
    office = world(*contacts(90), loaded=False)
    first = office.directory.list_page(JO, 30)
    for found in list(office.source.contacts.values()):
        if "Name 00030" <= found.name < "Name 00060":
            office.source.delete_contact(found.id)

    assert first.following
    shown = office.directory.list_page(JO, 30, token=first.following.token)
    assert [f"Name {n:05}" for n in range(60, 90)] == [c.name for c in shown.contacts]


def test_anchor_of_a_page_from_the_source_expires() -> None:
    """An anchor that is known to nobody any more gives an empty page."""
    office = world(*contacts(60), loaded=False)
    anchor = office.directory.list_page(JO, 30).contacts[-1].id
    office.clock.offset = REMEMBER_ANCHOR_S + 1

    assert Page() == office.directory.list_page(JO, 30, anchor=anchor)


@pytest.mark.parametrize("anchor", ["unknown", "'", "{{}}", "0", "rec99999999999999"])
@pytest.mark.parametrize("loaded", [True, False])
def test_unknown_anchor(anchor: str, loaded: bool) -> None:
    """An unknown anchor ends the list; it never starts it again."""
    assert Page() == world(*contacts(60), loaded=loaded).directory.list_page(JO, 30, anchor=anchor)


def test_token_before_anchor() -> None:
    """Where the app sends both, the token counts."""
    office = world(*contacts(60))
    first = office.directory.list_page(JO, 10)

    assert first.following
    page = office.directory.list_page(JO, 10, token=first.following.token, anchor="unknown")
    assert [f"Name {n:05}" for n in range(10, 20)] == [c.name for c in page.contacts]


def test_bad_token() -> None:
    """A token that is none is a bad request."""
    with pytest.raises(BadRequestError):
        world().directory.list_page(JO, 30, token="x")


def test_no_contacts() -> None:
    """A worker without contacts has an empty list, and no token."""
    assert Page() == world().directory.list_page(JO, 30)
    assert Page() == world(loaded=False).directory.list_page(JO, 30)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [("", ["Mine"]), ("contacts: {visibility: all}", ["Mine", "Nobody's", "Sam's"])],
)
@pytest.mark.parametrize("loaded", [True, False])
def test_visibility(settings: str, expected: list[str], loaded: bool) -> None:
    """Workers see the contacts they own, or where it is so configured everybody's."""
    given = (
        contact("r1", name="Sam's", owner=SAM),
        contact("r2", name="Mine"),
        contact("r3", name="Nobody's", owner=""),
    )
    office = world(*given, settings=settings, loaded=loaded)

    assert expected == [c.name for c in office.directory.list_page(JO.upper(), 30).contacts]


@pytest.mark.parametrize("by", ["token", "anchor"])
def test_search(by: str) -> None:
    """A search is paged like the list."""
    office = world(*contacts(200), *contacts(0))
    expected = [f"Name {n:05}" for n in range(200) if "9" in f"{n:05}"]

    assert expected == names(scroll(office, 4, by=by, query="9"))


def test_search_sees_only_what_the_worker_may_see() -> None:
    """A search never shows another worker's contacts."""
    office = world(contact("r1", name="Ann", owner=SAM), contact("r2", name="Anna"))

    assert ["Anna"] == [c.name for c in office.directory.list_page(JO, 30, query="ann").contacts]


def test_search_on_an_empty_cache() -> None:
    """While contacts are loading a search says so, and has the load begun."""
    office = world(*contacts(3), loaded=False)

    with pytest.raises(RateLimitedError) as raised:
        office.directory.list_page(JO, 30, query="a")
    assert raised.value.friendly == "Contacts are loading. Please try again in a moment."
    assert office.refresh.refreshes == 1


def test_fresh_cache() -> None:
    """A fresh cache answers alone."""
    office = world(*contacts(3))
    office.directory.list_page(JO, 30)

    assert (0, 0) == (office.source.calls, office.refresh.refreshes)


def test_stale_cache() -> None:
    """A stale cache answers and has itself refreshed; the source is not asked."""
    office = world(*contacts(3))
    office.clock.offset = STALE_S

    assert len(office.directory.list_page(JO, 30).contacts) == 3
    assert (0, 1) == (office.source.calls, office.refresh.refreshes)


def test_source_away() -> None:
    """Without the source the cache still answers, and an empty one says what is wrong."""
    office = world(*contacts(3))
    office.source.failure = AWAY
    office.clock.offset = STALE_S
    assert len(office.directory.list_page(JO, 30).contacts) == 3

    office = world(*contacts(3), loaded=False)
    office.source.failure = AWAY
    with pytest.raises(UnavailableError):
        office.directory.list_page(JO, 30)


def test_refresh_that_cannot_be_started() -> None:
    """Where no refresh can be started the list is answered all the same."""
    office = world(*contacts(3))
    office.clock.offset = STALE_S

    class Failing(FakeRefresh):
        def request_refresh(self) -> None:
            raise AWAY

    assert len(replace(office.directory, refresh=Failing()).list_page(JO, 30).contacts) == 3


def test_get() -> None:
    """A contact in the cache is given without asking anybody."""
    office = world(contact("r1"))

    assert office.directory.get_contact("r1").id == "r1"
    assert office.source.calls == 0


@pytest.mark.parametrize("loaded", [True, False])
def test_miss_in_an_incomplete_cache(loaded: bool) -> None:
    """What a stale or empty cache lacks is asked of the source once, and then in the cache."""
    office = world(contact("r1"), loaded=loaded)
    office.clock.offset = STALE_S
    office.source.contacts["r2"] = contact("r2", sms=BEN)

    assert office.directory.get_contact("r2").id == "r2"
    assert office.directory.get_contact("r2").id == "r2"
    assert office.source.calls == 1


def test_miss_in_a_fresh_cache() -> None:
    """A fresh and whole cache knows everybody there is."""
    office = world(contact("r1"))

    with pytest.raises(NotFoundError):
        office.directory.get_contact("rec00000000000002")
    assert office.directory.find_by_address(BEN) is None
    assert office.source.calls == 0


@pytest.mark.parametrize("what", ["id", "address"])
def test_unknown_is_remembered(what: str) -> None:
    """What the source does not know either is not asked again for a minute."""
    office = world(loaded=False)

    def ask() -> bool:
        if what == "address":
            return office.directory.find_by_address(f"whatsapp:{BEN}") is None
        with pytest.raises(NotFoundError):
            office.directory.get_contact("r2")
        return True

    assert ask()
    assert ask()
    assert office.source.calls == 1
    office.clock.offset = REMEMBER_UNKNOWN_S + 1
    assert ask()
    assert office.source.calls == 2


def test_failure_is_not_remembered() -> None:
    """A source that could not answer has not said that it knows nobody."""
    office = world(contact("r1", sms=ANN), loaded=False)
    office.source.failure = AWAY
    with pytest.raises(UnavailableError):
        office.directory.find_by_address(ANN)

    office.source.failure = None
    assert office.directory.find_by_address(ANN)


class WithIdColumn(FakeSource):
    """A source that finds contacts by what stands in an id column, too."""

    def get_contact(self, contact_id: str) -> Contact | None:
        return super().get_contact("rec1" if contact_id == "17" else contact_id)


def test_alias() -> None:
    """A contact asked for by its own number is found under it again, without asking."""
    office = World(WithIdColumn([contact("rec1", name="Ann")]))

    assert office.directory.get_contact("17").id == "rec1"
    office.load()
    office.source.calls = 0
    assert office.directory.get_contact("17").id == "rec1"
    assert office.source.calls == 0


@pytest.mark.parametrize(
    ("owner", "worker", "settings", "expected"),
    [
        (JO, JO, "", True),
        (JO.upper(), f" {JO}", "", True),
        (SAM, JO, "", False),
        ("", JO, "", True),
        (SAM, JO, "contacts: {visibility: all}", True),
    ],
)
def test_ownership(owner: str, worker: str, settings: str, expected: bool) -> None:
    """A worker gets their own contacts and those of nobody, where not everybody may see everybody's."""
    directory = world(contact("r1", owner=owner), settings=settings).directory

    if expected:
        assert directory.get_visible("r1", worker).id == "r1"
    else:
        with pytest.raises(NotFoundError):
            directory.get_visible("r1", worker)


@pytest.mark.parametrize("loaded", [True, False])
@pytest.mark.parametrize(
    ("stored", "address"),
    [
        ({"sms": ANN}, ANN),
        ({"sms": ANN}, f"whatsapp:{ANN}"),
        ({"whatsapp": ANN}, ANN),
        ({"whatsapp": ANN}, "+44 7700 900001"),
        ({"chat": "ann"}, "ann"),
        ({"sms": "+5511987654321"}, "whatsapp:+551187654321"),
        ({"sms": "+551187654321"}, "whatsapp:+5511987654321"),
        ({"whatsapp": "+5215512345678"}, "+525512345678"),
        ({"sms": "+541123456789"}, "whatsapp:+5491123456789"),
    ],
)
def test_find(stored: dict[str, str], address: str, loaded: bool) -> None:
    """A contact is found by any of its addresses, on any channel, in any spelling."""
    found = world(contact("r1", **stored), loaded=loaded).directory.find_by_address(address)

    assert found
    assert found.id == "r1"


@pytest.mark.parametrize("address", ["", " ", "whatsapp:", "sms: "])
def test_find_nobody(address: str) -> None:
    """No address is nobody's address; contacts without one are not found by it."""
    office = world(contact("r1"), loaded=False)

    assert office.directory.find_by_address(address) is None
    assert office.source.calls == 0


def test_find_prefers_an_owner() -> None:
    """Of several contacts with one number, one with an owner comes first, then the first in order."""
    given = [
        contact("r1", name="A", owner="", sms=ANN),
        contact("r2", name="C", sms=ANN),
        contact("r3", name="B", sms=ANN),
    ]
    found = world(*given).directory.find_by_address(ANN)

    assert found
    assert found.id == "r3"


def test_find_within() -> None:
    """Where the source does not say in time who it is, it is nobody known, and no error."""
    office = world(contact("r1", sms=ANN), loaded=False)
    office.source.failure = AWAY

    assert office.directory.find_within(ANN, 1) is None
    office.source.failure = None
    assert office.directory.find_within(ANN, 1)


def test_create() -> None:
    """A new contact is at the source and in the list at once."""
    office = world()
    created = office.directory.create_contact(contact("", name="Ben", sms=BEN))

    assert created.id in office.source.contacts
    assert [created] == list(office.directory.list_page(JO, 30).contacts)
    assert created == office.directory.find_by_address(BEN)


@pytest.mark.parametrize(
    ("stored", "new"),
    [
        ({"sms": ANN}, {"sms": ANN}),
        ({"sms": ANN}, {"whatsapp": ANN}),
        ({"whatsapp": ANN}, {"sms": BEN, "whatsapp": ANN}),
        ({"chat": "ann"}, {"chat": "ann"}),
        ({"sms": "+5511987654321"}, {"whatsapp": "+551187654321"}),
        ({"sms": ANN, "owner": SAM}, {"sms": ANN}),
    ],
)
def test_create_duplicate(stored: dict[str, str], new: dict[str, str]) -> None:
    """An address that belongs to somebody, whoever owns them, makes no second contact."""
    office = world(contact("r1", **stored))

    with pytest.raises(DuplicateContactError):
        office.directory.create_contact(contact("", **new))
    assert len(office.source.contacts) == 1


def test_create_two_at_once() -> None:
    """Of two who create the same contact at once, one does."""

    class Slow(FakeSource):
        def find_by_address(self, number: str) -> list[Contact]:
            found = super().find_by_address(number)
            if not refused and not self.contacts:
                with pytest.raises(DuplicateContactError):
                    office.directory.create_contact(contact("", whatsapp=ANN, sms=BEN))
                refused.append(True)
            return found

    refused: list[bool] = []
    office = World(Slow())
    office.directory.create_contact(contact("", sms=ANN))

    assert refused == [True]
    assert len(office.source.contacts) == 1


def test_create_after_a_failure() -> None:
    """A failed creation holds nobody up."""
    office = world()
    office.source.failure = AWAY
    with pytest.raises(UnavailableError):
        office.directory.create_contact(contact("", sms=ANN, whatsapp=BEN))

    office.source.failure = None
    assert office.directory.create_contact(contact("", sms=ANN, whatsapp=BEN))


def test_delete() -> None:
    """A deleted contact is gone at the source and here, and may be deleted again."""
    office = world(contact("r1", sms=ANN))
    for _ in range(2):
        office.directory.delete_contact("r1")

    assert office.source.contacts == {}
    assert office.directory.find_by_address(ANN) is None


def test_delete_fails() -> None:
    """What could not be deleted at the source stays here."""
    office = world(contact("r1"))
    office.source.failure = AWAY
    with pytest.raises(UnavailableError):
        office.directory.delete_contact("r1")

    assert office.directory.get_contact("r1")


def test_set_opt_out() -> None:
    """The opt-out stands at the source and here, and the further cells stay what they were."""
    office = world(contact("r1", cells={"city": "Leeds"}), templates=[], settings="")
    known = replace(office.directory.get_contact("r1"), cells={"city": "Leeds"})
    office.directory.set_opt_out(known, out=True)

    assert office.source.contacts["r1"].opt_out
    assert replace(known, opt_out=True) == office.directory.get_contact("r1")


def test_set_opt_out_of_a_deleted_one() -> None:
    """A contact that the source no longer has is no longer here either."""
    office = world(contact("r1"))
    office.source.contacts.clear()
    office.directory.set_opt_out(contact("r1"), out=True)

    with pytest.raises(NotFoundError):
        office.directory.get_contact("r1")


def test_workers() -> None:
    """The workers there are, are the owners that contacts name."""
    given = [contact("r1"), contact("r2", owner=SAM), contact("r3", owner=""), contact("r4")]

    assert [JO, SAM] == world(*given).directory.list_owners()


def test_source_page_type() -> None:
    """The source's own page may be shorter than asked for and still have a following one."""

    class Short(FakeSource):
        def list_page(self, owner: str | None, size: int, offset: str | None = None) -> SourcePage:
            return super().list_page(owner, min(size, 3), offset)

    office = World(Short(contacts(10)))

    assert [f"Name {n:05}" for n in range(10)] == names(scroll(office, 30))


def test_a_first_page_is_asked_for_once() -> None:
    """All who ask for a worker's first page while the cache is empty are given the same one."""
    office = world(*contacts(100), loaded=False)
    first = office.directory.list_page(JO, 30)

    assert first == office.directory.list_page(JO, 30)
    assert office.source.calls == 1
    assert office.directory.list_page(SAM, 30).contacts == ()


def test_a_first_page_that_failed_may_be_asked_for_again() -> None:
    """An outage keeps nobody from asking once it is over."""
    office = world(*contacts(100), loaded=False)
    office.source.failure = AWAY
    with pytest.raises(UnavailableError):
        office.directory.list_page(JO, 30)
    office.source.failure = None

    assert len(office.directory.list_page(JO, 30).contacts) == 30
