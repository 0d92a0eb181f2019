"""Frontline at Twilio: the webhooks of its Conversations service, and what inbound addresses begin."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

from twilio_bridge.adapters.twilio.account_setup import TwilioAccountSetup
from twilio_bridge.status import conversations
from twilio_bridge.status.ports import AddressConfiguration, Webhooks
from twilio_bridge.status.twilio_probe import mask
from twilio_bridge_cli.commands.setup.changes import Before, Change

WEBHOOKS: Final = "webhooks#"
ADDRESS: Final = "address#"
WHATSAPP: Final = "whatsapp"
# What makes an address ours: enabled, into the default service, nothing else called.
OURS: Final[dict[str, Any]] = {"enabled": True, "type": "default"}


class FrontlineSetup:
    """Webhooks and addresses of one account, for one deployment."""

    def __init__(self, account: TwilioAccountSetup, base_url: str, addresses: Sequence[str], before: Before) -> None:
        self._account = account
        self._url = base_url + conversations.PATH
        self._addresses = addresses
        self._before = before
        self._service_sid = ""

    def plan(self) -> Iterator[Change]:
        """Yield what is missing, or stands otherwise."""
        found = self._account.fetch_webhooks(self._service())
        if text := conversations.describe_webhooks(found, self._url):
            foreign = _describe(found) if conversations.is_foreign(found, self._url) else ""
            what = f"have Conversations call this deployment ({text})"
            yield Change("twilio", "webhooks", what, self._put_webhooks, foreign)
        yield from self._plan_addresses()

    def _plan_addresses(self) -> Iterator[Change]:
        there = self._account.list_addresses()
        for address in self._addresses:
            found = conversations.find_address(there, address)
            if conversations.describe_address(found, self._service()):
                text = f"let messages to {mask(address)} begin conversations"
                foreign = f"the address {mask(address)} {_describe_auto(found)}" if _is_used(found) else ""
                yield Change("twilio", f"address {mask(address)}", text, partial(self._put_address, address), foreign)

    def plan_removal(self) -> Iterator[Change]:
        """Yield what is put back as it was."""
        for name in self._before.list_names():
            if name.startswith(WEBHOOKS):
                text = "put the Conversations webhooks back as they were"
                yield Change("twilio", "webhooks", text, partial(self._put_webhooks_back, name))
            if name.startswith(ADDRESS):
                shown = mask(name.removeprefix(ADDRESS))
                text = f"put the address {shown} back as it was"
                yield Change("twilio", f"address {shown}", text, partial(self._put_address_back, name))

    def _service(self) -> str:
        """Return the account's default Conversations service, which Frontline uses."""
        self._service_sid = self._service_sid or self._account.fetch_default_service()[1]
        return self._service_sid

    def _put_webhooks(self) -> str:
        found = self._account.fetch_webhooks(self._service())
        self._before.keep(WEBHOOKS + self._service(), {**_plain(found)})
        own = found.filters if not conversations.is_foreign(found, self._url) else frozenset[str]()
        self._account.update_webhooks(
            self._service(), Webhooks(self._url, self._url, own | conversations.FILTERS, "POST")
        )
        return "Conversations calls this deployment"

    def _put_address(self, address: str) -> str:
        """Configure an address; what stood there is kept first."""
        found = conversations.find_address(self._account.list_addresses(), address)
        if found is None:
            self._before.keep(ADDRESS + address, {})
            kind = WHATSAPP if address.startswith(WHATSAPP) else "sms"
            self._account.create_address(kind, address, self._service())
        else:
            self._before.keep(ADDRESS + address, {"auto_creation": dict(found.auto_creation)})
            elsewhere = found.auto_creation.get("conversation_service_sid") not in (None, "", self._service())
            service = {"conversation_service_sid": self._service()} if elsewhere else {}
            self._account.update_address(found.sid, {**OURS, **service})
        return f"messages to {mask(address)} begin conversations"

    def _put_webhooks_back(self, name: str) -> str:
        """Restore a service's former webhooks, unless somebody has changed them since."""
        service_sid, kept = name.removeprefix(WEBHOOKS), self._before.read(name) or {}
        found = self._account.fetch_webhooks(service_sid)
        if self._url in (found.pre_url, found.post_url):
            former = Webhooks(**{**kept, "filters": frozenset(kept.get("filters", ()))})
            self._account.update_webhooks(service_sid, former)
        self._before.forget(name)
        return "as before"

    def _put_address_back(self, name: str) -> str:
        """Remove the configuration that setup made, or give the address its former one."""
        address, kept = name.removeprefix(ADDRESS), self._before.read(name) or {}
        found = conversations.find_address(self._account.list_addresses(), address)
        if found and kept:
            former, now = kept["auto_creation"], found.auto_creation
            changed = {key: "" if value is None else value for key, value in former.items() if now.get(key) != value}
            self._account.update_address(found.sid, changed)
        elif found:
            self._account.delete_address(found.sid)
        self._before.forget(name)
        return "as before"


def _plain(found: Webhooks) -> dict[str, Any]:
    return {
        "pre_url": found.pre_url,
        "post_url": found.post_url,
        "filters": sorted(found.filters),
        "method": found.method,
    }


def _describe(found: Webhooks) -> str:
    urls = ", ".join(dict.fromkeys(each for each in (found.pre_url, found.post_url) if each))
    return f"Conversations calls {urls} for {len(found.filters)} events"


def _is_used(found: AddressConfiguration | None) -> bool:
    """Return whether somebody else handles an address's messages."""
    return found is not None and bool(found.auto_creation.get("enabled"))


def _describe_auto(found: AddressConfiguration | None) -> str:
    auto = found.auto_creation if found else {}
    service = auto.get("conversation_service_sid")
    return f"begins conversations of the type {auto.get('type')}" + (f" in {service}" if service else "")
