"""Which texts Brevo takes for an e-mail address, for the modules that take contacts.

Brevo names no more than JSON Schema's format "email" (https://developers.brevo.com/reference/create-contact), which is
the Mailbox of RFC 5321, section 4.1.2. Seen in the field: double dots are refused. Where that leaves it open the
stricter reading holds here: no quoted local part, no address literal, a top-level domain of letters.
"""

import string

from twilio_bridge_local.vendors.brevo.errors import invalid

MAX_LENGTH, MAX_LOCAL_LENGTH, MAX_LABEL_LENGTH = 254, 64, 63
_LETTERS_DIGITS = frozenset(string.ascii_letters + string.digits)
# RFC 5322, section 3.2.3.
_ATOM_TEXT = _LETTERS_DIGITS | frozenset("!#$%&'*+-/=?^_`{|}~")


def checked(given: object) -> str:
    """Return the address in lower case; else raise a BrevoError."""
    if not isinstance(given, str) or not _is_mailbox(given):
        raise invalid("Invalid email address")
    return given.lower()


def _is_mailbox(text: str) -> bool:
    local, at, domain = text.rpartition("@")
    return bool(at) and len(text) <= MAX_LENGTH and _is_local_part(local) and _is_domain(domain)


def _is_local_part(local: str) -> bool:
    atoms = local.split(".")
    return len(local) <= MAX_LOCAL_LENGTH and all(atom and _ATOM_TEXT.issuperset(atom) for atom in atoms)


def _is_domain(domain: str) -> bool:
    labels = domain.split(".")
    top = labels[-1]
    is_named = len(labels) > 1 and len(top) > 1 and (top.isalpha() or top.lower().startswith("xn--"))
    return is_named and all(map(_is_label, labels))


def _is_label(label: str) -> bool:
    allowed = _LETTERS_DIGITS | {"-"}
    is_sized = 1 <= len(label) <= MAX_LABEL_LENGTH
    return is_sized and allowed.issuperset(label) and label[0] != "-" and label[-1] != "-"
