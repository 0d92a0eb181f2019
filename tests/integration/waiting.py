"""Waiting for what a running stack does, without sleeping through what it waits for itself."""

import time
from collections.abc import Callable
from typing import Any

from moto.backends import get_backend
from moto.core.utils import unix_time_millis

from twilio_bridge_local.credentials import AWS_ACCOUNT_ID, AWS_REGION

BUSY = 4
"""How many times longer a busy machine may take."""
MAX_RETRY_S = 100
"""A message that is hidden for longer is being worked on, or failed often."""


def nothing() -> None:
    """Let the stack alone."""


def patiently(
    ask: Callable[[], Any], is_there: Callable[[Any], bool], seconds: float, meanwhile: Callable[[], object] = nothing
) -> Any:
    """Ask until it is there, and do something between; return the last answer."""
    until = time.monotonic() + BUSY * seconds
    while not is_there(answer := ask()) and time.monotonic() < until:
        meanwhile()
        time.sleep(0.05)
    return answer


def retry_messages() -> None:
    """Let the time be over for which the embedded SQS hides messages that failed."""
    for queue in get_backend("sqs")[AWS_ACCOUNT_ID][AWS_REGION].queues.values():
        for message in list(queue._messages):
            if 0 < message.visible_at - unix_time_millis() < MAX_RETRY_S * 1000:
                message.change_visibility(0)
