"""A message as it is handed to Twilio, and as Twilio has it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDraft:
    """What Twilio is asked to send.

    Attributes:
        to: The person's address, with `whatsapp:` before a number on WhatsApp.
        sender: A number, a short code, an alphanumeric sender id, a channel address, or a Messaging Service's SID.
        content_variables: A JSON object, for the content template of `content_sid`.
        status_callback: Where Twilio reports statuses; empty for nowhere.
        validity_s: How long the message may wait in Twilio's queue, 1 to 36,000 seconds.
        send_at: When Twilio is to send it, through a Messaging Service only.
    """

    to: str
    sender: str
    body: str = ""
    media_urls: tuple[str, ...] = ()
    content_sid: str = ""
    content_variables: str = ""
    status_callback: str = ""
    validity_s: int | None = None
    send_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioMessage:
    """A message as Twilio reports it; None and empty texts are what Twilio does not know, or not yet.

    Attributes:
        sender: The number that it is sent from; empty until a Messaging Service has chosen one.
        created_at: When Twilio took it (epoch seconds).
        price_micros: What it cost, in millionths of `price_unit`.
    """

    sid: str
    status: str
    to: str = ""
    sender: str = ""
    service_sid: str = ""
    direction: str = ""
    body: str = ""
    created_at: float | None = None
    error_code: int | None = None
    error_message: str = ""
    segments: int | None = None
    price_micros: int | None = None
    price_unit: str = ""
