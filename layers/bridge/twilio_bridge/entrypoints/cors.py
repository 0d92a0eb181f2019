"""Permission for a browser's page to read an answer: https://developer.mozilla.org/docs/Web/HTTP/CORS."""

from collections.abc import Sequence

from twilio_bridge.entrypoints.http import Reply


def allow_origin(reply: Reply, origin: str, origins: Sequence[str]) -> Reply:
    """Let a page of one of these origins read the answer (CORS); answers to others stay as they are."""
    if origin not in origins:
        return reply
    permission = {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "authorization, content-type",
        "vary": "origin",
    }
    return {**reply, "headers": {**reply["headers"], **permission}}
