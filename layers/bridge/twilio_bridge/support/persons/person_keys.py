"""The keys a person is found by, each in one spelling, and what looks like a key or a name but is nobody's.

A key is `external#…`, `email#…`, `phone#…` (E.164) or `flex#…`, an identity of a web chat. Values that stand for nobody
come from unfilled forms and variables: https://www.twilio.com/docs/studio/user-guide/liquid-template-language shows an
unknown variable as an empty text, JavaScript shows it as `undefined`.
"""

import re
from dataclasses import dataclass

from twilio_bridge import phone
from twilio_bridge.config import schema

PLACEHOLDERS = frozenset(
    (
        *("undefined", "null", "nil", "none", "nan", "n/a", "na", "n.a.", "n.a", "not available", "not applicable"),
        *("not provided", "not set", "no value", "unknown", "anonymous", "unavailable", "restricted", "private"),
        *("blocked", "withheld", "empty", "blank", "missing", "default", "tbd", "todo", "test", "true", "false"),
        *("customer", "caller", "visitor", "guest", "user", "object object", "error", "no", "x", "xxx"),
    )
)
# Mailboxes that nobody reads, and those that forms make up.
NOBODYS_MAILBOXES = frozenset(
    (
        *("none", "noreply", "no-reply", "no_reply", "no.reply", "donotreply", "do-not-reply", "do_not_reply"),
        *("na", "n/a", "nil", "null", "undefined", "unknown", "nobody", "anonymous", "notprovided", "test", "xxx", "0"),
        *("noemail", "no-email", "no_email", "no.email", "nomail", "no-mail", "mailer-daemon", "postmaster"),
    )
)
TEMPLATE = re.compile(r"\{\{|\}\}|\$\{|<%|%>|\{[A-Za-z_.]+\}")
MAILBOX = r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*"
DOMAIN = r"([^\W_]([\w-]*[^\W_])?\.)+[^\W\d_]([\w-]*[^\W_])?"
EMAIL = re.compile(f"{MAILBOX}@{DOMAIN}")
MAX_EMAIL_LENGTH, MAX_MAILBOX_LENGTH = 254, 64
SIP = re.compile(r"(sips?|tel|callto):", re.IGNORECASE)
SEPARATORS = re.compile(r"[\s().\-/]+")
MIN_DIGITS_WITHOUT_PLUS, MAX_DIGITS = 10, 15
# What a display name begins with that describes a task, and nobody.
KINDS_OF_TASK = re.compile(
    r"(call[ -]?back|voice[ -]?mail|(missed|incoming|inbound|outbound|outgoing|internal|phone) (call|chat|sms|e-?mail)"
    r"|call|sms|mms|whats ?app|messenger|(web|live) ?chat|chat|e-?mail|task|survey|transfer|rückruf|anruf|ligação)"
    r"(\s+(from|to|with|for|request|requested|von|de)\b|\s*[:#|]|\s+-\s|\s*$)",
    re.IGNORECASE,
)
# A name for anyone, with or without a number behind it.
LABELS = re.compile(
    r"((the|new|web|website|chat|live|unknown|anonymous|returning|online) ){0,2}"
    r"(customer|client|caller|visitor|guest|user|contact|anonymous|unknown|private|restricted|blocked|unavailable"
    r"|withheld|kunde|kundin|cliente|besucher|gast|anonym|anónimo|anônimo|visitante|(web|live)? ?chat|sms|whatsapp)"
    r"( (caller|visitor|user|name|number|id))?([\s#_:-]{0,3}[0-9a-f-]*[0-9][0-9a-f-]*)?",
    re.IGNORECASE,
)
MAX_LABEL_LENGTH = 80
MIN_DIGITS_OF_NUMBER = 6


@dataclass(frozen=True, slots=True)
class KeyRules:
    """What the configuration adds: placeholders and labels in lower case, own numbers in every spelling."""

    placeholders: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    own_numbers: frozenset[str] = frozenset()
    region: str = ""


def build_rules(settled: schema.Config) -> KeyRules:
    """Return the rules of a configuration."""
    identity = settled.identity
    return KeyRules(
        placeholders=frozenset(map(_fold, identity.placeholders)),
        labels=frozenset(map(_fold, identity.labels)),
        own_numbers=settled.own_numbers,
        region=settled.contacts.region,
    )


def normalize_phone(value: object, rules: KeyRules) -> str:
    """Return a number in E.164 and one spelling, empty where it is none or nobody's.

    Takes what call centres write: `whatsapp:+44…`, `sip:+44…@host`, `0044…`, `44…`, an integer, blanks and brackets.
    """
    text = _plain_number(value)
    number = phone.parse_number(text, rules.region or None) if text else None
    number = number or _parse_without_plus(text)
    if not number or phone.is_hidden_caller(number) or _is_made_up(number):
        return ""
    return "" if {_fold(number), _fold(text)} & rules.placeholders else choose_spelling(number)


