"""Which worker a new conversation is for: the steps of `routing.chain`, each of which may name some."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from twilio_bridge import deadline
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact, is_same_worker
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.errors import BridgeError
from twilio_bridge.frontline.senders import Senders
from twilio_bridge.frontline.workers import WorkerDirectory
from twilio_bridge.logs import logger
from twilio_bridge.ports import Messaging

# A look at one Frontline user is one request; more of them would use up the time to add somebody.
MAX_LOOKUPS = 8
MAX_OWNERS_COUNT = 3
TIME_TO_LOOK_UP_S = 2.0
TIME_FOR_A_STEP_S = 1.8


@dataclass(frozen=True, slots=True)
class RoutingDeps:
    """What the callback works with."""

    directory: Directory
    messaging: Messaging
    senders: Senders
    workers: WorkerDirectory
    settings: schema.Routing


@dataclass(frozen=True, slots=True)
class Inbound:
    """A conversation without a worker: who wrote to which of our numbers, and in a group everybody's addresses."""

    conversation_sid: str
    address: str
    proxy_address: str = ""
    projected_address: str = ""
    service_sid: str = ""
    group: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A worker whom a step names; a doubtful one may be nobody, because Twilio did not answer who it is."""

    worker: str
    step: str
    is_doubtful: bool = False


def choose_workers(inbound: Inbound, deps: RoutingDeps) -> Iterator[Candidate]:
    """Return the workers to try, as the chain finds them, each once; a step that fails is passed over.

    Doubtful ones come last, so that a customer is handed to nobody only where there is nobody else.
    """
    contact = deps.directory.find_within(inbound.address, TIME_TO_LOOK_UP_S)
    tried: set[str] = set()
    doubtful: list[Candidate] = []
    for step in deps.settings.chain:
        for candidate in _take_step(step, inbound, contact, deps):
            if candidate.is_doubtful:
                doubtful.append(candidate)
            elif candidate.worker not in tried:
                tried.add(candidate.worker)
                yield candidate
    yield from doubtful


def _take_step(step: schema.Step, inbound: Inbound, contact: Contact | None, deps: RoutingDeps) -> list[Candidate]:
    try:
        with deadline.limit(TIME_FOR_A_STEP_S):
            return STEPS[step](inbound, contact, deps)
    except BridgeError as error:
        logger.warning("routing step failed", extra={"step": step, "reason": str(error)})
        return []


def _owner(inbound: Inbound, contact: Contact | None, deps: RoutingDeps) -> list[Candidate]:
    owners = contact.owners[:MAX_OWNERS_COUNT] if contact else ()
    found = [_look_up(owner, inbound, deps) for owner in owners]
    return [candidate for candidate in found if candidate]


def _look_up(owner: str, inbound: Inbound, deps: RoutingDeps) -> Candidate | None:
    """Return the worker of an owner's cell; doubtful where Twilio does not answer and it is no e-mail address."""
    try:
        worker = deps.workers.find_worker(owner, inbound.service_sid)
    except BridgeError as error:
        logger.warning("owner not looked up", extra={"reason": str(error)})
        name = owner.strip()
        return Candidate(name, "owner", is_doubtful=not _is_spelled_as_identity(name))
    return Candidate(worker, "owner") if worker else None


def _is_spelled_as_identity(name: str) -> bool:
    """Return whether this looks like an identity of Frontline, which is an e-mail address."""
    return "@" in name and not any(character.isspace() for character in name) and name == name.casefold()


def _number_owner(inbound: Inbound, _contact: Contact | None, deps: RoutingDeps) -> list[Candidate]:
    owners = _shuffled(deps.senders.find_owners(inbound.proxy_address), inbound)
    first = None
    if len(owners) > 1:
        with suppress(BridgeError):  # nobody knows who is available: any of them will do
            first = _first_available(owners, deps)
    return _active([*([first] if first else []), *owners], "number_owner", inbound, deps)


def _available(inbound: Inbound, _contact: Contact | None, deps: RoutingDeps) -> list[Candidate]:
    found = _first_available(_shuffled(_list_team(deps), inbound), deps)
    return [Candidate(found, "available")] if found else []


def _random(inbound: Inbound, _contact: Contact | None, deps: RoutingDeps) -> list[Candidate]:
    return _active(_shuffled(_list_team(deps), inbound), "random", inbound, deps)


def _default(inbound: Inbound, _contact: Contact | None, deps: RoutingDeps) -> list[Candidate]:
    return _active([deps.settings.default_worker or ""], "default", inbound, deps)


STEPS: dict[schema.Step, Callable[[Inbound, Contact | None, RoutingDeps], list[Candidate]]] = {
    "owner": _owner,
    "number_owner": _number_owner,
    "available": _available,
    "random": _random,
    "default": _default,
}


def _active(names: Sequence[str], step: schema.Step, inbound: Inbound, deps: RoutingDeps) -> list[Candidate]:
    """Return the first of these that is a worker."""
    for name in names[:MAX_LOOKUPS]:
        if worker := deps.workers.find_worker(name, inbound.service_sid):
            return [Candidate(worker, step)]
    return []


def _list_team(deps: RoutingDeps) -> list[str]:
    """Return the configured workers; without any, those seen and those who own contacts."""
    return list(deps.senders.workers) or deps.workers.list_unconfigured(deps.directory.list_owners())


def _first_available(workers: Sequence[str], deps: RoutingDeps) -> str | None:
    return next((worker for worker in workers[:MAX_LOOKUPS] if deps.workers.is_available(worker)), None)


def _shuffled(workers: Sequence[str], inbound: Inbound) -> list[str]:
    """Put workers in an order that differs by conversation but not by try: a second call finds the same one."""
    distinct = {worker for worker in workers if not any(is_same_worker(worker, w) and w < worker for w in workers)}
    return sorted(distinct, key=lambda worker: zlib.crc32(f"{inbound.conversation_sid} {worker}".encode()))
