"""A function's own process: loads its handler as Lambda does, serves one event at a time; see `processes`.

It runs in the function's folder, forked from `fork_server`. Requests come on standard input and answers go to standard
output, one JSON document a line; both are moved away before the handler is loaded, so that the function finds an empty
input, and whatever it prints goes to the log. The first line out shows whether the handler could be loaded. When the
input closes, because the stack stopped or was killed, the process ends at once, whatever it is doing. Imports nothing
but the standard library: what is imported here a function would find already there.
"""

import importlib
import json
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

Handler = Callable[[Any, Any], Any]
Message = dict[str, Any]


@dataclass(frozen=True)
class Context:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-context.html ."""

    aws_request_id: str
    invoked_function_arn: str
    deadline_s: float
    function_name: str
    function_version: str
    memory_limit_in_mb: str
    log_group_name: str
    log_stream_name: str
    identity: None = None
    client_context: None = None

    def get_remaining_time_in_millis(self) -> int:
        """How long the function may still run."""
        return max(int((self.deadline_s - time.time()) * 1000), 0)


def main(name: str) -> None:
    """Serve the handler of this name until the input closes."""
    incoming, outgoing = _take_streams()
    requests: queue.SimpleQueue[Message] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(incoming, requests), daemon=True).start()
    handler = _begin(name, outgoing)
    while True:
        _send(outgoing, serve(handler, requests.get()))


def _begin(name: str, outgoing: BinaryIO) -> Handler:
    """Load the handler and announce it; end the process where that fails."""
    try:
        handler = load(name)
    except BaseException as error:  # whatever an import raises is the function's error
        failure = import_failure(error, name)
        _log(failure)
        _send(outgoing, failure)
        raise SystemExit(1) from error
    _send(outgoing, {"ready": True})
    return handler


def load(name: str) -> Handler:
    """The handler that `module.function` names, from the current directory."""
    module_name, _, function_name = name.rpartition(".")
    sys.path.insert(0, os.getcwd())  # noqa: PTH109  pathlib would be loaded for this alone
    module = importlib.import_module(module_name.replace("/", "."))
    handler = getattr(module, function_name, None)
    if handler is None:
        raise LookupError(f"Handler '{function_name}' missing on module '{module_name}'")
    loaded: Handler = handler
    return loaded


def serve(handler: Handler, request: Message) -> Message:
    """Call the handler once; the answer is its result, or its error as Lambda writes it."""
    try:
        result = handler(request["event"], _context(request))
    except Exception as error:  # noqa: BLE001  whatever the handler raises is the function's error
        failure = _failure(type(error).__name__, str(error), error) | {"requestId": request["id"]}
        _log(failure)
        return {"error": failure}
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    try:
        return {"result": json.loads(json.dumps(result))}
    except (TypeError, ValueError) as error:
        failure = _failure("Runtime.MarshalError", f"Unable to marshal response: {error}")
        _log(failure | {"requestId": request["id"]})
        return {"error": failure}


def import_failure(error: BaseException, name: str) -> Message:
    """Return Lambda's error for a handler that could not be loaded."""
    module = name.rpartition(".")[0]
    if isinstance(error, ImportError):
        return _failure("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}", error)
    if isinstance(error, LookupError) and str(error).startswith("Handler"):
        return _failure("Runtime.HandlerNotFound", str(error))
    if isinstance(error, SyntaxError):
        return _failure("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}", error)
    return _failure(type(error).__name__, str(error), error)


def _take_streams() -> tuple[BinaryIO, BinaryIO]:
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it is a text stream
    return incoming, outgoing


def _read(incoming: BinaryIO, requests: "queue.SimpleQueue[Message]") -> None:
    for line in incoming:
        requests.put(json.loads(line))
    os._exit(0)


def _send(outgoing: BinaryIO, message: Message) -> None:
    outgoing.write(json.dumps(message).encode() + b"\n")
    outgoing.flush()


def _context(request: Message) -> Context:
    return Context(
        aws_request_id=request["id"],
        invoked_function_arn=request["arn"],
        deadline_s=request["deadline_s"],
        function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"],
        function_version=os.environ["AWS_LAMBDA_FUNCTION_VERSION"],
        memory_limit_in_mb=os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
        log_group_name=os.environ["AWS_LAMBDA_LOG_GROUP_NAME"],
        log_stream_name=os.environ["AWS_LAMBDA_LOG_STREAM_NAME"],
    )


def _failure(kind: str, message: str, error: BaseException | None = None) -> Message:
    trace = traceback.format_tb(error.__traceback__)[1:] if error else []
    return {"errorMessage": message, "errorType": kind, "stackTrace": trace}


def _log(failure: Message) -> None:
    """One JSON line, as Lambda writes it where LogFormat is JSON."""
    line = {
        "timestamp": datetime.now(UTC).isoformat(),
        "level": "ERROR",
        "message": failure["errorMessage"],
        **failure,
    }
    sys.stderr.write(json.dumps(line) + "\n")
    sys.stderr.flush()
