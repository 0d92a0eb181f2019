"""The port Twilio over its REST API: lists page by page, single resources, and writes that happen once.

https://www.twilio.com/docs/usage/twilios-response
"""

from collections.abc import Iterator, Mapping
from copy import copy
from datetime import UTC, datetime
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

from twilio_bridge.adapters.entities.funnel import NEVER_TWICE, SAFE, Answer, Call, Funnel
from twilio_bridge.entities import feedback_summary
from twilio_bridge.entities.errors import OutcomeUnknownError
from twilio_bridge.entities.ports import OnRequest, Page, Row
from twilio_bridge.entities.registry import Entity, Registry
from twilio_bridge.entities.request_parts import FormPairs, build_form, build_path, find_operation
from twilio_bridge.errors import BadRequestError, NotFoundError, NotTakenError, UnavailableError

TWILIO: Final = "twilio"
ACCOUNT: Final = "AccountSid"


class TwilioClient:
    """Twilio's resources as the registry describes them; what is secret in an answer does not get past it."""

    def __init__(self, funnel: Funnel, registry: Registry) -> None:
        self._funnel = funnel
        self._registry = registry
        self._secret_texts = tuple(f'"{name}"'.encode() for name in sorted(registry.secrets))
        self._on_request: OnRequest = _ignore_request

    def observe(self, on_request: OnRequest) -> Self:
        """Return the same client, which calls `on_request` before each of its requests."""
        observed = copy(self)
        observed._on_request = on_request  # noqa: SLF001  its own kind
        return observed

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
        places = self._with_account(parents)
        path = build_path(entity, "list", places)
        size = {"PageSize": min(page_size, entity.max_page_size)} if entity.max_page_size else {}
        if page_uri is not None and not _belongs(page_uri, path):
            raise BadRequestError("the page does not belong to this list")
        uri = None if page_uri is None else _path_and_query(page_uri)
        while True:
            found = self._send(entity, "GET", uri or path, places, params=None if uri else {**params, **size})
            page = self._read_page(entity, places, found)
            yield page
            if page.next_page_uri is None:
                return
            if not _belongs(page.next_page_uri, path):
                raise UnavailableError(TWILIO, f"a page of {entity.name} is followed by one of another list")
            uri = page.next_page_uri

    def fetch(self, entity: Entity, parents: Mapping[str, str], key: str) -> Row:
        """Return one resource, or raise NotFoundError."""
        places = self._with_account({**parents, entity.key: key})
        if entity.computed:
            return self._compute(entity, feedback_summary.read_sid(key, places[ACCOUNT]), places)
        path = build_path(entity, "get", places)
        return self._read_row(entity, places, self._send(entity, "GET", path, places))

    def create(self, entity: Entity, parents: Mapping[str, str], body: Mapping[str, Any]) -> Row:
        """Create a resource, once: where the outcome is unknown, the error shows how to look it up."""
        places = self._with_account(parents)
        if entity.computed:
            return self._compute(entity, feedback_summary.read_range(body), places)
        return self._write(entity, "create", places, body)

    def update(self, entity: Entity, parents: Mapping[str, str], key: str, body: Mapping[str, Any]) -> Row:
        """Change a resource and return it; once at most, for some have an effect each time (a call's new TwiML)."""
        return self._write(entity, "update", self._with_account({**parents, entity.key: key}), body)

    def delete(self, entity: Entity, parents: Mapping[str, str], key: str) -> None:
        """Delete a resource; one that is gone after an attempt without an answer was deleted by that attempt."""
        places = self._with_account({**parents, entity.key: key})
        path = build_path(entity, "delete", places)
        tries = 0

        def count_tries(method: str, url: str) -> None:
            nonlocal tries
            tries += 1
            self._on_request(method, url)

        try:
            self._send(entity, "DELETE", path, places, on_request=count_tries)
        except NotFoundError:
            if tries < 2:  # noqa: PLR2004  the first attempt
                raise

    def _compute(self, entity: Entity, days: feedback_summary.Range, places: Mapping[str, str]) -> Row:
        source = self._registry.entity(entity.source)
        return feedback_summary.summarize(self, source, days, places[ACCOUNT])

    def _with_account(self, places: Mapping[str, str]) -> dict[str, str]:
        return {ACCOUNT: self._funnel.accounts.account_sid, **places}

    def _write(self, entity: Entity, verb: str, places: Mapping[str, str], body: Mapping[str, Any]) -> Row:
        operation = find_operation(entity, verb)
        path = build_path(entity, verb, places)
        takes_json = operation.body == "json"
        form = None if takes_json else build_form(entity, verb, body)
        content: dict[str, Any] = {"json": body} if takes_json else {"form": form}
        started = datetime.now(UTC)
        try:
            answer = self._send(entity, operation.method, path, places, policy=NEVER_TWICE, **content)
            return self._read_row(entity, places, answer)
        except NotTakenError:
            raise
        except BaseException as error:
            if not _ends_in_doubt(error):
                raise
            raise OutcomeUnknownError(TWILIO, _describe_look_up(entity, verb, form or [], started)) from error

    def _send(self, entity: Entity, method: str, path: str, places: Mapping[str, str], **parts: Any) -> Answer:  # noqa: ANN401  parts of a Call
        on_request = parts.pop("on_request", self._on_request)
        wanted = Call(entity.product, method, path, places[ACCOUNT], **{"policy": SAFE, **parts})
        return self._funnel.send(wanted, on_request)

    def _read_page(self, entity: Entity, places: Mapping[str, str], answer: Answer) -> Page:
        rows = answer.content.get(entity.rows_key) if answer.content else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise UnavailableError(TWILIO, f"an answer holds no {entity.name}")
        added = _path_values(entity, places)
        kept = (
            [{**row, **added} for row in self._without_secrets(rows, answer.text)]
            if added
            else self._without_secrets(rows, answer.text)
        )
        following = answer.content.get("next_page_uri") or (answer.content.get("meta") or {}).get("next_page_url")
        if following and _path_and_query(following) == answer.uri:
            raise UnavailableError(TWILIO, f"a page of {entity.name} is followed by itself")
        return Page(kept, _path_and_query(following) if following else None, answer.uri)

    def _read_row(self, entity: Entity, places: Mapping[str, str], answer: Answer) -> Row:
        row = self._without_secrets(answer.content or {}, answer.text)
        return {**row, **_path_values(entity, places)}

    def _without_secrets(self, content: Any, text: bytes) -> Any:  # noqa: ANN401  rows or a row
        """Return an answer without its secrets; most have none, which a search of the text shows at once."""
        if not any(name in text for name in self._secret_texts):
            return content
        return _strip(content, self._registry.secrets)


