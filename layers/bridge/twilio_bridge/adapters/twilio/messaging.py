"""The port Messaging over Twilio's REST API.

https://www.twilio.com/docs/conversations/api
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from twilio_bridge.adapters.twilio.client import Account, call_twilio, require_resource
from twilio_bridge.errors import RefusedError
from twilio_bridge.ports import Participant, User

MAX_PARTICIPANTS_COUNT = 100
ALREADY_THERE = {50433, 50437}
NO_SUCH_USER = 20404


class TwilioMessaging:
    """Conversations and Frontline users of one account.

    Every call may be repeated: participants are added by identity, and updates replace values.
    """

    def __init__(self, account: Account) -> None:
        self._client = account.make_client()

    def list_participants(self, conversation_sid: str, service_sid: str = "") -> list[Participant]:
        """Return the participants of a conversation."""
        listed = self._conversation(conversation_sid, service_sid).participants
        return call_twilio(lambda: [_participant(found) for found in listed.list(limit=MAX_PARTICIPANTS_COUNT)])

    def fetch_participant(self, conversation_sid: str, participant_sid: str, service_sid: str = "") -> Participant:
        """Return one participant."""
        fetch = self._conversation(conversation_sid, service_sid).participants(participant_sid).fetch
        return call_twilio(lambda: _participant(fetch()))

    def add_worker(
        self, conversation_sid: str, worker: str, projected_address: str = "", service_sid: str = ""
    ) -> None:
        """Add a worker by identity; in group messages by the address projected for them, too."""
        details = {"identity": worker}
        if projected_address:
            details["messaging_binding_projected_address"] = projected_address

        create = self._conversation(conversation_sid, service_sid).participants.create
        try:
            call_twilio(lambda: require_resource(create(**details)))
        except RefusedError as error:
            if error.code not in ALREADY_THERE:
                raise

    def update_participant_attributes(
        self, conversation_sid: str, participant_sid: str, attributes: str, service_sid: str = ""
    ) -> None:
        """Replace a participant's attributes."""
        update = self._conversation(conversation_sid, service_sid).participants(participant_sid).update
        call_twilio(lambda: require_resource(update(attributes=attributes)))

    def update_conversation(self, conversation_sid: str, changes: Mapping[str, str], service_sid: str = "") -> None:
        """Change a conversation's name or attributes."""
        conversation = self._conversation(conversation_sid, service_sid)
        call_twilio(lambda: require_resource(conversation.update(**changes)))

    def fetch_user(self, identity: str) -> User | None:
        """Return the Frontline user: https://www.twilio.com/docs/frontline/api/user-resource."""
        fetch = self._client.frontline_api.v1.users(_in_path(identity)).fetch
        user = _or_none(lambda: require_resource(fetch()))
        if user is None:
            return None
        is_active = user.state == "active"
        return User(
            identity=user.identity or identity, is_active=is_active, is_available=is_active and bool(user.is_available)
        )

    def fetch_chat_user(self, identity: str, service_sid: str = "") -> User | None:
        """Return the Conversations user: https://www.twilio.com/docs/conversations/api/user-resource."""
        fetch = self._parent(service_sid).users(_in_path(identity)).fetch
        user = _or_none(lambda: require_resource(fetch()))
        return None if user is None else User(identity=user.identity or identity)

    def _conversation(self, sid: str, service_sid: str) -> Any:  # noqa: ANN401  the SDK has no types
        return self._parent(service_sid).conversations(sid)

    def _parent(self, service_sid: str) -> Any:  # noqa: ANN401  as above
        conversations = self._client.conversations.v1
        return conversations.services(service_sid) if service_sid else conversations


def _in_path(identity: str) -> str:
    return quote(identity, safe="")  # the SDK does not quote


def _or_none(fetch: Callable[[], Any]) -> Any:  # noqa: ANN401  as above
    """Return what Twilio has; None only where it answers that there is none."""
    try:
        return call_twilio(fetch)
    except RefusedError as error:
        if error.code == NO_SUCH_USER:
            return None
        raise


def _participant(found: Any) -> Participant:  # noqa: ANN401
    binding = require_resource(found).messaging_binding or {}
    return Participant(
        sid=found.sid,
        identity=found.identity or "",
        address=binding.get("address") or "",
        attributes=found.attributes or "{}",
    )
