"""Twilio's statuses of a message and in which order they come, and what its error codes mean for a row.

https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
https://www.twilio.com/docs/api/errors
"""

from enum import Enum
from typing import Final

# What the message has reached. Those of one rank exclude each other: the first of them stands.
RANKS: Final = {
    "accepted": 0,
    "scheduled": 1,
    "queued": 2,
    "sending": 3,
    "sent": 4,
    "partially_delivered": 5,
    "delivered": 6,
    "undelivered": 6,
    "failed": 6,
    "canceled": 6,
    "read": 7,
}
# After these comes nothing, but that what was delivered may be read.
TERMINAL: Final = frozenset({"delivered", "undelivered", "failed", "canceled", "read"})
# The message reached the person, or did not.
ARRIVED: Final = frozenset({"delivered", "read"})
NOT_ARRIVED: Final = frozenset({"undelivered", "failed"})
SCHEDULED: Final = "scheduled"
CANCELED: Final = "canceled"
# The row's status where Twilio's API refused the message: it never became one.
ERROR: Final = "Error"


def is_progress(known: str, reported: str) -> bool:
    """Return whether a reported status is later than the one that is known; what Twilio does not document never is.

    Callbacks come in any order: a status never goes backwards.
    """
    if reported not in RANKS:
        return False
    return RANKS[reported] > RANKS.get(known, -1)


class Refusal(Enum):
    """What a code with which the API refused a message means."""

    ROW = "this message will never be accepted; others may be"
    LATER = "the same message may be accepted later"
    OPTED_OUT = "the person has opted out of this sender's messages"
    EVERYBODY = "no message of this account is accepted until somebody changes something"


# The person wrote STOP: https://www.twilio.com/docs/api/errors/21610
OPTED_OUT_CODE: Final = 21610
# Too many requests, the sender's queue is full, too many scheduled messages: nothing of it was accepted.
LATER_CODES: Final = frozenset({429, 20429, 21611, 35125, 63018})
# The login is wrong, the account is suspended or closed or has sent what it may in a day, its address is not known.
EVERYBODY_CODES: Final = frozenset({20003, 20005, 20008, 20403, 20404, 63038, 90010})
# Below it stand HTTP's own statuses: what answered with them, a proxy for instance, was not Twilio.
MIN_TWILIO_CODE: Final = 10_000


def classify_refusal(code: int | None) -> Refusal:
    """Return what a refusal by the API means."""
    if code in LATER_CODES:
        return Refusal.LATER
    if code == OPTED_OUT_CODE:
        return Refusal.OPTED_OUT
    if code is None or code < MIN_TWILIO_CODE or code in EVERYBODY_CODES:
        return Refusal.EVERYBODY
    return Refusal.ROW


# The number does not exist: https://www.twilio.com/docs/api/errors/30005. Marked, like a landline.
INVALID_NUMBER_CODES: Final = frozenset({30005})
LANDLINE_CODE: Final = 30006
# https://www.twilio.com/docs/api/errors/30003: the phone is off or out of reach, which means little for the number.
UNREACHABLE_CODE: Final = 30003

# The codes that senders meet most: https://www.twilio.com/docs/api/errors
MEANINGS: Final = {
    20003: "the login is wrong",
    20429: "too many requests",
    21211: "not a valid number",
    21408: "the account may not send to this country",
    21606: "the sender cannot send to this number",
    21608: "a trial account sends to verified numbers only",
    21610: "the person has opted out",
    21611: "the sender's queue is full",
    21612: "sender and number do not go together",
    21614: "not a mobile number",
    21617: "the text is too long",
    30001: "the sender's queue overflowed",
    30002: "the account is suspended",
    30003: "the phone is off or out of reach",
    30004: "the number or the carrier blocks the message",
    30005: "the number does not exist",
    30006: "a landline, or a carrier that cannot be reached",
    30007: "the carrier filtered the message",
    30008: "unknown, by the carrier",
    30034: "the sender is not registered for A2P 10DLC",
    63016: "WhatsApp takes only templates outside of the 24 hours",
}
