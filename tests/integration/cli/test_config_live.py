"""`twilio-bridge config check --live` against Airtable's stand-in: faults of a base, found before a load meets them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Run
from twilio_bridge_cli.pace import OwnPace
from twilio_bridge_local.vendors.airtable.server import AirtableStandIn
from twilio_bridge_local.vendors.airtable.store import Column
from twilio_bridge_local.vendors.brevo.attributes import Attribute
from twilio_bridge_local.vendors.brevo.server import BrevoStandIn
from twilio_bridge_local.vendors.faults import Faults

JO = "jo@example.com"
GOOD_COLUMNS = {
    "Customers": (
        *("id", "name", "sms", "whatsapp", "email"),
        *("linkedin", "notes", "owner", "avatar"),
        Column("opt_out", "checkbox"),
    ),
    "Templates": ("category", "text", "whatsAppApproved"),
}


@pytest.fixture
def base(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AirtableStandIn]:
    (folder / "bridge.yaml").write_text("contacts:\n  table: Customers\n")
    monkeypatch.setattr(OwnPace, "reserve_slot", lambda _self, _patience_s: None)
    with AirtableStandIn({"Customers": [], "Templates": []}, columns=GOOD_COLUMNS, requests_per_s=1_000) as airtable:
        monkeypatch.setenv("AIRTABLE_TOKEN", airtable.token)
        monkeypatch.setenv("AIRTABLE_BASE_ID", airtable.base_id)
        monkeypatch.setenv("AIRTABLE_ENDPOINT_URL", airtable.url)
        yield airtable


def add(base: AirtableStandIn, table: str = "Customers", **cells: object) -> str:
    return base.base.create(base.base.tables[table], cells).id


def rename(base: AirtableStandIn, column: str, to: str, kind: str = "") -> None:
    table = base.base.tables["Customers"]
    columns = [(to, kind or each.type) if name == column else (name, each.type) for name, each in table.columns.items()]
    table.columns = {name: Column(name, type_) for name, type_ in columns}


def test_a_base_that_fits(run: Run, base: AirtableStandIn) -> None:
    """Nothing is wrong, and the exit code says so."""
    add(base, name="Ada", owner=JO, sms="+447900000012")
    done = run("config", "check", "bridge.yaml", "--live")
    assert (0, True) == (done.exit_code, "the base fits it" in done.stderr), done.stderr


def test_six_faults(run: Run, base: AirtableStandIn) -> None:
    """A renamed opt-out, a linked owner, a computed number, an error, a doubtful number, a template nobody fills."""
    rename(base, "opt_out", "Opt out")
    rename(base, "owner", "owner", "multipleRecordLinks")
    rename(base, "sms", "sms", "formula")
    broken = add(base, name="Ada", sms={"error": "#ERROR!"})
    doubtful = add(base, name="Bo", whatsapp="07900 000012")
    add(base, "Templates", category="Hello", text="Dear {{nickname}}")
    done = run("config", "check", "bridge.yaml", "--live", "--json")

    found = json.loads(done.stdout)
    places = {(each["place"], each["is_error"]) for each in found["problems"]}
    assert (2, False) == (done.exit_code, found["ok"])
    assert places == {
        ("contacts.columns.opt_out", True),
        ("contacts.columns.owner", True),
        ("contacts.columns.sms", False),
        ("contacts.columns.sms", True),
        ("contacts.columns.whatsapp", False),
        ("templates", False),
    }
    records = {each["place"]: each["records"] for each in found["problems"] if each["records"]}
    assert {"contacts.columns.sms": [broken], "contacts.columns.whatsapp": [doubtful]} == records
    assert "07900" not in done.stdout
    told = run("config", "check", "bridge.yaml", "--live")
    assert 2 == told.exit_code
    for remedy in ("Write Opt out instead", "Add a lookup", broken, doubtful, "country code", "Hello: nickname"):
        assert remedy in told.stderr, remedy
    assert "07900" not in told.stderr


@pytest.mark.parametrize(
    ("column", "to", "exit_code"),
    [("opt_out", "Opted out", 2), ("owner", "Owner", 2), ("name", "Full Name", 2), ("avatar", "Picture", 0)],
)
@pytest.mark.parametrize("has_schema", [True, False])
def test_a_column_that_is_not_there(
    run: Run, base: AirtableStandIn, column: str, to: str, exit_code: int, has_schema: bool
) -> None:
    """A default that nobody needs is only a warning; without the scope for the schema it is found all the same."""
    rename(base, column, to)
    if not has_schema:
        base.faults = Faults(status=403, only=("/v0/meta",))
    done = run("config", "check", "bridge.yaml", "--live")
    assert exit_code == done.exit_code, done.stderr
    assert f"no column {column}" in done.stderr
    assert ("schema.bases:read" in done.stderr) != has_schema


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("contacts: {table: Custmers}", "Write Customers instead"),
        ("templates: {table: Texts}", "no table Texts"),
        ("contacts: {view: Ours}", "no view Ours"),
        ("contacts: {columns: {sms: Mobile}}", "no column Mobile"),
    ],
)
@pytest.mark.usefixtures("base")
def test_names_that_the_base_does_not_have(run: Run, folder: Path, config: str, words: str) -> None:
    """Each is said with what to write."""
    (folder / "bridge.yaml").write_text(config)
    done = run("config", "check", "bridge.yaml", "--live")
    assert words in done.stderr
    assert (0 if "templates" in config else 2) == done.exit_code


@pytest.mark.parametrize("kind", ["formula", "multipleLookupValues"])
def test_an_opt_out_that_nobody_can_write(run: Run, base: AirtableStandIn, kind: str) -> None:
    """Whoever writes STOP is obeyed, but Airtable never shows it."""
    rename(base, "opt_out", "opt_out", kind)
    done = run("config", "check", "bridge.yaml", "--live")
    assert (2, True) == (done.exit_code, "checkbox" in done.stderr)


def test_what_has_to_be_set(run: Run, base: AirtableStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token and the base's id; a wrong token is a refusal."""
    monkeypatch.setenv("AIRTABLE_TOKEN", "patWrong.0")
    assert 1 == run("config", "check", "bridge.yaml", "--live").exit_code
    monkeypatch.delenv("AIRTABLE_TOKEN")
    done = run("config", "check", "bridge.yaml", "--live")
    assert (2, True) == (done.exit_code, "AIRTABLE_TOKEN" in done.stderr)
    assert [] != base.requests


