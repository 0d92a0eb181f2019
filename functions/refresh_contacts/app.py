"""Invoked each night, when a callback met a stale or empty cache, and when Airtable told that something has changed.

`{"whole": true}` loads everything now, `{"hear": true}` takes in what the webhook tells, and
`{"webhook": true, "url": "…"}` looks after the webhook once a day, with `"now": true` at once.
"""

from collections.abc import Mapping
from dataclasses import asdict

from twilio_bridge import deadline
from twilio_bridge.contacts.refresh import hear, refresh
from twilio_bridge.contacts.webhook_registration import register
from twilio_bridge.entrypoints import http
from twilio_bridge.errors import SettingError
from twilio_bridge.logs import logger
from twilio_bridge.wiring import base


def lambda_handler(event: Mapping[str, object], context: http.Context) -> dict[str, object]:
    """Do what is due, or go on with a load, unless another refresh is running."""
    with deadline.limit(context.get_remaining_time_in_millis() / 1000 - http.MARGIN_S):
        return look_after_webhook(event) if event.get("webhook") is True else bring_up_to_date(event)


def bring_up_to_date(event: Mapping[str, object]) -> dict[str, object]:
    """Take in what has changed, or everything."""
    wanted = {name: event.get(name) is True for name in ("whole", "nightly")}
    done = hear(base.refreshing()) if event.get("hear") is True else refresh(base.refreshing(), **wanted)
    outcome: dict[str, object] = asdict(done) if done else {"nothing": "due, or another refresh is running"}
    logger.info("refreshed" if done else "not refreshed", extra=outcome | base.airtable_usage())
    return outcome


def look_after_webhook(event: Mapping[str, object]) -> dict[str, object]:
    """Register or renew it; what a new one has not told comes with a load."""
    address = base.settings().public_base_url or str(event.get("url") or "")
    try:
        done = register(base.refreshing(), address, now=event.get("now") is True)
    except SettingError as error:  # the loads say so aloud; this would each hour
        logger.info("no webhook", extra={"reason": str(error)})
        done = "nothing"
    return {"webhook": done, **(bring_up_to_date({}) if done == "registered" else {})}
