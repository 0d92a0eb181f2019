"""TaskRouter's tasks and workers of the stand-in, asked with the real SDK and over plain HTTP."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from tests.contract.local.twilio.test_support import ACCOUNT_SID, AUTH_TOKEN, sdk, stand_in
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

WORKSPACE = "WS" + "1" * 32
STREAM = "arn:aws:kinesis:eu-west-1:000000000000:stream/events"
ROLE = "arn:aws:iam::000000000000:role/twilio"


@pytest.fixture(scope="module")
def shared() -> Iterator[TwilioStandIn]:
    with stand_in() as running:
        yield running


@pytest.fixture
def twilio(shared: TwilioStandIn) -> TwilioStandIn:
    shared.reset()
    shared.taskrouter_reads_per_s = shared.taskrouter_writes_per_s = None
    shared.taskrouter.lists_attributes = True
    return shared


@pytest.fixture
def client(twilio: TwilioStandIn) -> Iterator[Client]:
    with sdk(twilio) as running:
        yield running


def url(twilio: TwilioStandIn, sid: str = "", collection: str = "Tasks") -> str:
    return f"{twilio.url}/taskrouter/v1/Workspaces/{WORKSPACE}/{collection}" + (f"/{sid}" if sid else "")


def post(address: str, if_match: str | None = None, **form: str) -> requests.Response:
    headers = {} if if_match is None else {"If-Match": if_match}
    return requests.post(address, data=form, headers=headers, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5)


def get(address: str, **query: str) -> requests.Response:
    return requests.get(address, params=query, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=5)


def events_of(twilio: TwilioStandIn, *types: str) -> list[dict[str, Any]]:
    """Return the list that events of these types are put into: the account gets a sink and a subscription."""
    sink = twilio.event_streams.add_sink(
        1, "bridge", "kinesis", {"arn": STREAM, "role_arn": ROLE, "external_id": "secret"}
    )
    twilio.event_streams.sinks[sink.sid] = replace(sink, status="active")
    wanted = dict.fromkeys((f"com.twilio.taskrouter.{kind}" for kind in types), 4)
    twilio.event_streams.add_subscription(1, "all", sink.sid, wanted)
    put: list[dict[str, Any]] = []
    twilio.put_event = lambda _arn, event: put.append(dict(event))
    return put


def test_a_version_is_a_quoted_number_and_grows_with_every_change(client: Client) -> None:
    """With the SDK: create, fetch and update answer an ETag, which If-Match names."""
    tasks = client.taskrouter.v1.workspaces(WORKSPACE).tasks
    created = tasks.create_with_http_info(attributes='{"foo": "bar"}')
    sid = created.data.sid
    assert (created.headers["ETag"], created.data.assignment_status) == ('"0"', "pending")
    assert tasks(sid).fetch_with_http_info().headers["ETag"] == '"0"'

    tasks(sid).update(if_match='"0"', attributes='{"foo": 1}')
    fetched = tasks(sid).fetch_with_http_info()
    assert (fetched.headers["ETag"], fetched.data.attributes) == ('"1"', '{"foo": 1}')


@pytest.mark.parametrize("collection", ["Tasks", "Workers"])
def test_a_version_of_before_is_refused(twilio: TwilioStandIn, collection: str) -> None:
    """412 with Twilio's error; nothing is changed. Without If-Match, or with *, the last write wins."""
    add = twilio.taskrouter.add_task if collection == "Tasks" else twilio.taskrouter.add_worker
    sid = add(WORKSPACE, '{"a": 1}')
    address = url(twilio, sid, collection)
    assert post(address, '"0"', Attributes='{"a": 2}').status_code == 200

    late = post(address, '"0"', Attributes='{"a": 3}')
    assert (late.status_code, late.json()["code"], late.json()["status"]) == (412, 20412, 412)
    assert get(address).json()["attributes"] == '{"a": 2}'

    for given in (None, "*", '"1", "3"'):
        assert post(address, given, Attributes='{"a": 4}').status_code == 200
    assert (get(address).json()["attributes"], get(address).headers["ETag"]) == ('{"a": 4}', '"4"')


