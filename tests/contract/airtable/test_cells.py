"""Contacts and templates from Airtable, whatever people put into the cells and whichever columns there are."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.airtable.adapter import CHAT, Surroundings, answering, stand_in
from tests.contract.tables import Aws, ids
from twilio_bridge.adapters.airtable.cells import MAX_CELL_LENGTH, format_cell, to_contact
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.errors import UnavailableError
from twilio_bridge_local.vendors.airtable.server import AirtableStandIn

NUMBER = "+447900000012"
JO = "jo@example.com"
BRITISH = schema.Contacts(region="GB")
COLLABORATOR = {"id": "usr00000000000001", "email": JO, "name": "Jo Smith"}
ATTACHMENT = {"id": "att00000000000001", "url": "https://example.com/a.png", "filename": "a.png"}


@pytest.fixture
def around(aws: Aws) -> Iterator[Surroundings]:
    with stand_in() as airtable:
        yield Surroundings(aws, airtable)


def add(around: Surroundings, **cells: object) -> str:
    base = around.airtable.base
    return base.create(base.tables["Customers"], cells).id


def read(settings: schema.Contacts = CHAT, **cells: Any) -> Contact:
    return to_contact("rec00000000000001", cells, settings)


WRITTEN = [
    "+44 7900 000012",
    "whatsapp:+447900000012",
    "WhatsApp: +44 7900 000012",
    "+44 (0)7900 000012",
    "+44-7900-000-012",
    "\u200e+44 7900 000012",
    "+44\u00a07900\u00a0000012",
]
NATIONAL = ["07900 000012", "(07900) 000012", "0044 7900 000012", "00447900000012", "447900000012"]


@pytest.mark.parametrize("column", ["sms", "whatsapp"])
@pytest.mark.parametrize("cell", WRITTEN)
def test_a_number_is_found_however_it_is_written(around: Surroundings, column: str, cell: str) -> None:
    """International forms become E.164, and are found by it."""
    contact_id = add(around, name="Ada", **{column: cell})
    add(around, name="Bo", **{column: "+44 7900 0000120"})
    found = around.adapter(schema.Contacts()).find_by_address(NUMBER)
    assert [contact_id] == ids(found)
    assert NUMBER == getattr(found[0], column)


@pytest.mark.parametrize("cell", [*NATIONAL, *WRITTEN])
def test_a_national_number_is_found_with_a_region(around: Surroundings, cell: str) -> None:
    """Where a country is configured, its own way to write numbers is understood."""
    contact_id = add(around, name="Ada", sms=cell)
    add(around, name="Bo", sms="07900 000013")
    found = around.adapter(BRITISH).find_by_address(NUMBER)
    assert [contact_id] == ids(found)
    assert NUMBER == found[0].sms


@pytest.mark.parametrize("cell", ["07900 000012", "7900000012", "ask at the desk", "n/a", "-", "12", "+", "+0 1"])
def test_what_is_no_whole_number_is_left_out(around: Surroundings, cell: str) -> None:
    """Without a region a national form is no number, nor is a remark."""
    contact_id = add(around, name="Ada", sms=cell)
    contact = around.adapter(schema.Contacts()).get_contact(contact_id)
    assert contact
    assert ("", ()) == (contact.sms, contact.addresses)
    assert [] == around.adapter(schema.Contacts()).find_by_address(NUMBER)


YES: list[object] = [True, "true", "TRUE", " Yes ", "1", "x", [None, True], COLLABORATOR]
NO: list[object] = [False, None, "", "false", "no", "0", 0, [], [None, False, ""]]


@pytest.mark.parametrize(("cell", "expected"), [*((yes, True) for yes in YES), *((no, False) for no in NO)])
def test_an_opt_out_is_read_from_a_check_box_or_text(cell: object, expected: bool) -> None:
    """What says yes is yes; nothing, and everything else, is no."""
    assert expected == read(name="Ada", opt_out=cell).opt_out


def test_an_opt_out_is_written_to_a_column_of_text(aws: Aws) -> None:
    """It says afterwards what was written, and back."""
    tables = {"Customers": [{"name": "Ada", "opt_out": "no"}], "Templates": []}
    columns = {"Customers": ("name", "sms", "opt_out"), "Templates": ("text",)}
    with AirtableStandIn(tables, columns=columns, requests_per_s=1_000) as airtable:
        adapter = Surroundings(aws, airtable).adapter(schema.Contacts())
        (ada,) = next(adapter.iterate_pages()).contacts
        for out in (True, False):
            changed = adapter.set_opt_out(ada.id, out)
            assert changed
            assert out == changed.opt_out


@pytest.mark.parametrize("cell", [JO, f" {JO} ", COLLABORATOR, [COLLABORATOR], [JO], {"email": JO}])
def test_an_owner_is_text_or_a_collaborator(cell: object) -> None:
    """A collaborator stands for their e-mail address, the first of several counts."""
    assert JO == read(name="Ada", owner=cell).owner


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (" two\n lines\t", "two lines"),
        (["Ada", "Bo", None, ""], "Ada, Bo"),
        (5, "5"),
        (5.0, "5"),
        (0.1, "0.1"),
        (1e300, "1e+300"),
        (0, "0"),
        (COLLABORATOR, "Jo Smith"),
        (True, ""),
        (None, ""),
        ([], ""),
        ([ATTACHMENT], ""),
        (ATTACHMENT, ""),
        ({"error": "#ERROR!"}, ""),
        ({"specialValue": "NaN"}, ""),
        ([{"error": "#ERROR!"}, "kept"], "kept"),
        ("a\ud800b", "a?b"),
        (["\udfff"], "?"),
        ("x" * 20_000, "x" * MAX_CELL_LENGTH),
        (["x" * 20_000] * 3, "x" * MAX_CELL_LENGTH),
    ],
)
def test_any_cell_is_text_or_nothing(cell: object, text: str) -> None:
    """Lists, numbers, people, errors, attachments and broken characters never become nonsense."""
    assert text == format_cell(cell)


@pytest.mark.parametrize("cell", [[ATTACHMENT], {"error": "#ERROR!"}, {"specialValue": "NaN"}, True, [], None, 5])
@pytest.mark.parametrize("column", ["name", "sms", "whatsapp", "chat", "email", "notes", "owner", "avatar", "company"])
def test_any_column_may_hold_anything(column: str, cell: object) -> None:
    """A contact is made of it, its texts are texts, and they can be stored as UTF-8."""
    cells: dict[str, Any] = {column: cell}
    contact = read(**cells)
    texts = [contact.display_name, contact.owner, contact.notes, contact.avatar, *contact.cells.values()]
    assert all(isinstance(text, str) and "None" not in text and "error" not in text for text in texts)
    assert ("", "") == (contact.sms, contact.whatsapp)


def test_lone_surrogates_can_be_stored() -> None:
    """Half a character from the wire does not reach a key or a value."""
    contact = read(name="a\ud800", notes="b\udc00\nc", owner="jo\ud800", chat="\ud800x", company="d\ud800")
    (contact.order + contact.notes + contact.owner + contact.chat + contact.cells["company"]).encode()


def test_attachments_are_not_kept() -> None:
    """Their addresses expire; an avatar comes from text."""
    contact = read(name="Ada", avatar=[ATTACHMENT], photo=[ATTACHMENT], company="Acme")
    assert ("", {"company": "Acme"}) == (contact.avatar, contact.cells)


def test_further_columns_are_kept_as_text() -> None:
    """What no setting names stands in `cells`, without what is empty."""
    contact = read(name="Ada", id="1001", company="Acme", visits=3, tags=["a", "b"], empty="", broken={"error": "x"})
    assert {"id": "1001", "company": "Acme", "visits": "3", "tags": "a, b"} == contact.cells


def test_notes_keep_their_lines() -> None:
    """Only notes have more than one line."""
    contact = read(name="Ada\nOkafor", notes="one\ntwo\n")
    assert ("Ada Okafor", "one\ntwo") == (contact.name, contact.notes)


@pytest.mark.parametrize("cells", [{}, {"id": "17"}, {"company": "Acme"}, {"name": " ", "opt_out": False}])
def test_a_row_that_nobody_filled_in_is_no_contact(around: Surroundings, cells: dict[str, object]) -> None:
    """A number that Airtable counts, or what a formula makes of nothing, is no person."""
    row = add(around, **cells)
    add(around, name="Ada")
    assert ["Ada"] == [each.name for each in next(around.adapter().iterate_pages()).contacts]
    assert around.adapter().get_contact(row) is None


@pytest.mark.parametrize("cells", [{"sms": NUMBER}, {"owner": JO}, {"opt_out": True}, {"chat": "jo"}, {"notes": "x"}])
def test_a_row_with_anything_of_a_person_is_a_contact(around: Surroundings, cells: dict[str, object]) -> None:
    """Without a name it is shown by what it has."""
    contact_id = add(around, **cells)
    assert [contact_id] == ids(next(around.adapter().iterate_pages()).contacts)


def test_the_id_column_finds_a_contact(around: Surroundings) -> None:
    """A number or text of the company's own; where two have it, neither is given."""
    contact_id = add(around, id="1001", name="Ada")
    add(around, id="10010", name="Bo")
    add(around, id="7", name="Cy")
    add(around, id="7", name="Dot")
    add(around, name="Eve")
    adapter = around.adapter()
    found = adapter.get_contact("1001")
    assert found
    assert contact_id == found.id
    assert adapter.get_contact("7") is None
    assert adapter.get_contact("100") is None
    assert adapter.get_contact("") is None


