"""The REST routes: Conversations, for the account and under /Services/{IS}, and Frontline's users.

Used by `server`, which has already checked who asks. A change fires webhooks only if the request carries
`X-Twilio-Webhook-Enabled: true` (https://www.twilio.com/docs/conversations/conversations-webhooks).
"""

from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, current_app, g, request
from flask.typing import ResponseReturnValue

from twilio_bridge_local.vendors.twilio.account import Account
from twilio_bridge_local.vendors.twilio.conversations import actions, drafts, forms, resources, rules
from twilio_bridge_local.vendors.twilio.conversations.resources import Scope
from twilio_bridge_local.vendors.twilio.conversations.webhooks import Origin
from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.paging import page
from twilio_bridge_local.vendors.twilio.records import Conversation, Service, WebhookConfiguration

ACCOUNT: Final = "TWILIO_ACCOUNT"
MAX_PARTICIPANT_CONVERSATIONS: Final = 50

conversations = Blueprint("conversations", __name__)
services = Blueprint("services", __name__)
frontline = Blueprint("frontline", __name__)


def account() -> Account:
    """The account that this server stands in for."""
    found: Account = current_app.config[ACCOUNT]
    return found


@conversations.url_value_preprocessor
def take_service(_endpoint: str | None, found: dict[str, Any] | None) -> None:
    """The same views serve the account's paths (its default chat service) and those under /Services/{IS}."""
    service_sid = found.pop("service_sid", None) if found else None
    g.scope = Scope(service_sid or account().store.default_service_sid, named=service_sid is not None)


@conversations.before_request
def check_service() -> None:
    """A chat service that does not exist is a 404."""
    if scope().service_sid not in account().store.services:
        raise refusal(20404, f"/Services/{scope().service_sid}")


def scope() -> Scope:
    """The chat service that this request is about."""
    found: Scope = g.scope
    return found


def origin() -> Origin:
    """A REST request, whose header decides whether hooks fire."""
    return Origin("API", hooks=request.headers.get("X-Twilio-Webhook-Enabled", "").lower() == "true")


def conversation(sid: str) -> Conversation:
    """The conversation of the path, in the service of the path."""
    return account().store.conversation(sid, scope().service_sid)


@services.get("/Services")
def list_services() -> ResponseReturnValue:
    """The account's chat services."""
    found = [Service(sid, number) for number, sid in enumerate(account().store.services)]
    return page(request, "services", found, lambda record: resources.service(account(), record.sid))


@conversations.get("/Conversations")
def list_conversations() -> ResponseReturnValue:
    """Conversations, by time of creation and state."""
    every = account().store.conversations_of(scope().service_sid)
    chosen = [record for record in every if forms.created_within(record, request.args)]
    return page(request, "conversations", chosen, lambda found: resources.conversation(account(), scope(), found))


@conversations.post("/Conversations")
def create_conversation() -> ResponseReturnValue:
    """A new conversation."""
    values = forms.values(request.form, forms.CONVERSATION)
    draft = drafts.new_conversation(account(), scope().service_sid, values)
    created = actions.create_conversation(account(), origin(), draft)
    return resources.conversation(account(), scope(), created), 201


@conversations.get("/Conversations/<sid>")
def fetch_conversation(sid: str) -> ResponseReturnValue:
    """One conversation, by SID or unique name."""
    return resources.conversation(account(), scope(), conversation(sid))


@conversations.post("/Conversations/<sid>")
def update_conversation(sid: str) -> ResponseReturnValue:
    """Change a conversation."""
    changes = forms.values(request.form, forms.CONVERSATION)
    after = actions.update_conversation(account(), origin(), conversation(sid), changes)
    return resources.conversation(account(), scope(), after)


@conversations.delete("/Conversations/<sid>")
def delete_conversation(sid: str) -> ResponseReturnValue:
    """Remove a conversation."""
    actions.delete_conversation(account(), origin(), conversation(sid))
    return "", 204


@conversations.get("/Conversations/<sid>/Participants")
def list_participants(sid: str) -> ResponseReturnValue:
    """Who is in a conversation."""
    found = account().store.participants_of(conversation(sid).sid)
    return page(request, "participants", found, lambda record: resources.participant(account(), scope(), record))


@conversations.post("/Conversations/<sid>/Participants")
def create_participant(sid: str) -> ResponseReturnValue:
    """Add a worker by Identity, or a customer by MessagingBinding."""
    values = forms.values(request.form, forms.PARTICIPANT)
    values["messaging_binding"] = forms.binding(request.form)
    draft = drafts.new_participant(account(), conversation(sid), values)
    created = actions.add_participant(account(), origin(), draft)
    return resources.participant(account(), scope(), created), 201


