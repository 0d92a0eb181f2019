"""CampaignsFunction over its API: requests signed with AWS Signature Version 4, refusals as sentences."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import boto3
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from twilio_bridge_cli.deployments import Deployment
from twilio_bridge_cli.errors import SERVER, CommandError, RefusedCommandError, UnreachableError

TIMEOUT_S: Final = 35.0  # the API itself ends a request after 30
MAX_ROWS_PER_PAGE: Final = 1_000
_LOCAL: Final = Credentials("local", "local")
_LOCAL_REGION: Final = "us-east-1"
_LOG: Final = "The log has the reason: twilio-bridge logs --function CampaignsFunction"


class FaultyRequestError(CommandError):
    """The campaign has faults; each is named."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults), "Nothing was sent. Mend all of them, and try again.")
        self.faults = faults


class ServerError(CommandError):
    """The function failed."""

    code = SERVER


@dataclass(frozen=True, slots=True)
class CampaignsApi:
    """The API of one deployment."""

    deployment: Deployment
    region: str | None = None

    def create(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Take a campaign in, or show what it would send."""
        return self._call("POST", "", body=request)

    def get(self, campaign_id: str) -> dict[str, Any]:
        """Return a campaign as it stands."""
        return self._call("GET", _path(campaign_id))

    def steer(self, campaign_id: str, action: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Pause, resume or cancel a campaign, and return it."""
        return self._call("POST", _path(campaign_id, action), body=body)

    def report(self, campaign_id: str) -> dict[str, Any]:
        """Return what became of it."""
        return self._call("GET", _path(campaign_id, "report"))

    def iterate_rows(self, campaign_id: str) -> Iterator[dict[str, Any]]:
        """Yield every row, page by page."""
        token: str | None = ""
        while token is not None:
            query = {"pageSize": str(MAX_ROWS_PER_PAGE), **({"pageToken": token} if token else {})}
            page = self._call("GET", _path(campaign_id, "rows"), query=query)
            yield from page["rows"]
            token = page["nextPageToken"]

    def _call(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, query: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        url = self.deployment.outputs["BaseUrl"].rstrip("/") + "/campaigns" + path
        data = b"" if body is None else json.dumps(body).encode()
        made = AWSRequest(method, url, {"Content-Type": "application/json"}, data, dict(query or {}))
        credentials, region = self._find_login()
        SigV4Auth(credentials, "execute-api", region).add_auth(made)

        signed = made.prepare()
        try:
            answer = requests.request(method, signed.url, data=data, headers=dict(signed.headers), timeout=TIMEOUT_S)
        except requests.RequestException as error:
            raise UnreachableError(f"{url} does not answer ({type(error).__name__}).", "Try again.") from error
        return _read(answer)

    def _find_login(self) -> tuple[Credentials, str]:
        if self.deployment.is_local:
            return _LOCAL, _LOCAL_REGION
        session = boto3.Session(region_name=self.region or self.deployment.environment.get("AWS_REGION"))
        found = session.get_credentials()
        if found is None:
            raise CommandError("There are no AWS credentials.", "Log in to AWS (aws sso login, aws configure).")
        host = self.deployment.outputs["BaseUrl"].split(".")
        region = session.region_name or (host[2] if len(host) > 2 else _LOCAL_REGION)  # noqa: PLR2004  id.execute-api.region
        return found, region


def _path(*parts: str) -> str:
    return "".join(f"/{quote(part, safe='')}" for part in parts)


def _read(answer: requests.Response) -> dict[str, Any]:
    """Return an answer's object; raise the error that its status is for the operator."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if answer.ok and isinstance(body, dict):
        return body

    error = body.get("error") if isinstance(body, dict) else None
    found: Mapping[str, Any] = error if isinstance(error, dict) else {}
    message = str(
        found.get("message") or (body.get("message") if isinstance(body, dict) else "") or "no reason is given"
    )
    if found.get("faults"):
        raise FaultyRequestError([str(fault) for fault in found["faults"]])
    raise _as_error(answer.status_code, message)


def _as_error(status: int, message: str) -> CommandError:
    sentence = f"{message[:1].upper()}{message[1:].rstrip('.')}."
    if status == requests.codes.forbidden:
        return RefusedCommandError(
            f"The API refuses: {sentence}", "Ask your administrator for execute-api:Invoke on its /campaigns."
        )
    if status in {requests.codes.not_found, requests.codes.conflict}:
        return RefusedCommandError(sentence)
    if status == requests.codes.service_unavailable:
        return UnreachableError(sentence, "Try again in a moment.")
    if status >= requests.codes.internal_server_error:
        return ServerError(f"CampaignsFunction failed ({status}): {sentence}", _LOG)
    return CommandError(sentence)
