"""Why the command ends: one sentence, its remedy, and an exit code."""

from typing import Final

DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
SERVER: Final = 3
UNREACHABLE: Final = 4
OWN_MISTAKE: Final = 70  # EX_SOFTWARE of sysexits.h: the command itself is wrong
INTERRUPTED: Final = 130


class CommandError(Exception):
    """A sentence for the operator, and its remedy; empty where there is none."""

    code = USAGE

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class RefusedCommandError(CommandError):
    """The other side refuses."""

    code = REFUSED


class UnreachableError(CommandError):
    """The other side does not answer."""

    code = UNREACHABLE
