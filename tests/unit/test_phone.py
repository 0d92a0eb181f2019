"""Numbers and addresses: one form for all that people and channels write."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import ANYTHING, HOSTILE
from twilio_bridge import phone

NUMBERS = st.from_regex(phone.E164, fullmatch=True)
REGIONS = st.sampled_from([None, "GB", "US", "BR", "MX", "AR", "DE", "IT", "ZZ"])
WRITTEN = st.one_of(ANYTHING, st.text("+0123456789 ()-./x", max_size=30), NUMBERS)
MOBILES = st.one_of(
    st.from_regex(r"\+55[0-9]{2}9?[0-9]{8}", fullmatch=True),
    st.from_regex(r"\+521?[0-9]{10}", fullmatch=True),
    st.from_regex(r"\+549?[0-9]{10}", fullmatch=True),
    NUMBERS,
)


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+447700900001", None, "+447700900001"),
        (" +44 7700 900001 ", None, "+447700900001"),
        ("+44 (0)7700 900001", None, "+447700900001"),
        ("whatsapp:+447700900001", None, "+447700900001"),
        ("WhatsApp: +447700900001", None, "+447700900001"),
        ("sms:+447700900001", None, "+447700900001"),
        ("rcs:+447700900001", None, "+447700900001"),
        ("07700 900001", "GB", "+447700900001"),
        ("0044 7700 900001", "GB", "+447700900001"),
        ("(415) 555-0100", "US", "+14155550100"),
        ("+1 415 555 0100 ext. 5", None, "+14155550100"),
        ("\u0660\u0667\u0667\u0660\u0660 \u0669\u0660\u0660\u0660\u0660\u0661", "GB", "+447700900001"),
        ("07700 900001", None, None),
        ("07700 900001", "ZZ", None),
        ("", None, None),
        ("jo", None, None),
        ("jo@example.com", "GB", None),
        ("+0123456789", None, None),
        ("12", "GB", None),
        ("+49 1234", None, None),
        ("+49 123456789012345", None, None),
        ("1" * 41, "GB", None),
        ("+" * 10_000, "GB", None),
        ("None", "GB", None),
        ("undefined", "GB", None),
    ],
)
def test_number(text: str, region: str | None, expected: str | None) -> None:
    """What people type becomes E.164, and what is no number none."""
    assert expected == phone.parse_number(text, region)


@given(WRITTEN, REGIONS)
def test_number_is_e164(text: str, region: str | None) -> None:
    """A number is E.164 or None, whatever the text, and stays what it is."""
    found = phone.parse_number(text, region)

    assert found is None or phone.E164.fullmatch(found)
    assert found is None or found == phone.parse_number(found)


@given(NUMBERS)
def test_number_keeps_e164(number: str) -> None:
    """What is E.164 already is not weighed."""
    assert number == phone.parse_number(number)
    assert number == phone.parse_number(f"whatsapp:{number}")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("whatsapp:+447700900001", "+447700900001"),
        ("+447700900001", "+447700900001"),
        ("sms:whatsapp:+447700900001", "+447700900001"),
        ("+44 7700 900001", "+447700900001"),
        ("jo", "jo"),
        (" jo ", "jo"),
        ("messenger:123", "123"),
        ("whatsapp:", ""),
        ("", ""),
        ("private:jo", "private:jo"),
    ],
)
def test_bare(address: str, expected: str) -> None:
    """An address without its channel is the number, or the identity as it is."""
    assert expected == phone.strip_channel(address)


@given(WRITTEN, st.sampled_from(["", "whatsapp:", "sms: ", "WhatsApp:sms:"]))
def test_bare_is_idempotent(text: str, channel: str) -> None:
    """A bare address has no channel left in it."""
    bare = phone.strip_channel(channel + text)

    assert bare == phone.strip_channel(bare)


@pytest.mark.parametrize(
    ("address", "expected"),
    [("whatsapp:+1", True), (" WhatsApp:+1", True), ("+1", False), ("", False), ("sms:whatsapp:", False)],
)
def test_is_whatsapp(address: str, expected: bool) -> None:
    """WhatsApp is known by its prefix, in any case."""
    assert expected == phone.is_whatsapp(address)


@pytest.mark.parametrize(
    ("text", "expected"), [("+44 (0)7", "4407"), ("", ""), ("²", ""), ("٣٤", "34"), ("a1b", "1"), ("½", "")]
)
def test_digits(text: str, expected: str) -> None:
    """Digits are decimal ones of any script, written in ASCII."""
    assert expected == phone.extract_digits(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+5511987654321", "+551187654321"),
        ("+5531912345678", "+553112345678"),
        ("+5215512345678", "+525512345678"),
        ("+5491123456789", "+541123456789"),
    ],
)
def test_two_spellings(one: str, other: str) -> None:
    """Mobiles of Brazil, Mexico and Argentina have two numbers, found from either."""
    assert (one, other) == phone.list_spellings(one)
    assert (other, one) == phone.list_spellings(other)


@pytest.mark.parametrize("number", ["+447700900001", "+14155550100", "+551133334444", "+5511933334444", "+5511"])
def test_one_spelling(number: str) -> None:
    """Other numbers have one; a mobile is never spelled as somebody's landline."""
    assert (number,) == phone.list_spellings(number)


