"""What can be wrong with the base: the token, tables, columns and templates, the webhook, the month's calls."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from twilio_bridge.contacts.airtable_quota import Usage
from twilio_bridge.errors import RefusedError
from twilio_bridge.status.findings import Fault
from twilio_bridge.status.ports import AirtableBase
from twilio_bridge.status.probing import Probe, make_checks

UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 401, 403, 404
QUOTA_PERCENT: Final = 80
PATH: Final = "/webhooks/airtable"
_THEN: Final = "then: twilio-bridge secrets put airtable"


@dataclass(slots=True)
class AirtableProbe:
    """The checks of one base; `usage` reads the month's calls where there is a deployment."""

    base: AirtableBase
    base_url: str = ""
    usage: Callable[[], Usage] | None = None

    def list_connection_checks(self) -> Probe:
        """Return whether we are connected."""
        return Probe("airtable", make_checks([("base", "Airtable base", self.check_access)]), self.explain)

    def list_all_checks(self) -> Probe:
        """Return every check of the base."""
        entries: list[tuple[str, str, Callable[[], str]]] = [
            ("base", "Airtable tables and columns", self.check_columns),
            ("templates", "Airtable templates", self.check_templates),
        ]
        if self.base_url:
            entries.append(("webhook", "Airtable webhook", self.check_webhook))
        if self.usage:
            entries.append(("quota", "Airtable quota", self.check_quota))
        return Probe("airtable", make_checks(entries), self.explain)

    def check_access(self) -> str:
        """Ask once whether the token is good for the base."""
        self.base.check_access()
        return "Airtable base readable"

    def check_columns(self) -> str:
        """Compare tables, views and columns with bridge.yaml."""
        self._raise_first(lambda place: not place.startswith("templates"), "columns")
        return "Airtable tables and columns found"

    def check_templates(self) -> str:
        """Compare the templates with the columns that can fill them."""
        self._raise_first(lambda place: place.startswith("templates"), "templates")
        return "Airtable templates can be filled"

    def _raise_first(self, concerns: Callable[[str], bool], kind: str) -> None:
        """Raise the first problem, an error before a warning, with the number of the others."""
        found = [each for each in self.base.find_problems() if concerns(each.place)]
        errors = [each for each in found if each.is_error]
        if not found:
            return
        first = (errors or found)[0]
        others = f" (and {len(found) - 1} more: twilio-bridge config check --live)" if len(found) > 1 else ""
        place = f"{first.place}: " if first.place else ""
        raise Fault(kind, f"{place}{first.message}{others}", first.remedy, "fault" if errors else "note")

    def check_webhook(self) -> str:
        """Look for the webhook that notifies this deployment."""
        url = self.base_url + PATH
        try:
            ours = [each for each in self.base.list_webhooks() if each.url == url]
        except RefusedError as error:
            if error.code == UNAUTHORIZED:
                raise
            remedy = "Give the token webhook:manage and schema.bases:read; without them edits are seen after minutes."
            raise Fault("missing-scope", "the token may not manage webhooks", remedy, "note") from error
        if not ours:
            remedy = 'Let it be registered: twilio-bridge setup; see docs/operations.md, "Airtable\'s webhook".'
            raise Fault("no-webhook", "the base notifies nobody of this deployment", remedy)
        if not any(each.is_alive and each.notifies for each in ours):
            remedy = "It is switched on again within a day, or now: twilio-bridge setup"
            raise Fault("webhook-off", "Airtable has given up notifying this deployment", remedy)
        return "Airtable webhook notifies this deployment"

    def check_quota(self) -> str:
        """Compare the month's calls with the plan's."""
        usage = self.usage() if self.usage else Usage(0, None)
        if usage.percent is not None and usage.percent >= QUOTA_PERCENT:
            remedy = 'See docs/operations.md, "Airtable\'s calls run out".'
            raise Fault("quota", f"{usage.percent} % of the month's calls are used", remedy)
        of = "no limit is configured" if usage.percent is None else f"{usage.percent} % used"
        return f"Airtable quota: {usage.calls:,} calls this month, {of}"

    def explain(self, _check: str, error: RefusedError) -> Fault:
        """Return the fault of a refusal."""
        if error.code == UNAUTHORIZED:
            text = "Airtable answers 401: the token is wrong or was revoked"
            return Fault("unauthorized", text, f"Make a new one at airtable.com/create/tokens, {_THEN}")
        if error.code == FORBIDDEN:
            text = "Airtable answers 403: the token lacks a scope or access to this base"
            remedy = f"Give it data.records:read, data.records:write and schema.bases:read, and this base, {_THEN}"
            return Fault("missing-scope", text, remedy)
        if error.code == NOT_FOUND:
            remedy = (
                "Check AIRTABLE_BASE_ID (airtable.com/app…), and contacts.table and templates.table in bridge.yaml."
            )
            return Fault("wrong-base", "Airtable answers 404: there is no such base or table", remedy)
        return Fault(
            "refused", str(error), "A column is named otherwise in bridge.yaml: twilio-bridge config check --live"
        )
