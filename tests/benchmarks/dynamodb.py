"""DynamoDB over HTTP on this machine, quick enough that a crowd waits for nobody else: dictionaries behind one thread.

Requests are taken one after the other, so each is as atomic as at AWS. moto would be the bottleneck.
"""

import asyncio
import json
import re
from base64 import b64decode, b64encode
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from botocore.exceptions import ClientError

from tests.fakes.dynamodb import Dictionary

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
TARGET = re.compile(rb"x-amz-target: *DynamoDB_\d+\.(\w+)", re.IGNORECASE)
WORD = re.compile(r"(?<!^)(?=[A-Z])")
END = b"\r\n\r\n"
BACKLOG = 2_048
COUNT = "Count"


@dataclass
class Tables:
    """Tables by their names, made when they are first asked for; `COUNT` asks for the requests so far."""

    tables: defaultdict[str, Dictionary] = field(default_factory=lambda: defaultdict(Dictionary))
    requests: Counter[str] = field(default_factory=Counter)

    def answer(self, operation: str, body: bytes) -> bytes:
        """Return an answer, or a refusal, with its head."""
        if operation == COUNT:
            return _written("200 OK", self.requests)
        self.requests[operation] += 1
        request = json.loads(body, object_hook=_in)
        table = self.tables[request.get("TableName") or next(iter(request["RequestItems"]))]
        try:
            answer = getattr(table, WORD.sub("_", operation).lower())(**request)
        except ClientError as error:
            return _written("400 Bad Request", {"__type": error.response["Error"]["Code"]})
        return _written("200 OK", answer)


class Caller(asyncio.Protocol):
    """One connection, kept alive."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._waiting = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that is here as a whole."""
        self._waiting += data
        while END in self._waiting:
            head, _, rest = self._waiting.partition(END)
            length, target = LENGTH.search(head), TARGET.search(head)
            size = int(length[1]) if length else 0
            if len(rest) < size:
                return
            self._waiting = rest[size:]
            answer = self._tables.answer(target[1].decode() if target else "", rest[:size])
            self._transport.write(answer)  # type: ignore[attr-defined]  # a connection's can be written to


def _written(status: str, answer: Any) -> bytes:
    body = json.dumps(answer, default=lambda data: b64encode(data).decode()).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/x-amz-json-1.0\r\nContent-Length: {len(body)}"
    return head.encode() + END + body


def _in(value: dict[str, Any]) -> dict[str, Any]:
    """Return bytes as bytes; on the wire they are base64."""
    return {"B": b64decode(value["B"])} if value.keys() == {"B"} and isinstance(value["B"], str) else value


async def _serve(told: Connection) -> None:
    tables = Tables()
    server = await asyncio.get_running_loop().create_server(lambda: Caller(tables), "127.0.0.1", 0, backlog=BACKLOG)
    told.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    over = asyncio.Event()
    asyncio.get_running_loop().add_reader(told.fileno(), over.set)  # the other end is closed, or its process is gone
    await over.wait()
    server.close()


def serve(told: Connection) -> None:
    """Answer until the other end of `told` is closed, to which its address is sent."""
    asyncio.run(_serve(told))
