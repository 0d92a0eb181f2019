"""Create, update and delete: what is written, and what guards it."""

from typing import Any

import pytest

from tests.fakes.memory_resources import ACCOUNT_SID, MemoryResources
from tests.unit.entities.oracle import LISTS, MESSAGES
from twilio_bridge.adapters.entities.sqlite import SqliteEngine
from twilio_bridge.entities.calls import EntityCall
from twilio_bridge.entities.errors import (
    MissingValueError,
    TwilioRefusedError,
    UnknownEntityError,
    UnknownParameterError,
    UnsupportedOperationError,
)
from twilio_bridge.entities.operations import Operations
from twilio_bridge.entities.registry import load_registry
from twilio_bridge.entities.tokens import PageTokens
from twilio_bridge.entities.writes import Outcome, PartlyDoneError
from twilio_bridge.errors import BadRequestError, ForbiddenError, NotFoundError

REGISTRY = load_registry()
ENGINE = SqliteEngine(REGISTRY)
SID = f"SM{7:032x}"


@pytest.fixture
def twilio() -> MemoryResources:
    return MemoryResources(LISTS, answers={"Messages": {"sid": SID, "body": ""}})


def perform(twilio: MemoryResources, operation: str, entity: str = "Messages", **asked: Any) -> Outcome:
    operations = Operations(REGISTRY, twilio, ENGINE, PageTokens("secret"))
    return operations.perform(EntityCall(entity, operation, **asked))


def test_create(twilio: MemoryResources) -> None:
    """A row is created under Twilio's names, and its key is the answer."""
    outcome = perform(twilio, "create", payload={"To": "+1", "Sender": "+2", "Body": "Hello"})
    assert [("create", "Messages", {}, {"To": "+1", "From": "+2", "Body": "Hello"})] == twilio.writes
    assert ({"Sid": SID}, 1, 1) == (outcome.payload, outcome.meta["affected"], outcome.meta["requests"])


def test_create_for_an_account(twilio: MemoryResources) -> None:
    """The account may be named beside the payload or in it."""
    account = "AC" + "5" * 32
    perform(twilio, "create", payload={"To": "+1", "Body": "x"}, account=account)
    perform(twilio, "create", payload={"To": "+1", "Body": "x", "AccountSid": account})
    assert [{"AccountSid": account}] * 2 == [write[2] for write in twilio.writes]


def test_a_child_names_its_parents(twilio: MemoryResources) -> None:
    """Parents stand in the payload, or before the key in entityId."""
    perform(twilio, "create", "Participants", payload={"ConferenceSid": "CF1", "From": "+1", "To": "+2"})
    perform(twilio, "update", "Participants", entity_id="CF1/CA1", payload={"Muted": True})
    perform(twilio, "update", "Participants", entity_id="CA1", payload={"ConferenceSid": "CF1", "Muted": True})
    perform(twilio, "delete", "Participants", entity_id="CF1/CA1")
    assert [
        ("create", "Participants", {"ConferenceSid": "CF1"}, {"From": "+1", "To": "+2"}),
        ("update", "Participants", {"ConferenceSid": "CF1"}, "CA1", {"Muted": True}),
        ("update", "Participants", {"ConferenceSid": "CF1"}, "CA1", {"Muted": True}),
        ("delete", "Participants", {"ConferenceSid": "CF1"}, "CA1"),
    ] == twilio.writes
    with pytest.raises(MissingValueError, match="name ConferenceSid; entityId may be ConferenceSid/CallSid"):
        perform(twilio, "update", "Participants", entity_id="CA1", payload={"Muted": True})
    with pytest.raises(BadRequestError, match="entityId of Participants is ConferenceSid/CallSid"):
        perform(twilio, "delete", "Participants", entity_id="a/b/c")


