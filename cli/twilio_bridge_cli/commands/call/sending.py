"""One callback over HTTP, as Twilio sends it: a signed form, ten seconds at most, redirects not followed.

Only the proof is ours to choose: signed, without signature, or with one that does not fit.
"""

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

import requests

from twilio_bridge.entrypoints.twilio_signature import sign
from twilio_bridge_cli.commands.call.parameters import Parameters
from twilio_bridge_cli.commands.call.tokens import Token
from twilio_bridge_cli.environment import is_local
from twilio_bridge_cli.errors import CommandError, UnreachableError

TIMEOUT_S: Final = 10
USER_AGENT: Final = "TwilioProxy/1.1"


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent and where. `token` signs it; without one it is unsigned, or wrongly signed if `forged`."""

    url: str
    parameters: Parameters
    token: Token | None
    forged: bool = False

    @property
    def is_signed(self) -> bool:
        """Whether the signature is right."""
        return self.token is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; the body is decoded where it is JSON, else it is the text."""

    status: int
    reason: str
    ms: int
    size: int
    body: object
    is_json: bool
    redirect: str = ""

    @property
    def ok(self) -> bool:
        """Whether the status is a success."""
        return 200 <= self.status < 300  # noqa: PLR2004


def send_call(call: Call) -> Answer:
    """Send a call and return its answer; raise UnreachableError when there is none within 10 s."""
    request = _request(call)
    started = time.monotonic()
    try:
        response = _post(request)
    except requests.Timeout as error:
        raise UnreachableError(f"{call.url} did not answer within {TIMEOUT_S} s.", _silence(call)) from error
    except requests.exceptions.SSLError as error:
        raise UnreachableError(
            f"{call.url} shows no certificate that holds.", "Use the name that the certificate is for."
        ) from error
    except requests.RequestException as error:
        raise UnreachableError(f"{call.url} cannot be reached.", _silence(call)) from error
    return _answer(response, round((time.monotonic() - started) * 1000))


def _request(call: Call) -> requests.PreparedRequest:
    form = urlencode([(name, value) for name, values in call.parameters.items() for value in values])
    headers = {
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
        "I-Twilio-Idempotency-Token": secrets.token_hex(16),
    }
    try:
        request = requests.Request("POST", call.url, data=form, headers=headers).prepare()
    except (requests.RequestException, ValueError) as error:
        raise CommandError(f"{call.url} is no address that can be called.", "See --url.") from error
    # What is signed is the address as it is sent: preparing may have escaped something.
    request.headers.update(_proof(call, request.url or call.url))
    return request


def _proof(call: Call, url: str) -> Mapping[str, str]:
    if call.token is None and not call.forged:
        return {}
    key = secrets.token_hex(16) if call.token is None else call.token.value
    return {"X-Twilio-Signature": sign(key, url, call.parameters)}


def _post(request: requests.PreparedRequest) -> requests.Response:
    with requests.Session() as session:
        session.trust_env = not is_local(request.url or "")  # a proxy would look for this machine on its own
        environment = session.merge_environment_settings(request.url, {}, stream=False, verify=None, cert=None)
        return session.send(request, timeout=TIMEOUT_S, allow_redirects=False, **environment)


def _silence(call: Call) -> str:
    if is_local(call.url):
        return "Is the local stack running (make run), and on this port (PORT, --url)?"
    return "Check the address (the stack's output BaseUrl, --url) and your network."


def _answer(response: requests.Response, ms: int) -> Answer:
    text = response.content.decode("utf-8", "replace")
    try:
        body, is_json = json.loads(text), True
    except (ValueError, RecursionError):
        body, is_json = text, False
    return Answer(
        response.status_code,
        response.reason or "",
        ms,
        len(response.content),
        body,
        is_json,
        response.headers.get("Location", "") if response.is_redirect else "",
    )
