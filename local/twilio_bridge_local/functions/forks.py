"""Starts functions' processes from one that has their libraries loaded; used by `processes`.

A process of its own for each takes 0.4 s of a processor, most of it for the same libraries again. See `fork_server`,
which runs in a process that is started with the first function and ends with `close`, or with this one.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Final

from twilio_bridge_local.errors import ForkServerError
from twilio_bridge_local.template.bundle import Function

_LOAD_LIMIT_S: Final = 30.0
_ANSWER_SIZE: Final = 64
_PIPES: Final = 4  # input, output, error output, exit status
_KILLED: Final = -signal.SIGKILL


@dataclass
class Fork:
    """A function's process, with our ends of its pipes; threads may share it."""

    pid: int
    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]
    _status: IO[bytes]
    _exit_status: int | None = None
    _reading: threading.Lock = field(default_factory=threading.Lock)

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal; None while it runs."""
        return self._read_status(0)

    def wait(self, timeout_s: float) -> int:
        """Return the exit status of a process that ends; one that does not within that time is killed."""
        status = self._read_status(timeout_s)
        if status is None:
            self.kill()
        return _KILLED if status is None else status

    def kill(self) -> None:
        """End it and what it has started, whatever they are doing."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def _read_status(self, timeout_s: float) -> int | None:
        with self._reading:
            if self._exit_status is None and _is_readable(self._status, timeout_s):
                with self._status:
                    self._exit_status = int(self._status.readline() or _KILLED)  # empty: its parent was killed
            return self._exit_status


class ForkServer:
    """Starts functions' processes; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def fork(self, function: Function, environment: Mapping[str, str]) -> Fork:
        """Return a new process of the function, which has this environment and nothing else."""
        request = {"handler": function.handler, "folder": str(function.folder), "environment": dict(environment)}
        theirs, ours = zip(*(_open_pipe(is_input=index == 0) for index in range(_PIPES)), strict=True)

        try:
            pid = self._ask(json.dumps(request), theirs, environment)
        finally:
            for descriptor in theirs:
                os.close(descriptor)

        return Fork(pid, *ours)

    def close(self) -> None:
        """End the process that others are forked from."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        if self._control is not None and self._process is not None:
            self._control.close()
            self._process.kill()
            self._process.wait()

    def _ask(self, request: str, descriptors: Sequence[int], environment: Mapping[str, str]) -> int:
        """Return the id of the process that was forked as requested."""
        line = request.encode() + b"\n"
        with self._lock:
            control = self._connect(environment)
            sent = socket.send_fds(control, [line], descriptors)
            control.sendall(line[sent:])
            answer = control.recv(_ANSWER_SIZE)

        if not answer:
            raise ForkServerError
        return int(answer)

    def _connect(self, environment: Mapping[str, str]) -> socket.socket:
        """Return the connection to the server, which is started in the environment of the first function.

        Some libraries look at it while they are loaded.
        """
        if self._control is not None and self._process is not None and self._process.poll() is None:
            return self._control

        self._end()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  it runs this interpreter
                [sys.executable, "-P", "-m", "twilio_bridge_local.functions.fork_server", str(theirs.fileno())],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

        ours.settimeout(_LOAD_LIMIT_S)
        self._control = ours
        return ours


def _open_pipe(*, is_input: bool) -> tuple[int, IO[bytes]]:
    """Return the process's end of a new pipe and ours."""
    read, write = os.pipe()
    return (read, os.fdopen(write, "wb")) if is_input else (write, os.fdopen(read, "rb"))


def _is_readable(pipe: IO[bytes], timeout_s: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        return bool(selector.select(timeout_s))
