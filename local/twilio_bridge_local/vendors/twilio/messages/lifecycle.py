"""What becomes of a message: https://www.twilio.com/docs/messaging/api/message-resource#message-status-values.

From a sender: queued → sending → sent → delivered or undelivered, and read for WhatsApp. By a service: accepted
first, and scheduled before that where SendAt is given; its sender and segments are known from `queued` on. What a
sender's rate keeps waiting longer than the validity period fails (30036).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

import phonenumbers

from twilio_bridge_local.vendors.twilio.account import Account
from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.messages.callbacks import report_status
from twilio_bridge_local.vendors.twilio.messages.checks import Creation
from twilio_bridge_local.vendors.twilio.messages.records import FINAL, MessagingService, Outcome, SentMessage
from twilio_bridge_local.vendors.twilio.messages.segments import count_segments, smart_encode
from twilio_bridge_local.vendors.twilio.messages.senders import MAX_QUEUED_S, WHATSAPP
from twilio_bridge_local.vendors.twilio.records import Delivered, new_sid

# Dollars a segment, as the price pages had them in 2026: https://www.twilio.com/en-us/sms/pricing
PRICES: Final = {"US": 0.0083, "CA": 0.0083, "GB": 0.0524, "DE": 0.1100, "FR": 0.0798, "AU": 0.0515, "BR": 0.0599}
OTHER_PRICE: Final = 0.0700
FILTERED: Final = 30007
NO_SESSION: Final = 63016
EXPIRED: Final = 30036
OVERFLOW: Final = 30001
SESSION_S: Final = 86_400


def create_message(account: Account, asked: Creation) -> SentMessage:
    """Make a message, and let the rest happen in its time."""
    messaging, service = account.messaging, asked.service
    body = smart_encode(asked.body) if asked.smart_encoded else asked.body
    with messaging.store.lock:
        message = SentMessage(
            sid=new_sid("MM" if asked.media else "SM"),
            number=messaging.store.next_number,
            to=asked.to,
            sender=asked.sender,
            body=body,
            status="scheduled" if asked.send_at else "accepted" if service else "queued",
            date_created=messaging.now(),
            date_updated=messaging.now(),
            messaging_service_sid=service.sid if service else None,
            num_segments=0 if service else _count_segments(body, len(asked.media)),
            num_media=len(asked.media),
            status_callback=asked.status_callback,
            send_at=asked.send_at,
            validity_s=asked.validity_s,
            content_sid=asked.content.sid if asked.content else None,
        )
        messaging.store.add(message)
        messaging.store.created.append(message)
    _plan_first_step(account, message)
    return message


def _count_segments(body: str, num_media: int) -> int:
    return 1 if num_media else count_segments(body)


def _plan_first_step(account: Account, message: SentMessage) -> None:
    messaging = account.messaging
    if message.send_at:
        _later(account, message, message.send_at.timestamp() - messaging.clock(), _accept)
    elif message.status == "accepted":
        _later(account, message, messaging.pace.accepted_s, _choose_sender)
    else:
        _join_queue(account, message)


def _later(
    account: Account, message: SentMessage, after_s: float, step: Callable[..., None], *arguments: object
) -> None:
    """Let a step of a message's life come in its time, if the message is still there; one step at a time."""
    messaging = account.messaging

    def act() -> None:
        with messaging.store.lock:
            found = messaging.store.find(message.sid)
            if found is not None:
                step(account, found, *arguments)

    messaging.timetable.add(messaging.clock() + after_s, act)


def _accept(account: Account, message: SentMessage) -> None:
    """A scheduled message's time has come, unless it was cancelled."""
    if message.status == "scheduled":
        accepted = _change(account, message, status="accepted")
        _later(account, accepted, account.messaging.pace.accepted_s, _choose_sender)


def _choose_sender(account: Account, message: SentMessage) -> None:
    service = account.messaging.services[str(message.messaging_service_sid)]
    sender = message.sender or _find_sender(account, message, service)
    segments = _count_segments(message.body, message.num_media)
    _join_queue(account, _change(account, message, status="queued", sender=sender, num_segments=segments))


def _find_sender(account: Account, message: SentMessage, service: MessagingService) -> str:
    """Return the sender that the recipient knows (Sticky Sender), else the one that is free first."""
    messaging = account.messaging
    is_whatsapp = message.to.startswith(WHATSAPP)
    fitting = [each for each in service.senders if each.startswith(WHATSAPP) == is_whatsapp]
    for earlier in messaging.store.newest_first(message.number, message.to):
        if earlier.sender in fitting:
            return earlier.sender
    return min(fitting, key=lambda each: messaging.queues.wait_s(each, messaging.clock()))


