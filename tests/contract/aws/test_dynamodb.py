"""A table refuses what AWS refuses, repeats what AWS left undone, and fails in one way only."""

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from tests.contract.tables import CONTACT_CACHE, Aws, Time
from twilio_bridge.adapters.aws.dynamodb import MAX_ITEM_BYTES, Table, a_put, item_size, marshal, unmarshal
from twilio_bridge.errors import UnavailableError

ENDPOINT = "https://dynamodb.example.com"


@pytest.fixture
def table(aws: Aws) -> Table:
    return aws.table(CONTACT_CACHE)


def items(count: int) -> list[dict[str, Any]]:
    return [{"pk": "p", "sk": f"{number:05}", "number": number} for number in range(count)]


def keys(count: int) -> list[tuple[str, str]]:
    return [("p", f"{number:05}") for number in range(count)]


def test_values_come_back_as_they_were(table: Table) -> None:
    """Text, whole numbers, bytes, truth values and sets of text keep their kind."""
    item = {"pk": "p", "sk": "s", "text": "é\x00", "none": "", "n": -7, "data": b"\x00\xff", "yes": True, "no": False}
    item["told"] = {"a", "b"}
    table.put(item)
    assert item | {"v": 1} == table.get("p", "s")
    assert [item | {"v": 1}] == list(table.query("p"))
    assert {("p", "s"): item | {"v": 1}} == table.get_many([("p", "s"), ("p", "t")])


@pytest.mark.parametrize(("pk", "sk"), [("p" * 2_049, "s"), ("é" * 1_025, "s"), ("p", "s" * 1_025), ("p", "é" * 513)])
def test_keys_longer_than_aws_takes(table: Table, pk: str, sk: str) -> None:
    """They are refused wherever they are used, in bytes."""
    uses: list[Callable[[], object]] = [
        lambda: table.get(pk, sk),
        lambda: table.get_many([(pk, sk)]),
        lambda: table.put({"pk": pk, "sk": sk}),
        lambda: table.put_many([{"pk": pk, "sk": sk}]),
        lambda: table.update(pk, sk, "SET a = :a", {":a": 1}),
    ]
    for use in uses:
        with pytest.raises(UnavailableError):
            use()


def test_a_long_partition_key_is_not_asked_for(table: Table) -> None:
    """A query is refused as well."""
    with pytest.raises(UnavailableError):
        list(table.query("p" * 2_049))


def test_keys_as_long_as_aws_takes(table: Table) -> None:
    """The limits themselves are within."""
    table.put({"pk": "p" * 2_048, "sk": "s" * 1_024})
    assert table.get("p" * 2_048, "s" * 1_024)


def test_empty_keys_are_refused(table: Table) -> None:
    """AWS takes no empty key."""
    with pytest.raises(UnavailableError):
        table.put({"pk": "", "sk": "s"})


@pytest.mark.parametrize("write", ["put", "put_many"])
def test_an_item_larger_than_aws_takes(aws: Aws, table: Table, write: str) -> None:
    """400 KB, names and our version number included, is the most; what is larger is not even sent."""
    fits = {"pk": "p", "sk": "s", "data": "x" * (MAX_ITEM_BYTES - 6_000)}  # moto's own limit is a little lower
    too_large = {"pk": "p", "sk": "t", "data": "x" * (MAX_ITEM_BYTES - 10)}
    put: Callable[[dict[str, Any]], object] = table.put if write == "put" else lambda item: table.put_many([item])
    put(fits)
    assert table.get("p", "s")
    sent = len(aws.calls)
    with pytest.raises(UnavailableError):
        put(too_large)
    assert [] == aws.calls[sent:]


def test_sizes_are_in_bytes() -> None:
    """Text counts as UTF-8, names count, sets and lists count what is in them."""
    assert 2 + 4 + 2 + 2 == item_size({"pk": "éé", "sk": "ab"})
    assert 1 + 10 == item_size({"d": b"0123456789"})
    assert item_size({"s": {"ab", "cd"}}) >= 1 + 4


def test_expired_items_are_never_given(table: Table, clock: Time) -> None:
    """What DynamoDB has not got round to removing is gone for us."""
    clock.stop()
    table.put({"pk": "p", "sk": "s", "expires_at": int(clock.now()) + 60})
    clock.pass_(59)
    assert table.get("p", "s")
    clock.pass_(1)
    assert table.get("p", "s") is None
    assert {} == table.get_many([("p", "s")])
    assert [] == list(table.query("p"))


@pytest.mark.parametrize(("count", "requests"), [(0, 0), (1, 1), (25, 1), (26, 2), (250, 10)])
def test_writes_go_twenty_five_a_request(aws: Aws, table: Table, count: int, requests: int) -> None:
    """However many items, each is written."""
    assert ["BatchWriteItem"] * requests == aws.count(lambda: table.put_many(items(count)))
    assert items(count) == [{name: item[name] for name in ("pk", "sk", "number")} for item in table.query("p")]


