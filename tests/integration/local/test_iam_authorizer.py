"""AWS_IAM at the local gateway: signed requests pass, all others are 403."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.integration.local.test_gateway import Functions
from twilio_bridge_local.credentials import AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
from twilio_bridge_local.functions.gateway import gateway
from twilio_bridge_local.http_server import HttpServer, listen
from twilio_bridge_local.template.bundle import Function, Route

BODY = b'{"entityId": "SM1"}'
PATH = "/entities/Messages/get"


@pytest.fixture
def functions() -> Functions:
    return Functions()


@pytest.fixture
def front(functions: Functions, tmp_path: Path) -> Iterator[HttpServer]:
    routes = {
        "Entities": Route("POST", "/entities/{entity}/{operation}", signed=True),
        "Callback": Route("POST", "/callbacks/crm"),
    }
    known = [
        Function(name, tmp_path, "app.lambda_handler", 1, 128, {}, routes=(route,)) for name, route in routes.items()
    ]
    with gateway(known, functions, listen(0), lambda *_: None) as server:
        yield server


def sign(
    url: str,
    body: bytes = BODY,
    *,
    key: str = AWS_ACCESS_KEY_ID,
    secret: str = AWS_SECRET_ACCESS_KEY,
    service: str = "execute-api",
) -> dict[str, str]:
    """Return the headers that AWS's own signer makes."""
    request = AWSRequest("POST", url, data=body, headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials(key, secret), service, "eu-west-1").add_auth(request)
    return dict(request.headers.items())


@pytest.mark.parametrize("path", [PATH, "/entities/Messages/get?a=1&b=%20x&a=2", "/entities/M%20x/get"])
def test_signed(front: HttpServer, functions: Functions, path: str) -> None:
    """What AWS's signer signs is passed on, path and query included."""
    url = front.url + path
    assert 204 == requests.post(url, data=BODY, headers=sign(url), timeout=5).status_code
    assert "Entities" == functions.called


def test_unsigned(front: HttpServer, functions: Functions) -> None:
    """Without a signature: 403, and the function is not called; other routes need none."""
    answer = requests.post(front.url + PATH, data=BODY, timeout=5)
    assert (403, {"message": "Forbidden"}, "") == (answer.status_code, answer.json(), functions.called)
    assert 204 == requests.post(front.url + "/callbacks/crm", data=BODY, timeout=5).status_code


def test_forged(front: HttpServer, functions: Functions) -> None:
    """A wrong secret, another key, service, body or path, and a signature that is no more: 403."""
    url = front.url + PATH
    attempts = [
        (url, BODY, sign(url, secret="wrong")),
        (url, BODY, sign(url, key="another")),
        (url, BODY, sign(url, service="s3")),
        (url, b'{"entityId": "SM2"}', sign(url)),
        (f"{front.url}/entities/Messages/delete", BODY, sign(url)),
        (f"{url}?x=1", BODY, sign(url)),
        (url, BODY, {**sign(url), "Authorization": "AWS4-HMAC-SHA256 x"}),
        (url, BODY, {**sign(url), "Authorization": "Basic bG9jYWw6bG9jYWw="}),
        (url, BODY, {**sign(url), "X-Amz-Date": f"{datetime.now(UTC) - timedelta(seconds=1):%Y%m%dT%H%M%SZ}"}),
    ]
    for target, body, headers in attempts:
        assert 403 == requests.post(target, data=body, headers=headers, timeout=5).status_code
    assert "" == functions.called


def test_old(front: HttpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signature is good for five minutes."""
    url = front.url + PATH
    headers = sign(url)
    monkeypatch.setattr("twilio_bridge_local.functions.iam_authorizer.MAX_SKEW_S", -1)
    assert 403 == requests.post(url, data=BODY, headers=headers, timeout=5).status_code
