"""Which of the messages that Twilio has is the one whose answer was lost.

Twilio changes bodies: Smart Encoding replaces characters, a trial account puts a sentence in front, opt-out texts are
added behind, and redacted bodies are empty. So bodies are compared by their letters and digits. What may be the message
is taken for it: somebody who is written to twice cannot be helped, a row that was written off can.
https://www.twilio.com/docs/messaging/services#smart-encoding
"""

import unicodedata
from collections.abc import Iterable

from twilio_bridge.messages.sending.message import MessageDraft, TwilioMessage

# https://help.twilio.com/articles/360036052753: what a trial account's messages begin with.
TRIAL_PREFIX = "sentfromyourtwiliotrialaccount"
OUTBOUND = "outbound-api"
# Twilio's moments are whole seconds, and its clock and ours differ a little.
MAX_SKEW_MS = 30_000


def find_matches(draft: MessageDraft, claimed_at: int, found: Iterable[TwilioMessage]) -> list[TwilioMessage]:
    """Return the messages that may be this one, the likeliest first: those with the very body, then the earliest."""
    since = (claimed_at - MAX_SKEW_MS) / 1000
    candidates = [
        message
        for message in found
        if message.direction in {"", OUTBOUND}
        and (message.created_at is None or message.created_at >= since)
        and _is_same_sender(draft, message)
        and _may_be_same_body(draft, message)
    ]
    return sorted(candidates, key=lambda message: (message.body != draft.body, message.created_at or since))


def _is_same_sender(draft: MessageDraft, message: TwilioMessage) -> bool:
    if draft.sender.startswith("MG"):
        return message.service_sid in {"", draft.sender}
    return message.sender in {"", draft.sender}


def _may_be_same_body(draft: MessageDraft, message: TwilioMessage) -> bool:
    """Return whether bodies agree; that of a content template is Twilio's, and nothing is known of a redacted one."""
    if draft.content_sid or not message.body:
        return True
    ours, theirs = _fold_body(draft.body), _fold_body(message.body)
    theirs = theirs.removeprefix(TRIAL_PREFIX) if not ours.startswith(TRIAL_PREFIX) else theirs
    return theirs == ours or (theirs.startswith(ours) and "stop" in theirs[len(ours) :])


def _fold_body(body: str) -> str:
    """Return the letters and digits of a body without accents, case and the form in which they were written."""
    plain = unicodedata.normalize("NFKD", body).casefold()
    return "".join(character for character in plain if character.isalnum())
