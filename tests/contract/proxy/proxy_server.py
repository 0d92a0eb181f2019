"""A proxy of our own: tunnels and forwards, with a login of RFC 7616 or RFC 7617 if it wants one, over TLS if it can.

It checks digests by itself, from the RFC, and remembers what it saw.
"""

import base64
import hashlib
import re
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

REALM, NONCE = "our proxy", "5f3a"


@dataclass
class ProxyServer:
    """One proxy on this machine; `seen` has what it let through, as method and target."""

    scheme: str = "NONE"
    user: str = "bridge"
    password: str = "pass word"
    tls: ssl.SSLContext | None = None
    algorithm: str = "MD5"
    also_offers: str = ""
    seen: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._listening.close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(client,), daemon=True).start()

    def _handle(self, client: socket.socket) -> None:
        try:
            if self.tls:
                client = self.tls.wrap_socket(client, server_side=True)
            head = read_head(client)
            line, headers = head.split("\r\n", 1)
            method, target, _ = line.split(" ")
            if not self._accepts(headers, method, target):
                self.refused.append(line)
                client.sendall(self._challenge())
                return
            self.seen.append(f"{method} {target}")  # Python 3.11 asks for a tunnel in HTTP/1.0
            self._tunnel(client, target) if method == "CONNECT" else self._forward(client, head, target)
        except OSError:
            pass
        finally:
            hang_up(client)

    def _accepts(self, headers: str, method: str, target: str) -> bool:
        given = re.search(r"(?im)^proxy-authorization: (.*?)\r?$", headers)
        if self.scheme == "NONE":
            return given is None
        if given is None:
            return False
        if self.scheme == "BASIC":
            wanted = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            return given[1] == f"Basic {wanted}"
        return self._accepts_digest(given[1], method, target)

    def _accepts_digest(self, given: str, method: str, target: str) -> bool:
        fields = dict(re.findall(r'(\w+)="?([^",]*)"?', given.removeprefix("Digest ")))
        first = self._hash(f"{self.user}:{REALM}:{self.password}")
        second = self._hash(f"{method}:{target}")
        parts = (first, NONCE, fields["nc"], fields["cnonce"], "auth", second)
        return (fields["uri"], fields["response"]) == (target, self._hash(":".join(parts)))

    def _hash(self, text: str) -> str:
        name = {"MD5": "md5", "SHA-256": "sha256"}[self.algorithm]
        return hashlib.new(name, text.encode()).hexdigest()

    def _challenge(self) -> bytes:
        digest = f'Digest realm="{REALM}", nonce="{NONCE}", qop="auth", algorithm={self.algorithm}'
        offers = [self.also_offers, digest if self.scheme == "DIGEST" else f'Basic realm="{REALM}"']
        lines = [f"Proxy-Authenticate: {offer}" for offer in offers if offer]
        return "\r\n".join(
            ["HTTP/1.1 407 Proxy Authentication Required", *lines, "Content-Length: 0", "Connection: close", "", ""]
        ).encode()

    def _tunnel(self, client: socket.socket, target: str) -> None:
        host, _, port = target.partition(":")
        with socket.create_connection((host, int(port)), timeout=5) as server:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=pump, args=(server, client), daemon=True)
            back.start()
            pump(client, server)
            back.join()

    def _forward(self, client: socket.socket, head: str, target: str) -> None:
        match = re.match(r"http://([^:/]+):(\d+)(/.*)", target)
        assert match, target
        kept = re.sub(r"(?im)^(proxy-authorization|connection): .*\r\n", "", head.replace(target, match[3], 1))
        kept = kept.replace("\r\n", "\r\nConnection: close\r\n", 1)
        with socket.create_connection((match[1], int(match[2])), timeout=5) as server:
            server.sendall((kept + read_rest(client, head)).encode("latin-1"))
            pump(server, client)


def read_head(client: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = client.recv(65536)
        if not piece:
            raise ConnectionResetError
        head += piece
    return head.decode("latin-1")


def read_rest(client: socket.socket, head: str) -> str:
    """Return what is left of a request's body."""
    length = re.search(r"(?im)^content-length: (\d+)", head)
    missing = int(length[1]) - len(head.partition("\r\n\r\n")[2]) if length else 0
    rest = b""
    while len(rest) < missing:
        rest += client.recv(65536)
    return rest.decode("latin-1")


def hang_up(client: socket.socket) -> None:
    """Close a connection so that the other side reads all that was sent: with bytes unread, TCP would reset it."""
    with suppress(OSError):
        client.settimeout(1)
        client.shutdown(socket.SHUT_WR)
        while client.recv(65_536):
            pass
    client.close()


def pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
