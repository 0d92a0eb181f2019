"""What stands in the way of a base: columns that are not there or of a wrong type, and cells that cannot be read."""

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from twilio_bridge.config import schema
from twilio_bridge.contacts import templates
from twilio_bridge.contacts.columns import Columns, TableSchema, list_named
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.ports import TemplateText

MAX_RECORDS_SHOWN = 20
# Without these columns people who opted out are written to, or nobody has contacts.
NEEDED = ("name", "owner", "opt_out")
LINKED = "multipleRecordLinks"
# https://airtable.com/developers/web/api/field-model: what Airtable computes nobody can write.
COMPUTED = frozenset(
    {
        *("formula", "rollup", "count", "multipleLookupValues", "autoNumber", "createdTime", "lastModifiedTime"),
        *("createdBy", "lastModifiedBy", "button", "externalSyncSource", "aiText"),
    }
)
REMEDIES = {
    "error": "Mend the formula or the lookup; until then it counts as unknown: an opt-out blocks, an owner stays.",
    "no number": "Write it with its country code, such as +447900000012, or set contacts.region; it is left out.",
    "linked record": "Add a lookup of the linked table's e-mail column, and name that as the owner's column.",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong; `is_error` where contacts cannot be relied on. `records` are ids, of the first few."""

    place: str
    message: str
    remedy: str
    is_error: bool = True
    records: tuple[str, ...] = ()


def find_table(tables: Sequence[TableSchema], wanted: str, place: str) -> tuple[TableSchema | None, list[Finding]]:
    """Return a table by its name or id, or what is wrong with its name."""
    found = next((table for table in tables if wanted in {table.id, table.name}), None)
    if found:
        return found, []
    nearest = _find_nearest(wanted, [table.name for table in tables])
    remedy = (
        f"Write {nearest} instead." if nearest else f"Write the name of one of them: {_join(t.name for t in tables)}."
    )
    return None, [Finding(place, f"the base has no table {wanted}", remedy)]


def check_view(table: TableSchema, view: str, default: str, place: str) -> list[Finding]:
    """Return what is wrong with the name of a view; a default need not be there."""
    if view in {"", default} or view in table.views:
        return []
    return [Finding(place, f"the table has no view {view}", f"Write one of them: {_join(sorted(table.views))}.")]


def check_columns(settings: schema.Contacts, columns: Columns, there: Collection[str] = ()) -> list[Finding]:
    """Return the columns that are not there; `there` are the names of those that are, where they can be known."""
    named, fields = list_named(settings), dict(settings.columns)
    absent = {name: column for name, column in fields.items() if column in columns.absent}
    return [
        _missing(name, column, there, is_error=column in named or name in NEEDED) for name, column in absent.items()
    ]


def _missing(name: str, column: str, there: Collection[str], *, is_error: bool) -> Finding:
    nearest = _find_nearest(column, there)
    rename = f"Write {nearest} instead, or rename the column." if nearest else "Name the column that holds it."
    usual = rename if name in NEEDED else f'{rename} "" where there is none.'
    return Finding(f"contacts.columns.{name}", f"the table has no column {column}", usual, is_error=is_error)


def check_types(settings: schema.Contacts, types: Mapping[str, str]) -> list[Finding]:
    """Return the columns whose type does not hold what is wanted, or cannot be written."""
    found = []
    for name, column in settings.columns:
        place, kind = f"contacts.columns.{name}", types.get(column, "")
        if kind == LINKED and name not in ("id", "last_modified"):
            remedy = "Add a lookup of the linked table's column, and name the lookup here: a link holds only ids."
            found.append(Finding(place, f"the column {column} links to other records", remedy))
        elif kind in COMPUTED and name == "opt_out":
            remedy = "Name a checkbox here: whoever writes STOP is obeyed, but Airtable never shows it."
            found.append(Finding(place, f"the column {column} is computed ({kind}), so nobody can write it", remedy))
        elif kind in COMPUTED and name in ("name", "sms", "whatsapp", "owner"):
            remedy = "It is read; contacts cannot be created from Frontline as long as Airtable computes it."
            message = f"the column {column} is computed ({kind}), so nobody can write it"
            found.append(Finding(place, message, remedy, is_error=False))
    return found


def check_cells(contacts: Iterable[Contact]) -> list[Finding]:
    """Return what cells cannot be read, with the ids of their records and never what stands in them."""
    records: dict[str, list[str]] = defaultdict(list)
    for contact in contacts:
        for problem in contact.problems:
            records[problem].append(contact.id)
    return [_unreadable(problem, ids) for problem, ids in sorted(records.items())]


def _unreadable(problem: str, ids: Sequence[str]) -> Finding:
    name, _, kind = problem.partition(": ")
    what = {"error": "an error", "no number": "no number for certain", "linked record": "a link to a record"}[kind]
    count = f"{len(ids):,} cell{'s' if len(ids) > 1 else ''}"
    is_error = kind != "no number"
    shown = tuple(ids[:MAX_RECORDS_SHOWN])
    verb = "hold" if len(ids) > 1 else "holds"
    return Finding(
        f"contacts.columns.{name}", f"{count} {verb} {what}", REMEDIES[kind], is_error=is_error, records=shown
    )


def check_templates(texts: Sequence[TemplateText], settings: schema.Contacts, columns: Columns) -> list[Finding]:
    """Return the templates that no contact can fill."""
    named = templates.find_unfillable(texts, settings.columns, columns.present)
    remedy = "Correct the name between {{ and }}, or add such a column."
    return [Finding("templates", f"no contact can fill {template}", remedy, is_error=False) for template in named]


def check_mapped_columns(mapped: Iterable[str], columns: Columns, types: Collection[str]) -> list[Finding]:
    """Return the columns that Flex Insights' attributes should come from, and that the table has not."""
    there = {column.casefold() for column in columns.present}
    missing = [name for name in mapped if name.casefold() not in there]
    return [Finding("insights", f"there is no column {name}", _suggest(_find_nearest(name, types))) for name in missing]


def _suggest(nearest: str) -> str:
    return f"Write contact.{nearest} instead." if nearest else "Correct its name after contact., or add such a column."


def _find_nearest(name: str, names: Collection[str]) -> str:
    folded = {each.casefold().replace(" ", "_"): each for each in names}
    nearest = difflib.get_close_matches(name.casefold().replace(" ", "_"), folded, n=1, cutoff=0.6)
    return folded[nearest[0]] if nearest else ""


def _join(names: Iterable[str]) -> str:
    return ", ".join(names)
