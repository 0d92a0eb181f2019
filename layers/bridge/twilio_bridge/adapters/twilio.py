"""The port Messaging over Twilio's REST API, through Twilio's SDK.

The SDK has no types and, by default, no timeout; both end here. One funnel, `_ask`, does every request.
https://www.twilio.com/docs/conversations/api
"""

import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from twilio_bridge import budget
from twilio_bridge.errors import RateLimitedError, RefusedError, UnavailableError, UpstreamError
from twilio_bridge.ports import Participant
from twilio_bridge.retry import Retry, call

T = TypeVar("T")

TWILIO = "twilio"
TIMEOUT_S = 2.5

# The SDK logs every address it calls, and with it whom it asks about.
logging.getLogger("twilio").setLevel(logging.WARNING)
MOST_PARTICIPANTS = 100
# What an answer of the wrong shape raises, in the SDK and here.
RUBBISH = (ValueError, TypeError, KeyError, AttributeError)
ALREADY_THERE = {50433, 50437}
# "Conversation is still initializing": https://www.twilio.com/docs/api/errors/50386
INITIALIZING = 50386
NO_SUCH_USER = 20404


class InitializingError(UpstreamError):
    """The conversation cannot be used yet."""


# Participants are added by identity and attributes are set as a whole, so any of these may be done twice.
REQUESTS = Retry(attempts=3, first_wait_s=0.3, on=(UnavailableError,))
ADDING = Retry(attempts=6, first_wait_s=0.4, on=(UnavailableError, InitializingError))


class BoundedHttpClient(TwilioHttpClient):  # type: ignore[misc]  # the SDK has no types
    """The SDK's HTTP client with a timeout within the call's budget, and an endpoint that can stand elsewhere."""

    def __init__(self, endpoint_url: str | None) -> None:
        super().__init__()
        self._endpoint_url = endpoint_url

    def request(self, method: str, url: str, **options: Any) -> Any:  # noqa: ANN401
        """Send one request to where Twilio is; `https://{product}.twilio.com/X` stands at `{endpoint}/{product}/X`."""
        if self._endpoint_url:
            url = elsewhere(url, self._endpoint_url)
        return super().request(method, url, **{**options, "timeout": budget.seconds_left(TIMEOUT_S)})


def elsewhere(url: str, endpoint_url: str) -> str:
    """Give the address of one of Twilio's products at another endpoint."""
    return re.sub(r"^https://([a-z-]+)(?:\.[a-z0-9-]+)*\.twilio\.com", rf"{endpoint_url.rstrip('/')}/\1", url)


class TwilioMessaging:
    """Conversations and Frontline users of one account."""

    def __init__(
        self,
        login: tuple[str, str],
        account_sid: str,
        *,
        region: str | None = None,
        edge: str | None = None,
        endpoint_url: str | None = None,
    ) -> None:
        http = BoundedHttpClient(endpoint_url)
        self._client = Client(*login, account_sid, region=region, edge=edge, http_client=http)

    def participants(self, conversation_sid: str) -> list[Participant]:
        """Give who is in a conversation."""
        listed = self._conversation(conversation_sid).participants
        return self._ask(lambda: [_participant(found) for found in listed.list(limit=MOST_PARTICIPANTS)])

    def participant(self, conversation_sid: str, participant_sid: str) -> Participant:
        """Give one of them."""
        fetch = self._conversation(conversation_sid).participants(participant_sid).fetch
        return self._ask(lambda: _participant(fetch()))

    def add_worker(self, conversation_sid: str, worker: str, projected_address: str = "") -> None:
        """Add a worker by identity; in group messages by the address projected for them, too."""
        details = {"identity": worker}
        if projected_address:
            details["messaging_binding_projected_address"] = projected_address
        create = self._conversation(conversation_sid).participants.create
        try:
            self._ask(lambda: _whole(create(**details)), ADDING)
        except RefusedError as error:
            if error.code not in ALREADY_THERE:
                raise

    def set_participant_attributes(self, conversation_sid: str, participant_sid: str, attributes: str) -> None:
        """Replace a participant's attributes."""
        update = self._conversation(conversation_sid).participants(participant_sid).update
        self._ask(lambda: _whole(update(attributes=attributes)))

    def set_conversation(self, conversation_sid: str, changes: Mapping[str, str]) -> None:
        """Change a conversation's name or attributes."""
        self._ask(lambda: _whole(self._conversation(conversation_sid).update(**changes)))

    def is_available(self, worker: str) -> bool:
        """Tell whether the Frontline user exists, is active and available."""
        fetch = self._client.frontline_api.v1.users(quote(worker, safe="")).fetch  # the SDK does not quote
        try:
            user = self._ask(lambda: _whole(fetch()))
        except RefusedError as error:
            if error.code == NO_SUCH_USER:
                return False
            raise
        return bool(user.is_available) and user.state == "active"

    def _conversation(self, sid: str) -> Any:  # noqa: ANN401
        return self._client.conversations.v1.conversations(sid)

    def _ask(self, request: Callable[[], T], policy: Retry = REQUESTS) -> T:
        def once() -> T:
            try:
                return request()
            except (TwilioRestException, TwilioServiceException) as error:
                raise _as_ours(error.status, error.code) from error
            except TwilioException as error:
                raise _of_listing(error) from error
            except (requests.RequestException, *RUBBISH) as error:
                raise UnavailableError(TWILIO, type(error).__name__) from error

        return call(once, policy)


def _of_listing(error: TwilioException) -> UpstreamError:
    """Read what the SDK leaves unread where a listing fails: its response is the exception's second argument."""
    response = error.args[1] if len(error.args) > 1 else None
    if response is None:
        return UnavailableError(TWILIO, type(error).__name__)
    try:
        code = json.loads(response.text)["code"]
    except RUBBISH:
        code = response.status_code
    return _as_ours(response.status_code, code)


def _as_ours(status: int, code: int) -> UpstreamError:
    if code == INITIALIZING:
        return InitializingError(TWILIO, "the conversation is still initializing")
    if status == requests.codes.too_many_requests:
        return RateLimitedError(TWILIO, 1)
    if status >= 500:  # noqa: PLR2004
        return UnavailableError(TWILIO, f"status {status}")
    return RefusedError(TWILIO, f"status {status}, error {code}", code=code)


def _whole(found: T) -> T:
    """Give what the SDK made of an answer; from one that is no resource it makes an empty one."""
    if not getattr(found, "sid", None):
        raise UnavailableError(TWILIO, "an answer holds no resource")
    return found


def _participant(found: Any) -> Participant:  # noqa: ANN401
    binding = _whole(found).messaging_binding or {}
    return Participant(
        sid=found.sid,
        identity=found.identity or "",
        address=binding.get("address") or "",
        attributes=found.attributes or "{}",
    )
