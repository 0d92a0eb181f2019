"""What the domain asks of contacts' outside: the base, its copy, and what is kept between two parts of a load.

See `twilio_bridge.ports` for the rules.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from twilio_bridge.contacts.columns import Columns
from twilio_bridge.contacts.contact import Contact


@dataclass(frozen=True, slots=True)
class SourcePage:
    """A page of the source; `offset` asks for the next one."""

    contacts: tuple[Contact, ...]
    offset: str | None


class ContactSource(Protocol):
    """The truth about contacts and templates: Airtable. Slow, limited and sometimes away.

    Every request names the columns it reads; ColumnsGoneError where one is not there.
    """

    def find_columns(self, further: Collection[str] = ()) -> Columns:
        """Return which of the configured columns are there, and which further ones, in whatever case."""

    def use_columns(self, columns: Columns) -> None:
        """Read these columns from now on."""

    def list_page(self, owner: str | None, size: int, offset: str | None = None) -> SourcePage:
        """Return one page of a worker's contacts by name (None: everybody's).

        StaleOffsetError for an old offset; RateLimitedError where only the copy knows whose contacts they are.
        """

    def iterate_pages(self, offset: str = "") -> Iterator[SourcePage]:
        """Return all contacts, or those from a page's offset on, without hurry: whoever serves a worker goes first.

        StaleOffsetError where the source has forgotten the listing.
        """

    def list_changed(self, moment: str) -> Iterator[tuple[Contact, ...]]:
        """Return the contacts changed after a moment that `newest` gave, page by page, without hurry."""

    @property
    def latest_change(self) -> str:
        """The latest change among all that was listed so far, in the source's own form; empty where it has none."""

    def get_contact(self, contact_id: str) -> Contact | None:
        """Return a contact by the record's id, or by what stands in the id column."""

    def get_contacts(self, contact_ids: Sequence[str]) -> list[Contact]:
        """Return those of the contacts that are there, by their records' ids."""

    def find_by_address(self, number: str) -> list[Contact]:
        """Return the contacts with this address, however its digits are written in the cell."""

    def create_contact(self, contact: Contact) -> Contact:
        """Add a contact and return it as the source now has it."""

    def delete_contact(self, contact_id: str) -> None:
        """Remove a contact; one that is gone already is fine."""

    def set_opt_out(self, contact_id: str, opted_out: bool) -> Contact | None:
        """Tick or clear the opt-out and return the contact as it is now; None where it is gone."""

    def list_templates(self) -> list["TemplateText"]:
        """Return every template, in the order of the view."""


@dataclass(frozen=True, slots=True)
class TemplateText:
    """A message template as somebody wrote it, its placeholders unfilled."""

    category: str
    text: str
    whatsapp_approved: bool


@dataclass(frozen=True, slots=True)
class Origin:
    """What a copy is made of: a fingerprint of base, tables, columns, region and format, and the columns read."""

    made_of: str = ""
    columns: Columns | None = None


@dataclass(frozen=True, slots=True)
class CacheState:
    """Whether the cache holds a whole load, and how old it is (epoch seconds).

    `loaded_at` is when it was last brought up to date, `full_at` when its last whole load began; `newest` is the latest
    change it holds, `count` how many contacts the whole load had. `is_covered` means that since that load the base's
    webhook has reported what changed. `origin` is empty in a copy of a version that did not note it. `lease` is the
    latest number that a load was written under, `has_many_changes` that they are worth folding into the chunks.
    """

    loaded_at: float | None
    full_at: float = 0
    newest: str = ""
    count: int = 0
    is_covered: bool = False
    origin: Origin = Origin()
    lease: int = field(default=0, compare=False)
    has_many_changes: bool = False

    @property
    def is_empty(self) -> bool:
        """Return whether there never was a whole load, or it has expired."""
        return self.loaded_at is None


class ContactCache(Protocol):
    """The short-lived copy of contacts that answers workers. An owner of None stands for everybody's contacts."""

    def read_state(self) -> CacheState:
        """Return how old the copy is."""

    def list_page(self, owner: str | None, after: str, limit: int) -> list[Contact]:
        """Return up to `limit` contacts of the list, in order, behind the key `after` (empty: from the start)."""

    def search_page(self, owner: str | None, query: str, after: str, limit: int) -> list[Contact]:
        """Return up to `limit` contacts of the list that `matches` finds, in order, behind the key `after`."""

    def get_contact(self, contact_id: str) -> Contact | None:
        """Return a contact by id."""

    def get_contacts(self, contact_ids: Collection[str]) -> list[Contact]:
        """Return those of the contacts that are here."""

    def find_by_address(self, number: str) -> list[Contact]:
        """Return the contacts with exactly this bare address."""

    def find_position(self, contact_id: str) -> str | None:
        """Return the contact's key in the order, for a day also that of a deleted one."""

    def list_owners(self) -> list[str]:
        """Return the owners named by any contact."""

    def put_contact(self, contact: Contact, read_at: float | None = None) -> None:
        """Take in one contact that was created or changed just now; it survives a load that began before.

        With `read_at` it was only read, at that moment (epoch seconds): what was written since stays.
        """

    def remove_contact(self, contact_id: str) -> None:
        """Take out one contact that was deleted just now; it survives a load that began before."""

    def confirm_webhook_read(self, moment: float, changed: Sequence[Contact] = ()) -> None:
        """Note that all the base's webhook reported up to a moment (epoch seconds) is here; these had `changed`."""

    def replace_all(
        self, contacts: Sequence[Contact], began_at: float, number: int, newest: str = "", origin: Origin = Origin()
    ) -> int:
        """Take in a whole load that began at `began_at` under the lease `number`; an older number is ignored.

        Return how many contacts are new, gone, renamed or given to others since the copy before.
        """

    def apply_changes(self, changed: Sequence[Contact], began_at: float, number: int, newest: str | None = None) -> int:
        """Take in what has changed, as read since `began_at`, and return how many contacts really had.

        With `newest`, the latest of all changes, the copy is up to date as of `began_at`.
        """

    def fold_changes(self, number: int) -> None:
        """Write the changes since the last whole load into the chunks, so that lists are quick to read again."""

    def holds_value(self, field: str) -> bool:
        """Return whether any contact has a value in this field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """Where a whole load is: when it began, until when it may go on (epoch seconds), and the offset of what is left.

    `newest` is the latest change that it has read, `made_for` is what was kept of each contact, `problems` counts
    what was wrong with cells.
    """

    began_at: float
    until: float
    made_for: str
    offset: str = ""
    newest: str = ""
    problems: Mapping[str, int] = field(default_factory=dict)


class PartialLoads(Protocol):
    """What an unfinished load has read, for whoever goes on with it."""

    def append_part(self, read: Sequence[Contact], bookmark: Bookmark, number: int) -> None:
        """Add what a load read under the lease `number`; what another load kept goes, an older number is ignored."""

    def find_load(self, after: float) -> tuple[Bookmark, list[Contact]] | None:
        """Return the load that was kept; None where it began before `after`, its time is over, or a part is missing."""