def _ends_in_doubt(error: BaseException) -> bool:
    """Return whether an error leaves open what became of a request: the caller's alarm does, too."""
    return isinstance(error, UnavailableError) or not isinstance(error, Exception | KeyboardInterrupt | SystemExit)


def _ignore_request(_method: str, _url: str) -> None:
    """Observe nothing."""


def _strip(content: Any, names: frozenset[str]) -> Any:  # noqa: ANN401  any JSON
    if isinstance(content, list):
        return [_strip(each, names) for each in content]
    if isinstance(content, dict):
        return {name: _strip(value, names) for name, value in content.items() if name not in names}
    return content


def _path_values(entity: Entity, places: Mapping[str, str]) -> Row:
    """Return the columns of a row that stand in its path only."""
    return {
        column.json_key: places[column.name] for column in entity.columns if column.from_path and column.name in places
    }


def _path_and_query(uri: str) -> str:
    parts = urlsplit(uri)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _belongs(uri: str, path: str) -> bool:
    """Return whether a page is one of a list: any other would be asked for with our login, too."""
    return unquote(urlsplit(uri).path) == unquote(path)


def _describe_look_up(entity: Entity, verb: str, form: FormPairs, started: datetime) -> str:
    """Return how to find out whether a write was done, in names of columns only: values may be somebody's number."""
    unknown = f"whether {entity.name} was {verb}d is unknown"
    if verb != "create":
        return f"{unknown}; get it to see, before it is done again"
    if not entity.is_listable:
        return f"{unknown}; see in Twilio's console, before it is done again"
    given = {name for name, _ in form}
    by_value = [
        each.column for each in entity.filters if each.operator == "=" and not each.hidden and each.param in given
    ]
    dates = [column.name for column in entity.columns if column.name in {"DateSent", "DateCreated", "StartTime"}]
    since = [f"{dates[0]} >= '{started:%Y-%m-%dT%H:%M:%SZ}'"] if dates else []
    clause = " AND ".join([f"{column} = …" for column in by_value] + since)
    return f"{unknown}; list {entity.name} where {clause or 'it should be'}, before it is created again"
