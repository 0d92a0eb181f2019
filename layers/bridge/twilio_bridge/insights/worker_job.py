"""A whole table of workers: read, compared, and written where that is asked for."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from twilio_bridge.config.insights import Insights
from twilio_bridge.insights import worker_report
from twilio_bridge.insights.ports import Workers
from twilio_bridge.insights.worker_rows import read_worker_rows
from twilio_bridge.insights.worker_sync import apply_plan, plan_workers


def _ignore(_count: int) -> None:
    """Show nothing."""


def sync_table(
    rows: Iterable[Mapping[str, str]],
    workers: Workers,
    settled: Insights,
    *,
    apply: bool,
    force: bool = False,
    advance: Callable[[int], None] = _ignore,
) -> dict[str, Any]:
    """Return what would change, and with `apply` what was written; nothing is where a row is wrong.

    With `sso` nothing is written either, unless forced: the identity provider would write over it.
    """
    every = list(rows)
    columns = list(dict.fromkeys(name for row in every for name in row))
    read = read_worker_rows(columns, every, settled)
    names = worker_report.list_written([row.attributes for row in read.rows])
    found = (
        worker_report.describe_rows(read)
        | {"sso": settled.workers.sso}
        | {"notes": worker_report.list_notes(names, is_sso=settled.workers.sso)}
    )
    if read.problems:
        return found
    plan = plan_workers(read.rows, workers.list_workers())
    found |= worker_report.describe_plan(plan)
    if not apply or (settled.workers.sso and not force):
        return found
    return found | worker_report.describe_done(apply_plan(plan, workers, advance))
