"""Messages of the past that an account begins with, so that there is something to list; none of them is new."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from twilio_bridge_local.vendors.twilio.messages.records import Outcome, SentMessage
from twilio_bridge_local.vendors.twilio.messages.state import Messaging
from twilio_bridge_local.vendors.twilio.records import new_sid

ENDS: Final = (Outcome(), Outcome("undelivered", 30003), Outcome(), Outcome("failed", 30008), Outcome())


def add_past_messages(messaging: Messaging, senders: Sequence[str], count: int) -> None:
    """Put so many messages of the last hours into an account; without a sender it has sent none."""
    if not senders:
        return
    for number in range(1, count + 1):
        at, end = messaging.now() - timedelta(hours=count - number + 1), ENDS[number % len(ENDS)]
        message = SentMessage(
            sid=new_sid("SM"),
            number=number,
            to=f"+4479000001{number % 100:02}",
            sender=senders[0],
            body=f"Your order {number} is on its way.",
            status=end.status,
            error_code=end.error_code,
            date_created=at,
            date_updated=at,
            num_segments=1,
        )
        sent = replace(message, date_sent=at, price="-0.05240")
        messaging.store.add(message if end.status == "failed" else sent)
