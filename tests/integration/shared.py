"""The one stack that modules share: starting a stack and its functions takes longer than most of what they do with it.

A stack with an embedded AWS can only run alone in its process, so whoever starts one of their own closes this first.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any, TypeVar

T = TypeVar("T")


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