def test_of_writers_at_once_one_is_let_through(twilio: TwilioStandIn) -> None:
    """Eight threads with the same version: one 200, seven 412."""
    sid = twilio.taskrouter.add_task(WORKSPACE)
    with ThreadPoolExecutor(8) as pool:
        sent = pool.map(lambda n: post(url(twilio, sid), '"0"', Attributes=json.dumps({"n": n})), range(8))
        statuses = sorted(answer.status_code for answer in sent)
    assert statuses == [200, *[412] * 7]


@pytest.mark.parametrize("collection", ["Tasks", "Workers"])
def test_attributes_have_a_limit_and_are_json(twilio: TwilioStandIn, collection: str) -> None:
    """4,096 characters, white space too; characters, not bytes; what was refused has changed nothing."""
    add = twilio.taskrouter.add_task if collection == "Tasks" else twilio.taskrouter.add_worker
    address = url(twilio, add(WORKSPACE), collection)
    full = json.dumps({"a": "ä" * (4096 - len('{"a": ""}'))}, ensure_ascii=False)
    assert len(full) == 4096
    assert post(address, Attributes=full).status_code == 200

    for wrong in (full + " ", '{"a": ', "undefined"):
        refused = post(address, Attributes=wrong)
        assert (refused.status_code, refused.json()["code"]) == (400, 20001)
    assert get(address).json()["attributes"] == full


def test_attributes_stay_as_they_were_written(twilio: TwilioStandIn) -> None:
    """Twilio keeps the text: spaces, order, repeated names, and how numbers are spelled."""
    sid = twilio.taskrouter.add_task(WORKSPACE)
    written = '{ "b":1.0,"a" : 1e3, "a":null, "u":"\\u00e9", "n":12345678901234567890 }'
    post(url(twilio, sid), Attributes=written)
    assert get(url(twilio, sid)).json()["attributes"] == written


def test_a_task_ends_only_from_where_it_may(twilio: TwilioStandIn) -> None:
    """Cancelled before it is assigned, completed after; the refusals read as Twilio's."""
    sid = twilio.taskrouter.add_task(WORKSPACE)
    early = post(url(twilio, sid), AssignmentStatus="completed", Reason="done")
    assert (early.status_code, early.json()["code"]) == (400, 20001)
    assert "because it is not currently assigned" in early.json()["message"]

    twilio.taskrouter.offer_task(WORKSPACE, sid, "WK" + "0" * 32)
    twilio.taskrouter.accept_task(WORKSPACE, sid, "WK" + "0" * 32)
    late = post(url(twilio, sid), AssignmentStatus="canceled", Reason="hangup")
    assert "because it is not pending or reserved" in late.json()["message"]
    for status in ("wrapping", "completed"):
        assert post(url(twilio, sid), AssignmentStatus=status, Reason="sold").status_code == 200
    ended = get(url(twilio, sid)).json()
    assert (ended["assignment_status"], ended["reason"]) == ("completed", "sold")
    assert post(url(twilio, sid), AssignmentStatus="pending").status_code == 400


def test_a_finished_task_can_be_changed_for_two_minutes(twilio: TwilioStandIn) -> None:
    """Then it is gone: 404 for reading and for writing, and no list has it."""
    now = [1_000.0]
    twilio.taskrouter.clock = lambda: now[0]
    sid = twilio.taskrouter.add_task(WORKSPACE)
    post(url(twilio, sid), AssignmentStatus="canceled", Reason="hangup")
    now[0] += 119
    assert post(url(twilio, sid), Attributes='{"media": []}').status_code == 200

    now[0] += 1
    for gone in (get(url(twilio, sid)), post(url(twilio, sid), Attributes="{}")):
        assert (gone.status_code, gone.json()["code"]) == (404, 20404)
    assert sid not in [task["sid"] for task in get(url(twilio), PageSize="1000").json()["tasks"]]


