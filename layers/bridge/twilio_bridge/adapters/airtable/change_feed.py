"""The port ChangeFeed over Airtable's webhooks API, and the port Registrations in SyncState.

pyairtable's own models are not used: its check of a signature is not constant in time, and its payloads lose what shows
that something is missing. https://airtable.com/developers/web/api/webhooks-overview
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from twilio_bridge.adapters.airtable.base_schema import BaseSchema
from twilio_bridge.adapters.airtable.client import ONCE, READS, AirtableRequests
from twilio_bridge.adapters.state.limiter import AIRTABLE
from twilio_bridge.contacts.change_feed import ChangeBatch, Registration, Webhook
from twilio_bridge.errors import RefusedError, UnavailableError

TABLE_ID = re.compile(r"tbl[0-9A-Za-z]{14}")
TABLE_DATA = "tableData"
# Every change of a record, whoever made it, and no previous values: only the ids are looked at.
SPECIFICATION = {"options": {"filters": {"dataTypes": [TABLE_DATA]}}}
# The filters that a webhook may have and still report everything of the table, as far as their values allow.
# https://airtable.com/developers/web/api/model/webhooks-specification
KNOWN_FILTERS = {"dataTypes", "changeTypes", "fromSources", "recordChangeScope"}
CHANGE_TYPES = {"add", "remove", "update"}
SOURCES = {
    *("client", "publicApi", "formSubmission", "formPageSubmission", "automation"),
    *("system", "sync", "anonymousUser", "unknown"),
}
NOT_OURS = {403, 404}
UNUSABLE_CURSOR = 422
# Airtable has null for what does not expire.
NEVER = 32_503_680_000.0


class AirtableFeed:
    """The webhooks of one base."""

    def __init__(self, base_id: str, requests: AirtableRequests) -> None:
        self._requests = requests
        self._webhooks = str(requests.api.build_url("bases", base_id, "webhooks"))
        self._base = BaseSchema(base_id, requests)

    def list_webhooks(self) -> list[Webhook]:
        """Return the base's webhooks."""
        return [_webhook(each) for each in _list(self._get(self._webhooks), "webhooks")]

    def find_table_ids(self, names: Iterable[str]) -> dict[str, str]:
        """Return the ids of the tables; where all are named by their ids nobody is asked."""
        wanted = set(names)
        ids = {name: name for name in wanted if TABLE_ID.fullmatch(name)}
        if wanted - ids.keys():
            ids |= {table.name: table.id for table in self._base.read_tables()}
        return {name: ids[name] for name in wanted & ids.keys()}

    def create_webhook(self, url: str) -> Registration:
        """Make a webhook; not tried twice, for the first try may have worked."""
        body = {"notificationUrl": url, "specification": SPECIFICATION}
        made = _object(self._requests.send_request(lambda: self._requests.api.post(self._webhooks, json=body), ONCE))
        webhook_id, secret = made.get("id"), made.get("macSecretBase64")
        if not (isinstance(webhook_id, str) and isinstance(secret, str)):
            raise UnavailableError(AIRTABLE, "a new webhook has no id or no secret")
        return Registration(id=webhook_id, url=url, secret=secret, expires_at=_epoch(made.get("expirationTime")))

    def renew_webhook(self, webhook_id: str) -> float:
        """Return it seven more days."""
        return _epoch(_object(self._post(f"{webhook_id}/refresh")).get("expirationTime"))

    def enable_notifications(self, webhook_id: str) -> None:
        """Enable its notifications."""
        self._post(f"{webhook_id}/enableNotifications", {"enable": True})

    def delete_webhook(self, webhook_id: str) -> None:
        """Remove a webhook."""
        remove = self._requests.api.delete
        self._requests.send_request(
            lambda: remove(f"{self._webhooks}/{webhook_id}"), READS, lambda refusal: refusal.status in NOT_OURS
        )

    def list_changes(self, webhook_id: str, cursor: int) -> ChangeBatch | None:
        """Return its payloads from a cursor on."""
        try:
            answer = self._get(f"{self._webhooks}/{webhook_id}/payloads", cursor=cursor)
        except RefusedError as error:
            if error.code == UNUSABLE_CURSOR:
                return ChangeBatch({}, cursor, is_whole=False)
            if error.code in NOT_OURS:
                return None
            raise
        return _told(_object(answer), cursor)

    def _get(self, url: str, **parameters: int) -> object:
        return self._requests.send_request(lambda: self._requests.api.get(url, params=parameters), READS)

    def _post(self, what: str, body: dict[str, Any] | None = None) -> object:
        return self._requests.send_request(
            lambda: self._requests.api.post(f"{self._webhooks}/{what}", json=body), READS
        )


