"""What an unfinished load has read comes back whole or not at all, in memory and in DynamoDB."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.tables import CONTACT_CACHE, Aws, Time, contact
from tests.fakes.base import FakePartialLoads
from twilio_bridge.adapters.aws.dynamodb import MAX_ITEM_BYTES, Item, Table, item_size, unmarshal
from twilio_bridge.adapters.contact_cache.partial_load import HEAD, MAX_PIECE_BYTES, DynamoPartialLoads
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.ports import Bookmark, PartialLoads
from twilio_bridge.errors import UnavailableError

NOW = 1_760_000_000.0
HOUR = 3_600
MARK = Bookmark(
    began_at=NOW - 700.123456, until=NOW + HOUR, made_for="columns", offset="itr1/rec1", newest="2026-01-01T00:00:00Z"
)
HOSTILE = Contact(
    id="rec00000000000001",
    name='O\'Brien "😀" {x}\\ 田中',
    notes="line\nline\r\x00\x1c\x85\u2028\u2029" + "y" * 10_000,
    owner="\n",
    opt_out=True,
    cells={"company": "Ünïcode & Söhne", "": "nameless", "\n": "z"},
)


@pytest.fixture(params=["memory", "dynamodb"])
def stage(request: pytest.FixtureRequest, clock: Time) -> PartialLoads:
    """An empty stage; the clock stands."""
    clock.stop(NOW)
    if request.param == "memory":
        return FakePartialLoads()
    return DynamoPartialLoads(request.getfixturevalue("aws").table(CONTACT_CACHE))


def many(count: int, first: int = 0) -> list[Contact]:
    return [contact(number) for number in range(first, first + count)]


def test_nothing_was_kept(stage: PartialLoads) -> None:
    """There is no unfinished load at first."""
    assert stage.find_load(0) is None


@pytest.mark.parametrize(
    "read", [[HOSTILE], many(100), [], [HOSTILE, *many(3)]], ids=["hostile", "many", "none", "both"]
)
def test_what_was_kept_comes_back(stage: PartialLoads, read: list[Contact]) -> None:
    """Every contact as it was, in order, and the bookmark to the last digit."""
    stage.append_part(read, MARK, 7)
    assert (MARK, read) == stage.find_load(0)
    assert (MARK, read) == stage.find_load(MARK.began_at)


def test_going_on_adds(stage: PartialLoads) -> None:
    """What the next part read stands behind what the former ones did, under the new bookmark."""
    stage.append_part(many(3), MARK, 7)
    further = replace(MARK, offset="itr1/rec2", newest="2026-02-01T00:00:00Z")
    stage.append_part([HOSTILE], further, 8)
    stage.append_part(many(2, first=5), further, 9)
    assert (further, [*many(3), HOSTILE, *many(2, first=5)]) == stage.find_load(0)


def test_the_same_twice_is_there_twice(stage: PartialLoads) -> None:
    """What comes twice in a listing is told apart by whoever reads it."""
    stage.append_part(many(3), MARK, 7)
    stage.append_part(many(3), MARK, 8)
    assert (MARK, many(3) * 2) == stage.find_load(0)


def test_another_load_takes_the_place(stage: PartialLoads) -> None:
    """One that began at another moment has nothing of the former."""
    stage.append_part(many(3), MARK, 7)
    other = replace(MARK, began_at=NOW)
    stage.append_part([HOSTILE], other, 8)
    assert (other, [HOSTILE]) == stage.find_load(0)


@pytest.mark.parametrize("began_at", [MARK.began_at, MARK.began_at + 100, MARK.began_at - 100])
def test_an_older_lease_changes_nothing(stage: PartialLoads, began_at: float) -> None:
    """A part that outlived its lease does not get in the way of whoever has it now."""
    stage.append_part(many(3), MARK, 8)
    stage.append_part([HOSTILE], replace(MARK, began_at=began_at), 7)
    assert (MARK, many(3)) == stage.find_load(0)


def test_it_ends(stage: PartialLoads, clock: Time) -> None:
    """After its time it is as good as gone, and not before."""
    stage.append_part(many(3), MARK, 7)
    clock.pass_(HOUR - 1)
    assert stage.find_load(0)
    clock.pass_(2)
    assert stage.find_load(0) is None


def test_an_overtaken_one_is_not_given(stage: PartialLoads) -> None:
    """Who wants a load that began later gets none."""
    stage.append_part(many(3), MARK, 7)
    assert stage.find_load(MARK.began_at + 0.01) is None


def test_an_overtaken_one_costs_no_more_than_its_head(aws: Aws, clock: Time) -> None:
    """It stays until it expires, and every refresh looks."""
    clock.stop(NOW)
    kept = DynamoPartialLoads(aws.table(CONTACT_CACHE))
    kept.append_part(many(3), MARK, 7)
    assert ["GetItem"] == aws.count(lambda: kept.find_load(NOW))
    assert ["GetItem", "BatchGetItem"] == aws.count(lambda: kept.find_load(0))


def noisy(count: int) -> list[Contact]:
    """Contacts that hardly compress."""
    draw = random.Random(5)  # noqa: S311  made-up notes
    return [contact(number, notes=draw.randbytes(5_000).hex()) for number in range(count)]


def items(aws: Aws) -> list[Item]:
    pages = aws.client.get_paginator("scan").paginate(TableName=CONTACT_CACHE)
    return [unmarshal(item) for page in pages for item in page["Items"]]


def test_items_are_few_and_as_large_as_they_may_be(aws: Aws, clock: Time) -> None:
    """The pieces are full but for the last one, each in a partition of its own; going on rewrites none."""
    clock.stop(NOW)
    kept = DynamoPartialLoads(aws.table(CONTACT_CACHE))
    kept.append_part(noisy(200), MARK, 7)
    sizes = sorted(len(item["data"]) for item in items(aws) if "data" in item)
    assert [MAX_PIECE_BYTES, MAX_PIECE_BYTES] == sizes[1:]
    assert all(item_size(item) <= MAX_ITEM_BYTES for item in items(aws))
    assert len(items(aws)) == len({item["pk"] for item in items(aws)})
    assert ["GetItem", "PutItem", "PutItem"] == aws.count(lambda: kept.append_part([HOSTILE], MARK, 8))
    assert (MARK, [*noisy(200), HOSTILE]) == kept.find_load(0)


def test_a_piece_that_is_missing_spoils_all(aws: Aws, clock: Time) -> None:
    """Contacts that are not in a load would be deleted by it."""
    clock.stop(NOW)
    kept = DynamoPartialLoads(aws.table(CONTACT_CACHE))
    kept.append_part(many(3), MARK, 7)
    kept.append_part(many(3, first=3), MARK, 8)
    piece = next(item for item in items(aws) if "data" in item)
    aws.client.delete_item(TableName=CONTACT_CACHE, Key={name: {"S": piece[name]} for name in ("pk", "sk")})
    assert kept.find_load(0) is None


class Crashing:
    """A client that ends with a crash after so many writes."""

    def __init__(self, client: Any, writes: int) -> None:
        self._client = client
        self._writes = writes

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return getattr(self._client, name)  # type: ignore[no-any-return]  # it is boto3's

    def put_item(self, **request: Any) -> Any:
        if self._writes == 0:
            raise KeyboardInterrupt
        self._writes -= 1
        return self._client.put_item(**request)


@pytest.mark.parametrize("earlier", [[], many(5)], ids=["nothing", "a part"])
@pytest.mark.parametrize("writes", [0, 1, 2, 3])
def test_a_crash_leaves_what_was_kept_before(aws: Aws, clock: Time, earlier: Sequence[Contact], writes: int) -> None:
    """Wherever it comes: only the head, which is last, lets the new part count."""
    clock.stop(NOW)
    kept = DynamoPartialLoads(aws.table(CONTACT_CACHE))
    if earlier:
        kept.append_part(earlier, MARK, 7)
    client: Any = Crashing(aws.client, writes)
    with pytest.raises(KeyboardInterrupt):
        DynamoPartialLoads(Table(client, CONTACT_CACHE)).append_part(noisy(200), MARK, 8)
    assert ((MARK, earlier) if earlier else None) == kept.find_load(0)
    kept.append_part(noisy(200), MARK, 9)
    assert (MARK, [*earlier, *noisy(200)]) == kept.find_load(0)


def test_a_head_that_is_too_large_is_unavailable(aws: Aws) -> None:
    """As with everything that DynamoDB does not take."""
    kept = DynamoPartialLoads(aws.table(CONTACT_CACHE))
    with pytest.raises(UnavailableError):
        kept.append_part([], replace(MARK, offset="x" * MAX_ITEM_BYTES), 7)
    assert aws.table(CONTACT_CACHE).get(*HEAD) is None
