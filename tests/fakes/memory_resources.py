"""Twilio's resources in memory: what the engine reads in its own tests; it filters as Twilio documents its lists."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from twilio_bridge.entities.ports import OnRequest, Page, Row
from twilio_bridge.entities.registry import Entity, snake_case
from twilio_bridge.errors import BadRequestError, NotFoundError

ACCOUNT_SID = "AC" + "0" * 32


@dataclass
class MemoryResources:
    """Lists by entity; a list under a parent holds the rows that name the parent.

    Twilio's documentation reads `DateSent<=2026-11-29` in two ways: up to the first moment of that day, and up to its
    last. `whole_days` chooses one.
    """

    lists: Mapping[str, list[Row]]
    whole_days: bool = True
    max_page_size: int = 1_000
    latency_s: float = 0.0
    account_sid: str = ACCOUNT_SID
    log: list[str] = field(default_factory=list)
    writes: list[tuple[Any, ...]] = field(default_factory=list)
    answers: dict[str, Row] = field(default_factory=dict)
    on_request: OnRequest = lambda _method, _url: None

    def observe(self, on_request: OnRequest) -> "MemoryResources":
        """Return the same resources with another observer."""
        return replace(self, on_request=on_request)

    def list_pages(
        self,
        entity: Entity,
        parents: Mapping[str, str],
        params: Mapping[str, str],
        page_size: int,
        *,
        page_uri: str | None = None,
    ) -> Iterator[Page]:
        """Return a list page by page."""
        query = "&".join(f"{name}={value}" for name, value in params.items())
        if page_uri is not None and not page_uri.startswith(f"{entity.name}?"):
            raise BadRequestError("the page does not belong to this list")
        if page_uri:  # a page's address holds the filters
            query = page_uri.partition("?")[2].rpartition("#")[0]
            params = dict(re.findall(r"(\w+[<>]?)=([^&]*)", query))
        size, start = (
            map(int, page_uri.rsplit("#", 1)[1].split(":")) if page_uri else (min(page_size, self.max_page_size), 0)
        )
        rows = [row for row in self.lists.get(entity.name, []) if self._is_listed(row, parents, params)]
        while True:
            uri = f"{entity.name}?{query}#{size}:{start}"
            self._request("GET", uri)
            following = start + size
            next_uri = f"{entity.name}?{query}#{size}:{following}" if following < len(rows) else None
            yield Page(rows[start:following], next_uri, uri)
            if next_uri is None:
                return
            start = following

    def _is_listed(self, row: Row, parents: Mapping[str, str], params: Mapping[str, str]) -> bool:
        account = {"AccountSid": self.account_sid} if "account_sid" in row else {}
        if any(row.get(snake_case(column)) != value for column, value in (account | dict(parents)).items()):
            return False
        return all(self._matches(row, name, value) for name, value in params.items())

    def _matches(self, row: Row, name: str, value: str) -> bool:
        held = row.get(snake_case(name.rstrip("<>")))
        if held is None:
            return False
        if "T" in value or (len(value) == len("2026-11-29") and value[4] == value[7] == "-"):
            return self._is_within(parsedate_to_datetime(held), name, value)
        return value == (str(held).lower() if isinstance(held, bool) else str(held))

    def _is_within(self, moment: datetime, name: str, value: str) -> bool:
        bound = datetime.fromisoformat(value).replace(tzinfo=UTC)
        is_day = "T" not in value
        if name.endswith("<"):
            return moment < bound + timedelta(days=1) if is_day and self.whole_days else moment <= bound
        if name.endswith(">"):
            return moment >= bound
        return bound <= moment < bound + timedelta(days=1) if is_day else moment == bound

    def fetch(self, entity: Entity, parents: Mapping[str, str], key: str) -> Row:
        """Return one resource."""
        self._request("GET", f"{entity.name}/{key}")
        for row in self.lists.get(entity.name, []):
            if self._is_listed(row, parents, {}) and row.get(entity.column(entity.key).json_key) == key:
                return row
        raise NotFoundError(f"there is no {entity.name} {key}")

    def create(self, entity: Entity, parents: Mapping[str, str], body: Mapping[str, Any]) -> Row:
        """Note what is created and return the prepared answer."""
        return self._write("create", entity, dict(parents), dict(body))

    def update(self, entity: Entity, parents: Mapping[str, str], key: str, body: Mapping[str, Any]) -> Row:
        """Note what is changed and return the prepared answer."""
        return self._write("update", entity, dict(parents), key, dict(body))

    def delete(self, entity: Entity, parents: Mapping[str, str], key: str) -> None:
        """Note what is deleted."""
        self._write("delete", entity, dict(parents), key)

    def _write(self, verb: str, entity: Entity, *given: Any) -> Row:
        self._request("POST" if verb != "delete" else "DELETE", entity.name)
        self.writes.append((verb, entity.name, *given))
        return self.answers.get(entity.name, {})

    def _request(self, method: str, uri: str) -> None:
        self.on_request(method, uri)
        self.log.append(f"{method} {uri}")
        time.sleep(self.latency_s)


def rfc_2822(moment: datetime) -> str:
    """Return a moment as the first of Twilio's APIs writes it."""
    return format_datetime(moment)


Make = Callable[..., Row]


def message(number: int, **fields: Any) -> Row:
    """Return a message as Twilio answers it."""
    moment = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=37 * number)
    return {
        "sid": f"SM{number:032x}",
        "account_sid": ACCOUNT_SID,
        "messaging_service_sid": None,
        "to": f"+1555{number % 100:07}",
        "from": f"+1666{number % 7:07}",
        "body": f"Hello {number}",
        "status": ("delivered", "failed", "undelivered", "sent")[number % 4],
        "direction": "outbound-api" if number % 3 else "inbound",
        "error_code": 30003 if number % 4 == 1 else None,
        "error_message": None,
        "num_segments": str(number % 3 + 1),
        "num_media": "0",
        "price": f"-{number % 5}.0075" if number % 6 else None,
        "price_unit": "USD",
        "date_created": rfc_2822(moment),
        "date_sent": rfc_2822(moment) if number % 9 else None,
        "date_updated": rfc_2822(moment + timedelta(seconds=5)),
        "api_version": "2010-04-01",
        "uri": f"/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/SM{number:032x}.json",
        "subresource_uris": {"media": f"/Messages/SM{number:032x}/Media.json"},
    } | fields
