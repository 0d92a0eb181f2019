"""Invoked each night and when a callback met a stale or empty cache; `{"whole": true}` loads everything now."""

from collections.abc import Mapping
from dataclasses import asdict

from twilio_bridge import budget, web, wiring
from twilio_bridge.contacts.refresh import refresh
from twilio_bridge.logs import logger


def lambda_handler(event: Mapping[str, object], context: web.Context) -> dict[str, object]:
    """Load what is due, unless another refresh is running."""
    with budget.limit(context.get_remaining_time_in_millis() / 1000 - web.MARGIN_S):
        wanted = {name: event.get(name) is True for name in ("whole", "nightly")}
        done = refresh(wiring.refreshing(), **wanted)
    outcome: dict[str, object] = asdict(done) if done else {"nothing": "due, or another refresh is running"}
    logger.info("refreshed" if done else "not refreshed", extra=outcome)
    return outcome
