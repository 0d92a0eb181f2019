"""What an account did in a month, made up, as its lists have it: messages, calls, recordings, conferences, usage.

Nothing here knows the product's code.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from random import Random
from typing import Any

from tests.fakes.twilio_account import ACCOUNT
from tests.unit.support.month import Month, render

Row = dict[str, Any]
FIRST_API = f"/2010-04-01/Accounts/{ACCOUNT}"
DAY_S = 86_400
MESSAGE_ENDS = ("delivered", "delivered", "delivered", "received", "undelivered", "failed", "read")
CALL_ENDS = ("completed", "completed", "completed", "busy", "no-answer", "canceled", "failed")


def rfc(at_s: float) -> str:
    return format_datetime(datetime.fromtimestamp(at_s, UTC))


def iso(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%SZ}"


def read_iso(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp())


def spread(count: int, begins_s: int, ends_s: int, chance: Random) -> list[int]:
    """Return moments in order."""
    return sorted(chance.randrange(begins_s, ends_s) for _ in range(count))


def make_messages(count: int, begins_s: int, ends_s: int, seed: int = 1) -> Iterator[Row]:
    """Yield messages in the order in which they were sent."""
    chance = Random(seed)  # noqa: S311  made-up, no secrets
    for number, at_s in enumerate(spread(count, begins_s, ends_s, chance)):
        end = chance.choice(MESSAGE_ENDS)
        yield make_message(number, at_s, end, chance, seed)


def make_message(number: int, at_s: int, status: str, chance: Random, seed: int = 1, **more: Any) -> Row:
    outbound = status != "received"
    number_of = f"+4479{chance.randrange(500):08}"
    return {
        "sid": f"SM{seed:04x}{number:028x}",
        "status": status,
        "direction": "outbound-api" if outbound else "inbound",
        "from": "+448081570001" if outbound else number_of,
        "to": number_of if outbound else "+448081570001",
        "body": f"Hello {number}",
        "num_segments": str(chance.randint(1, 3)),
        "price": f"-{chance.randint(1, 3) * 0.0075:.5f}",
        "price_unit": "USD",
        "error_code": 30003 if status in {"undelivered", "failed"} else None,
        "error_message": None,
        "date_created": rfc(at_s),
        "date_sent": rfc(at_s),
        "date_updated": rfc(at_s + 5),
        "messaging_service_sid": None,
        **more,
    }


def make_calls(count: int, begins_s: int, ends_s: int, seed: int = 2) -> Iterator[Row]:
    """Yield calls in the order of their start."""
    chance = Random(seed)  # noqa: S311  same
    for number, at_s in enumerate(spread(count, begins_s, ends_s, chance)):
        status = chance.choice(CALL_ENDS)
        duration = chance.randint(1, 900) if status == "completed" else 0
        yield {
            "sid": f"CA{seed:04x}{number:028x}",
            "status": status,
            "direction": chance.choice(("inbound", "outbound-api")),
            "from": f"+4479{chance.randrange(500):08}",
            "to": "+448081570001",
            "duration": str(duration),
            "price": None,
            "price_unit": "USD",
            "parent_call_sid": None,
            "answered_by": None,
            "queue_time": "0",
            "start_time": rfc(at_s),
            "end_time": rfc(at_s + duration),
            "date_created": rfc(at_s),
            "date_updated": rfc(at_s + duration),
        }


def make_recordings(calls: Sequence[Row]) -> Iterator[Row]:
    """Yield a recording of each call that was answered."""
    for number, call in enumerate(each for each in calls if each["status"] == "completed"):
        yield {
            "sid": f"RE{number:032x}",
            "call_sid": call["sid"],
            "status": "completed",
            "duration": call["duration"],
            "channels": 2,
            "price": "-0.0025",
            "error_code": None,
            "date_created": call["start_time"],
            "date_updated": call["end_time"],
            "start_time": call["start_time"],
        }


def make_conferences(calls: Sequence[Row]) -> Iterator[Row]:
    """Yield a conference a call."""
    for number, call in enumerate(calls):
        yield {
            "sid": f"CF{number:032x}",
            "friendly_name": f"WT{number:032x}",
            "status": "completed",
            "date_created": call["start_time"],
            "date_updated": call["end_time"],
        }


def make_usage(begins_s: int, days: int) -> Iterator[Row]:
    """Yield usage records, by day and category."""
    for day in range(days):
        date = iso(begins_s + day * DAY_S)[:10]
        for category, price in (("sms", "1.25"), ("calls", "7.5")):
            yield {
                "category": category,
                "start_date": date,
                "end_date": date,
                "count": "10",
                "usage": "12",
                "price": price,
            }


def make_events(month: Month) -> Iterator[Row]:
    """Yield TaskRouter's events of a month as its REST API lists them."""
    for event in render(month):
        if event["type"].startswith("com.twilio.taskrouter."):
            payload = event["data"]["payload"]
            at = datetime.fromisoformat(payload["timestamp"])
            yield {
                "sid": payload["sid"],
                "event_type": event["type"].removeprefix("com.twilio.taskrouter."),
                "event_date": f"{at:%Y-%m-%dT%H:%M:%SZ}",
                "event_date_ms": round(at.timestamp() * 1000),
                "event_data": {name: value for name, value in payload.items() if name not in {"sid", "timestamp"}},
            }


def make_conversations(month: Month) -> Iterator[tuple[Row, list[Row]]]:
    """Yield a month's conversations with who takes part."""
    chats: dict[str, list[Any]] = {}
    for task in month.tasks:
        if task.conversation:
            chats.setdefault(task.conversation, []).append(task)
    closed = {sid: at_s for sid, at_s, state in month.conversations if state == "closed"}
    for sid, tasks in chats.items():
        first = min(task.created_s for task in tasks)
        last = closed.get(sid, max(task.end_s for task in tasks))
        yield make_conversation(sid, first, "closed" if sid in closed else "active", last)


def make_conversation(
    sid: str, created_s: int, state: str, updated_s: int, binding: Mapping[str, Any] | None = None
) -> tuple[Row, list[Row]]:
    row = {"sid": sid, "state": state, "date_created": iso(created_s), "date_updated": iso(updated_s)}
    participant = {
        "sid": f"MB{sid[2:]}",
        "conversation_sid": sid,
        "identity": None,
        "messaging_binding": binding,
        "date_created": iso(created_s),
    }
    return row, [participant]
