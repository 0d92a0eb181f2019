"""Conversations' configuration of the account: its default chat service, and what inbound addresses begin.

https://www.twilio.com/docs/conversations/api/configuration-resource and
https://www.twilio.com/docs/conversations/api/address-configuration-resource. That one address has one configuration
stands there ("the unique address to be configured"); with which code a second one is refused does not: 20409 is ours.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from twilio_bridge_local.vendors.twilio.address_book import AddressConfiguration
from twilio_bridge_local.vendors.twilio.conversations import rules
from twilio_bridge_local.vendors.twilio.conversations.resources import Resource
from twilio_bridge_local.vendors.twilio.conversations.rest import account
from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.paging import page
from twilio_bridge_local.vendors.twilio.records import new_sid
from twilio_bridge_local.vendors.twilio.store import now

MAX_PAGE_SIZE: Final = 50
KINDS: Final = frozenset({"sms", "whatsapp", "messenger", "gbm", "email", "rcs", "apple", "chat"})
AUTO_KINDS: Final = frozenset({"webhook", "studio", "default"})
PREFIX: Final = "AutoCreation."
# By the form's names: the answer's, and what a text becomes.
_LISTS: Final = frozenset({"webhook_filters"})

configuration = Blueprint("configuration", __name__)


@configuration.get("/Configuration")
def fetch_configuration() -> ResponseReturnValue:
    """The account's defaults."""
    store = account().store
    return {
        "account_sid": account().account_sid,
        "default_chat_service_sid": store.default_service_sid,
        "default_messaging_service_sid": store.messaging_service_sid,
        "default_inactive_timer": None,
        "default_closed_timer": None,
        "url": "https://conversations.twilio.com/v1/Configuration",
        "links": {"service": f"https://conversations.twilio.com/v1/Services/{store.default_service_sid}"},
    }


@configuration.get("/Configuration/Addresses")
def list_addresses() -> ResponseReturnValue:
    """The configurations, by type."""
    kind = request.args.get("Type")
    chosen = [each for each in account().addresses.by_sid.values() if kind in (None, each.kind)]
    return page(request, "address_configurations", chosen, _show, largest=MAX_PAGE_SIZE)


@configuration.post("/Configuration/Addresses")
def create_address() -> ResponseReturnValue:
    """A new configuration, of an address that has none."""
    kind, address = request.form.get("Type", ""), request.form.get("Address", "")
    if kind not in KINDS:
        raise refusal(20001, "Type")
    if kind in {"sms", "whatsapp"} and (not rules.is_address(address) or rules.channel_of(address) != kind):
        raise refusal(50407, address)
    book = account().addresses
    with account().store.lock:
        if any(each.address == address for each in book.by_sid.values()):
            raise refusal(20409, f"address configuration of {address}")
        number, at = account().store.next_number(), now()
        name = request.form.get("FriendlyName", "")
        made = AddressConfiguration(new_sid("IG"), number, kind, address, name, _auto_creation({}), at, at)
        book.by_sid[made.sid] = made
    return _show(made), 201


@configuration.get("/Configuration/Addresses/<sid>")
def fetch_address(sid: str) -> ResponseReturnValue:
    """One configuration."""
    return _show(account().addresses.find(sid))


@configuration.post("/Configuration/Addresses/<sid>")
def update_address(sid: str) -> ResponseReturnValue:
    """Change its name or what a message begins."""
    book = account().addresses
    with account().store.lock:
        before = book.find(sid)
        name = request.form.get("FriendlyName", before.friendly_name)
        auto = _auto_creation(before.auto_creation)
        book.by_sid[before.sid] = replace(before, friendly_name=name, auto_creation=auto, date_updated=now())
    return _show(book.find(before.sid))


@configuration.delete("/Configuration/Addresses/<sid>")
def delete_address(sid: str) -> ResponseReturnValue:
    """Forget a configuration."""
    with account().store.lock:
        del account().addresses.by_sid[account().addresses.find(sid).sid]
    return "", 204


def _auto_creation(before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form makes of it, or raise."""
    usual: dict[str, Any] = {
        "enabled": False,
        "type": "default",
        "conversation_service_sid": None,
        "webhook_url": None,
        "webhook_method": None,
        "webhook_filters": None,
        "studio_flow_sid": None,
        "studio_retry_count": None,
    }
    given = {name.removeprefix(PREFIX): request.form.getlist(name) for name in request.form if name.startswith(PREFIX)}
    found = {**usual, **before, **{_snake(name): _value(_snake(name), texts) for name, texts in given.items()}}
    if found["type"] not in AUTO_KINDS:
        raise refusal(20001, "AutoCreation.Type")
    if found["conversation_service_sid"] not in (None, *account().store.services):
        raise refusal(20404, f"/Services/{found['conversation_service_sid']}")
    if found["enabled"] and found["type"] == "webhook" and not found["webhook_url"]:
        raise refusal(20001, "AutoCreation.WebhookUrl")
    return found


def _value(name: str, texts: list[str]) -> object:
    if name in _LISTS:
        return texts
    if name == "enabled":
        return texts[-1].lower() == "true"
    return texts[-1] or None


def _snake(name: str) -> str:
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name).lstrip("_")


def _show(record: AddressConfiguration) -> Resource:
    return {
        "sid": record.sid,
        "account_sid": account().account_sid,
        "type": record.kind,
        "address": record.address,
        "friendly_name": record.friendly_name,
        "address_country": None,
        "auto_creation": dict(record.auto_creation),
        "date_created": record.date_created.isoformat(),
        "date_updated": record.date_updated.isoformat(),
        "url": f"https://conversations.twilio.com/v1/Configuration/Addresses/{record.sid}",
    }
