"""Bases as people really have them, through the whole stack with signed calls."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.integration.callbacks.conftest import WORKER, Deploy, Deployment
from twilio_bridge_local.samples.airtable_base import COLUMNS
from twilio_bridge_local.vendors.airtable.store import Column

NUMBER = "+447900000012"
STRANGER = "sam@example.com"
JO_SMITH = {"id": "usr00000000000001", "email": WORKER, "name": "Jo Smith"}
ADA = {"name": "Ada", "sms": NUMBER, "owner": WORKER}


def rename(here: Deployment, column: str, to: str) -> None:
    """Rename a column as somebody does in Airtable: its cells are under the other name from then on."""
    base = here.airtable.base
    table = base.tables["Customers"]
    named = {name: (to if name == column else name) for name in table.columns}
    table.columns = {new: Column(new, table.columns[old].type) for old, new in named.items()}
    for record in list(table.records.values()):
        cells = {named.get(name, name): value for name, value in record.cells.items()}
        base.update(table, record.id, cells, clear=True)


def with_owner(kind: str) -> Mapping[str, Sequence[Column]]:
    """Return the sample's columns with an owner of this type."""
    columns = [Column(c.name, kind) if c.name == "owner" else c for c in _columns(COLUMNS["Customers"])]
    return {**COLUMNS, "Customers": columns}


def _columns(columns: Sequence[Any]) -> list[Column]:
    return [each if isinstance(each, Column) else Column(each) for each in columns]


def details(here: Deployment, customer: str, worker: str = WORKER) -> int:
    given = {"Location": "GetCustomerDetailsByCustomerId", "Worker": worker, "CustomerId": customer}
    return here.send("crm", **given).status_code


def write_to(here: Deployment, customer: str, number: str = NUMBER) -> int:
    """Let the worker begin a conversation; return the status."""
    given = {"Location": "GetProxyAddress", "Worker": WORKER, "CustomerId": customer}
    return here.send("outgoing-conversation", **given, ChannelType="sms", ChannelValue=number).status_code


def test_a_renamed_opt_out_unblocks_nobody(deploy: Deploy) -> None:
    """Who said STOP is not written to, before and after the load that meets the renamed column."""
    here = deploy([{**ADA, "opt_out": True}])
    here.load()
    (customer,), _ = here.page()
    assert 403 == write_to(here, customer)

    rename(here, "opt_out", "Opted out")
    outcome = here.stack.invoke("RefreshContactsFunction", {"whole": True}).payload
    assert {"refused": ["opt_out"]} == outcome
    assert 403 == write_to(here, customer)


def test_a_renamed_owner_gives_nobody_another_s_contact(deploy: Deploy) -> None:
    """The list stays, and another worker does not open the contact."""
    here = deploy([ADA])
    here.load()
    (customer,), _ = here.page()

    rename(here, "owner", "Owner")
    assert {"refused": ["owner"]} == here.stack.invoke("RefreshContactsFunction", {"whole": True}).payload
    assert ([customer], None) == here.page()
    assert (200, 404) == (details(here, customer), details(here, customer, STRANGER))


@pytest.mark.parametrize("owner", [[JO_SMITH], ["", WORKER], [WORKER, STRANGER]])
def test_an_owner_of_any_kind_is_in_the_list(deploy: Deploy, owner: object) -> None:
    """Collaborators, a lookup with an empty entry, several."""
    here = deploy([{**ADA, "owner": owner}], columns=with_owner("multipleSelects"))
    here.load()
    (customer,), _ = here.page()
    assert 200 == details(here, customer)


def test_a_cold_list_of_collaborators_is_loading(deploy: Deploy) -> None:
    """Not empty: the worker is asked to try again."""
    here = deploy([{**ADA, "owner": JO_SMITH}], columns=with_owner("singleCollaborator"))
    answer = here.send("crm", Location="GetCustomersList", Worker=WORKER, PageSize="30")
    assert 503 == answer.status_code
    assert "loading" in answer.json()["friendly_error_message"]


def test_a_base_without_templates_answers_none(deploy: Deploy) -> None:
    """With status 200, before the first load and after it."""
    here = deploy([ADA])
    del here.airtable.base.tables["Templates"]
    given = {"Location": "GetTemplatesByCustomerId", "Worker": WORKER, "CustomerId": ""}
    assert [] == here.ask("templates", **given)
    here.load()
    assert [] == here.ask("templates", **given)


def test_a_computed_owner_says_so(deploy: Deploy) -> None:
    """Nobody is asked to try again: it never can be written."""
    here = deploy([ADA], columns=with_owner("formula"))
    given = {"Location": "CreateCustomer", "Worker": WORKER, "DisplayName": "Bo"}
    answer = here.send("crm", **given, Channels='[{"type": "sms", "value": "+447900000013"}]')
    assert 422 == answer.status_code, answer.text
    assert "owner" in answer.json()["friendly_error_message"]
    assert "try again" not in answer.json()["friendly_error_message"]
