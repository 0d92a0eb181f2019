"""AWS_IAM on this machine: does a request carry AWS Signature Version 4, made with the local credentials?

Policies are not looked at: whoever has the credentials may call.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hmac
import re
from datetime import UTC, datetime
from typing import Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from twilio_bridge_local.credentials import AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY
from twilio_bridge_local.http_server import HttpRequest

SERVICE: Final = "execute-api"
MAX_SKEW_S: Final = 300
_FORM: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([\w-]+)/([\w-]+)/aws4_request, ?"
    r"SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})"
)


def is_authorized(request: HttpRequest) -> bool:
    """Return whether the local credentials signed the request, its host and its body, within five minutes."""
    headers = {name.lower(): value.strip() for name, value in request.headers}
    found = _FORM.fullmatch(headers.get("authorization", ""))
    if found is None:
        return False
    key_id, day, region, service, names, signature = found.groups()
    signed = names.split(";")
    moment = headers.get("x-amz-date", "")
    is_ours = key_id == AWS_ACCESS_KEY_ID and service == SERVICE and moment.startswith(day)
    if not (is_ours and _is_now(moment) and {"host", "x-amz-date"} <= set(signed)):
        return False
    return hmac.compare_digest(_sign(request, {name: headers.get(name, "") for name in signed}, region), signature)


def _is_now(moment: str) -> bool:
    try:
        signed_at = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs((datetime.now(UTC) - signed_at).total_seconds()) <= MAX_SKEW_S


def _sign(request: HttpRequest, headers: dict[str, str], region: str) -> str:
    signer = SigV4Auth(Credentials(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), SERVICE, region)
    url = f"http://{headers['host']}{request.target}"
    again = AWSRequest(method=request.method, url=url, data=request.body, headers=headers)
    again.context["timestamp"] = headers["x-amz-date"]
    return str(signer.signature(signer.string_to_sign(again, signer.canonical_request(again)), again))
