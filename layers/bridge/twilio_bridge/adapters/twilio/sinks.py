"""Event Streams' sinks at Twilio.

https://www.twilio.com/docs/events/event-streams/sink-resource: a sink is used once its test event has come back.
"""

from typing import Any

from twilio_bridge.adapters.twilio.client import Account, call_twilio
from twilio_bridge.errors import RefusedError

MAX_SINKS_COUNT = 100
VALIDATING = "validating"


class TwilioSinks:
    """The port Sinks: those of one account."""

    def __init__(self, account: Account, sink_sid: str | None = None) -> None:
        self._events = account.make_client().events.v1
        self._sink_sid = sink_sid

    def validate(self, test_id: str, stream_arn: str) -> str | None:
        """Confirm a test event; return the sink's SID, or None where no sink of ours waits for it.

        A test event does not name its sink: it is the configured one, or any that leads to our stream.
        """
        return next((sid for sid in self._waiting(stream_arn) if self._accepts(sid, test_id)), None)

    def _waiting(self, stream_arn: str) -> list[str]:
        if self._sink_sid:
            return [self._sink_sid]
        listed = call_twilio(lambda: self._events.sinks.list(status=VALIDATING, limit=MAX_SINKS_COUNT))
        return [sink.sid for sink in listed if _arn(sink) == stream_arn]

    def _accepts(self, sid: str, test_id: str) -> bool:
        create = self._events.sinks(sid).sink_validate.create
        try:
            return bool(call_twilio(lambda: create(test_id=test_id)).result == "valid")
        except RefusedError:  # another sink's test, or one validated already
            return False


def _arn(sink: Any) -> str:  # noqa: ANN401  the SDK has no types
    return str((sink.sink_configuration or {}).get("arn", ""))