@given(MOBILES)
def test_spellings_are_symmetric(number: str) -> None:
    """Whatever is a spelling of a number has that number as a spelling."""
    for spelling in phone.list_spellings(number):
        assert phone.E164.fullmatch(spelling)
        assert set(phone.list_spellings(number)) == set(phone.list_spellings(spelling))


@pytest.mark.parametrize(
    ("number", "region", "expected"),
    [
        ("+447700900001", "GB", ["07700900001", "7700900001"]),
        ("+447700900001", "US", []),
        ("+447700900001", "", []),
        ("+9991234567", "GB", []),
        ("+16135550100", "US", ["6135550100", "6135550100"]),
        ("+390612345678", "IT", ["0612345678", "0612345678"]),
    ],
)
def test_national(number: str, region: str, expected: list[str]) -> None:
    """A number of the region has the digits that people there write."""
    assert expected == phone.format_national(number, region)


@pytest.mark.parametrize(
    ("text", "region"),
    [("07700 900001", "GB"), ("(415) 555-0100", "US"), ("06 12345678", "IT"), ("11 98765 4321", "BR")],
)
def test_national_is_what_people_write(text: str, region: str) -> None:
    """A number typed without its country code has its digits among the national ones."""
    assert phone.extract_digits(text) in phone.format_national(phone.parse_number(text, region) or "", region)


@given(NUMBERS, REGIONS)
def test_national_never_fails(number: str, region: str | None) -> None:
    """Whatever is E.164 has national digits, or none."""
    assert all(form.isdigit() for form in phone.format_national(number, region or ""))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile(text: str) -> None:
    """Nothing that arrives as an address is more than a text."""
    phone.parse_number(text, "GB")
    phone.is_whatsapp(text)

    assert phone.list_spellings(phone.strip_channel(text))[0] == phone.strip_channel(text)


