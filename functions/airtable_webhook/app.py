"""Airtable calls this when something has changed in the base."""

from twilio_bridge import content_mac, web, wiring

secrets = wiring.webhook_secrets()
refresh = wiring.refresh()


def lambda_handler(event: web.Event, context: web.Context) -> web.Reply:
    """Answer POST /webhooks/airtable."""
    return web.in_time(context, lambda: answer(event))


def answer(event: web.Event) -> web.Answer:
    """Have it read: the ping says no more than that there is something, and Airtable does not wait long."""
    content_mac.require(event, *secrets)
    refresh.hear()
    return web.Answer()
