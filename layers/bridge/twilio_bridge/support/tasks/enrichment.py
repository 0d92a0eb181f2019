"""Which tasks the stream asks to be enriched for Flex Insights, and what is handed on about each.

Insights reads a task's attributes when it ends, so those whose end is near are handed on apart: they go first.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from twilio_bridge.support.cloud_events import TASKROUTER, CloudEvent, parse_time
from twilio_bridge.support.tasks.facts import RANKS

# After these a task may end at any moment, or has ended and takes nothing but media, for two minutes.
URGENT = frozenset(("reservation.wrapup", "task.wrapup", "reservation.completed", "task.completed", "task.canceled"))
ENDS = frozenset(("task.completed", "task.canceled"))
OTHERS = frozenset(
    (
        *("task.created", "task.updated", "reservation.created", "reservation.accepted", "task.transfer-completed"),
        *("reservation.rejected", "reservation.timeout"),
    )
)
RECORDED = "voice.status-callback.recording.processed"
# The payload's names, and ours: `settled.insights` names them as event.NAME.
FACTS: Mapping[str, str] = {
    "task_channel_unique_name": "channel",
    "task_queue_name": "queue",
    "task_queue_sid": "queue_sid",
    "workflow_sid": "workflow_sid",
    "worker_name": "worker",
    "worker_sid": "worker_sid",
    "task_date_created": "created_at",
    "reason": "reason",
    "task_completed_reason": "reason",
    "task_canceled_reason": "reason",
}
MAX_TEXT_LENGTH = 500
# Media of a finished task can be written for so long:
# https://www.twilio.com/docs/flex/developer/insights/enhance-integration
MEDIA_MS = 120_000
# A task that does not end yet goes behind all that do.
NOT_YET_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrichRequest:
    """A task to look at, and what the events that ask for it hold.

    `kind` is the latest event's, `at` its time, `ended_at` the task's end (epoch ms; 0: none known). `attributes` is
    the text that the latest event has. `facts` are by the names of FACTS. A recording names its call, not a task.
    """

    task_sid: str = ""
    call_sid: str = ""
    workspace_sid: str = ""
    kind: str = ""
    at: int = 0
    ended_at: int = 0
    attributes: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    media: tuple[Mapping[str, Any], ...] = ()

    @property
    def is_urgent(self) -> bool:
        """Return whether the task ends, or has ended."""
        return bool(self.ended_at or self.media) or self.kind in URGENT

    @property
    def due_at(self) -> int:
        """Return by when it is to be done (epoch ms): after an end two minutes, else at once, the urgent ones first."""
        if self.ended_at:
            return self.ended_at + MEDIA_MS
        return self.at if self.is_urgent else self.at + NOT_YET_MS

    def to_message(self) -> dict[str, Any]:
        """Return it as plain values, without what is unknown."""
        return {name: value for name, value in asdict(self).items() if value not in ("", 0, None, {}, ())}


def read_message(message: Mapping[str, Any]) -> EnrichRequest:
    """Return what `to_message` made this of."""
    return EnrichRequest(**{**message, "media": tuple(message.get("media", ()))})


def read_request(event: CloudEvent) -> EnrichRequest | None:
    """Return what an event asks for; None where it asks for nothing."""
    if event.type.startswith(RECORDED):
        return _read_recording(event)
    kind = event.type.removeprefix(TASKROUTER)
    if kind not in URGENT | OTHERS:
        return None
    data = event.data
    sid = _text(data.get("task_sid"))
    if not sid.startswith("WT"):
        return None
    facts = {ours: text for name, ours in FACTS.items() if (text := _text(data.get(name)))}
    attributes = data.get("task_attributes")
    return EnrichRequest(
        task_sid=sid,
        workspace_sid=_text(data.get("workspace_sid")),
        kind=kind,
        at=event.at,
        ended_at=event.at if kind in ENDS else 0,
        attributes=attributes if isinstance(attributes, str) else None,
        facts=facts,
    )


def join_requests(first: EnrichRequest, second: EnrichRequest) -> EnrichRequest:
    """Return two requests for one task as one, whichever order they came in; of each fact the later one counts."""
    early, late = sorted((first, second), key=lambda each: (each.at, RANKS.get(each.kind, len(RANKS))))
    return replace(
        late,
        workspace_sid=late.workspace_sid or early.workspace_sid,
        ended_at=max(early.ended_at, late.ended_at),
        attributes=late.attributes if late.attributes is not None else early.attributes,
        facts={**early.facts, **late.facts},
        media=(*early.media, *(entry for entry in late.media if entry not in early.media)),
    )


def _read_recording(event: CloudEvent) -> EnrichRequest | None:
    """Return the recording of a call or conference: names as recordingStatusCallback has them, in whatever case.

    https://www.twilio.com/docs/voice/api/recording#recordingstatuscallback; Event Streams' own page shows no sample.
    """
    given = event.data.get("parameters")
    nested = given if isinstance(given, Mapping) else {}
    data = {name.casefold().replace("_", ""): value for name, value in (*event.data.items(), *nested.items())}
    call = _text(data.get("conferencesid")) or _text(data.get("callsid"))
    url = _text(data.get("recordingurl")) or _text(data.get("url"))
    if not call or not url.startswith("https://"):
        return None
    entry: dict[str, Any] = {"url": url, "type": "VoiceRecording"}
    if (began_at := parse_time(data.get("recordingstarttime"))) is not None:
        entry["start_time"] = began_at
    return EnrichRequest(call_sid=call, kind=RECORDED, at=event.at, media=(entry,))


def _text(value: object) -> str:
    return value[:MAX_TEXT_LENGTH] if isinstance(value, str) else ""
