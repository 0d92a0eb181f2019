"""The REST routes that answer whether a Flex token is valid; used by `server`, which has already checked who asks.

`/v1/Accounts/{AccountSid}/Tokens/validate` at iam.twilio.com is what Twilio's own validator for Flex asks
(https://github.com/twilio/twilio-flex-token-validator), `/v2/Tokens/validate/{Sid}` the form that programs of
Frontline and Flex use with the SID of the SSO realm. Twilio documents neither: the names and codes of an answer are
those that such programs and their tests show. A token that is not valid is a 200 with `valid: false`.
"""

from typing import Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from twilio_bridge_local.vendors.twilio.conversations.resources import Resource, seconds
from twilio_bridge_local.vendors.twilio.conversations.rest import account
from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.store import now

INVALID: Final = (20101, "Invalid Access Token")
EXPIRED: Final = (20104, "Access Token expired or expiration date invalid")
REALM: Final = "JB"

iam = Blueprint("iam", __name__)


@iam.post("/v1/Accounts/<sid>/Tokens/validate")
def validate_flex_token(sid: str) -> ResponseReturnValue:
    """Return whether a token is valid for the account of the path."""
    if sid != account().account_sid:
        raise refusal(20404, f"/Accounts/{sid}/Tokens/validate")
    return _judged(_token())


@iam.post("/v2/Tokens/validate/<sid>")
def validate_token(sid: str) -> ResponseReturnValue:
    """Return whether a token is valid for the account, which is also named by its SSO realm."""
    if sid != account().account_sid and not sid.startswith(REALM):
        raise refusal(20404, f"/Tokens/validate/{sid}")
    return _judged(_token())


def _token() -> str:
    given = request.get_json(silent=True)
    token = given.get("token") if isinstance(given, dict) else None
    if not isinstance(token, str) or not token:
        raise refusal(20001, "token is required")
    return token


def _judged(token: str) -> Resource:
    held = account().flex_tokens.issued.get(token)
    if held is None or held.account_sid != account().account_sid:
        return _refused(*INVALID)
    if held.expiration <= now():
        return _refused(*EXPIRED)
    return {
        "valid": True,
        "code": 0,
        "message": None,
        "expiration": seconds(held.expiration),
        "identity": held.identity,
        "realm_user_id": held.identity,
        "worker_sid": held.worker_sid,
        "roles": list(held.roles),
    }


def _refused(code: int, message: str) -> Resource:
    nothing = dict.fromkeys(("expiration", "identity", "realm_user_id", "worker_sid", "roles"))
    return {"valid": False, "code": code, "message": message, **nothing}
