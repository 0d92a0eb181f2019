"""What a probe finds: one line for the operator, and what to do about it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

# ok: it holds; note: it works, and could be better; fault: somebody has to do something; away: the other side does not
# answer, so nothing is known; skipped: something else has to hold first, or it is not in use.
State = Literal["ok", "note", "fault", "away", "skipped"]
FAILING: Final[tuple[State, ...]] = ("fault", "away")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The outcome of one check of a system; `kind` names a fault for programs, `remedy` is what mends it."""

    system: str
    check: str
    state: State
    text: str
    kind: str = ""
    remedy: str = ""


class Fault(Exception):  # noqa: N818  no error of the program: what a check raises in place of its line
    """What is wrong: its kind, a sentence, and the remedy."""

    def __init__(self, kind: str, text: str, remedy: str, state: State = "fault") -> None:
        super().__init__(text)
        self.kind = kind
        self.text = text
        self.remedy = remedy
        self.state: State = state


def has_failed(findings: Iterable[Finding]) -> bool:
    """Return whether anything does not hold, or could not be found out."""
    return any(each.state in FAILING for each in findings)


def list_faults(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield what does not hold."""
    return (each for each in findings if each.state in FAILING)
