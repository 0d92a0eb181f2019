"""Events as Twilio's Event Streams send them: the envelope, each family's own way of writing, and the stream's records.

https://www.twilio.com/docs/events/event-types has the families and their fields.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from random import Random
from typing import Any

CloudEvent = dict[str, Any]

ACCOUNT, WORKSPACE = "AC" + "0" * 31 + "a", "WS" + "0" * 31 + "a"
TASKROUTER = "com.twilio.taskrouter."
# Of a hundred records so many hold several events, and of a hundred events so many have their data as a text.
ARRAYS, TEXTS = 8, 40
MAX_ARRAY_COUNT = 4


def stamp(at: int) -> str:
    """Return a moment (epoch ms) as Twilio writes it."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sid(prefix: str, chance: Random) -> str:
    """Make up a SID."""
    return f"{prefix}{chance.getrandbits(128):032x}"


def taskrouter(kind: str, at: int, payload: Mapping[str, Any], own: str) -> CloudEvent:
    """Return an event of TaskRouter's; `own` is its EV…."""
    inner = {
        "sid": own,
        "eventtype": kind,
        "account_sid": ACCOUNT,
        "timestamp": stamp(at),
        "workspace_sid": WORKSPACE,
        "workspace_name": "Flex Task Assignment",
        **payload,
    }
    data = {
        "sid": own,
        "name": kind,
        "account_sid": ACCOUNT,
        "timestamp": stamp(at),
        "level": "INFO",
        "group": "taskrouter",
        "product_name": "TaskRouter",
        "publisher": "Flex Task Assignment",
        "publisher_metadata": "{}",
        "payload_type": "application/json",
        "payload": inner,
    }
    source = f"/v1/Workspaces/{WORKSPACE}/Events/{own}"
    return _envelope(f"{TASKROUTER}{kind}", at, data, own, source, "TaskRouter.WDSEvent/4")


def conversations(kind: str, at: int, data: Mapping[str, Any], own: str) -> CloudEvent:
    """Return an event of Conversations'; `own` is its EZ…, `data` names the ConversationSid."""
    schema = "Conversations." + "".join(part.capitalize() for part in kind.replace("-", ".").split(".")) + "/2"
    payload = {"AccountSid": ACCOUNT, **data}
    source = f"/v1/Conversations/{data['ConversationSid']}"
    return _envelope(f"com.twilio.conversations.{kind}", at, payload, own, source, schema)


def plugin_completed(at: int, sid: str, attributes: Mapping[str, Any], channel: str) -> CloudEvent:
    """Return the event that a task becomes which Flex's plugin posted as finished (docs/flex-plugin.md)."""
    return {
        "specversion": "1.0",
        "type": "twilio-bridge.task-complete",
        "source": "/webhooks/flex/task-complete",
        "id": f"plugin-{sid}",
        "time": datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds"),
        "data": {"TaskSid": sid, "TaskAttributes": dict(attributes), "TaskChannelUniqueName": channel},
    }


def message(kind: str, at: int, data: Mapping[str, Any], own: str) -> CloudEvent:
    """Return an event of Messaging's: `message.failed`, `inbound-message.received` and so on; `data` has messageSid."""
    payload = {"accountSid": ACCOUNT, "eventName": f"com.twilio.messaging.{kind}", "timestamp": stamp(at), **data}
    schema = "Messaging.InboundMessageV1/6" if kind.startswith("inbound") else "Messaging.MessageStatus/7"
    source = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{data['messageSid']}.json"
    return _envelope(f"com.twilio.messaging.{kind}", at, payload, own, source, schema)


def _envelope(kind: str, at: int, data: Mapping[str, Any], own: str, source: str, schema: str) -> CloudEvent:
    return {
        "specversion": "1.0",
        "type": kind,
        "source": source,
        "id": own,
        "dataschema": f"https://events-schemas.twilio.com/{schema}",
        "datacontenttype": "application/json",
        "time": stamp(at),
        "data": dict(data),
    }


def records(events: Sequence[CloudEvent], seed: int) -> list[bytes]:
    """Return the records that hold these events, in all the forms that Twilio has: the same seed makes the same."""
    chance = Random(seed)  # noqa: S311  made-up days, no secrets
    return [json.dumps(document).encode() for document in _documents(iter(events), chance)]


def _documents(events: Iterator[CloudEvent], chance: Random) -> Iterator[CloudEvent | list[CloudEvent]]:
    for event in events:
        more = chance.randrange(100) < ARRAYS
        others = islice(events, chance.randint(1, MAX_ARRAY_COUNT - 1)) if more else ()
        several = [_written(each, chance) for each in (event, *others)]
        yield several if more else several[0]


def _written(event: CloudEvent, chance: Random) -> CloudEvent:
    """Write data as Kinesis sinks often do: as a text of JSON."""
    is_text = chance.randrange(100) < TEXTS and not isinstance(event["data"], str)
    return {**event, "data": json.dumps(event["data"])} if is_text else event
