"""How the faults look on the wire, for the stand-ins' server: silence, cuts, delay, rubbish, answers that trickle."""

import socket
from collections.abc import Iterator

from flask import Response, request

from twilio_bridge_local.vendors.faults import Dealt, Faults

MAINTENANCE_PAGE = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Be right back.</body></html>"
WRONG_SHAPE = '{"data": [1, 2, 3], "records": {"next": null}}'


def is_unanswered(dealt: Dealt) -> bool:
    """Return whether no answer leaves, whatever comes of the request."""
    return dealt.faults.silent or bool(dealt.faults.cut)


def end_without_effect(dealt: Dealt) -> Response | None:
    """Return the end of a request that has no effect and no answer, once it has come; None for any other."""
    if dealt.faults.silent:
        dealt.released.wait()
        return hang_up()
    return hang_up() if dealt.faults.cut == "before" else None


def hang_up() -> Response:
    """Cut the connection; the response that is returned goes nowhere."""
    connection = request.environ.get("werkzeug.socket")
    if isinstance(connection, socket.socket):
        connection.shutdown(socket.SHUT_RDWR)
    return Response(status=503)


def spoil_content(response: Response, faults: Faults) -> Response:
    """Return the answer with what is wrong with its content."""
    if faults.rubbish == "html":
        return Response(MAINTENANCE_PAGE, status=faults.status or 200, mimetype="text/html")
    if faults.rubbish == "json":
        return Response(WRONG_SHAPE, status=faults.status or 200, mimetype="application/json")
    if faults.rubbish == "truncated":
        response.headers["Content-Length"] = str(len(response.get_data()) + 100)
    return response


def delay_response(response: Response, dealt: Dealt) -> Response:
    """Return the answer at the time and the pace that the faults allow."""
    if dealt.faults.latency_s:
        dealt.released.wait(dealt.faults.latency_s)
    if dealt.faults.cut == "after":
        return hang_up()
    if dealt.faults.drip:
        body = response.get_data()
        length = response.headers["Content-Length"]
        response.response = _drip_body(body, dealt)
        response.headers["Content-Length"] = length
    return response


def _drip_body(body: bytes, dealt: Dealt) -> Iterator[bytes]:
    """Yield nothing at first, so that the headers leave; then a byte a second until the faults are released."""
    yield b""
    for byte in body:
        if dealt.released.wait(1.0):
            return
        yield bytes([byte])
