"""The log: one JSON line a fact, ids and counts only; never a name, a number, a body or a secret."""

import traceback

from aws_lambda_powertools import Logger

from twilio_bridge.errors import BridgeError

logger = Logger(service="twilio-bridge", log_uncaught_exceptions=False)


def describe_error(error: BaseException) -> dict[str, object]:
    """Describe an error without its message, which a library may have filled with a person's data."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = [f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}" for frame in frames]
    cause = error.__cause__ or error.__context__
    ours = {"reason": str(error)} if isinstance(error, BridgeError) else {}  # our own messages are safe
    return {**ours, "error": type(error).__name__, "cause": type(cause).__name__ if cause else None, "at": places}
