"""The base's columns by name: what Airtable answers for one that is gone, and cells that only look empty."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contract.airtable.adapter import COLUMNS, Surroundings, stand_in
from tests.contract.tables import Aws, ids
from twilio_bridge.adapters.airtable.contact_source import AirtableContacts
from twilio_bridge.config import schema
from twilio_bridge.contacts.columns import Columns, list_configured
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.errors import ColumnsGoneError, ComputedColumnError, RateLimitedError, ViewGoneError
from twilio_bridge_local.vendors.airtable.server import AirtableStandIn
from twilio_bridge_local.vendors.airtable.store import Column
from twilio_bridge_local.vendors.faults import Faults

JO, SAM = "jo@example.com", "sam@example.com"
NUMBER, OTHER = "+447900000012", "+447900000013"
USUAL = schema.Contacts()
EVERY = list_configured(USUAL)
JO_SMITH = {"id": "usr00000000000001", "email": JO, "name": "Jo Smith"}
SAM_LEE = {"id": "usr00000000000002", "email": SAM, "name": "Sam Lee"}
ERROR = {"error": "#ERROR!"}


@pytest.fixture
def around(aws: Aws) -> Iterator[Surroundings]:
    with stand_in() as airtable:
        yield Surroundings(aws, airtable)


def add(around: Surroundings, **cells: object) -> str:
    base = around.airtable.base
    return base.create(base.tables["Customers"], cells).id


def rename(around: Surroundings, column: str, to: str) -> None:
    """Rename a column as somebody does in Airtable: cells stay under the new name."""
    table = around.airtable.base.tables["Customers"]
    renamed = {name: (to if name == column else name) for name in table.columns}
    table.columns = {new: Column(new, table.columns[old].type) for old, new in renamed.items()}


def hide_schema(around: Surroundings) -> None:
    """Let the token have no scope for the base's schema."""
    around.airtable.faults = Faults(status=403, only=("/v0/meta",))