def test_columns_that_are_not_there() -> None:
    """What is configured away is empty, though the base has such a column."""
    bare = schema.ContactColumns(id="", sms="", whatsapp="", email="", linkedin="", notes="", avatar="")
    contact = read(schema.Contacts(columns=bare), name="Ada", owner=JO, sms=NUMBER, notes="x")
    assert ("Ada", JO, (), "", "") == (contact.name, contact.owner, contact.addresses, contact.notes, contact.avatar)


def test_a_base_with_few_columns_can_be_used(aws: Aws) -> None:
    """No request names a column that is configured away."""
    columns = schema.ContactColumns(id="", whatsapp="", chat="", email="", linkedin="", notes="", avatar="")
    tables = {"Customers": [{"name": "Ada", "sms": NUMBER, "owner": JO}], "Templates": []}
    shape = {"Customers": ("name", "sms", "owner", "opt_out"), "Templates": ("text",)}
    with AirtableStandIn(tables, columns=shape, requests_per_s=1_000) as airtable:
        adapter = Surroundings(aws, airtable).adapter(schema.Contacts(columns=columns))
        (ada,) = adapter.find_by_address(NUMBER)
        assert (ada,) == adapter.list_page(JO, 30).contacts
        assert ada == adapter.get_contact(ada.id)
        assert adapter.get_contact("1001") is None
        assert [] == adapter.find_by_address("chatter")
        created = adapter.create_contact(Contact(name="Bo", sms="+447900000013", whatsapp=NUMBER, notes="x", owner=JO))
        assert ("Bo", "+447900000013", "") == (created.name, created.sms, created.whatsapp)
        assert [] == adapter.list_templates()
    assert all(seen.status == 200 for seen in airtable.requests)


