"""Messages at Twilio: sent, followed, looked for and canceled.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from twilio_bridge import phone
from twilio_bridge.adapters.twilio.client import Account, call_twilio, require_resource
from twilio_bridge.errors import RefusedError
from twilio_bridge.messages.campaign import MICROS
from twilio_bridge.messages.sending.message import MessageDraft, TwilioMessage
from twilio_bridge.retry import Retry

# Longer than a callback's: whoever gives up a request has to look up what became of it.
TIMEOUT_S = 10.0
# Messages to one person that a look-up reads; one page holds as many.
MAX_LISTED_COUNT = 1_000
NOT_FOUND = 20404
# It is no longer scheduled: https://www.twilio.com/docs/api/errors/30409. Or it is not there.
TOO_LATE_TO_CANCEL = {30409, NOT_FOUND}
# A refused login is no reason to wait within one call; who sends decides when a message comes again.
AT_ONCE = Retry(attempts=1, first_wait_s=0, on=())


class TwilioMessages:
    """The port MessagesApi, for one account."""

    def __init__(self, account: Account) -> None:
        self._client = account.make_client(TIMEOUT_S)

    def create_message(self, draft: MessageDraft) -> TwilioMessage:
        """Send a message with one request that is never repeated here.

        Raises:
            RefusedError: Twilio does not accept it, by `code` and `detail`.
            RateLimitedError, NotTakenError: Twilio has certainly not accepted it.
            UnavailableError, OutOfTimeError: Twilio may have accepted it.
        """
        parameters = _parameters(draft)
        create = self._client.messages.create
        return call_twilio(lambda: _message(create(**parameters)), AT_ONCE)

    def fetch_message(self, sid: str) -> TwilioMessage | None:
        """Return a message; None where Twilio has none, for instance because it was deleted."""
        return _or_none(lambda: self._client.messages(sid).fetch())

    def find_messages(self, to: str, since: float) -> list[TwilioMessage]:
        """Return the messages to an address that Twilio took at `since` (epoch s) or later, the earliest first.

        Those that are not sent yet have no DateSent, and Twilio's filter leaves them out; so the listing is asked for
        without it. Where that has more messages than one page holds, those sent since are asked for as well.
        """
        spellings = phone.list_spellings(to.removeprefix(phone.WHATSAPP))
        prefix = phone.WHATSAPP if to.startswith(phone.WHATSAPP) else ""
        found = {
            message.sid: message
            for spelling in spellings
            for message in self._list_messages(prefix + spelling, since)
            if message.created_at is None or message.created_at >= since
        }
        return sorted(found.values(), key=lambda message: message.created_at or since)

    def _list_messages(self, to: str, since: float) -> Iterator[TwilioMessage]:
        listing = self._client.messages.list
        newest = {"to": to, "limit": MAX_LISTED_COUNT, "page_size": MAX_LISTED_COUNT}
        read = call_twilio(lambda: [_message(found) for found in listing(**newest)])
        yield from read

        if len(read) >= MAX_LISTED_COUNT:
            day = f"{datetime.fromtimestamp(since, UTC) - timedelta(days=1):%Y-%m-%d}"
            sent_since = {"to": to, "date_sent_after": day, "page_size": MAX_LISTED_COUNT}
            yield from call_twilio(lambda: [_message(found) for found in listing(**sent_since)])

    def cancel_message(self, sid: str) -> TwilioMessage | None:
        """Cancel a scheduled message and return it; None where it is too late, so that it has to be fetched.

        https://www.twilio.com/docs/messaging/features/message-scheduling#cancel-a-scheduled-message
        """
        try:
            return call_twilio(lambda: _message(self._client.messages(sid).update(status="canceled")))
        except RefusedError as error:
            if error.code in TOO_LATE_TO_CANCEL:
                return None
            raise


def _parameters(draft: MessageDraft) -> dict[str, Any]:
    """Return the request's parameters; an empty one is left out."""
    is_service = draft.sender.startswith("MG")
    parameters = {
        "to": draft.to,
        "messaging_service_sid" if is_service else "from_": draft.sender,
        "body": draft.body,
        "media_url": list(draft.media_urls),
        "content_sid": draft.content_sid,
        "content_variables": draft.content_variables,
        "status_callback": draft.status_callback,
        "validity_period": draft.validity_s,
        "send_at": draft.send_at,
        "schedule_type": "fixed" if draft.send_at else None,
    }
    return {name: value for name, value in parameters.items() if value}


def _message(found: Any) -> TwilioMessage:  # noqa: ANN401  the SDK has no types
    require_resource(found)
    return TwilioMessage(
        sid=found.sid,
        status=found.status or "",
        to=found.to or "",
        sender=found.from_ or "",
        service_sid=found.messaging_service_sid or "",
        direction=found.direction or "",
        body=found.body or "",
        created_at=found.date_created.timestamp() if isinstance(found.date_created, datetime) else None,
        error_code=found.error_code,
        error_message=found.error_message or "",
        segments=int(found.num_segments or 0) or None,
        price_micros=_micros(found.price),
        price_unit=(found.price_unit or "").upper(),
    )


def _micros(price: object) -> int | None:
    """Return a price such as "-0.00750" in millionths, as what it costs."""
    try:
        return -int(Decimal(str(price)) * MICROS)
    except (InvalidOperation, ValueError):
        return None


def _or_none(fetch: Callable[[], Any]) -> TwilioMessage | None:
    try:
        return call_twilio(lambda: _message(fetch()))
    except RefusedError as error:
        if error.code == NOT_FOUND:
            return None
        raise