def test_lists_are_filtered_and_may_leave_attributes_out(twilio: TwilioStandIn, client: Client) -> None:
    """As the description has the filters; whether attributes stand in lists Twilio's pages contradict each other."""
    for name in ("jo@example.com", "kim@example.com"):
        twilio.taskrouter.add_worker(WORKSPACE, '{"a": 1}', friendly_name=name)
    workers = client.taskrouter.v1.workspaces(WORKSPACE).workers
    assert [found.attributes for found in workers.list(friendly_name="kim@example.com")] == ['{"a": 1}']
    twilio.taskrouter.lists_attributes = False
    assert [found.attributes for found in workers.list(friendly_name="kim@example.com")] == [None]


def test_changes_become_events(twilio: TwilioStandIn) -> None:
    """On the streams of active sinks, of the types that are subscribed to alone; a write of the same is one, too."""
    put = events_of(twilio, "task.created", "task.updated", "reservation.created", "worker.attributes.update")
    sid = post(url(twilio), Attributes='{"a": 1}').json()["sid"]
    for _ in range(2):
        post(url(twilio, sid), Attributes='{"a": 2}')
    twilio.taskrouter.offer_task(WORKSPACE, sid, "WK" + "0" * 32)
    post(url(twilio, sid), AssignmentStatus="canceled", Reason="hangup")
    worker = post(url(twilio, collection="Workers"), FriendlyName="jo").json()["sid"]
    post(url(twilio, worker, "Workers"), Attributes='{"b": 1}')

    kinds = [event["type"].removeprefix("com.twilio.taskrouter.") for event in put]
    assert kinds == ["task.created", "task.updated", "task.updated", "reservation.created", "worker.attributes.update"]
    payload = put[1]["data"]["payload"]
    assert (payload["task_sid"], payload["task_attributes"]) == (sid, '{"a": 2}')
    assert len({event["id"] for event in put}) == len(put)


def test_reads_and_writes_have_limits_of_their_own(twilio: TwilioStandIn) -> None:
    """The next request within a second is a 429; the other products are not concerned."""
    sid = twilio.taskrouter.add_task(WORKSPACE)
    twilio.taskrouter_reads_per_s, twilio.taskrouter_writes_per_s = 2, 1
    assert [get(url(twilio, sid)).status_code for _ in range(3)] == [200, 200, 429]
    assert [post(url(twilio, sid), Attributes="{}").status_code for _ in range(2)] == [200, 429]
    assert get(f"{twilio.url}/conversations/v1/Conversations").status_code == 200
    assert [seen.status for seen in twilio.requests].count(429) == 2


def test_filters_by_an_expression_are_three_a_second(twilio: TwilioStandIn) -> None:
    """https://www.twilio.com/docs/taskrouter/limits."""
    statuses = [get(url(twilio), EvaluateTaskAttributes="a == 1").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


def test_a_reset_forgets_what_counted_against_a_limit(twilio: TwilioStandIn) -> None:
    """Else the first requests of what comes next would be refused for those before it."""
    for _ in range(2):
        twilio.reset()
        sid = twilio.taskrouter.add_task(WORKSPACE)
        twilio.taskrouter_reads_per_s = 1
        assert [get(url(twilio, sid)).status_code for _ in range(2)] == [200, 429]


def test_a_version_is_checked_before_the_rest_and_by_the_sdk(twilio: TwilioStandIn, client: Client) -> None:
    """The SDK raises with status 412; deleting takes If-Match, too."""
    sid = twilio.taskrouter.add_task(WORKSPACE)
    task = client.taskrouter.v1.workspaces(WORKSPACE).tasks(sid)
    with pytest.raises(TwilioRestException) as refused:
        task.update(if_match='"7"', attributes="no JSON")
    assert (refused.value.status, refused.value.code) == (412, 20412)

    login = (ACCOUNT_SID, AUTH_TOKEN)  # the SDK leaves the header of a delete out
    for version, status in (('"7"', 412), ('"0"', 204)):
        answer = requests.delete(url(twilio, sid), headers={"If-Match": version}, auth=login, timeout=5)
        assert answer.status_code == status
