"""The dictionary that stands in for DynamoDB takes, refuses and makes a write as moto does."""

from typing import Any

import pytest

from tests.contract.contact_cache.killing import Client
from tests.contract.tables import CONTACT_CACHE, Aws
from twilio_bridge.adapters.aws.dynamodb import Table, a_put, an_update
from twilio_bridge.adapters.contact_cache import generation, sorted_map
from twilio_bridge.adapters.state import identities, persons

THERE: list[dict[str, Any]] = [
    {},
    {"lease": 2, "loaded": 1, "written_at": 5, "expires_at": 9, "revision": 3},
    {"lease": 3, "loaded": 0},
    {"written_at": 6, "revision": 2, "expires_at": 7},
    {"version": 1, "phase": "pending", "joined_into": "somebody"},
    {"version": 1, "phase": "sent", "tries": 2, "told": {"a"}, "gsi1pk": "due"},
]
CHANGES: list[tuple[str, dict[str, Any], dict[str, str]]] = [
    ("SET #0=if_not_exists(#0,:0),#1 = if_not_exists(#1, :1)", {":0": 7, ":1": {"b"}}, {"#0": "version", "#1": "e#1"}),
    ("SET phase = :to, tries = if_not_exists(tries, :none) + :one", {":to": "sending", ":none": 0, ":one": 1}, {}),
    ("ADD told :told, revision :one REMOVE expires_at, gsi1pk", {":told": {"b", "c"}, ":one": 1}, {}),
    ("SET seen = if_not_exists(told, :nobody) REMOVE told", {":nobody": None}, {}),
]
CONDITIONS: list[tuple[str, dict[str, Any]]] = [
    *((sorted_map.NOT_LATER, {":lease": lease}) for lease in (1, 2, 3)),
    *((sorted_map.NOT_NEWER, {":at": at}) for at in (4, 5, 6)),
    *((sorted_map.AS_READ, {":revision": revision, ":now": 8}) for revision in (0, 2, 3)),
    *((generation.ABSENT, {":now": now}) for now in (8, 9)),
    *((generation.AS_READ, {":lease": lease, ":loaded": loaded}) for lease in (2, 3) for loaded in (0, 1)),
    ("written_at < :a OR (written_at = :a AND lease <> :b)", {":a": 5, ":b": 1}),
    *((persons.IS_LATER, {":version": version, ":now": now}) for version in (1, 2) for now in (8, 9)),
    ("version < :version AND phase IN (:one, :other)", {":version": 2, ":one": "pending", ":other": "withdrawn"}),
    *((identities.FREE, {":now": now}) for now in (8, 9)),
    (identities.AS_READ, {":revision": 3, ":now": 8}),
    ("(written_at > :a OR revision >= :b) AND attribute_not_exists(lease)", {":a": 5, ":b": 2}),
]


@pytest.mark.parametrize("there", THERE, ids=str)
def test_a_condition_holds_where_it_does_at_moto(aws: Aws, there: dict[str, Any]) -> None:
    """The same write is made or refused, and the same item stands there afterwards."""

    def done(table: Table) -> list[Any]:
        answers: list[Any] = []
        for number, (condition, values) in enumerate(CONDITIONS):
            key = {"pk": f"p{number}", "sk": "s"}
            if there:
                table.put(key | there)
            answers += [table.put(key | {"new": 1}, when=condition, values=values), *table.query(key["pk"])]
        return answers

    assert done(aws.table(CONTACT_CACHE)) == done(Client().table)


@pytest.mark.parametrize("there", THERE, ids=str)
def test_a_change_is_what_it_is_at_moto(aws: Aws, there: dict[str, Any]) -> None:
    """The same item stands there after the same changes, and is what the update gives; one may be refused."""

    def done(table: Table) -> list[Any]:
        table.put({"pk": "p", "sk": "s"} | there)
        answers: list[Any] = []
        for change, values, names in CHANGES:
            answers.append(table.update("p", "s", change, values, names=names))
            answers.append(table.update("p", "t", change, values, names=names, when="attribute_not_exists(revision)"))
        return [*answers, *table.query("p")]

    assert done(aws.table(CONTACT_CACHE)) == done(Client().table)


def test_a_transaction_is_whole_as_at_moto(aws: Aws) -> None:
    """All of its writes are made, or none where one condition does not hold."""

    def done(table: Table) -> list[Any]:
        added = an_update(("p", "s"), "ADD revision :one", {":one": 1})
        fresh = [a_put({"pk": "p", "sk": str(number)}, when="attribute_not_exists(pk)") for number in (1, 2)]
        answers = [table.transact(writes) for writes in ([added, fresh[0]], [added, *fresh], [added, fresh[1]])]
        return [*answers, *table.query("p")]

    assert [True, False, True] == done(Client().table)[:3]
    assert done(aws.table(CONTACT_CACHE)) == done(Client().table)
