"""The Message resource's REST routes; used by `server`, which has already checked who asks.

https://www.twilio.com/docs/messaging/api/message-resource. The names of parameters are those of Twilio's description.
"""

from collections.abc import Sequence
from email.utils import format_datetime
from functools import cache
from itertools import islice
from typing import Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from twilio_bridge_local.vendors.twilio.account import Account
from twilio_bridge_local.vendors.twilio.conversations.rest import account
from twilio_bridge_local.vendors.twilio.errors import refusal
from twilio_bridge_local.vendors.twilio.messages.callbacks import API_VERSION
from twilio_bridge_local.vendors.twilio.messages.checks import check_creation
from twilio_bridge_local.vendors.twilio.messages.lifecycle import (
    cancel_message,
    create_message,
    delete_message,
    redact_message,
)
from twilio_bridge_local.vendors.twilio.messages.records import SentMessage
from twilio_bridge_local.vendors.twilio.openapi.checks import check_names, check_request
from twilio_bridge_local.vendors.twilio.openapi.filters import make_tests
from twilio_bridge_local.vendors.twilio.openapi.links import DEFAULT_PAGE_SIZE, ListAddress, read_token
from twilio_bridge_local.vendors.twilio.openapi.resources import Resource
from twilio_bridge_local.vendors.twilio.openapi.routes import DESCRIPTION, PAGING, Match, Route, load_routes

LIST: Final = "/2010-04-01/Accounts/{AccountSid}/Messages.json"
ONE: Final = "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json"

messages = Blueprint("messages", __name__)
contents = Blueprint("contents", __name__)


@messages.before_request
def check_account() -> None:
    """Another account's path is a 404."""
    named = (request.view_args or {}).pop("account_sid", "")
    if named != account().account_sid:
        raise refusal(20404, f"/Accounts/{named}")


@messages.post("/Messages.json")
def make_message() -> ResponseReturnValue:
    """Make a message."""
    match = _match("POST")
    check_names(match, [*request.form.items(multi=True)])
    asked = check_creation(account().messaging, frozenset(account().proxy_numbers), request.form)
    return show_message(account(), create_message(account(), asked)), 201


@messages.get("/Messages.json")
def list_messages() -> ResponseReturnValue:
    """List messages, the newest first."""
    match, query = _match("GET"), [*request.args.items(multi=True)]
    check_request(match, query, ())
    given = dict(query)
    size = int(given.get("PageSize", DEFAULT_PAGE_SIZE))
    after, tests = read_token(given.get("PageToken", "")), make_tests(match.route, query)

    found = account().messaging.store.newest_first(after, given.get("To", ""))
    shown = ((message.number, show_message(account(), message)) for message in found)
    rows = list(islice((row for row in shown if all(test(row[1]) for test in tests)), size + 1))
    last = rows[size - 1][0] if len(rows) > size else 0
    address = ListAddress(match, _without_paging(query), size)
    return {"messages": [row for _, row in rows[:size]], **address.links(int(given.get("Page", 0)), last)}


@messages.get("/Messages/<sid>.json")
def fetch_message(sid: str) -> ResponseReturnValue:
    """Return one message."""
    return show_message(account(), account().messaging.store.get(sid))


@messages.post("/Messages/<sid>.json")
def update_message(sid: str) -> ResponseReturnValue:
    """Cancel a scheduled message, or empty the body of one that is done."""
    check_request(_match("POST", sid), (), [*request.form.items(multi=True)])
    account().messaging.store.get(sid)
    if "Status" in request.form:
        return show_message(account(), cancel_message(account(), sid))
    if request.form.get("Body") != "":
        raise refusal(20001, "Body can only be emptied")
    return show_message(account(), redact_message(account(), sid))


@messages.delete("/Messages/<sid>.json")
def remove_message(sid: str) -> ResponseReturnValue:
    """Remove a message that is done."""
    delete_message(account(), sid)
    return "", 204


@contents.get("/Content/<sid>")
def fetch_content(sid: str) -> ResponseReturnValue:
    """Return one content template: https://www.twilio.com/docs/content/content-api-resources."""
    found = account().messaging.contents.get(sid)
    if found is None:
        raise refusal(20404, f"/Content/{sid}")
    return {
        "sid": found.sid,
        "account_sid": account().account_sid,
        "friendly_name": found.friendly_name,
        "language": "en",
        "variables": dict(found.variables),
        "types": {"twilio/text": {"body": found.body}},
        "url": f"https://content.twilio.com/v1/Content/{found.sid}",
    }


@cache
def _route(method: str, path: str) -> Route:
    return next(each for each in load_routes(DESCRIPTION).all if (each.method, each.path) == (method, path))


def _match(method: str, sid: str = "") -> Match:
    """Return what the description has for the request."""
    route = _route(method, ONE if sid else LIST)
    values = {"AccountSid": account().account_sid, **({"Sid": sid} if sid else {})}
    return Match(route, values)


def _without_paging(query: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in query if name not in PAGING]


def show_message(owner: Account, message: SentMessage) -> Resource:
    """Return a message as Twilio shows it."""
    uri = f"/{API_VERSION}/Accounts/{owner.account_sid}/Messages/{message.sid}"
    return {
        "body": message.body,
        "num_segments": str(message.num_segments),
        "direction": "outbound-api",
        "from": message.sender,
        "date_updated": format_datetime(message.date_updated),
        "price": message.price,
        "error_message": None,
        "uri": f"{uri}.json",
        "account_sid": owner.account_sid,
        "num_media": str(message.num_media),
        "to": message.to,
        "date_created": format_datetime(message.date_created),
        "status": message.status,
        "sid": message.sid,
        "date_sent": format_datetime(message.date_sent) if message.date_sent else None,
        "messaging_service_sid": message.messaging_service_sid,
        "error_code": message.error_code,
        "price_unit": "USD",
        "api_version": API_VERSION,
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }
