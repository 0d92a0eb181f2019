"""The one stack that modules share: starting a stack and its functions takes longer than most of what they do with it.

A stack with an embedded AWS can only run alone in its process, so whoever starts one of their own closes this first.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any, Final, TypeVar

from twilio_bridge_local.environment import Environment
from twilio_bridge_local.functions.forks import ForkServer
from twilio_bridge_local.stack import Stack

TEMPLATE: Final = Path(__file__).parents[2] / "template.yaml"

FORK_SERVER = ForkServer()  # for each stack of this process in turn; it ends with the process
T = TypeVar("T")


def bundle_stack(environment: Environment, *, template: Path = TEMPLATE, **options: Any) -> Stack:
    """Return a stack of the bundle, with functions that are forked as quickly as this process's others."""
    return Stack(environment, template=template, port=0, fork_server=FORK_SERVER, **options)


class SharedStack:
    """Keeps what was started last, under a name, until something else is to run."""

    def __init__(self) -> None:
        self._name = ""
        self._running: Any = None
        self._open = ExitStack()

    def get(self, name: str, start: Callable[[], AbstractContextManager[T]]) -> T:
        """Return what runs under this name; start it, in place of anything else, where nothing does."""
        if name != self._name:
            self.close()
            self._running = self._open.enter_context(start())
            self._name = name
        found: T = self._running
        return found

    def close(self) -> None:
        """Stop what runs."""
        self._name = ""
        self._open.close()
