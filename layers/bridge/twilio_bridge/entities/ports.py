"""What the operations work with: one funnel of requests to Twilio."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from twilio_bridge.entities.registry import Entity

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
