"""X-Twilio-Signature: computed and checked, without I/O.

https://www.twilio.com/docs/usage/webhooks/webhooks-security describes the algorithm. Where a webhook rule applies, the
request is signed with a shared key instead of the auth token, and a second header names the key and the hash:
https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit, urlunsplit

Parameters = Mapping[str, Sequence[str]]
HEADER = "X-Twilio-Signature"
SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"
HMAC_SHA1, HMAC_SHA256 = "HMAC_SHA1", "HMAC_SHA256"
HASHES = {HMAC_SHA1: hashlib.sha1, HMAC_SHA256: hashlib.sha256}
DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class KeySettings:
    """Which shared key a request is signed with, and by which algorithm, from its header."""

    key_id: str
    algorithm: str


def parse_settings(header: str) -> KeySettings | None:
    """Parse the header `key=<id>,algorithm=<name>`; None where there is none, so that the auth token signs."""
    if not header.strip():
        return None
    parts = (part.partition("=") for part in header.split(","))
    values = {name.strip().lower(): value.strip() for name, _, value in parts}
    return KeySettings(values.get("key", ""), values.get("algorithm", "").upper() or HMAC_SHA1)


def sign(token: str, url: str, parameters: Parameters, algorithm: str = HMAC_SHA1) -> str:
    """Sign a form request as Twilio does: the URL, then each distinct name and value in byte order."""
    pairs = (name + value for name in sorted(parameters) for value in sorted(set(parameters[name])))
    digest = hmac.new(token.encode(), (url + "".join(pairs)).encode("utf-8", "replace"), HASHES[algorithm])
    return base64.b64encode(digest.digest()).decode()


def is_valid(
    signature: str,
    tokens: Iterable[str],
    urls: Iterable[str],
    parameters: Parameters,
    body: bytes,
    *,
    is_json: bool,
    algorithm: str = HMAC_SHA1,
) -> bool:
    """Return whether Twilio signed this request, under any of the tokens and any spelling of the URLs.

    A JSON body is not part of the signature: the URL carries its hash instead, and both must hold.
    """
    signed = {} if is_json else parameters
    spellings = [spelling for url in urls for spelling in list_url_spellings(url)]
    if is_json:
        spellings = [url for url in spellings if _names_body(url, body)]
    candidates = [sign(token, url, signed, algorithm) for token in tokens for url in spellings]
    offered = signature.encode("utf-8", "replace")
    return any([hmac.compare_digest(candidate.encode(), offered) for candidate in candidates])  # noqa: C419  all of them: constant time


def list_url_spellings(url: str) -> list[str]:
    """Return the forms of one URL that Twilio may have signed: with and without port, a quote raw or escaped."""
    parts = urlsplit(url)
    host = re.sub(r":\d*$", "", parts.netloc)
    ported = f"{host}:{DEFAULT_PORTS.get(parts.scheme, 443)}"
    forms = [url, *(urlunsplit(parts._replace(netloc=netloc)) for netloc in (parts.netloc, host, ported))]
    return list(dict.fromkeys(form for spelling in forms for form in (spelling, _escape_quotes(spelling))))


def _escape_quotes(url: str) -> str:
    head, mark, query = url.partition("?")
    return head + mark + query.replace("'", "%27")


def _names_body(url: str, body: bytes) -> bool:
    named = parse_qs(urlsplit(url).query).get("bodySHA256", [""])[0]
    return hmac.compare_digest(named.lower().encode(), hashlib.sha256(body).hexdigest().encode())
