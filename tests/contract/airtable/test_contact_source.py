"""Every ContactSource finds exactly whom it is asked for, whatever stands in ids, owners, numbers and names."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.contract.airtable.adapter import COLUMNS, Surroundings, stand_in
from tests.contract.airtable.hostile_texts import HOSTILE_TEXTS
from tests.contract.tables import Aws, ids
from tests.fakes.contacts import FakeSource
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.ports import ContactSource, SourcePage, TemplateText
from twilio_bridge.errors import StaleOffsetError

JO, MEI = "jo@example.com", "mei@example.com"
NUMBER, OTHER_NUMBER = "+447900000012", "+447900000013"
HOSTILE = [
    *HOSTILE_TEXTS,
    "../../meta/whoami",
    "?filterByFormula=1",
    "x" * 9_000,
]
NAMED = [f"{number}-{text[:12]!r}" for number, text in enumerate(HOSTILE)]


@dataclass
class Source:
    """A source under test, a second client of it, and a way to make its offsets stale."""

    first: ContactSource
    second: ContactSource
    expire: Callable[[], None]

    def all(self) -> list[Contact]:
        return [contact for page in self.first.iterate_pages() for contact in page.contacts]


def row(contact: Contact) -> dict[str, object]:
    cells = {name: getattr(contact, name) for name in ("name", "sms", "whatsapp", "chat", "email", "owner", "notes")}
    return cells | {"opt_out": contact.opt_out, "avatar": contact.avatar, "linkedin": contact.linkedin}


@pytest.fixture(params=["memory", "airtable"])
def make(request: pytest.FixtureRequest) -> Iterator[Callable[..., Source]]:
    """Make a source that holds these contacts, in this order, and templates."""
    if request.param == "memory":

        def in_memory(contacts: Sequence[Contact] = (), templates: Sequence[TemplateText] = ()) -> Source:
            numbered = [replace(each, id=f"rec{number:014}") for number, each in enumerate(contacts)]
            source = FakeSource(numbered, templates)
            return Source(source, source, source.forget_listings)

        yield in_memory
        return
    aws: Aws = request.getfixturevalue("aws")
    with stand_in() as airtable:

        def over_http(contacts: Sequence[Contact] = (), templates: Sequence[TemplateText] = ()) -> Source:
            tables = airtable.base.tables
            for contact in contacts:
                airtable.base.create(tables["Customers"], row(contact))
            for text in templates:
                cells = {"category": text.category, "text": text.text, "whatsAppApproved": text.whatsapp_approved}
                airtable.base.create(tables["Templates"], cells)
            around = Surroundings(aws, airtable)
            return Source(around.adapter(), around.adapter(), airtable.listings.expire)

        yield over_http


def people(count: int, **more: Any) -> list[Contact]:
    return [Contact(name=f"Contact {number * 37 % count:04}", owner=JO, **more) for number in range(count)]


def test_an_empty_base(make: Callable[..., Source]) -> None:
    """There is nobody, under any question."""
    source = make().first
    assert ((), None) == (source.list_page(JO, 30).contacts, source.list_page(JO, 30).offset)
    assert [SourcePage((), None)] == list(source.iterate_pages())
    assert source.get_contact("rec00000000000000") is None
    assert [] == source.find_by_address(NUMBER)
    assert [] == source.list_templates()


@pytest.mark.parametrize("size", [1, 7, 30, 100])
def test_pages_of_a_worker_cover_the_list_once(make: Callable[..., Source], size: int) -> None:
    """Page by page each of the worker's contacts comes once, by name; others' do not come."""
    count = 5 if size == 1 else 60
    source = make([*people(count), Contact(name="Contact 0003", owner=MEI), Contact(name="Contact 0004")]).first
    page = source.list_page(JO, size)
    walked = list(page.contacts)
    while page.offset:
        page = source.list_page(JO, size, page.offset)
        assert len(page.contacts) <= size
        walked += page.contacts
    assert [f"Contact {number:04}" for number in range(count)] == [each.name for each in walked]
    assert {JO} == {each.owner for each in walked}


def test_a_page_of_everybodys(make: Callable[..., Source]) -> None:
    """None stands for all, owned or not."""
    source = make([Contact(name="Bo", owner=MEI), Contact(name="Ada"), Contact(name="Cy", owner=JO)]).first
    assert ["Ada", "Bo", "Cy"] == [each.name for each in source.list_page(None, 30).contacts]


def test_an_owners_case_and_blanks_do_not_matter(make: Callable[..., Source]) -> None:
    """People type e-mail addresses in any case."""
    source = make([Contact(name="Ada", owner=f" {JO.title()} "), Contact(name="Bo", owner=f"x{JO}")]).first
    assert ["Ada"] == [each.name for each in source.list_page(f"{JO.upper()} ", 30).contacts]


def test_a_listing_goes_on_though_somebody_went(make: Callable[..., Source]) -> None:
    """Deleted contacts are left out, nobody is shown twice or skipped."""
    source = make(people(9))
    first = source.first.list_page(JO, 3)
    ordered = sorted(source.all(), key=lambda each: each.order)
    source.second.delete_contact(ordered[4].id)
    source.second.delete_contact(ordered[0].id)
    second = source.first.list_page(JO, 3, first.offset)
    third = source.first.list_page(JO, 3, second.offset)
    assert ids([ordered[3], *ordered[5:9]]) == ids([*second.contacts, *third.contacts])


def test_an_expired_offset(make: Callable[..., Source]) -> None:
    """It says that the listing has to begin again."""
    source = make(people(9))
    offset = source.first.list_page(JO, 3).offset
    source.expire()
    with pytest.raises(StaleOffsetError):
        source.first.list_page(JO, 3, offset)


@pytest.mark.parametrize("offset", ["nonsense/rec1", "x", "'\"{}"])
def test_an_offset_that_was_never_given(make: Callable[..., Source], offset: str) -> None:
    """It is as good as an expired one."""
    with pytest.raises(StaleOffsetError):
        make(people(3)).first.list_page(JO, 3, offset)


def test_all_contacts_come_page_by_page(make: Callable[..., Source]) -> None:
    """Everybody once, in pages of a hundred."""
    source = make(people(230))
    assert [100, 100, 30] == [len(page.contacts) for page in source.first.iterate_pages()]
    assert 230 == len({each.id for each in source.all()})


def test_a_listing_goes_on_from_a_pages_offset(make: Callable[..., Source]) -> None:
    """Whoever has the offset gives what is left, from another client, too, and the last page has none."""
    source = make(people(230))
    first, *rest = source.first.iterate_pages()
    assert first.offset
    assert rest == list(source.second.iterate_pages(first.offset))
    assert rest == list(source.second.iterate_pages(first.offset))
    assert rest[-1].offset is None
    assert {each.id for each in source.all()} == {each.id for page in (first, *rest) for each in page.contacts}


def test_a_listing_that_is_gone_on_with_too_late(make: Callable[..., Source]) -> None:
    """It has to begin again."""
    source = make(people(120))
    first = next(source.first.iterate_pages())
    source.expire()
    with pytest.raises(StaleOffsetError):
        next(source.second.iterate_pages(str(first.offset)))


def test_a_contact_is_given_by_its_records_id(make: Callable[..., Source]) -> None:
    """Exactly that one."""
    source = make(people(3))
    for each in source.all():
        assert each == source.first.get_contact(each.id)
    assert source.first.get_contact("recAAAAAAAAAAAAAA") is None


@pytest.mark.parametrize("count", [0, 1, 100, 101])
def test_many_are_given_by_their_records_ids(make: Callable[..., Source], count: int) -> None:
    """Each of those that are there, whoever else is asked for."""
    source = make(people(count + 2))
    wanted = [each.id for each in source.all()][:count]
    found = source.first.get_contacts([*wanted, "recAAAAAAAAAAAAAA", *HOSTILE])
    assert sorted(wanted) == sorted(ids(found))


@pytest.mark.parametrize("contact_id", [*HOSTILE, "", " ", "rec", "rec\x00", "recAAAAAAAAAAAAA'"], ids=repr)
def test_a_hostile_id_is_nobodys(make: Callable[..., Source], contact_id: str) -> None:
    """It finds nobody, deletes nobody, and opts nobody out."""
    source = make(people(2))
    assert source.first.get_contact(contact_id) is None
    source.first.delete_contact(contact_id)
    assert source.first.set_opt_out(contact_id, True) is None
    assert [False, False] == [each.opt_out for each in source.all()]


@pytest.mark.parametrize("owner", HOSTILE, ids=NAMED)
def test_a_hostile_owner_has_their_own(make: Callable[..., Source], owner: str) -> None:
    """Their list holds their contact and nobody else's."""
    source = make([Contact(name="theirs", owner=owner), Contact(name="other", owner=JO), Contact(name="nobodys")])
    found = source.first.list_page(owner, 30).contacts
    assert ["theirs"] == [each.name for each in found] or owner != " ".join(owner.split())
    assert not {"other", "nobodys"} & {each.name for each in found}


