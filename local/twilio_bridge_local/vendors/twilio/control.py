"""The stand-in's own routes under /_stand-in, for demos and tests in another process: JSON both ways.

Used by `server`. They act and look as `people` and the account do; they need no credentials. What cannot be
read as the action's arguments is a 400.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue

from twilio_bridge_local.vendors.server import OWN_PATH
from twilio_bridge_local.vendors.twilio import people
from twilio_bridge_local.vendors.twilio.account import Account
from twilio_bridge_local.vendors.twilio.messages.records import CallbackFaults
from twilio_bridge_local.vendors.twilio.messages.records import Outcome as MessageOutcome
from twilio_bridge_local.vendors.twilio.people import Contact, Outcome


def control_routes(account: Account) -> Blueprint:
    """Return the routes over one account."""
    routes = Blueprint("control", __name__, url_prefix=OWN_PATH)
    for name, act in _actions(account).items():
        routes.add_url_rule(f"/{name}", name, _view(act), methods=["POST"])
    routes.add_url_rule("/webhooks", "webhooks", _listing(account.webhooks))
    routes.add_url_rule("/delivered", "delivered", _listing(account.delivered))

    @routes.get("/messages")
    def list_created() -> ResponseReturnValue:
        return _listing(account.messaging.store.created)()

    @routes.errorhandler(TypeError)
    @routes.errorhandler(ValueError)
    @routes.errorhandler(KeyError)
    def bad_arguments(error: Exception) -> ResponseReturnValue:
        return jsonify(error=f"{type(error).__name__}: {error}"), 400

    return routes


def _actions(account: Account) -> Mapping[str, Callable[..., object]]:
    def receive(address: str, proxy: str, body: str) -> Outcome:
        return people.receive(account, address, proxy, body)

    def send(conversation_sid: str, worker: str, body: str) -> Outcome:
        return people.send_message(account, conversation_sid, worker, body)

    def begin(worker: str, **contact: str) -> Outcome:
        return people.open_conversation(account, worker, Contact(**contact))

    def close(conversation_sid: str) -> Outcome:
        return people.close_conversation(account, conversation_sid)

    def call(callback: str, parameters: Mapping[str, str]) -> object:
        return people.call(account, callback, parameters)

    def set_outcome(address: str, **outcome: Any) -> MessageOutcome:  # noqa: ANN401  the record's own fields
        made = MessageOutcome(**outcome)
        account.messaging.outcomes = {**account.messaging.outcomes, address: made}
        return made

    def set_callback_faults(**faults: float) -> CallbackFaults:
        account.messaging.callback_faults = CallbackFaults(**faults)
        return account.messaging.callback_faults

    return {
        "receive": receive,
        "send": send,
        "open": begin,
        "close": close,
        "call": call,
        "outcome": set_outcome,
        "callback-faults": set_callback_faults,
    }


def _view(act: Callable[..., Any]) -> Callable[[], ResponseReturnValue]:
    def view() -> ResponseReturnValue:
        return jsonify(asdict(act(**request.get_json())))

    return view


def _listing(records: Sequence[Any]) -> Callable[[], ResponseReturnValue]:
    def view() -> ResponseReturnValue:
        return jsonify([asdict(record) for record in list(records)])

    return view
