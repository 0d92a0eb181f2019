"""Message templates as the base holds them: one cached item, and the placeholders in them."""

import json
import re
from collections.abc import Iterable
from dataclasses import asdict

from twilio_bridge.contacts.ports import ContactSource, TemplateText
from twilio_bridge.ports import Notes

NOTE = "templates"
KEEP_S = 2 * 86_400
# The item has to fit DynamoDB's 400 KB; templates beyond that are not shown.
LARGEST = 350_000

# `*+` takes blanks once and for all: many of them would otherwise be divided between the parts in every way there is.
PLACEHOLDER = re.compile(r"\{\{\s*+([^{}]{0,100}?)\s*+\}\}")


def recall_templates(notes: Notes) -> list[TemplateText] | None:
    """Return the templates as last read, or None where they never were."""
    text = notes.read_note(NOTE)
    return None if text is None else [TemplateText(**row) for row in json.loads(text)]


def read_templates(source: ContactSource, notes: Notes) -> list[TemplateText]:
    """Read the templates from the source and remember them."""
    texts = source.list_templates()
    rows = [asdict(text) for text in texts]
    while len((packed := json.dumps(rows, ensure_ascii=False)).encode()) > LARGEST:
        rows = rows[: len(rows) * 9 // 10]
    notes.write_note(NOTE, packed, KEEP_S)
    return texts[: len(rows)]


def find_placeholders(text: str) -> list[str]:
    """Return the names a template leaves to be filled."""
    return PLACEHOLDER.findall(text)


def find_columns(texts: Iterable[TemplateText]) -> set[str]:
    """Return every name that any template leaves to be filled."""
    return {name for text in texts for name in find_placeholders(text.text)}
