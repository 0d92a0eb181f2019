"""Telephone numbers and messaging addresses, brought to one form.

A number is E.164 text (`+447900000012`). An address is a number with its channel in front where Twilio requires it
(`whatsapp:+447900000012`); what is no number is a chat identity and stays as it is.
"""

import re
import unicodedata
from dataclasses import dataclass

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
CHANNEL = re.compile(r"((whatsapp|sms|mms|rcs|messenger):\s*)*", re.IGNORECASE)
WHATSAPP = "whatsapp:"
# A country code and an opaque id, for a business with several portfolios `US.ENT.…`.
# https://www.twilio.com/en-us/changelog/whatsapp-bsuid-format-in-conversations-and-webhook-fields
WHATSAPP_USER = re.compile(r"whatsapp:[A-Z]{2}\.([A-Za-z0-9]{1,16}\.)?[A-Za-z0-9_-]{1,128}", re.IGNORECASE)
MAX_NUMBER_LENGTH = 40
MAX_CELL_LENGTH = 500
# Digits with what people put between them, and what they put before an extension.
_RUN = re.compile(r"[+(]{0,2}\d[\d\s().+\-/]*")
_EXTENSION = re.compile(
    r"(?:;\s*ext\s*=|#|(?<![^\W\d_])(?:extension|extn|ext|durchwahl|poste|anexo|ramal|int|x)(?![^\W\d_])[.:]*)\s*\d{1,7}(?!\d)",
    re.IGNORECASE,
)
# What a table program makes of a number that it takes for a sum.
_FRACTION = re.compile(r"(?<=\d{7})\.0+\s*$")
_GLUED = re.compile(r"[^\W\d_]\d|\d[^\W\d_]")
# What stands between two numbers of a cell; a plus sign begins another one.
_BETWEEN_NUMBERS = re.compile(r"[,;|&\n\r]|\s(?:or|and|oder|und|ou|et|e|o|y)\s|(?=\+)", re.IGNORECASE)
# Callers who hide their number: Twilio's texts, and the digits that spell them:
# https://help.twilio.com/articles/223179988-Why-am-I-getting-calls-from-these-strange-numbers-
HIDDEN_WORDS = ("anonymous", "blocked", "private", "restricted", "unavailable", "unknown")
HIDDEN_NUMBERS = ("+266696687", "+2562533", "+7378742833", "+86282452253", "+8656696")
HIDDEN = frozenset((*HIDDEN_WORDS, *HIDDEN_NUMBERS))


@dataclass(frozen=True, slots=True)
class NumberCell:
    """The numbers of a cell in E.164, in order; `is_rejected` where it has digits that are no number."""

    numbers: tuple[str, ...] = ()
    is_rejected: bool = False


def parse_number(text: str, region: str | None = None) -> str | None:
    """Bring a text that is one number to E.164, or return None where it is anything else; letters are no digits.

    `region` is the country of numbers written without their country code (ISO 3166, such as GB).
    """
    text = CHANNEL.sub("", text.strip(), count=1)
    if E164.fullmatch(text):
        return text
    if len(text) > MAX_NUMBER_LENGTH:
        return None

    plain = _EXTENSION.sub("", _to_ascii(text)).strip()
    return _to_e164(plain, region) if _RUN.fullmatch(plain) else None


def parse_numbers(text: str, region: str | None = None) -> NumberCell:
    """Return the numbers that stand in a cell; text before or behind a number is left out, and so is an extension.

    Besides what `parse_number` takes, digits may begin with 00 or with a country code. What cannot be divided into
    numbers for certain is rejected: a wrong number is somebody else's.
    """
    if E164.fullmatch(text):
        return NumberCell((text,))
    if len(text) > MAX_CELL_LENGTH:
        return NumberCell(is_rejected=any(map(str.isdecimal, text)))

    plain = _EXTENSION.sub("", _to_ascii(text))
    segments = [segment for segment in _BETWEEN_NUMBERS.split(plain) if any(map(str.isdigit, segment))]
    found = [_parse_segment(segment, region) for segment in segments]
    numbers = dict.fromkeys(number for parsed in found for number in parsed)
    return NumberCell(tuple(numbers), not all(found))


