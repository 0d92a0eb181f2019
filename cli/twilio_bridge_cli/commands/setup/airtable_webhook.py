"""Airtable's webhook and the first load: RefreshContactsFunction makes both, as it does by itself now and then."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from twilio_bridge.adapters.airtable.base_setup import AirtableBaseSetup
from twilio_bridge.adapters.state.webhook_registration import DynamoRegistrations
from twilio_bridge.contacts.ports import CacheState
from twilio_bridge.errors import RefusedError
from twilio_bridge.status.airtable_probe import PATH
from twilio_bridge_cli.commands.setup.changes import Change
from twilio_bridge_cli.deployments import Deployment
from twilio_bridge_cli.invoking import invoke_function

FORBIDDEN: Final = (403, 404)


class AirtableSetup:
    """The webhook of one base, and its copy."""

    def __init__(
        self, base: AirtableBaseSetup, registrations: DynamoRegistrations, deployment: Deployment, region: str | None
    ) -> None:
        self._base = base
        self._registrations = registrations
        self._deployment = deployment
        self._region = region
        self._url = deployment.base_url + PATH

    def plan(self, cache: CacheState) -> Iterator[Change]:
        """Yield what is missing; without the scope for webhooks there is none, and edits are seen a little later."""
        if self._needs_webhook():
            yield Change("airtable", "webhook", "register Airtable's webhook", self._register)
        if cache.is_empty:
            yield Change("airtable", "contacts", "load the contacts for the first time", self._load)

    def _needs_webhook(self) -> bool:
        try:
            listed = self._base.list_webhooks()
        except RefusedError as error:
            if error.code in FORBIDDEN:
                return False
            raise
        return not any(each.url == self._url and each.is_alive and each.notifies for each in listed)

    def _register(self) -> str:
        done = self._invoke({"webhook": True, "now": True, "url": self._deployment.base_url})
        outcome = str(done.get("webhook", done))
        return f"webhook {outcome}"

    def _load(self) -> str:
        done = self._invoke({"whole": True})
        return f"{done['contacts']:,} contacts loaded" if "contacts" in done else "a load is running"

    def _invoke(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return invoke_function(self._deployment, self._region, "RefreshContactsFunction", event)

    def plan_removal(self) -> Iterator[Change]:
        """Yield the webhook's end; the stack makes another within the hour as long as it runs."""
        try:
            listed = self._base.list_webhooks()
        except RefusedError:
            return
        if any(each.url == self._url for each in listed):
            yield Change("airtable", "webhook", "delete Airtable's webhook", self._delete)

    def _delete(self) -> str:
        for each in self._base.list_webhooks():
            if each.url == self._url:
                self._base.delete_webhook(each.id)
                self._registrations.remove_registration(each.id)
        return "deleted"
