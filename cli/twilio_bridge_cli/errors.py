"""What the command says where it cannot go on: one sentence, what to do about it, and an exit code."""

from typing import Final

DONE: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
SERVER: Final = 3
UNREACHABLE: Final = 4
OWN_MISTAKE: Final = 70  # EX_SOFTWARE of sysexits.h: the command itself is wrong
INTERRUPTED: Final = 130


class CommandError(Exception):
    """A sentence for the operator, and the remedy where there is one."""

    code = USAGE

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


class RefusedCommandError(CommandError):
    """The other side is there and says no."""

    code = REFUSED


class UnreachableError(CommandError):
    """The other side does not answer."""

    code = UNREACHABLE
