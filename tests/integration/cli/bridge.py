"""A bridge for the command's tests: a real HTTP server that checks signatures with Twilio's own library."""

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs

from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from twilio_bridge.errors import SignatureError

Form = dict[str, list[str]]


@dataclass(frozen=True)
class Received:
    """A request as it arrived."""

    path: str
    headers: dict[str, str]
    form: Form


@dataclass(frozen=True)
class Reply:
    """What is answered; a body that is no text is sent as JSON."""

    body: object = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


class Bridge:
    """Answers signed calls with what `answer` says, others with 403."""

    def __init__(self, token: str) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], Reply] = lambda _: Reply()
        self.checks = True
        self._validator = RequestValidator(token)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self))
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=partial(self._server.serve_forever, 0.01))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reply(self, received: Received) -> Reply:
        """Check the signature, then answer."""
        self.received.append(received)
        signature = received.headers.get("X-Twilio-Signature", "")
        url = self.url + received.path
        form = MultiDict((name, value) for name, values in received.form.items() for value in values)
        if self.checks and not self._validator.validate(url, form, signature):
            return Reply({"friendly_error_message": SignatureError.friendly}, 403)
        return self.answer(received)


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, bridge: Bridge, *arguments: object) -> None:
        self._bridge = bridge
        super().__init__(*arguments)  # type: ignore[arg-type]  # as the server calls it

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = parse_qs(body, keep_blank_values=True)
        reply = self._bridge.reply(Received(self.path, dict(self.headers.items()), form))
        with suppress(ConnectionError):  # whoever asked may not have waited
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body)
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(text.encode()))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""