def _parse_segment(segment: str, region: str | None) -> list[str]:
    """Return the segment's number, or its numbers with a slash between them; none where anything is doubtful."""
    runs = _RUN.findall(_FRACTION.sub("", segment))
    if len(runs) != 1 or _GLUED.search(segment):  # text with digits before and behind it, or E+11 and the like
        return []
    if whole := _to_e164(runs[0], region, is_cell=True):
        return [whole]

    parts = [_to_e164(part, region, is_cell=True) for part in runs[0].split("/")]
    return [part for part in parts if part] if all(parts) else []


def _to_ascii(text: str) -> str:
    """Return the text without invisible characters, with one form of each digit, blank, plus sign and hyphen."""
    plain = unicodedata.normalize("NFKC", text)
    kept = (character for character in plain if unicodedata.category(character) not in {"Cf", "Mn"})
    return "".join(_to_ascii_character(character) for character in kept)


def _to_ascii_character(character: str) -> str:
    if character.isdecimal():
        return str(int(character))
    return "-" if unicodedata.category(character) == "Pd" else character


def _to_e164(run: str, region: str | None, *, is_cell: bool = False) -> str | None:
    """Return what a run of digits and punctuation means, the likeliest reading first."""
    digits = extract_digits(run)
    if len(digits) > MAX_NUMBER_LENGTH:
        return None

    plus = "+" in run
    if is_cell and not plus and digits.startswith("00"):
        run, plus = "+" + run[run.index("00") + 2 :], True
    if plus:
        return _parse_with_library(run[run.index("+") :], None)

    international = _parse_with_library(f"+{digits}", None, is_valid=True) if is_cell and len(digits) >= 10 else None  # noqa: PLR2004  shorter ones are national
    if region is None or (international and _begins_with_country_code(digits, region)):
        return international

    national = _parse_with_library(run, region, is_valid=True)
    return national or international or _parse_possible(run, digits, region)


def _begins_with_country_code(digits: str, region: str) -> bool:
    """Return whether digits begin with the region's own code, where a trunk prefix marks national ones."""
    import phonenumbers  # noqa: PLC0415  as below

    trunk = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True)
    return bool(trunk) and digits.startswith(str(phonenumbers.country_code_for_region(region)))


def _parse_possible(run: str, digits: str, region: str) -> str | None:
    """Return a number that the library does not know as valid, where it has the trunk prefix of its region."""
    import phonenumbers  # noqa: PLC0415  as below

    trunk = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) or ""
    return _parse_with_library(run, region) if digits.startswith(trunk) else None


def _parse_with_library(text: str, region: str | None, *, is_valid: bool = False) -> str | None:
    import phonenumbers  # noqa: PLC0415  its metadata is needed only for untidy cells

    try:
        parsed = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not (phonenumbers.is_valid_number if is_valid else phonenumbers.is_possible_number)(parsed):
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


def has_channel(address: str) -> bool:
    """Return whether this is an address of a messaging channel, such as `messenger:1234`: no worker's identity is."""
    found = CHANNEL.match(address.strip())
    return bool(found and found[0] and address.strip()[found.end() :].strip())


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


def find_country(e164: str) -> str:
    """Return the country of a number (ISO 3166); empty where it has none, as a satellite phone."""
    import phonenumbers  # noqa: PLC0415  as above

    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(e164)) or ""
    except phonenumbers.NumberParseException:
        return ""


def is_landline(e164: str) -> bool:
    """Return whether a number is known to be a landline; in North America nobody can know."""
    import phonenumbers  # noqa: PLC0415  as above

    try:
        return phonenumbers.number_type(phonenumbers.parse(e164)) == phonenumbers.PhoneNumberType.FIXED_LINE
    except phonenumbers.NumberParseException:
        return False
