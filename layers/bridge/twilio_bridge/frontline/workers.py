"""Who is a worker, and how their identity is spelled. Text in an owner's cell is no identity before it is found here.

Workers are those of bridge.yaml, those whom signed requests named, and users whom Twilio knows. Only Twilio's 404 means
that somebody does not exist; a question that Twilio does not answer leaves it open.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from twilio_bridge import deadline
from twilio_bridge.contacts.contact import is_same_worker
from twilio_bridge.errors import BridgeError, UpstreamError
from twilio_bridge.forms import Form
from twilio_bridge.logs import logger
from twilio_bridge.ports import Messaging, SeenWorkers, User

MAX_IDENTITY_LENGTH = 256
TIME_FOR_A_USER_S = 0.8
TIME_TO_RECORD_S = 0.5


@dataclass(frozen=True, slots=True)
class WorkerDirectory:
    """The workers of one call; what Twilio and the table answered is kept for it."""

    configured: tuple[str, ...]
    seen: SeenWorkers
    messaging: Messaging
    users: dict[str, User | None] = field(default_factory=dict)
    identities: dict[str, list[str]] = field(default_factory=dict)
    failures: list[BridgeError] = field(default_factory=list)

    def find_worker(self, text: str, service_sid: str = "") -> str | None:
        """Return the identity of the worker that a text names, in its own spelling; None where there is none.

        Raises UpstreamError or OutOfTimeError where it depends on Twilio, and Twilio does not answer.
        """
        name = text.strip()
        if not name or len(name) > MAX_IDENTITY_LENGTH:
            return None
        if known := self._known_spelling(name):
            return known if self._is_active(known) else None
        return self._find_user([name, *([name.casefold()] if name.casefold() != name else [])], service_sid)

    def is_worker(self, identity: str) -> bool:
        """Return whether a chat participant is a worker. A user of Conversations alone may be a customer in a chat."""
        if self._known_spelling(identity) == identity:
            return self._is_active(identity)
        try:
            user = self._fetch_user(identity)
        except BridgeError as error:
            logger.warning("user not looked up", extra={"reason": str(error)})
            return False
        return user is not None and user.is_active

    def is_available(self, worker: str) -> bool:
        """Return whether the worker is an active and available user of Frontline."""
        user = self._fetch_user(worker)
        return user is not None and user.is_available

    def list_unconfigured(self, owners: Iterable[str]) -> list[str]:
        """Return the workers that were seen, then the owners of contacts; of these not all need exist."""
        return list(dict.fromkeys([*self._list_seen(), *owners]))

    def _known_spelling(self, name: str) -> str | None:
        """Return a configured or seen identity: the very same, else one that differs in case only."""
        known = [*self.configured, *self._list_seen()]
        return name if name in known else next((other for other in known if is_same_worker(other, name)), None)

    def _list_seen(self) -> list[str]:
        if "seen" not in self.identities:
            try:
                self.identities["seen"] = self.seen.list_workers()
            except UpstreamError as error:
                logger.warning("workers not read", extra={"reason": str(error)})
                self.identities["seen"] = []
        return self.identities["seen"]

    def _is_active(self, known: str) -> bool:
        """Return whether a known worker may be used: unless Twilio answers that the user is deactivated."""
        try:
            user = self._fetch_user(known)
        except BridgeError as error:
            logger.warning("user not looked up", extra={"reason": str(error)})
            return True
        return user is None or user.is_active

    def _find_user(self, spellings: list[str], service_sid: str) -> str | None:
        """Return the identity of a user of Frontline, else of Conversations; raise where Twilio left it open."""
        unanswered: BridgeError | None = None
        for spelling in spellings:
            try:
                if user := self._fetch_user(spelling):
                    return user.identity if user.is_active else None
            except BridgeError as error:
                unanswered = error

        for spelling in spellings:
            with deadline.limit(TIME_FOR_A_USER_S):
                if user := self.messaging.fetch_chat_user(spelling, service_sid):
                    return user.identity
        if unanswered:
            raise unanswered
        return None

    def _fetch_user(self, identity: str) -> User | None:
        """Return the Frontline user; what was not answered once is not asked again, for somebody waits for a worker."""
        if identity in self.users:
            return self.users[identity]
        if self.failures:
            raise self.failures[0]
        try:
            with deadline.limit(TIME_FOR_A_USER_S):
                self.users[identity] = self.messaging.fetch_user(identity)
        except BridgeError as error:
            self.failures.append(error)
            raise
        return self.users[identity]


def list_configured(workers: Mapping[str, object], default_worker: str | None) -> tuple[str, ...]:
    """Return the identities that bridge.yaml names as workers."""
    return tuple(dict.fromkeys([*workers, *([default_worker] if default_worker else [])]))


def record_worker(form: Form, seen: SeenWorkers) -> None:
    """Note the worker of a signed request; a failure is no reason to refuse it."""
    identity = form.get_text("Worker").strip()
    if not identity:
        return
    try:
        with deadline.limit(TIME_TO_RECORD_S):
            seen.record_worker(identity)
    except BridgeError as error:
        logger.warning("worker not recorded", extra={"reason": str(error)})