def _plain_number(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value).strip()
    text = text if text.startswith("+") else phone.CHANNEL.sub("", text, count=1)
    if scheme := SIP.match(text):
        text = re.split("[@;?]", text[scheme.end() :])[0].strip()
    if "@" in text or any(character.isalpha() for character in text):
        return ""
    return f"+{text[2:].lstrip()}" if text.startswith("00") else text


def _parse_without_plus(text: str) -> str | None:
    """Read digits that begin with a country code; only a number that is assigned counts, for nothing else shows it."""
    digits = SEPARATORS.sub("", text)
    if not digits.isdecimal() or not MIN_DIGITS_WITHOUT_PLUS <= len(digits) <= MAX_DIGITS or digits.startswith("0"):
        return None
    import phonenumbers  # noqa: PLC0415  its metadata is needed only for untidy numbers

    try:
        parsed = phonenumbers.parse(f"+{digits}")
    except phonenumbers.NumberParseException:
        return None
    return phone.parse_number(f"+{digits}") if phonenumbers.is_valid_number(parsed) else None


def _is_made_up(number: str) -> bool:
    digits = number.removeprefix("+")
    return len(set(digits)) == 1 or digits in {"1234567", "12345678", "123456789", "1234567890", "12345678901"}


def choose_spelling(number: str) -> str:
    """Return the spelling that is kept: Brazil's mobiles with their ninth digit, Mexico's numbers without their 1.

    Argentina's stay as they are written, for with 9 or without it they may be a mobile phone or a landline.
    """
    spellings = phone.list_spellings(number)
    if number.startswith("+55"):
        return max(spellings, key=len)
    return min(spellings, key=len) if number.startswith("+52") else number


def list_equal_keys(key: str) -> list[str]:
    """Return the other keys that the same phone may have been written down under."""
    kind, _, number = key.partition("#")
    return [f"phone#{other}" for other in phone.list_spellings(number) if other != number] if kind == "phone" else []


def normalize_email(value: object, rules: KeyRules) -> str:
    """Return an e-mail address in lower case, empty where it is none or nobody's."""
    if not isinstance(value, str):
        return ""
    text = value.strip().removeprefix("mailto:").strip("<>").strip().casefold()
    mailbox, _, domain = text.rpartition("@")
    if len(text) > MAX_EMAIL_LENGTH or len(mailbox) > MAX_MAILBOX_LENGTH or not EMAIL.fullmatch(text):
        return ""
    if mailbox in NOBODYS_MAILBOXES or domain.split(".")[0] in {"undefined", "null", "none", "noemail", "nomail"}:
        return ""
    return "" if text in rules.placeholders else text


def normalize_id(value: object, rules: KeyRules) -> str:
    """Return an id of another system, empty where it stands for nobody."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value).strip()
    return "" if is_placeholder(text, rules) else text


def normalize_identity(value: object, rules: KeyRules) -> str:
    """Return the identity of a web chat, empty where it is an address or stands for nobody."""
    text = normalize_id(value, rules)
    if "@" in text or normalize_phone(text, rules) or phone.is_hidden_caller(text) or text.startswith("client:"):
        return ""
    return text


def is_placeholder(text: str, rules: KeyRules) -> bool:
    """Return whether a value is none: an unfilled variable, a name for nothing, signs or zeros alone."""
    plain = _fold(text)
    if plain in PLACEHOLDERS or plain in rules.placeholders or TEMPLATE.search(text):
        return True
    return not any(character.isalnum() and character != "0" for character in plain)


def is_nobodys(key: str, rules: KeyRules) -> bool:
    """Return whether a key that a former version took is a placeholder, or the company's own number."""
    kind, _, name = key.partition("#")
    if kind == "email":
        return EMAIL.fullmatch(name) is not None and not normalize_email(name, rules)
    if kind == "phone":
        return name in rules.own_numbers or _is_made_up(name)
    return kind == "external" and is_placeholder(name, rules)


def is_label(value: object, rules: KeyRules, *addresses: str) -> bool:
    """Return whether a display name is none of a person: a number, an address, what the task is, or a name for anyone.

    `addresses` are those of the task, which Flex shows where it knows no name.
    """
    text = str(value).strip()
    plain = _fold(text)
    if is_placeholder(text, rules) or plain in rules.labels or plain in map(_fold, addresses):
        return True
    digits = phone.extract_digits(text)
    if len(digits) >= MIN_DIGITS_OF_NUMBER or "@" in text or ":" in text:
        return True
    return len(text) <= MAX_LABEL_LENGTH and bool(KINDS_OF_TASK.match(text) or LABELS.fullmatch(text))


def _fold(text: str) -> str:
    return " ".join(text.casefold().strip("\"'`<>[](){} \t\r\n").split())
