"""The port ContactSource over Airtable's Web API, through pyairtable.

Every request goes through `client`. Formulas are built by pyairtable's formulas module only: what people type is
quoted there. Contacts are only ever listed, with the columns named: in the answer for a single record a column that is
gone looks like an empty cell.
https://airtable.com/developers/web/api/list-records
"""

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import requests
from pyairtable import formulas as f

from twilio_bridge import phone
from twilio_bridge.adapters.airtable.base_schema import BaseSchema
from twilio_bridge.adapters.airtable.cells import (
    Fields,
    format_cell,
    format_long_cell,
    is_checked,
    is_collaborator,
    is_record_link,
    to_contact,
)
from twilio_bridge.adapters.airtable.client import CALLBACK_PATIENCE_S, ONCE, READS, AirtableRequests, Refusal
from twilio_bridge.adapters.state.limiter import AIRTABLE, SlotLimiter
from twilio_bridge.config import schema
from twilio_bridge.contacts.columns import Columns, check_columns, list_configured
from twilio_bridge.contacts.contact import Contact, is_record_id
from twilio_bridge.contacts.ports import SourcePage, TemplateText
from twilio_bridge.errors import ColumnsGoneError, RateLimitedError, UnavailableError, ViewGoneError
from twilio_bridge.settings import Proxy

MAX_RECORDS_PER_PAGE = 100
LOADING_S = 2

