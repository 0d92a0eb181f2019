"""The company's proxy between us and the vendors: sessions of requests that go through it.

requests knows no digest login at a proxy; a connection of its own answers the challenge, to CONNECT and to forwarded
requests alike. https://www.rfc-editor.org/rfc/rfc7616
"""

import http.client
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from requests.auth import HTTPDigestAuth, _basic_auth_str
from requests.utils import parse_dict_header
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.poolmanager import ProxyManager

from twilio_bridge.errors import SettingError
from twilio_bridge.settings import Proxy

BASIC: Final = "BASIC"
DIGEST: Final = "DIGEST"
ALWAYS: Final = "ALWAYS"
TUNNEL: Final = "TUNNEL"
WANTS_LOGIN: Final = 407
_LOGIN: Final = "Proxy-Authorization"
_TUNNEL_FAILED: Final = "Tunnel connection failed: "  # the standard library's text


def open_session(proxy: Proxy | None = None) -> requests.Session:
    """Return a session, through the proxy where there is one."""
    session = requests.Session()
    if proxy:
        use_proxy(session, proxy)
    return session


def use_proxy(session: requests.Session, proxy: Proxy) -> None:
    """Let a session's requests go through the proxy, whatever the machine's own settings are."""
    session.trust_env = False  # the machine's proxies would go before ours
    session.verify = proxy.ca_bundle or True
    session.proxies = {"http": proxy.url, "https": proxy.url}
    session.mount("https://", ProxyAdapter(proxy))
    session.mount("http://", ProxyAdapter(proxy))


class ProxyAdapter(HTTPAdapter):
    """Requests' transport with a login at the proxy."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        super().__init__()

    def proxy_headers(self, proxy: str) -> dict[str, str]:  # noqa: ARG002  the base class's signature
        """Return what goes to the proxy with each CONNECT or forwarded request."""
        if self._proxy.auth_scheme != BASIC:
            return {}
        return {_LOGIN: _basic_auth_str(self._proxy.user, self._proxy.password)}

    def proxy_manager_for(self, proxy: str, **options: Any) -> ProxyManager:  # noqa: ANN401  the base class's signature
        """Return the connections to the proxy; their tunnels answer a digest challenge."""
        manager = super().proxy_manager_for(proxy, **options)
        if self._proxy.auth_scheme == DIGEST:
            pool = type("DigestPool", (DigestPool,), {"ConnectionCls": _connection_class(self._proxy)})
            manager.pool_classes_by_scheme = {**manager.pool_classes_by_scheme, "https": pool}
        return manager  # type: ignore[no-any-return]  # the stubs leave it open

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:  # noqa: ANN401  the base class's signature
        """Check certificates; requests leaves out a proxy's own where the address behind it is http."""
        checked = self._proxy.url if self._proxy.ssl_type == ALWAYS else url
        super().cert_verify(conn, checked, verify, cert)  # type: ignore[no-untyped-call]  # as its stubs are

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401  as above
        """Send a request; a forwarded one again with the answer to the proxy's challenge."""
        is_forwarded = str(request.url).startswith("http://")
        if is_forwarded and self._proxy.ssl_type == TUNNEL:
            raise SettingError(
                "PROXY_SSLTYPE TUNNEL is for https addresses; with an http one it is to be AUTO or NEVER"
            )
        try:
            response = super().send(request, *args, **options)
            challenge = find_digest(response.raw.headers.getlist("Proxy-Authenticate"))
            if response.status_code == WANTS_LOGIN and self._proxy.auth_scheme == DIGEST and challenge:
                response.close()
                login = answer_challenge(self._proxy, challenge, str(request.method), str(request.url))
                request.headers[_LOGIN] = login
                response = super().send(request, *args, **options)
        except requests.exceptions.ConnectionError as error:
            if f"{_TUNNEL_FAILED}{WANTS_LOGIN}" not in str(error):
                raise
            raise self._refused() from None  # its text names whom we call
        if response.status_code == WANTS_LOGIN:
            response.close()
            raise self._refused()
        return response

    def _refused(self) -> SettingError:
        return SettingError(
            f"the proxy refuses our login ({self._proxy.auth_scheme}); check PROXY_AUTH_SCHEME (BASIC, DIGEST, NONE), "
            "PROXY_USER and PROXY_PASSWORD"
        )


class ChallengedError(OSError):
    """The proxy wants a digest login for its tunnel."""

    def __init__(self, challenge: str) -> None:
        super().__init__("the proxy wants a digest login")
        self.challenge = challenge


class DigestConnection(HTTPSConnection):
    """A connection through a tunnel; it is opened a second time, with a login, where the proxy asks for one."""

    answer: Callable[[str, str], str]

    def connect(self) -> None:
        """Connect through the tunnel."""
        host, port, scheme = str(self._tunnel_host), self._tunnel_port, self._tunnel_scheme
        headers: Mapping[str, str] = dict(self._tunnel_headers)  # type: ignore[attr-defined]  # same
        try:
            super().connect()
        except ChallengedError as challenged:
            login = self.answer(challenged.challenge, f"{host}:{port}")
            self.close()
            self.set_tunnel(host, port, {**headers, _LOGIN: login}, scheme=scheme or "http")
            super().connect()

    def _tunnel(self) -> None:
        """Ask for the tunnel; the standard library does not show a refusal's headers."""
        authority = f"{self._tunnel_host}:{self._tunnel_port}"
        headers = {"Host": authority, **self._tunnel_headers}  # type: ignore[attr-defined]  # http.client's own
        lines = [f"CONNECT {authority} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        self.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        response = http.client.HTTPResponse(self.sock, method="CONNECT")
        try:
            response.begin()
            status, challenge = response.status, find_digest(response.headers.get_all("Proxy-Authenticate") or ())
        finally:
            response.close()
        if status == WANTS_LOGIN and challenge and _LOGIN not in headers:
            raise ChallengedError(challenge)
        if status != http.client.OK:
            raise OSError(f"{_TUNNEL_FAILED}{status}")


class DigestPool(HTTPSConnectionPool):
    """Tunnels with a digest login."""


def _connection_class(proxy: Proxy) -> type[DigestConnection]:
    def answer(_connection: DigestConnection, challenge: str, authority: str) -> str:
        return answer_challenge(proxy, challenge, "CONNECT", authority)

    return type("OurDigestConnection", (DigestConnection,), {"answer": answer})


def answer_challenge(proxy: Proxy, challenge: str, method: str, target: str) -> str:
    """Return the header that answers a digest challenge; `target` is what stands in the request line."""
    digest: Any = HTTPDigestAuth(proxy.user, proxy.password)  # its stubs show neither of these
    digest.init_per_thread_state()
    digest._thread_local.chal = parse_dict_header(challenge.partition(" ")[2])  # type: ignore[no-untyped-call]  # noqa: SLF001  it has no way in without a response
    # requests signs a URL's path; behind a scheme of no meaning the whole target is one.
    header = digest.build_digest_header(method, f"target:{target}")
    if header is None:
        raise SettingError("the proxy's digest challenge is of a kind that requests does not know; use BASIC")
    return str(header)


def find_digest(challenges: Iterable[str]) -> str:
    """Return the first digest challenge of a refusal, which may offer others beside it."""
    return next((each for each in challenges if each.lower().startswith("digest ")), "")
