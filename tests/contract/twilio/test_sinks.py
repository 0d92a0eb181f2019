"""Whose test events are answered: the configured sink's, or those of any sink that leads to our stream."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from twilio_bridge.adapters.twilio.client import Account
from twilio_bridge.adapters.twilio.sinks import TwilioSinks
from twilio_bridge_local.vendors.twilio.server import TwilioStandIn

ACCOUNT_SID, TOKEN = "AC" + "0" * 32, "12345"
STREAM, ELSEWHERE = (f"arn:aws:kinesis:eu-west-1:111122223333:stream/{name}" for name in ("events", "others"))
ROLE = {"role_arn": "arn:aws:iam::111122223333:role/sink", "external_id": "an-id"}


@dataclass
class Scene:
    """An account with sinks, and the events that were put on their streams."""

    twilio: TwilioStandIn
    put: list[Mapping[str, Any]] = field(default_factory=list)

    def test_sink(self, arn: str) -> tuple[str, str]:
        """Make a sink and test it; return its SID and the test's id."""
        streams = self.twilio.event_streams
        sink = streams.add_sink(len(streams.sinks), "a sink", "kinesis", {"arn": arn, **ROLE})
        streams.test(sink.sid, ACCOUNT_SID, lambda _arn, event: self.put.append(event))
        return sink.sid, str(json.loads(self.put[-1]["data"])["test_id"])

    def sinks(self, sink_sid: str | None = None) -> TwilioSinks:
        return TwilioSinks(Account((ACCOUNT_SID, TOKEN), ACCOUNT_SID, endpoint_url=self.twilio.url), sink_sid)

    def status(self, sid: str) -> str:
        return self.twilio.event_streams.sinks[sid].status


@pytest.fixture
def scene() -> Iterator[Scene]:
    with TwilioStandIn(ACCOUNT_SID, TOKEN) as twilio:
        yield Scene(twilio)


def test_without_a_setting_any_sink_of_our_stream_is_answered(scene: Scene) -> None:
    """The one whose test it is; once."""
    scene.test_sink(STREAM)
    sid, test_id = scene.test_sink(STREAM)

    assert sid == scene.sinks().validate(test_id, STREAM)
    assert "active" == scene.status(sid)
    assert scene.sinks().validate(test_id, STREAM) is None


def test_another_stream_s_sink_is_left(scene: Scene) -> None:
    """Its test event is somebody else's to answer."""
    sid, test_id = scene.test_sink(ELSEWHERE)

    assert scene.sinks().validate(test_id, STREAM) is None
    assert "validating" == scene.status(sid)


@pytest.mark.parametrize("is_there", [True, False])
def test_with_the_setting_no_other_sink_is_answered(scene: Scene, is_there: bool) -> None:
    """Neither where the configured sink waits for a test of its own, nor where it was never made."""
    configured = scene.test_sink(STREAM)[0] if is_there else "DG" + "0" * 32
    sid, test_id = scene.test_sink(STREAM)

    assert scene.sinks(configured).validate(test_id, STREAM) is None
    assert "validating" == scene.status(sid)


def test_the_configured_sink_is_answered(scene: Scene) -> None:
    """By its own test's id."""
    sid, test_id = scene.test_sink(STREAM)

    assert sid == scene.sinks(sid).validate(test_id, STREAM)
    assert "active" == scene.status(sid)
