"""Conversations as the REST API lists them, as the events that must have been.

Twilio has no events of theirs to ask for. What is concluded here has ids of its own, and gives way to what the stream
brings of the same thing (`support.tasks.facts`). An inactive conversation may have been parked or have timed out: of it
nothing is concluded.
https://www.twilio.com/docs/conversations/api/conversation-resource
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from twilio_bridge import phone
from twilio_bridge.support.cloud_events import TWILIO
from twilio_bridge.support.tasks.facts import CONCLUDED
from twilio_bridge.support.tasks.task_attributes import CHANNELS

Row = Mapping[str, Any]
CONVERSATIONS = f"{TWILIO}conversations."


def read_conversation(row: Row, participants: Iterable[Row], channels: Collection[str] | None) -> Iterator[bytes]:
    """Return the events of a conversation and of who takes part; none where it is on no channel that is wanted."""
    bindings = [(each, binding) for each in participants if (binding := each.get("messaging_binding"))]
    known = {_channel_of(binding) for _, binding in bindings} - {""}
    if channels is not None and known and known.isdisjoint(channels):
        return
    sid, created = str(row.get("sid")), row.get("date_created")
    yield _write(f"{CONCLUDED}added-{sid[-24:]}", "conversation.added", sid, created, {})
    for each, binding in bindings:
        named = {"Type": binding.get("type"), "Address": binding.get("address")}
        own = f"{CONCLUDED}{each.get('sid')}"
        yield _write(own, "participant.added", sid, each.get("date_created"), {"MessagingBinding": named})
    yield from read_state(row)


def read_state(row: Row) -> Iterator[bytes]:
    """Return the event of a conversation's end; a closed one never changes again."""
    if str(row.get("state")).casefold() != "closed":
        return
    sid, at = str(row.get("sid")), row.get("date_updated")
    named = {"StateTo": "closed", "StateUpdated": at}
    yield _write(f"{CONCLUDED}closed-{sid[-24:]}", "conversation-state.updated", sid, at, named)


def read_removal(sid: str, at: str) -> bytes:
    """Return the event of a conversation that is no longer there."""
    return _write(f"{CONCLUDED}removed-{sid[-24:]}", "conversation.removed", sid, at, {})


def _write(own: str, kind: str, sid: str, at: object, data: Row) -> bytes:
    document = {"type": f"{CONVERSATIONS}{kind}", "id": own, "time": at, "data": {**data, "ConversationSid": sid}}
    return json.dumps(document).encode()


def _channel_of(binding: Row) -> str:
    kind = str(binding.get("type") or "").casefold()
    return "whatsapp" if phone.is_whatsapp(str(binding.get("address") or "")) else CHANNELS.get(kind, kind)
