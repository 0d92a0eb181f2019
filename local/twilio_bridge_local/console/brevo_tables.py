"""A Brevo account as tables for the terminal, 80 columns wide at most; for `console.brevo` and the demonstration."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

State = Mapping[str, Any]

_SECONDS = len("2026-03-02T09:00:00")


def show(state: State, console: Console) -> None:
    """Print contacts, lists and timelines, and the values that Brevo would have dropped silently."""
    for table in tables(state):
        console.print(table)
    if not (state["contacts"] or state["timeline"]):
        console.print("No contacts and no events yet.", style="dim")


def tables(state: State) -> Iterator[Table]:
    """Return the tables that have rows."""
    every = (_contacts(state), _lists(state), _timeline(state), _ignored(state))
    return (table for table in every if table.row_count)


def _contacts(state: State) -> Table:
    return _table(
        "Contacts", ("contact", "attributes"), ((_card(one), _pairs(one["attributes"])) for one in state["contacts"])
    )


def _card(contact: State) -> str:
    blocked = [kind for kind in ("email", "sms") if contact[f"{kind}Blacklisted"]]
    named = {"lists": contact["listIds"], "blocklisted": blocked}
    more = (f"{name} {', '.join(map(str, values))}" for name, values in named.items() if values)
    return "\n".join((f"contact {contact['id']}", *filter(None, [contact["email"]]), *more))


def _lists(state: State) -> Table:
    rows = ((one["id"], one["name"], one["totalSubscribers"]) for one in state["lists"])
    return _table("Lists", ("id", "name", "contacts"), rows)


def _timeline(state: State) -> Table:
    ordered = sorted(state["timeline"], key=lambda entry: entry["event_date"])
    return _table("Timeline", ("event", "properties"), ((_headed(e), _pairs(e["event_properties"])) for e in ordered))


def _headed(entry: State) -> str:
    at = entry["event_date"][:_SECONDS].replace("T", " ")
    whose = f"contact {entry['contact_id']}"
    return "\n".join((at, entry["event_name"], whose if entry["contact_id"] is not None else _nobody(entry)))


def _nobody(entry: State) -> str:
    return f"nobody's: {_pairs(entry['identifiers'])}"


def _ignored(state: State) -> Table:
    reasons = {"unknown": "there is no such attribute", "type": "the attribute has another type"}
    rows = ((one["attribute"], one["value"], reasons[one["reason"]]) for one in state["ignored"])
    return _table("Ignored silently", ("attribute", "value", "why"), rows)


def _table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", show_lines=True)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    return table


def _pairs(values: State) -> str:
    return "\n".join(f"{name} {value}" for name, value in values.items())
