"""filterByFormula as the stand-in understands it, formula by formula."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyairtable.formulas import EQ, REGEX_REPLACE, Field, match, quoted

from twilio_bridge_local.vendors.airtable.errors import AirtableError
from twilio_bridge_local.vendors.airtable.formula import compile_filter
from twilio_bridge_local.vendors.airtable.store import Base, Column

MADE = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ROW: Mapping[str, object] = {
    "name": "Siobhán O'Brien",
    "sms": "+44 7700 900012",
    "visits": 3,
    "opt_out": True,
    "tags": ["vip", "bakery"],
    "seen": "2026-02-01",
    "odd } name": "yes",
}
COLUMNS = (
    *("name", "sms", "empty", "odd } name"),
    Column("visits", "number"),
    Column("opt_out", "checkbox"),
    Column("tags", "multipleSelects"),
    Column("seen", "date"),
)


def holds(formula: str, row: Mapping[str, object] = ROW) -> bool:
    """Whether the only record of a base matches."""
    base = Base({"T": [row]}, {"T": COLUMNS}, now=lambda: MADE)
    table = base.tables["T"]
    (record,) = base.listed(table)
    return compile_filter(formula, table)(record)


TRUE = [
    "1",
    "'text'",
    "{opt_out}",
    "{visits}=3",
    "visits >= 3",
    "-{visits} < 0",
    "{name} = 'Siobhán O\\'Brien'",
    '{name} = "Siobhán O\'Brien"',
    "{odd \\} name}='yes'",
    "{empty} = ''",
    "{empty} = BLANK()",
    "{empty} = 0",
    "NOT({empty})",
    "AND(1, {name}, 'x')",
    "or(0, 1)",
    "LOWER('ÀB') = 'àb'",
    "TRIM('  a b ') = 'a b'",
    "{tags} = 'vip, bakery'",
    "REGEX_REPLACE({sms}, '[^0-9]', '') = '447700900012'",
    "REGEX_REPLACE({sms}, '\\D', '') = '447700900012'",
    "REGEX_REPLACE({sms}, '\\\\D', '') = '447700900012'",
    "REGEX_REPLACE('ab', '(a)(b)', '$2$1') = 'ba'",
    "REGEX_REPLACE('a', 'a', '\\\\1') = '\\\\1'",
    "REGEX_REPLACE({empty}&'', '\\D', '') = ''",
    "RECORD_ID() != ''",
    "IS_AFTER({seen}, DATETIME_PARSE('2026-01-31T23:59:59.000Z'))",
    "IS_AFTER('2026-02-02', {seen})",
    "'a' & 1 & {empty} = 'a1'",
    "{tags} & '' = 'vip, bakery'",
    "\n  {name}\n != 'x' ",
]
FALSE = [
    "0",
    "''",
    "BLANK()",
    "'3' = 3",
    "{visits} = '3'",
    "{name} = 'siobhán o\\'brien'",
    "{name} > 3",
    "OR(1, {name} > 3)",
    "REGEX_REPLACE({empty}, '.*', 'x') = 'x'",
    "REGEX_REPLACE({visits}, '3', 'x') = 'x'",
    "REGEX_REPLACE({sms}, '(?=4)', '') != ''",
    "REGEX_REPLACE({sms}, '(a)\\\\1', '') != ''",
    "REGEX_REPLACE({sms}, '(', '') != ''",
    "REGEX_REPLACE({sms}, '" + "(" * 15_000 + "', '') != ''",
    "REGEX_REPLACE({sms}, '" + "(" * 7_000 + ")" * 7_000 + "', '') != ''",
    "REGEX_REPLACE({sms}, 'a{1,99999999999}', '') != ''",
    "-{name}",
    "IS_AFTER({empty}, '2026-01-01')",
    "IS_AFTER({name}, '2026-01-01')",
]
INVALID = [
    "'",
    "{name",
    "{name} =",
    "= 1",
    "AND(",
    "AND(1,",
    "AND(1 2)",
    "LOWER('a', 'b')",
    "NOSUCH()",
    "IF(1, 2)",
    "1 * 2",
    "name name",
    "1)",
    "{name}; 1",
    "LOWER",
    "{no such}",
    "#",
    "()",
]


@pytest.mark.parametrize("formula", TRUE)
def test_a_record_that_matches_is_listed(formula: str) -> None:
    """Each formula holds for the record."""
    assert holds(formula)


@pytest.mark.parametrize("formula", FALSE, ids=range(len(FALSE)))
def test_a_record_that_does_not_match_or_fails_is_left_out(formula: str) -> None:
    """False, blank, zero, NaN and #ERROR! all leave the record out."""
    assert not holds(formula)


