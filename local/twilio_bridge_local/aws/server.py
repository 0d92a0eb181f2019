"""AWS on this machine: moto's server in this process, or the endpoint that was given; used by the stack.

Real AWS is out of reach by construction: every client made here has an explicit endpoint and made-up
credentials, reads no profile and no configuration file, and an endpoint at amazonaws.com is refused. moto
keeps its state in the process, so there is one embedded AWS at a time; it starts empty.
"""

import os
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import cache, lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from moto.core.base_backend import BackendDict
from moto.core.model_instances import reset_model_data
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from twilio_bridge_local.aws.call_log import AwsCall, calls_of
from twilio_bridge_local.aws.moto_patches import end_waits, keep_message_groups, turn
from twilio_bridge_local.aws.moto_speed import speed_up_moto
from twilio_bridge_local.credentials import AWS_ACCESS_KEY_ID, AWS_REGION, AWS_SECRET_ACCESS_KEY
from twilio_bridge_local.errors import SettingsError
from twilio_bridge_local.http_server import LOOPBACK, HttpRequest, HttpResponse, RunsInThread, StoppableServer

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

INVOKE_PREFIX: Final = "/2015-03-31/functions/"

# What Lambda would set, and what keeps the SDK from looking for anything else.
CREDENTIALS: Final[Mapping[str, str]] = {
    "AWS_ACCESS_KEY_ID": AWS_ACCESS_KEY_ID,
    "AWS_SECRET_ACCESS_KEY": AWS_SECRET_ACCESS_KEY,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
_CONFIG: Final = Config(
    proxies={},  # an endpoint on this machine is not behind the developer's proxy
    connect_timeout=3,
    read_timeout=30,
    retries={"mode": "standard", "total_max_attempts": 2},
    parameter_validation=True,
    user_agent="twilio-bridge-local",  # the SDK's own is put together anew for each request
    max_pool_connections=50,  # every poller of a queue holds one
)

_ONE_AT_A_TIME: Final = threading.Lock()


def refuse_real_aws(url: str) -> str:
    """The URL, unless it is Amazon's."""
    host = (urlsplit(url).hostname or "").lower().rstrip(".")
    if not host:
        raise SettingsError(f"AWS_ENDPOINT_URL should be a URL like http://127.0.0.1:4566, not {url!r}")
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws")) or host == "amazonaws.com":
        raise SettingsError(f"AWS_ENDPOINT_URL is {url}: the local stack never reaches AWS itself; unset it")
    return url.rstrip("/")


@cache
def session() -> boto3.Session:
    """A session that knows no profile, no file and no account of the developer's."""
    core = botocore.session.Session(
        {
            "profile": (None, None, None, None),
            "config_file": (None, None, os.devnull, None),
            "credentials_file": (None, None, os.devnull, None),
        }
    )
    return boto3.Session(
        aws_access_key_id=AWS_ACCESS_KEY_ID,
        aws_secret_access_key=AWS_SECRET_ACCESS_KEY,
        region_name=AWS_REGION,
        botocore_session=core,
    )


def client(service: str, endpoint_url: str) -> Any:  # noqa: ANN401  boto3 makes its clients' classes while it runs
    """A client of one service at the endpoint, the same one for everybody: making one takes longer than a request."""
    with _ONE_AT_A_TIME:  # clients may be shared between threads, making them may not
        return _make_client(service, refuse_real_aws(endpoint_url))


@lru_cache(maxsize=16)
def _make_client(service: str, url: str) -> Any:  # noqa: ANN401  same
    make: Callable[..., Any] = session().client
    return make(service, endpoint_url=url, config=_CONFIG)


class _QuietHandler(WSGIRequestHandler):
    def log(self, type: str, message: str, *arguments: object) -> None:  # noqa: A002  the base class names it so
        """The functions' log has what happened."""


class _MotoServer(StoppableServer, ThreadedWSGIServer):
    pass


class EmbeddedAws(RunsInThread):
    """moto's server on a free port of loopback; `invoke` answers Lambda's Invoke API at the same endpoint.

    `sam local invoke` hands a function the variables that its template declares and no other, so there the
    Invoke API has to be found at AWS_ENDPOINT_URL.
    """

    def __init__(self, invoke: Callable[[HttpRequest], HttpResponse] | None = None, *, host: str = LOOPBACK) -> None:
        _hide_profiles()
        _forget()
        keep_message_groups()
        speed_up_moto()
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._invoke = invoke
        self.calls: set[AwsCall] = set()
        server = _MotoServer(host, 0, self._application, handler=_QuietHandler)
        self.prepare(server)
        self.url = f"http://{host}:{server.port}"

    def end_waits(self) -> None:
        """Answer who waits for messages now, and let nobody wait any more."""
        end_waits()

    def _application(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        self._note(environ)
        if self._invoke is None or not environ["PATH_INFO"].startswith(INVOKE_PREFIX):
            with turn(environ):
                answer: Iterable[bytes] = self._moto(environ, start_response)
            return answer
        response = self._invoke(_request(environ))
        start_response(f"{response.status} .", [*response.headers, ("Content-Length", str(len(response.body)))])
        return [response.body]

    def _note(self, environ: "WSGIEnvironment") -> None:
        """Remember what was asked for; a body that is read is put back for whoever answers."""
        body = b""
        if "HTTP_X_AMZ_TARGET" in environ:
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = BytesIO(body)
        headers = {
            key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")
        }
        self.calls |= calls_of(environ["REQUEST_METHOD"], environ["PATH_INFO"], headers, body)


def _request(environ: "WSGIEnvironment") -> HttpRequest:
    headers = [(key[5:].replace("_", "-"), value) for key, value in environ.items() if key.startswith("HTTP_")]
    length = int(environ.get("CONTENT_LENGTH") or 0)
    return HttpRequest(
        environ["REQUEST_METHOD"], environ["RAW_URI"], tuple(headers), environ["wsgi.input"].read(length)
    )


def _hide_profiles() -> None:
    """For this process: moto makes sessions of its own, and a profile that is not there would break them."""
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        os.environ.pop(name, None)
    os.environ.update(dict.fromkeys(("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"), os.devnull))


def _forget() -> None:
    """Empty what an embedded AWS before this one kept."""
    BackendDict.reset()
    reset_model_data()
