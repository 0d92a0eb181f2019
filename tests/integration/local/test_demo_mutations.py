"""The demonstration proves what it shows: each time the product is broken on purpose, the step about it fails.

A mutation is code that runs at the end of every function's app.py, with that module's names. One stack plays all: it
is reset between them, and the play ends at the first wrong step.
"""

import shutil
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from tests.integration.shared import bundle_stack
from tests.sizes import IS_PROVING
from twilio_bridge_local.demo import frontline, messages, support
from twilio_bridge_local.demo.steps import Step
from twilio_bridge_local.environment import decide
from twilio_bridge_local.stack import Stack

ROOT = Path(__file__).parents[3]
COPIED = ("functions", "layers", "template.yaml")
HOOK = """

import pathlib
exec(compile((pathlib.Path(__file__).parents[2] / "mutation.py").read_text(), "mutation.py", "exec"))
"""
# What a mutation has at hand: the function's name, a form, and a way to change what its handler does.
TOOLS = '''
import base64, json, os
from urllib.parse import parse_qs
FUNCTION = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
_handler = lambda_handler

def form(event):
    body = event.get("body") or ""
    text = base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
    return {name: values[0] for name, values in parse_qs(text).items()}

def answering(status, body):
    return {"statusCode": status, "headers": {"content-type": "application/json"}, "body": json.dumps(body)}

def changing(change):
    """Let the answer's JSON be changed."""
    def handler(event, context):
        answer = _handler(event, context)
        if answer.get("statusCode") == 200:
            answer["body"] = json.dumps(change(form(event), json.loads(answer["body"])))
        return answer
    return handler

def without(is_dropped):
    """Let the records of the stream be missing that carry such an event."""
    def carried(record):
        document = json.loads(base64.b64decode(record["kinesis"]["data"]))
        return [e for e in (document if isinstance(document, list) else [document]) if not is_dropped(e)]
    def handler(event, context):
        return _handler({"Records": [r for r in event["Records"] if carried(r)]}, context)
    return handler
'''
# The first wrong step, and what is wrong with the product.
MUTATIONS = {
    "somebody else's contacts are listed": (
        "opens Frontline",
        """
if FUNCTION == "CrmFunction":
    def add(form, body):
        if "customers" in body.get("objects", {}):
            body["objects"]["customers"].append({"customer_id": "rec00000000000001", "display_name": "Zed"})
        return body
    lambda_handler = changing(add)
""",
    ),
    "a contact is an id alone": (
        "sees the details",
        """
if FUNCTION == "CrmFunction":
    def only_id(form, body):
        if "customer" in body.get("objects", {}):
            body["objects"]["customer"] = {"customer_id": body["objects"]["customer"]["customer_id"], "links": []}
        return body
    lambda_handler = changing(only_id)
""",
    ),
    "a search finds everybody": (
        "searches for",
        """
if FUNCTION == "CrmFunction":
    def everybody(form, body):
        if "Query" in form:
            body["objects"]["customers"].append({"customer_id": "rec00000000000001", "display_name": "Zed"})
        return body
    lambda_handler = changing(everybody)
""",
    ),
    "template categories are empty": (
        "opens the templates",
        """
if FUNCTION == "TemplatesFunction":
    lambda_handler = changing(lambda form, body: [{**each, "templates": []} for each in body])
""",
    ),
    "placeholders stay in templates": (
        "opens the templates",
        """
if FUNCTION == "TemplatesFunction":
    lambda_handler = changing(lambda form, body: json.loads(json.dumps(body).replace("Amara Okafor", "{{Name}}")))
""",
    ),
    "CrmFunction answers 500 to strangers": (
        "somebody else cannot open",
        """
if FUNCTION == "CrmFunction":
    def lambda_handler(event, context):
        if form(event).get("Worker") == "eve@example.com":
            return answering(500, {"friendly_error_message": "This did not work."})
        return _handler(event, context)
""",
    ),
    "anybody can open a contact": (
        "somebody else cannot open",
        """
if FUNCTION == "CrmFunction":
    def lambda_handler(event, context):
        if form(event).get("Worker") == "eve@example.com":
            return answering(200, {"objects": {"customer": {"customer_id": "rec1", "display_name": "Amara Okafor"}}})
        return _handler(event, context)
""",
    ),
    "no sender is offered": (
        "gets the right sender",
        """
if FUNCTION == "OutgoingConversationFunction":
    lambda_handler = lambda event, context: answering(200, {"proxy_address": "+15005550001"})
""",
    ),
    "messages are changed on their way": (
        "sends a message",
        """
if FUNCTION == "TwilioConversationsFunction":
    def lambda_handler(event, context):
        answer = _handler(event, context)
        return answering(200, {"body": "Changed"}) if form(event).get("EventType") == "onMessageAdd" else answer
""",
    ),
    "routing adds nobody": (
        "has a name and a worker",
        """
if FUNCTION == "RoutingFunction":
    lambda_handler = lambda event, context: answering(200, {})
""",
    ),
    "conversations get no name": (
        "has a name and a worker",
        """
if FUNCTION == "TwilioConversationsFunction":
    def lambda_handler(event, context):
        if form(event).get("EventType") in {"onConversationAdd", "onConversationAdded", "onParticipantAdded"}:
            return answering(200, {})
        return _handler(event, context)
""",
    ),
    "STOP is not stored": (
        "writes STOP",
        """
if FUNCTION == "TwilioConversationsFunction":
    def lambda_handler(event, context):
        if form(event).get("EventType") == "onMessageAdded":
            return answering(200, {})
        return _handler(event, context)
""",
    ),
    "messages to people who opted out pass": (
        "is blocked",
        """
if FUNCTION == "TwilioConversationsFunction":
    def lambda_handler(event, context):
        if form(event).get("EventType") == "onMessageAdd":
            return answering(200, {})
        return _handler(event, context)
""",
    ),
    "new conversations with people who opted out begin": (
        "no new conversation",
        """
if FUNCTION == "OutgoingConversationFunction":
    lambda_handler = lambda event, context: answering(200, {"proxy_address": "+15005550006"})
""",
    ),
    "Airtable is not written to": (
        "Airtable shows it",
        """
from twilio_bridge.contacts import opt_outs as _rules
_rules.deliver_request = lambda *arguments: 0
""",
    ),
    "START is ignored": (
        "writes START",
        """
from twilio_bridge.contacts import opt_outs as _rules
_read = _rules.read_request
_rules.read_request = lambda *arguments: _read(*arguments) or None
""",
    ),
    "answers of workers are lost": (
        "answers after",
        """
if FUNCTION == "EventStreamsFunction":
    lambda_handler = without(lambda event: "reservation." in event["type"])
""",
    ),
    "callers who hang up are lost": (
        "hangs up after",
        """
if FUNCTION == "EventStreamsFunction":
    lambda_handler = without(lambda event: "+447700900123" in json.dumps(event))
""",
    ),
    "surveys are lost": (
        "answers the survey",
        """
if FUNCTION == "EventStreamsFunction":
    lambda_handler = without(lambda event: "survey" in json.dumps(event).lower())
""",
    ),
    "Event Streams' opt-outs are lost": (
        "texts STOP",
        """
if FUNCTION == "EventStreamsFunction":
    lambda_handler = without(lambda event: "inbound-message" in event["type"])
""",
    ),
    "contacts have no name": (
        "Brevo knows",
        """
from twilio_bridge.adapters.brevo import marketing_contacts as _brevo
_fields_of = _brevo.BrevoMarketingContacts._fields_of
def _nameless(self, contact):
    fields = _fields_of(self, contact)
    fields.pop("FIRSTNAME", None)
    fields.get("attributes", {}).pop("FIRSTNAME", None)
    return fields
_brevo.BrevoMarketingContacts._fields_of = _nameless
""",
    ),
    "figures are not written": (
        "queue's figures",
        """
from twilio_bridge.adapters.state import figures as _figures
_figures.DynamoFigures.put_row = lambda *arguments: True
_figures.DynamoFigures.put_rows = lambda figures, rows: [True for _ in rows]
""",
    ),
    "a preview shows no names": (
        "is previewed",
        """
if FUNCTION == "CampaignsFunction":
    from twilio_bridge.messages.texts import composing as _composing
    _fill = _composing.fill_template
    _composing.fill_template = lambda template, values: _fill(template, {})
""",
    ),
    "a number is sent to as often as it is listed": (
        "is planned",
        """
from twilio_bridge.adapters.state import campaign_rows as _rows
_rows._as_duplicate = lambda row: row
""",
    ),
    "a STOP between planning and sending is not seen": (
        "each row has its end",
        """
if FUNCTION == "SendMessageFunction":
    from twilio_bridge.messages import suppressions as _suppressions
    _suppressions.AllSuppressions.find_suppressed = lambda *arguments: {}
""",
    ),
    "codes of failures are lost": (
        "each row has its end",
        """
if FUNCTION in {"MessageStatusFunction", "PollMessageStatusFunction"}:
    from dataclasses import replace as _replace
    from twilio_bridge.messages.sending import outcomes as _outcomes
    _apply = _outcomes.apply_report
    _outcomes.apply_report = lambda row, *more: _replace(_apply(row, *more), error_code=0)
""",
    ),
    "a campaign never says that it is finished": (
        "it is finished",
        """
if FUNCTION == "CampaignsFunction":
    from twilio_bridge.messages import sweep as _sweep
    _sweep._end_when_done = lambda *arguments: None
""",
    ),
}
# In `make test`, where each takes a second or two; the others wait for what never comes.
QUICK = ("a contact is an id alone", "template categories are empty", "CrmFunction answers 500 to strangers")
PLAYED = [*MUTATIONS] if IS_PROVING else [*QUICK]


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy what is deployed, with the hook in every function."""
    folder = tmp_path_factory.mktemp("mutated")
    for name in COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    for app in folder.glob("functions/*/app.py"):
        app.write_text(app.read_text() + HOOK)
    (folder / "mutation.py").touch()
    return folder


@pytest.fixture(scope="module")
def stack(copied: Path) -> Iterator[Stack]:
    with bundle_stack(
        decide({}, demo=True), template=copied / "template.yaml", log_folder=copied, schedules=False
    ) as running:
        yield running


def first_wrong(stack: Stack) -> Step | None:
    """Play until a step is wrong."""
    steps = chain(frontline.scenario(stack), support.scenario(stack), messages.scenario(stack))
    return next((step for step in steps if not step.right), None)


@pytest.mark.prove
@pytest.mark.parametrize("name", PLAYED)
def test_a_broken_product_is_found(stack: Stack, copied: Path, name: str) -> None:
    """The step that is about it is the first one that is wrong."""
    title, code = MUTATIONS[name]
    (copied / "mutation.py").write_text(TOOLS + code)
    stack.reset()
    wrong = first_wrong(stack)
    assert wrong is not None
    assert title in wrong.title, (wrong.title, wrong.answer)