def test_names_that_are_not_taken(twilio: MemoryResources) -> None:
    """What the operation does not take is refused before anything is asked, with the nearest names."""
    with pytest.raises(UnknownParameterError, match="create Messages takes no 'Bdy'; did you mean Body"):
        perform(twilio, "create", payload={"To": "+1", "Bdy": "x"})
    with pytest.raises(UnknownParameterError, match="takes no 'Price'"):
        perform(twilio, "update", entity_id=SID, payload={"Price": 0})
    with pytest.raises(MissingValueError, match="create Messages: name To"):
        perform(twilio, "create", payload={"Body": "x"})
    with pytest.raises(MissingValueError, match="connectorInputPayload is empty; it takes Body, Status"):
        perform(twilio, "update", entity_id=SID)
    assert [] == twilio.log


def test_buying_is_meant(twilio: MemoryResources) -> None:
    """A number is bought only where the caller says so."""
    with pytest.raises(BadRequestError, match=r"buys a phone number.*say allowPurchase: true"):
        perform(twilio, "create", "InboundPhoneNumbers", payload={"PhoneNumber": "+1"})
    assert [] == twilio.writes
    perform(twilio, "create", "InboundPhoneNumbers", payload={"PhoneNumber": "+1"}, flags=frozenset({"allowPurchase"}))
    assert [("create", "IncomingPhoneNumbers", {}, {"PhoneNumber": "+1"})] == twilio.writes


@pytest.mark.parametrize("entity", ["Keys", "SigningKeys", "Tokens"])
def test_secrets_are_not_made(twilio: MemoryResources, entity: str) -> None:
    """What would answer with a secret is refused: it would be lost, or leave."""
    with pytest.raises(ForbiddenError):
        perform(twilio, "create", entity, payload={})
    assert [] == twilio.log


@pytest.mark.parametrize("given", [{"entity_id": SID}, {"filter_clause": SID}, {"filter_clause": f" {SID} "}])
def test_one_row_is_one_request(twilio: MemoryResources, given: dict[str, Any]) -> None:
    """By its id or a bare SID a row is changed at once; a redacted message answers with nothing."""
    outcome = perform(twilio, "update", payload={"Body": ""}, **given)
    assert [("update", "Messages", {}, SID, {"Body": ""})] == twilio.writes
    assert ({}, 1, 1) == (outcome.payload, outcome.meta["affected"], outcome.meta["requests"])
    assert "removes the text for good" in outcome.meta["caution"]


def test_by_filter(twilio: MemoryResources) -> None:
    """Rows that a filter finds are changed, as many as maxAffected allows."""
    outcome = perform(twilio, "delete", filter_clause="To = '+15550000001'", max_affected=2)
    assert [f"SM{1:032x}", f"SM{60:032x}"] == [write[3] for write in twilio.writes]
    assert ([{}, {}], 2, 3) == (outcome.payload, outcome.meta["affected"], outcome.meta["requests"])
    assert {"AccountSid": ACCOUNT_SID} == twilio.writes[0][2]


def test_many_rows(twilio: MemoryResources) -> None:
    """The budget of requests is for finding the rows; how many are written maxAffected says."""
    outcome = perform(twilio, "delete", filter_clause="Status != 'x'", max_affected=100, max_requests=1)
    assert (len(MESSAGES), len(MESSAGES) + 1) == (outcome.meta["affected"], outcome.meta["requests"])


def test_more_rows_than_said(twilio: MemoryResources) -> None:
    """A filter that finds more than maxAffected changes nothing."""
    with pytest.raises(BadRequestError, match="finds more rows of Messages than maxAffected, which is 1"):
        perform(twilio, "delete", filter_clause="To = '+15550000001'")
    with pytest.raises(BadRequestError, match="which is 10"):
        perform(twilio, "update", filter_clause="Status != 'x'", max_affected=10, payload={"Body": ""})
    assert [] == twilio.writes


def test_a_filter_that_finds_nothing(twilio: MemoryResources) -> None:
    """No row is no error: nothing is affected."""
    outcome = perform(twilio, "delete", filter_clause="To = '+1'")
    assert ({}, 0) == (outcome.payload, outcome.meta["affected"])


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_neither_id_nor_filter(twilio: MemoryResources, operation: str) -> None:
    """Nobody changes all rows by saying nothing."""
    for clause in ("", "  "):
        with pytest.raises(MissingValueError, match="give entityId or filterClause"):
            perform(twilio, operation, filter_clause=clause, payload={"Body": ""})
    assert [] == twilio.log


