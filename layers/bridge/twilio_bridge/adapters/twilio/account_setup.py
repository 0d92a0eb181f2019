"""The port TwilioAccount over Twilio's REST API, and the changes that the set-up makes."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from twilio_bridge.adapters.twilio.client import Account
from twilio_bridge.adapters.twilio.rest import TwilioRest
from twilio_bridge.errors import RefusedError, UpstreamError
from twilio_bridge.status.ports import (
    AddressConfiguration,
    FlexConfiguration,
    Plugin,
    Sink,
    Subscription,
    Webhooks,
)

API, CONVERSATIONS, EVENTS, FLEX, TASKROUTER = "api", "conversations", "events", "flex-api", "taskrouter"
# Regions have logins of their own: https://www.twilio.com/docs/global-infrastructure/regions/managing-regional-api-credentials
EDGES: Mapping[str, str] = {"us1": "ashburn", "ie1": "dublin", "au1": "sydney"}
NOT_FOUND = 404


class TwilioAccountSetup:
    """One account; `token` is the auth token that signs webhooks, whatever login requests are made with."""

    def __init__(self, account: Account, token: str) -> None:
        self._account = account
        self._token = token
        self._rest = TwilioRest(account)

    # --- the account ----------------------------------------------------------------------------
    def check_token(self) -> str:
        """Fetch the account with SID and token."""
        own = TwilioRest(replace(self._account, login=(self._account.sid, self._token)))
        found = own.fetch(API, f"/2010-04-01/Accounts/{self._account.sid}.json")
        self._rest.ahead_s = own.ahead_s
        return str(found.get("status") or "active")

    def list_keys(self) -> int:
        """List the keys: Standard keys get 401."""
        page = self._rest.fetch(API, f"/2010-04-01/Accounts/{self._account.sid}/Keys.json", {"PageSize": "50"})
        return len(page.get("keys") or [])

    def read_clock(self) -> float | None:
        """Return the last answer's date."""
        return self._rest.ahead_s

    def find_region(self) -> str:
        """Try the account's other regions with the same login."""
        own = self._account.region or "us1"
        for region, edge in EDGES.items():
            there = replace(self._account, region=region, edge=edge)
            if region != own and self._account.endpoint_url is None and _takes_login(there):
                return region
        return ""

    # --- Flex and TaskRouter --------------------------------------------------------------------
    def fetch_flex(self) -> FlexConfiguration:
        """Fetch https://www.twilio.com/docs/flex/developer/config/flex-configuration-rest-api."""
        found = self._rest.fetch(FLEX, "/v1/Configuration")
        return FlexConfiguration(str(found.get("account_sid") or ""), str(found.get("taskrouter_workspace_sid") or ""))

    def fetch_flex_flow(self, sid: str) -> bool:
        """Fetch a Flex flow."""
        return self._rest.fetch(FLEX, f"/v1/FlexFlows/{sid}").get("enabled") is not False

    def list_plugins(self) -> Sequence[Plugin]:
        """List the plugins, and look into the active release: none is active where there is no release."""
        plugins = list(self._rest.list_all(FLEX, "/v1/PluginService/Plugins", "plugins"))
        active = self._list_active() if plugins else set()
        return [Plugin(str(each.get("unique_name")), each.get("sid") in active) for each in plugins]

    def _list_active(self) -> set[Any]:
        try:
            release = self._rest.fetch(FLEX, "/v1/PluginService/Releases/Active")
        except RefusedError as error:
            if error.code == NOT_FOUND:
                return set()
            raise
        path = f"/v1/PluginService/Configurations/{release.get('configuration_sid')}/Plugins"
        return {each.get("plugin_sid") for each in self._rest.list_all(FLEX, path, "plugins")}

    def fetch_workspace(self, sid: str) -> str:
        """Fetch a workspace."""
        return str(self._rest.fetch(TASKROUTER, f"/v1/Workspaces/{sid}").get("friendly_name") or sid)

    def count_workers(self, workspace_sid: str) -> int:
        """Count by listing: TaskRouter's statistics end at a hundred workers."""
        return sum(1 for _ in self._rest.list_all(TASKROUTER, f"/v1/Workspaces/{workspace_sid}/Workers", "workers"))

    def count_queues(self, workspace_sid: str) -> int:
        """Count by listing."""
        path = f"/v1/Workspaces/{workspace_sid}/TaskQueues"
        return sum(1 for _ in self._rest.list_all(TASKROUTER, path, "task_queues"))

    # --- Conversations --------------------------------------------------------------------------
    def fetch_default_service(self) -> tuple[str, str]:
        """Fetch the account's configuration of Conversations."""
        found = self._rest.fetch(CONVERSATIONS, "/v1/Configuration")
        return str(found.get("account_sid") or ""), str(found.get("default_chat_service_sid") or "")

    def fetch_webhooks(self, service_sid: str) -> Webhooks:
        """Fetch a service's webhooks."""
        found = self._rest.fetch(CONVERSATIONS, _webhooks_path(service_sid))
        return Webhooks(
            str(found.get("pre_webhook_url") or ""),
            str(found.get("post_webhook_url") or ""),
            frozenset(map(str, found.get("filters") or [])),
            str(found.get("method") or "POST"),
        )

    def update_webhooks(self, service_sid: str, wanted: Webhooks) -> None:
        """Replace a service's webhooks; an empty list of filters is sent as one empty filter."""
        form = {
            "PreWebhookUrl": wanted.pre_url,
            "PostWebhookUrl": wanted.post_url,
            "Filters": sorted(wanted.filters) or [""],
            "Method": wanted.method,
        }
        self._rest.update(CONVERSATIONS, _webhooks_path(service_sid), form)

    def list_addresses(self) -> Sequence[AddressConfiguration]:
        """List the address configurations."""
        path = "/v1/Configuration/Addresses"
        return [_address(each) for each in self._rest.list_all(CONVERSATIONS, path, "address_configurations")]

    def create_address(self, kind: str, address: str, service_sid: str) -> None:
        """Let inbound messages to an address begin conversations."""
        form = {"Type": kind, "Address": address, **_auto_creation(service_sid)}
        self._rest.create(CONVERSATIONS, "/v1/Configuration/Addresses", form)

    def update_address(self, sid: str, auto_creation: Mapping[str, Any]) -> None:
        """Change what an inbound message begins."""
        form = {
            f"AutoCreation.{_camel(name)}": _text(value) for name, value in auto_creation.items() if value is not None
        }
        self._rest.update(CONVERSATIONS, f"/v1/Configuration/Addresses/{sid}", form)

    def delete_address(self, sid: str) -> None:
        """Remove an address configuration."""
        self._rest.delete(CONVERSATIONS, f"/v1/Configuration/Addresses/{sid}")

    # --- Event Streams --------------------------------------------------------------------------
    def list_sinks(self) -> Sequence[Sink]:
        """List the sinks."""
        return [_sink(each) for each in self._rest.list_all(EVENTS, "/v1/Sinks", "sinks")]

    def create_sink(self, description: str, configuration: Mapping[str, str]) -> Sink:
        """Make a Kinesis sink."""
        form = {
            "Description": description,
            "SinkConfiguration": json.dumps(dict(configuration)),
            "SinkType": "kinesis",
        }
        return _sink(self._rest.create(EVENTS, "/v1/Sinks", form))

    def test_sink(self, sid: str) -> None:
        """Have a test event put on the stream."""
        self._rest.update(EVENTS, f"/v1/Sinks/{sid}/Test", {})

    def fetch_sink(self, sid: str) -> Sink:
        """Fetch a sink."""
        return _sink(self._rest.fetch(EVENTS, f"/v1/Sinks/{sid}"))

    def delete_sink(self, sid: str) -> None:
        """Remove a sink that no subscription uses."""
        self._rest.delete(EVENTS, f"/v1/Sinks/{sid}")

    def list_subscriptions(self, sink_sid: str) -> Sequence[Subscription]:
        """List a sink's subscriptions, each with its types."""
        every = self._rest.list_all(EVENTS, "/v1/Subscriptions", "subscriptions")
        return [self._with_types(each) for each in every if each.get("sink_sid") == sink_sid]

    def _with_types(self, found: Mapping[str, Any]) -> Subscription:
        sid = str(found.get("sid"))
        listed = self._rest.list_all(EVENTS, f"/v1/Subscriptions/{sid}/SubscribedEvents", "types")
        types = {str(each.get("type")): int(each.get("schema_version") or 0) for each in listed}
        return Subscription(sid, str(found.get("description") or ""), str(found.get("sink_sid")), types)

    def create_subscription(self, description: str, sink_sid: str, types: Mapping[str, int]) -> None:
        """Subscribe to types, each in its version; every type is a form field of its own."""
        listed = [json.dumps({"type": name, "schema_version": version}) for name, version in types.items()]
        form: dict[str, str | list[str]] = {"Description": description, "SinkSid": sink_sid, "Types": listed}
        self._rest.create(EVENTS, "/v1/Subscriptions", form)

    def put_types(self, subscription_sid: str, types: Mapping[str, int], there: Iterable[str]) -> None:
        """Add types to a subscription, or give those that are there another version."""
        known = set(there)
        path = f"/v1/Subscriptions/{subscription_sid}/SubscribedEvents"
        for name, version in types.items():
            if name in known:
                self._rest.update(EVENTS, f"{path}/{name}", {"SchemaVersion": str(version)})
            else:
                self._rest.update(EVENTS, path, {"Type": name, "SchemaVersion": str(version)})

    def delete_type(self, subscription_sid: str, name: str) -> None:
        """Take a type out of a subscription."""
        self._rest.delete(EVENTS, f"/v1/Subscriptions/{subscription_sid}/SubscribedEvents/{name}")

    def delete_subscription(self, sid: str) -> None:
        """Remove a subscription; its sink stays."""
        self._rest.delete(EVENTS, f"/v1/Subscriptions/{sid}")


