"""Message templates as the base holds them: one cached item, and the placeholders in them."""

import json
import re
from collections.abc import Collection, Iterable
from dataclasses import asdict, replace

from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.ports import ContactSource, TemplateText
from twilio_bridge.errors import RefusedError
from twilio_bridge.logs import logger
from twilio_bridge.ports import Notes

FIELDS = ("name", "sms", "whatsapp", "chat", "email", "linkedin", "notes", "owner", "avatar")
NOTE = "templates"
KEEP_S = 2 * 86_400
# The item has to fit DynamoDB's 400 KB; templates beyond that are not shown.
LARGEST = 350_000

# `*+` takes blanks once and for all: many of them would otherwise be divided between the parts in every way there is.
PLACEHOLDER = re.compile(r"\{\{\s*+([^{}]{0,100}?)\s*+\}\}")
# A rich text cell is Markdown, in which Airtable escapes what would be a mark: `first\\_name`.
# https://support.airtable.com/docs/rich-text-field#markdown
ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!~|<>])")


def recall_templates(notes: Notes) -> list[TemplateText] | None:
    """Return the templates as last read, or None where they never were."""
    text = notes.read_note(NOTE)
    return None if text is None else [TemplateText(**row) for row in json.loads(text)]


def read_templates(source: ContactSource, notes: Notes) -> list[TemplateText]:
    """Read the templates from the source and remember them; where the table is refused, those last read stay."""
    try:
        texts = [_unescape(text) for text in source.list_templates()]
    except RefusedError as error:
        logger.warning("templates not read", extra={"reason": str(error)})
        if (known := recall_templates(notes)) is None:
            notes.write_note(NOTE, "[]", KEEP_S)  # a callback is not to ask again
        return known or []

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


def unescape_markdown(text: str) -> str:
    """Return a text without the escapes of a rich text cell."""
    return ESCAPE.sub(r"\1", text) if "\\" in text else text


def _unescape(template: TemplateText) -> TemplateText:
    category, text = unescape_markdown(template.category), unescape_markdown(template.text)
    return replace(template, category=category, text=text.rstrip())


def contact_values(contact: Contact, columns: schema.ContactColumns) -> dict[str, str]:
    """Return what a template can show of a contact, by casefolded name; what is empty is left out.

    Names are the base's columns, our fields, and the text keys of the customer object that Twilio's public quickstarts
    fill in: https://github.com/twilio-labs/frontline-airtable-serverless-quickstart.
    """
    fields = {name: str(getattr(contact, name)) for name in FIELDS}
    quickstart = {"customer_id": contact.id, "display_name": contact.display_name, "id": contact.id}
    mapped = {column: fields[name] for name, column in columns if column and fields.get(name)}
    values = {**quickstart, **mapped, **contact.cells, **fields}
    return {name.casefold(): unescape_markdown(text) for name, text in values.items() if text}


def fillable_names(columns: schema.ContactColumns) -> set[str]:
    """Return the casefolded names that a contact may fill besides those of further columns."""
    mapped = [column for name, column in columns if column and name in {*FIELDS, "id"}]
    return {name.casefold() for name in ("customer_id", "display_name", "id", *FIELDS, *mapped)}


def list_further_columns(texts: Iterable[TemplateText], columns: schema.ContactColumns) -> set[str]:
    """Return the names in templates that can only be columns of the contacts' table."""
    known = fillable_names(columns)
    return {name for name in find_columns(texts) if name.casefold() not in known and not _is_a_workers(name)}


def find_unfillable(
    texts: Iterable[TemplateText], columns: schema.ContactColumns, present: Collection[str]
) -> list[str]:
    """Return each template that no contact can fill, as its category and the name that is no column."""
    there = {column.casefold() for column in present}
    named = [(text.category, name) for text in texts for name in sorted(list_further_columns([text], columns))]
    return [f"{category}: {name}" for category, name in named if name.casefold() not in there]


def _is_a_workers(name: str) -> bool:
    return name.casefold().partition(".")[0] in {"worker", "author"}