@pytest.mark.parametrize("chat", HOSTILE, ids=NAMED)
def test_a_hostile_identity_finds_its_own(make: Callable[..., Source], chat: str) -> None:
    """A chat identity finds its contact and nobody else."""
    source = make([Contact(name="theirs", chat=chat), Contact(name="other", chat="other"), Contact(name="none")])
    found = source.first.find_by_address(chat)
    assert ["theirs"] == [each.name for each in found] or chat != " ".join(chat.split())
    assert not {"other", "none"} & {each.name for each in found}


@pytest.mark.parametrize("name", HOSTILE, ids=NAMED)
def test_a_hostile_name_is_kept(make: Callable[..., Source], name: str) -> None:
    """A contact is created under it, on one line, and can be read by another client."""
    source = make(people(1))
    created = source.first.create_contact(Contact(name=name, sms=NUMBER, owner=JO))
    seen = source.second.get_contact(created.id)
    assert seen == created
    assert name.split() == created.name.split()
    assert ids([created]) == ids(source.second.find_by_address(NUMBER))


@pytest.mark.parametrize(
    "number", ["+44790000001", "+4479000000123", "447900000012", "7900000012", "+4", "+", "", " ", "*", ".*", "%"]
)
def test_a_number_is_found_whole_or_not_at_all(make: Callable[..., Source], number: str) -> None:
    """No part of a number and no pattern finds anybody."""
    assert [] == make([Contact(name="Ada", sms=NUMBER), Contact(name="Bo")]).first.find_by_address(number)


