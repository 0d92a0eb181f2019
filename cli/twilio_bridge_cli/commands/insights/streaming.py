"""Tasks as TaskRouter has them now: one by its SID, or all open ones again and again."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from time import sleep
from typing import Final

from rich.live import Live
from rich.table import Table

from twilio_bridge.adapters.twilio.tasks import TwilioTasks
from twilio_bridge.flex_insights.lint import TaskState
from twilio_bridge.flex_insights.rules import RULES
from twilio_bridge.insights.ports import Task, Tasks
from twilio_bridge_cli import output
from twilio_bridge_cli.commands.insights.reading import Looked, look_at_text
from twilio_bridge_cli.deployments import find_deployment
from twilio_bridge_cli.environment import read_environment
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_cli.taskrouter import open_taskrouter

_HEADS: Final = ("CODE", "SEVERITY", "TASKS", "OPEN NOW", "RULE", "FOR EXAMPLE")


def look_at_task(sid: str, stack: str | None, region: str | None, *, is_hipaa: bool) -> Looked:
    """Return what a task breaks; raise CommandError where there is none."""
    task = _open_tasks(stack, region).fetch_task(sid)
    if task is None:
        raise CommandError(f"TaskRouter has no task {sid}.", "Tasks are gone two minutes after their end.")
    return look(task, is_hipaa=is_hipaa)


def _open_tasks(stack: str | None, region: str | None) -> Tasks:
    deployment = find_deployment(stack, read_environment(), region)
    return TwilioTasks(open_taskrouter(deployment, region).requests)


def look(task: Task, *, is_hipaa: bool) -> Looked:
    """Return what a task breaks."""
    state = TaskState(task.status, task.reason, task.channel)
    return look_at_text(task.sid, task.attributes, state, is_hipaa=is_hipaa)


class Counts:
    """What was found since the beginning; of each task the latest look counts."""

    def __init__(self) -> None:
        self.looked: dict[str, Looked] = {}
        self._open: set[str] = set()

    def take_look(self, tasks: Iterable[Task], *, is_hipaa: bool) -> None:
        """Add a look at all open tasks."""
        now = {task.sid: look(task, is_hipaa=is_hipaa) for task in tasks}
        self.looked |= now
        self._open = set(now)

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
            (code, RULES[code].severity, f"{count:,}", f"{open_now[code]:,}", RULES[code].title, example[code])
            for code, count in sorted(every.items(), key=lambda pair: (-pair[1], pair[0]))
        ]

    def to_json(self) -> Mapping[str, object]:
        """Return the counts as plain values."""
        codes = {row[0]: int(row[2].replace(",", "")) for row in self.list_rows()}
        return {"tasks": len(self.looked), "open": len(self._open), "codes": codes}

    def describe(self) -> str:
        """Return how many tasks were looked at."""
        return f"{len(self.looked):,} task{'' if len(self.looked) == 1 else 's'} looked at, {len(self._open):,} open."


def count_findings(
    stack: str | None, region: str | None, every_s: float, looks: int, *, is_hipaa: bool, as_json: bool
) -> list[Looked]:
    """Look at all open tasks every so often, show the counts, and return what was found in the end."""
    tasks, counts = _open_tasks(stack, region), Counts()
    is_live = output.is_terminal() and not as_json
    try:
        with _show_live(is_live=is_live) as live:
            for _ in _pace(every_s, looks):
                counts.take_look(tasks.list_open_tasks(), is_hipaa=is_hipaa)
                if as_json:
                    output.print_json(counts.to_json())
                elif live:
                    live.update(_make_table(counts), refresh=True)
    except KeyboardInterrupt:  # that is how it is meant to end
        pass
    if not as_json and not is_live and counts.list_rows():
        output.print_table(_HEADS, counts.list_rows(), {"TASKS", "OPEN NOW"})
    if not as_json:
        output.print_note(counts.describe(), "bold")
    return list(counts.looked.values())


def _pace(every_s: float, looks: int) -> Iterator[None]:
    """Yield so many times, or without end where that is 0, with so many seconds between."""
    number = 0
    while True:
        yield
        number += 1
        if number == looks:
            return
        sleep(every_s)


@contextmanager
def _show_live(*, is_live: bool) -> Iterator[Live | None]:
    if not is_live:
        yield None
        return
    with Live(console=output.open_stdout(), auto_refresh=False) as live:
        yield live


def _make_table(counts: Counts) -> Table:
    table = output.make_table()
    for head in _HEADS:
        table.add_column(head, justify="right" if head in {"TASKS", "OPEN NOW"} else "left")
    for row in counts.list_rows():
        table.add_row(*row)
    table.caption, table.caption_justify = counts.describe(), "left"
    return table
