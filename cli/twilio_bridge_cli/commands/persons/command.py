"""`twilio-bridge persons`: who somebody is taken for, and what to do where that is wrong or has to go."""

import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.configuration import Configuration
from twilio_bridge.adapters.state.identities import DynamoErasing, DynamoIdentities
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.errors import BadRequestError, UpstreamError
from twilio_bridge.support.persons import person_repair
from twilio_bridge.support.persons.person import Interaction
from twilio_bridge.support.persons.person_keys import build_rules
from twilio_bridge.support.persons.person_repair import Found
from twilio_bridge_cli import aws, output, targets
from twilio_bridge_cli.commands.persons import brevo
from twilio_bridge_cli.environment import Environment, read_environment
from twilio_bridge_cli.errors import RefusedCommandError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.options import AsJson, Region, TableStack, Yes

_CODES: Final = "[bold]Exit codes[/bold]  0 done, 1 nobody is known by this, or refused, 2 usage, 4 unreachable"
SHOW_EXAMPLES: Final = f"""
[bold]Examples[/bold]
  twilio-bridge persons show amara@example.org --stack twilio-bridge
  twilio-bridge persons show +447900000012 --stack twilio-bridge
  twilio-bridge persons show WT0123456789abcdef0123456789abcdef --json | jq .interactions

{_CODES}
"""
SPLIT_EXAMPLES: Final = f"""
[bold]Examples[/bold]
  twilio-bridge persons split amara@example.org phone#+447900000012 --stack twilio-bridge

{_CODES}
"""
ERASE_EXAMPLES: Final = f"""
[bold]Examples[/bold]
  twilio-bridge persons erase amara@example.org --stack twilio-bridge
  BREVO_API_KEY=… twilio-bridge persons erase amara@example.org --stack twilio-bridge --brevo

{_CODES}
"""
_LOOK: Final = "Try another address, number or id of theirs; keys are case-sensitive only in ids."

