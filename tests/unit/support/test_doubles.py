"""Facts that another one stands for: what REST concludes gives way to the stream, and two ids of one event are one."""

from itertools import permutations

from twilio_bridge.support.tasks.facts import Fact, KnownFacts, sort_facts
from twilio_bridge.support.tasks.folding import fold_facts

CHAT = "conversation#CH1"
CLOSED = Fact("EZ1", "conversation.closed", 1_000, {"reason": "API"})
CONCLUDED = Fact("REST-closed-1", "conversation.closed", 2_000)
JOINED = Fact("EZ2", "participant.added", 10, {"address": "+15005550006"})
JOINED_TOO = Fact("REST-MB1", "participant.added", 11, {"address": "+15005550006"})
ANOTHER = Fact("REST-MB2", "participant.added", 12, {"address": "+15005550007"})


def known(*facts: Fact) -> KnownFacts:
    return sort_facts(CHAT, facts, {})


def test_what_rest_concludes_gives_way() -> None:
    """In whatever order they come; of somebody whom the stream did not bring it stays."""
    for order in permutations([CLOSED, CONCLUDED, JOINED, JOINED_TOO, ANOTHER]):
        found = known(*order)
        assert ["EZ2", "REST-MB2", "EZ1"] == [fact.id for fact in found.facts]
        assert 5 == found.version


def test_alone_it_counts() -> None:
    """Until the stream brings it; then the state is another, and later."""
    before, after = known(CONCLUDED), known(CONCLUDED, CLOSED)
    assert (CONCLUDED,) == before.facts
    assert (CLOSED,) == after.facts
    assert after.version > before.version
    assert before == after.without_facts(["EZ1"])


def test_two_ids_of_one_event_are_one_fact() -> None:
    """The stream and the REST API may number events differently."""
    entered = Fact("EV1", "task-queue.entered", 5, {"queue": "Support"}, "d")
    for order in permutations([entered, Fact("EV2", *entered_parts(entered)), Fact("EV3", "task-queue.entered", 5)]):
        assert ["EV1", "EV3"] == [fact.id for fact in known(*order).facts]


def entered_parts(fact: Fact) -> tuple[str, int, dict[str, str], str]:
    return fact.kind, fact.at, dict(fact.values), fact.attributes


def test_folding_keeps_the_version() -> None:
    """A summary counts the doubles that it replaces."""
    facts = [Fact(f"EV{n:04}", "task.updated", n, {"n": f"{n}"}) for n in range(600)]
    doubles = [Fact(f"EX{n:04}", "task.updated", n, {"n": f"{n}"}) for n in range(50)]
    before = sort_facts("task#WT1", [*facts, *doubles], {})
    assert 650 == before.version == fold_facts(before).version
