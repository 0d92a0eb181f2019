"""Workers whom signed requests named: written once a day each, listed with the latest first, dropped after weeks."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from tests.fakes.base import FakeSeenWorkers
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.seen_workers import KEEP_DAYS, MAX_WORKERS_COUNT, DynamoSeenWorkers
from twilio_bridge.ports import SeenWorkers

JO, SAM = "jo@example.com", "sam@example.com"
HOSTILE = ["Jo O'Brien", "ünï 😀", "a" * 256, "#new", "worker#x", ":day", "pk", "v", "a.b", "x y"]


class Day:
    """A day that a test moves."""

    def __init__(self) -> None:
        self.today = datetime(2026, 11, 29, tzinfo=UTC).date()

    def __call__(self) -> date:
        return self.today

    def move(self, days: int) -> None:
        self.today += timedelta(days=days)


@pytest.fixture
def day() -> Day:
    return Day()


@pytest.fixture(params=["memory", "dynamodb"])
def seen(request: pytest.FixtureRequest) -> SeenWorkers:
    if request.param == "memory":
        return FakeSeenWorkers()
    aws: Aws = request.getfixturevalue("aws")
    return DynamoSeenWorkers(aws.table(SYNC_STATE))


def test_nobody_was_seen(seen: SeenWorkers) -> None:
    """At first the list is empty."""
    assert [] == seen.list_workers()


@pytest.mark.parametrize("identity", [JO, "Jo@Example.com", *HOSTILE])
def test_whoever_was_seen_is_listed(seen: SeenWorkers, identity: str) -> None:
    """In the very spelling, once."""
    for one in (identity, SAM, identity):
        seen.record_worker(one)
    assert {identity, SAM} == set(seen.list_workers())
    assert 2 == len(seen.list_workers())


def test_identities_in_two_spellings_are_two(seen: SeenWorkers) -> None:
    """Twilio's identities are case-sensitive."""
    seen.record_worker(JO)
    seen.record_worker(JO.upper())
    assert {JO, JO.upper()} == set(seen.list_workers())


def test_one_write_a_worker_and_day(aws: Aws, day: Day) -> None:
    """However many requests name them, and whichever instance serves these."""
    first, second = (DynamoSeenWorkers(aws.table(SYNC_STATE), day) for _ in range(2))
    assert ["GetItem", "UpdateItem"] == aws.count(lambda: first.record_worker(JO))
    assert [] == aws.count(lambda: first.record_worker(JO))
    assert ["GetItem"] == aws.count(lambda: second.record_worker(JO))
    assert [] == aws.count(lambda: second.record_worker(JO))
    day.move(1)
    assert ["GetItem", "UpdateItem"] == aws.count(lambda: second.record_worker(JO))
    assert ["GetItem"] == aws.count(lambda: first.record_worker(JO))


def test_many_instances_at_once(aws: Aws, day: Day) -> None:
    """Of those that have read before anybody wrote, one writes."""
    late = DynamoSeenWorkers(aws.table(SYNC_STATE), day)
    late._write(JO, day.today, {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(late._table, "get", lambda *_key: None)
        late.record_worker(JO)
    assert [JO] == late.list_workers()


def test_the_latest_comes_first(aws: Aws, day: Day) -> None:
    """By the day."""
    seen = DynamoSeenWorkers(aws.table(SYNC_STATE), day)
    for identity in ("c", "a", "b"):
        seen.record_worker(identity)
        day.move(1)
    assert ["b", "a", "c"] == seen.list_workers()


def test_who_was_not_seen_for_long_is_dropped(aws: Aws, day: Day) -> None:
    """From the list at once, from the item with the next write."""
    seen = DynamoSeenWorkers(aws.table(SYNC_STATE), day)
    for number in range(30):
        seen.record_worker(f"w{number}")
    day.move(KEEP_DAYS)
    assert 30 == len(seen.list_workers())
    day.move(1)
    assert [] == seen.list_workers()
    seen.record_worker(JO)
    seen.record_worker(SAM)
    assert {JO, SAM} == set(seen.list_workers())
    assert 2 == sum(name.startswith("worker#") for name in Table(aws.client, SYNC_STATE).get("workers", "seen") or {})


def test_the_item_stays_small(aws: Aws, day: Day) -> None:
    """However many identities requests name, and however long these are."""
    seen = DynamoSeenWorkers(aws.table(SYNC_STATE), day)
    item = {"pk": "workers", "sk": "seen", **{f"worker#{n}": day.today.isoformat() for n in range(MAX_WORKERS_COUNT)}}
    aws.table(SYNC_STATE).put(item)
    seen.record_worker(JO)
    seen.record_worker("y" * 257)
    seen.record_worker("7")
    assert MAX_WORKERS_COUNT == len(seen.list_workers())
