"""Twilio's JSON for each resource, every published field present; used by the REST API.

URLs are Twilio's own (`https://conversations.twilio.com/…`), as in Twilio's answers: a client that is pointed
at the stand-in rewrites them like any other. Timers, media and e-mail bindings are not simulated and always
empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from twilio_bridge_local.vendors.twilio.account import CONVERSATIONS_CALLBACK, Account
from twilio_bridge_local.vendors.twilio.records import (
    Binding,
    Conversation,
    Message,
    Participant,
    User,
    WebhookConfiguration,
)

Resource = dict[str, object]

CONVERSATIONS: Final = "https://conversations.twilio.com/v1"
FRONTLINE: Final = "https://frontline-api.twilio.com/v1"


@dataclass(frozen=True)
class Scope:
    """Which chat service a request is about, and whether its path names it."""

    service_sid: str
    named: bool

    @property
    def base(self) -> str:
        """What the URLs of its resources begin with."""
        return f"{CONVERSATIONS}/Services/{self.service_sid}" if self.named else CONVERSATIONS

    def with_service(self, resource: Resource) -> Resource:
        """Messages and participants name their chat service only under /Services."""
        return {**resource, "chat_service_sid": self.service_sid} if self.named else resource


def seconds(moment: datetime) -> str:
    """A time as the REST API writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def conversation(account: Account, scope: Scope, record: Conversation) -> Resource:
    """A conversation."""
    url = f"{scope.base}/Conversations/{record.sid}"
    links = {name.lower(): f"{url}/{name}" for name in ("Participants", "Messages", "Webhooks", "Export")}
    return {
        "account_sid": account.account_sid,
        "chat_service_sid": record.chat_service_sid,
        "messaging_service_sid": record.messaging_service_sid,
        "sid": record.sid,
        "friendly_name": record.friendly_name,
        "unique_name": record.unique_name,
        "attributes": record.attributes,
        "state": record.state,
        "date_created": seconds(record.date_created),
        "date_updated": seconds(record.date_updated),
        "timers": {},
        "bindings": {},
        "url": url,
        "links": links,
    }


def participant(account: Account, scope: Scope, record: Participant) -> Resource:
    """A participant."""
    resource: Resource = {
        "account_sid": account.account_sid,
        "conversation_sid": record.conversation_sid,
        "sid": record.sid,
        "identity": record.identity,
        "attributes": record.attributes,
        "messaging_binding": _binding(record.messaging_binding),
        "role_sid": record.role_sid,
        "date_created": seconds(record.date_created),
        "date_updated": seconds(record.date_updated),
        "url": f"{scope.base}/Conversations/{record.conversation_sid}/Participants/{record.sid}",
        "last_read_message_index": record.last_read_message_index,
        "last_read_timestamp": record.last_read_timestamp,
    }
    return scope.with_service(resource)


def _binding(binding: Binding | None) -> Mapping[str, str | None] | None:
    if binding is None:
        return None
    shown = {"type": binding.type, "address": binding.address, "proxy_address": binding.proxy_address}
    return {**shown, "projected_address": binding.projected_address} if binding.projected_address else shown


def message(account: Account, scope: Scope, record: Message) -> Resource:
    """A message; whoever was to get it outside the app has got it."""
    url = f"{scope.base}/Conversations/{record.conversation_sid}/Messages/{record.sid}"
    delivered = {"sent": "all", "delivered": "all", "read": "none", "failed": "none", "undelivered": "none"}
    resource: Resource = {
        "account_sid": account.account_sid,
        "conversation_sid": record.conversation_sid,
        "sid": record.sid,
        "index": record.index,
        "author": record.author,
        "body": record.body,
        "media": None,
        "attributes": record.attributes,
        "participant_sid": record.participant_sid,
        "date_created": seconds(record.date_created),
        "date_updated": seconds(record.date_updated),
        "delivery": {"total": record.receivers, **delivered} if record.receivers else None,
        "content_sid": record.content_sid,
        "url": url,
        "links": {"delivery_receipts": f"{url}/Receipts", "channel_metadata": f"{url}/ChannelMetadata"},
    }
    return scope.with_service(resource)


def participant_conversation(account: Account, scope: Scope, record: Participant) -> Resource:
    """A conversation as seen from one of its participants."""
    there = account.store.conversation(record.conversation_sid)
    url = f"{scope.base}/Conversations/{there.sid}"
    return {
        "account_sid": account.account_sid,
        "chat_service_sid": there.chat_service_sid,
        "participant_sid": record.sid,
        "participant_user_sid": account.store.user_sid(record.identity),
        "participant_identity": record.identity,
        "participant_messaging_binding": _binding(record.messaging_binding),
        "conversation_sid": there.sid,
        "conversation_unique_name": there.unique_name,
        "conversation_friendly_name": there.friendly_name,
        "conversation_attributes": there.attributes,
        "conversation_date_created": seconds(there.date_created),
        "conversation_date_updated": seconds(there.date_updated),
        "conversation_created_by": there.created_by,
        "conversation_state": there.kept_state,  # this resource knows no `initializing`
        "conversation_timers": {},
        "links": {"participant": f"{url}/Participants/{record.sid}", "conversation": url},
    }


def webhook_configuration(account: Account, scope: Scope, record: WebhookConfiguration) -> Resource:
    """Which events fire and where they go, for the account or for one chat service."""
    default = None if scope.named else account.callback_url(CONVERSATIONS_CALLBACK)
    own: Resource = {"chat_service_sid": scope.service_sid} if scope.named else {"target": record.target}
    return {
        "account_sid": account.account_sid,
        "pre_webhook_url": record.pre_webhook_url or default,
        "post_webhook_url": record.post_webhook_url or default,
        "filters": list(record.filters),
        "method": record.method,
        "url": f"{scope.base}/Configuration/Webhooks",
        **own,
    }


def user(record: User) -> Resource:
    """A Frontline user."""
    return {
        "sid": record.sid,
        "identity": record.identity,
        "friendly_name": record.friendly_name,
        "avatar": record.avatar,
        "state": record.state,
        "is_available": record.is_available,
        "url": f"{FRONTLINE}/Users/{record.sid}",
    }


def chat_user(account: Account, scope: Scope, record: User) -> Resource:
    """A Conversations user; who is online is not simulated."""
    url, created = f"{scope.base}/Users/{record.sid}", seconds(record.date_created)
    return {
        "sid": record.sid,
        "account_sid": account.account_sid,
        "chat_service_sid": scope.service_sid,
        "role_sid": account.store.role_sid,
        "identity": record.identity,
        "friendly_name": record.friendly_name,
        "attributes": "{}",
        "is_online": None,
        "is_notifiable": None,
        "date_created": created,
        "date_updated": created,
        "url": url,
        "links": {"user_conversations": f"{url}/Conversations"},
    }


def service(account: Account, sid: str) -> Resource:
    """A chat service."""
    url, created = f"{CONVERSATIONS}/Services/{sid}", seconds(account.created)
    links = {name.lower(): f"{url}/{name}" for name in ("Conversations", "Users", "Roles", "Bindings", "Configuration")}
    return {
        "account_sid": account.account_sid,
        "sid": sid,
        "friendly_name": f"Service {sid[-4:]}",
        "date_created": created,
        "date_updated": created,
        "url": url,
        "links": links,
    }
