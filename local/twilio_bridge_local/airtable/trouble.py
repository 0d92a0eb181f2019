"""How the faults look on the wire, for the server: silence, delay, rubbish and answers that trickle."""

import socket
from collections.abc import Iterator

from flask import Response, request

from twilio_bridge_local.airtable.faults import Dealt, Faults

MAINTENANCE_PAGE = "<!DOCTYPE html><html><head><title>Airtable</title></head><body>Be right back.</body></html>"
WRONG_SHAPE = '{"data": [1, 2, 3], "records": {"next": null}}'


def silence(dealt: Dealt) -> Response:
    """Hold the request until its faults are released, then cut the connection without a word."""
    dealt.released.wait()
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    return Response(status=503)


def spoil(response: Response, faults: Faults) -> Response:
    """The answer with what is wrong with its content."""
    if faults.rubbish == "html":
        return Response(MAINTENANCE_PAGE, mimetype="text/html")
    if faults.rubbish == "json":
        return Response(WRONG_SHAPE, mimetype="application/json")
    if faults.rubbish == "truncated":
        response.headers["Content-Length"] = str(len(response.get_data()) + 100)
    return response


def delay(response: Response, dealt: Dealt) -> Response:
    """The answer at the time and the pace that the faults allow."""
    if dealt.faults.latency_s:
        dealt.released.wait(dealt.faults.latency_s)
    if dealt.faults.drip:
        body = response.get_data()
        length = response.headers["Content-Length"]
        response.response = _dripping(body, dealt)
        response.headers["Content-Length"] = length
    return response


def _dripping(body: bytes, dealt: Dealt) -> Iterator[bytes]:
    """Nothing at first, so that the headers leave; then a byte a second until the faults are released."""
    yield b""
    for byte in body:
        if dealt.released.wait(1.0):
            return
        yield bytes([byte])
