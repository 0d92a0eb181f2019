"""Takes campaigns of messages in, plans their rows (by invoking itself), and queues what is due (a schedule)."""

from typing import Any

from twilio_bridge.entrypoints import campaigns, http
from twilio_bridge.logs import logger
from twilio_bridge.messages.planning.planner import plan_campaign
from twilio_bridge.messages.sweep import sweep_campaigns
from twilio_bridge.wiring import messages


def lambda_handler(event: http.Event, context: http.Context) -> dict[str, Any]:
    """Answer a request; or plan the campaign that the event names; or sweep."""
    if "requestContext" in event:
        return campaigns.respond(event, context, handlers)
    with http.limit_invocation(context):
        return plan(str(event["plan"])) if "plan" in event else sweep_campaigns(messages.sweeping())


def handlers() -> dict[str, campaigns.Handler]:
    """Return what answers each route."""
    calls = messages.calls()
    return {
        "POST /campaigns": calls.create,
        "GET /campaigns/{id}": calls.get,
        "GET /campaigns/{id}/rows": calls.list_rows,
        "GET /campaigns/{id}/report": calls.report,
        "POST /campaigns/{id}/{action}": calls.steer,
    }


def plan(campaign_id: str) -> dict[str, Any]:
    """Plan as far as time allows; only ids and counts reach the log."""
    campaign = plan_campaign(campaign_id, messages.planning())
    planned = {"state": campaign.state, "rows": campaign.planning.rows} if campaign else {"state": "unknown"}
    logger.info("planning", extra={"campaign": campaign_id, **planned})
    return planned