Who = Annotated[str, typer.Argument(metavar="WHO", help="An e-mail address, a number, a task's SID, or another id.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="A key as `persons show` has it, such as phone#+44….")]
TableName = Annotated[str | None, typer.Option("--table", help="The table SyncState; else SYNC_STATE_TABLE.")]
Brevo = Annotated[bool, typer.Option("--brevo", help="Delete the contact in Brevo, too; takes BREVO_API_KEY.")]


@dataclass(frozen=True, slots=True)
class _State:
    """SyncState, and the environment it was found in."""

    table: Table
    name: str
    environment: Environment

    def find(self, who: str) -> Found:
        """Return the person; end with the remedy where there is none."""
        rules = build_rules(Configuration(self.table, None).current())
        try:
            return person_repair.find_person(who, rules, DynamoIdentities(self.table), DynamoPersons(self.table))
        except BadRequestError as error:
            raise RefusedCommandError(f"{str(error).capitalize()}.", _LOOK) from error
        except UpstreamError as error:
            raise aws.explain_failure(error, f"{self.name} cannot be read") from error


def _open(table: str | None, stack: str | None, region: str | None) -> _State:
    place = targets.find_target(targets.TABLE, table, stack, read_environment(), region)
    return _State(
        Table(aws.make_client("dynamodb", place.environment, region), place.name), place.name, place.environment
    )


@make_command(SHOW_EXAMPLES)
def show(
    who: Who, *, as_json: AsJson = False, table: TableName = None, stack: TableStack = None, region: Region = None
) -> None:
    """Show a person's keys and where they came from, their interactions, and what Brevo has.

    It is personal data: mind where it goes.
    """
    found = _open(table, stack, region).find(who)
    if as_json:
        output.print_json(_as_json(found))
        return
    person = found.dossier.person
    contact = f"contact {person.contact_id} in Brevo" if person.contact_id else "not in Brevo"
    output.print_text(f"person {person.id}, {contact}")
    output.print_table(["key", "from", ""], list(_keys(found)), ())
    interactions = sorted(found.dossier.interactions, key=lambda each: each.created_at)
    rows = [_row(each) for each in interactions]
    output.print_table(["interaction", "channel", "began", "ended", "wait s", "score"], rows, {"wait s", "score"})
    events = sorted(found.dossier.events, key=lambda each: (each.at, each.key))
    output.print_table(["event", "name", "at", "Brevo"], [[e.key, e.name, _time(e.at), e.status] for e in events], ())


def _row(each: Interaction) -> list[str]:
    times = [_time(each.created_at), _time(each.ended_at)]
    return [each.sid, each.channel or "-", *times, _number(each.wait_s), _number(each.score)]


def _keys(found: Found) -> list[list[str]]:
    person = found.dossier.person
    keys = sorted(
        {*person.keys, *(key for key, claim in found.claims.items() if claim.is_shared or key.startswith("flex#"))}
    )
    return [[key, _source(found, key), "shared by several" if key in found.shared else ""] for key in keys]


def _source(found: Found, key: str) -> str:
    claim = found.claims.get(key)
    return claim.source.removeprefix("task#").removeprefix("conversation#") if claim and claim.source else "-"


def _as_json(found: Found) -> dict[str, Any]:
    person = found.dossier.person
    keys = [{"key": key, "from": source, "shared": bool(shared)} for key, source, shared in _keys(found)]
    return {
        "person": person.id,
        "halves": list(person.halves),
        "contact_id": person.contact_id,
        "keys": keys,
        "interactions": [asdict(each) for each in found.dossier.interactions],
        "events": [asdict(each) for each in found.dossier.events],
    }


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S") if at else "-"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:g}"


@make_command(SPLIT_EXAMPLES)
def split(
    who: Who,
    key: Key,
    *,
    yes: Yes = False,
    table: TableName = None,
    stack: TableStack = None,
    region: Region = None,
) -> None:
    """Move a key, and the interactions that came with it alone, to a person of its own.

    Brevo finds a contact by the number or address that it has there: take the key out of the contact in Brevo as well,
    or the other person's numbers will be written to it.
    """
    state = _open(table, stack, region)
    found = state.find(who)
    if not yes:
        typer.confirm(f"Split {key} from person {found.id}?", abort=True, err=True)
    try:
        other = person_repair.split_person(found, key, DynamoIdentities(state.table), DynamoPersons(state.table))
    except BadRequestError as error:
        raise RefusedCommandError(
            f"{str(error).capitalize()}.", "`twilio-bridge persons show` has the person's keys."
        ) from error
    except UpstreamError as error:
        raise aws.explain_failure(error, f"{state.name} cannot be written") from error
    output.print_note(f"{key} is person {other} now.", "green")
    if contact_id := found.dossier.person.contact_id:
        output.print_note(
            f"Brevo's contact {contact_id} may still have it; while it does, what is about {other} is written there."
        )


@make_command(ERASE_EXAMPLES)
def erase(
    who: Who,
    *,
    in_brevo: Brevo = False,
    yes: Yes = False,
    table: TableName = None,
    stack: TableStack = None,
    region: Region = None,
) -> None:
    """Delete a person: profile, keys, interactions, events, and what is known of their tasks.

    A hash of each key stays for 400 days, so that what began before is not taken in again. The figures name nobody, and
    stay. An opt-out stays as well, for it protects the person.
    """
    state = _open(table, stack, region)
    found = state.find(who)
    contact_id = found.dossier.person.contact_id
    crm = brevo.open_contacts(state.environment, state.table) if in_brevo and contact_id else None
    if not yes:
        typer.confirm(f"Erase person {found.id} for good?", abort=True, err=True)
    try:
        if crm and contact_id:
            gone = crm.delete_contact(contact_id)
            output.print_note(f"Contact {contact_id} {'is deleted' if gone else 'was not there any more'} in Brevo.")
        count = person_repair.erase_person(found, DynamoErasing(state.table), int(time.time() * 1000))
    except UpstreamError as error:
        raise aws.explain_failure(error, "Not everything is erased; do it again") from error
    output.print_note(f"Person {found.id} is erased, {count} keys with them.", "green")
