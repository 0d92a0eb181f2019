"""Timers for scheduled functions; used by the stack.

A scheduled function runs once when the stack starts, then every interval of a rate() or once a day for a
cron(): enough to see it work, without waiting for 3 a.m. An at() in the future is not waited for.
"""

import json
import re
import uuid
from datetime import UTC, datetime
from typing import Any, Final

from twilio_bridge_local.credentials import AWS_ACCOUNT_ID, AWS_REGION
from twilio_bridge_local.errors import TemplateError
from twilio_bridge_local.functions.feeds import Call, Feed
from twilio_bridge_local.template.bundle import Schedule

_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_DAY_S: Final = 86400.0
_RATE: Final = re.compile(r"rate\((\d+) (second|minute|hour|day)s?\)")


def interval_s(schedule: Schedule) -> float:
    """How often the schedule comes round here."""
    expression = schedule.expression.strip()
    rate = _RATE.fullmatch(expression)
    if rate:
        return float(int(rate[1]) * _UNITS[rate[2]])
    if expression.startswith(("cron(", "at(")):
        return _DAY_S
    raise TemplateError(f"Schedule {schedule.name}: {expression!r} is neither rate(), cron() nor at()")


def event_of(schedule: Schedule) -> Any:  # noqa: ANN401  a schedule's input is any JSON
    """What the function gets: the schedule's input, or what EventBridge sends without one."""
    if schedule.payload is not None:
        return json.loads(schedule.payload)
    service = "scheduler" if schedule.source == "aws.scheduler" else "events"
    resource = f"schedule/default/{schedule.name}" if service == "scheduler" else f"rule/{schedule.name}"
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": schedule.source,
        "account": AWS_ACCOUNT_ID,
        "time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "region": AWS_REGION,
        "resources": [f"arn:aws:{service}:{AWS_REGION}:{AWS_ACCOUNT_ID}:{resource}"],
        "detail": "{}" if service == "scheduler" else {},
    }


class Timer(Feed):
    """Calls one function by one schedule between `start` and `stop`: at once, and then as it comes round."""

    def __init__(self, schedule: Schedule, invoke: Call) -> None:
        super().__init__()
        self._schedule, self._invoke = schedule, invoke
        self._interval = interval_s(schedule)

    def _run(self) -> None:
        while True:
            self._invoke(event_of(self._schedule))
            if self.stopping.wait(self._interval):
                return
