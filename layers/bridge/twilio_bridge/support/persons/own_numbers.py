"""The company's numbers: those that are configured, and those that the Twilio account has, read once a day.

An inbound task's `to`, an outbound one's `from`, and a callback's `from` are such a number, and never a customer's.
"""

from collections.abc import Callable, Iterable

from twilio_bridge.config import schema
from twilio_bridge.errors import SettingError, UpstreamError
from twilio_bridge.logs import describe_error, logger
from twilio_bridge.ports import Notes
from twilio_bridge.support.ports import AccountNumbers

NOTE, CLAIM = "own-numbers", "own-numbers-read"
FRESH_S, KEEP_S = 86_400, 30 * 86_400
MAX_NUMBERS_COUNT = 10_000


def refresh_account_numbers(open_account: Callable[[], AccountNumbers], notes: Notes) -> int | None:
    """Write down the account's numbers once a day; return how many there are, None where it is not due or not allowed.

    Whoever may not read them goes by the configured ones, and tries again the next day.
    """
    if not notes.claim_name(CLAIM, FRESH_S):
        return None
    try:
        numbers = open_account().list_numbers(MAX_NUMBERS_COUNT)
    except (UpstreamError, SettingError) as error:
        logger.info("numbers of the account not readable", extra=describe_error(error))
        return None
    notes.write_note(NOTE, " ".join(sorted(set(numbers))), KEEP_S)
    return len(numbers)


def add_own_numbers(settled: schema.Config, numbers: Iterable[str]) -> schema.Config:
    """Return the configuration with further numbers of the company's."""
    every = tuple(sorted({*settled.identity.own_numbers, *numbers}))
    added = settled.model_copy(update={"identity": settled.identity.model_copy(update={"own_numbers": every})})
    added.__dict__.pop("own_numbers", None)  # what was reckoned from the fewer numbers
    return added
