"""Tasks as TaskRouter has them now: one by its SID, or all open ones again and again."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import replace
from itertools import count
from time import sleep
from typing import Final

from rich.live import Live
from rich.table import Table

from twilio_bridge.adapters.twilio.tasks import TwilioTasks
from twilio_bridge.flex_insights.cardinality import Cardinality
from twilio_bridge.flex_insights.rules import RULES
from twilio_bridge.flex_insights.together import TaskState
from twilio_bridge.insights.ports import Task, Tasks
from twilio_bridge_cli import output
from twilio_bridge_cli.commands.insights.reading import Looked, look_at_text
from twilio_bridge_cli.deployments import find_deployment
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.taskrouter import open_taskrouter

_HEADS: Final = ("CODE", "SEVERITY", "TASKS", "OPEN NOW", "RULE", "FOR EXAMPLE")
_NUMBERS: Final = frozenset(("TASKS", "OPEN NOW"))


def look_at_task(sid: str, stack: str | None, region: str | None, *, is_hipaa: bool) -> Looked:
    """Return what a task breaks; raise CommandError where there is none."""
    tasks, is_under_hipaa = open_tasks(stack, region)
    task = tasks.fetch_task(sid)
    if task is None:
        raise CommandError(f"TaskRouter has no task {sid}.", "Tasks are gone two minutes after their end.")
    return look(task, is_hipaa=is_hipaa or is_under_hipaa)


def open_tasks(stack: str | None, region: str | None) -> tuple[Tasks, bool]:
    """Return the tasks of a deployment's workspace, and whether its account is under HIPAA."""
    taskrouter = open_taskrouter(find_deployment(stack, read_environment(), region), region)
    return TwilioTasks(taskrouter.requests), taskrouter.settled.insights.hipaa


def look(task: Task, *, is_hipaa: bool) -> Looked:
    """Return what a task breaks."""
    state = TaskState(task.status, task.reason, task.channel)
    return look_at_text(task.sid, task.attributes, state, is_hipaa=is_hipaa)


class Counts:
    """What was found since the beginning; of each task the latest look counts."""

    def __init__(self) -> None:
        self.looked: dict[str, Looked] = {}
        self.cardinality = Cardinality()
        self._open: set[str] = set()

    def take_look(self, tasks: Iterable[Task], *, is_hipaa: bool) -> None:
        """Add a look at all open tasks."""
        self._open = set()
        for task in tasks:
            looked = look(task, is_hipaa=is_hipaa)
            self.cardinality.add_task(task.sid, looked.attributes)
            self.looked[task.sid] = replace(looked, attributes=None)  # for a day's tasks there is no room
            self._open.add(task.sid)

    def list_rows(self) -> list[tuple[str, ...]]:
        """Return a row for each code, that of most tasks first."""
        every, open_now = Counter[str](), Counter[str]()
        example: dict[str, str] = {}
        for sid, each in self.looked.items():
            codes = {finding.code for finding in each.findings}
            every.update(codes)
            open_now.update(codes if sid in self._open else ())
            example |= {code: sid for code in codes if sid in self._open or code not in example}
        return [
            (code, RULES[code].severity, f"{number:,}", f"{open_now[code]:,}", RULES[code].title, example[code])
            for code, number in sorted(every.items(), key=lambda pair: (-pair[1], pair[0]))
        ]

    def to_json(self) -> Mapping[str, object]:
        """Return the counts as plain values."""
        codes = {row[0]: int(row[2].replace(",", "")) for row in self.list_rows()}
        places = [each.place for each in self.cardinality.list_findings()]
        return {"tasks": len(self.looked), "open": len(self._open), "codes": codes, "high_cardinality": places}

    def make_table(self) -> Table:
        """Return the counts as they are shown while they change."""
        table = output.make_table()
        for head in _HEADS:
            table.add_column(head, justify="right" if head in _NUMBERS else "left")
        for row in self.list_rows():
            table.add_row(*row)
        table.caption, table.caption_justify = self.describe(), "left"
        return table

    def describe(self) -> str:
        """Return which attributes nearly every task has another value of, and how many tasks were looked at."""
        found = [f"{each.code}  {each.place}: {each.message}" for each in self.cardinality.list_findings()]
        count = f"{len(self.looked):,} task{'' if len(self.looked) == 1 else 's'} looked at, {len(self._open):,} open."
        return "\n".join((*found, count))


def count_findings(
    stack: str | None, region: str | None, every_s: float, looks: int, *, is_hipaa: bool, as_json: bool
) -> list[Looked]:
    """Look at all open tasks every so often, show the counts, and return what was found in the end.

    `looks` is how often, 0 without end; Ctrl-C ends it, too.
    """
    (tasks, is_under_hipaa), counts = open_tasks(stack, region), Counts()
    is_live = output.is_terminal() and not as_json
    live = Live(console=output.open_stdout(), auto_refresh=False) if is_live else None
    with suppress(KeyboardInterrupt), live or nullcontext():
        for number in count(1):
            counts.take_look(tasks.list_open_tasks(), is_hipaa=is_hipaa or is_under_hipaa)
            if as_json:
                output.print_json(counts.to_json())
            elif live:
                live.update(counts.make_table(), refresh=True)
            if number == looks:
                break
            sleep(every_s)

    if not as_json and not is_live:
        if rows := counts.list_rows():
            output.print_table(_HEADS, rows, _NUMBERS)
        output.print_note(counts.describe(), "bold")
    return list(counts.looked.values())