def _told(answer: Mapping[str, Any], asked: int) -> ChangeBatch:
    payloads, cursor = _list(answer, "payloads"), answer.get("cursor")
    if not isinstance(cursor, int) or cursor < asked:
        raise UnavailableError(AIRTABLE, "a list of payloads has no cursor")
    records: dict[str, frozenset[str]] = {}
    for payload in payloads:
        for table_id, change in _mapping(payload.get("changedTablesById")).items():
            records[table_id] = records.get(table_id, frozenset()) | frozenset(_record_ids(_mapping(change)))
    # Payloads are kept for a week, so that of older ones only the numbers are left.
    is_whole = cursor - asked == len(payloads) and not any(map(_hides_something, payloads))
    has_failed = any(payload.get("error") for payload in payloads)
    return ChangeBatch(
        records, cursor, more=answer.get("mightHaveMore") is True, is_whole=is_whole, has_failed=has_failed
    )


def _record_ids(change: Mapping[str, Any]) -> Iterator[str]:
    """Return the ids of all records that a table's change names, within a view, too."""
    for kind in ("createdRecordsById", "changedRecordsById"):
        yield from _mapping(change.get(kind))
    yield from (str(each) for each in change.get("destroyedRecordIds") or [])
    for view in _mapping(change.get("changedViewsById")).values():
        yield from _record_ids(_mapping(view))


def _hides_something(payload: Mapping[str, Any]) -> bool:
    """Return whether a payload is an error, or about a table that went with all its records."""
    return any(payload.get(name) for name in ("error", "destroyedTableIds"))


def _webhook(listed: Mapping[str, Any]) -> Webhook:
    cursor = listed.get("cursorForNextPayload")
    return Webhook(
        id=str(listed.get("id")),
        url=str(listed.get("notificationUrl") or ""),
        cursor=cursor if isinstance(cursor, int) else 1,
        is_alive=listed.get("isHookEnabled") is True,
        notifies=listed.get("areNotificationsEnabled") is True,
        scope=_find_scope(listed.get("specification")),
    )


def _find_scope(specification: object) -> str | None:
    """Return the table of which a webhook reports every change, empty for all tables; None where it leaves some out."""
    filters = _mapping(_mapping(_mapping(specification).get("options")).get("filters"))
    reports_records = TABLE_DATA in (filters.get("dataTypes") or [])
    if not reports_records or {name for name, value in filters.items() if value} - KNOWN_FILTERS:
        return None
    for name, needed in (("changeTypes", CHANGE_TYPES), ("fromSources", SOURCES)):
        if not needed <= set(filters.get(name) or needed):
            return None
    return str(filters.get("recordChangeScope") or "")


def _epoch(moment: object) -> float:
    try:
        return NEVER if moment is None else datetime.fromisoformat(str(moment)).timestamp()
    except ValueError as error:
        raise UnavailableError(AIRTABLE, "a webhook expires at no time") from error


def _object(answer: object) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        raise UnavailableError(AIRTABLE, "an answer about webhooks is no object")
    return answer


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(answer: object, name: str) -> list[Mapping[str, Any]]:
    found = _object(answer).get(name)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise UnavailableError(AIRTABLE, f"an answer about webhooks has no {name}")
    return found