@pytest.mark.parametrize(("count", "requests"), [(0, 0), (1, 1), (100, 1), (101, 2), (250, 3)])
def test_reads_go_a_hundred_a_request(aws: Aws, table: Table, count: int, requests: int) -> None:
    """However many keys, each is asked for."""
    table.put_many(items(250))
    found: list[Iterable[Any]] = []
    assert ["BatchGetItem"] * requests == aws.count(lambda: found.append(table.get_many(keys(count))))
    assert keys(count) == sorted(found[0])


def test_a_partition_of_many_pages(aws: Aws, table: Table) -> None:
    """A query goes on where AWS cut it at 1 MB."""
    table.put_many([{"pk": "p", "sk": f"{number}", "data": b"x" * 300_000} for number in range(8)])
    found: list[Any] = []
    assert len(aws.count(lambda: found.extend(table.query("p")))) > 1
    assert [f"{number}" for number in range(8)] == [item["sk"] for item in found]


class Stingy:
    """A client that leaves undone what DynamoDB may leave undone: all of the first requests, then half of each."""

    def __init__(self, client: Any, refusals: int) -> None:
        self._client = client
        self._left = refusals
        self.sizes: list[int] = []

    def batch_write_item(self, *, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803  AWS's own name
        ((name, wanted),) = RequestItems.items()
        taken, rest = self._part(wanted)
        if taken:
            self._client.batch_write_item(RequestItems={name: taken})
        return {"UnprocessedItems": {name: rest} if rest else {}}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  as above
        ((name, asked),) = RequestItems.items()
        taken, rest = self._part(asked["Keys"])
        answer: dict[str, Any] = {"Responses": {name: []}}
        if taken:
            answer = self._client.batch_get_item(RequestItems={name: asked | {"Keys": taken}})
        return answer | {"UnprocessedKeys": {name: asked | {"Keys": rest}} if rest else {}}

    def _part(self, wanted: list[Any]) -> tuple[list[Any], list[Any]]:
        self.sizes.append(len(wanted))
        if self._left:
            self._left -= 1
            return [], wanted
        cut = (len(wanted) + 1) // 2
        return wanted[:cut], wanted[cut:]


@pytest.mark.parametrize("refusals", [0, 1, 3])
def test_unprocessed_items_are_written_again(aws: Aws, monkeypatch: pytest.MonkeyPatch, refusals: int) -> None:
    """Nothing is lost, and no request holds more than twenty-five, even where AWS took none of them."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    client: Any = Stingy(aws.client, refusals)
    assert 60 == Table(client, CONTACT_CACHE).put_many(items(60))
    assert keys(60) == [(item["pk"], item["sk"]) for item in aws.table(CONTACT_CACHE).query("p")]
    assert max(client.sizes) <= 25


@pytest.mark.parametrize("refusals", [0, 1, 3])
def test_unprocessed_keys_are_read_again(
    aws: Aws, table: Table, monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    """Nothing is missed where AWS answers a part."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    table.put_many(items(150))
    client: Any = Stingy(aws.client, refusals)
    assert keys(150) == sorted(Table(client, CONTACT_CACHE).get_many(keys(150)))
    assert max(client.sizes) <= 100


def test_throttled_reads_pause_longer_and_longer(aws: Aws, table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asking 240 times a second only keeps the table busy: each time the wait is about twice as long."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    table.put_many(items(10))
    client: Any = Stingy(aws.client, 6)
    assert keys(10) == sorted(Table(client, CONTACT_CACHE).get_many(keys(10)))
    assert len(pauses) >= 5
    assert all(later > earlier for earlier, later in itertools.pairwise(pauses))
    assert sum(pauses) > 1


FAILURES = [
    ClientError({"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "rec123"}}, "GetItem"),
    ClientError({"Error": {"Code": "ThrottlingException"}}, "GetItem"),
    ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetItem"),
    ClientError({"Error": {"Code": "AccessDeniedException"}}, "GetItem"),
    EndpointConnectionError(endpoint_url=ENDPOINT),
    ConnectTimeoutError(endpoint_url=ENDPOINT),
    ReadTimeoutError(endpoint_url=ENDPOINT),
]


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: type(failure).__name__)
def test_every_failure_is_one_error(failure: Exception) -> None:
    """Throttled, refused or cut off: the table is unavailable, and the message tells no key."""

    class Broken:
        def __getattr__(self, name: str) -> Callable[..., Any]:
            def fail(**_request: object) -> Any:
                raise failure

            return fail

    client: Any = Broken()
    table = Table(client, CONTACT_CACHE)
    uses: list[Callable[[], object]] = [
        lambda: table.get("p", "s"),
        lambda: table.get_many([("p", "s")]),
        lambda: list(table.query("p")),
        lambda: table.put({"pk": "p", "sk": "s"}),
        lambda: table.put({"pk": "p", "sk": "s"}, when="attribute_exists(pk)"),
        lambda: table.put_many([{"pk": "p", "sk": "s"}]),
        lambda: table.update("p", "s", "SET a = :a", {":a": 1}),
    ]
    for use in uses:
        with pytest.raises(UnavailableError) as raised:
            use()
        assert "rec123" not in str(raised.value)
        assert "dynamodb" == raised.value.system


def test_throttling_as_aws_words_it(aws: Aws) -> None:
    """What botocore makes of a throttled answer is an outage, too."""
    with Stubber(aws.client) as stub:
        stub.add_client_error("put_item", "ThrottlingException", http_status_code=400)
        with pytest.raises(UnavailableError):
            aws.table(CONTACT_CACHE).put({"pk": "p", "sk": "s"})


def test_a_condition_that_does_not_hold_is_an_answer(table: Table) -> None:
    """It is told apart from failures; where it fails nothing is written."""
    assert table.put({"pk": "p", "sk": "s", "n": 1}, when="attribute_not_exists(pk)")
    assert not table.put({"pk": "p", "sk": "s", "n": 2}, when="attribute_not_exists(pk)")
    assert table.update("p", "s", "SET n = :n", {":n": 3}, when="n > :n") is None
    assert {"pk": "p", "sk": "s", "n": 1, "v": 1} == table.get("p", "s")
    assert {"pk": "p", "sk": "s", "n": 2, "v": 1} == table.update("p", "s", "SET n = :n", {":n": 2}, when="n < :n")


def test_marshalled_text_is_dynamodbs() -> None:
    """Plain values become DynamoDB's."""
    assert {"a": {"S": "x"}, "b": {"N": "1"}, "c": {"BOOL": True}} == marshal({"a": "x", "b": 1, "c": True})


def versions(count: int, version: int) -> list[Any]:
    """Puts of as many items, each where no later version stands there."""
    when = "attribute_not_exists(version) OR version < :version"
    return [
        a_put({"pk": f"p{n}", "sk": "s", "version": version}, when=when, values={":version": version})
        for n in range(count)
    ]


@pytest.mark.parametrize(("count", "requests"), [(0, 0), (1, 1), (19, 19), (20, 1), (100, 1), (101, 2), (250, 3)])
def test_many_conditional_puts_go_a_hundred_a_request(aws: Aws, table: Table, count: int, requests: int) -> None:
    """A few go one by one, for a transaction costs twice the units."""
    done: list[list[bool]] = []
    calls = aws.count(lambda: done.append(table.put_each(versions(count, 1))))
    assert ([True] * count, requests) == (done[0], len(calls))


@pytest.mark.parametrize("count", [5, 60, 150])
def test_each_put_has_its_own_condition(table: Table, count: int) -> None:
    """What does not hold for some keeps the others from nothing."""
    assert all(table.put_each(versions(count, 1)))
    later = {number: versions(count, 3 if number % 2 else 1)[number] for number in range(count)}
    assert [bool(number % 2) for number in range(count)] == table.put_each(list(later.values()))
    assert not any(table.put_each(versions(count, 1)))
    for number in range(count):
        item = table.get(f"p{number}", "s")
        assert item
        assert (3 if number % 2 else 1) == item["version"]


def test_an_item_twice_is_two_puts(table: Table) -> None:
    """Of two versions the later stays, in whichever order they come."""
    puts = [*versions(30, 2), *versions(30, 1), *versions(30, 3)]
    assert [True] * 30 + [False] * 30 + [True] * 30 == table.put_each(puts)


def test_others_who_write_at_this_moment_are_no_obstacle(aws: Aws) -> None:
    """A conflict of transactions says nothing about conditions: each is put by itself."""

    class Conflicting:
        def __getattr__(self, name: str) -> Any:
            return getattr(aws.client, name)

        def transact_write_items(self, **_request: Any) -> Any:
            reasons = [{"Code": "TransactionConflict"}, *[{"Code": "None"}] * 29]
            response: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise ClientError(response, "TransactWriteItems")

    client: Any = Conflicting()
    assert [True] * 30 == Table(client, CONTACT_CACHE).put_each(versions(30, 1))
    assert [False] * 30 == Table(client, CONTACT_CACHE).put_each(versions(30, 1))


def test_a_transaction_that_fails_is_unavailable() -> None:
    """Nobody knows then what was written: whoever asked comes again."""

    class Broken:
        def transact_write_items(self, **_request: Any) -> Any:
            raise ClientError({"Error": {"Code": "InternalServerError"}}, "TransactWriteItems")

    client: Any = Broken()
    with pytest.raises(UnavailableError):
        Table(client, "table").put_each(versions(30, 1))


@pytest.mark.parametrize(
    ("stored", "plain"),
    [
        ({"S": ""}, ""),
        ({"S": "12"}, "12"),
        ({"N": "0"}, 0),
        ({"N": "-3"}, -3),
        ({"N": "1732900000000"}, 1_732_900_000_000),
        ({"N": "1E+2"}, 100),
        ({"B": b"x"}, b"x"),
        ({"BOOL": False}, False),
        ({"NULL": True}, None),
        ({"L": [{"S": "a"}]}, ["a"]),
        ({"M": {"name": {"S": "a"}}}, {"name": "a"}),
        ({"SS": ["a", "b"]}, {"a", "b"}),
    ],
)
def test_each_type_becomes_a_plain_value(stored: dict[str, object], plain: object) -> None:
    """The frequent ones by a shorter way than the SDK's."""
    assert {"it": plain} == unmarshal({"it": stored})