@pytest.mark.parametrize(
    ("text", "region", "numbers"),
    [
        ("+49 171 1234567 (Max)", None, ["+491711234567"]),
        ("Max (privat): +49 171 1234567", None, ["+491711234567"]),
        ("\uff0b49\u2009171\u20101234567", None, ["+491711234567"]),
        ("+49 171 1234567, +49 171 1234568", None, ["+491711234567", "+491711234568"]),
        ("+49 171 1234567 +49 171 1234568", None, ["+491711234567", "+491711234568"]),
        ("0171 1234567 oder 0171/1234568", "DE", ["+491711234567", "+491711234568"]),
        ("0171/1234567", "DE", ["+491711234567"]),
        ("07900 000012/07900 000013", "GB", ["+447900000012", "+447900000013"]),
        ("0044 7900 000012", None, ["+447900000012"]),
        ("00447900000012", "US", ["+447900000012"]),
        ("447900000012", None, ["+447900000012"]),
        ("447900000012", "GB", ["+447900000012"]),
        ("7900000012", "GB", ["+447900000012"]),
        ("491711234567", "DE", ["+491711234567"]),  # a number column: its own country code, not a place named 491
        ("49171 1234567", "DE", ["+491711234567"]),
        ("491 711234", "DE", ["+49491711234"]),
        ("5511987654321", "BR", ["+5511987654321"]),
        ("34612345678", "ES", ["+34612345678"]),
        ("491711234567.0", None, ["+491711234567"]),  # what a table program writes
        ("0171 1234567.0", "DE", ["+491711234567"]),
        ("+44 20 7946 0958 ext. 12", None, ["+442079460958"]),
        ("+44 20 7946 0958x123", None, ["+442079460958"]),
        ("+44 20 7946 0958 #5", None, ["+442079460958"]),
        ("030 901820 Durchwahl 12", "DE", ["+4930901820"]),
        ("(415) 555-0100", "US", ["+14155550100"]),
        ("", None, []),
        ("n/a", "GB", []),
    ],
)
def test_numbers_of_a_cell(text: str, region: str | None, numbers: list[str]) -> None:
    """What stands beside a number is left out, several are several, extensions are apart."""
    assert phone.NumberCell(tuple(numbers)) == phone.parse_numbers(text, region)


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("+49 171 1234567 Max 2", None),
        ("+49 171 Max 1234567", "DE"),
        ("+1-800-FLOWERS", None),
        ("1-800-FLOWERS", "US"),
        ("0171 1234567 und Max 629", "DE"),
        ("07900 000012", None),
        ("7900000012", None),
        ("4155550100", None),
        ("+49 1234", None),
        ("12", "GB"),
        ("1.2e11", None),
        ("4.91711E+11", "DE"),
        ("4.91711234567E+11", "DE"),
        ("DE123456789", "DE"),
        ("Tel0171 1234567", "DE"),
        ("12345678", "DE"),  # a customer's number, or a day without its dots
        ("12/05/2024", "DE"),
        ("2026-01-02", None),
        ("1" * 600, "GB"),
    ],
)
def test_a_cell_that_is_no_number_for_certain(text: str, region: str | None) -> None:
    """Letters never become digits, and nothing is guessed: the cell is rejected."""
    found = phone.parse_numbers(text, region)
    assert found.is_rejected
    assert not {"+491711234567629", "+4917112345672"} & {*found.numbers}


@given(WRITTEN, REGIONS)
def test_numbers_of_any_cell_have_its_digits_only(text: str, region: str | None) -> None:
    """Each is E.164, and a number as such is a cell of one."""
    found = phone.parse_numbers(text, region)

    assert all(phone.E164.fullmatch(number) for number in found.numbers)
    if not region:
        digits = phone.extract_digits(text)
        assert all(phone.extract_digits(number)[-6:] in digits for number in found.numbers)
    if number := phone.parse_number(text, region):
        assert number in found.numbers


@pytest.mark.parametrize("text", ["+49 171 1234567 (Max)", "Max +49 171 1234567", "+447900000012 +447900000013", "x5"])
def test_a_number_is_nothing_else(text: str) -> None:
    """An address is one number as a whole, or none: a chat identity is no cell."""
    assert phone.parse_number(text) is None


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("whatsapp:US.ABC123XYZ", (True, True, True)),
        ("whatsapp:DE.ENT.9f8e7d", (True, True, True)),
        (" WhatsApp:gb.13491208655302741918 ", (True, True, True)),
        ("whatsapp:+447700900001", (False, True, True)),
        ("+447700900001", (False, True, False)),
        ("messenger:108162", (False, False, True)),
        ("rcs:brand_agent", (False, False, True)),
        ("whatsapp:", (False, False, False)),
        ("whatsapp:US.", (False, False, True)),
        ("whatsapp:USA.1", (False, False, True)),
        ("US.ABC123XYZ", (False, False, False)),
        ("jo@example.com", (False, False, False)),
        ("", (False, False, False)),
    ],
)
def test_addresses_without_a_number(address: str, expected: tuple[bool, bool, bool]) -> None:
    """WhatsApp users who show no number are reached by their id; other channels' addresses are customers', too."""
    assert expected == (phone.is_whatsapp_user(address), phone.is_address(address), phone.has_channel(address))


def test_a_whatsapp_users_id_is_no_number() -> None:
    """Its digits are nobody's, in whichever country."""
    for address in ("whatsapp:US.13491208655302741918", "whatsapp:GB.447700900001", "whatsapp:US.4155550100"):
        for region in (None, "US", "GB"):
            assert phone.parse_number(address, region) is None
        assert address.removeprefix("whatsapp:") == phone.strip_channel(address)
        assert (phone.strip_channel(address),) == phone.list_spellings(phone.strip_channel(address))
