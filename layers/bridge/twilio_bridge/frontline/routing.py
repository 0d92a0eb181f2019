"""The routing callback: a conversation that a customer begins gets its worker.

Frontline asks once and waits 10 s. Without a worker the conversation blocks later ones with the same person (error
48031), so a failure is answered as one (48010 in Twilio's console) and never as a silent 200.
"""

from collections.abc import Iterable, Sequence

from twilio_bridge import deadline, phone
from twilio_bridge.errors import BridgeError, RefusedError, RoutingError
from twilio_bridge.forms import Answer, Form
from twilio_bridge.frontline import bindings
from twilio_bridge.frontline.senders import Senders
from twilio_bridge.frontline.worker_choice import (
    TIME_FOR_A_STEP_S,
    Candidate,
    Inbound,
    RoutingDeps,
    choose_workers,
)
from twilio_bridge.logs import logger
from twilio_bridge.ports import Messaging, Participant

# "This is a Group MMS conversation, but the participant has no ProjectedAddress".
# https://www.twilio.com/docs/api/errors/50434
NOT_PROJECTED = 50434


def answer(form: Form, deps: RoutingDeps) -> Answer:
    """Add a worker to the conversation; raise RoutingError where none can be."""
    inbound = read_inbound(form)
    there = _list_participants(inbound, deps.messaging)
    if any(found.identity and deps.workers.is_worker(found.identity) for found in there):
        return Answer({"step": "already there"})  # asked twice: nobody is added on top

    step = _add_first(choose_workers(inbound, deps), inbound, _find_projected(inbound, there, deps.senders), deps)
    logger.info("routed", extra={"conversation_sid": inbound.conversation_sid, "step": step})
    return Answer({"step": step})


def _add_first(candidates: Iterable[Candidate], inbound: Inbound, projected: str, deps: RoutingDeps) -> str:
    """Add the first candidate whom Twilio accepts, and return their step."""
    failures: list[str] = []
    for candidate in candidates:
        try:
            _add(candidate.worker, inbound, projected, deps)
        except BridgeError as error:
            logger.warning("worker not added", extra={"step": candidate.step, "reason": str(error)})
            failures.append(f"the worker chosen by '{candidate.step}' could not be added ({error})")
        else:
            return candidate.step

    nobody = "no step of routing.chain found a worker; set routing.default_worker in bridge.yaml"
    raise RoutingError("; ".join(failures) or nobody)


def read_inbound(form: Form) -> Inbound:
    """Return the conversation of a routing request."""
    group = bindings.list_addresses(form)
    return Inbound(
        form.require_text("ConversationSid"),
        bindings.find_author(form),
        form.get_text("MessagingBinding.ProxyAddress"),
        form.get_text("MessagingBinding.ProjectedAddress"),
        bindings.find_service(form),
        tuple(group) if len(group) > 1 else (),
    )


def _list_participants(inbound: Inbound, messaging: Messaging) -> list[Participant]:
    try:
        with deadline.limit(TIME_FOR_A_STEP_S):
            return messaging.list_participants(inbound.conversation_sid, inbound.service_sid)
    except BridgeError as error:
        logger.warning("participants not listed", extra={"reason": str(error)})
        return []


def _add(worker: str, inbound: Inbound, projected: str, deps: RoutingDeps) -> None:
    """Add the worker; in a group that the request does not show as one, by our number projected."""
    sid, service_sid = inbound.conversation_sid, inbound.service_sid
    try:
        deps.messaging.add_worker(sid, worker, projected, service_sid)
    except RefusedError as error:
        ours = inbound.proxy_address or deps.senders.usual.sms or ""
        if error.code != NOT_PROJECTED or projected or not ours:
            raise
        deps.messaging.add_worker(sid, worker, ours, service_sid)


def _find_projected(inbound: Inbound, there: Sequence[Participant], senders: Senders) -> str:
    """Return the address a worker has in a group: the one given, else our number among the group's addresses."""
    if inbound.projected_address or not inbound.group:
        return inbound.projected_address
    if inbound.proxy_address:
        return inbound.proxy_address

    ours = [address for address in inbound.group if senders.is_ours(address)]
    theirs = {phone.strip_channel(found.address) for found in there} | {phone.strip_channel(inbound.address)}
    others = [address for address in inbound.group if phone.strip_channel(address) not in theirs]
    return next(iter([*ours, *(others if len(others) == 1 else []), senders.usual.sms or ""]))