@pytest.mark.parametrize("formula", INVALID)
def test_an_invalid_formula_is_refused_as_airtable_does(formula: str) -> None:
    """422 INVALID_FILTER_BY_FORMULA, before any record is looked at."""
    with pytest.raises(AirtableError) as refused:
        holds(formula)
    assert refused.value.status == 422
    assert "INVALID_FILTER_BY_FORMULA" in str(refused.value.body)


def test_an_unknown_field_is_named() -> None:
    """The message names the field, as Airtable's does."""
    with pytest.raises(AirtableError, match="Unknown field names: no such"):
        holds("{No such} = 1")


@pytest.mark.parametrize(
    "formula",
    [
        "(" * 16_000,
        "NOT(" * 4_000,
        "(" * 1_000 + "1" + ")" * 1_000,
        "{" * 16_000,
        "'" + "\\" * 15_999,
    ],
    ids=range(5),
)
def test_no_depth_or_length_crashes_the_parser(formula: str) -> None:
    """What nests too deep is an invalid formula, no RecursionError."""
    with pytest.raises(AirtableError):
        holds(formula)


def test_long_formulas_within_the_limits_hold() -> None:
    """Chains of operators, arguments and signs may be as long as the URL allows."""
    assert holds("1" + "&1" * 7_999)
    assert holds("-" * 15_998 + "1")
    assert holds("OR(" + "0," * 7_990 + "1)")
    assert holds("(" * 60 + "1" + ")" * 60)


@given(st.text(max_size=200))
def test_quoted_text_is_only_ever_that_text(text: str) -> None:
    """What the client quotes comes back as it was, whatever is in it."""
    assert holds(str(match({"name": text})), {"name": text})
    assert not holds(str(match({"name": text})), {"name": f"{text}x"})


@given(st.text(max_size=100))
def test_any_text_is_a_formula_or_an_invalid_one(text: str) -> None:
    """No text makes the parser fail in another way than Airtable's."""
    try:
        holds(text)
    except AirtableError as refused:
        assert refused.status == 422  # noqa: PT017  # both ways out are right


def test_the_clients_own_functions_are_understood() -> None:
    """A number is found whatever people typed between its digits."""
    digits = REGEX_REPLACE(Field("sms"), r"[^\d]", "")
    assert holds(str(EQ(digits, "447700900012")))
    assert not holds(str(EQ(digits, quoted("447700900013"))))


def test_numbers_that_are_none_do_not_match() -> None:
    """NaN is false, as Airtable says."""
    assert not holds("{visits}", {"visits": math.nan})


JO_SMITH = {"id": "usr00000000000001", "email": "jo@example.com", "name": "Jo Smith"}


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("FIND('Brien', {name}) > 0", True),
        ("FIND('brien', {name}) = 0", True),
        ("FIND('S', {name}) = 1", True),
        ("FIND('S', {name}, 2) = 0", True),
        ("SUBSTITUTE({sms}, ' ', '') = '+447700900012'", True),
        ("SUBSTITUTE({empty}, 'a', 'b') = ''", True),
    ],
)
def test_finding_and_substituting(formula: str, expected: bool) -> None:
    """Both mind case: https://support.airtable.com/docs/formula-field-reference."""
    assert expected == holds(formula)


@pytest.mark.parametrize("cell", [JO_SMITH, [JO_SMITH]])
def test_a_formula_sees_a_collaborator_s_name(cell: object) -> None:
    """The record has the e-mail address: https://support.airtable.com/docs/collaborator-field-types-overview."""
    assert holds("{tags}&'' = 'Jo Smith'", {"tags": cell})
    assert not holds("FIND('jo@example.com', {tags}&'') > 0", {"tags": cell})


@pytest.mark.parametrize("cell", [[{"error": "#ERROR!"}], {"error": "#ERROR!"}, {"specialValue": "NaN"}])
def test_an_error_in_a_cell_makes_the_formula_one(cell: object) -> None:
    """Such a record is left out, whatever is asked: https://airtable.com/developers/web/api/field-model."""
    assert not holds("{tags}&'' = ''", {"tags": cell})
    assert not holds("NOT({tags}&'' = '')", {"tags": cell})


def test_a_formula_sees_what_a_linked_record_is_called() -> None:
    """The record itself has ids: https://airtable.com/developers/web/api/field-model#foreignkey."""
    workers = [{"name": "Jo", "email": "jo@example.com"}]
    columns = {"Workers": ("name", "email"), "T": (Column("owner", "multipleRecordLinks", "Workers"),)}
    base = Base({"Workers": workers, "T": []}, columns)
    (jo,) = base.listed(base.tables["Workers"])
    record = base.create(base.tables["T"], {"owner": [jo.id]})
    assert compile_filter("{owner}&'' = 'Jo'", base.tables["T"])(record)