def test_columns_that_insights_should_come_from(run: Run, base: AirtableStandIn, folder: Path) -> None:
    """One that the table has is fine in whatever case; of another the nearest is named, before it is in force."""
    columns = base.base.tables["Customers"].columns
    base.base.tables["Customers"].columns = {**columns, "Tier": Column("Tier", "singleSelect")}
    mapping = "insights: {customers: {category: contact.tier, organization: contact.Tiers, zip: contact.qqq}}"
    (folder / "bridge.yaml").write_text(mapping)
    done = run("config", "check", "bridge.yaml", "--live", "--json")

    found = json.loads(done.stdout)["problems"]
    assert [(each["place"], each["message"]) for each in found] == [
        ("insights", "there is no column Tiers"),
        ("insights", "there is no column qqq"),
    ]
    assert found[0]["remedy"] == "Write contact.Tier instead."


def test_a_file_that_is_wrong_is_not_taken_to_the_base(run: Run, base: AirtableStandIn, folder: Path) -> None:
    """First the file has to be right."""
    (folder / "bridge.yaml").write_text("contacts: {tables: x}")
    assert 2 == run("config", "check", "bridge.yaml", "--live").exit_code
    assert [] == base.requests


def test_attributes_that_brevo_has_otherwise(run: Run, base: AirtableStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """An attribute of another type and a transactional one are named; those that fit or can be made are not."""
    add(base, name="Ada", owner=JO, sms="+447900000012")
    mapping = {"attributes.tier": "TIER", "attributes.order": "ORDER_ID", "attributes.topic": "TOPIC"}
    Path("bridge.yaml").write_text(json.dumps({"field_mapping": {**mapping, "last_csat_score": "LAST_CSAT"}}))
    with BrevoStandIn() as brevo:
        brevo.account.add_attributes(
            [Attribute("TIER", type="float"), Attribute("ORDER_ID", category="transactional"), Attribute("TOPIC")]
        )
        monkeypatch.setenv("BREVO_API_KEY", brevo.api_key)
        monkeypatch.setenv("BREVO_ENDPOINT_URL", brevo.url)
        done = run("config", "check", "bridge.yaml", "--live", "--json")

    problems = {each["place"]: each["message"] for each in json.loads(done.stdout)["problems"]}
    assert problems == {
        "field_mapping: TIER": "Brevo's attribute has the type float",
        "field_mapping: ORDER_ID": "Brevo's attribute is of the category transactional, which contacts cannot have",
    }


def test_a_key_that_brevo_refuses(run: Run, base: AirtableStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong key is one sentence with a remedy."""
    add(base, name="Ada", owner=JO)
    with BrevoStandIn() as brevo:
        monkeypatch.setenv("BREVO_API_KEY", "xkeysib-wrong")
        monkeypatch.setenv("BREVO_ENDPOINT_URL", brevo.url)
        done = run("config", "check", "bridge.yaml", "--live")

    assert "Brevo refuses" in done.stderr
    assert done.exit_code == 1
