"""A table's transactions and its index keep to AWS's limits and fail in one way only."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.tables import SYNC_STATE, Aws, Time
from twilio_bridge.adapters.aws.dynamodb import MAX_WRITES_PER_TRANSACTION, Table, a_put, an_update
from twilio_bridge.errors import UnavailableError

ABSENT = "attribute_not_exists(pk)"


@pytest.fixture
def table(aws: Aws) -> Table:
    return aws.table(SYNC_STATE)


def test_all_or_none(table: Table) -> None:
    """Where one condition does not hold nothing is written."""
    assert table.transact([a_put({"pk": "p", "sk": "s", "n": 1}, when=ABSENT), a_put({"pk": "q", "sk": "s"})])
    writes = [
        a_put({"pk": "r", "sk": "s"}),
        an_update(("q", "s"), "SET n = :n", {":n": 7}),
        a_put({"pk": "p", "sk": "s", "n": 2}, when=ABSENT),
    ]
    assert not table.transact(writes)
    assert {"pk": "p", "sk": "s", "n": 1, "v": 1} == table.get("p", "s")
    assert ({"pk": "q", "sk": "s", "v": 1}, None) == (table.get("q", "s"), table.get("r", "s"))


def test_changes_in_a_transaction(table: Table) -> None:
    """With conditions, their values, and names that no expression takes as they are."""
    table.put({"pk": "p", "sk": "s", "n": 1})
    change = an_update(("p", "s"), "SET #0 = :x", {":x": "y", ":n": 1}, when="n = :n", names={"#0": "e#:é"})
    assert table.transact([change, a_put({"pk": "q", "sk": "s"}, when="n = :n OR " + ABSENT, values={":n": 1})])
    assert {"pk": "p", "sk": "s", "n": 1, "e#:é": "y", "v": 1} == table.get("p", "s")


def test_more_writes_than_aws_takes(aws: Aws, table: Table) -> None:
    """A hundred are fine, one more is not even sent."""
    writes = [a_put({"pk": f"{number}", "sk": "s"}) for number in range(MAX_WRITES_PER_TRANSACTION + 1)]
    assert table.transact(writes[1:])
    sent = len(aws.calls)
    with pytest.raises(UnavailableError):
        table.transact(writes)
    assert [] == aws.calls[sent:]


def test_an_expression_longer_than_aws_takes(table: Table) -> None:
    """It is refused wherever it is used."""
    change = "SET " + ",".join(f"a{number} = :x" for number in range(1_000))
    with pytest.raises(UnavailableError):
        table.update("p", "s", change, {":x": 1})
    with pytest.raises(UnavailableError):
        an_update(("p", "s"), change, {":x": 1})


def test_too_large_or_too_long_in_a_transaction() -> None:
    """It is refused as everywhere."""
    with pytest.raises(UnavailableError):
        a_put({"pk": "p", "sk": "s", "data": "x" * 410_000})
    with pytest.raises(UnavailableError):
        an_update(("p" * 2_049, "s"), "SET a = :a", {":a": 1})


@pytest.mark.parametrize(
    ("codes", "is_answer"),
    [
        (["None", "ConditionalCheckFailed"], True),
        (["TransactionConflict", "None"], True),
        (["ThrottlingError", "None"], False),
        (["ValidationError"], False),
        ([], False),
    ],
)
def test_why_a_transaction_was_cancelled(codes: list[str], is_answer: bool) -> None:
    """Somebody who was quicker, or is writing just now, is an answer; all else is an outage."""

    class Cancelling:
        def transact_write_items(self, **_request: object) -> Any:
            answer: Any = {
                "Error": {"Code": "TransactionCanceledException", "Message": "rec123"},
                "CancellationReasons": [{"Code": code} for code in codes],
            }
            raise ClientError(answer, "TransactWriteItems")

    client: Any = Cancelling()
    table = Table(client, SYNC_STATE)
    if is_answer:
        assert not table.transact([a_put({"pk": "p", "sk": "s"})])
        return
    with pytest.raises(UnavailableError) as raised:
        table.transact([a_put({"pk": "p", "sk": "s"})])
    assert "dynamodb: TransactionCanceledException" == str(raised.value)


def test_an_index_is_read_in_order_up_to_a_key(table: Table, clock: Time) -> None:
    """Only what stands in it, below the key, and has not expired."""
    clock.stop()
    for number in range(5):
        item = {"pk": "p", "sk": f"{number}", "gsi1pk": "due", "gsi1sk": f"{5 - number}"}
        table.put(item | ({"expires_at": int(clock.now()) - 1} if number == 3 else {}))
    table.put({"pk": "p", "sk": "x"})
    table.put({"pk": "p", "sk": "y", "gsi1pk": "other", "gsi1sk": "1"})
    assert ["4", "2", "1"] == [item["sk"] for item in table.query_index("gsi1", "due", "5")]
    assert [] == list(table.query_index("gsi1", "due", "1"))


def test_an_index_of_many_pages(aws: Aws, table: Table) -> None:
    """A query goes on where AWS cut it."""
    for number in range(8):
        table.put({"pk": "p", "sk": f"{number}", "gsi1pk": "due", "gsi1sk": f"{number}", "data": "x" * 300_000})
    found: list[Any] = []
    assert len(aws.count(lambda: found.extend(table.query_index("gsi1", "due", "9")))) > 1
    assert [f"{number}" for number in range(8)] == [item["sk"] for item in found]
