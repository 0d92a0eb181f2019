"""The kinds of keys: which can stand for somebody, which only lead to them, and which two people never share."""

from collections.abc import Iterable

from twilio_bridge import phone

# The kinds of keys, the strongest first.
KINDS = ("task", "conversation", "external", "email", "flex", "airtable", "phone")
# Each of these is one subject's; they lead to whose it is, for as long as it names nobody else.
ASSIGNED_KINDS = ("task#", "conversation#")
# Keys that lead to a person and are nothing of theirs: there is one more with each task or chat.
POINTERS = (*ASSIGNED_KINDS, "flex#")
# What two people never share, the strongest first.
DISTINCTIVE = ("external#", "email#")
# What turns out to be shared by several people.
SHAREABLE = ("email#", "flex#", "phone#")
PHONE = "phone#"
MAX_KEYS_PER_SUBJECT = 30


def select_usable_keys(keys: Iterable[str]) -> list[str]:
    """Return the keys that can stand for somebody, the strongest first."""
    split = {key: key.partition("#") for key in keys}
    good = [key for key, (kind, _, name) in split.items() if kind in KINDS and _is_somebody(kind, name)]
    return sorted(good, key=lambda key: KINDS.index(split[key][0]))[:MAX_KEYS_PER_SUBJECT]


def select_own_keys(keys: Iterable[str]) -> frozenset[str]:
    """Return the keys that identify somebody."""
    return frozenset(key for key in keys if not key.startswith(POINTERS))


def _is_somebody(kind: str, name: str) -> bool:
    if not name.strip() or not name.isprintable() or phone.is_hidden_caller(name):
        return False
    return kind != "phone" or phone.E164.fullmatch(name) is not None


def keys_contradict(some: Iterable[str], others: Iterable[str]) -> bool:
    """Return whether these are two people's keys: of the strongest kind that both have, none is the same."""
    one, other = set(some), set(others)
    for kind in DISTINCTIVE:
        mine, theirs = ({key for key in keys if key.startswith(kind)} for keys in (one, other))
        if mine and theirs:
            return mine.isdisjoint(theirs)
    return False
