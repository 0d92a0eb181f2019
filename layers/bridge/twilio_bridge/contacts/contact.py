"""One contact, and the order contacts stand in everywhere."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from twilio_bridge import phone

# In a key the folded name is cut here: DynamoDB takes sort keys of 1,024 bytes.
MAX_NAME_IN_KEY_LENGTH = 100
# Blank space to Python, so that no cell that is read as one line has it.
SEPARATOR = "\x1f"
# Letters that Unicode does not decompose, as people write them on another keyboard, and what stands for ' and -.
FOLDED = str.maketrans(
    dict(zip("\u0111\u00f0\u0256\u0127\u0131\u0142\u00f8\u0167\u0180\u0268\u0289\u014b", "dddhilotbiun", strict=True))
    | {"\u00e6": "ae", "\u0153": "oe", "\u00fe": "th", "\u0138": "k", "\u1e9e": "ss"}
    | dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02b9\u02bb\u02bc\u02bd\u055a\u07f4\ua78c\uff07\u00b4`", "'")
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A customer as the base has them; what the base lacks is empty.

    `sms` and `whatsapp` are E.164 without prefix, `chat` is a Conversations identity, `owner` the worker's identity;
    where a cell holds several, the first stands there and the rest beside it. `cells` holds further columns as text, by
    the column's name.

    Unknown is not empty: `unread` names the fields (`owner`, `opt_out`) whose column is not there or whose cell holds
    an error. An unknown owner is nobody who may see the contact; an unknown opt-out lifts none.
    `problems` are a load's remarks on the record's cells, such as `owner: error`; they are not kept.
    """

    id: str = ""
    name: str = ""
    sms: str = ""
    whatsapp: str = ""
    chat: str = ""
    email: str = ""
    linkedin: str = ""
    notes: str = ""
    owner: str = ""
    avatar: str = ""
    opt_out: bool = False
    cells: Mapping[str, str] = field(default_factory=dict)
    more_sms: tuple[str, ...] = ()
    more_whatsapp: tuple[str, ...] = ()
    co_owners: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default=(), compare=False)

    @property
    def display_name(self) -> str:
        """Return one line that stands for this contact, the name where there is one."""
        shown = (self.name, self.sms, self.whatsapp, self.email, self.chat, self.id)
        return " ".join(next(text for text in shown if text.strip()).split())

    @property
    def sms_numbers(self) -> tuple[str, ...]:
        """Return all numbers for text messages."""
        return (self.sms, *self.more_sms) if self.sms else ()

    @property
    def whatsapp_numbers(self) -> tuple[str, ...]:
        """Return all WhatsApp numbers."""
        return (self.whatsapp, *self.more_whatsapp) if self.whatsapp else ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the bare addresses this contact is reached at, each once."""
        everything = (*self.sms_numbers, *self.whatsapp_numbers, self.chat)
        return tuple(dict.fromkeys(address for address in everything if address))

    @property
    def owners(self) -> tuple[str, ...]:
        """Return the workers the contact belongs to, each once; none where nobody is known to own it."""
        return (self.owner, *self.co_owners) if self.owner else ()

    def is_owned_by(self, worker: str) -> bool:
        """Return whether this worker is one of the owners."""
        return any(is_same_worker(owner, worker) for owner in self.owners)

    @property
    def has_content(self) -> bool:
        """Return whether a person stands here; a row that nobody filled in is no contact."""
        texts = (self.name, self.email, self.linkedin, self.notes, self.avatar, *self.addresses, *self.owners)
        return self.opt_out or bool(self.problems) or any(text.strip() for text in texts)

    @property
    def order(self) -> str:
        """Return the key contacts are ordered by: the casefolded, accent-free name, then the id."""
        return f"{fold_text(self.display_name)[:MAX_NAME_IN_KEY_LENGTH]}\x00{self.id}"


def to_values(contact: Contact) -> dict[str, Any]:
    """Return the contact as plain values without what is empty; several owners or numbers are one text."""
    values = {name: value for name, value in asdict(contact).items() if value and name not in _NOT_KEPT}
    several = {"owner": contact.owners, "sms": contact.sms_numbers, "whatsapp": contact.whatsapp_numbers}
    return values | {name: SEPARATOR.join(texts) for name, texts in several.items() if texts}


def from_values(values: Mapping[str, Any]) -> Contact:
    """Return the contact that `to_values` made these of, an older version's as well."""
    known = {name: value for name, value in values.items() if name in _FIELDS}
    for first, others in _SEVERAL.items():
        if SEPARATOR in known.get(first, ""):
            known[first], *more = known[first].split(SEPARATOR)
            known[others] = tuple(more)
    if "unread" in known:
        known["unread"] = tuple(known["unread"])
    return Contact(**known)


_SEVERAL = {"owner": "co_owners", "sms": "more_sms", "whatsapp": "more_whatsapp"}
_NOT_KEPT = frozenset(("problems", *_SEVERAL.values()))
_FIELDS = frozenset(each.name for each in fields(Contact))


def fold_text(text: str) -> str:
    """Make a text comparable whatever its case, accents and quotes; runs of white space become one blank."""
    plain = text.casefold()
    if not plain.isascii():
        apart = unicodedata.normalize("NFKD", plain.translate(FOLDED)).casefold().translate(FOLDED)
        plain = "".join(character for character in apart if not unicodedata.combining(character))
    if not plain.isprintable():
        plain = "".join(max(character, " ") for character in plain)
    return " ".join(plain.split())


def is_record_id(text: str) -> bool:
    """Return whether this is the form of an Airtable record's id."""
    return len(text) == 17 and text.startswith("rec") and text.isascii() and text.isalnum()  # noqa: PLR2004


def is_same_worker(owner: str, worker: str) -> bool:
    """Return whether an owner's cell names this worker; people type e-mail addresses in any case."""
    return bool(owner.strip()) and owner.strip().casefold() == worker.strip().casefold()


def build_search_text(contact: Contact) -> str:
    """Return all that a search looks at, in one text: the folded name and e-mail address, and the numbers' digits."""
    written = (*contact.sms_numbers, *contact.whatsapp_numbers, contact.name)
    numbers = (phone.extract_digits(text) for text in dict.fromkeys(written))
    return "\n".join((fold_text(contact.name), fold_text(contact.email), *numbers))


def build_search_test(query: str) -> Callable[[str], bool]:
    """Return the test whether every word that a worker typed is in a haystack."""
    words = [_spellings(word) for word in _words(query)]
    plain = [word[0] for word in words if len(word) == 1]
    numbers = [word for word in words if len(word) > 1]
    if len(plain) == 1 and not numbers:  # most searches, and 100,000 haystacks have to be quick
        return lambda text: plain[0] in text
    return lambda text: all(word in text for word in plain) and all(any(w in text for w in ways) for ways in numbers)


def matches_query(contact: Contact, query: str) -> bool:
    """Return whether every word of the query is in the contact's name, e-mail address or numbers."""
    return build_search_test(query)(build_search_text(contact))


def _words(query: str) -> list[str]:
    """Split what a worker typed into words to look for; a number typed with blanks is one word."""
    if phone.extract_digits(query) and not any(character.isalpha() for character in query):
        return [phone.extract_digits(query)]
    return fold_text(query).split()


def _spellings(word: str) -> list[str]:
    """Return the forms of a word that count: a number also without its leading zeros and punctuation."""
    typed = phone.extract_digits(word)
    if not typed or any(character.isalpha() for character in word):
        return [word]
    return list(dict.fromkeys((word, typed.lstrip("0") or typed)))
