"""`twilio-bridge tasks complete` and `cancel`: a task ends, and its reason becomes its outcome."""

import re
from dataclasses import asdict
from typing import Annotated, Final

import typer

from twilio_bridge.adapters.twilio.tasks import TwilioTasks
from twilio_bridge.errors import NotFoundError, RefusedError, UpstreamError
from twilio_bridge.insights.ending import EndedTask, end_task
from twilio_bridge.insights.ports import End
from twilio_bridge_cli import output
from twilio_bridge_cli.deployments import find_deployment
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import CommandError, RefusedCommandError, UnreachableError
from twilio_bridge_cli.groups import make_command
from twilio_bridge_cli.options import AsJson, Region, StackOrLocal
from twilio_bridge_cli.taskrouter import open_taskrouter

_CODES: Final = "[bold]Exit codes[/bold]  0 done, 1 refused or gone, 2 usage, 4 unreachable"
COMPLETE: Final = f"""
[bold]Examples[/bold]
  twilio-bridge tasks complete WT0123456789abcdef0123456789abcdef --reason "Retention - Success"
  twilio-bridge tasks complete WT0123456789abcdef0123456789abcdef --reason SALE --stack twilio-bridge --json

{_CODES}
"""
CANCEL: Final = f"""
[bold]Examples[/bold]
  twilio-bridge tasks cancel WT0123456789abcdef0123456789abcdef --reason hangup --stack twilio-bridge

{_CODES}
"""
_SID: Final = re.compile(r"WT[0-9A-Za-z]{32}")
_REMEDIES: Final[dict[End, str]] = {
    "completed": "Only a task that a worker has accepted can be completed; cancel it instead.",
    "canceled": "Only a task that nobody has accepted can be cancelled; complete it instead.",
}

Sid = Annotated[str, typer.Argument(metavar="SID", help="The task: WT and 32 letters or digits.")]
Reason = Annotated[str, typer.Option(help="Why it ends; insights.dispositions.outcomes may translate it.")]


@make_command(COMPLETE)
def complete(
    sid: Sid, *, reason: Reason, as_json: AsJson = False, stack: StackOrLocal = None, region: Region = None
) -> None:
    """Complete an assigned task, with the reason that reports show as its outcome.

    Reason and `conversations.outcome` are written in the same request: what is written after the end is not read. An
    outcome that the task has already stays, unless `insights.overwrite` names it.
    """
    _end(sid, "completed", reason, as_json, stack, region)


@make_command(CANCEL)
def cancel(
    sid: Sid, *, reason: Reason, as_json: AsJson = False, stack: StackOrLocal = None, region: Region = None
) -> None:
    """Cancel a task that nobody has accepted, with the reason that reports show as its outcome.

    Written as `tasks complete` writes them.
    """
    _end(sid, "canceled", reason, as_json, stack, region)


def _end(sid: str, end: End, reason: str, as_json: bool, stack: str | None, region: str | None) -> None:
    if not _SID.fullmatch(sid):
        raise CommandError("SID should be WT and 32 letters or digits.", "The log and the events of a task name it.")
    if not reason.strip():
        raise CommandError("The reason is empty.", "Reports show it as the outcome: --reason hangup")
    taskrouter = open_taskrouter(find_deployment(stack, read_environment(), region), region)
    try:
        ended = end_task(sid, end, reason.strip(), TwilioTasks(taskrouter.requests), taskrouter.settled.insights)
    except NotFoundError as error:
        raise RefusedCommandError(
            "There is no such task.", "Finished tasks are gone two minutes after their end."
        ) from error
    except RefusedError as error:
        raise RefusedCommandError(f"Twilio refuses: {error}.", _REMEDIES[end]) from error
    except UpstreamError as error:
        raise UnreachableError(f"{error}.", "Try again: a task that has ended stays as it is.") from error
    _show(ended, as_json=as_json)


def _show(ended: EndedTask, *, as_json: bool) -> None:
    if ended.is_malformed:
        output.print_warning("Its attributes are no JSON object and stay as they are; reports take the reason.")
    if as_json:
        output.print_json(asdict(ended))
        return
    state = f"is {ended.status}" if ended.is_new else f"was {ended.status} before"
    output.print_text(f"{ended.sid} {state}; outcome: {ended.outcome}")
