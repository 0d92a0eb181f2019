"""Invoked each night and whenever a callback met a stale or empty cache: loads contacts and templates from Airtable."""

from dataclasses import asdict

from twilio_bridge import budget, web, wiring
from twilio_bridge.contacts import refresh
from twilio_bridge.logs import logger

leases = wiring.leases()
notes = wiring.notes()


def lambda_handler(event: object, context: web.Context) -> dict[str, object]:  # noqa: ARG001  there is nothing in the event
    """Load everything, unless another load is running."""
    with budget.limit(context.get_remaining_time_in_millis() / 1000 - web.MARGIN_S):
        loaded = refresh.load(wiring.bulk_source(), wiring.contact_cache(), notes, leases)
    outcome: dict[str, object] = asdict(loaded) if loaded else {"running": True}
    logger.info("contacts loaded" if loaded else "a load is running", extra=outcome)
    return outcome
