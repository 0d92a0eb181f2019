"""A crowd of workers at an empty cache: who gets a page, when, and what Airtable sees of it. `make bench` prints it.

Each caller is a Lambda instance in a process of its own and shares nothing with the others but DynamoDB; so is the
refresh that they start. Airtable answers after 100 ms, five requests a second, and with its penalty of 30 s.
"""

import os
import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from tests.benchmarks import instances
from tests.benchmarks.instances import LIMIT_S, Answered, Came
from tests.benchmarks.report import Report
from tests.benchmarks.world import Stored, World, world
from twilio_bridge.contacts.contact import fold_text

CONTACTS = 4_000
PAGE = 30
MAX_REQUESTS_PER_SECOND = 5
OK, BUSY = 200, 503


@dataclass(frozen=True)
class Crowd:
    """So many callers of so many workers, all at once, in slow motion; `pages` where everybody is to get one."""

    callers: int
    workers: int
    factor: float
    pages: bool = True

    @property
    def name(self) -> str:
        """Return what the sheet calls it."""
        return f"{self.callers:,} callers of {self.workers:,} worker{'s' if self.workers > 1 else ''}"

    @property
    def owners(self) -> list[str]:
        """Return the workers."""
        return [f"worker{number:04}@example.com" for number in range(self.workers)]

    @property
    def asking(self) -> list[str]:
        """Return each caller's worker."""
        return [self.owners[number % self.workers] for number in range(self.callers)]


# The less a caller has of a processor, the slower.
CROWDS = (Crowd(200, 1, 6), Crowd(200, 10, 6), Crowd(1_000, 1_000, 20, pages=False))


@dataclass(frozen=True)
class Seen:
    """What came of a crowd: its answers, and where it was."""

    came: Came
    around: World


def write_down(crowd: Crowd, seen: Seen, report: Report) -> None:
    """Report what each caller got, and what Airtable saw."""
    answered, requests = seen.came.answered, seen.around.requests()
    statuses = Counter(each.status for each in answered)
    wrong = sum(not is_right(each, seen.around.stored) for each in answered)
    seconds = [each.seconds for each in answered]
    direct = Counter(each["query"] for each in requests if "filterByFormula" in each["query"])
    report.exactly(crowd.name, "answers", len(answered), crowd.callers)
    report.note(crowd.name, "pages, friendly 503s", f"{statuses[OK]}, {statuses[BUSY]}")
    report.exactly(crowd.name, "neither the right first page nor a friendly 503", wrong, 0)
    if crowd.pages:
        report.exactly(crowd.name, "without a page", crowd.callers - statuses[OK], 0)
    report.note(crowd.name, "median", f"{statistics.median(seconds):.2f} s")
    report.note(crowd.name, "in a cold instance longer by", f"{seen.came.cold_s:.2f} s")
    report.at_most(crowd.name, "slowest, cold", round(max(seconds) + seen.came.cold_s, 2), LIMIT_S, " s")
    report.at_most(crowd.name, "direct requests a worker", max(direct.values(), default=0), 1)
    report.note(crowd.name, "direct requests, of all", f"{direct.total()} of {len(requests)}")
    report.at_most(crowd.name, "Airtable requests in a sliding second", busiest(requests), MAX_REQUESTS_PER_SECOND)
    report.exactly(crowd.name, "answered 429", sum(each["status"] == 429 for each in requests), 0)
    if crowd.pages:
        report.exactly(crowd.name, "full loads", seen.around.refreshes.loads, 1)
    slow = f"{seen.came.cpu_s:.1f} s, on {os.cpu_count()} processors, {crowd.factor:g} times slower"
    report.note(crowd.name, "the callers' processor time", slow)


def is_right(answered: Answered, stored: Sequence[Stored]) -> bool:
    """Return whether this is the worker's first page, by Airtable's order or by ours, or a friendly refusal."""
    if answered.status != OK:
        return answered.status == BUSY and answered.is_friendly
    own = [each for each in stored if each.owner == answered.worker]
    theirs = sorted(own, key=lambda each: each.name.casefold())
    ours = sorted(own, key=lambda each: (fold_text(each.name), each.id))
    return answered.ids in [[each.id for each in order[:PAGE]] for order in (theirs, ours)]


def busiest(requests: Iterable[Mapping[str, Any]]) -> int:
    """Return the most requests that arrived in any sliding second."""
    moments: list[float] = [each["at"] for each in requests]
    return max(sum(first <= other < first + 1 for other in moments) for first in moments)


def main() -> int:
    """Print the sheet; give the exit code. While a load runs the next crowd comes, at another base and cache."""
    report = Report("Crowds at an empty cache of 4,000 contacts")
    with ExitStack() as worlds:
        seen = []
        for crowd in CROWDS:
            around = worlds.enter_context(world(CONTACTS, crowd.owners, crowd.factor))
            seen.append(Seen(instances.crowd(around.environment("CrmFunction"), crowd.asking), around))
        for crowd, each in zip(CROWDS, seen, strict=True):
            if crowd.pages:
                each.around.refreshes.wait()
            write_down(crowd, each, report)
    return report.print()


if __name__ == "__main__":
    sys.exit(main())
