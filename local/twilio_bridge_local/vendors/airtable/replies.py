"""Answers and refusals as HTTP responses, for the server."""

import logging
from collections.abc import Mapping

from flask import Response, jsonify
from werkzeug.exceptions import HTTPException

from twilio_bridge_local.vendors.airtable.errors import AirtableError, not_found, with_status


def json_reply(body: Mapping[str, object], status: int = 200) -> Response:
    """A JSON answer."""
    response = jsonify(body)
    response.status_code = status
    return response


def refusal(refused: AirtableError) -> Response:
    """What Airtable answers instead."""
    return json_reply(refused.body, refused.status)


def http_refusal(refused: HTTPException) -> Response:
    """What the web framework refuses, in Airtable's words."""
    if refused.code in (404, 405):
        return refusal(not_found())
    logging.getLogger(__name__).error("unexpected refusal: %s", refused)
    return refusal(with_status(refused.code or 500))
