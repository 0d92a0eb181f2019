"""Airtable's cells as text, and a record as a contact; nothing here asks anybody anything.

https://airtable.com/developers/web/api/field-model has the form of each type's cells.
"""

import re
import sys
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from twilio_bridge import phone
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact, is_record_id

Fields = Mapping[str, Any]

MAX_CELL_LENGTH = 10_000
PLAINLY_NO = {"", "no", "false", "0", "nein", "não", "nao", "non", "nie", "off"}
# What a cell may be that is no value; `Contact.problems` has one of them behind a field's name.
ERROR, REJECTED, LINKED_RECORD = "error", "no number", "linked record"


def to_contact(
    record_id: str, fields: Fields, settings: schema.Contacts, absent: Collection[str] = frozenset()
) -> Contact:
    """Make a contact of a record, the columns of which are there but for the `absent` ones."""
    columns = settings.columns
    texts = {name: format_cell(fields.get(column)) for name, column in _text_columns(columns).items()}
    texts["notes"] = format_long_cell(fields.get(columns.notes))
    owners, problems = _read_owners(fields.get(columns.owner))
    several = {"owner": owners, **dict(_read_numbers(fields, settings, problems))}
    opt_out = fields.get(columns.opt_out)
    if is_error(opt_out):
        problems.append(f"opt_out: {ERROR}")

    missing = [name for name in ("owner", "opt_out") if getattr(columns, name) in absent]
    unread = [*missing, *(name for name in ("owner", "opt_out") if _has_problem(name, problems))]
    return Contact(
        id=record_id,
        opt_out=is_opted_out(opt_out),
        cells=_read_further_cells(fields, settings),
        unread=tuple(unread),
        problems=tuple(problems),
        **texts,
        **{name: found[0] if found else "" for name, found in several.items()},
        co_owners=owners[1:],
        more_sms=several["sms"][1:],
        more_whatsapp=several["whatsapp"][1:],
    )


def _text_columns(columns: schema.ContactColumns) -> dict[str, str]:
    """Return the columns that are read as one line of text, by the contact's field."""
    return {
        name: column for name in ("name", "chat", "email", "linkedin", "avatar") if (column := getattr(columns, name))
    }


def _read_further_cells(fields: Fields, settings: schema.Contacts) -> dict[str, str]:
    mapped = set(settings.columns.model_dump(exclude={"id"}).values())
    texts = {column: format_cell(value) for column, value in fields.items() if column not in mapped}
    return {column: text for column, text in texts.items() if text}


def _read_numbers(
    fields: Fields, settings: schema.Contacts, problems: list[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Return the numbers of both channels; a cell that holds something else is one of the problems."""
    for channel in ("sms", "whatsapp"):
        value = fields.get(getattr(settings.columns, channel))
        cell = phone.parse_numbers(format_long_cell(value), settings.region or None)
        if is_error(value):
            problems.append(f"{channel}: {ERROR}")
        elif cell.is_rejected:
            problems.append(f"{channel}: {REJECTED}")
        yield channel, cell.numbers


def _read_owners(value: object) -> tuple[tuple[str, ...], list[str]]:
    """Return an owner cell's workers, each once, or what is wrong with the cell: it then names nobody."""
    if is_error(value):
        return (), [f"owner: {ERROR}"]
    texts = [text for entry in (value if isinstance(value, list) else [value]) for text in _split_owners(entry)]
    if any(map(is_record_id, texts)):
        return (), [f"owner: {LINKED_RECORD}"]
    return tuple({text.casefold(): text for text in reversed(texts)}.values())[::-1], []


def _split_owners(entry: object) -> list[str]:
    """Return whom one entry names: a collaborator by e-mail address, a text with several addresses by each."""
    text = sys.intern(_collaborator(entry, "email") or format_cell(entry))  # a few owners have all contacts
    parts = [part.strip() for part in re.split(r"[,;]", text) if part.strip()]
    if all("@" in part for part in parts):
        return parts
    return [text] if text else []


def _has_problem(name: str, problems: list[str]) -> bool:
    return any(problem.startswith(f"{name}: ") for problem in problems)


def is_error(value: object) -> bool:
    """Return whether a cell, or an entry of it, is an error of Airtable's instead of a value."""
    if isinstance(value, list):
        return any(map(is_error, value))
    return isinstance(value, dict) and ("error" in value or "specialValue" in value)


def format_cell(value: object) -> str:
    """Return a cell as one line of text; empty for what is no text: attachments, errors, check boxes."""
    return " ".join(format_long_cell(value).split())


def format_long_cell(value: object) -> str:
    """Return a cell as text that keeps its lines."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()[:MAX_CELL_LENGTH].strip()
    if isinstance(value, (int, float)):
        return f"{value:.15g}" if abs(value) < 1e15 else str(value)  # noqa: PLR2004  whole numbers without .0
    if isinstance(value, list):
        return ", ".join(text for entry in value if (text := format_long_cell(entry)))[:MAX_CELL_LENGTH]
    return _collaborator(value, "name")


def is_collaborator(value: object) -> bool:
    """Return whether a cell, or an entry of it, is one of Airtable's collaborators: formulas see another text."""
    if isinstance(value, list):
        return any(map(is_collaborator, value))
    return isinstance(value, dict) and "email" in value


def is_record_link(value: object) -> bool:
    """Return whether a cell links to other records: it holds their ids, and formulas see their names."""
    return isinstance(value, list) and any(isinstance(entry, str) and is_record_id(entry) for entry in value)


def _collaborator(value: object, part: str) -> str:
    is_person = isinstance(value, dict) and "email" in value
    return str(value.get(part) or value["email"])[:MAX_CELL_LENGTH] if is_person and isinstance(value, dict) else ""


def is_opted_out(value: object) -> bool:
    """Return whether an opt-out's cell is set: all that stands there counts, an error too, unless plainly a no."""
    if is_error(value):
        return True
    if isinstance(value, list):
        return any(map(is_opted_out, value))
    if isinstance(value, str):
        return value.strip().casefold() not in PLAINLY_NO
    return bool(value)


def is_checked(value: object) -> bool:
    """Return whether a check box is ticked, or a text in its place is a yes."""
    return value is True or (isinstance(value, str) and value.strip().lower() in {"true", "yes", "1", "x"})
