"""A small campaign: somebody says STOP before their turn, a phone is off, and the sum is proved; for the demonstration.

It is played where Twilio is a stand-in: with a real one it would write to people.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from rich.table import Table as Sheet

from twilio_bridge_local.credentials import AWS_ACCESS_KEY_ID, AWS_REGION, AWS_SECRET_ACCESS_KEY
from twilio_bridge_local.demo.steps import Step, patiently
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.vendors.twilio.messages.records import Outcome
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

PATIENCE_S: Final = 40
BEGINS_S: Final = 6
CAMPAIGN: Final = "frames-are-here"
REACHED, STOPPED, IS_OFF, AGAIN = "+447900000911", "+447900000912", "+447900000913", "+44 7900 000911"
UNREACHABLE: Final = 30003
FINAL: Final = frozenset({"finished", "cancelled", "refused"})
BODY: Final = {
    "id": CAMPAIGN,
    "text": "Hello <Name|there>, your frames are here.",
    "to": "Phone",
    "sendingHours": {"opens": "00:00", "closes": "00:00"},  # whenever the demonstration is played
    "source": {
        "rows": [
            {"Phone": REACHED, "Name": "Bea"},
            {"Phone": STOPPED, "Name": "Cal"},
            {"Phone": IS_OFF, "Name": ""},
            {"Phone": AGAIN, "Name": "Bea again"},
        ]
    },
}
TEXTS: Final = [
    "Hello Bea, your frames are here.",
    "Hello Cal, your frames are here.",
    "Hello there, your frames are here.",
]
ENDS: Final = {
    1: ("sent", "delivered", None),
    2: ("skipped", None, "opted_out"),
    3: ("failed", "undelivered", UNREACHABLE),
    4: ("skipped", None, "duplicate"),
}


def scenario(stack: Stack) -> Iterator[Step]:
    """Preview it, let one person say STOP, send it, and look at what became of each row."""
    twilio = stack.stand_ins.twilio
    if twilio is None:
        return
    twilio.messaging.outcomes = {IS_OFF: Outcome("undelivered", UNREACHABLE)}
    yield _preview(stack, twilio)

    # Not at once: the sweep that comes each minute might be quicker than Cal.
    begins = datetime.now(UTC) + timedelta(seconds=BEGINS_S)
    _call(stack, "POST", "/campaigns", {**BODY, "sendAt": begins.isoformat(timespec="seconds")})
    planned = patiently(lambda: _campaign(stack), lambda found: bool(found.get("planned")), PATIENCE_S)
    twilio.receive(STOPPED, stack.environment.settings["TWILIO_SMS_NUMBER"], "STOP")
    right = planned.get("rows") == len(ENDS) and planned.get("open") == len(TEXTS)
    yield Step("the campaign is planned, and Cal writes STOP before their turn", planned, right)

    ended = patiently(lambda: _sweep(stack), lambda found: found.get("state") in FINAL, PATIENCE_S)
    rows = _call(stack, "GET", f"/campaigns/{CAMPAIGN}/rows").get("rows", [])
    yield Step(
        "each row has its end: delivered, STOP, a phone that is off, twice in the list",
        rows,
        _are_true(rows),
        [_sheet(rows)],
    )
    yield _at_twilio(twilio)

    counted = {name: ended.get(name) for name in ("state", "rows", "sent", "failed", "skipped", "cancelled", "open")}
    wanted = {"state": "finished", "rows": 4, "sent": 1, "failed": 1, "skipped": 2, "cancelled": 0, "open": 0}
    yield Step("and it is finished: 4 = 1 sent + 1 failed + 2 skipped", counted, counted == wanted)


def _preview(stack: Stack, twilio: TwilioStandIn) -> Step:
    shown = _call(stack, "POST", "/campaigns", {**BODY, "dryRun": True}).get("rows", [])
    texts = [row.get("text") for row in shown][: len(TEXTS)]
    right = texts == TEXTS and not twilio.messaging.store.created
    return Step("a campaign is previewed: each text filled in, nothing sent", texts, right)


def _at_twilio(twilio: TwilioStandIn) -> Step:
    made = sorted((message.to, message.body) for message in twilio.messaging.store.created)
    return Step(
        "Twilio got one message for each, and none for Cal", made, made == [(REACHED, TEXTS[0]), (IS_OFF, TEXTS[2])]
    )


def _sweep(stack: Stack) -> Mapping[str, Any]:
    """Do what the schedule does each minute, and return how far the campaign is."""
    stack.invoke("CampaignsFunction", {"sweep": True})
    return _campaign(stack)


def _campaign(stack: Stack) -> Mapping[str, Any]:
    return _call(stack, "GET", f"/campaigns/{CAMPAIGN}")


def _call(stack: Stack, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Make a request signed as AWS_IAM wants it, and return its JSON."""
    url, data = f"{stack.url}{path}", json.dumps(body).encode() if body else b""
    request = AWSRequest(method, url, data=data, headers={"Content-Type": "application/json"})
    SigV4Auth(Credentials(AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), "execute-api", AWS_REGION).add_auth(request)
    headers = dict(request.headers.items())
    answer: dict[str, Any] = requests.request(method, url, data=data, headers=headers, timeout=PATIENCE_S).json()
    return answer


def _are_true(rows: list[dict[str, Any]]) -> bool:
    found = {
        row["row"]: (row.get("outcome"), row.get("status"), row.get("errorCode") or row.get("reason")) for row in rows
    }
    return found == ENDS


def _sheet(rows: list[dict[str, Any]]) -> Sheet:
    sheet = Sheet("row", "outcome", "status", "why")
    for row in rows:
        why = row.get("errorCode") or row.get("reason") or ""
        sheet.add_row(str(row["row"]), str(row.get("outcome", "")), str(row.get("status", "")), str(why))
    return sheet
