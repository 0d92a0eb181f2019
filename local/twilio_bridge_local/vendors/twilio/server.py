"""The stand-in as a server: `TwilioStandIn` in a thread of its own. Used by the local stack and by tests.

Under `url` the product is the first path segment: `https://conversations.twilio.com/v1/X` is
`{url}/conversations/v1/X`. Further products are further blueprints in `_application`.

    with TwilioStandIn(account_sid, auth_token, proxy_numbers=[number], callbacks_url=gateway) as twilio:
        twilio.receive("+15555550100", number, "Hello")
"""

import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, Final, Self

from flask import Flask, Response, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from twilio_bridge_local.vendors.twilio import people, rest
from twilio_bridge_local.vendors.twilio.account import Account, SentWebhook
from twilio_bridge_local.vendors.twilio.control import blueprint
from twilio_bridge_local.vendors.twilio.errors import TwilioError, of_status, refusal
from twilio_bridge_local.vendors.twilio.events_rest import events
from twilio_bridge_local.vendors.twilio.faults import RUBBISH, Fault, Faults, WriteLimit
from twilio_bridge_local.vendors.twilio.iam_rest import iam
from twilio_bridge_local.vendors.twilio.people import Contact, Outcome

CONTROL: Final = "/_stand-in"
CONVERSATIONS: Final = "/conversations/v1"
NO_ANSWER: Final = 0  # the status under which a request that was never answered is listed


@dataclass(frozen=True)
class Request:
    """A request that reached Twilio, for counting."""

    time: float
    method: str
    path: str
    status: int


class _Quiet(WSGIRequestHandler):
    """Says nothing about requests, nor about clients that went away."""

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002  # the name that werkzeug gave it
        pass

    def connection_dropped(self, *_error_and_environment: object) -> None:
        self.close_connection = True  # else werkzeug waits for the next request of a caller it never answered


@dataclass
class TwilioStandIn(Account):
    """A Twilio account behind a real HTTP server on this machine; its attributes are those of `Account`.

    `requests` counts what reached the products, `webhooks` what was sent to our gateway, `delivered` what
    customers got. A conversation is made to stay `initializing` by `initializing_s`, changes are limited by
    `writes_per_s`.
    """

    host: str = "127.0.0.1"
    port: int = 0
    requests: list[Request] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        super().__post_init__()
        self._limit = WriteLimit()
        self._stopping = Event()
        self._server: BaseWSGIServer | None = None
        self._thread: Thread | None = None

    def start(self) -> Self:
        """Listen; from here on `url` holds."""
        self._stopping.clear()
        server = make_server(self.host, self.port, self._application(), threaded=True, request_handler=_Quiet)
        self._server = server
        self.port = server.server_port
        serve = {"poll_interval": 0.01}  # how long stop() may have to wait
        self._thread = Thread(target=server.serve_forever, kwargs=serve, name="twilio-stand-in", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Listen no more; whoever still waits for an answer gets none."""
        self._stopping.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The base URL, under which the product is the first path segment."""
        return f"http://{self.host}:{self.port}"

    def receive(self, address: str, proxy: str, body: str) -> Outcome:
        """A customer writes from her phone."""
        return people.receive(self, address, proxy, body)

    def send(self, conversation_sid: str, worker: str, body: str) -> Outcome:
        """A worker writes from the app."""
        return people.send_message(self, conversation_sid, worker, body)

    def open(self, worker: str, contact: Contact) -> Outcome:
        """A worker opens a conversation with a contact."""
        return people.open_conversation(self, worker, contact)

    def close(self, conversation_sid: str) -> Outcome:
        """A worker closes a conversation."""
        return people.close_conversation(self, conversation_sid)

    def call(self, callback: str, parameters: Mapping[str, str]) -> SentWebhook:
        """The app calls one of our Frontline callbacks."""
        return people.call(self, callback, parameters)

    def _application(self) -> Flask:
        app = Flask("twilio-stand-in", static_folder=None)
        app.config[rest.ACCOUNT] = self
        app.config["PROPAGATE_EXCEPTIONS"] = True  # so that a silent request ends without a log line
        app.register_blueprint(rest.conversations, url_prefix=CONVERSATIONS, name="account")
        services = f"{CONVERSATIONS}/Services/<service_sid>"
        app.register_blueprint(rest.conversations, url_prefix=services, name="service")
        app.register_blueprint(rest.frontline, url_prefix="/frontline-api/v1")
        app.register_blueprint(events, url_prefix="/events/v1")
        app.register_blueprint(iam, url_prefix="/iam")
        app.register_blueprint(blueprint(self, self.faults, self.requests))
        app.before_request(self._guard)
        app.after_request(self._count)
        app.register_error_handler(TwilioError, _refuse)
        app.register_error_handler(HTTPException, _not_there)
        return app

    def _guard(self) -> ResponseReturnValue | None:
        """Faults come before everything, then who asks, then how much."""
        if request.path.startswith(CONTROL):
            return None
        fault = self.faults.take(request.method, request.path)
        answer = self._fail(fault) if fault else None
        if answer is not None:
            return answer
        if not self._knows(request.authorization):
            raise refusal(20003)
        if request.method != "GET" and not self._limit.accepts(self.writes_per_s):
            raise refusal(20429)
        return None

    def _fail(self, fault: Fault) -> ResponseReturnValue | None:
        if fault.latency:
            self._stopping.wait(fault.latency)
        if fault.silent:
            self._list(NO_ANSWER)
            self._stopping.wait()
            raise ConnectionAbortedError
        if fault.rubbish:
            body, kind = RUBBISH[fault.rubbish]
            return Response(body, content_type=kind)
        if fault.status is not None:
            return of_status(fault.status).body(), fault.status
        return None

    def _knows(self, given: Any) -> bool:  # noqa: ANN401  # werkzeug's Authorization, or None
        known = [(self.account_sid, self.auth_token), *([self.api_key] if self.api_key else [])]
        if given is None or given.type != "basic":
            return False
        offered = f"{given.username}:{given.password}".encode()
        return any(hmac.compare_digest(offered, f"{name}:{secret}".encode()) for name, secret in known)

    def _count(self, response: Response) -> Response:
        if not request.path.startswith(CONTROL):
            self._list(response.status_code)
        return response

    def _list(self, status: int) -> None:
        self.requests.append(Request(time.time(), request.method, request.path, status))


def _refuse(error: TwilioError) -> ResponseReturnValue:
    return jsonify(error.body()), error.status


def _not_there(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    return jsonify(of_status(status).body()), status
