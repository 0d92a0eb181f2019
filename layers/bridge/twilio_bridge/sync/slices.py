"""A slice: one stream of one account over a day or less, read page by page; what is known of it is stored.

Its phases: `open` is still to be read, `done` has been, `failed` was given up for this run, and `split` was refused by
Twilio as too large and stands as two halves.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal

Kind = Literal["day", "newest", "undated", "open", "relist"]
Phase = Literal["open", "done", "failed", "split"]
ENDED: Final[frozenset[Phase]] = frozenset({"done", "failed", "split"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """What is read, and how far it is; moments in epoch ms, `until` is the first one that is not in it.

    A `day` is asked for by its dates. The `newest` rows are read from the list's beginning until they are older than
    the slice; `undated` rows are found in the same way, and only they are kept. `open` looks again at single rows that
    were not final, and `relist` at those of a day of which there are many; both by the moment they are listed under.

    `page` is the number of the next page and `next_uri` where it is, None for the first. `run` names the run and
    when it began, `depth` is how often it was halved. `tries` counts failures in a row, `problem` is the latest one.
    Nobody else works at a slice until `held_until`, and nobody tries it before `due_at`; `holder` counts who did.
    """

    run: str
    stream: str
    account: str
    kind: Kind
    start: int
    until: int
    phase: Phase = "open"
    page: int = 0
    next_uri: str | None = None
    rows: int = 0
    requests: int = 0
    depth: int = 0
    tries: int = 0
    problem: str = ""
    due_at: int = 0
    held_until: int = 0
    holder: int = 0

    @property
    def name(self) -> str:
        """Return what it is found by within its run."""
        return f"{self.stream}#{self.account}#{self.kind}#{self.start:015}#{self.until:015}"

    @property
    def run_at(self) -> int:
        """Return when its run began."""
        return read_run_id(self.run)

    @property
    def file_stem(self) -> str:
        """Return what the names of its files begin with: the same page is always the same file."""
        return f"{self.run}-{self.account[-6:]}-{self.kind}-{self.start // 1000}-{self.until // 1000}"


def make_run_id(at: int) -> str:
    """Return the name of the run that began at a moment (epoch ms)."""
    return f"{datetime.fromtimestamp(at / 1000, UTC):%Y%m%dT%H%M%S}{at % 1000:03}Z"


@lru_cache(maxsize=16)  # each row of a page asks for it
def read_run_id(run: str) -> int:
    """Return when a run began (epoch ms)."""
    moment = datetime.strptime(f"{run[:18]}000+0000", "%Y%m%dT%H%M%S%f%z")
    return round(moment.timestamp() * 1000)
