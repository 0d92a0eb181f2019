"""The form fields of REST requests as values of our records; used by the REST API.

Only fields that were sent appear, so that an update changes nothing else.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from twilio_bridge_local.vendors.twilio.conversations.rules import channel_of
from twilio_bridge_local.vendors.twilio.conversations.webhook_parameters import TABLE
from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.records import Binding, Conversation
from twilio_bridge_local.vendors.twilio.store import now

Form = MultiDict[str, str]

CONVERSATION: Final = {
    "FriendlyName": "friendly_name",
    "UniqueName": "unique_name",
    "Attributes": "attributes",
    "MessagingServiceSid": "messaging_service_sid",
    "State": "kept_state",
    "DateCreated": "date_created",
    "DateUpdated": "date_updated",
}
PARTICIPANT: Final = {
    "Identity": "identity",
    "Attributes": "attributes",
    "RoleSid": "role_sid",
    "LastReadMessageIndex": "last_read_message_index",
    "LastReadTimestamp": "last_read_timestamp",
    "DateCreated": "date_created",
    "DateUpdated": "date_updated",
}
MESSAGE: Final = {
    "Author": "author",
    "Body": "body",
    "Attributes": "attributes",
    "ContentSid": "content_sid",
    "DateCreated": "date_created",
    "DateUpdated": "date_updated",
}
USER: Final = {
    "FriendlyName": "friendly_name",
    "Avatar": "avatar",
    "State": "state",
    "IsAvailable": "is_available",
}
WEBHOOKS: Final = {
    "PreWebhookUrl": "pre_webhook_url",
    "PostWebhookUrl": "post_webhook_url",
    "Method": "method",
    "Target": "target",
}
ALLOWED: Final[Mapping[str, frozenset[str]]] = {
    "state": frozenset({"active", "deactivated"}),
    "is_available": frozenset({"true", "false"}),
    "method": frozenset({"GET", "POST"}),
    "target": frozenset({"webhook", "flex"}),
}

OTHER_EVENTS: Final = {"onMessageUpdate", "onMessageUpdated", "onMessageRemove", "onMessageRemoved"}
USER_EVENTS: Final = {"onUserAdded", "onUserUpdate", "onUserUpdated"}
SERVICE_EVENTS: Final = {*TABLE, *OTHER_EVENTS, "onDeliveryUpdated"}


def values(form: Form, names: Mapping[str, str]) -> dict[str, Any]:
    """The sent fields under our names; dates and numbers converted, an unknown value refused with 20001."""
    return {ours: _value(theirs, ours, form[theirs]) for theirs, ours in names.items() if theirs in form}


def binding(form: Form) -> Binding | None:
    """The messaging binding of a new participant, if any part of it was sent."""
    address = form.get("MessagingBinding.Address")
    proxy = form.get("MessagingBinding.ProxyAddress")
    projected = form.get("MessagingBinding.ProjectedAddress")
    if address is None and proxy is None and projected is None:
        return None
    kind = channel_of(address or proxy or projected or "")
    return Binding(kind, address, proxy, projected)


def filters(form: Form, *, service: bool) -> dict[str, Any]:
    """The events that fire, if sent; a chat service's configuration knows no user events."""
    if "Filters" not in form:
        return {}
    chosen = tuple(name for name in form.getlist("Filters") if name)
    known = SERVICE_EVENTS if service else SERVICE_EVENTS | USER_EVENTS
    for name in chosen:
        if name not in known:
            raise refusal(50365, name)
    return {"filters": chosen}


def created_within(record: Conversation, query: Mapping[str, str]) -> bool:
    """Whether a conversation fits StartDate, EndDate (of its creation, a bare day counts whole) and State."""
    start, end, state = query.get("StartDate"), query.get("EndDate"), query.get("State")
    if start and record.date_created < _moment("StartDate", start):
        return False
    if end and record.date_created > _moment("EndDate", end) + timedelta(days=1 if "T" not in end else 0):
        return False
    return not state or record.state == state


def _value(theirs: str, ours: str, text: str) -> object:
    if ours.startswith("date_"):
        return _moment(theirs, text)
    if ours in ALLOWED and text.lower() not in {allowed.lower() for allowed in ALLOWED[ours]}:
        raise refusal(20001, f"{theirs} must be one of {', '.join(sorted(ALLOWED[ours]))}")
    if ours == "is_available":
        return text.lower() == "true"
    if ours == "method":
        return text.upper()
    if ours == "last_read_message_index":
        return _index(theirs, text)
    return text


def _index(name: str, text: str) -> int | None:
    if text in ("", "null"):  # both unset it
        return None
    if not text.isdigit():
        raise refusal(20001, f"{name} must be a number")
    return int(text)


def _moment(name: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise refusal(20001, f"{name} must be an ISO 8601 date") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=now().tzinfo)
