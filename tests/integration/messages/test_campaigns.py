"""Campaigns on a running stack: signatures, STOP, quiet hours, cancelling, and the same request again."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import requests

from tests.integration.callbacks.conftest import TOKEN
from tests.integration.messages.conftest import SENDER, Deployment
from tests.integration.waiting import patiently
from twilio_bridge.entrypoints.twilio_signature import sign
from twilio_bridge_local.credentials import SAMPLE_MESSAGING_SERVICE_SID
from twilio_bridge_local.vendors.twilio.messages.records import CallbackFaults

ANN, BEN, TOKYO = "+447900000101", "+447900000102", "+819012345678"


def made(deployed: Deployment) -> list[str]:
    """Return whom Twilio was given messages for."""
    return [message.to for message in deployed.messaging.store.created]


def await_planned(deployed: Deployment, campaign: str) -> None:
    assert patiently(lambda: deployed.campaign(campaign), lambda known: known.get("planned"), 20)["planned"]


def test_a_campaign_is_sent_and_followed_to_its_end(deployed: Deployment) -> None:
    """Its callbacks are signed and come by themselves: nobody asks Twilio."""
    deployed.create("spring", [{"to": ANN, "name": "Ann"}, {"to": BEN}], retryIntervalMs=60_000)
    await_planned(deployed, "spring")
    ended = deployed.finish("spring")

    assert ("finished", 2, 0) == (ended["state"], ended["sent"], ended["open"])
    assert ["Hello Ann", "Hello there"] == sorted(message.body for message in deployed.messaging.store.created)
    assert ["delivered"] * 2 == [row["status"] for row in deployed.rows("spring")]
    assert {200} == {each.status for each in deployed.twilio.webhooks if each.event_type == "message-status"}


def test_only_twilio_reports_a_status(deployed: Deployment) -> None:
    """403 for a callback without a signature, with somebody else's, or for another address; nothing changes by it."""
    deployed.messaging.callback_faults = CallbackFaults(lost=1.0)
    deployed.messaging.pace = type(deployed.messaging.pace)(sending_s=3600)
    deployed.create("summer", [{"to": ANN}], retryIntervalMs=3_600_000)
    await_planned(deployed, "summer")
    deployed.sweep()
    patiently(lambda: made(deployed), bool, 20)
    row = patiently(lambda: deployed.rows("summer")[0], lambda found: "sid" in found, 20)

    message = deployed.messaging.store.get(row["sid"])
    url = message.status_callback
    form = {"MessageSid": message.sid, "MessageStatus": "undelivered", "ErrorCode": "30005", "To": ANN}
    listed = {name: [value] for name, value in form.items()}
    other = sign(TOKEN, f"{url}x", listed)
    statuses = [
        requests.post(url, data=form, headers=headers, timeout=15).status_code
        for headers in ({}, {"X-Twilio-Signature": sign("wrong", url, listed)}, {"X-Twilio-Signature": other})
    ]
    assert [403] * 3 == statuses
    assert "queued" == deployed.rows("summer")[0]["status"]

    headers = {"X-Twilio-Signature": sign(TOKEN, url, listed)}
    assert requests.post(url, data=form, headers=headers, timeout=15).ok
    assert ("undelivered", 30005) == tuple(deployed.rows("summer")[0][name] for name in ("status", "errorCode"))


def test_stop_between_planning_and_sending(deployed: Deployment) -> None:
    """Whoever says STOP while their row waits gets nothing; the others do."""
    deployed.create("autumn", [{"to": ANN}, {"to": BEN}])
    await_planned(deployed, "autumn")
    deployed.twilio.receive(ANN, SENDER, "STOP")
    ended = deployed.finish("autumn")

    assert [BEN] == made(deployed)
    assert ("opted_out", "skipped") == tuple(deployed.rows("autumn")[0][name] for name in ("reason", "outcome"))
    assert (1, 1) == (ended["sent"], ended["skipped"])


def test_an_opt_out_that_only_twilio_knows_is_learned(deployed: Deployment) -> None:
    """21610 ends the row with Twilio's code and sentence; the next campaign does not ask Twilio any more."""
    deployed.messaging.read_inbound(ANN, SENDER, "STOP")  # without a webhook of ours
    deployed.create("first", [{"to": ANN}])
    await_planned(deployed, "first")
    deployed.finish("first")
    (row,) = deployed.rows("first")

    assert ("Error", 21610, "failed") == (row["status"], row["errorCode"], row["outcome"])
    assert row["errorMessage"]

    asked = len(deployed.twilio.requests)
    deployed.create("second", [{"to": ANN}])
    deployed.finish("second")
    assert "opted_out" == deployed.rows("second")[0]["reason"]
    assert asked == len([each for each in deployed.twilio.requests if each.method == "POST"]) + asked - 1


