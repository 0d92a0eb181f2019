"""The base's webhooks and what we remember of ours as plain dictionaries; see `memory`."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from tests.fakes.contacts import Clock
from twilio_bridge.contacts.change_feed import ChangeBatch, Registration, Webhook
from twilio_bridge.errors import RefusedError

WEEK_S = 7 * 86_400
PAYLOADS_A_PAGE = 50
SECRET = "c2VjcmV0"


@dataclass
class FakeFeed:
    """The port ChangeFeed; `failure`, where set, is raised by every call, `tell` lets something happen in the base."""

    named: dict[str, str] = field(default_factory=lambda: {"Customers": "tblCustomers", "Templates": "tblTemplates"})
    clock: Clock = field(default_factory=Clock)
    listed: dict[str, Webhook] = field(default_factory=dict)
    payloads: dict[str, list[ChangeBatch]] = field(default_factory=dict)
    failure: Exception | None = None
    calls: list[str] = field(default_factory=list)
    made: int = 0

    def tell(self, *record_ids: str, table: str = "Customers", is_whole: bool = True) -> None:
        """Tell every webhook that lives of a change."""
        records = {self.named[table]: frozenset(record_ids)}
        for webhook in [each for each in self.listed.values() if each.is_alive]:
            self.listed[webhook.id] = replace(webhook, cursor=webhook.cursor + 1)
            self.payloads[webhook.id].append(ChangeBatch(records, webhook.cursor + 1, is_whole=is_whole))

    def fail(self) -> None:
        """Let the next payload of every webhook that lives be an error."""
        for webhook in [each for each in self.listed.values() if each.is_alive]:
            self.listed[webhook.id] = replace(webhook, cursor=webhook.cursor + 1)
            self.payloads[webhook.id].append(
                ChangeBatch({}, webhook.cursor + 1, is_whole=False, has_failed=True),
            )

    def list_webhooks(self) -> list[Webhook]:
        """Return the webhooks."""
        self._begin("webhooks")
        return list(self.listed.values())

    def find_table_ids(self, names: Iterable[str]) -> dict[str, str]:
        """Return the tables' ids."""
        self._begin("tables")
        ids = self.named | {table_id: table_id for table_id in self.named.values()}
        return {name: ids[name] for name in names if name in ids}

    def create_webhook(self, url: str) -> Registration:
        """Add a webhook."""
        self._begin("create")
        self.made += 1
        webhook_id = f"ach{self.made:014}"
        self.listed[webhook_id] = Webhook(id=webhook_id, url=url, cursor=1, is_alive=True, notifies=True)
        self.payloads[webhook_id] = []
        return Registration(id=webhook_id, url=url, secret=SECRET, expires_at=self.clock.now() + WEEK_S)

    def renew_webhook(self, webhook_id: str) -> float:
        """Let it live on."""
        self._begin("renew")
        if not self.listed[webhook_id].is_alive:
            raise RefusedError("memory", "the webhook has expired", code=422)
        return self.clock.now() + WEEK_S

    def enable_notifications(self, webhook_id: str) -> None:
        """Let it tell us again."""
        self._begin("notify")
        self.listed[webhook_id] = replace(self.listed[webhook_id], notifies=True)

    def delete_webhook(self, webhook_id: str) -> None:
        """Remove it."""
        self._begin("delete")
        self.listed.pop(webhook_id, None)

    def list_changes(self, webhook_id: str, cursor: int) -> ChangeBatch | None:
        """Return a page of what it told."""
        self._begin("told")
        if webhook_id not in self.listed:
            return None
        following = self.payloads[webhook_id][cursor - 1 :]
        page = following[:PAYLOADS_A_PAGE]
        records: dict[str, frozenset[str]] = {}
        for payload in page:
            for table_id, ids in payload.records.items():
                records[table_id] = records.get(table_id, frozenset()) | ids
        is_whole = all(payload.is_whole for payload in page)
        has_failed = any(payload.has_failed for payload in page)
        more = len(following) > len(page)
        return ChangeBatch(records, cursor + len(page), more=more, is_whole=is_whole, has_failed=has_failed)

    def _begin(self, call: str) -> None:
        self.calls.append(call)
        if self.failure:
            raise self.failure


class FakeRegistrations:
    """The port Registrations."""

    def __init__(self) -> None:
        self._registration: Registration | None = None
        self._asked = 0

    def get_registration(self) -> Registration | None:
        """Return it."""
        return self._registration

    def put_registration(self, registration: Registration) -> None:
        """Remember it."""
        self._registration = registration

    def advance_cursor(self, registration: Registration) -> bool:
        """Remember a later cursor of the same webhook."""
        known = self._registration
        if known is None or known.id != registration.id or known.cursor >= registration.cursor:
            return False
        self._registration = replace(known, cursor=registration.cursor)
        return True

    def remove_registration(self, webhook_id: str) -> None:
        """Forget it."""
        if self._registration and self._registration.id == webhook_id:
            self._registration = None

    def count_request(self) -> None:
        """Count one more."""
        self._asked += 1

    def get_request_count(self) -> int:
        """Return the count."""
        return self._asked
