"""What the operations work with: one funnel of requests to Twilio, and an engine that runs SQL over it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from twilio_bridge.entities.registry import Entity
from twilio_bridge.entities.values import Value

if TYPE_CHECKING:
    from twilio_bridge.entities.reading import Statement

Row = dict[str, Any]
"""A resource as Twilio answers it, without its secrets and with the columns that stand in its path."""
OnRequest = Callable[[str, str], None]
"""Called with method and URL before each request, tries included; what it raises ends the request."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list; `uri` reads it again, `next_page_uri` is None on the last one."""

    rows: list[Row]
    next_page_uri: str | None
    uri: str


class Twilio(Protocol):
    """Twilio's resources, whichever product. Parents are named by column; AccountSid has a default."""

    def list_pages(
        self,
        entity: Entity,
        parents: Mapping[str, str],
        params: Mapping[str, str],
        page_size: int,
        *,
        page_uri: str | None = None,
    ) -> Iterator[Page]:
        """Return a list page by page, each requested when it is asked for; `page_uri` goes on with a page."""

    def fetch(self, entity: Entity, parents: Mapping[str, str], key: str) -> Row:
        """Return one resource, or raise NotFoundError."""

    def create(self, entity: Entity, parents: Mapping[str, str], body: Mapping[str, Any]) -> Row:
        """Create a resource, once: where the outcome is unknown, the error explains how to look it up."""

    def update(self, entity: Entity, parents: Mapping[str, str], key: str, body: Mapping[str, Any]) -> Row:
        """Change a resource and return it."""

    def delete(self, entity: Entity, parents: Mapping[str, str], key: str) -> None:
        """Delete a resource."""

    def observe(self, on_request: OnRequest) -> "Twilio":
        """Return the same funnel, which calls `on_request` before each of its requests."""


Parameters = Sequence[Value] | Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result; `type` is an entity's column type, "" where it was computed."""

    name: str
    type: str


class Engine(Protocol):
    """SQL over Twilio's resources; a statement reads no more than its budget allows."""

    def execute(
        self, sql: str, parameters: Parameters, statement: "Statement"
    ) -> tuple[tuple[ResultColumn, ...], Iterator[tuple[Value, ...]]]:
        """Run a SELECT; return its columns and its rows, which are read while they are taken."""

    def explain(self, sql: str, parameters: Parameters, statement: "Statement") -> list[dict[str, Any]]:
        """Return the requests that a statement would make, outer loops first; none is made."""
