"""A book is a sorted map: any walk covers each entry once, and a load writes no more than what changed."""

import itertools
import time
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.tables import CONTACT_CACHE, Aws, Time
from tests.sizes import size
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.contact_cache import generation
from twilio_bridge.adapters.contact_cache.chunk_cache import Entry
from twilio_bridge.adapters.contact_cache.sorted_map import SortedMap
from twilio_bridge.errors import UnavailableError

DAY = 86_400
NAMES = itertools.count()

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
books = st.dictionaries(keys, values, max_size=300)
EXAMPLES = settings(
    max_examples=size(8, 20),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Loaded(SortedMap):
    """A book whose loads count as soon as they are written."""

    def __init__(self, table: Table) -> None:
        super().__init__(table, f"book {next(NAMES)}")
        self.table = table
        self.numbers = itertools.count(1)

    def load(self, entries: list[Entry], began_at: float) -> int:
        load = generation.begin_load(self.table, next(self.numbers), began_at)
        assert load
        written = self.replace_all(entries, load)
        assert generation.commit_load(self.table, load, {})
        return written


def book(aws: Aws) -> Loaded:
    aws.client.delete_item(
        TableName=CONTACT_CACHE, Key={"pk": {"S": generation.STATE[0]}, "sk": {"S": generation.STATE[1]}}
    )
    return Loaded(aws.table(CONTACT_CACHE))


def entries(count: int, size: int = 40) -> list[Entry]:
    return [(f"name {number:05}\x00rec{number:014}", f"{number} " + "v" * size) for number in range(count)]


def walk(found: Loaded, size: int) -> list[Entry]:
    walked: list[Entry] = []
    while part := found.read_slice(walked[-1][0] if walked else "", size):
        assert len(part) <= size
        walked += part
    return walked


@pytest.mark.prove
@EXAMPLES
@given(content=books, size=st.integers(1, 400), more=st.dictionaries(keys, st.none() | values, max_size=20))
def test_any_walk_covers_every_entry_once(
    aws: Aws, content: dict[str, str], size: int, more: dict[str, str | None]
) -> None:
    """Slices of any size give what was loaded and what was put since, in order, each entry once."""
    found = book(aws)
    found.load(sorted(content.items()), time.time() - 10)
    taken_out = dict.fromkeys(itertools.islice(content, 5))
    for key, value in {**more, **taken_out}.items():
        found.put_value(key, value, time.time())
    expected = sorted(
        (key, value) for key, value in {**content, **more, **taken_out}.items() if value is not None and key
    )
    assert expected == found.read_all()
    assert expected == walk(found, max(size, len(expected) // 8))
    for key in [*itertools.islice(content, 3), *itertools.islice(more, 3), "no such key"]:
        assert dict(expected).get(key) == found.get_value(key)


@pytest.mark.prove
@EXAMPLES
@given(before=books, after=books)
def test_a_replaced_book_holds_the_new_entries_only(aws: Aws, before: dict[str, str], after: dict[str, str]) -> None:
    """Whatever stood there, it is as the last load says."""
    found = book(aws)
    found.load(sorted(before.items()), 1.0)
    found.load(sorted(after.items()), 2.0)
    assert sorted(after.items()) == found.read_all()


def test_an_empty_book(aws: Aws) -> None:
    """Nothing is in it, before and after a load of nothing."""
    found = book(aws)
    assert ([], [], None) == (found.read_slice("", 10), found.read_all(), found.get_value("key"))
    found.load([], 1.0)
    assert ([], [], None) == (found.read_slice("", 10), found.read_all(), found.get_value("key"))


def test_an_unchanged_load_writes_nothing(aws: Aws) -> None:
    """No item is written where nothing is new."""
    found = book(aws)
    assert 0 < found.load(entries(500), 1.0)
    assert 0 == found.load(entries(500), 2.0)
    assert ["GetItem", "PutItem", "Query", "PutItem"] == aws.count(lambda: found.load(entries(500), 3.0))


@pytest.mark.parametrize("place", [0, 250, 499])
def test_one_changed_entry_rewrites_one_chunk(aws: Aws, place: int) -> None:
    """A changed value costs its chunk, the head, and the one it replaces, which is put aside."""
    found = book(aws)
    content = entries(500)
    found.load(content, 1.0)
    content[place] = (content[place][0], "changed")
    assert 3 == found.load(content, 2.0)
    assert content == found.read_all()


@pytest.mark.parametrize("place", [0, 250, 499])
def test_one_entry_more_or_less_rewrites_few_chunks(aws: Aws, place: int) -> None:
    """What follows an entry that came or went is cut as before, at most three chunks change."""
    found = book(aws)
    content = entries(500)
    found.load(content, 1.0)
    gone = content.pop(place)
    assert found.load(content, 2.0) <= 5
    content.insert(place, gone)
    assert found.load(content, 3.0) <= 5
    assert content == found.read_all()


def test_a_load_ends_what_was_put_before_it(aws: Aws, clock: Time) -> None:
    """Puts older than the load's begin are ignored, though the load changes nothing else."""
    clock.stop()
    found = book(aws)
    content = entries(10)
    found.load(content, time.time() - 10)
    found.put_value("zz", "older", time.time())
    clock.pass_(5)
    began_at = time.time()
    found.put_value("zzz", "newer", time.time())
    found.load(content, began_at)
    assert [*content, ("zzz", "newer")] == found.read_all()
    assert found.get_value("zz") is None
    assert [("zzz", "newer")] == found.list_written_since(began_at)


def test_an_older_load_does_not_change_a_newer_ones_book(aws: Aws) -> None:
    """The head keeps the highest number, and a load that began before another one does not count any more."""
    found = book(aws)
    late = generation.begin_load(found.table, 1, 1.0)
    assert late
    newer = generation.begin_load(found.table, 2, 2.0)
    assert newer
    found.replace_all(entries(5), newer)
    assert generation.commit_load(found.table, newer, {})
    found.replace_all(entries(9), late)
    assert not generation.commit_load(found.table, late, {})
    assert generation.begin_load(found.table, 1, 1.0) is None
    assert entries(5) == found.read_all()


def test_a_load_is_not_seen_until_it_counts(aws: Aws) -> None:
    """Reading a book whose new head does not count yet takes the one that was put aside."""
    found = book(aws)
    found.load(entries(200), 1.0)
    load = generation.begin_load(found.table, next(found.numbers), 2.0)
    assert load
    found.replace_all(entries(300), load)
    assert entries(200) == found.read_all()
    assert generation.commit_load(found.table, load, {})
    assert entries(300) == found.read_all()


def test_a_missing_chunk_is_an_outage(aws: Aws) -> None:
    """A book that lacks a part says so; it does not pretend to be shorter."""
    found = book(aws)
    found.load(entries(500), 1.0)
    items = aws.client.scan(TableName=CONTACT_CACHE)["Items"]
    for item in items:
        if item["pk"]["S"].startswith("chunk#"):
            aws.client.delete_item(TableName=CONTACT_CACHE, Key={"pk": item["pk"], "sk": item["sk"]})
    key = entries(500)[20][0]
    for ask in (found.read_all, lambda: found.read_slice("", 5), lambda: found.get_value(key)):
        with pytest.raises(UnavailableError):
            ask()


def test_a_load_after_an_outage_mends_a_book_without_head(aws: Aws) -> None:
    """Where the head is gone the next load writes it anew, with the same chunks."""
    found = book(aws)
    found.load(entries(300), 1.0)
    item = next(i for i in aws.client.scan(TableName=CONTACT_CACHE)["Items"] if i["sk"]["S"] == "head")
    aws.client.delete_item(TableName=CONTACT_CACHE, Key={"pk": item["pk"], "sk": item["sk"]})
    assert [] == found.read_all()
    found.load(entries(300), 2.0)
    assert entries(300) == found.read_all()


def test_chunks_are_written_again_before_they_expire(aws: Aws, clock: Time) -> None:
    """Every chunk a head names outlives the head, however long nothing changes."""
    clock.stop()
    found = book(aws)
    content = entries(200)
    for _ in range(14):
        found.load(content, time.time())
        chunks = [i for i in aws.client.scan(TableName=CONTACT_CACHE)["Items"] if i["pk"]["S"].startswith("chunk#")]
        assert all(int(chunk["expires_at"]["N"]) > time.time() + generation.LASTS_S for chunk in chunks)
        assert content == found.read_all()
        clock.pass_(0.45 * DAY)


def test_keys_longer_than_a_sort_key(aws: Aws) -> None:
    """Keys beyond DynamoDB's 1,024 bytes are kept apart, loaded or put."""
    found = book(aws)
    long = ["é" * 2_000 + end for end in ("", "a", "b")]
    found.load([(key, "loaded") for key in long], 1.0)
    found.put_value(long[1], "put", time.time())
    found.put_value("x" * 901, "put", time.time())
    assert ["loaded", "put", "loaded", "put", None] == [found.get_value(key) for key in [*long, "x" * 901, "x" * 902]]
    assert ["x" * 901, *long] == [key for key, _ in walk(found, 1)]


@pytest.mark.parametrize("letter", ["v", "é", "田", "😀"])
def test_long_values(aws: Aws, letter: str) -> None:
    """Values of 10,000 characters make more chunks, none of them too large."""
    found = book(aws)
    content = [(f"{number:03}", letter * 10_000) for number in range(60)]
    found.load(content, time.time() - 1)
    found.put_value("zz", letter * 10_000, time.time())
    assert [*content, ("zz", letter * 10_000)] == found.read_all()
    assert content[30:35] == found.read_slice("029", 5)


def test_values_that_cannot_be_compressed(aws: Aws) -> None:
    """Long values without any order still fit DynamoDB's items."""
    random = Random(1)  # noqa: S311  made-up text, no secret
    found = book(aws)
    content = [(f"{n:03}", "".join(chr(random.randrange(0x10000, 0x10FFFF)) for _ in range(10_000))) for n in range(24)]
    found.load(content, 1.0)
    assert content == found.read_all()


@pytest.mark.parametrize("place", [0, 1, 2_500, 4_990])
def test_a_slice_takes_two_requests(aws: Aws, place: int) -> None:
    """One query for head and deltas, one batch for the chunks, in a book of 5,000 entries."""
    found = book(aws)
    content = entries(5_000)
    found.load(content, time.time() - 10)
    for number in range(20):
        found.put_value(content[number * 200 + 7][0], None if number % 2 else "changed", time.time())
    after = content[place][0]
    assert ["Query", "BatchGetItem"] == aws.count(lambda: found.read_slice(after, 30))
    assert min(30, 4_999 - place) <= len(found.read_slice(after, 30)) + 1
    assert ["BatchGetItem"] == aws.count(lambda: found.get_value(after))  # the chunk is remembered
