"""Sessions through a proxy: every login and every TLS setting, to https and http addresses."""

import datetime as dt
import gc
import http.server
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.contract.proxy.proxy_server import ProxyServer
from twilio_bridge.adapters.proxy import ALWAYS, BASIC, DIGEST, TUNNEL, open_session
from twilio_bridge.errors import SettingError
from twilio_bridge.settings import Proxy

AUTO, NEVER, NONE = "AUTO", "NEVER", "NONE"


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers with what it was sent."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(b"got")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes) -> None:
        assert "Proxy-Authorization" not in self.headers
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Write no log."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate of this machine, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    moment = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(moment - dt.timedelta(days=1))
        .not_valid_after(moment + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "machine.pem"
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(pem + made.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture(scope="module")
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture(scope="module")
def targets(tls: ssl.SSLContext) -> Iterator[dict[str, str]]:
    """Return the vendor's address, https and http."""
    servers = {scheme: http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) for scheme in ("https", "http")}
    servers["https"].socket = tls.wrap_socket(servers["https"].socket, server_side=True)
    for server in servers.values():
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    yield {scheme: f"{scheme}://127.0.0.1:{server.server_port}" for scheme, server in servers.items()}
    for server in servers.values():
        server.shutdown()
        server.server_close()


def session_through(server: ProxyServer, certificate: Path, **options: str) -> requests.Session:
    given = {"auth_scheme": server.scheme, "user": server.user, "password": server.password, **options}
    return open_session(Proxy(server.address, **given, ca_bundle=str(certificate)))


@pytest.mark.parametrize("scheme", [NONE, BASIC, DIGEST])
@pytest.mark.parametrize("ssl_type", [AUTO, ALWAYS, NEVER, TUNNEL])
def test_an_https_address_is_reached_by_a_tunnel(
    scheme: str, ssl_type: str, certificate: Path, tls: ssl.SSLContext, targets: dict[str, str]
) -> None:
    with ProxyServer(scheme, tls=tls if ssl_type == ALWAYS else None) as server:
        session = session_through(server, certificate, ssl_type=ssl_type)
        assert session.get(f"{targets['https']}/x", timeout=5).content == b"got"
        assert session.post(f"{targets['https']}/x", data={"a": "b"}, timeout=5).content == b"a=b"
        session.close()
    assert server.seen == [f"CONNECT {targets['https'].removeprefix('https://')}"]


@pytest.mark.parametrize("scheme", [NONE, BASIC, DIGEST])
@pytest.mark.parametrize("ssl_type", [AUTO, ALWAYS, NEVER])
def test_an_http_address_is_forwarded(
    scheme: str, ssl_type: str, certificate: Path, tls: ssl.SSLContext, targets: dict[str, str]
) -> None:
    with ProxyServer(scheme, tls=tls if ssl_type == ALWAYS else None) as server:
        session = session_through(server, certificate, ssl_type=ssl_type)
        assert session.post(f"{targets['http']}/x?y=1", data={"a": "b"}, timeout=5).content == b"a=b"
        session.close()
    assert server.seen == [f"POST {targets['http']}/x?y=1"]


def test_a_tunnel_to_an_http_address_is_refused(certificate: Path, targets: dict[str, str]) -> None:
    with ProxyServer() as server:
        session = session_through(server, certificate, ssl_type=TUNNEL)
        with pytest.raises(SettingError, match="PROXY_SSLTYPE"):
            session.get(targets["http"], timeout=5)


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_digest_is_found_among_other_offers(algorithm: str, certificate: Path, targets: dict[str, str]) -> None:
    with ProxyServer(DIGEST, algorithm=algorithm, also_offers="Negotiate") as server:
        session = session_through(server, certificate)
        for target in targets.values():
            assert session.get(target + "/", timeout=5).content == b"got"
        session.close()
    assert len(server.refused) == 2  # each was asked once, and answered at the second attempt


@pytest.mark.parametrize("scheme", [BASIC, DIGEST])
@pytest.mark.parametrize("target", ["https", "http"])
@pytest.mark.parametrize("given", [{"password": "wrong"}, {"auth_scheme": NONE}])
def test_a_login_that_is_refused_is_a_setting_to_mend(
    scheme: str, target: str, given: dict[str, str], certificate: Path, targets: dict[str, str]
) -> None:
    with (
        ProxyServer(scheme) as server,
        session_through(server, certificate, **given) as session,
        pytest.raises(SettingError, match="PROXY_USER") as raised,
    ):
        session.get(targets[target], timeout=5)
    assert server.password not in str(raised.value)
    assert not server.seen


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # urllib3 leaves the socket to the GC
@pytest.mark.parametrize("target", ["https", "http"])
def test_a_proxy_with_a_certificate_of_somebody_else_gets_nothing(
    target: str, tls: ssl.SSLContext, targets: dict[str, str]
) -> None:
    with ProxyServer(BASIC, tls=tls) as server:
        session = open_session(Proxy(server.address, BASIC, server.user, server.password, ALWAYS))
        with pytest.raises(requests.exceptions.ProxyError, match="certificate"):
            session.get(targets[target], timeout=5)
        session.close()
        gc.collect()
    assert not server.seen
    assert not server.refused


def test_the_password_is_in_no_text() -> None:
    assert "geheim" not in repr(Proxy("proxy:3128", BASIC, "user", "geheim"))
    assert "geheim" not in Proxy("proxy:3128", BASIC, "user", "geheim").url


def test_without_a_proxy_nothing_is_different(targets: dict[str, str], certificate: Path) -> None:
    session = open_session()
    session.verify = str(certificate)
    assert session.get(targets["https"], timeout=5).content == b"got"
    session.close()
