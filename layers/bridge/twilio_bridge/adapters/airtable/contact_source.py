"""The port ContactSource over Airtable's Web API, through pyairtable.

Every request goes through `airtable_requests`. Formulas are built by pyairtable's formulas module only: what people
type is quoted there.
https://airtable.com/developers/web/api/introduction
"""

from collections.abc import Iterator, Sequence
from typing import Any

import requests
from pyairtable import formulas as f

from twilio_bridge import phone
from twilio_bridge.adapters.airtable.cells import Fields, format_cell, format_long_cell, is_checked, to_contact
from twilio_bridge.adapters.airtable.client import CALLBACK_PATIENCE_S, ONCE, READS, AirtableRequests, Refusal
from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact, is_record_id
from twilio_bridge.contacts.ports import SourcePage, TemplateText
from twilio_bridge.errors import UnavailableError

MAX_RECORDS_PER_PAGE = 100

# For a record that is gone Airtable answers either, depending on the token.
NOT_THERE = ((404, "NOT_FOUND"), (404, "MODEL_ID_NOT_FOUND"), (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"))


class AirtableContacts:
    """Contacts and templates of one base."""

    def __init__(
        self,
        token: str,
        base_id: str,
        endpoint_url: str,
        limiter: SlotLimiter,
        contacts: schema.Contacts,
        templates: schema.Templates,
        *,
        patience_s: float = CALLBACK_PATIENCE_S,
    ) -> None:
        self._requests = AirtableRequests(token, endpoint_url, limiter, patience_s)
        self._contacts = self._requests.api.table(base_id, contacts.table)
        self._templates = self._requests.api.table(base_id, templates.table)
        self._settings = contacts
        self._template_columns = templates.columns
        self._newest = ""

    def list_page(self, owner: str | None, size: int, offset: str | None = None) -> SourcePage:
        """Return one page of a list by name."""
        options: dict[str, Any] = {
            "page_size": min(size, MAX_RECORDS_PER_PAGE),
            "sort": [self._settings.columns.name],
        }
        if owner is not None:
            owner_cell = f.Field(self._settings.columns.owner)
            options["formula"] = str(f.EQ(f.LOWER(f.TRIM(_text(owner_cell))), f.LOWER(owner.strip())))
        return self._listed(options, offset)

    def iterate_pages(self, offset: str = "") -> Iterator[SourcePage]:
        """Return all contacts, page by page."""
        return self._all_pages({"page_size": MAX_RECORDS_PER_PAGE}, offset)

    def list_changed(self, moment: str) -> Iterator[tuple[Contact, ...]]:
        """Return the contacts whose last-modified column is later, page by page."""
        column = f.Field(self._settings.columns.last_modified)
        later = f.IS_AFTER(column, f.DATETIME_PARSE(moment)) if moment else f.NOT(f.EQ(column, f.BLANK()))
        listed = self._all_pages({"page_size": MAX_RECORDS_PER_PAGE, "formula": str(later)})
        return (page.contacts for page in listed)

    @property
    def latest_change(self) -> str:
        """The latest time in the last-modified column of all records listed so far, as Airtable wrote it."""
        return self._newest

    def _all_pages(self, options: dict[str, Any], offset: str | None = None) -> Iterator[SourcePage]:
        while True:
            page = self._listed(options, offset)
            yield page
            if not (offset := page.offset):
                return

    def get_contact(self, contact_id: str) -> Contact | None:
        """Return a contact by its record's id, or by the id column."""
        if is_record_id(contact_id):
            record = self._requests.send_request(lambda: self._contacts.get(contact_id), READS, self._is_gone)
            return self._contact(record) if record else None
        if not (contact_id and self._settings.columns.id):
            return None
        found = self._search(f.EQ(_text(f.Field(self._settings.columns.id)), contact_id))
        return found[0] if len(found) == 1 else None

    def get_contacts(self, contact_ids: Sequence[str]) -> list[Contact]:
        """Return those of the contacts that are there, a hundred a request."""
        tests = [f.EQ(f.RECORD_ID(), contact_id) for contact_id in contact_ids if is_record_id(contact_id)]
        cuts = [tests[start : start + MAX_RECORDS_PER_PAGE] for start in range(0, len(tests), MAX_RECORDS_PER_PAGE)]
        return [contact for cut in cuts for contact in self._search(f.OR(*cut))]

    def find_by_address(self, number: str) -> list[Contact]:
        """Return the contacts with this address, comparing digits, then whole numbers."""
        columns = self._settings.columns
        if not number:
            return []
        if not phone.E164.fullmatch(number):
            chat = f.Field(columns.chat) if columns.chat else None
            return self._search(f.EQ(_text(chat), number)) if chat else []
        same = phone.list_spellings(number)
        cells = [f.Field(column) for column in (columns.sms, columns.whatsapp) if column]
        written = {form for spelling in same for form in self._written(spelling)}
        tests = [f.EQ(_digits(cell), form) for cell in cells for form in sorted(written)]
        found = self._search(f.OR(*tests)) if tests else []
        return [contact for contact in found if set(same) & set(contact.addresses)]

    def create_contact(self, contact: Contact) -> Contact:
        """Add a contact; never tried twice, for the first try may have worked."""
        cells = {column: value for column, value in self._cells(contact).items() if value}
        return self._contact(self._requests.send_request(lambda: self._contacts.create(cells, typecast=True), ONCE))

    def delete_contact(self, contact_id: str) -> None:
        """Remove a contact; one that is gone already is fine."""
        if is_record_id(contact_id):
            self._requests.send_request(lambda: self._contacts.delete(contact_id), READS, self._is_gone)

    def set_opt_out(self, contact_id: str, opted_out: bool) -> Contact | None:
        """Tick or clear the opt-out, and make sure that the answer says so."""
        if not is_record_id(contact_id):
            return None
        cells: dict[str, Any] = {self._settings.columns.opt_out: opted_out}  # typecast: the column may be one of text
        record = self._requests.send_request(
            lambda: self._contacts.update(contact_id, cells, typecast=True), READS, self._is_gone
        )
        contact = self._contact(record) if record else None
        if contact and contact.opt_out != opted_out:
            raise UnavailableError(AIRTABLE, "the answer to an update does not hold what was written")
        return contact

    def list_templates(self) -> list[TemplateText]:
        """Return every template that has a text."""
        found = []
        for records in self._template_pages():
            found += [self._template(record["fields"]) for record in records]
        return [template for template in found if template.text]

    def _template_pages(self) -> Iterator[list[Any]]:
        offset = None
        while True:
            records, offset = self._list(self._templates, {"page_size": MAX_RECORDS_PER_PAGE}, offset)
            yield records
            if not offset:
                return

    def _template(self, fields: Fields) -> TemplateText:
        columns = self._template_columns
        approved = is_checked(fields.get(columns.whatsapp_approved))
        text = format_long_cell(fields.get(columns.text))
        return TemplateText(format_cell(fields.get(columns.category)), text, approved)

    def _search(self, formula: f.Formula) -> list[Contact]:
        return list(self._listed({"page_size": MAX_RECORDS_PER_PAGE, "formula": str(formula)}, None).contacts)

    def _listed(self, options: dict[str, Any], offset: str | None) -> SourcePage:
        records, following = self._list(self._contacts, options, offset)
        if column := self._settings.columns.last_modified:
            self._newest = max([self._newest, *(str(record["fields"].get(column) or "") for record in records)])
        return SourcePage(tuple(self._contact(record) for record in records), following)

    def _list(self, table: Any, options: dict[str, Any], offset: str | None) -> tuple[list[Any], str | None]:  # noqa: ANN401
        urls = (str(table.urls.records), ("POST", str(table.urls.records_post)))
        options = options | ({"offset": offset} if offset else {})
        answer = self._requests.send_request(
            lambda: self._requests.api.get(urls[0], fallback=urls[1], options=options), READS
        )
        if not isinstance(answer, dict) or not isinstance(answer.get("records"), list):
            raise UnavailableError(AIRTABLE, "a listing holds no records")
        if not all(map(_is_record, answer["records"])) or not isinstance(answer.get("offset", ""), str):
            raise UnavailableError(AIRTABLE, "a record has no id or no fields")
        return answer["records"], answer.get("offset")

    def _is_gone(self, refusal: Refusal) -> bool:
        """Return whether a refusal says that the record is not there."""
        record_id = refusal.url.rpartition("/")[2]
        refused = is_record_id(record_id) and (refusal.status, refusal.kind) in NOT_THERE
        return refused and not self._can_see(record_id, refusal.status)

    def _can_see(self, record_id: str, status: int) -> bool:
        """Return whether a refused record is there after all: a token that may not write gets the same answer."""
        same = str(f.EQ(f.RECORD_ID(), record_id))
        return status == requests.codes.forbidden and bool(
            self._list(self._contacts, {"page_size": 1, "formula": same}, None)[0]
        )

    def _contact(self, record: Any) -> Contact:  # noqa: ANN401  whatever the wire held
        if not _is_record(record):
            raise UnavailableError(AIRTABLE, "a record has no id or no fields")
        return to_contact(record["id"], record["fields"], self._settings)

    def _cells(self, contact: Contact) -> dict[str, Any]:
        columns = self._settings.columns.model_dump()
        return {
            column: getattr(contact, name)
            for name, column in columns.items()
            if column and name not in {"id", "last_modified"}
        }

    def _written(self, number: str) -> list[str]:
        plain = phone.extract_digits(number)
        return [plain, "00" + plain, *phone.format_national(number, self._settings.region)]


def _text(field: f.Field) -> f.Formula:
    return f.Formula(f"{field}&''")


def _digits(field: f.Field) -> f.Formula:
    return f.REGEX_REPLACE(_text(field), "[(]0[)]|[^0-9]", "")  # "+44 (0)20" is +4420


def _is_record(record: object) -> bool:
    if not isinstance(record, dict):
        return False
    return isinstance(record.get("id"), str) and isinstance(record.get("fields"), dict)