def _takes_login(account: Account) -> bool:
    try:
        TwilioRest(account).fetch(CONVERSATIONS, "/v1/Configuration")
    except UpstreamError:
        return False
    return True


def _webhooks_path(service_sid: str) -> str:
    return f"/v1/Services/{service_sid}/Configuration/Webhooks"


def _sink(found: Mapping[str, Any]) -> Sink:
    configuration = found.get("sink_configuration") or {}
    return Sink(
        str(found.get("sid")),
        str(found.get("description") or ""),
        str(found.get("sink_type") or ""),
        str(found.get("status") or ""),
        {str(name): str(value) for name, value in configuration.items()},
    )


def _address(found: Mapping[str, Any]) -> AddressConfiguration:
    return AddressConfiguration(
        str(found.get("sid")),
        str(found.get("type") or ""),
        str(found.get("address") or ""),
        dict(found.get("auto_creation") or {}),
        str(found.get("friendly_name") or ""),
    )


def _auto_creation(service_sid: str) -> dict[str, str]:
    service = {"AutoCreation.ConversationServiceSid": service_sid} if service_sid else {}
    return {"AutoCreation.Enabled": "true", "AutoCreation.Type": "default", **service}


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _text(value: object) -> str | list[str]:
    if isinstance(value, bool):
        return "true" if value else "false"
    return [str(each) for each in value] if isinstance(value, list) else str(value)
