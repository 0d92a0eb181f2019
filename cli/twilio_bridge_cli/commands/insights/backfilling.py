"""`twilio-bridge insights backfill`: open tasks completed once more, and what ended ones lacked."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Final

import typer

from twilio_bridge.adapters.twilio.tasks import TwilioTasks
from twilio_bridge.insights.backfill import GONE, find_lack
from twilio_bridge.insights.ports import Task
from twilio_bridge_cli import output
from twilio_bridge_cli.commands.insights.completing import (
    Done,
    complete_tasks,
    describe_state,
    log_to_stderr,
)
from twilio_bridge_cli.deployments import find_deployment, open_contact_cache
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import DONE, REFUSED, CommandError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.options import AsJson, Region, Stack
from twilio_bridge_cli.taskrouter import open_taskrouter

HELP: Final = (
    "Complete the attributes of open tasks once more, as after a change of the mapping."
    "\n\n"
    "It merges as EnrichTaskFunction does: it replaces nobody's value, skips what lacks nothing, and shares "
    "TaskRouter's limit with it. Run it again where it was interrupted. Tasks that have ended cannot be changed any "
    "more: they are shown with what they lacked."
    "\n\n"
    "Without SIDs it is all open tasks, and those that TaskRouter still has of the ended ones. Without --stack it is "
    "the local stack (make run)."
)
EXAMPLES: Final = """
[bold]Examples[/bold]
  twilio-bridge insights backfill --dry-run --stack twilio-bridge
  twilio-bridge insights backfill --stack twilio-bridge
  twilio-bridge insights backfill WT0123456789abcdef0123456789abcdef --stack twilio-bridge --json

[bold]Exit codes[/bold]  0 done, 1 some failed or, of those named, could not be changed any more, 2 usage, 4 unreachable
"""
NOT_ENABLED: Final = "Try the mapping on a test account, then set insights.enabled: true and put it in force."
ENDED: Final = "What has ended cannot be changed any more; only links to recordings can, for two minutes."
_SID: Final = re.compile(r"WT[0-9A-Za-z]{32}")
_HEADS: Final = ("TASK", "STATUS", "RESULT", "LACKED", "BREAKS")

Sids = Annotated[list[str] | None, typer.Argument(metavar="[TASK_SID]…", help="Only these tasks.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what tasks lack.")]


@make_command(EXAMPLES, HELP)
def backfill(
    sids: Sids = None,
    *,
    dry_run: DryRun = False,
    as_json: AsJson = False,
    stack: Stack = None,
    region: Region = None,
) -> None:
    """Complete tasks, and show what became of each."""
    deployment = find_deployment(stack, read_environment(), region)
    taskrouter = open_taskrouter(deployment, region)
    if not taskrouter.settled.insights.enabled and not dry_run:
        raise CommandError("insights.enabled is false: no task is written to.", NOT_ENABLED)

    tasks = TwilioTasks(taskrouter.requests)
    found = list(_find_tasks(tasks, sids or []))
    if dry_run:
        lacks = [find_lack(task, taskrouter.settled.insights) for task in found]
        done = [Done(lack, describe_state(lack)) for lack in lacks]
    else:
        with log_to_stderr():
            done = complete_tasks(found, taskrouter, open_contact_cache(deployment, region))
    _show(done, as_json=as_json)
    has_failed = any(each.result == "failed" for each in done)
    is_late = bool(sids) and any(each.result in {"ended", "gone", "too_late"} for each in done)
    raise typer.Exit(REFUSED if has_failed or is_late else DONE)


def _find_tasks(tasks: TwilioTasks, sids: Sequence[str]) -> Iterator[Task]:
    """Yield the tasks that are named, a gone one without attributes; else all that TaskRouter has."""
    wrong = next((sid for sid in sids if not _SID.fullmatch(sid)), None)
    if wrong is not None:
        raise CommandError(f"{wrong} is no task's SID.", "One begins with WT, and has 32 letters or digits after it.")
    with output.show_count("Reading tasks") as advance:
        for sid in dict.fromkeys(sids):
            advance(1)
            yield tasks.fetch_task(sid) or Task(sid=sid, attributes="", status=GONE)
        for task in () if sids else (*tasks.list_open_tasks(), *tasks.list_ended_tasks()):
            advance(1)
            yield task


def _show(done: Sequence[Done], *, as_json: bool) -> None:
    counts = dict(sorted(Counter(each.result for each in done).items()))
    if as_json:
        tasks = [{**asdict(each.lack), "result": each.result, "cut": each.cut} for each in done]
        output.print_json({"tasks": tasks, "counts": counts})
        return
    rows = [
        (
            each.lack.sid,
            each.lack.status,
            f"{each.result}, {len(each.cut)} without room" if each.cut else each.result,
            ", ".join(each.lack.missing),
            " ".join(each.lack.codes),
        )
        for each in done
    ]
    if rows:
        output.print_table(_HEADS, rows, ())
    if any(each.result == "ended" for each in done):
        output.print_warning(ENDED)
    shown = ", ".join(f"{count:,} {result.replace('_', ' ')}" for result, count in counts.items())
    output.print_note(f"{len(done):,} task{'' if len(done) == 1 else 's'}: {shown}." if shown else "No tasks.", "bold")
