"""A task's attributes before and after they are completed for Flex Insights; for the demonstration.

It is played where Twilio is a stand-in: it creates a task, as Studio would, and lets its events go to the stream.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import requests

from twilio_bridge_local.demo.frontline import NAME, NUMBER
from twilio_bridge_local.demo.steps import PATIENCE_S, Step, patiently
from twilio_bridge_local.samples.envelopes import WORKSPACE
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

# A null and a number as another program spells them: they have to be there afterwards, to the character.
BEFORE = f'{{ "from":"{NUMBER}", "direction":"inbound", "score":1.0, "conversations":{{"case":null}} }}'
CREATED = "com.twilio.taskrouter.task.created"
ROLE = "arn:aws:iam::123456789012:role/TwilioSinkRole"


def scenario(stack: Stack) -> Iterator[Step]:
    """Create a task, and wait until its attributes are complete."""
    twilio = stack.stand_ins.twilio
    if not (twilio and stack.stand_ins.airtable):
        return
    _subscribe(twilio)
    sid = str(_post(stack, "Tasks", Attributes=BEFORE, TaskChannel="voice")["sid"])
    yield Step(f"{NAME} calls: the task, as Studio made it", json.loads(BEFORE), right=True)

    text = patiently(lambda: _read(twilio, sid), lambda text: "customers" in text)
    found = json.loads(text)
    right = found.get("customers", {}).get("name") == NAME and text.startswith(BEFORE.partition("}")[0])
    title = "completed for Flex Insights, what was there to the character"
    yield Step(title, {key: found.get(key) for key in ("conversations", "customers")}, right)

    asked = [seen.method for seen in twilio.requests if seen.path.endswith(sid)]
    yield Step("which took two requests to Twilio", asked, asked == ["GET", "POST"])


def _subscribe(twilio: TwilioStandIn) -> None:
    """Let new tasks' events go to the stack's stream, as `twilio-bridge setup` does with a real account."""
    arn = "arn:aws:kinesis:us-east-1:123456789012:stream/EventStream"
    given = {"arn": arn, "role_arn": ROLE, "external_id": "local"}
    sink = twilio.event_streams.add_sink(twilio.store.next_number(), "demonstration", "kinesis", given)
    twilio.event_streams.sinks[sink.sid] = replace(sink, status="active")
    wanted = {CREATED: 4, CREATED.replace("created", "updated"): 4}
    twilio.event_streams.add_subscription(twilio.store.next_number(), "demonstration", sink.sid, wanted)


def _post(stack: Stack, path: str, **form: str) -> Mapping[str, Any]:
    twilio = stack.environment.twilio
    url = f"{twilio.endpoint_url}/taskrouter/v1/Workspaces/{WORKSPACE}/{path}"
    answer = requests.post(url, data=form, auth=(twilio.account, twilio.token), timeout=PATIENCE_S)
    found: Mapping[str, Any] = answer.json()
    return found


def _read(twilio: TwilioStandIn, sid: str) -> str:
    return str(twilio.taskrouter.find(WORKSPACE, sid)["attributes"])