@pytest.mark.parametrize("column", ["Customer's name", "name'", "na\\me", "Name (ünï) 😀", "AND(1)"])
def test_columns_of_any_name(aws: Aws, column: str) -> None:
    """Names of columns are quoted as well as values."""
    named = schema.ContactColumns(id="", name=column, owner=f"{column} owner", sms=f"{column} sms")
    cells = {column: "Ada", f"{column} owner": JO, f"{column} sms": NUMBER, "whatsapp": ""}
    shape = {"Customers": (*cells, "opt_out"), "Templates": ("text",)}
    with AirtableStandIn({"Customers": [cells], "Templates": []}, columns=shape, requests_per_s=1_000) as airtable:
        adapter = Surroundings(aws, airtable).adapter(schema.Contacts(columns=named))
        assert ["Ada"] == [each.name for each in adapter.list_page(JO, 30).contacts]
        assert ["Ada"] == [each.name for each in adapter.find_by_address(NUMBER)]


def test_templates_without_text_are_left_out(around: Surroundings) -> None:
    """A row that somebody began is no template; a broken cell is no text."""
    base = around.airtable.base
    for cells in ({"category": "A"}, {"text": " "}, {"text": "kept"}, {"category": "B", "text": "{{name}}\n"}):
        base.create(base.tables["Templates"], cells)
    found = around.adapter().list_templates()
    assert [("", "kept", False), ("B", "{{name}}", False)] == [
        (each.category, each.text, each.whatsapp_approved) for each in found
    ]


@pytest.mark.parametrize("records", [[1], [None], [{}], [{"id": 5, "fields": {}}], [{"id": "rec1"}], ["x"], [[]]])
def test_a_listing_of_anything_else_is_rubbish(around: Surroundings, records: list[object]) -> None:
    """Records without id or fields are an outage, for contacts and for templates."""
    with answering({"records": records}) as url:
        adapter = around.adapter(url=url)
        for ask in (lambda: adapter.list_page(JO, 30), adapter.list_templates, lambda: list(adapter.iterate_pages())):
            with pytest.raises(UnavailableError):
                ask()
