"""The port of the engine that runs SQL over Twilio's resources."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from twilio_bridge.entities.reading import Statement
from twilio_bridge.entities.values import Value

Parameters = Sequence[Value] | Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result; `type` is an entity's column type, "" where it was computed."""

    name: str
    type: str


class Engine(Protocol):
    """SQL over Twilio's resources; a statement reads no more than its budget allows."""

    def execute(
        self, sql: str, parameters: Parameters, statement: Statement
    ) -> tuple[tuple[ResultColumn, ...], Iterator[tuple[Value, ...]]]:
        """Run a SELECT; return its columns and its rows, which are read while they are taken."""

    def explain(self, sql: str, parameters: Parameters, statement: Statement) -> list[dict[str, Any]]:
        """Return the requests that a statement would make, outer loops first; none is made."""
