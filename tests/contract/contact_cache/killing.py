"""DynamoDB as a dictionary whose requests can be stopped: to kill the caller, or to let others first.

A batch is written item by item, so that it can end in its middle.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.dynamodb import Dictionary


class Killed(BaseException):
    """The process is no more; nothing in it catches this."""


def die() -> None:
    """End the process here."""
    raise Killed


@dataclass
class Stop:
    """Does something once, before or after the request number `at` (from 0)."""

    at: int
    then: Callable[[], None]
    after: bool = False
    count: int = 0

    def pass_(self, request: Callable[[], Any]) -> Any:
        """Let a request pass."""
        is_here = self.count == self.at
        self.count += 1
        if is_here and not self.after:
            self.then()
        answer = request()
        if is_here and self.after:
            self.then()
        return answer


@dataclass
class Client(Dictionary):
    """The dictionary with its stops; an update and a transaction are one write each."""

    writes: Stop = field(default_factory=lambda: Stop(-1, die))
    reads: Stop = field(default_factory=lambda: Stop(-1, die))

    def copy(self) -> "Client":
        """Return the same items to somebody else."""
        copy = Client()
        copy.partitions.update({pk: dict(items) for pk, items in self.partitions.items()})
        return copy

    def put_item(self, **request: Any) -> Any:
        """Write one item."""
        return self.writes.pass_(lambda: super(Client, self).put_item(**request))

    def update_item(self, **request: Any) -> Any:
        """Change one item."""
        return self.writes.pass_(lambda: super(Client, self).update_item(**request))

    def transact_write_items(self, **request: Any) -> Any:
        """Make several writes."""
        return self.writes.pass_(lambda: super(Client, self).transact_write_items(**request))

    def get_item(self, **request: Any) -> Any:
        """Read one item."""
        return self.reads.pass_(lambda: super(Client, self).get_item(**request))

    def batch_get_item(self, **request: Any) -> Any:
        """Read up to a hundred."""
        return self.reads.pass_(lambda: super(Client, self).batch_get_item(**request))

    def query(self, **request: Any) -> Any:
        """Read a partition."""
        return self.reads.pass_(lambda: super(Client, self).query(**request))
