"""A contact, its place in the order, and what a worker's search finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import ANN, ANYTHING, HOSTILE, contact
from twilio_bridge.contacts.contact import MAX_NAME_IN_KEY_LENGTH, Contact, fold_text, is_same_worker, matches_query

TEXTS = st.one_of(ANYTHING, st.text("aàÀbBßłøİ\u0131ﬁ ²٣0-/.", max_size=12))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ann", "ann"),
        ("  Ann \t  Smith\n", "ann smith"),
        ("Søren Ängström", "soren angstrom"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("Đorđe", "dorde"),
        ("Œuvre Æsir", "oeuvre aesir"),
        ("Þórður Ísberg", "thordur isberg"),
        ("I\u0131\u0130i", "iiii"),
        ("Ħal Ŧ", "hal t"),
        ("O\u2019Brien O\u02bcBrien O\u00b4Brien O`Brien O\uff07Brien", "o'brien o'brien o'brien o'brien o'brien"),
        ("Anne\u2011Marie Anne\u2013Marie", "anne-marie anne-marie"),
        ("ẞtraße", "sstrasse"),
        ("ÉMILE", "emile"),
        ("Straße", "strasse"),
        ("İstanbul", "istanbul"),
        ("ﬁsh", "fish"),
        ("José", "jose"),
        ("Jose\u0301", "jose"),
        ("a\x00b", "a b"),
        ("", ""),
        ("Ξένια", "ξενια"),
        ("山田", "山田"),
    ],
)
def test_fold(text: str, expected: str) -> None:
    """Case, accents and the kind of blanks make no difference."""
    assert expected == fold_text(text)


@given(TEXTS, TEXTS)
def test_fold_properties(one: str, other: str) -> None:
    """What is folded has no control characters, and case never tells two texts apart."""
    assert all(character >= " " for character in fold_text(one))
    assert fold_text(one) == fold_text(f" {one}\t")
    assert fold_text(one.casefold()) == fold_text(one)
    assert (fold_text(f"{one} {other}") == fold_text(f"{one}\n{other}")) is True


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"name": "Ann", "sms": ANN}, "Ann"),
        ({"name": " Ann \n Smith "}, "Ann Smith"),
        ({"name": " ", "sms": ANN}, ANN),
        ({"name": "", "whatsapp": ANN, "email": "a@b.c"}, ANN),
        ({"name": "", "email": "a@b.c"}, "a@b.c"),
        ({"name": "", "chat": "ann"}, "ann"),
        ({"name": ""}, "rec00000000000001"),
    ],
)
def test_display_name(fields: dict[str, str], expected: str) -> None:
    """Every contact has one line that stands for it."""
    assert expected == contact(**fields).display_name


def test_addresses() -> None:
    """The addresses of a contact are each named once, empty ones not at all."""
    assert contact(sms=ANN, whatsapp=ANN, chat="").addresses == (ANN,)
    assert contact(whatsapp=ANN, chat="ann").addresses == (ANN, "ann")
    assert contact().addresses == ()


def test_order() -> None:
    """Contacts stand by name, whatever its case and accents, then by id."""
    names = ["Zoe", "ann", "Ánn", "BEN", "ann b", "Ann-B", ""]
    everybody = [contact(f"r{place}", name=name) for place, name in enumerate(names)]

    assert ["r1", "r2", "r4", "r5", "r3", "r6", "r0"] == [c.id for c in sorted(everybody, key=lambda c: c.order)]


@given(TEXTS, TEXTS, st.sampled_from(["r1", "r2"]), st.sampled_from(["r1", "r2"]))
def test_order_is_total(name: str, other: str, one_id: str, other_id: str) -> None:
    """Two contacts have the same key only if they have the same id; it fits a sort key."""
    one, two = contact(one_id, name=name), contact(other_id, name=other)

    assert (one.order == two.order) == (
        one_id == other_id
        and fold_text(one.display_name)[:MAX_NAME_IN_KEY_LENGTH] == fold_text(two.display_name)[:MAX_NAME_IN_KEY_LENGTH]
    )
    assert len(one.order.encode()) <= 900
    assert one.order.count("\x00") == 1


@pytest.mark.parametrize(
    ("owner", "worker", "expected"),
    [
        ("jo@example.com", "jo@example.com", True),
        (" Jo@Example.COM ", "jo@example.com", True),
        ("jo@example.com", "jo@example.co", False),
        ("jo@example.co", "jo@example.com", False),
        ("", "", False),
        (" ", " ", False),
        ("", "jo", False),
        ("STRASSE", "straße", True),
    ],
)
def test_same_worker(owner: str, worker: str, expected: bool) -> None:
    """An owner is a worker whatever the case, and nobody owns what has no owner."""
    assert expected == is_same_worker(owner, worker)


ANN_SMITH = contact(name="Ánn-Marie Smith", sms="+447700900001", whatsapp="+14155550100", email="Ann@Example.com")


@pytest.mark.parametrize(
    "query",
    [
        "",
        " ",
        "ann",
        "ANN",
        "ánn",
        "smith",
        "mit",
        "smith ann",
        "ann example",
        "ann@example.com",
        "EXAMPLE.COM",
        "07700900001",
        "07700 900001",
        "7700 900 001",
        "+44 7700 900001",
        "0044 7700 900001",
        "(415) 555-0100",
        "0100",
        "900001 smith",
        "٩٠٠٠٠١",
        "ann-marie",
    ],
)
def test_found(query: str) -> None:
    """A contact is found by any part of name, e-mail address and numbers, however they are written."""
    assert matches_query(ANN_SMITH, query)


@pytest.mark.parametrize(
    "query",
    ["ben", "ann ben", "annmarie", "jo@example.com", "0770090000199", "900002", "a1", "1a", "{{name}}", "*", "%"],
)
def test_not_found(query: str) -> None:
    """A contact is not found by a word that it does not hold; owner and notes are not searched."""
    assert not matches_query(ANN_SMITH, query)


@pytest.mark.parametrize(
    "name", ["24/7", "007", "0 0", "00", "²", "+44 7700 900001", "A1 2", "\uff11\uff12", "3-4 (5)", *HOSTILE]
)
def test_own_name(name: str) -> None:
    """A contact is found by its own name, digits and all."""
    assert matches_query(contact(name=name, sms=""), name)


@given(TEXTS, TEXTS)
def test_own_name_always(name: str, more: str) -> None:
    """Whatever the name, it finds its contact, and a longer name that holds it as well."""
    assert matches_query(contact(name=name), name)
    assert matches_query(contact(name=f"{more} {name}"), fold_text(name))


@given(TEXTS, TEXTS, TEXTS)
def test_search_never_fails(query: str, name: str, email: str) -> None:
    """Whatever is typed, a contact matches or does not."""
    assert matches_query(Contact(id="r", name=name, email=email, sms=ANN), query) in {True, False}


LETTERS = [
    ("Łukasz", "lukasz"),
    ("Søren", "Soren"),
    ("Đorđe", "dorde"),
    ("Œuvre", "oeuvre"),
    ("O\u2019Neil", "O'Neil"),
    ("Strauß", "STRAUSS"),
    ("Bjørn-Åge", "bjorn\u2011age"),
]


@pytest.mark.parametrize(("one", "other"), [*LETTERS, *((other, one) for one, other in LETTERS)])
def test_letters_that_do_not_decompose_are_found_both_ways(one: str, other: str) -> None:
    """Whoever has the letter on the keyboard finds whoever has not, and the other way round."""
    assert matches_query(Contact(id="r1", name=one), other)


def test_letters_that_do_not_decompose_are_in_order() -> None:
    """Each stands beside the letter it comes from."""
    names = ["Zoe", "Łukasz", "Maria", "Lena", "Søren", "Sven", "Sofia", "Ørsted", "Olga"]
    ordered = sorted((Contact(id=f"r{n}", name=name) for n, name in enumerate(names)), key=lambda c: c.order)
    assert ["Lena", "Łukasz", "Maria", "Olga", "Ørsted", "Sofia", "Søren", "Sven", "Zoe"] == [c.name for c in ordered]