USES: dict[str, Callable[[AirtableContacts], object]] = {
    "a page": lambda source: source.list_page(JO, 30),
    "everybody's page": lambda source: source.list_page(None, 30),
    "a load": lambda source: list(source.iterate_pages()),
    "a contact": lambda source: source.get_contact("rec00000000000001"),
    "some contacts": lambda source: source.get_contacts(["rec00000000000001"]),
    "a number": lambda source: source.find_by_address(NUMBER),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("column", ["opt_out", "owner"])
def test_every_read_names_its_columns(around: Surroundings, use: str, column: str) -> None:
    """One that was there at the last load and is gone is an error, never an empty cell."""
    add(around, name="Ada", owner=JO, sms=NUMBER, opt_out=True)
    source = around.adapter(USUAL)
    source.use_columns(Columns(EVERY))
    rename(around, column, column.title())

    with pytest.raises(ColumnsGoneError) as raised:
        USES[use](source)
    assert {column} == {name.lower() for name in raised.value.columns}


@pytest.mark.parametrize("has_schema", [True, False])
def test_the_columns_that_are_there(around: Surroundings, has_schema: bool) -> None:
    """From the base's schema where the token may read it; else by asking for them."""
    rename(around, "avatar", "Picture")
    rename(around, "linkedin", "LinkedIn")
    if not has_schema:
        hide_schema(around)
    found = around.adapter(USUAL).find_columns(["company", "nobody"])

    assert {"avatar", "linkedin"} == found.absent
    assert EVERY - {"avatar", "linkedin"} | {"company"} == found.present
    assert {"company", "nobody"} == found.further


def test_further_columns_are_found_in_any_case(around: Surroundings) -> None:
    """Where the base's schema can be read: templates are typed by hand."""
    rename(around, "company", "Company Name")
    assert "Company Name" in around.adapter(USUAL).find_columns(["company name"]).present


def test_a_column_is_asked_for_one_by_one_where_the_message_names_none(around: Surroundings) -> None:
    """Airtable's words may change; the status and the type do not."""
    rename(around, "avatar", 'Unknown "picture"')
    hide_schema(around)
    assert {"avatar"} == around.adapter(USUAL).find_columns().absent


def test_a_base_without_some_default_columns_answers_before_its_first_load(around: Surroundings) -> None:
    """The first refusal makes the adapter look; what is missing then is what nobody named."""
    contact_id = add(around, name="Ada", owner=JO, sms=NUMBER)
    for column in ("avatar", "linkedin", "whatsapp"):
        rename(around, column, column.title())
    source = around.adapter(USUAL)

    assert [contact_id] == ids(source.list_page(JO, 30).contacts)
    assert [contact_id] == ids(source.find_by_address(NUMBER))
    assert [contact_id] == ids(around.adapter(USUAL).find_by_address(NUMBER))


def test_a_named_column_that_is_not_there_is_refused_before_the_first_load(around: Surroundings) -> None:
    """Its cells are not taken for empty ones."""
    named = schema.Contacts(columns=schema.ContactColumns(opt_out="Opted out"))
    with pytest.raises(ColumnsGoneError, match="Opted out"):
        around.adapter(named).list_page(JO, 30)


def test_only_configured_columns_are_read(around: Surroundings) -> None:
    """However many a base has, the answer holds these."""
    add(around, name="Ada", company="Acme")
    source = around.adapter(USUAL)
    (ada,) = next(source.iterate_pages()).contacts
    assert {} == ada.cells
    source.use_columns(Columns(EVERY | {"company"}))
    assert {"company": "Acme"} == next(source.iterate_pages()).contacts[0].cells


@pytest.mark.parametrize("cell", [ERROR, [ERROR], [None, ERROR], {"specialValue": "NaN"}, [JO, ERROR]])
def test_an_error_in_an_owner_or_opt_out_is_unknown(around: Surroundings, cell: Any) -> None:
    """The opt-out blocks, the owner is nobody who may see the contact, and both are remarked."""
    contact_id = add(around, name="Ada", owner=cell, opt_out=cell, sms=NUMBER)
    contact = around.adapter(USUAL).get_contact(contact_id)

    assert contact
    assert (True, (), ("owner", "opt_out")) == (contact.opt_out, contact.owners, contact.unread)
    assert {"owner: error", "opt_out: error"} <= {*contact.problems}


def test_an_opt_out_column_that_is_absent_is_not_read(around: Surroundings) -> None:
    """So that its emptiness lifts nothing."""
    contact_id = add(around, name="Ada", owner=JO)
    rename(around, "opt_out", "Stop")
    source = around.adapter(USUAL)
    source.use_columns(source.find_columns())
    contact = source.get_contact(contact_id)

    assert contact
    assert (False, ("opt_out",), ()) == (contact.opt_out, contact.unread, contact.problems)


@pytest.mark.parametrize(
    ("cell", "owners"),
    [
        ([JO_SMITH, SAM_LEE], (JO, SAM)),
        ([JO, SAM], (JO, SAM)),
        (["", None, SAM], (SAM,)),
        ([JO, JO.upper(), " jo@example.com "], (JO,)),
        (f"{JO}, {SAM}", (JO, SAM)),
        (f"{JO};{SAM}", (JO, SAM)),
        ("Smith, Jo", ("Smith, Jo",)),
        (SAM_LEE, (SAM,)),
        ([], ()),
        ("", ()),
        (["recAAAAAAAAAAAAAA"], ()),
    ],
)
def test_an_owner_cell_is_a_set(around: Surroundings, cell: Any, owners: tuple[str, ...]) -> None:
    """Several collaborators, a multiple select, a lookup; a link to a record names nobody."""
    contact_id = add(around, name="Ada", owner=cell)
    contact = around.adapter(USUAL).get_contact(contact_id)
    assert contact
    assert owners == contact.owners
    assert all(contact.is_owned_by(owner.upper()) for owner in owners)
    assert (cell == ["recAAAAAAAAAAAAAA"]) == ("owner: linked record" in contact.problems)


@pytest.mark.parametrize("cell", [JO, f" {JO.upper()} ", [JO, SAM], [SAM, JO], f"{SAM}, {JO}", f"{SAM};{JO}"])
def test_a_cold_list_is_the_warm_one(around: Surroundings, cell: Any) -> None:
    """Whoever is one of several owners finds the contact in the base itself, too."""
    contact_id = add(around, name="Ada", owner=cell)
    add(around, name="Bo", owner=f"mary{JO}")
    add(around, name="Cy", owner=f"{JO}.uk")
    source = around.adapter(USUAL)
    warm = [each.id for page in source.iterate_pages() for each in page.contacts if each.is_owned_by(JO)]
    assert [contact_id] == warm == ids(source.list_page(JO, 30).contacts)


@pytest.mark.parametrize("cell", [JO_SMITH, [JO_SMITH], [JO_SMITH, SAM_LEE], ["recAAAAAAAAAAAAAA"]])
def test_where_no_formula_can_say_whose_contacts_they_are(around: Surroundings, cell: Any) -> None:
    """Of collaborators formulas see the name: contacts are loading, for an empty list would be wrong."""
    add(around, name="Ada", owner=cell)
    with pytest.raises(RateLimitedError) as raised:
        around.adapter(USUAL).list_page(JO, 30)
    assert "loading" in raised.value.friendly


def test_an_empty_list_is_empty_where_formulas_see_owners(around: Surroundings) -> None:
    """A worker without contacts is not kept waiting."""
    add(around, name="Ada", owner=SAM)
    assert () == around.adapter(USUAL).list_page(JO, 30).contacts
    assert ["Ada"] == [each.name for each in around.adapter(USUAL).list_page(None, 30).contacts]


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("+44 7900 000012 (Max)", (NUMBER,)),
        ("Max: +44 7900 000012", (NUMBER,)),
        ("+44 7900 000012, +44 7900 000013", (NUMBER, OTHER)),
        ("+44 7900 000012 / +44 7900 000013", (NUMBER, OTHER)),
        ("+44 7900 000012\n+44 7900 000013", (NUMBER, OTHER)),
        ("0044 7900 000012", (NUMBER,)),
        (447900000012, (NUMBER,)),
        (447900000012.0, (NUMBER,)),
        ("447900000012", (NUMBER,)),
        ("+44 7900 000012 ext. 5", (NUMBER,)),
        (["+447900000012", "", "+447900000013"], (NUMBER, OTHER)),
    ],
)
def test_numbers_as_people_write_them(around: Surroundings, cell: Any, numbers: tuple[str, ...]) -> None:
    """Each is read, and found in the base by each of its numbers."""
    contact_id = add(around, name="Ada", sms=cell)
    source = around.adapter(schema.Contacts(region=""))
    contact = source.get_contact(contact_id)
    assert contact
    assert (numbers, ()) == (contact.sms_numbers, contact.problems)
    for number in numbers:
        assert [contact_id] == ids(source.find_by_address(number))


