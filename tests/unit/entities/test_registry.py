"""The registry is what the generator makes of Twilio's description, and has of each entity what Twilio has."""

import json
import re
from pathlib import Path

import pytest
import yaml

from tools.registry.__main__ import CHOICES, make_registry
from tools.registry.description import Document, compact, read_documents, write_compact
from tools.registry.entities import make_entities
from twilio_bridge.entities.errors import UnknownColumnError, UnknownEntityError
from twilio_bridge.entities.registry import FILE, Entity, load_registry
from twilio_bridge_local.vendors.twilio.openapi.routes import DESCRIPTION

REGISTRY = load_registry()
ENTITIES = list(REGISTRY.entities)
MAX_FILE_BYTES = 260_000


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return read_documents(DESCRIPTION)


def test_what_is_checked_in_is_what_the_generator_makes() -> None:
    """`make registry` mends it."""
    assert make_registry() == FILE.read_text(encoding="utf-8")


def test_it_is_small() -> None:
    assert FILE.stat().st_size <= MAX_FILE_BYTES


def test_every_operation_that_answers_json_belongs_to_one_entity(documents: list[Document]) -> None:
    described = {
        (document.product, method.upper(), path)
        for document in documents
        for path, method, operation in document.operations()
        if method == "delete" or document.answer(operation)
    }
    kept = [
        (entity.product, operation.method, operation.path)
        for entity in ENTITIES
        if not entity.computed and entity.name != "Feedback"
        for operation in entity.operations.values()
    ]
    assert sorted(kept) == sorted(described)


def test_every_paged_collection_can_be_listed(documents: list[Document]) -> None:
    paged = {
        (document.product, path)
        for document in documents
        for path, method, operation in document.operations()
        if method == "get" and {"meta", "next_page_uri"} & document.answer(operation).get("properties", {}).keys()
    }
    assert len(paged) == 134
    listed = [entity for entity in ENTITIES if entity.is_listable]
    assert paged <= {(entity.product, entity.operations["list"].path) for entity in listed}


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_an_entity_is_whole(entity: Entity) -> None:
    """Its path parameters are columns, its columns have one name each, its filters compare columns or are hidden."""
    names = [column.name for column in entity.columns]
    places = {parent.param: parent.column for parent in entity.parents} | {entity.key_param: entity.key}
    hidden = {each.column for each in entity.filters if each.hidden}
    assert len({name.lower() for name in names}) == len(names)
    assert not {name.lower() for name in names} & {name.lower() for name in hidden}
    assert {each.column for each in entity.filters if not each.hidden} <= set(names)
    assert {*entity.key_columns} <= set(names)
    for operation in entity.operations.values():
        assert {places[param] for param in re.findall(r"\{(\w+)\}", operation.path)} <= set(names)


def test_the_size_of_it() -> None:
    """Columns and filters as they were counted by hand in Twilio's files."""
    listed = [entity for entity in ENTITIES if entity.is_listable]
    assert max(len(entity.columns) for entity in ENTITIES) == 53
    assert sum(1 for entity in listed if not entity.required_parents) == 64
    assert {each.operator for entity in listed for each in entity.filters} == {"=", "<", ">"}


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("InboundPhoneNumbers", "IncomingPhoneNumbers"),
        ("OutboundCallerIds", "OutgoingCallerIds"),
        ("OutgoingCallerIds", "OutgoingCallerIds"),
        ("messages", "Messages"),
        ("Services", "MessagingServices"),
        ("Triggers", "UsageTriggers"),
    ],
)
def test_an_entity_has_aliases(alias: str, name: str) -> None:
    assert REGISTRY.entity(alias).name == name


@pytest.mark.parametrize(
    ("entity", "alias", "column"),
    [
        ("Messages", "Sender", "From"),
        ("Messages", "recipient", "To"),
        ("OutgoingCallerIds", "Name", "FriendlyName"),
        ("CallAnnotation", "QualityScore", "CallScore"),
        ("Feedback", "CallScore", "QualityScore"),
        ("Feedback", "CallSid", "Sid"),
    ],
)
def test_a_column_has_aliases(entity: str, alias: str, column: str) -> None:
    assert REGISTRY.entity(entity).column(alias).name == column


