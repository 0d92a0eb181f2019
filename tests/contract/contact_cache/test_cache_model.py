"""Whatever is done to it, in whatever order, the cache in DynamoDB behaves as the one in memory."""

import itertools
import time
from functools import partial
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from tests.contract.tables import CONTACT_CACHE, Aws, Time, ids
from tests.fakes.contacts import FakeCache
from tests.sizes import size
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.contacts.contact import Contact

OWNERS = ["", "jo@example.com", "Jo@example.com", "mei@example.com"]
NUMBERS = ["", "+447900000012", "+447900000013"]
EXAMPLES = itertools.count()
IDS = [f"rec{number:014}" for number in range(6)]

contacts = st.builds(
    Contact,
    id=st.sampled_from(IDS),
    name=st.sampled_from(["ada", "Ada", "Bo", "émile", "", "田中"]),
    owner=st.sampled_from(OWNERS),
    sms=st.sampled_from(NUMBERS),
    whatsapp=st.sampled_from(NUMBERS),
    chat=st.sampled_from(["", "", "chatter"]),
)
loads = st.lists(contacts, max_size=6, unique_by=lambda contact: contact.id)


class Caches(RuleBasedStateMachine):
    """Does the same to both, a second apart."""

    def __init__(self, aws: Aws, clock: Time) -> None:
        super().__init__()
        self.clock = clock
        self.clock.stop()
        table = aws.make(f"{CONTACT_CACHE}{next(EXAMPLES)}", CONTACT_CACHE)
        self.cache = DynamoContactCache(table, for_everybody=False)
        self.model = FakeCache()
        self.number = 0
        self.reading: tuple[float, list[Contact]] | None = None

    @rule(contact=contacts)
    def put(self, contact: Contact) -> None:
        self.clock.pass_(1)
        self.cache.put_contact(contact)
        self.model.put_contact(contact)

    @rule(contact_id=st.sampled_from(IDS))
    def remove(self, contact_id: str) -> None:
        self.clock.pass_(1)
        self.cache.remove_contact(contact_id)
        self.model.remove_contact(contact_id)

    @rule(loaded=loads)
    def read_the_source(self, loaded: list[Contact]) -> None:
        """A load begins; what is written from here on is newer than what it read."""
        self.clock.pass_(1)
        self.reading = (time.time(), loaded)

    @rule()
    def load(self) -> None:
        """The load that began ends."""
        if self.reading:
            self.clock.pass_(1)
            self.number += 1
            for cache in (self.cache, self.model):
                cache.replace_all(self.reading[1], self.reading[0], self.number)
            self.reading = None

    @rule(loaded=loads)
    def load_late(self, loaded: list[Contact]) -> None:
        """A load that lost its lease long ago comes to its end."""
        if self.number > 1:
            for cache in (self.cache, self.model):
                cache.replace_all(loaded, time.time(), self.number - 1)

    @rule()
    def let_half_a_day_pass(self) -> None:
        self.clock.pass_(43_200)
        self.reading = None
        self.number += 1  # loads go on meanwhile
        for cache in (self.cache, self.model):
            cache.replace_all(list(self.model._contacts.values()), time.time(), self.number)

    @rule(owner=st.sampled_from(OWNERS), after=st.sampled_from(["", "ada", "bo", "c", "émile"]), size=st.integers(1, 7))
    def page(self, owner: str, after: str, size: int) -> None:
        assert self.model.list_page(owner, after, size) == self.cache.list_page(owner, after, size)

    @rule(number=st.sampled_from([*NUMBERS, "chatter"]))
    def find(self, number: str) -> None:
        assert sorted(ids(self.model.find_by_address(number))) == sorted(ids(self.cache.find_by_address(number)))

    @rule(contact_id=st.sampled_from(IDS))
    def get(self, contact_id: str) -> None:
        assert self.model.get_contact(contact_id) == self.cache.get_contact(contact_id)
        assert self.model.find_position(contact_id) == self.cache.find_position(contact_id)

    @invariant()
    def ages_and_owners_agree(self) -> None:
        assert self.model.read_state() == self.cache.read_state()
        assert self.model.list_owners() == self.cache.list_owners()


@pytest.mark.prove
def test_both_caches_answer_the_same(aws: Aws, clock: Time) -> None:
    """Any sequence of writes, loads that overlap them, late loads and questions has the same answers."""
    examples = settings(max_examples=size(4, 7), stateful_step_count=20, deadline=None)
    make: Any = partial(Caches, aws, clock)  # the stubs want a class, any factory will do
    run_state_machine_as_test(make, settings=examples)