def _join_queue(account: Account, message: SentMessage) -> None:
    messaging, sender, now = account.messaging, str(message.sender), account.messaging.clock()
    if messaging.queues.wait_s(sender, now) > MAX_QUEUED_S:
        _change(account, message, status="failed", error_code=OVERFLOW)
        return

    with messaging.store.lock:
        leaves_at = messaging.queues.reserve(sender, message.num_segments, messaging.rate_of(sender), now)
    expires_at = (message.send_at or message.date_created).timestamp() + message.validity_s
    if leaves_at > expires_at:
        _later(account, message, expires_at - now, _end, Outcome("failed", EXPIRED))
    else:
        _later(account, message, leaves_at - now, _depart)


def _depart(account: Account, message: SentMessage) -> None:
    outcome = _outcome_of(account, message)
    sending = _change(account, message, status="sending")
    step = _end if outcome.status == "failed" else _hand_over
    _later(account, sending, account.messaging.pace.sending_s, step, outcome)


def _outcome_of(account: Account, message: SentMessage) -> Outcome:
    messaging = account.messaging
    if message.channel == "whatsapp" and not message.content_sid:
        written_at = messaging.inbound_at.get((message.to, str(message.sender)), 0.0)
        if messaging.clock() - written_at > SESSION_S:  # free text is for those who wrote within a day
            return Outcome("undelivered", NO_SESSION)
    if any(text.lower() in message.body.lower() for text in messaging.filtered):
        return Outcome("undelivered", FILTERED)
    return messaging.outcomes.get(message.to, Outcome())


def _hand_over(account: Account, message: SentMessage, outcome: Outcome) -> None:
    """The carrier has it: from now on there is a date of sending."""
    sent = _change(account, message, status="sent", date_sent=account.messaging.now())
    if outcome.status != "sent":
        _later(account, sent, account.messaging.pace.sent_s, _end, outcome)


def _end(account: Account, message: SentMessage, outcome: Outcome) -> None:
    price = None if outcome.status == "failed" else _price(message)
    reached = "delivered" if outcome.status == "read" else outcome.status
    ended = _change(account, message, status=reached, error_code=outcome.error_code, price=price)
    if reached == "delivered":
        phone = Delivered(account.messaging.clock(), ended.to, str(ended.sender), ended.body, "", ended.sid)
        account.delivered.append(phone)
    if outcome.status == "read":
        _later(account, ended, account.messaging.pace.delivered_s, _mark_read)


def _mark_read(account: Account, message: SentMessage) -> None:
    _change(account, message, status="read")


def _price(message: SentMessage) -> str:
    number = phonenumbers.parse(message.to.removeprefix(WHATSAPP))
    each = PRICES.get(phonenumbers.region_code_for_number(number) or "", OTHER_PRICE)
    return f"-{each * message.num_segments:.5f}"


def _change(account: Account, message: SentMessage, **changes: Any) -> SentMessage:  # noqa: ANN401  its fields
    changed = replace(message, date_updated=account.messaging.now(), **changes)
    account.messaging.store.put(changed)
    report_status(account, changed)
    return changed


def cancel_message(account: Account, sid: str) -> SentMessage:
    """Cancel a message while it is scheduled; raise 30409 later on."""
    with account.messaging.store.lock:
        message = account.messaging.store.get(sid)
        if message.status != "scheduled":
            raise refusal(30409, message.status)
        return _change(account, message, status="canceled")


def redact_message(account: Account, sid: str) -> SentMessage:
    """Empty a message's body once nothing more becomes of it."""
    with account.messaging.store.lock:
        message = account.messaging.store.get(sid)
        _check_complete(message)
        redacted = replace(message, body="", date_updated=account.messaging.now())
        account.messaging.store.put(redacted)
        return redacted


def delete_message(account: Account, sid: str) -> None:
    """Remove a message once nothing more becomes of it."""
    with account.messaging.store.lock:
        _check_complete(account.messaging.store.get(sid))
        account.messaging.store.remove(sid)


def _check_complete(message: SentMessage) -> None:
    if message.status not in FINAL | {"sent"}:
        raise refusal(20009, message.status)
