"""The sample events: signed, complete, and about people who are in the sample base."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from twilio_bridge.contacts.webhook_registration import ROUTE
from twilio_bridge.entrypoints import airtable_signature, http
from twilio_bridge.errors import SignatureError
from twilio_bridge.support import task_complete
from twilio_bridge.support.cloud_events import decode_record
from twilio_bridge_local import credentials
from twilio_bridge_local.samples.airtable_base import sample_base

ROOT = Path(__file__).parents[2]
EVENTS = sorted((ROOT / "events").glob("*/*.json"))
CALLBACKS = [path for path in EVENTS if "/callbacks/" in path.read_text()]
PING = ROOT / "events/airtable_webhook/ping.json"


class Tokens:
    """The port that `web` reads tokens from."""

    def __init__(self, token: str = credentials.TWILIO_AUTH_TOKEN) -> None:
        self._token = token

    def read_tokens(self) -> tuple[str, ...]:
        return (self._token,)

    def reread_tokens(self) -> tuple[str, ...]:
        return ()

    def read_shared_keys(self) -> dict[str, str]:
        return {}


def event(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text())
    assert isinstance(found, dict)
    return found


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def test_every_function_has_an_event() -> None:
    """Each function folder has a folder of events, and no folder is left of a function that is gone."""
    functions = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert {path.parent.name for path in EVENTS} == functions


@pytest.mark.parametrize("path", CALLBACKS, ids=name)
def test_a_callback_is_signed(path: Path) -> None:
    """The local stack's token signed it for the address it names."""
    form = http.read_signed_form(event(path), http.Signatures(Tokens()))
    assert form.values


@pytest.mark.parametrize("path", CALLBACKS, ids=name)
def test_another_token_did_not_sign_it(path: Path) -> None:
    """The signature is the token's, so the test above can fail."""
    with pytest.raises(SignatureError):
        http.read_signed_form(event(path), http.Signatures(Tokens("another")))


@pytest.mark.parametrize("path", CALLBACKS, ids=name)
def test_a_callback_is_as_api_gateway_delivers_it(path: Path) -> None:
    """Route, path and folder say the same; headers are lower-case; the form is base64 and its length right."""
    given = event(path)
    route = f"/callbacks/{path.parent.name.replace('_', '-')}"
    context = given["requestContext"]
    assert (given["rawPath"], context["http"]["path"]) == (route, route)
    assert (given["routeKey"], context["routeKey"]) == (f"POST {route}", f"POST {route}")
    assert given["headers"]["host"] == context["domainName"]
    assert all(header == header.lower() for header in given["headers"])
    assert given["isBase64Encoded"] is True
    assert len(base64.b64decode(given["body"])) == int(given["headers"]["content-length"])


def test_record_ids_are_those_of_the_sample_base() -> None:
    """Whoever an event names exists in the local stack, and belongs to the worker who asks."""
    base = sample_base()
    customers = base.table("Customers")
    assert customers is not None
    owners = {record.id: record.cells.get("owner") for record in base.listed(customers)}
    for path in CALLBACKS:
        form = http.read_signed_form(event(path), http.Signatures(Tokens()))
        for record_id in re.findall(r"rec[0-9A-Za-z]{14}", json.dumps(dict(form.values))):
            assert owners[record_id] == form.get_text("Worker"), name(path)


def test_the_account_is_the_stand_ins() -> None:
    """No event names an account that could be somebody's."""
    for path in CALLBACKS:
        form = http.read_signed_form(event(path), http.Signatures(Tokens()))
        assert form.get_text("AccountSid") in {"", credentials.TWILIO_ACCOUNT_SID}
        assert event(path)["requestContext"]["accountId"] == credentials.AWS_ACCOUNT_ID


def test_the_ping_is_signed() -> None:
    """The sample secret signed it, another did not, and it says what Airtable says: only where something changed."""
    given = event(PING)
    airtable_signature.require_signature(given, lambda: credentials.AIRTABLE_WEBHOOK_SECRET)
    with pytest.raises(SignatureError):
        airtable_signature.require_signature(given, lambda: "YW5vdGhlcg==")
    told = json.loads(base64.b64decode(given["body"]))
    assert {"id": credentials.AIRTABLE_BASE_ID} == told["base"]
    assert {"base", "webhook", "timestamp"} == told.keys()
    assert (given["rawPath"], given["routeKey"]) == (ROUTE, f"POST {ROUTE}")
    assert len(base64.b64decode(given["body"])) == int(given["headers"]["content-length"])


def test_the_batch_names_an_address() -> None:
    """A queued delivery is one record that the consumer can read."""
    (record,) = event(ROOT / "events/deliver_to_airtable/batch_of_one.json")["Records"]
    assert json.loads(record["body"]) == {"address": "+447900000012"}
    assert int(record["attributes"]["ApproximateReceiveCount"]) == 1
    assert record["messageId"]
    assert record["receiptHandle"]


def test_the_webhook_s_batch_is_signed() -> None:
    """The local stack's token signed it, its URL names the body's hash, and it holds events."""
    given = event(ROOT / "events/event_streams_webhook/batch_of_three.json")
    body = http.read_signed_body(given, http.Signatures(Tokens()))
    assert decode_record(body, 0).events
    with pytest.raises(SignatureError):
        http.read_signed_body(given, http.Signatures(Tokens("another")))


def test_the_plugin_s_task_is_one() -> None:
    """It shows the local stack's Flex token, and can be read."""
    given = event(ROOT / "events/task_complete/from_a_plugin.json")
    assert f"Bearer {credentials.SAMPLE_FLEX_TOKEN}" == given["headers"]["authorization"]
    sid, made = task_complete.build_event(http.read_body(given), 0)
    assert sid == decode_record(made, 0).events[0].data["TaskSid"]


@pytest.mark.parametrize("path", sorted((ROOT / "events/event_streams").glob("*.json")), ids=name)
def test_the_stream_s_batches_can_be_read(path: Path) -> None:
    """Each record is an event; only the one that is meant to be is poison for its type."""
    for record in event(path)["Records"]:
        decoded = decode_record(base64.b64decode(record["kinesis"]["data"]), 0)
        assert (1, []) == (len(decoded.events), decoded.poison)
