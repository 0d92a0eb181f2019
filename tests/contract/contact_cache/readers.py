"""What tests of killed and of late refreshes share: a base, its changes, all that readers can see, and how to stop."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pytest

from tests.contract.contact_cache.killing import Client, Killed, Stop, die
from tests.contract.tables import contact
from twilio_bridge.adapters.contact_cache.cache import DynamoContactCache
from twilio_bridge.adapters.contact_cache.chunk_cache import ChunkMemory
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.ports import CacheState

OWNERS = ["", "jo@example.com", "mei@example.com", "ravi@example.com"]
NEW_OWNER = "zoe@example.com"
SHARED = "+447900000000"
# Chunks never change, so what one reader has unpacked holds for all.
MEMORY = ChunkMemory()

Action = Callable[[DynamoContactCache], object]


@dataclass(frozen=True)
class Seen:
    """All that readers can see of a cache."""

    lists: dict[str, list[Contact]]
    searched: dict[str, list[Contact]]
    by_id: dict[str, Contact | None]
    by_address: dict[str, list[Contact]]
    positions: dict[str, str | None]
    owners: list[str]
    state: CacheState


def cache(client: Client, memory: ChunkMemory = MEMORY) -> DynamoContactCache:
    return DynamoContactCache(client.table, for_everybody=False, memory=memory)


def seen(client: Client, everybody: Sequence[Contact]) -> Seen:
    """Ask for everything there is to ask."""
    found = cache(client)
    lists = {owner: found.list_page(owner, "", 1_000) for owner in [*OWNERS, NEW_OWNER]}
    searched = {owner: found.search_page(owner, "a", "", 1_000) for owner in lists}
    ids = sorted({each.id for each in everybody})
    addresses = sorted({address for each in everybody for address in each.addresses})
    by_address = {address: sorted(found.find_by_address(address), key=lambda each: each.id) for address in addresses}
    by_id, positions = {key: found.get_contact(key) for key in ids}, {key: found.find_position(key) for key in ids}
    return Seen(lists, searched, by_id, by_address, positions, found.list_owners(), found.read_state())


def base() -> list[Contact]:
    chosen = random.Random(5)  # noqa: S311  a made-up base, no secret
    return [
        contact(
            n, f"{chosen.choice('abcdé')} {n}", owner=OWNERS[n % 4], sms=SHARED if n % 9 == 0 else f"+4479001{n:05}"
        )
        for n in range(30)
    ]


def changed(contacts: Sequence[Contact]) -> list[Contact]:
    """Edit, rename, move, give other addresses, delete and add; some of it at once."""
    made = {each.id: each for each in contacts}
    for n, more in {
        1: {"notes": "edited"},
        2: {"name": "aaa renamed"},
        3: {"owner": OWNERS[1]},
        5: {"owner": NEW_OWNER, "name": "zz moved and renamed", "whatsapp": SHARED},
        6: {"sms": "+447900200006"},
        9: {"sms": "+447900200009", "owner": OWNERS[3]},
        10: {"whatsapp": SHARED},
        11: {"owner": ""},
        18: {"name": "a shared one renamed"},
    }.items():
        made[contact(n).id] = replace(made[contact(n).id], **more)  # type: ignore[arg-type]  # whatever fields
    return [*made.values(), contact(90, "a newcomer", owner=NEW_OWNER, sms=SHARED), contact(91, "b newcomer")]


BASE = base()
NEXT = [each for each in changed(BASE) if each.id not in {contact(n).id for n in (0, 7, 8)}]
DIFFERING = [each for each in changed(BASE) if each not in BASE]
LATER = [replace(each, owner=OWNERS[2]) if n % 5 == 0 else each for n, each in enumerate(NEXT[4:])]
EVERYBODY = [*BASE, *NEXT, *LATER]


def loaded_cache() -> Client:
    """Return a cache that load 1 has filled."""
    client = Client()
    cache(client).replace_all(BASE, time.time(), 1, "2026-01-01")
    return client


def whole(contacts: Sequence[Contact], number: int, ago: float = 0) -> Action:
    began_at = time.time() - ago
    return lambda found: found.replace_all(contacts, began_at, number, f"2026-01-{number:02}")


def update(contacts: Sequence[Contact], number: int, ago: float = 0) -> Action:
    began_at = time.time() - ago
    return lambda found: found.apply_changes(contacts, began_at, number, f"2026-01-{number:02}")


def after(client: Client, *actions: Action) -> Client:
    """Return a copy in which this has been done."""
    copy = client.copy()
    run(copy, actions)
    return copy


def run(client: Client, actions: Sequence[Action]) -> None:
    """Do one after the other."""
    for action in actions:
        action(cache(client))


def writes(client: Client, action: Action) -> int:
    """Count the writes that an action makes."""
    return after(client, action).writes.count


def killed(client: Client, action: Action) -> list[Client]:
    """Return what is left of an action that was killed before each of its writes, and after the last.

    Killed when a write was made but not answered, it leaves what it leaves killed before the next one.
    """
    count = writes(client, action)
    return [_kill(client, action, at, count) for at in range(count + 1)]


def killed_at(client: Client, action: Action, at: int) -> Client:
    """Return what is left of an action that was killed at one of its writes."""
    count = writes(client, action)
    return _kill(client, action, at % (count + 1), count)


def _kill(client: Client, action: Action, at: int, count: int) -> Client:
    copy = client.copy()
    copy.writes = Stop(min(at, count - 1), die, after=at == count)
    with pytest.raises(Killed):
        action(cache(copy))
    return copy.copy()


def woken_late(client: Client, action: Action, meanwhile: Sequence[Action]) -> list[Client]:
    """Return what is there where an action slept before each of its writes while others were done."""
    return [_delay(client, action, at, meanwhile) for at in range(writes(client, action))]


def slept_at(client: Client, action: Action, at: int, meanwhile: Sequence[Action]) -> Client:
    """Return what is there where an action slept before one of its writes while others were done."""
    return _delay(client, action, at % writes(client, action), meanwhile)


def _delay(client: Client, action: Action, at: int, meanwhile: Sequence[Action]) -> Client:
    copy = client.copy()
    copy.writes = Stop(at, partial(run, Client(copy.partitions), meanwhile))
    action(cache(copy))
    return copy.copy()


def holds_everybody(found: Seen, before: Sequence[Contact], now: Sequence[Contact]) -> None:
    """Fail where a contact is lost, stands twice in a list, or is neither as it was nor as it is."""
    old, new = ({each.id: each for each in contacts} for contacts in (before, now))
    for owner, listed in found.lists.items():
        assert len({each.id for each in listed}) == len(listed), f"doubled in the list of {owner or 'nobody'}"
        assert sorted(listed, key=lambda each: each.order) == listed
    shown = {each.id for listed in found.lists.values() for each in listed}
    assert old.keys() & new.keys() <= shown <= old.keys() | new.keys()
    for contact_id in old.keys() & new.keys():
        versions = [old[contact_id], new[contact_id]]
        assert found.by_id[contact_id] in versions
        assert all(each in versions for listed in found.lists.values() for each in listed if each.id == contact_id)
        for address in {*versions[0].addresses} & {*versions[1].addresses}:
            assert [each for each in found.by_address[address] if each in versions], "not found by address"
    for address, reached in found.by_address.items():
        assert len({each.id for each in reached}) == len(reached)
        assert all(address in each.addresses for each in reached)


WRITES: dict[str, Action] = {
    "edited": lambda found: found.put_contact(replace(BASE[4], notes="edited")),
    "renamed": lambda found: found.put_contact(replace(BASE[9], name="aaa renamed")),
    "moved": lambda found: found.put_contact(replace(BASE[9], owner=NEW_OWNER)),
    "moved and renamed": lambda found: found.put_contact(
        replace(BASE[9], owner=OWNERS[2], name="aaa", whatsapp="+447900200001")
    ),
    "another address": lambda found: found.put_contact(replace(BASE[4], sms="+447900200004")),
    "new": lambda found: found.put_contact(contact(95, "a new one", owner=OWNERS[1], sms=SHARED)),
}
TARGETS = {name: 95 if name == "new" else 4 if name in ("edited", "another address") else 9 for name in WRITES}
