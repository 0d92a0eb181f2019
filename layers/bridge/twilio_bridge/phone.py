"""Telephone numbers and messaging addresses, brought to one form.

A number is E.164 text (`+447900000012`). An address is a number with its channel in front where Twilio requires it
(`whatsapp:+447900000012`); what is no number is a chat identity and stays as it is.
"""

import re

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
CHANNEL = re.compile(r"((whatsapp|sms|mms|rcs|messenger):\s*)*", re.IGNORECASE)
WHATSAPP = "whatsapp:"
# A country code and an opaque id, for a business with several portfolios `US.ENT.…`.
# https://www.twilio.com/en-us/changelog/whatsapp-bsuid-format-in-conversations-and-webhook-fields
WHATSAPP_USER = re.compile(r"whatsapp:[A-Z]{2}\.([A-Za-z0-9]{1,16}\.)?[A-Za-z0-9_-]{1,128}", re.IGNORECASE)
# Callers who hide their number: Twilio's texts, and the digits that spell them:
# https://help.twilio.com/articles/223179988-Why-am-I-getting-calls-from-these-strange-numbers-
HIDDEN_WORDS = ("anonymous", "blocked", "private", "restricted", "unavailable", "unknown")
HIDDEN_NUMBERS = ("+266696687", "+2562533", "+7378742833", "+86282452253", "+8656696")
HIDDEN = frozenset((*HIDDEN_WORDS, *HIDDEN_NUMBERS))


def parse_number(text: str, region: str | None = None) -> str | None:
    """Bring what somebody typed to E.164, or return None where it is no number.

    `region` is the country of numbers written without their country code (ISO 3166, such as GB).
    """
    text = CHANNEL.sub("", text.strip(), count=1)
    if E164.fullmatch(text):
        return text
    if not any(character.isdigit() for character in text) or len(text) > 40:  # noqa: PLR2004  longer is no number
        return None
    import phonenumbers  # noqa: PLC0415  its metadata is needed only for untidy cells

    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    found = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return found if E164.fullmatch(found) else None


def strip_channel(address: str) -> str:
    """Return the address without its channel: the number, or the chat identity as it is."""
    text = address.strip()
    return parse_number(text) or CHANNEL.sub("", text, count=1)


def is_address(text: str) -> bool:
    """Return whether messages are sent to this: a number, or a WhatsApp user who shows none."""
    return E164.fullmatch(strip_channel(text)) is not None or is_whatsapp_user(text)


def is_whatsapp_user(address: str) -> bool:
    """Return whether this is a WhatsApp user's id in place of their number, such as `whatsapp:US.ABC123XYZ`."""
    return WHATSAPP_USER.fullmatch(address.strip()) is not None


def is_whatsapp(address: str) -> bool:
    """Return whether this is a WhatsApp address."""
    return address.strip().lower().startswith(WHATSAPP)


def is_hidden_caller(caller: str) -> bool:
    """Return whether this stands for a caller who hides their number."""
    return caller.casefold() in HIDDEN


def extract_digits(text: str) -> str:
    """Return the decimal digits of a text, as ASCII."""
    return "".join(str(int(character)) for character in text if character.isdecimal())


_SAME = (  # the number as dialled, and as WhatsApp knows the same mobile phone
    (re.compile(r"\+55(\d\d)9([016-9]\d{7})"), "+55{0}{1}"),  # with 2 to 5, what is left is somebody's landline
    (re.compile(r"\+55(\d\d)([016-9]\d{7})"), "+55{0}9{1}"),
    (re.compile(r"\+521([2-9]\d{9})"), "+52{0}"),
    (re.compile(r"\+52([2-9]\d{9})"), "+521{0}"),
    (re.compile(r"\+549([1-8]\d{9})"), "+54{0}"),
    (re.compile(r"\+54([1-8]\d{9})"), "+549{0}"),
)


def list_spellings(e164: str) -> tuple[str, ...]:
    """Return every number that reaches the same phone: Brazil's, Mexico's and Argentina's mobiles have two.

    https://www.twilio.com/docs/whatsapp/api lists WhatsApp's differing forms of these countries' numbers.
    """
    others = (form.format(*found.groups()) for shape, form in _SAME if (found := shape.fullmatch(e164)))
    return (e164, *others)


def format_national(e164: str, region: str) -> list[str]:
    """Return the digits people of `region` write for this number, none where it has another country code."""
    if not region:
        return []
    import phonenumbers  # noqa: PLC0415  as above

    try:
        parsed = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:  # no country has this code
        return []
    if parsed.country_code != phonenumbers.country_code_for_region(region):
        return []
    written = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return [extract_digits(written), phonenumbers.national_significant_number(parsed)]
