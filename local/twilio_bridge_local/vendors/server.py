"""The frame of every stand-in: a real HTTP server with faults, a record of requests, and routes under /_stand-in.

A vendor's stand-in is a `StandIn` with the vendor's routes, credentials, limits and errors. A request passes in this
order: who asks (`check_client`), faults that leave it without effect, how much is asked (`check_limits`), faults that
answer in the vendor's place, then the vendor's route.
"""

import socketserver
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Final, Self

from flask import Flask, Response, g, jsonify, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Rule
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from twilio_bridge_local.http_server import StopsAtOnce
from twilio_bridge_local.vendors import fault_responses
from twilio_bridge_local.vendors.faults import NO_FAULTS, Dealt, FaultBox, Faults, faults_from_json

OWN_PATH: Final = "/_stand-in/"
NO_ANSWER: Final = 0
"""The status under which a request is recorded that got no answer."""


class Refusal(Exception):  # noqa: N818  # the vendors' own errors derive from it
    """What a vendor answers in place of what was asked for: an HTTP status and a JSON body."""

    def __init__(self, status: int, body: Mapping[str, object]) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """A request that reached the stand-in; `at` is in seconds of the stand-in's clock."""

    at: float
    method: str
    path: str
    status: int
    query: str = ""


class StandIn:
    """A vendor at `url`; use it as a context manager, or `start()` and `stop()` it.

    Attributes:
        faults: What goes wrong; assign `Faults(...)` at any time, `Faults()` ends it.
        requests: Every request so far, refused and unanswered ones too; not those under /_stand-in.
        latency_s: How much later than at once every answer leaves; its effect is there at once.
        port: Where it listens; 0 until the first start takes a free port, which later starts take again.
    """

    vendor = ""

    def __init__(self, host: str, port: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.host = host
        self.port = port
        self.latency_s = 0.0
        self.requests: list[SeenRequest] = []
        self._clock = clock
        self._box = FaultBox(clock)
        self._stopping = threading.Event()
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """Return where it listens, without a final slash; raise RuntimeError while it does not."""
        if self._server is None:
            raise RuntimeError("the stand-in is not started")
        return f"http://{self.host}:{self.port}"

    @property
    def faults(self) -> Faults:
        """Return what goes wrong now."""
        return self._box.current

    @faults.setter
    def faults(self, faults: Faults) -> None:
        self._box.set(faults)

    def set_faults(self, faults: Faults, *others: Faults) -> None:
        """Let several kinds of trouble happen at once; assigning `faults` ends them."""
        self._box.set(faults, *others)

    def start(self) -> Self:
        """Listen, in threads that do not keep the process alive; raise OSError when the port is taken."""
        self._stopping.clear()
        try:
            server = _Server(self.host, self.port, self._app(), _QuietHandler)
        except SystemExit:  # how werkzeug reports a port that is taken
            raise OSError(f"port {self.port} is in use") from None
        self._server, self.port = server, server.port

        threading.Thread(target=server.serve_forever, daemon=True, name=self.vendor).start()
        return self

    def stop(self) -> None:
        """Stop listening and let go of every connection that a fault holds; may be called twice."""
        self._stopping.set()
        self.faults = NO_FAULTS

        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def reset(self) -> None:
        """Forget requests and faults."""
        self.faults = NO_FAULTS
        self.requests.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    def add_routes(self, app: Flask) -> None:
        """Put the vendor's paths on the app."""
        raise NotImplementedError

    def check_client(self) -> None:
        """Raise the vendor's Refusal when the request's credentials or size are not accepted."""

    def check_limits(self, dealt: Dealt) -> None:
        """Raise the vendor's Refusal when a rate limit is reached; `g.headers` go with every answer."""

    def refuse_with_status(self, status: int) -> Refusal:
        """Return the vendor's error for a bare HTTP status."""
        raise NotImplementedError

    def _app(self) -> Flask:
        app = Flask(f"{self.vendor}-stand-in", static_folder=None)
        app.url_rule_class = _Rule
        app.json.sort_keys = False  # type: ignore[attr-defined]  # Flask types its provider as the abstract one
        app.before_request(self._admit)
        app.after_request(self._leave)
        app.register_error_handler(Refusal, refusal_response)
        app.register_error_handler(HTTPException, self._translate)

        self.add_routes(app)
        app.add_url_rule(f"{OWN_PATH}faults", view_func=self._put_faults, methods=["PUT"])
        app.add_url_rule(f"{OWN_PATH}requests", view_func=self._list_requests)
        return app

    def _admit(self) -> Response | None:
        if request.path.startswith(OWN_PATH):
            return None
        g.arrived = self._clock()
        # Read whatever comes of it: closing a connection with unread data would cost the client the answer.
        request.get_data()
        self.check_client()

        g.dealt = dealt = self._box.deal(request.method, request.path)
        if fault_responses.is_unanswered(dealt):
            self._record(NO_ANSWER)
            return fault_responses.end_without_effect(dealt)

        self.check_limits(dealt)
        if dealt.faults.status is not None:
            raise self.refuse_with_status(dealt.faults.status)
        return None

    def _leave(self, response: Response) -> Response:
        if request.path.startswith(OWN_PATH):
            return response
        dealt: Dealt | None = g.get("dealt")
        response = fault_responses.spoil_content(response, dealt.faults) if dealt else response
        response.headers.update(g.get("headers", {}))

        if dealt is None or not fault_responses.is_unanswered(dealt):
            self._record(response.status_code)
        self._stopping.wait(self.latency_s)
        return fault_responses.delay_response(response, dealt) if dealt else response

    def _record(self, status: int) -> None:
        query = request.query_string.decode(errors="replace")
        self.requests.append(SeenRequest(g.arrived, request.method, request.path, status, query))

    def _translate(self, error: HTTPException) -> Response:
        return refusal_response(self.refuse_with_status(error.code or 500))

    def _put_faults(self) -> Response:
        """Set one kind of trouble, or several of them that are given as a list."""
        given = request.get_json(silent=True)
        kinds = given if isinstance(given, list) and given else [given]
        try:
            read = [faults_from_json(each) for each in kinds]
        except ValueError as error:
            return json_response({"error": str(error)}, 422)
        self.set_faults(*read)
        return jsonify([asdict(each) for each in read] if kinds is given else asdict(read[0]))

    def _list_requests(self) -> Response:
        seen = [asdict(one) for one in self.requests]
        return jsonify({"count": len(seen), "requests": seen})


def json_response(body: Mapping[str, object], status: int = 200) -> Response:
    """Return a JSON answer."""
    response = jsonify(body)
    response.status_code = status
    return response


def refusal_response(refusal: Refusal) -> Response:
    """Return a refusal as an answer."""
    return json_response(refusal.body, refusal.status)


class _Rule(Rule):
    """A route that is matched only; werkzeug also compiles how to build its URL, which is most of a server's start."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: ARG002  werkzeug's
        return _refuse_to_build


def _refuse_to_build(*_place: object) -> tuple[str, str]:
    raise NotImplementedError("a stand-in's routes are only matched")


class _Server(StopsAtOnce, ThreadedWSGIServer):
    def server_bind(self) -> None:
        """Bind without asking a resolver for the host's name, as http.server does."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, self.server_address[1]


class _QuietHandler(WSGIRequestHandler):
    """Writes no access log, and nothing about clients that went away."""

    def log(self, *_args: object) -> None:
        """Write nothing: `requests` is the record."""

    def connection_dropped(self, *_error_and_environment: object) -> None:
        """End the connection, else werkzeug waits for the next request of a client that was never answered."""
        self.close_connection = True
