"""Phone numbers as Brevo reads them, for the modules that take contacts."""

import re

import phonenumbers

from twilio_bridge_local.vendors.brevo.errors import invalid


def digits_of(given: object) -> str:
    """A number with its country code as digits, which is how Brevo shows it; else a BrevoError.

    91xxxxxxxxxx, +91xxxxxxxxxx and 0091xxxxxxxxxx are one number (https://developers.brevo.com/reference/create-contact);
    spaces, brackets and "(0)" do not matter. A number without its country code is refused.
    """
    text = re.sub(r"\(0\)|[\s().\-/]", "", str(given))
    digits = text.removeprefix("+").removeprefix("00")
    if not re.fullmatch(r"[1-9][0-9]{5,14}", digits) or not _possible(digits):
        raise invalid("Invalid phone number")
    return digits


def _possible(digits: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(f"+{digits}"))
    except phonenumbers.NumberParseException:
        return False