# For a record that is gone Airtable answers either, depending on the token.
NOT_THERE = ((404, "NOT_FOUND"), (404, "MODEL_ID_NOT_FOUND"), (403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND"))
# A number of fewer digits could stand in another one.
MIN_CONTAINED_LENGTH = 7


def no_columns() -> Columns | None:
    """Return that nobody has looked yet which columns there are."""
    return None


class AirtableContacts:
    """Contacts and templates of one base; `columns` are those that the last load read."""

    def __init__(  # noqa: PLR0913  three are named at the call, and have defaults
        self,
        token: str,
        base_id: str,
        endpoint_url: str,
        limiter: SlotLimiter,
        contacts: schema.Contacts,
        templates: schema.Templates,
        *,
        columns: Callable[[], Columns | None] = no_columns,
        patience_s: float = CALLBACK_PATIENCE_S,
        proxy: Proxy | None = None,
    ) -> None:
        self._requests = AirtableRequests(token, endpoint_url, limiter, patience_s, proxy)
        self._base = BaseSchema(base_id, self._requests)
        self._contacts = self._requests.api.table(base_id, contacts.table)
        self._templates = self._requests.api.table(base_id, templates.table) if templates.table else None
        self._settings = contacts
        self._template_settings = templates
        self._read_columns = columns
        self._columns: Columns | None = None
        self._newest = ""

    def find_columns(self, further: Collection[str] = ()) -> Columns:
        """Ask which of the configured columns are there, and which further ones, in whatever case.

        One request where the token may read the base's schema; else one, and one more for each that is missing.
        """
        configured = list_configured(self._settings)
        table = self._base.find_table(self._settings.table)
        if table is None:
            present = self._probe_columns(configured | frozenset(further))
        else:
            wanted = {name.casefold() for name in further}
            present = frozenset(name for name in table.types if name in configured or name.casefold() in wanted)
        return Columns(present, configured - present, frozenset(further), time.time())

    def use_columns(self, columns: Columns) -> None:
        """Read these columns from now on."""
        self._columns = columns

    def _probe_columns(self, wanted: frozenset[str]) -> frozenset[str]:
        """Return those of the columns that a listing takes."""
        while wanted:
            try:
                self._list(self._contacts, {"page_size": 1, "fields": sorted(wanted)}, None)
            except ColumnsGoneError as error:
                named = {name.casefold() for name in error.columns}
                if not (left := frozenset(name for name in wanted if name.casefold() not in named)) < wanted:
                    return frozenset(name for name in wanted if self._takes_column(name))
                wanted = left
            else:
                break
        return wanted

    def _takes_column(self, name: str) -> bool:
        try:
            self._list(self._contacts, {"page_size": 1, "fields": [name]}, None)
        except ColumnsGoneError:
            return False
        return True

    def list_page(self, owner: str | None, size: int, offset: str | None = None) -> SourcePage:
        """Return one page of a list by name; RateLimitedError where no formula expresses whose contacts are wanted."""
        options: dict[str, Any] = {
            "page_size": min(size, MAX_RECORDS_PER_PAGE),
            "sort": [self._settings.columns.name],
        }
        if owner is None:
            return self._listed(options, offset)

        options["formula"] = str(self._owned_by(owner))
        page = self._listed(options, offset)
        if not (page.contacts or offset or self._formulas_see_owners()):
            raise RateLimitedError("contact cache", LOADING_S)
        return page

    def _owned_by(self, owner: str) -> f.Formula:
        """Return the test whether the owner's cell is this worker, or has them in a list."""
        cell = f.LOWER(f.TRIM(_text(f.Field(self._settings.columns.owner))))
        wanted = owner.strip().lower()
        several = f.SUBSTITUTE(f.SUBSTITUTE(cell, ";", ","), " ", "")
        listed = f.FIND(f",{wanted.replace(' ', '')},", f.Formula(f"','&{several}&','"))
        return f.OR(f.EQ(cell, wanted), f.GT(listed, 0))

    def _formulas_see_owners(self) -> bool:
        """Return whether formulas see what records hold: of a collaborator they see the name, of a link the record's.

        https://support.airtable.com/docs/formula-field-reference
        """
        column = self._settings.columns.owner
        options = {"page_size": 1, "fields": [column], "formula": str(f.NE(_text(f.Field(column)), ""))}
        records, _ = self._list(self._contacts, options, None)
        cells = [record["fields"].get(column) for record in records]
        return not any(is_collaborator(cell) or is_record_link(cell) for cell in cells)

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
            return next(iter(self.get_contacts([contact_id])), None)
        if not (contact_id and self._present_columns().id):
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
        if not number:
            return []
        is_known = self._find_known_columns() is not None
        try:
            return self._find_by_address(number)
        except ColumnsGoneError:
            if is_known:
                raise
        return self._find_by_address(number)  # by the columns that are known now

    def _find_by_address(self, number: str) -> list[Contact]:
        columns = self._present_columns()
        if not phone.E164.fullmatch(number):
            chat = f.Field(columns.chat) if columns.chat else None
            return self._search(f.EQ(_text(chat), number)) if chat else []
        same = phone.list_spellings(number)
        cells = [f.Field(column) for column in (columns.sms, columns.whatsapp) if column]
        written = {form for spelling in same for form in self._written(spelling)}
        tests = [_holds_digits(cell, form) for cell in cells for form in sorted(written)]
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
        """Tick or clear the opt-out, and make sure that the answer shows it."""
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
        """Return every template that has a text, in the order of the view; none where no table is configured."""
        if self._templates is None:
            return []
        records = self._list_in_view(self._templates, self._template_settings.view)
        found = [self._template(record["fields"]) for record in records]
        return [template for template in found if template.text]

    def _list_in_view(self, table: Any, view: str) -> list[Any]:  # noqa: ANN401
        """Return all records in a view's order; the default view may not be there."""
        options: dict[str, Any] = {"page_size": MAX_RECORDS_PER_PAGE}
        if not view:
            return list(self._list_all(table, options))
        try:
            return list(self._list_all(table, options | {"view": view}))
        except ViewGoneError:
            if view != schema.Templates().view:
                raise
        return list(self._list_all(table, options))

    def _list_all(self, table: Any, options: dict[str, Any]) -> Iterator[Any]:  # noqa: ANN401
        offset = None
        while True:
            records, offset = self._list(table, options, offset)
            yield from records
            if not offset:
                return

    def _template(self, fields: Fields) -> TemplateText:
        columns = self._template_settings.columns
        approved = is_checked(fields.get(columns.whatsapp_approved))
        text = format_long_cell(fields.get(columns.text))
        return TemplateText(format_cell(fields.get(columns.category)), text, approved)

    def _search(self, formula: f.Formula) -> list[Contact]:
        return list(self._listed({"page_size": MAX_RECORDS_PER_PAGE, "formula": str(formula)}, None).contacts)

    def _listed(self, options: dict[str, Any], offset: str | None) -> SourcePage:
        """Return a page of contacts; rows that nobody filled in are none."""
        records, following = self._list_contacts(options, offset)
        if column := self._present_columns().last_modified:
            self._newest = max([self._newest, *(str(record["fields"].get(column) or "") for record in records)])
        contacts = map(self._contact, records)
        return SourcePage(tuple(contact for contact in contacts if contact.has_content), following)

    def _list_contacts(self, options: dict[str, Any], offset: str | None) -> tuple[list[Any], str | None]:
        """Ask for the columns by name; where nobody has looked yet which there are, look once one is missing."""
        in_view = {"view": self._settings.view} if self._settings.view else {}
        known = self._find_known_columns()
        fields = sorted(known.present if known else list_configured(self._settings))
        try:
            return self._list(self._contacts, {"fields": fields, **in_view, **options}, offset)
        except ColumnsGoneError:
            if known:
                raise
        columns = self.find_columns()
        check_columns(self._settings, columns, ())
        self._columns = columns
        return self._list(self._contacts, {"fields": sorted(columns.present), **in_view, **options}, offset)

    def _find_known_columns(self) -> Columns | None:
        self._columns = self._columns or self._read_columns()
        return self._columns

    def _present_columns(self) -> schema.ContactColumns:
        """Return the configured columns without those that are known to be absent."""
        known = self._find_known_columns()
        if known is None or not known.absent:
            return self._settings.columns
        gone = {name: "" for name, column in self._settings.columns if column in known.absent}
        return self._settings.columns.model_copy(update=gone)

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
        """Return whether a refusal means that the record is not there."""
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
        absent = self._columns.absent if self._columns else frozenset()
        return to_contact(record["id"], record["fields"], self._settings, absent)

    def _cells(self, contact: Contact) -> dict[str, Any]:
        """Return a contact's values by column; of two fields in one column the first that has a value stands there."""
        values: dict[str, Any] = {}
        for name, column in self._settings.columns:
            if column and name not in {"id", "last_modified"}:
                values[column] = values.get(column) or getattr(contact, name)
        return values

    def _written(self, number: str) -> list[str]:
        plain = phone.extract_digits(number)
        return [plain, "00" + plain, *phone.format_national(number, self._settings.region)]


def _text(field: f.Field) -> f.Formula:
    return f.Formula(f"{field}&''")


def _holds_digits(cell: f.Field, digits: str) -> f.Formula:
    """Return the test whether a cell has these digits; it may hold several numbers, and text beside them."""
    if len(digits) < MIN_CONTAINED_LENGTH:
        return f.EQ(_digits(cell), digits)
    return f.GT(f.FIND(digits, _digits(cell)), 0)


def _digits(field: f.Field) -> f.Formula:
    return f.REGEX_REPLACE(_text(field), "[(]0[)]|[^0-9]", "")  # "+44 (0)20" is +4420


def _is_record(record: object) -> bool:
    if not isinstance(record, dict):
        return False
    return isinstance(record.get("id"), str) and isinstance(record.get("fields"), dict)
