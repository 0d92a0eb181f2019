"""The webhooks of a base: their payloads, and how long they live; for the stand-in's server.

A webhook expires after seven days and then has nothing new; its payloads can be read for seven days more.
https://airtable.com/developers/web/api/webhooks-overview
"""

import secrets
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from twilio_bridge_local.vendors.airtable.errors import invalid_request, not_found, too_many_webhooks
from twilio_bridge_local.vendors.airtable.store import Base, Transaction
from twilio_bridge_local.vendors.airtable.webhook_payloads import Body, milliseconds, payload
from twilio_bridge_local.vendors.airtable.webhook_specification import Specification, specification

MOST = 10
LIFE = timedelta(days=7)
KEPT = timedelta(days=7)
MAX_PAYLOADS_COUNT = 50
SECRET_BYTES = 64


@dataclass(eq=False, slots=True)
class Webhook:
    """One webhook, as it stands now; `payloads` has the number, the time and the content of each payload."""

    id: str
    url: str | None
    specification: Specification
    expires: datetime
    notifications_enabled: bool
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(SECRET_BYTES), repr=False)
    next_number: int = 1
    payloads: deque[tuple[int, datetime, Body]] = field(default_factory=deque, repr=False)
    last_result: Body | None = None
    last_success: str | None = None
    deleted: bool = False
    is_silent: bool = False

    def alive(self, now: datetime) -> bool:
        """Whether it still records changes."""
        return not self.deleted and now < self.expires

    def wants_pings(self, now: datetime) -> bool:
        """Whether it is pinged when it has a payload."""
        return self.alive(now) and self.notifications_enabled and self.url is not None

    def add_payload(self, content: Body, now: datetime) -> None:
        """Remember a payload."""
        self.payloads.append((self.next_number, now, content))
        self.next_number += 1

    def forget(self, before: datetime) -> None:
        """Drop payloads that old; the numbers go on."""
        while self.payloads and self.payloads[0][1] <= before:
            self.payloads.popleft()

    def page(self, cursor: int, limit: int) -> Body:
        """The payloads from the cursor on: https://airtable.com/developers/web/api/list-webhook-payloads."""
        found = [(number, content) for number, _at, content in self.payloads if number >= cursor]
        shown = found[:limit]
        return {
            "payloads": [content for _number, content in shown],
            "cursor": shown[-1][0] + 1 if shown else cursor,
            "mightHaveMore": len(found) > limit,
        }

    def answer(self, now: datetime) -> Body:
        """Itself in the list of webhooks; its secret is shown once."""
        return {
            "id": self.id,
            "specification": self.specification.given,
            "notificationUrl": self.url,
            "cursorForNextPayload": self.next_number,
            "lastNotificationResult": self.last_result,
            "areNotificationsEnabled": self.notifications_enabled,
            "lastSuccessfulNotificationTime": self.last_success,
            "isHookEnabled": self.alive(now),
            "expirationTime": milliseconds(self.expires),
        }


class Webhooks:
    """All webhooks of one base; `notify` is called with each that has a new payload."""

    def __init__(self, base: Base, notify: Callable[[Webhook], None]) -> None:
        self._base = base
        self._notify = notify
        self._webhooks: dict[str, Webhook] = {}
        base.watchers.append(self._record)

    def create(self, body: Mapping[str, object]) -> Webhook:
        """Add a webhook; it is pinged at once, perhaps before its creator has stored the secret."""
        wanted, url = specification(body.get("specification"), self._base), _url(body.get("notificationUrl"))
        with self._base.lock:
            if len(self.listed()) >= MOST:
                raise too_many_webhooks()
            expires = self._base.now() + LIFE
            made = Webhook(self._base.new_id("ach"), url, wanted, expires, notifications_enabled=url is not None)
            self._webhooks[made.id] = made
        # https://airtable.com/developers/web/api/create-a-webhook: the URL "will get a ping shortly after".
        self._notify(made)
        return made

    def listed(self) -> list[Webhook]:
        """Those that live, and those that expired less than seven days ago."""
        with self._base.lock:
            now = self._base.now()
            self._webhooks = {i: hook for i, hook in self._webhooks.items() if now < hook.expires + KEPT}
            return list(self._webhooks.values())

    def found(self, webhook_id: str) -> Webhook:
        """The webhook of this id."""
        for webhook in self.listed():
            if webhook.id == webhook_id:
                return webhook
        raise not_found()

    def delete(self, webhook_id: str) -> None:
        """Remove a webhook with its payloads."""
        with self._base.lock:
            self.found(webhook_id).deleted = True
            del self._webhooks[webhook_id]

    def report_error(self, webhook_id: str, code: str = "INVALID_HOOK") -> None:
        """Let a webhook's next payload be an error: https://airtable.com/developers/web/api/model/webhooks-payload."""
        with self._base.lock:
            now = self._base.now()
            content: Body = {"timestamp": milliseconds(now), "payloadFormat": "v0", "error": True, "code": code}
            self.found(webhook_id).add_payload(content, now)
        self._notify(self.found(webhook_id))

    def delete_all(self) -> None:
        """Remove every webhook."""
        for webhook in self.listed():
            self.delete(webhook.id)

    def refresh(self, webhook_id: str) -> datetime:
        """Seven more days; only a webhook that is alive can have them."""
        with self._base.lock:
            webhook, now = self.found(webhook_id), self._base.now()
            if not webhook.alive(now):
                raise invalid_request("the webhook has expired")
            webhook.expires = now + LIFE
            return webhook.expires

    def payloads(self, webhook_id: str, cursor: int, limit: int) -> Body:
        """A webhook's payloads; asking gives a webhook that is alive seven more days."""
        with self._base.lock:
            webhook, now = self.found(webhook_id), self._base.now()
            if webhook.alive(now):
                webhook.expires = now + LIFE
            webhook.forget(now - KEPT)
            return webhook.page(cursor, limit)

    def _record(self, transaction: Transaction) -> None:
        for webhook in self.listed():
            if webhook.is_silent or not webhook.alive(transaction.at):
                continue
            webhook.forget(transaction.at - KEPT)
            if content := payload(transaction, webhook.specification):
                webhook.add_payload(content, transaction.at)
                self._notify(webhook)


def _url(given: object) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or urlsplit(given).scheme not in ("http", "https"):
        raise invalid_request("notificationUrl must be a URL")
    return given
