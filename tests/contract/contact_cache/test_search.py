"""A search of the cache finds what the rule finds, and a list's page costs two requests, its age included."""

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.tables import CONTACT_CACHE, Aws, contact, ids
from tests.fakes.contacts import FakeCache
from tests.sizes import size
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.adapters.contact_cache.chunk_cache import ChunkMemory
from twilio_bridge.contacts.contact import Contact, matches_query

JO, MEI = "jo@example.com", "mei@example.com"
PEOPLE = ["Ann Müller", "Ánn O'Brien", "Bob", "Åsa Öberg", "Zoë Ann", "王芳"]
EVERYBODY = [
    contact(n, f"{PEOPLE[n % 6]} {n}", owner=JO if n % 3 else MEI, sms=f"+4479000{n:05}", email=f"p{n}@example.org")
    for n in range(400)
]


@pytest.fixture(params=["memory", "dynamodb"])
def cache(request: pytest.FixtureRequest) -> FakeCache | DynamoContactCache:
    loaded: FakeCache | DynamoContactCache = FakeCache()
    if request.param == "dynamodb":
        aws: Aws = request.getfixturevalue("aws")
        loaded = DynamoContactCache(aws.table(CONTACT_CACHE), for_everybody=False)
    loaded.replace_all(EVERYBODY, time.time() - 10, 1)
    return loaded


@pytest.mark.prove
@settings(max_examples=size(12, 25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=st.sampled_from(
        ["ann", "ANN müller", "o'brien", "+44 7900 00012", "0790000", "p7@", "王", "nobody", "12 ann"]
    ),
    limit=st.integers(1, 60),
    start=st.integers(0, 399),
)
def test_a_search_finds_what_the_rule_finds(
    cache: FakeCache | DynamoContactCache, query: str, limit: int, start: int
) -> None:
    """In order, behind the key, no more than asked for, and only of this worker."""
    mine = sorted((c for c in EVERYBODY if c.owner == JO), key=lambda each: each.order)
    after = mine[start % len(mine)].order

    expected = [c for c in mine if c.order > after and matches_query(c, query)][:limit]
    assert ids(expected) == ids(cache.search_page(JO, query, after, limit))


def test_a_search_sees_what_was_written_since(cache: FakeCache | DynamoContactCache) -> None:
    """New, changed and removed contacts count at once."""
    new = contact(900, "Ann Newcomer", owner=JO)
    changed = contact(4, "Nobody", owner=JO)
    cache.put_contact(new)
    cache.put_contact(changed)
    cache.remove_contact(EVERYBODY[1].id)
    found = ids(cache.search_page(JO, "ann", "", 1000))
    assert new.id in found
    assert not {changed.id, EVERYBODY[1].id} & set(found)


@pytest.fixture
def loaded(aws: Aws) -> Aws:
    DynamoContactCache(aws.table(CONTACT_CACHE), for_everybody=False).replace_all(EVERYBODY, time.time() - 10, 1)
    return aws


def test_a_page_and_its_age_take_two_requests(loaded: Aws) -> None:
    """One query for head and deltas; one batch for the chunks and the cache's age."""
    cold = DynamoContactCache(loaded.table(CONTACT_CACHE), for_everybody=False)
    assert ["Query", "BatchGetItem"] == loaded.count(lambda: (cold.list_page(JO, "", 31), cold.read_state()))


def test_a_warm_instance_reads_no_chunk_twice(loaded: Aws) -> None:
    """Only what may have changed is read again: the list of chunks, and the age."""
    memory = ChunkMemory()

    def page() -> list[Contact]:
        cache = DynamoContactCache(loaded.table(CONTACT_CACHE), for_everybody=False, memory=memory)
        cache.read_state()
        return cache.list_page(JO, "", 31)

    first = page()
    assert ["GetItem", "Query", "BatchGetItem"] == loaded.count(page)
    assert first == page()


def test_a_full_memory_forgets_the_least_used(loaded: Aws) -> None:
    """However little an instance may remember, every page is right."""
    memory = ChunkMemory(most_characters=10_000)
    small = DynamoContactCache(loaded.table(CONTACT_CACHE), for_everybody=False, memory=memory)
    mine = sorted((c for c in EVERYBODY if c.owner == JO), key=lambda each: each.order)
    assert ids(mine) == ids(small.list_page(JO, "", 1000))
    assert ids(mine) == ids(small.search_page(JO, "", "", 1000))
