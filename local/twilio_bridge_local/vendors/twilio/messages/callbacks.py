"""Status callbacks: what they hold, what becomes of them, and their way to us.

https://www.twilio.com/docs/messaging/guides/track-outbound-message-status: none for a message's first status, one for
each later one (`sending` is not reported). Twilio waits 15 seconds, tries once more where it cannot connect, and leaves
it at that: https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides.
"""

from typing import Final

from twilio_bridge_local.vendors.twilio.account import Account
from twilio_bridge_local.vendors.twilio.conversations.webhooks import send
from twilio_bridge_local.vendors.twilio.messages.records import FINAL, SentMessage

EVENT: Final = "message-status"
API_VERSION: Final = "2010-04-01"
UNREPORTED: Final = frozenset({"accepted", "scheduled", "sending"})
RETRIES: Final = 1
_AFTER_THE_NEXT_S: Final = 1.0


def report_status(account: Account, message: SentMessage) -> None:
    """Call back about a message's present status, unless that is on its way astray."""
    if not message.status_callback or message.status in UNREPORTED:
        return
    messaging = account.messaging
    faults, draw = messaging.callback_faults, messaging.random.random
    lost, reordered, repeated, delayed = (
        draw() < part for part in (faults.lost, faults.reordered, faults.repeated, faults.delayed)
    )
    if lost:
        messaging.lost_callbacks.append((message.sid, message.status))
        return

    late_s = faults.delay_s if delayed else 0.0
    if reordered and message.status not in FINAL:
        late_s += _until_the_next_s(account, message) + _AFTER_THE_NEXT_S
    times = [late_s, late_s + faults.delay_s] if repeated else [late_s]
    for after_s in times:
        _post_later(account, message, after_s)


def _until_the_next_s(account: Account, message: SentMessage) -> float:
    pace = account.messaging.pace
    if message.status == "queued":
        waits_s = account.messaging.queues.wait_s(str(message.sender), account.messaging.clock())
        return waits_s + pace.sending_s
    return pace.delivered_s if message.status == "delivered" else pace.sent_s


def _post_later(account: Account, message: SentMessage, after_s: float) -> None:
    timetable = account.messaging.timetable
    if not after_s:
        timetable.submit(lambda: _post(account, message))
        return
    at = account.messaging.clock() + after_s
    timetable.add(at, lambda: timetable.submit(lambda: _post(account, message)))


def _post(account: Account, message: SentMessage) -> None:
    for _attempt in range(1 + RETRIES):
        sent = send(account, EVENT, message.status_callback, parameters(account, message))
        if sent.status is not None or sent.seconds >= account.timeouts.status:
            return


def parameters(account: Account, message: SentMessage) -> dict[str, str]:
    """Return a message as a status callback shows it."""
    found = {
        "AccountSid": account.account_sid,
        "ApiVersion": API_VERSION,
        "From": message.sender or "",
        "MessageSid": message.sid,
        "MessageStatus": message.status,
        "SmsSid": message.sid,
        "SmsStatus": message.status,
        "To": message.to,
    }
    if message.messaging_service_sid:
        found["MessagingServiceSid"] = message.messaging_service_sid
    if message.error_code is not None:
        found["ErrorCode"] = str(message.error_code)
    if message.channel == "sms":
        done = message.date_updated
        return {**found, "RawDlrDoneDate": f"{done:%y%m%d%H%M}"} if message.status in FINAL else found
    return {
        **found,
        "ChannelPrefix": message.channel,
        "ChannelToAddress": message.to,
        "EventType": message.status.upper(),
    }
