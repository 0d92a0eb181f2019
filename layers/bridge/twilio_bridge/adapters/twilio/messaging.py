"""The port Messaging over Twilio's REST API.

https://www.twilio.com/docs/conversations/api
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from twilio_bridge.adapters.twilio.client import Account, InitializingError, call_twilio, require_resource
from twilio_bridge.errors import RefusedError, UnavailableError
from twilio_bridge.ports import Participant
from twilio_bridge.retry import Retry

MAX_PARTICIPANTS_COUNT = 100
ALREADY_THERE = {50433, 50437}
NO_SUCH_USER = 20404
# Participants are added by identity, so that may be done twice.
ADDING = Retry(attempts=6, first_wait_s=0.4, on=(UnavailableError, InitializingError))


class TwilioMessaging:
    """Conversations and Frontline users of one account."""

    def __init__(self, account: Account) -> None:
        self._client = account.make_client()

    def list_participants(self, conversation_sid: str) -> list[Participant]:
        """Return who is in a conversation."""
        listed = self._conversation(conversation_sid).participants
        return call_twilio(lambda: [_participant(found) for found in listed.list(limit=MAX_PARTICIPANTS_COUNT)])

    def fetch_participant(self, conversation_sid: str, participant_sid: str) -> Participant:
        """Return one of them."""
        fetch = self._conversation(conversation_sid).participants(participant_sid).fetch
        return call_twilio(lambda: _participant(fetch()))

    def add_worker(self, conversation_sid: str, worker: str, projected_address: str = "") -> None:
        """Add a worker by identity; in group messages by the address projected for them, too."""
        details = {"identity": worker}
        if projected_address:
            details["messaging_binding_projected_address"] = projected_address
        create = self._conversation(conversation_sid).participants.create
        try:
            call_twilio(lambda: require_resource(create(**details)), ADDING)
        except RefusedError as error:
            if error.code not in ALREADY_THERE:
                raise

    def update_participant_attributes(self, conversation_sid: str, participant_sid: str, attributes: str) -> None:
        """Replace a participant's attributes."""
        update = self._conversation(conversation_sid).participants(participant_sid).update
        call_twilio(lambda: require_resource(update(attributes=attributes)))

    def update_conversation(self, conversation_sid: str, changes: Mapping[str, str]) -> None:
        """Change a conversation's name or attributes."""
        call_twilio(lambda: require_resource(self._conversation(conversation_sid).update(**changes)))

    def is_worker_available(self, worker: str) -> bool:
        """Return whether the Frontline user exists, is active and available."""
        fetch = self._client.frontline_api.v1.users(quote(worker, safe="")).fetch  # the SDK does not quote
        try:
            user = call_twilio(lambda: require_resource(fetch()))
        except RefusedError as error:
            if error.code == NO_SUCH_USER:
                return False
            raise
        return bool(user.is_available) and user.state == "active"

    def _conversation(self, sid: str) -> Any:  # noqa: ANN401
        return self._client.conversations.v1.conversations(sid)


def _participant(found: Any) -> Participant:  # noqa: ANN401
    binding = require_resource(found).messaging_binding or {}
    return Participant(
        sid=found.sid,
        identity=found.identity or "",
        address=binding.get("address") or "",
        attributes=found.attributes or "{}",
    )
