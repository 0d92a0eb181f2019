"""Workflow tools call this to list, get, create, update and delete Twilio's resources, or to run a query by invoke."""

from typing import Any

from twilio_bridge.entrypoints import entities, http
from twilio_bridge.wiring import entities as wiring


def lambda_handler(event: http.Event, context: http.Context) -> dict[str, Any]:
    """Answer POST /entities/{entity}/{operation}, or an invoke that names entity and operation."""
    return entities.respond(event, context, lambda: wiring.operations().perform)
