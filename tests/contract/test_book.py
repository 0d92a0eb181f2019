"""A book is a sorted map: any walk covers each entry once, and a load writes no more than what changed."""

import itertools
import time
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.support import CONTACT_CACHE, Aws, Time
from twilio_bridge.adapters.book import KEEP_S, Book
from twilio_bridge.adapters.chunks import Entry
from twilio_bridge.errors import UnavailableError

DAY = 86_400
NAMES = itertools.count()

keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
values = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
books = st.dictionaries(keys, values, max_size=300)
EXAMPLES = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def book(aws: Aws) -> Book:
    return Book(aws.table(CONTACT_CACHE), f"book {next(NAMES)}")


def entries(count: int, size: int = 40) -> list[Entry]:
    return [(f"name {number:05}\x00rec{number:014}", f"{number} " + "v" * size) for number in range(count)]


def walk(found: Book, size: int) -> list[Entry]:
    walked: list[Entry] = []
    while part := found.slice(walked[-1][0] if walked else "", size):
        assert len(part) <= size
        walked += part
    return walked


@EXAMPLES
@given(content=books, size=st.integers(1, 400), more=st.dictionaries(keys, st.none() | values, max_size=20))
def test_any_walk_covers_every_entry_once(
    aws: Aws, content: dict[str, str], size: int, more: dict[str, str | None]
) -> None:
    """Slices of any size give what was loaded and what was put since, in order, each entry once."""
    found = book(aws)
    found.replace(sorted(content.items()), time.time() - 10, 1)
    taken_out = dict.fromkeys(itertools.islice(content, 5))
    for key, value in {**more, **taken_out}.items():
        found.put(key, value)
    expected = sorted(
        (key, value) for key, value in {**content, **more, **taken_out}.items() if value is not None and key
    )
    assert expected == found.entries()
    assert expected == walk(found, max(size, len(expected) // 8))
    for key in [*itertools.islice(content, 3), *itertools.islice(more, 3), "no such key"]:
        assert dict(expected).get(key) == found.get(key)


@EXAMPLES
@given(before=books, after=books)
def test_a_replaced_book_holds_the_new_entries_only(aws: Aws, before: dict[str, str], after: dict[str, str]) -> None:
    """Whatever stood there, it is as the last load says."""
    found = book(aws)
    found.replace(sorted(before.items()), 1.0, 1)
    found.replace(sorted(after.items()), 2.0, 2)
    assert sorted(after.items()) == found.entries()


def test_an_empty_book(aws: Aws) -> None:
    """Nothing is in it, before and after a load of nothing."""
    found = book(aws)
    assert ([], [], None) == (found.slice("", 10), found.entries(), found.get("key"))
    found.replace([], 1.0, 1)
    assert ([], [], None) == (found.slice("", 10), found.entries(), found.get("key"))


def test_an_unchanged_load_writes_nothing(aws: Aws) -> None:
    """No item is written where nothing is new."""
    found = book(aws)
    assert 0 < found.replace(entries(500), 1.0, 1)
    assert 0 == found.replace(entries(500), 2.0, 2)
    assert {"Query"} == set(aws.count(lambda: found.replace(entries(500), 3.0, 3)))


@pytest.mark.parametrize("place", [0, 250, 499])
def test_one_changed_entry_rewrites_one_chunk(aws: Aws, place: int) -> None:
    """A changed value costs its chunk and the head."""
    found = book(aws)
    content = entries(500)
    found.replace(content, 1.0, 1)
    content[place] = (content[place][0], "changed")
    assert 2 == found.replace(content, 2.0, 2)
    assert content == found.entries()


@pytest.mark.parametrize("place", [0, 250, 499])
def test_one_entry_more_or_less_rewrites_few_chunks(aws: Aws, place: int) -> None:
    """What follows an entry that came or went is cut as before, at most three chunks change."""
    found = book(aws)
    content = entries(500)
    found.replace(content, 1.0, 1)
    gone = content.pop(place)
    assert found.replace(content, 2.0, 2) <= 4
    content.insert(place, gone)
    assert found.replace(content, 3.0, 3) <= 4
    assert content == found.entries()


def test_a_load_ends_what_was_put_before_it(aws: Aws, clock: Time) -> None:
    """Puts older than the load's begin are ignored, though the load changes nothing else."""
    clock.stop()
    found = book(aws)
    content = entries(10)
    found.replace(content, time.time() - 10, 1)
    found.put("zz", "older")
    clock.pass_(5)
    began_at = time.time()
    found.put("zzz", "newer")
    found.replace(content, began_at, 2)
    assert [*content, ("zzz", "newer")] == found.entries()
    assert found.get("zz") is None
    assert [("zzz", "newer")] == found.written_since(began_at)


def test_an_older_load_does_not_change_a_newer_ones_book(aws: Aws) -> None:
    """The head keeps the highest number."""
    found = book(aws)
    found.replace(entries(5), 2.0, 2)
    found.replace(entries(9), 1.0, 1)
    assert entries(5) == found.entries()


def test_a_missing_chunk_is_an_outage(aws: Aws) -> None:
    """A book that lacks a part says so; it does not pretend to be shorter."""
    found = book(aws)
    found.replace(entries(500), 1.0, 1)
    items = aws.client.scan(TableName=CONTACT_CACHE)["Items"]
    for item in items:
        if item["pk"]["S"].startswith("chunk#"):
            aws.client.delete_item(TableName=CONTACT_CACHE, Key={"pk": item["pk"], "sk": item["sk"]})
    key = entries(500)[20][0]
    for ask in (found.entries, lambda: found.slice("", 5), lambda: found.get(key)):
        with pytest.raises(UnavailableError):
            ask()


def test_a_load_after_an_outage_mends_a_book_without_head(aws: Aws) -> None:
    """Where the head is gone the next load writes it anew, with the same chunks."""
    found = book(aws)
    found.replace(entries(300), 1.0, 1)
    item = next(i for i in aws.client.scan(TableName=CONTACT_CACHE)["Items"] if i["sk"]["S"] == "head")
    aws.client.delete_item(TableName=CONTACT_CACHE, Key={"pk": item["pk"], "sk": item["sk"]})
    assert [] == found.entries()
    found.replace(entries(300), 2.0, 2)
    assert entries(300) == found.entries()


def test_chunks_are_written_again_before_they_expire(aws: Aws, clock: Time) -> None:
    """Every chunk a head names outlives the head, however long nothing changes."""
    clock.stop()
    found = book(aws)
    content = entries(200)
    for number in range(1, 15):
        found.replace(content, time.time(), number)
        chunks = [i for i in aws.client.scan(TableName=CONTACT_CACHE)["Items"] if i["pk"]["S"].startswith("chunk#")]
        assert all(int(chunk["expires_at"]["N"]) > time.time() + KEEP_S / 2 for chunk in chunks)
        assert content == found.entries()
        clock.pass_(0.45 * DAY)


def test_keys_longer_than_a_sort_key(aws: Aws) -> None:
    """Keys beyond DynamoDB's 1,024 bytes are kept apart, loaded or put."""
    found = book(aws)
    long = ["é" * 2_000 + end for end in ("", "a", "b")]
    found.replace([(key, "loaded") for key in long], 1.0, 1)
    found.put(long[1], "put")
    found.put("x" * 901, "put")
    assert ["loaded", "put", "loaded", "put", None] == [found.get(key) for key in [*long, "x" * 901, "x" * 902]]
    assert ["x" * 901, *long] == [key for key, _ in walk(found, 1)]


@pytest.mark.parametrize("letter", ["v", "é", "田", "😀"])
def test_long_values(aws: Aws, letter: str) -> None:
    """Values of 10,000 characters make more chunks, none of them too large."""
    found = book(aws)
    content = [(f"{number:03}", letter * 10_000) for number in range(60)]
    found.replace(content, time.time() - 1, 1)
    found.put("zz", letter * 10_000)
    assert [*content, ("zz", letter * 10_000)] == found.entries()
    assert content[30:35] == found.slice("029", 5)


def test_values_that_cannot_be_compressed(aws: Aws) -> None:
    """Long values without any order still fit DynamoDB's items."""
    random = Random(1)  # noqa: S311  made-up text, no secret
    found = book(aws)
    content = [(f"{n:03}", "".join(chr(random.randrange(0x10000, 0x10FFFF)) for _ in range(10_000))) for n in range(24)]
    found.replace(content, 1.0, 1)
    assert content == found.entries()


@pytest.mark.parametrize("place", [0, 1, 2_500, 4_990])
def test_a_slice_takes_two_requests(aws: Aws, place: int) -> None:
    """One query for head and deltas, one batch for the chunks, in a book of 5,000 entries."""
    found = book(aws)
    content = entries(5_000)
    found.replace(content, time.time() - 10, 1)
    for number in range(20):
        found.put(content[number * 200 + 7][0], None if number % 2 else "changed")
    after = content[place][0]
    assert ["Query", "BatchGetItem"] == aws.count(lambda: found.slice(after, 30))
    assert min(30, 4_999 - place) <= len(found.slice(after, 30)) + 1
    assert ["BatchGetItem"] == aws.count(lambda: found.get(after))  # the chunk is remembered
