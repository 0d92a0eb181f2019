"""The values formulas compute with, and how Airtable converts and compares them; for the formula modules.

A value is blank (None), a text, a number, a truth value or a time. A `FormulaError` is Airtable's `#ERROR!`:
it passes through every function, and a record whose filter comes to it is left out.
"""

from datetime import UTC, datetime

from twilio_bridge_local.vendors.airtable.store import LINKS, Column, Record, Table

Value = str | float | bool | datetime | None
TIME_TYPES = frozenset({"date", "dateTime", "createdTime", "lastModifiedTime"})


class FormulaError(Exception):
    """`#ERROR!` as the value of a formula for one record."""


def cell(table: Table, record: Record, column: Column) -> Value:
    """Return a record's cell as a formula sees it: several values are one text, dates are times.

    Of a collaborator a formula sees the name, of linked records what stands in their primary field, although the record
    has e-mail addresses and ids there; an error is an error: https://support.airtable.com/docs/formula-field-reference
    """
    value = table.value(record, column)
    if isinstance(value, list):
        return ", ".join(_entry(table, column, item) for item in value)
    if isinstance(value, dict):
        return _entry(table, column, value)
    if column.type in TIME_TYPES and isinstance(value, str):
        return time(value)
    return value if isinstance(value, str | float | int) else None


def _entry(table: Table, column: Column, value: object) -> str:
    if isinstance(value, dict):
        if "error" in value or "specialValue" in value:
            raise FormulaError("the cell is an error")
        return str(value.get("name") or value.get("email") or value.get("filename") or "")
    return table.linked_name(column, value) if column.type == LINKS else str(value)


def text(value: Value) -> str:
    """The value as text, the way `&` joins it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return value if isinstance(value, str) else f"{value:.15g}"


def number(value: Value) -> float:
    """The value for arithmetic; a blank counts as 0, a text is an error."""
    if value is None:
        return 0
    if isinstance(value, str):
        raise FormulaError(f"{value!r} is no number")
    return value.timestamp() if isinstance(value, datetime) else value


def time(value: Value) -> datetime:
    """The value as a time; without a zone it is UTC, which is also what Airtable's API assumes."""
    if isinstance(value, datetime):
        return value
    try:
        parsed = datetime.fromisoformat(text(value))
    except ValueError:
        raise FormulaError(f"{value!r} is no time") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def truth(value: Value) -> bool:
    """Whether a condition holds: not blank, not 0, not an empty text, not NaN."""
    return bool(value) and value == value  # noqa: PLR0124  # the comparison that only NaN fails


def equal(left: Value, right: Value) -> bool:
    """Airtable's `=`: a blank equals an empty text, 0 and FALSE(); a text never equals a number."""
    if isinstance(left, str) or isinstance(right, str):
        return _same_kind(left, right) and text(left) == text(right)
    return number(left) == number(right)


def less(left: Value, right: Value) -> bool:
    """Airtable's `<`, with the same rules; a text against a number is an error."""
    if isinstance(left, str) or isinstance(right, str):
        if not _same_kind(left, right):
            raise FormulaError("a text and a number have no order")
        return text(left) < text(right)
    return number(left) < number(right)


def _same_kind(left: Value, right: Value) -> bool:
    """Whether both may be read as text without turning a number into one."""
    return all(value is None or isinstance(value, str | datetime) for value in (left, right))