def test_dry_runs(twilio: MemoryResources) -> None:
    """A dry run says what would be done and does nothing; a create asks nobody."""
    created = perform(twilio, "create", payload={"To": "+1", "Sender": "+2"}, dry_run=True)
    deleted = perform(twilio, "delete", filter_clause="To = '+15550000001'", max_affected=5, dry_run=True)
    updated = perform(twilio, "update", entity_id=SID, payload={"Body": ""}, dry_run=True)
    bought = perform(twilio, "create", "IncomingPhoneNumbers", payload={"PhoneNumber": "+1"}, dry_run=True)
    assert {"To": "+1", "From": "+2"} == created.payload
    assert [f"SM{1:032x}", f"SM{60:032x}"] == [row["Sid"] for row in deleted.payload]
    assert {"Sid": SID} == updated.payload
    assert all(each.meta["dryRun"] and not each.meta["affected"] for each in (created, deleted, updated, bought))
    assert (2, 1) == (deleted.meta["wouldAffect"], updated.meta["wouldAffect"])
    assert ([], 1) == (twilio.writes, len(twilio.log))


def test_a_write_that_breaks_in_the_middle(twilio: MemoryResources) -> None:
    """What was written before an error is named."""

    class Refusing(MemoryResources):
        def delete(self, entity: Any, parents: Any, key: str) -> None:
            if len(self.writes) == 1:
                raise TwilioRefusedError(400, 20001, "no", "https://www.twilio.com/docs/errors/20001")
            super().delete(entity, parents, key)

    with pytest.raises(PartlyDoneError, match="1 of the rows are written, then: twilio: status 400") as caught:
        perform(Refusing(LISTS), "delete", filter_clause="To = '+15550000001'", max_affected=5)
    assert [f"SM{1:032x}"] == [row["Sid"] for row in caught.value.done]
    del twilio


def test_get(twilio: MemoryResources) -> None:
    """A row is one request, its values as in a list; what is not there is not found."""
    outcome = perform(twilio, "get", entity_id=SID, fields=("Sid", "Sender", "DateCreated"))
    assert {"Sid": SID, "Sender": "+16660000000", "DateCreated": "2026-11-01T04:19:00Z"} == outcome.payload
    with pytest.raises(NotFoundError):
        perform(twilio, "get", entity_id="SM" + "f" * 32)
    with pytest.raises(MissingValueError, match="get Messages: name Sid as entityId"):
        perform(twilio, "get")


def test_query(twilio: MemoryResources) -> None:
    """A query answers its first rows, with names that are told apart, and says whether they are all."""
    statement = "SELECT a.Sid, b.Sid, 1 AS One FROM Messages a JOIN Messages b ON b.Sid = a.Sid WHERE a.Recipient = ?"
    outcome = perform(twilio, "query", "", statement=statement, parameters=("+15550000001",))
    assert {"Sid": f"SM{1:032x}", "Sid_2": f"SM{1:032x}", "One": 1} == outcome.payload[0]
    assert outcome.meta["complete"]
    some = perform(twilio, "query", "", statement="SELECT Sid FROM Messages", max_rows=3)
    assert (3, False) == (len(some.payload), some.meta["complete"])
    with pytest.raises(MissingValueError, match="give a statement"):
        perform(twilio, "query", "")


def test_what_is_not_there(twilio: MemoryResources) -> None:
    """Unknown entities name the nearest; operations that Twilio lacks say which it has."""
    with pytest.raises(UnknownEntityError, match="did you mean Recordings"):
        perform(twilio, "list", "Recording")
    with pytest.raises(UnsupportedOperationError, match="Twilio cannot update Balance, only get"):
        perform(twilio, "update", "Balance", payload={"Balance": 5})


