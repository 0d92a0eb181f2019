"""The process that the functions' processes are forked from, with the libraries loaded that most of them import.

`python -m twilio_bridge_local.functions.fork_server SOCKET`, started by `forks`. A request is a line of JSON with the
handler, its folder and its environment, beside four file descriptors: the function's input, output and error output,
and where its exit status goes, as a line, when it ends. The answer is a line with its process id. A forked process is
the leader of a session and keeps nothing of this one but what is loaded: libraries, and those modules of the bundle
that no function's environment can change. When the socket closes this ends; the functions end when their input does.
"""

import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import sys
import time
import traceback
from contextlib import suppress
from functools import cache
from typing import Any

from twilio_bridge_local.functions import runtime

LIBRARIES = (
    "aws_lambda_powertools.metrics",
    "boto3",
    "boto3.dynamodb.types",
    "concurrent.futures.thread",
    "phonenumbers",
    "pyairtable",
    "pydantic.fields",  # pydantic itself loads nothing
    "pydantic.functional_validators",
    "pydantic.main",
    "pydantic.plugin._schema_validator",
    "pydantic.types",
    "requests",
    "twilio.rest",
    "yaml",
    "zoneinfo",
)
SERVICES = ("dynamodb", "kinesis", "lambda", "s3", "secretsmanager", "sqs")
BUNDLE = "twilio_bridge"
BUNDLE_READS_ENVIRONMENT = tuple(f"{BUNDLE}.{name}" for name in ("logs", "settings", "wiring"))
_REQUEST_SIZE = 65_536
_STREAMS = 3


def main() -> None:
    """Fork until the socket closes."""
    control = socket.socket(fileno=int(sys.argv[1]))
    load_libraries()
    with suppress(ImportError):
        _share_service_models()
    with suppress(ImportError):  # a template of other functions
        load_bundle()
    gc.freeze()  # what was loaded stays shared between the processes

    ended = _notice_ends()
    statuses: dict[int, int] = {}
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(ended, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if ended in ready:
                ended.recv(_REQUEST_SIZE)
                _report_ends(statuses)
            if control in ready and not _serve(control, statuses):
                return


def load_libraries() -> None:
    """Load those that are installed: one that is missing is missing for the functions that import it."""
    for library in LIBRARIES:
        with suppress(ImportError):
            importlib.import_module(library)


def _share_service_models() -> None:
    """Keep what botocore reads of a service: each process would decode the same again for its first client."""
    import boto3  # noqa: PLC0415  where it is missing, a function has the error
    from botocore.loaders import JSONFileLoader  # noqa: PLC0415  same

    read = cache(JSONFileLoader().load_file)
    JSONFileLoader.load_file = lambda _loader, path: read(path)  # type: ignore[assignment, method-assign]
    session = boto3.Session()
    for service in SERVICES:
        session.client(service)  # type: ignore[call-overload]  # the stubs want the name spelled out


def load_bundle() -> None:
    """Load each module of the bundle but those that read the environment, and all that load one of those.

    One that raises while it is loaded raises in the functions that import it.
    """
    package = importlib.import_module(BUNDLE)
    refused: dict[str, Any] = dict.fromkeys(BUNDLE_READS_ENVIRONMENT)  # None: whoever loads it has an ImportError
    sys.modules.update(refused)

    for module in pkgutil.walk_packages(package.__path__, f"{BUNDLE}.", onerror=lambda _: None):
        with suppress(Exception, SystemExit):
            importlib.import_module(module.name)

    for name in refused:
        del sys.modules[name]


def _notice_ends() -> socket.socket:
    """Return a socket that can be read when a child has ended."""
    woken, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.detach(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    return woken


def _report_ends(statuses: dict[int, int]) -> None:
    for pid in list(statuses):
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            with os.fdopen(statuses.pop(pid), "w") as out:
                out.write(f"{os.waitstatus_to_exitcode(status)}\n")


def _serve(control: socket.socket, statuses: dict[int, int]) -> bool:
    """Fork a process as requested; return whether there was a request."""
    line, descriptors = _receive(control)
    if not line:
        return False

    *streams, status = descriptors
    pid = os.fork()
    if not pid:
        _become(json.loads(line), streams)
    for stream in streams:
        os.close(stream)
    statuses[pid] = status

    control.sendall(f"{pid}\n".encode())
    return True


def _receive(control: socket.socket) -> tuple[bytes, list[int]]:
    line, descriptors, _, _ = socket.recv_fds(control, _REQUEST_SIZE, _STREAMS + 1)
    while line and not line.endswith(b"\n"):
        line += control.recv(_REQUEST_SIZE)
    return line, descriptors


def _become(request: dict[str, Any], streams: list[int]) -> None:
    """Turn this process into the function's, and never return."""
    try:
        _leave_parent(streams)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        time.tzset()
        runtime.main(request["handler"])
    except Exception:  # noqa: BLE001  it goes to the function's log, and must not go on in the parent's code
        traceback.print_exc()
    finally:
        os._exit(1)


def _leave_parent(streams: list[int]) -> None:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()  # Ctrl-C is for the stack, which then ends its functions in order
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(_STREAMS, os.sysconf("SC_OPEN_MAX"))


if __name__ == "__main__":
    main()
