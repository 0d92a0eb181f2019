"""The port Messaging over Twilio's REST API.

https://www.twilio.com/docs/conversations/api
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from twilio_bridge.adapters.twilio.client import Account, call_twilio, require_resource
from twilio_bridge.errors import RefusedError
from twilio_bridge.ports import Participant, User

MAX_PARTICIPANTS_COUNT = 100
ALREADY_THERE = {50433, 50437}
NOT_FOUND = 20404
MAX_SERVICES_COUNT = 20
# Services of conversations, for as long as an instance lives.
MAX_REMEMBERED_COUNT = 1_000

T = TypeVar("T")


class TwilioMessaging:
    """Conversations and Frontline users of one account.

    Every call may be repeated: participants are added by identity, and updates replace values.
    """

    def __init__(self, account: Account) -> None:
        self._client = account.make_client()
        self._services: dict[str, str] = {}

    def list_participants(self, conversation_sid: str, service_sid: str = "") -> list[Participant]:
        """Return the participants of a conversation."""

        def list_them(conversation: Any) -> list[Participant]:  # noqa: ANN401  the SDK has no types
            return [_participant(found) for found in conversation.participants.list(limit=MAX_PARTICIPANTS_COUNT)]

        return self._with(conversation_sid, service_sid, list_them)

    def fetch_participant(self, conversation_sid: str, participant_sid: str, service_sid: str = "") -> Participant:
        """Return one participant."""
        return self._with(
            conversation_sid, service_sid, lambda found: _participant(found.participants(participant_sid).fetch())
        )

    def add_worker(
        self, conversation_sid: str, worker: str, projected_address: str = "", service_sid: str = ""
    ) -> None:
        """Add a worker by identity; in group messages by the address projected for them, too."""
        details = {"identity": worker}
        if projected_address:
            details["messaging_binding_projected_address"] = projected_address

        try:
            self._with(
                conversation_sid, service_sid, lambda found: require_resource(found.participants.create(**details))
            )
        except RefusedError as error:
            if error.code not in ALREADY_THERE:
                raise

    def update_participant_attributes(
        self, conversation_sid: str, participant_sid: str, attributes: str, service_sid: str = ""
    ) -> None:
        """Replace a participant's attributes."""
        self._with(
            conversation_sid,
            service_sid,
            lambda found: require_resource(found.participants(participant_sid).update(attributes=attributes)),
        )

    def update_conversation(self, conversation_sid: str, changes: Mapping[str, str], service_sid: str = "") -> None:
        """Change a conversation's name or attributes."""
        self._with(conversation_sid, service_sid, lambda found: require_resource(found.update(**changes)))

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

    def _with(self, sid: str, service_sid: str, use: Callable[[Any], T]) -> T:
        """Use a conversation in its service.

        Webhooks about messages and participants do not name the service. So where the account's default one does not
        know the conversation, the others are asked.
        """
        known = service_sid or self._services.get(sid, "")
        try:
            return call_twilio(lambda: use(self._parent(known).conversations(sid)))
        except RefusedError as error:
            if error.code != NOT_FOUND or known:
                raise
            found = self._find_service(sid)
            if not found:
                raise

        if len(self._services) >= MAX_REMEMBERED_COUNT:
            self._services.clear()
        self._services[sid] = found
        return call_twilio(lambda: use(self._parent(found).conversations(sid)))

    def _find_service(self, conversation_sid: str) -> str:
        """Return the SID of the chat service that has this conversation; empty where none has."""
        listed = self._client.conversations.v1.services
        for service in call_twilio(lambda: listed.list(limit=MAX_SERVICES_COUNT)):
            fetch = self._parent(service.sid).conversations(conversation_sid).fetch
            if _or_none(lambda fetch=fetch: require_resource(fetch())):  # type: ignore[misc]  # the loop's own
                return str(service.sid)
        return ""

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
        if error.code == NOT_FOUND:
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
