"""A Flask app behind a real HTTP server on this machine; used by the vendors' stand-ins."""

import threading

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server


class Quiet(WSGIRequestHandler):
    """Writes no access log: who wants to know asks for a stand-in's `requests`."""

    def log(self, *_args: object) -> None:
        """Say nothing."""


class AppServer:
    """Serves an app in threads that do not keep the process alive, from `start` to `stop`."""

    def __init__(self, name: str, host: str, port: int) -> None:
        self._name = name
        self._host = host
        self._port = port
        self._server: BaseWSGIServer | None = None

    @property
    def url(self) -> str:
        """Where it listens, without a final slash; a RuntimeError before it does."""
        if self._server is None:
            raise RuntimeError("the stand-in is not started")
        return f"http://{self._host}:{self._server.port}"

    def start(self, app: Flask) -> None:
        """Listen; port 0 takes any free one, an OSError says that the port is taken."""
        try:
            self._server = make_server(self._host, self._port, app, threaded=True, request_handler=Quiet)
        except SystemExit:  # the way werkzeug says that the port is taken
            raise OSError(f"port {self._port} is in use") from None
        serve = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True, name=self._name)
        serve.start()

    def stop(self) -> None:
        """Listen no more; may be called twice."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()
