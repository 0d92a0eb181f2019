"""`twilio-bridge entities`: Twilio's resources as rows, from a terminal."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from twilio_bridge.entities.calls import EntityCall
from twilio_bridge.entities.operations import Operations
from twilio_bridge.entities.reading import Statement
from twilio_bridge.entities.registry import load_registry
from twilio_bridge.entities.request_parts import find_operation
from twilio_bridge.entities.selection import select
from twilio_bridge_cli import output, rows
from twilio_bridge_cli.commands.entities import options
from twilio_bridge_cli.commands.entities.account import open_operations
from twilio_bridge_cli.commands.entities.describing import show_entities, show_entity
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.groups import make_command

EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge entities describe Messages
  twilio-bridge entities list Messages --filter "DateSent >= '2026-11-01' AND Status = 'failed'" --limit 100
  twilio-bridge entities get Calls CA0123456789abcdef0123456789abcdef
  twilio-bridge entities create Messages To=+14155550100 Sender=+14155550123 Body=Hello
  twilio-bridge entities update InboundPhoneNumbers PN0123456789abcdef0123456789abcdef "Name=Front desk"
  twilio-bridge entities delete Recordings --filter "DateCreated < '2026-01-01'" --max-affected 50 --dry-run

[bold]Exit codes[/bold]
  0 done, 1 refused by Twilio, 2 usage, 3 not found or failed, 4 unreachable
"""
LIMIT: Final = 25
MAX_REQUESTS: Final = 1_000

Sort = Annotated[
    str,
    typer.Option(metavar="COLUMN", help="Sort by a column; all rows are read first.", rich_help_panel=options.WHICH),
]
Descending = Annotated[bool, typer.Option("--desc", help="The largest first.", rich_help_panel=options.WHICH)]
Limit = Annotated[int, typer.Option(min=1, help="How many rows.", rich_help_panel=options.WHICH)]
Everything = Annotated[bool, typer.Option("--all", help="All rows there are.", rich_help_panel=options.WHICH)]
FromFile = Annotated[
    Path | None, typer.Option("--from", metavar="FILE.json", help="Take the values from a JSON object.")
]
AllowPurchase = Annotated[
    bool, typer.Option("--allow-purchase", help="Buying a phone number is meant.", rich_help_panel=options.GUARD)
]


@make_command(EXAMPLES)
def list_entity(  # noqa: PLR0913  an option each
    entity: options.Entity,
    *,
    clause: options.Filter = "",
    fields: options.Fields = None,
    sort: Sort = "",
    descending: Descending = False,
    limit: Limit = LIMIT,
    everything: Everything = False,
    account: options.Account = "",
    max_requests: options.MaxRequests = MAX_REQUESTS,
    form: options.As = None,
    as_json: options.AsJson = False,
    secret: options.Secret = None,
    region: options.Region = None,
) -> None:
    """List an entity's rows; they are shown while they come."""
    found = load_registry().entity(entity)
    find_operation(found, "list")
    names = tuple(name.strip() for name in fields.split(",") if name.strip()) if fields else ()
    call = EntityCall(found.name, "list", filter_clause=clause, fields=names, account=account)
    selection = select(found, call)
    order = f' ORDER BY "{found.column_name(sort)}" {"DESC" if descending else "ASC"}' if sort else ""
    ending = order if everything else f"{order} LIMIT {limit}"
    operations = open_operations(secret, region)
    statement = Statement(operations.twilio, max_requests)
    shown = _read(operations, statement, selection.sql(ending=ending), selection.values)
    written = rows.write_rows(
        [name for name, _ in selection.columns],
        (list(selection.row(values).values()) for values in shown),
        rows.choose_format(form, as_json=as_json),
    )
    more = "" if everything or written < limit else "; there may be more: --limit, --all"
    output.print_note(f"{summarize(written, statement)}{more}", "dim")


list_entity.name = "list"  # as a function's name that is Python's own


