"""The routing callback: a conversation that a customer begins gets its worker.

Frontline asks once and waits 10 s. Without a worker the conversation blocks later ones with the same person (error
48031), so a failure is answered as one (48010 in Twilio's console) and never as a silent 200.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twilio_bridge import deadline
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact, is_same_worker
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.errors import BridgeError, RoutingError, UpstreamError
from twilio_bridge.forms import Answer, Form
from twilio_bridge.frontline.senders import Senders
from twilio_bridge.logs import logger
from twilio_bridge.ports import Messaging

# A look at one Frontline user is one request; more of them would use up the time to add somebody.
MAX_LOOKUPS = 8
TIME_TO_LOOK_UP_S = 2.0
TIME_FOR_A_STEP_S = 1.8


@dataclass(frozen=True, slots=True)
class RoutingDeps:
    """What the callback works with."""

    directory: Directory
    messaging: Messaging
    senders: Senders
    settings: schema.Routing


@dataclass(frozen=True, slots=True)
class Inbound:
    """A conversation without a worker: who wrote, and to which of our numbers."""

    conversation_sid: str
    address: str
    proxy_address: str
    projected_address: str


def answer(form: Form, routing: RoutingDeps) -> Answer:
    """Put a worker into the conversation; raise RoutingError where none can be."""
    inbound = Inbound(
        form.require_text("ConversationSid"),
        form.get_text("MessagingBinding.AuthorAddress") or form.get_text("MessagingBinding.Address"),
        form.get_text("MessagingBinding.ProxyAddress"),
        form.get_text("MessagingBinding.ProjectedAddress"),
    )
    if _has_worker(inbound, routing.messaging):  # asked twice: nobody is added on top
        return Answer({"step": "already there"})
    worker, step = choose_worker(inbound, routing)
    try:
        routing.messaging.add_worker(inbound.conversation_sid, worker, inbound.projected_address)
    except UpstreamError as error:
        raise RoutingError(f"the worker chosen by '{step}' could not be added ({error})") from error
    logger.info("routed", extra={"conversation_sid": inbound.conversation_sid, "step": step})
    return Answer({"step": step})


def choose_worker(inbound: Inbound, routing: RoutingDeps) -> tuple[str, str]:
    """Return the worker and the step of the chain that found them; a step that fails is passed over."""
    contact = routing.directory.find_within(inbound.address, TIME_TO_LOOK_UP_S)
    for step in routing.settings.chain:
        try:
            with deadline.limit(TIME_FOR_A_STEP_S):
                worker = STEPS[step](inbound, contact, routing)
            if worker:
                return worker, step
        except BridgeError as error:
            logger.warning("routing step failed", extra={"step": step, "reason": str(error)})
    raise RoutingError("no step of routing.chain found a worker; set routing.default_worker in bridge.yaml")


def _owner(_inbound: Inbound, contact: Contact | None, routing: RoutingDeps) -> str | None:
    """Return the owner by their identity: Twilio's are case-sensitive, what people type into a cell is not."""
    owner = contact.owner.strip() if contact else ""
    return next((name for name in routing.senders.workers if is_same_worker(name, owner)), owner or None)


def _number_owner(inbound: Inbound, _contact: Contact | None, routing: RoutingDeps) -> str | None:
    owners = routing.senders.find_owners(inbound.proxy_address)
    if len(owners) < 2:  # noqa: PLR2004
        return next(iter(owners), None)
    return _first_available(_shuffled(owners, inbound), routing) or _shuffled(owners, inbound)[0]


def _available(inbound: Inbound, _contact: Contact | None, routing: RoutingDeps) -> str | None:
    return _first_available(_shuffled(_known(routing), inbound), routing)


def _random(inbound: Inbound, _contact: Contact | None, routing: RoutingDeps) -> str | None:
    return next(iter(_shuffled(_known(routing), inbound)), None)


def _default(_inbound: Inbound, _contact: Contact | None, routing: RoutingDeps) -> str | None:
    return routing.settings.default_worker


STEPS: dict[str, Callable[[Inbound, Contact | None, RoutingDeps], str | None]] = {
    "owner": _owner,
    "number_owner": _number_owner,
    "available": _available,
    "random": _random,
    "default": _default,
}


def _has_worker(inbound: Inbound, messaging: Messaging) -> bool:
    try:
        with deadline.limit(TIME_FOR_A_STEP_S):
            return any(found.identity for found in messaging.list_participants(inbound.conversation_sid))
    except BridgeError as error:
        logger.warning("participants not listed", extra={"reason": str(error)})
        return False


def _known(routing: RoutingDeps) -> list[str]:
    """Return the configured workers, or where none are, the owners that contacts name."""
    return list(routing.senders.workers) or routing.directory.list_owners()


def _first_available(workers: Sequence[str], routing: RoutingDeps) -> str | None:
    for worker in workers[:MAX_LOOKUPS]:
        if routing.messaging.is_worker_available(worker):
            return worker
    return None


def _shuffled(workers: Sequence[str], inbound: Inbound) -> list[str]:
    """Put workers in an order that differs by conversation but not by try: a second call finds the same one."""
    distinct = {worker for worker in workers if not any(is_same_worker(worker, w) and w < worker for w in workers)}
    return sorted(distinct, key=lambda worker: zlib.crc32(f"{inbound.conversation_sid} {worker}".encode()))
