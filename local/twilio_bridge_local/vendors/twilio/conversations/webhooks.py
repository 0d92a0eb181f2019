"""Signed callbacks to our gateway as Twilio sends them; used by the actions and by what people do.

`send` posts one callback and records it with its answer; `ask` is a pre-action webhook, `notify` a post-action
one. What Twilio does with an answer (https://www.twilio.com/docs/conversations/conversations-webhooks): 200
with changed fields publishes the changed ones, 4xx and 5xx reject, no answer in time publishes unchanged. A
success that is not a JSON object changes nothing here; Twilio does not document what it does then. Post-action
webhooks are sent one after another before the action returns, so that whoever acts next can look at them;
Twilio sends them on its own time.
"""

import base64
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

import requests

from twilio_bridge_local.vendors.twilio.account import CONVERSATIONS_CALLBACK, Account, Parameters, SentWebhook
from twilio_bridge_local.vendors.twilio.errors import HookRejectedError, refusal
from twilio_bridge_local.vendors.twilio.records import WebhookConfiguration

USER_AGENT: Final = "TwilioProxy/1.1"
FIRST_REFUSAL: Final = 400

# Frontline's pages let onConversationAdd set `attributes` (the avatar); Conversations' have the name only.
CHANGEABLE: Final[Mapping[str, frozenset[str]]] = {
    "onConversationAdd": frozenset({"friendly_name", "attributes"}),
    "onConversationUpdate": frozenset({"friendly_name", "attributes"}),
    "onMessageAdd": frozenset({"body", "author", "attributes"}),
    "onMessageUpdate": frozenset({"body", "author", "attributes"}),
}


@dataclass(frozen=True)
class Origin:
    """Where an action came from: only an SDK's has a `client_identity`, and REST's may have no hooks."""

    source: str = "API"
    client_identity: str | None = None
    hooks: bool = True


def pairs(parameters: Parameters) -> list[tuple[str, str]]:
    """The parameters as they travel: a key with several values is repeated."""
    return [
        (name, value)
        for name, values in parameters.items()
        for value in ([values] if isinstance(values, str) else values)
    ]


def signature(secret: str, url: str, parameters: Parameters, digest: str = "sha1") -> str:
    """X-Twilio-Signature: https://www.twilio.com/docs/usage/security#validating-requests."""
    text = url + "".join(name + value for name, value in sorted(set(pairs(parameters))))
    return base64.b64encode(hmac.digest(secret.encode(), text.encode(), digest)).decode()


def signature_headers(account: Account, url: str, parameters: Parameters) -> dict[str, str]:
    """Sign with the auth token, or where a webhook rule demands it with a shared key, which a second header names.

    https://www.twilio.com/docs/usage/webhooks/webhook-shared-keys
    """
    if account.shared_key is None:
        return {"X-Twilio-Signature": signature(account.auth_token, url, parameters)}
    key_id, secret = account.shared_key
    return {
        "X-Twilio-Signature": signature(secret, url, parameters, "sha256"),
        "X-Twilio-Webhooks-Signature-Settings": f"key={key_id},algorithm=HMAC_SHA256",
    }


def send(account: Account, event_type: str, url: str, parameters: Parameters, method: str = "POST") -> SentWebhook:
    """Send one callback and record it with its answer. A redirect is not followed, a failure is no answer."""
    form, signed = pairs(parameters), parameters
    if method == "GET":
        url, form, signed = f"{url}?{urlencode(form)}", [], {}
    headers = {
        "User-Agent": USER_AGENT,
        "Accept": "*/*",
        "I-Twilio-Idempotency-Token": secrets.token_hex(16),
        **signature_headers(account, url, signed),
    }
    if form:
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
    started, began = time.time(), time.monotonic()
    timeout = _timeout(account, event_type)
    status, body = _answer(method, url, urlencode(form), headers, timeout)
    sent = SentWebhook(started, event_type, url, parameters, status, body, time.monotonic() - began)
    account.webhooks.append(sent)
    return sent


def _timeout(account: Account, event_type: str) -> float:
    if event_type == "routing":
        return account.timeouts.routing
    if event_type == "message-status":
        return account.timeouts.status
    return account.timeouts.hook if event_type.startswith("on") else account.timeouts.callback


def _answer(method: str, url: str, form: str, headers: Mapping[str, str], timeout: float) -> tuple[int | None, str]:
    try:
        with requests.Session() as session:
            session.trust_env = False  # our gateway is local: no proxy of this machine between
            answer = session.request(
                method, url, data=form or None, headers=headers, timeout=timeout, allow_redirects=False
            )
    except requests.RequestException:
        return None, ""
    return answer.status_code, answer.text


def ask(account: Account, service_sid: str, origin: Origin, event_type: str, parameters: Parameters) -> dict[str, Any]:
    """Send a pre-action webhook if it is configured; what it changed, or HookRejectedError."""
    sent = _fire(account, service_sid, origin, event_type, parameters)
    if sent is None or sent.status is None:
        return {}
    if sent.status >= FIRST_REFUSAL:
        message = f"{event_type} was rejected by the webhook with status {sent.status}"
        raise HookRejectedError(20000 + sent.status, sent.status, message)
    return _changes(event_type, sent.body)


def notify(account: Account, service_sid: str, origin: Origin, event_type: str, parameters: Parameters) -> None:
    """Send a post-action webhook if it is configured; its answer changes nothing."""
    _fire(account, service_sid, origin, event_type, {**parameters, "RetryCount": "0"})


def _fire(
    account: Account, service_sid: str, origin: Origin, event_type: str, parameters: Parameters
) -> SentWebhook | None:
    configuration = account.store.webhook_configuration(service_sid)
    url = hook_url(account, configuration, event_type)
    if not origin.hooks or url is None or event_type not in configuration.filters:
        return None
    common = {"AccountSid": account.account_sid, "EventType": event_type, "Source": origin.source}
    if origin.client_identity is not None:
        common["ClientIdentity"] = origin.client_identity
    return send(account, event_type, url, {**common, **parameters}, configuration.method)


def hook_url(account: Account, configuration: WebhookConfiguration, event_type: str) -> str | None:
    """Where that event goes: the configured pre or post URL, else our gateway's callback."""
    post = event_type.endswith("ed")
    configured = configuration.post_webhook_url if post else configuration.pre_webhook_url
    return configured or account.callback_url(CONVERSATIONS_CALLBACK)


def _changes(event_type: str, body: str) -> dict[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(answer, dict):
        return {}
    changes = {name: answer[name] for name in CHANGEABLE.get(event_type, ()) if name in answer}
    for name, value in changes.items():
        if not isinstance(value, str):
            raise refusal(20001, f"the webhook's {name} is not text")
    return changes