def _read(operations: Operations, statement: Statement, sql: str, values: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    with output.show_budget(statement.max_requests) as bar:
        statement.on_progress = lambda now: bar.show(
            now.requests, f"{now.requests:,} requests, {now.scanned:,} rows read"
        )
        yield from bar.make_way(operations.engine.execute(sql, values, statement)[1])


def summarize(count: int, statement: Statement) -> str:
    """Return how many rows there were, and what they cost."""
    rows_word = "row" if count == 1 else "rows"
    requests = "request" if statement.requests == 1 else "requests"
    return f"{count:,} {rows_word}; {statement.requests:,} {requests}, {statement.scanned:,} rows read at Twilio"


@make_command(EXAMPLES)
def get(
    entity: options.Entity,
    entity_id: Annotated[
        str, typer.Argument(metavar="[ID]", help="The row's SID; as CF…/CA… behind its parents'.")
    ] = "",
    *,
    fields: options.Fields = None,
    account: options.Account = "",
    secret: options.Secret = None,
    region: options.Region = None,
) -> None:
    """Show one row."""
    names = tuple(name.strip() for name in fields.split(",")) if fields else ()
    call = EntityCall(entity, "get", entity_id=entity_id, fields=names, account=account)
    _perform(call, secret, region)


@make_command(EXAMPLES)
def create(  # noqa: PLR0913  an option each
    entity: options.Entity,
    values: options.Values = None,
    *,
    from_file: FromFile = None,
    allow_purchase: AllowPurchase = False,
    dry_run: options.DryRun = False,
    account: options.Account = "",
    secret: options.Secret = None,
    region: options.Region = None,
) -> None:
    """Create a row. One whose outcome is unknown is never created again: the error says how to look it up."""
    flags = frozenset({"allowPurchase"} if allow_purchase else ())
    payload = _payload(values or (), from_file)
    call = EntityCall(entity, "create", payload=payload, flags=flags, dry_run=dry_run, account=account)
    _perform(call, secret, region)


@make_command(EXAMPLES)
def update(  # noqa: PLR0913  an option each
    entity: options.Entity,
    arguments: options.Values = None,
    *,
    clause: options.Filter = "",
    from_file: FromFile = None,
    max_affected: options.MaxAffected = 1,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    account: options.Account = "",
    secret: options.Secret = None,
    region: options.Region = None,
) -> None:
    """Change a row, or those that a filter finds: `update ENTITY ID COLUMN=VALUE…`."""
    entity_id, values = _split_id(arguments or ())
    payload = _payload(values, from_file)
    call = EntityCall(
        entity,
        "update",
        entity_id=entity_id,
        filter_clause=clause,
        payload=payload,
        max_affected=max_affected,
        dry_run=dry_run,
        account=account,
    )
    _confirm(call, yes=yes)
    _perform(call, secret, region)


@make_command(EXAMPLES)
def delete(  # noqa: PLR0913  an option each
    entity: options.Entity,
    entity_id: options.MaybeId = None,
    *,
    clause: options.Filter = "",
    max_affected: options.MaxAffected = 1,
    dry_run: options.DryRun = False,
    yes: options.Yes = False,
    account: options.Account = "",
    secret: options.Secret = None,
    region: options.Region = None,
) -> None:
    """Delete a row, or those that a filter finds."""
    call = EntityCall(
        entity,
        "delete",
        entity_id=entity_id or "",
        filter_clause=clause,
        max_affected=max_affected,
        dry_run=dry_run,
        account=account,
    )
    _confirm(call, yes=yes)
    _perform(call, secret, region)


@make_command(EXAMPLES)
def describe(
    entity: Annotated[
        str, typer.Argument(metavar="[ENTITY]", help="Such as Messages; without one, all are listed.")
    ] = "",
    *,
    as_json: options.AsJson = False,
) -> None:
    """Show an entity's columns, types, filters that run at Twilio, parents and operations, with examples."""
    registry = load_registry()
    if entity:
        show_entity(registry, registry.entity(entity), as_json=as_json)
    else:
        show_entities(registry, as_json=as_json)


def _perform(call: EntityCall, secret: str | None, region: str | None) -> None:
    outcome = open_operations(secret, region).perform(call)
    output.print_value(outcome.payload)
    meta = dict(outcome.meta)
    if caution := meta.pop("caution", ""):
        output.print_note(f"{str(caution)[:1].upper()}{str(caution)[1:]}.", "yellow")
    if call.dry_run:
        output.print_note("Dry run: nothing was done.", "bold")
    output.print_note(", ".join(f"{name}: {json.dumps(value)}" for name, value in meta.items()), "dim")


def _confirm(call: EntityCall, *, yes: bool) -> None:
    """Ask somebody who sits at a terminal before something is changed."""
    if yes or call.dry_run or not output.is_asked():
        return
    caution = find_operation(load_registry().entity(call.entity), call.operation).caution
    which = call.entity_id or f"up to {call.max_affected:,} where {call.filter_clause}"
    warning = f" ({caution})" if caution else ""
    typer.confirm(f"{call.operation.capitalize()} {call.entity} {which}{warning}?", abort=True, err=True)


def _split_id(arguments: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the id that may stand before the values."""
    return (arguments[0], arguments[1:]) if arguments and "=" not in arguments[0] else ("", arguments)


def _payload(arguments: Iterable[str], from_file: Path | None) -> dict[str, Any]:
    payload = _read_payload(from_file) if from_file else {}
    for argument in arguments:
        name, sign, value = argument.partition("=")
        if not sign or not name:
            raise CommandError(f"{argument!r} is no COLUMN=VALUE.", "Such as: Body=Hello")
        payload[name] = _value(value)
    return payload


def _read_payload(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read as JSON ({type(error).__name__}).") from error
    if not isinstance(found, dict):
        raise CommandError(f"{path} holds no JSON object.")
    return found


def _value(text: str) -> Any:  # noqa: ANN401  any JSON
    """Return a value as it is meant: an object, a list, true or false by JSON, everything else as text."""
    if text[:1] not in {"{", "["} and text not in {"true", "false"}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