@conversations.get("/Conversations/<sid>/Participants/<participant>")
def fetch_participant(sid: str, participant: str) -> ResponseReturnValue:
    """One participant, by SID or identity."""
    found = account().store.participant(conversation(sid).sid, participant)
    return resources.participant(account(), scope(), found)


@conversations.post("/Conversations/<sid>/Participants/<participant>")
def update_participant(sid: str, participant: str) -> ResponseReturnValue:
    """Change a participant."""
    before = account().store.participant(conversation(sid).sid, participant)
    changes = forms.values(request.form, forms.PARTICIPANT)
    after = actions.update_participant(account(), origin(), before, changes)
    return resources.participant(account(), scope(), after)


@conversations.delete("/Conversations/<sid>/Participants/<participant>")
def delete_participant(sid: str, participant: str) -> ResponseReturnValue:
    """Remove a participant."""
    found = account().store.participant(conversation(sid).sid, participant)
    actions.remove_participant(account(), origin(), found)
    return "", 204


@conversations.get("/Conversations/<sid>/Messages")
def list_messages(sid: str) -> ResponseReturnValue:
    """The messages of a conversation, oldest first unless Order is desc."""
    return page(
        request,
        "messages",
        account().store.messages_of(conversation(sid).sid),
        lambda record: resources.message(account(), scope(), record),
    )


@conversations.post("/Conversations/<sid>/Messages")
def create_message(sid: str) -> ResponseReturnValue:
    """Write in a conversation."""
    rules.check_usable(conversation(sid))
    values = {"author": "system", **forms.values(request.form, forms.MESSAGE)}
    draft = drafts.new_message(account(), conversation(sid), values)
    created = actions.add_message(account(), origin(), draft)
    return resources.message(account(), scope(), created), 201


@conversations.get("/Conversations/<sid>/Messages/<message>")
def fetch_message(sid: str, message: str) -> ResponseReturnValue:
    """One message."""
    found = account().store.message(conversation(sid).sid, message)
    return resources.message(account(), scope(), found)


@conversations.get("/ParticipantConversations")
def list_participant_conversations() -> ResponseReturnValue:
    """The conversations of a worker (Identity) or of a customer (Address)."""
    identity, address = request.args.get("Identity"), request.args.get("Address")
    if bool(identity) == bool(address):
        raise refusal(20001, "either Identity or Address must be given")
    found = account().store.participants_who(scope().service_sid, identity, address)
    return page(
        request,
        "conversations",
        found,
        lambda record: resources.participant_conversation(account(), scope(), record),
        largest=MAX_PARTICIPANT_CONVERSATIONS,
    )


@conversations.get("/Users/<sid>")
def fetch_chat_user(sid: str) -> ResponseReturnValue:
    """One Conversations user of the chat service, by SID or identity."""
    return resources.chat_user(account(), scope(), account().store.chat_user(sid, scope().service_sid))


@conversations.get("/Configuration/Webhooks")
def fetch_webhooks() -> ResponseReturnValue:
    """Which events fire, and where to."""
    return resources.webhook_configuration(account(), scope(), _webhooks())


@conversations.post("/Configuration/Webhooks")
def update_webhooks() -> ResponseReturnValue:
    """Choose which events fire, and where to."""
    changes = forms.values(request.form, forms.WEBHOOKS) | forms.filters(request.form, service=scope().named)
    after = replace(_webhooks(), **changes)
    if scope().named:
        account().store.service_webhooks[scope().service_sid] = after
    else:
        account().store.account_webhooks = after
    return resources.webhook_configuration(account(), scope(), after)


def _webhooks() -> WebhookConfiguration:
    store = account().store
    if scope().named:
        return store.service_webhooks.get(scope().service_sid, WebhookConfiguration())
    return store.account_webhooks


@frontline.get("/Users/<sid>")
def fetch_user(sid: str) -> ResponseReturnValue:
    """One Frontline user, by SID or identity."""
    return resources.user(account().store.user(sid))


@frontline.post("/Users/<sid>")
def update_user(sid: str) -> ResponseReturnValue:
    """Change a Frontline user."""
    changes = forms.values(request.form, forms.USER)
    after = replace(account().store.user(sid), **changes)
    account().store.users[after.sid] = after
    return resources.user(after)