@pytest.mark.parametrize(
    "cell", ["+49 171 1234567 Max 2", "+1-800-FLOWERS", "07900 000012", "call 12 times", "2026-01-02"]
)
def test_what_is_no_number_for_certain_is_rejected(around: Surroundings, cell: str) -> None:
    """A wrong number is somebody else's; the cell is counted."""
    contact = around.adapter(USUAL).get_contact(add(around, name="Ada", sms=cell))
    assert contact
    assert ((), ("sms: no number",)) == (contact.sms_numbers, contact.problems)


@pytest.mark.parametrize(("sms", "whatsapp"), [(NUMBER, ""), ("", NUMBER), (NUMBER, NUMBER)])
def test_a_column_for_both_channels_keeps_its_number(around: Surroundings, sms: str, whatsapp: str) -> None:
    """A contact with one of them is created with it."""
    shared = schema.Contacts(columns=schema.ContactColumns(whatsapp="sms"))
    created = around.adapter(shared).create_contact(Contact(name="Ada", sms=sms, whatsapp=whatsapp, owner=JO))
    assert (NUMBER, NUMBER) == (created.sms, created.whatsapp)


@pytest.mark.parametrize("kind", ["formula", "multipleLookupValues", "rollup"])
def test_a_computed_column_says_so(aws: Aws, kind: str) -> None:
    """It never can be written: the worker reads that, and is not asked to try again."""
    columns = {
        **COLUMNS,
        "Customers": tuple(Column("owner", kind) if c == "owner" else c for c in COLUMNS["Customers"]),
    }
    with AirtableStandIn({"Customers": [], "Templates": []}, columns=columns, requests_per_s=1_000) as airtable:
        source = Surroundings(aws, airtable).adapter(USUAL)
        with pytest.raises(ComputedColumnError) as raised:
            source.create_contact(Contact(name="Ada", owner=JO))
    assert "owner" in raised.value.friendly
    assert "try again" not in raised.value.friendly


def write_templates(around: Surroundings) -> list[str]:
    base = around.airtable.base
    made = [base.create(base.tables["Templates"], {"category": name, "text": name}).id for name in "ABC"]
    base.tables["Templates"].view_orders["Grid view"] = made[::-1]
    return made


def test_templates_are_in_the_order_of_the_view(around: Surroundings) -> None:
    """As in the public quickstart, "Grid view" where nothing else is said."""
    write_templates(around)
    assert ["C", "B", "A"] == [each.category for each in around.adapter(USUAL).list_templates()]


def test_the_default_view_need_not_be_there(around: Surroundings) -> None:
    """Then the order is the table's; a view that somebody named has to be."""
    write_templates(around)
    around.airtable.base.tables["Templates"].views = {"viw00000000000001": "Everything"}
    assert ["A", "B", "C"] == [each.category for each in around.adapter(USUAL).list_templates()]
    named = around.adapter(USUAL)
    named._template_settings = schema.Templates(view="Ours")
    with pytest.raises(ViewGoneError, match="view"):
        named.list_templates()


def test_no_table_for_templates_is_not_asked_for(around: Surroundings) -> None:
    """Where the configuration says that there are none."""
    source = around.adapter(USUAL, templates=schema.Templates(table=""))
    assert [] == source.list_templates()
    assert [] == around.airtable.requests


@pytest.mark.parametrize("count", [1, 100, 101, 600])
def test_many_contacts_are_asked_for_a_hundred_at_a_time(around: Surroundings, count: int) -> None:
    """600 take six requests."""
    made = [add(around, name=f"Ada {number}") for number in range(count)]
    assert {*made} == {each.id for each in around.adapter(USUAL).get_contacts(made)}
    assert -(-count // 100) == len(around.airtable.requests)