def test_a_name_of_its_own_goes_before_an_alias() -> None:
    """Events of Voice Insights have a column Name."""
    assert REGISTRY.entity("InsightsCallEvents").column("Name").name == "Name"


def test_an_unknown_entity_names_the_nearest() -> None:
    with pytest.raises(UnknownEntityError, match=r"no entity 'Mesages'; did you mean Messages") as raised:
        REGISTRY.entity("Mesages")
    assert raised.value.nearest[0] == "Messages"


def test_an_unknown_column_names_the_nearest() -> None:
    with pytest.raises(UnknownColumnError, match=r"Messages has no column 'Boddy'; did you mean Body\?"):
        REGISTRY.entity("Messages").column("Boddy")


def test_numbers_that_twilio_writes_as_text_are_numbers() -> None:
    messages, calls = REGISTRY.entity("Messages"), REGISTRY.entity("Calls")
    assert {name: messages.column(name).type for name in ("Price", "NumSegments", "DateSent", "Sid")} == {
        "Price": "number",
        "NumSegments": "integer",
        "DateSent": "datetime",
        "Sid": "text",
    }
    assert calls.column("Duration").type == "integer"


def test_secrets_are_known(documents: list[Document]) -> None:
    """Whatever looks like a secret in an answer of Twilio's is one here."""
    suspicious = re.compile(r"auth_token|secret|password|private_key|api_key$|write_key|ice_servers|credentials$")
    answered = {
        name
        for document in documents
        for schema in document.content["components"]["schemas"].values()
        for name in schema.get("properties", {})
    }
    lists_of_resources = {"credentials"}
    assert {name for name in answered if suspicious.search(name)} - lists_of_resources <= REGISTRY.secrets
    assert REGISTRY.entity("Accounts").column("AuthToken").secret


def test_what_shows_a_secret_once_is_marked() -> None:
    marked = {entity.name for entity in ENTITIES for each in entity.operations.values() if each.reveals_secret}
    assert marked == {"Keys", "SigningKeys", "Tokens", "InsightsSession"}


def test_buying_needs_a_flag() -> None:
    guarded = {entity.name for entity in ENTITIES for each in entity.operations.values() if each.guard}
    assert guarded == {
        name for name in REGISTRY.names if re.fullmatch("IncomingPhoneNumbers(Local|Mobile|TollFree)?", name)
    }


def test_a_new_filter_is_not_pushed_down_until_somebody_looked_at_it() -> None:
    """What Twilio adds becomes a hidden column, or a parameter beside the column of its name."""
    choices = {**yaml.safe_load(CHOICES.read_text(encoding="utf-8")), "replacements": {}}
    content = json.loads((DESCRIPTION / "twilio_api_v2010.json").read_text())
    listing = content["paths"]["/2010-04-01/Accounts/{AccountSid}/Messages.json"]["get"]
    listing["parameters"].append({"name": "Body", "in": "query", "schema": {"type": "string"}})
    made = make_entities([Document("api", content)], choices)
    assert {"param": "Body", "column": "BodyParameter", "hidden": True} in made["Messages"]["filters"]


def test_a_description_is_made_small_without_losing_what_counts(tmp_path: Path) -> None:
    schema = {"type": "string", "description": "long", "enum": ["a"], "example": "a"}
    named = {"properties": {"description": schema, "title": schema}, "title": "x"}
    content = {
        "servers": [{"url": "https://api.twilio.com"}],
        "paths": {"/x": {"description": "A [thing](https://x). More.", "get": {"summary": "s", "responses": {}}}},
        "components": {"schemas": {"thing": named}, "securitySchemes": {}},
    }
    small = compact(content)
    kept = {"type": "string", "enum": ["a"]}
    assert small["components"] == {"schemas": {"thing": {"properties": {"description": kept, "title": kept}}}}
    assert small["paths"]["/x"] == {"description": "A thing.", "get": {"responses": {}}}
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text(json.dumps(content))
    write_compact(tmp_path / "in", tmp_path / "out")
    assert json.loads((tmp_path / "out" / "a.json").read_text()) == small
