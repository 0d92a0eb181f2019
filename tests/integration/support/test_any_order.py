"""A whole day that arrives in pieces, shuffled and partly twice, ends as the same day in order."""

import json
import re
from collections import Counter
from random import Random
from typing import Any

import pytest

from tests.integration.support.conftest import Deploy, Deployment, Event, told
from tests.integration.waiting import patiently, retry_messages
from tests.sizes import size
from twilio_bridge_local.samples.envelopes import records
from twilio_bridge_local.samples.support_day import generate

TASKS, PIECES = size(4, 25), size(2, 4)
PATIENCE_S = 10
# The same people once more, under other names: what differs between the two halves of the account is theirs alone.
OTHERS = {"+447700900": "+441632960", "@example.": "@others.example.", "crm-": "other-", "visitor-": "guest-"}
SIDS = re.compile(r"\b(WT|WR|EV|EZ|CH|MB|SM|TT)([0-9a-f]{31})[0-9a-f]\b")


def other(text: str) -> str:
    """Return a day's texts as ones of the others."""
    for ours, theirs in OTHERS.items():
        text = text.replace(ours, theirs)
    return SIDS.sub(r"\1\2x", text)


def others(events: list[Event]) -> list[Event]:
    found: list[Event] = json.loads(other(json.dumps(events)))
    return found


def events_in(data: bytes) -> int:
    """Count a record's events: it holds one, or several."""
    document = json.loads(data)
    return len(document) if isinstance(document, list) else 1


def people(deployed: Deployment) -> list[dict[str, Any]]:
    """Return all that Brevo holds of everybody."""
    with deployed.account.lock:
        return [told(deployed.brevo, contact) for contact in deployed.account.contacts.values()]


def halves(deployed: Deployment) -> tuple[list[str], list[str]]:
    """Return the two halves of the account, comparable: the first under the others' names, the second as it is."""
    everybody = [json.dumps(person, sort_keys=True) for person in people(deployed)]
    is_other = [any(name.removeprefix("+") in person for name in OTHERS.values()) for person in everybody]
    ours = [_renamed(person) for person, theirs in zip(everybody, is_other, strict=True) if not theirs]
    return sorted(ours), sorted(person for person, theirs in zip(everybody, is_other, strict=True) if theirs)


def _renamed(person: str) -> str:
    """Rename, and sort the events anew; Brevo has numbers without the plus."""
    named = json.loads(other(person).replace('"447700900', '"441632960'))
    return json.dumps({**named, "events": sorted(named["events"])}, sort_keys=True)


@pytest.mark.prove
@pytest.mark.parametrize("seed", [11])
def test_a_day_in_any_order_ends_the_same(deploy: Deploy, seed: int) -> None:
    """Contacts, their numbers and lists, and the timelines, each event once."""
    chance = Random(seed)  # noqa: S311  an order, no secret
    day = generate(seed, TASKS)
    mixed = records(others(day), seed)
    mixed = chance.sample([*mixed, *mixed[::3]], len(mixed) + len(mixed[::3]))
    with deploy() as deployed:
        # Let Brevo be told when all is there: an event that it has been told of stays as it was known then.
        deployed.delay_deliveries(PATIENCE_S)
        deployed.put(records(day, seed), key="one lane")
        for start in range(PIECES):
            deployed.put(mixed[start::PIECES])
        deployed.await_taken_in(len(day) + sum(map(events_in, mixed)), PATIENCE_S)
        patiently(lambda: [*map(len, halves(deployed))], lambda counts: counts[0] == counts[1] > 0, 30, retry_messages)
        deployed.settle(60)
        in_order, shuffled = halves(deployed)

    assert len(in_order) > TASKS / 4
    assert in_order == shuffled
    keys = Counter(key for person in shuffled for key, *_ in json.loads(person)["events"])
    assert {1} == set(keys.values())
