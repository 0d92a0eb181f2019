"""People who do not want to be written to.

What a person says is written down first, by address, and obeyed from there at once. Then Airtable is told; from then
on the record's opt-out says what holds for that contact, so that the company can change it there.
"""

from collections.abc import Iterable

from twilio_bridge import budget, config, phone
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.errors import BridgeError, RateLimitedError
from twilio_bridge.logs import logger, where
from twilio_bridge.ports import OptOut, OptOuts, Outbox

# How long a webhook tries to tell Airtable itself, and what it keeps for the queue where that fails.
DIRECT_TRY_S = 2.5
TIME_TO_QUEUE_S = 1.0
FIRST_WAIT_S = 15
LONGEST_WAIT_S = 900


def word_in(body: str, words: config.OptOut) -> bool | None:
    """Tell what a message says: out (True), in again (False), or neither (None)."""
    said = _plain(body)
    if not said:
        return None
    if said in map(_plain, words.words):
        return True
    return False if said in map(_plain, words.opt_in_words) else None


def _plain(text: str) -> str:
    return text.strip().strip(".!\"' \t\r\n").casefold()


def hear(address: str, out: bool, at: float, directory: Directory, opt_outs: OptOuts, outbox: Outbox) -> None:
    """Write down what a person said, then tell Airtable: now if it can be, else through the queue."""
    number = phone.bare(address)
    if opt_outs.record(number, out, at) is None:
        return
    try:
        with budget.limit(budget.seconds_left(DIRECT_TRY_S + TIME_TO_QUEUE_S) - TIME_TO_QUEUE_S):
            deliver(number, directory, opt_outs)
    except Exception as error:  # noqa: BLE001  whatever it was, the word must reach Airtable
        outbox.tell_airtable(number)
        logger.warning("opt-out queued", extra=where(error))


def deliver(address: str, directory: Directory, opt_outs: OptOuts) -> int:
    """Tell Airtable what a person last said at an address; give how many records were changed."""
    told = 0
    for word in opt_outs.of([address]):
        untold = [contact for contact in directory.find_all(address, ask=True) if contact.id not in word.told]
        for contact in untold:
            _tell(contact, word, directory, opt_outs)
            told += 1
    return told


def _tell(contact: Contact, word: OptOut, directory: Directory, opt_outs: OptOuts) -> None:
    directory.set_opt_out(contact, word.out)
    while not opt_outs.mark_told(word, [contact.id]):  # a later word's delivery may have been first: ours went over it
        later = next((said for said in opt_outs.of([word.address]) if said.at > word.at), None)
        if later is None:
            return
        word = later
        directory.set_opt_out(contact, word.out)


def is_out(contact: Contact | None, address: str, opt_outs: OptOuts) -> bool:
    """Tell whether this person must not be written to, by their latest word or their record."""
    said = opt_outs.of(_spellings([phone.bare(address), *(contact.addresses if contact else ())]))
    return decide(contact, said)


def decide(contact: Contact | None, said: Iterable[OptOut]) -> bool:
    """Weigh words against the record: a word counts until the contact's record says the same, the latest first."""
    untold = [word for word in said if contact is None or contact.id not in word.told]
    latest = max(untold, key=lambda word: word.at, default=None)
    if latest is not None:
        return latest.out
    return contact is not None and contact.opt_out


def _spellings(addresses: Iterable[str]) -> list[str]:
    return [spelling for address in addresses if address for spelling in phone.spellings(address)]


def wait_s(tries: int, error: BridgeError) -> float:
    """Give the seconds until a failed delivery is tried again: as asked for, else doubled up to 15 minutes."""
    if isinstance(error, RateLimitedError):
        return max(error.retry_after, 1) + 1
    return min(FIRST_WAIT_S * float(2 ** min(tries - 1, 10)), LONGEST_WAIT_S)