def test_nobody_is_written_to_in_their_night(deployed: Deployment) -> None:
    """The row of whose zone the window is closed waits until it opens; the other one is sent."""
    now = datetime.now(UTC)
    there, here = (now.astimezone(ZoneInfo(zone)) for zone in ("Asia/Tokyo", "Europe/London"))
    opens, closes = here - timedelta(hours=1), here + timedelta(hours=1)
    hours = {"opens": f"{opens:%H:%M}", "closes": f"{closes:%H:%M}"}
    deployed.create("night", [{"to": TOKYO}, {"to": ANN}], sendingHours=hours)
    await_planned(deployed, "night")
    for _ in range(2):
        deployed.sweep()
    patiently(lambda: made(deployed), bool, 20)
    patiently(deployed.waiting, lambda count: not count, 20)

    waits, sent = deployed.rows("night")
    assert [ANN] == made(deployed)
    due = datetime.fromisoformat(waits["dueAt"]).astimezone(ZoneInfo("Asia/Tokyo"))
    assert ("waiting", hours["opens"]) == (waits["state"], f"{due:%H:%M}")
    assert there < due <= there + timedelta(days=1)
    assert "waiting" != sent["state"]


def test_cancelling_takes_back_what_twilio_has_only_scheduled(deployed: Deployment) -> None:
    """By SendAt it lies at Twilio until its time; cancelled, it is canceled there, and the campaign ends."""
    at = (datetime.now(UTC) + timedelta(hours=2)).isoformat(timespec="seconds")
    sender = {"messagingServiceSid": SAMPLE_MESSAGING_SERVICE_SID}
    deployed.create("later", [{"to": ANN}, {"to": BEN}], sendAt=at, scheduleAtTwilio=True, sender=sender)
    await_planned(deployed, "later")
    deployed.sweep()
    patiently(lambda: [row.get("status") for row in deployed.rows("later")], lambda got: got == ["scheduled"] * 2, 20)
    assert ["scheduled"] * 2 == [message.status for message in deployed.messaging.store.created]

    deployed.steer("later", "cancel")
    ended = deployed.finish("later")
    assert ("cancelled", 2, 0) == (ended["state"], ended["cancelled"], ended["sent"])
    store = deployed.messaging.store
    assert ["canceled"] * 2 == [store.get(message.sid).status for message in store.created]


def test_the_same_request_again_sends_nothing_twice(deployed: Deployment) -> None:
    """Also behind its end; another text under the same id is refused."""
    for _ in range(2):
        deployed.create("once", [{"to": ANN}])
        await_planned(deployed, "once")
        deployed.finish("once")
    assert [ANN] == made(deployed)

    body = {"id": "once", "text": "Another", "source": {"rows": [{"to": ANN}]}}
    answer = deployed.call("POST", "/campaigns", body)
    assert 400 <= answer.status_code < 500, answer.text
    assert [ANN] == made(deployed)


@pytest.mark.parametrize("answer", ["dry run", "faults"])
def test_what_sends_nothing(deployed: Deployment, answer: str) -> None:
    """A preview shows each text; a request with faults names all of them; neither makes a campaign."""
    body = {"id": "never", "text": "Hello <name|there>", "source": {"rows": [{"to": ANN, "name": "Ann"}]}}
    if answer == "dry run":
        found = deployed.call("POST", "/campaigns", {**body, "dryRun": True})
        (row,) = found.json()["rows"]
        assert (200, "Hello Ann") == (found.status_code, row["text"])
    else:
        wrong = {
            **body,
            "text": "<a><b><c><d><e><f>",
            "sender": {"number": "+15005559999"},
            "sendAt": "2020-01-01T00:00:00Z",
        }
        found = deployed.call("POST", "/campaigns", wrong)
        assert 400 == found.status_code
        assert all(part in found.text for part in ("placeholder", "+15005559999", "sendAt", "<f>"))
    assert [] == made(deployed)
    assert 404 == deployed.call("GET", "/campaigns/never").status_code
