"""Airtable's cells as text, and a record as a contact; nothing here asks anybody anything."""

from collections.abc import Mapping
from typing import Any

from twilio_bridge import phone
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact

Fields = Mapping[str, Any]

MAX_CELL_LENGTH = 10_000
PLAINLY_NO = {"", "no", "false", "0", "nein", "não", "nao", "non", "nie", "off"}


def to_contact(record_id: str, fields: Fields, settings: schema.Contacts) -> Contact:
    """Make a contact of a record: numbers in E.164, empty and broken cells left out."""
    columns = settings.columns.model_dump(exclude={"id", "opt_out", "last_modified"})
    texts = {name: format_cell(fields.get(column)) for name, column in columns.items() if column}
    texts["notes"] = format_long_cell(fields.get(settings.columns.notes))
    texts["owner"] = _email_or_text(fields.get(settings.columns.owner))
    for channel in ("sms", "whatsapp"):
        texts[channel] = phone.parse_number(texts.get(channel, ""), settings.region or None) or ""
    mapped = set(settings.columns.model_dump().values())
    cells = {column: format_cell(value) for column, value in fields.items() if column not in mapped}
    return Contact(
        id=record_id,
        opt_out=is_opted_out(fields.get(settings.columns.opt_out)),
        cells={column: text for column, text in cells.items() if text},
        **texts,
    )


def format_cell(value: object) -> str:
    """Write a cell as one line of text; empty for what is no text: attachments, errors, check boxes."""
    return " ".join(format_long_cell(value).split())


def format_long_cell(value: object) -> str:
    """Write a cell as text that keeps its lines."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()[:MAX_CELL_LENGTH].strip()
    if isinstance(value, (int, float)):
        return f"{value:.15g}" if abs(value) < 1e15 else str(value)  # noqa: PLR2004  whole numbers without .0
    if isinstance(value, list):
        return ", ".join(text for entry in value if (text := format_long_cell(entry)))[:MAX_CELL_LENGTH]
    return _collaborator(value, "name")


def _email_or_text(value: object) -> str:
    """Read an owner's cell, which may be text or one of Airtable's collaborators."""
    entry = value[0] if isinstance(value, list) and value else value
    return _collaborator(entry, "email") or format_cell(entry)


def _collaborator(value: object, part: str) -> str:
    is_person = isinstance(value, dict) and "email" in value
    return str(value.get(part) or value["email"])[:MAX_CELL_LENGTH] if is_person and isinstance(value, dict) else ""


def is_opted_out(value: object) -> bool:
    """Read an opt-out: whatever somebody wrote there counts, unless it plainly says no."""
    if isinstance(value, list):
        return any(map(is_opted_out, value))
    if isinstance(value, str):
        return value.strip().casefold() not in PLAINLY_NO
    return bool(value) if isinstance(value, (bool, int, float)) else False


def is_checked(value: object) -> bool:
    """Read a check box, or what somebody wrote in its place."""
    return value is True or (isinstance(value, str) and value.strip().lower() in {"true", "yes", "1", "x"})
