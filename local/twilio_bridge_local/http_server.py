"""A small threaded HTTP/1.1 server on loopback; used by the gateway and by Lambda's Invoke API.

It keeps connections alive, reads every body whole before it answers (so the next request on the
connection begins where it should), refuses those above its limit with 413, and leaves no socket open
after `stop`. `Tracked` brings the same clean end to any other server of the standard library's kind.
"""

import http.client
import json
import selectors
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Final, Self

from twilio_bridge_local.errors import PortTakenError

LOOPBACK: Final = "127.0.0.1"
BODY_LIMIT: Final = 10 * 1024 * 1024
_DRAIN_LIMIT: Final = 8 * BODY_LIMIT  # a refused body is read so far, so that the caller sees the answer
_IDLE_S: Final = 60.0
_STOP_S: Final = 2.0


@dataclass(frozen=True)
class HttpRequest:
    """A request as it came: `target` is path and query, unchanged; header names keep their case and order."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    source_ip: str = LOOPBACK
    protocol: str = "HTTP/1.1"


@dataclass(frozen=True)
class HttpResponse:
    """What goes back; Content-Length is added."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


Answer = Callable[[HttpRequest], HttpResponse]


def json_response(status: int, body: object, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """A response with a JSON body."""
    fields = {"Content-Type": "application/json", **(headers or {})}
    return HttpResponse(status, tuple(fields.items()), json.dumps(body, separators=(",", ":")).encode())


def listen(port: int, host: str = LOOPBACK) -> socket.socket:
    """A listening socket; port 0 takes any free one."""
    try:
        return socket.create_server((host, port), backlog=128)
    except (OSError, OverflowError) as error:
        raise PortTakenError(port) from error


class StopsAtOnce(socketserver.TCPServer):
    """Is woken up to stop; the standard library's servers look for it every so often, busy or not."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401  whatever the server beside it takes
        self._wake, self._woken = socket.socketpair()
        self._ended = threading.Event()
        super().__init__(*arguments, **options)

    def serve_forever(self, poll_interval: float = 0) -> None:  # noqa: ARG002  nothing is polled
        """Serve until `shutdown`, which may be called before."""
        with selectors.DefaultSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while all(key.fd == self.fileno() for key, _ in selector.select()):
                self._handle_request_noblock()  # type: ignore[attr-defined]  # typeshed leaves it out
        self._ended.set()

    def shutdown(self) -> None:
        """End `serve_forever`, and return once it has."""
        self._wake.send(b".")
        self._ended.wait()

    def server_close(self) -> None:
        """Close the sockets."""
        super().server_close()
        self._wake.close()
        self._woken.close()


class Tracked(socketserver.ThreadingMixIn):
    """Knows its open connections, so that stopping closes them too."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401  whatever the server beside it takes
        self._open: set[Any] = set()
        super().__init__(*arguments, **options)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  as in socketserver
        """Remember the connection, then serve it in a thread."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401  as in socketserver
        """Close the connection, then forget it."""
        super().shutdown_request(request)  # type: ignore[misc]  # the server beside this mixin has it
        self._open.discard(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401  as in socketserver
        """A caller that went away is not worth a line; anything else is."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[misc]  # as above

    def drop_connections(self) -> None:
        """End all open connections and wait until their threads have closed them."""
        deadline = time.monotonic() + _STOP_S
        while self._open and time.monotonic() < deadline:
            for request in list(self._open):
                with suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)
            time.sleep(0.005)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_S
    wbufsize = -1  # head and body leave in one piece
    server: "_Server"

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):  # every method is the application's to judge
            return self._serve
        raise AttributeError(name)

    def version_string(self) -> str:
        """The Server header."""
        return "twilio-bridge-local"

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  the base class names it so
        """The functions' log has what happened."""

    def _serve(self) -> None:
        try:
            body = self._body()
        except ValueError:  # a length that is no number
            self.close_connection = True
            self._send(json_response(400, {"message": "Bad Request"}))
            return
        if body is None:
            self._send(json_response(413, {"message": "Request Entity Too Large"}))
            return
        request = HttpRequest(
            method=self.command,
            target=self.path,
            headers=tuple(self.headers.items()),
            body=body,
            source_ip=self.client_address[0],
            protocol=self.request_version,
        )
        self._send(self.server.answer(request))

    def _send(self, response: HttpResponse) -> None:
        self.send_response(response.status)
        for name, value in response.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    def _body(self) -> bytes | None:
        """The whole body, or None when it is too large."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            pieces = self._chunks()
        else:
            pieces = self._plain(int(self.headers.get("Content-Length") or 0))
        kept, size = [], 0
        for piece in pieces:
            size += len(piece)
            if size <= BODY_LIMIT:
                kept.append(piece)
            if size > _DRAIN_LIMIT:
                self.close_connection = True
                break
        return b"".join(kept) if size <= BODY_LIMIT else None

    def _plain(self, length: int) -> Iterator[bytes]:
        while length > 0:
            piece = self.rfile.read(min(length, 1 << 20))
            if not piece:
                raise ConnectionResetError
            length -= len(piece)
            yield piece

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            yield from self._plain(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass


class StoppableServer(Tracked, StopsAtOnce):
    """Stops at once, and closes its connections then."""


class RunsInThread:
    """Answers in a thread of its own between `start` and `stop`; also a context manager."""

    _server: StoppableServer
    _thread: threading.Thread

    def prepare(self, server: StoppableServer) -> None:
        """Take the server that `start` runs."""
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, daemon=True)

    def start(self) -> Self:
        """Begin to answer."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Answer no more; every connection is closed when this returns."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.drop_connections()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(StoppableServer):
    def __init__(self, listening: socket.socket, answer: Answer) -> None:
        super().__init__(listening.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self.server_address = listening.getsockname()
        self.answer = answer


@dataclass
class HttpServer(RunsInThread):
    """Serves `answer` on the listening socket, which it takes over, between `start` and `stop`."""

    answer: Answer
    listening: socket.socket = field(default_factory=lambda: listen(0))

    def __post_init__(self) -> None:
        self.port: int = self.listening.getsockname()[1]
        self.prepare(_Server(self.listening, self.answer))

    @property
    def url(self) -> str:
        """Where it listens, without a final slash."""
        return f"http://{LOOPBACK}:{self.port}"


def wait_until_it_answers(url: str, timeout_s: float = 5.0) -> None:
    """Return once anything, even a 404, comes back."""
    host = url.removeprefix("http://")
    connection = http.client.HTTPConnection(host, timeout=timeout_s)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    finally:
        connection.close()
