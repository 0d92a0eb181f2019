"""What Twilio knows of messages, as frozen records; a change is a new record.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

MAX_VALIDITY_S: Final = 36_000
FINAL: Final = frozenset({"delivered", "undelivered", "failed", "read", "canceled"})

Ending = Literal["delivered", "undelivered", "failed", "sent", "read"]


@dataclass(frozen=True, slots=True)
class SentMessage:
    """An outbound message. `number` is its place in lists; `sender` is None until a service has chosen one."""

    sid: str
    number: int
    to: str
    sender: str | None
    body: str
    status: str
    date_created: datetime
    date_updated: datetime
    messaging_service_sid: str | None = None
    num_segments: int = 0
    num_media: int = 0
    date_sent: datetime | None = None
    price: str | None = None
    error_code: int | None = None
    status_callback: str = ""
    send_at: datetime | None = None
    validity_s: int = MAX_VALIDITY_S
    content_sid: str | None = None

    @property
    def channel(self) -> str:
        """`sms`, or what stands before the colon of its address (`whatsapp`)."""
        return self.to.partition(":")[0] if ":" in self.to else "sms"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of the messages to a number: the status they end with, and Twilio's code for it.

    `sent` is the end where a carrier reports nothing more.
    """

    status: Ending = "delivered"
    error_code: int | None = None


@dataclass(frozen=True, slots=True)
class MessagingService:
    """Senders that messages are spread over: https://www.twilio.com/docs/messaging/api/service-resource.

    Smart Encoding is on unless it is turned off, as in a service that Twilio makes.
    """

    sid: str
    senders: tuple[str, ...]
    friendly_name: str = "Messages"
    status_callback: str = ""
    validity_s: int = MAX_VALIDITY_S
    smart_encoding: bool = True


@dataclass(frozen=True, slots=True)
class CallbackFaults:
    """What part of the status callbacks goes astray; drawn alike in every run.

    Attributes:
        lost: Never sent.
        reordered: Sent after the callback of the next status. A final status has none after it, and is left alone.
        repeated: Sent once more, `delay_s` later.
        delayed: Sent `delay_s` late.
        delay_s: How late.
    """

    lost: float = 0.0
    reordered: float = 0.0
    repeated: float = 0.0
    delayed: float = 0.0
    delay_s: float = 3.0


@dataclass(frozen=True, slots=True)
class Content:
    """A content template: https://www.twilio.com/docs/content/content-api-resources; `{{1}}` stands for a value."""

    sid: str
    body: str
    friendly_name: str = "template"
    variables: tuple[tuple[str, str], ...] = field(default_factory=tuple)