def test_a_number_is_found_in_either_column(make: Callable[..., Source]) -> None:
    """All contacts that have it, in SMS or WhatsApp."""
    contacts = [Contact(name="Ada", sms=NUMBER), Contact(name="Bo", whatsapp=NUMBER, sms=OTHER_NUMBER)]
    found = make([*contacts, Contact(name="Cy", sms=OTHER_NUMBER)]).first.find_by_address(NUMBER)
    assert ["Ada", "Bo"] == sorted(each.name for each in found)


@pytest.mark.parametrize(
    ("written", "asked"), [("+5511987654321", "+551187654321"), ("+5215512345678", "+525512345678")]
)
def test_a_mobile_is_found_under_its_other_number(make: Callable[..., Source], written: str, asked: str) -> None:
    """Some countries' mobiles have two numbers."""
    source = make([Contact(name="Ada", whatsapp=written)]).first
    assert ["Ada"] == [each.name for each in source.find_by_address(asked)]
    assert ["Ada"] == [each.name for each in source.find_by_address(written)]


def test_a_created_contact_is_as_the_source_has_it(make: Callable[..., Source]) -> None:
    """It has an id of the source's and what was given; another client sees the same."""
    source = make()
    given = Contact(name="Ada", sms=NUMBER, whatsapp=OTHER_NUMBER, chat="ada", email="a@example.com", owner=JO)
    created = source.first.create_contact(given)
    assert replace(given, id=created.id) == created
    assert created.id
    assert [created] == source.second.find_by_address(NUMBER)
    assert [created] == source.second.find_by_address("ada")
    assert (created,) == source.second.list_page(JO, 30).contacts


def test_a_contact_is_deleted_for_everybody(make: Callable[..., Source]) -> None:
    """Once is enough, twice is fine."""
    source = make(people(2))
    gone, kept = source.all()
    source.first.delete_contact(gone.id)
    source.first.delete_contact(gone.id)
    assert source.second.get_contact(gone.id) is None
    assert ids([kept]) == ids(source.second.list_page(None, 30).contacts)


@pytest.mark.parametrize("out", [True, False])
def test_an_opt_out_is_set_for_everybody(make: Callable[..., Source], out: bool) -> None:
    """The answer and another client say so, the other fields are as they were; twice is fine."""
    source = make([Contact(name="Ada", sms=NUMBER, owner=JO, opt_out=not out), Contact(name="Bo")])
    ada = source.first.find_by_address(NUMBER)[0]
    for _ in range(2):
        assert replace(ada, opt_out=out) == source.first.set_opt_out(ada.id, out)
        assert replace(ada, opt_out=out) == source.second.get_contact(ada.id)
    assert [out, False] == [each.opt_out for each in source.all()]


def test_nobody_is_opted_out_who_is_gone(make: Callable[..., Source]) -> None:
    """None says that the record is not there."""
    source = make(people(1))
    gone = source.all()[0]
    source.second.delete_contact(gone.id)
    assert source.first.set_opt_out(gone.id, True) is None


def test_templates_come_in_the_tables_order(make: Callable[..., Source]) -> None:
    """Each with its text as it was written, lines and all."""
    texts = [TemplateText("Zoo", "Hello {{name}}\nand 'bye' {x} 😀", True), TemplateText("Any", "y" * 5_000, False)]
    assert texts == make([], texts).first.list_templates()


def test_many_templates_come_whole(make: Callable[..., Source]) -> None:
    """Beyond one page of the source."""
    texts = [TemplateText("Any", f"text {number}", number % 2 == 0) for number in range(230)]
    assert texts == make([], texts).first.list_templates()


def test_the_columns_here_are_the_configurations() -> None:
    """Every column a contact has by default stands in the base of these tests."""
    assert {"id", "name", "sms", "whatsapp", "email", "linkedin", "notes", "owner", "opt_out", "avatar"} <= {
        getattr(column, "name", column) for column in COLUMNS["Customers"]
    }
