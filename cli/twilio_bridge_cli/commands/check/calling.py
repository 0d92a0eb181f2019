"""The port Caller: our own URLs, called as their vendors call them, with what changes nothing."""

import hashlib
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import requests

from twilio_bridge.entrypoints.twilio_signature import sign
from twilio_bridge.errors import UnavailableError
from twilio_bridge_cli.environment import is_local

TIMEOUT_S: Final = 10
FORM: Final = "application/x-www-form-urlencoded; charset=UTF-8"


class HttpCaller:
    """Calls a deployment at its address, signed with the account's auth token."""

    def __init__(self, base_url: str, token: str) -> None:
        self._base_url = base_url
        self._token = token

    def post_signed(self, path: str, form: Mapping[str, str]) -> int:
        """Send a form as Twilio does."""
        url = self._base_url + path
        signature = sign(self._token, url, {name: [value] for name, value in form.items()})
        return self._post(url, urlencode(form).encode(), {"X-Twilio-Signature": signature, "Content-Type": FORM})

    def post_json(self, path: str, body: bytes, *, signed: bool) -> int:
        """Send JSON as Event Streams does: the URL names the body's hash."""
        url = self._base_url + path
        headers = {"Content-Type": "application/json"}
        if signed:
            url += f"?bodySHA256={hashlib.sha256(body).hexdigest()}"
            headers["X-Twilio-Signature"] = sign(self._token, url, {})
        return self._post(url, body, headers)

    def _post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        with requests.Session() as session:
            session.trust_env = not is_local(url)  # a proxy would look for this machine on its own
            try:
                answer = session.post(url, data=body, headers=headers, timeout=TIMEOUT_S, allow_redirects=False)
            except requests.RequestException as error:
                raise UnavailableError("bridge", f"{url} cannot be reached ({type(error).__name__})") from error
        return answer.status_code