def test_describe(twilio: MemoryResources) -> None:
    """A description names columns, what is pushed down, operations and examples, and no secret."""
    messages = perform(twilio, "describe").payload
    columns = {column["name"]: column for column in messages["columns"]}
    assert ["=", "IN", "<", "<=", ">", ">="] == columns["DateSent"]["pushedDown"]
    assert ("datetime", [], ["=", "IN"]) == (
        columns["DateSent"]["type"],
        columns["Status"]["pushedDown"],
        columns["Sid"]["pushedDown"],
    )
    assert {"Recipient": "To", "Sender": "From"} == messages["columnAliases"]
    assert any("entities list Messages" in example for example in messages["examples"])
    accounts = perform(twilio, "describe", "Accounts").payload
    assert "AuthToken" not in {column["name"] for column in accounts["columns"]}
    assert [] == twilio.log


@pytest.mark.parametrize("name", REGISTRY.names)
def test_every_entity_has_a_description(twilio: MemoryResources, name: str) -> None:
    """Each entity can be described, and its examples name it."""
    found = perform(twilio, "describe", name).payload
    assert name == found["entity"]
    assert all(name in example for example in found["examples"])


def test_lists_hold_rows(twilio: MemoryResources) -> None:
    """The operation list answers rows, a token and the meta."""
    body = perform(twilio, "list", page_size=3).body
    assert [row["sid"] for row in MESSAGES[:3]] == [row["Sid"] for row in body["connectorOutputPayload"]]
    assert body["listEntitiesNextPageToken"]
    assert 1 == body["meta"]["requests"]


@pytest.mark.parametrize(
    ("operation", "entity", "asked", "message"),
    [
        ("delete", "Messages", {"entity_id": SID, "filter_clause": "Status = 'none'"}, "not both"),
        ("update", "InsightsSettings", {"filter_clause": "AdvancedFeatures = true"}, "needs neither"),
        ("update", "InsightsSettings", {"entity_id": "any"}, "needs neither"),
        ("get", "InsightsSettings", {"entity_id": "any"}, "needs neither"),
        ("get", "Messages", {"filter_clause": f"Sid = '{SID}'"}, "one SID"),
        ("update", "Messages", {"entity_id": SID, "payload": {"Body": "", "Sid": f"SM{8:032x}"}}, "named twice"),
        ("update", "Messages", {"entity_id": SID, "account": "AC1", "payload": {"AccountSid": "AC2"}}, "named twice"),
        (
            "update",
            "Participants",
            {"entity_id": "CF1/CA1", "payload": {"ConferenceSid": "CF2", "Muted": True}},
            "named twice",
        ),
        ("update", "Messages", {"entity_id": SID, "payload": {"Body": "a", "body": "b"}}, "given twice"),
        ("create", "Messages", {"payload": {"To": "+1", "From": "+2", "Sender": "+3"}}, "given twice"),
        ("update", "Messages", {"entity_id": SID, "payload": {"Body": None}}, "is empty"),
        ("create", "Messages", {"payload": {"To": "+1", "Body": "\udcff"}}, "Body holds half a character"),
        (
            "create",
            "Messages",
            {"payload": {"To": "+1", "MediaUrl": ["https://a.example/\udcff"]}},
            "MediaUrl holds half",
        ),
        ("update", "Accounts", {"entity_id": "AC2", "account": "AC1", "payload": {"Status": "closed"}}, "no account"),
    ],
)
def test_nothing_that_names_a_row_is_passed_over(
    twilio: MemoryResources, operation: str, entity: str, asked: dict[str, Any], message: str
) -> None:
    """What would be left out, or contradicts something else, is refused before anything is asked of Twilio."""
    with pytest.raises(BadRequestError, match=message):
        perform(twilio, operation, entity, **{"payload": {"AdvancedFeatures": True}, **asked})
    assert ([], []) == (twilio.log, twilio.writes)


def test_a_filter_finds_rows_of_the_account_that_the_payload_names(twilio: MemoryResources) -> None:
    """A filter with another account beside it writes nothing in the own one."""
    payload = {"Body": "", "AccountSid": "AC" + "5" * 32}
    outcome = perform(twilio, "update", filter_clause=f"Sid = '{SID}'", payload=payload)
    assert outcome.meta["affected"] == 0
    assert [] == twilio.writes
