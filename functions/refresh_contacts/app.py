"""Loads contacts: all, what changed, or what the webhook names; `webhook` registers and renews the webhook."""

from dataclasses import asdict
from functools import partial

from twilio_bridge.contacts.refresh import read_webhook, refresh
from twilio_bridge.contacts.webhook_registration import register_webhook
from twilio_bridge.entrypoints import http
from twilio_bridge.errors import SettingError
from twilio_bridge.logs import logger
from twilio_bridge.wiring import base, contacts


def lambda_handler(event: http.Event, context: http.Context) -> dict[str, object]:
    """Do what is due, or go on with a load, unless another refresh is running."""
    with http.limit_invocation(context):
        return look_after_webhook(event) if event.get("webhook") is True else bring_up_to_date(event)


def bring_up_to_date(event: http.Event) -> dict[str, object]:
    """Take in what has changed, or everything."""
    whole, nightly = event.get("whole") is True, event.get("nightly") is True
    act = read_webhook if event.get("hear") is True else partial(refresh, whole=whole, nightly=nightly)
    done = act(contacts.refreshing())
    outcome: dict[str, object] = asdict(done) if done else {"nothing": "due, or another refresh is running"}
    message = "refreshed" if done and "refused" not in outcome else "not refreshed"
    logger.info(message, extra=outcome | contacts.airtable_usage())
    return outcome


def look_after_webhook(event: http.Event) -> dict[str, object]:
    """Register or renew it; a load brings what a new one cannot know."""
    address = base.settings().public_base_url or str(event.get("url") or "")
    try:
        done = register_webhook(contacts.refreshing(), address, now=event.get("now") is True)
    except SettingError as error:  # the loads log it as an error; this would each hour
        logger.info("no webhook", extra={"reason": str(error)})
        done = "nothing"
    return {"webhook": done, **(bring_up_to_date({}) if done == "registered" else {})}
