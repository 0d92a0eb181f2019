"""From a task's creation at Twilio to its completed attributes there, through the whole stack."""

import json

from tests.integration.granted import done, granted
from tests.integration.insights.conftest import AGENT, NAME, NUMBER, WORKSPACE, Insights
from tests.integration.waiting import patiently, retry_messages
from twilio_bridge_local.vendors.faults import Faults

CALL = "CA" + "7" * 32
THEIRS = f'{{ "from":"{NUMBER}", "direction":"inbound","call_sid":"{CALL}", "n":1.0,"x":null }}'
URL = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"


def requests_for(insights: Insights, sid: str) -> list[str]:
    return [seen.method for seen in insights.twilio.requests if seen.path.endswith(sid)]


def test_a_task_s_life(insights: Insights) -> None:
    """Two requests complete it, and our own task.updated ends there; then its disposition, and its recording."""
    sid = insights.create_task(THEIRS)
    found = insights.await_written(sid, "customers.name")
    assert found["customers"]["name"] == NAME
    assert found["conversations"]["hang_up_by"] == "Customer"
    insights.settle()
    assert requests_for(insights, sid) == ["GET", "POST"]
    text = str(insights.twilio.taskrouter.find(WORKSPACE, sid)["attributes"])
    assert text.startswith(THEIRS.removesuffix(" }"))

    insights.twilio.taskrouter.offer_task(WORKSPACE, sid, AGENT)
    insights.twilio.taskrouter.accept_task(WORKSPACE, sid, AGENT)
    wrapped = json.dumps(insights.read(sid) | {"disposition": "Sold"})
    insights.post(f"Tasks/{sid}", Attributes=wrapped, AssignmentStatus="wrapping", Reason="done")
    assert insights.await_written(sid, "conversations.outcome")["conversations"]["outcome"] == "Sold"

    insights.post(f"Tasks/{sid}", AssignmentStatus="completed", Reason="done")
    insights.put("voice.status-callback.recording.processed", {"parameters": {"CallSid": CALL, "RecordingUrl": URL}})
    media = insights.await_written(sid, "conversations.media")["conversations"]
    assert (media["media"], media["segment_link"]) == ([{"url": URL, "type": "VoiceRecording"}], URL)
    assert not [entry for entry in insights.logged("enriched") if "late_ms" in entry]


def test_attributes_that_are_no_json_stay(insights: Insights) -> None:
    """And the next task is not held up by them."""
    broken = insights.twilio.taskrouter.add_task(WORKSPACE, '{"from":')
    insights.twilio.taskrouter.offer_task(WORKSPACE, broken, AGENT)
    sid = insights.create_task(THEIRS)
    insights.await_written(sid, "customers.name")
    assert patiently(lambda: insights.logged("attributes are no JSON object"), bool, 20)
    assert insights.twilio.taskrouter.find(WORKSPACE, broken)["attributes"] == '{"from":'


def test_policies_hold_what_is_done_and_no_more(insights: Insights) -> None:
    """Nothing the function does would be denied, and nothing is granted that it never does.

    A created task has its call remembered; then Twilio is down for one that an agent gets and for one that ends.
    """
    insights.await_written(insights.create_task(THEIRS), "customers.name")
    insights.twilio.faults = Faults(status=503, only=("/taskrouter/",))
    sid = insights.twilio.taskrouter.add_task(WORKSPACE, THEIRS)
    insights.twilio.taskrouter.offer_task(WORKSPACE, sid, AGENT)
    ending = insights.twilio.taskrouter.add_task(WORKSPACE, THEIRS)
    insights.put("taskrouter.task.wrapup", {"payload": {"task_sid": ending, "workspace_sid": WORKSPACE, "sid": "EV9"}})
    assert patiently(lambda: len(insights.logged("not done yet")) >= 2, bool, 40)
    insights.twilio.faults = Faults()
    assert patiently(lambda: "customers" in insights.read(sid), bool, 40, retry_messages)

    name = "EnrichTaskFunction"
    did, allowed = done(insights.stack.embedded_aws.calls)[name], granted()[name]
    assert (did - allowed, allowed - did) == (set(), set())
