"""Runs functions in processes of their own, as Lambda does; used by the stack for every call.

An instance serves one event at a time. Calls in parallel start further instances up to INSTANCE_LIMIT,
idle ones are used again. An instance that runs longer than its function may is killed, one that crashed
is forgotten; the next call starts a new one. No process outlives `close`, nor the stack itself: an
instance ends when its input closes (see `runtime`).
"""

import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal

from twilio_bridge_local.credentials import AWS_ACCOUNT_ID, AWS_REGION
from twilio_bridge_local.functions.forks import Fork, ForkServer
from twilio_bridge_local.logs import Sink
from twilio_bridge_local.template.bundle import Function

INSTANCE_LIMIT: Final = 10  # the concurrency of a new AWS account
INIT_LIMIT_S: Final = 30.0  # Lambda gives 10 s; a laptop may be starting many at once
_CLOSE_S: Final = 2.0


@dataclass(frozen=True)
class Outcome:
    """What an invocation came to: the function's answer, or its error as Lambda writes it."""

    payload: Any
    failure: Literal["", "error", "timeout", "throttled"] = ""

    @property
    def ok(self) -> bool:
        """Whether the function returned."""
        return not self.failure


class Instance:
    """One process of a function."""

    def __init__(self, function: Function, process: Fork, log: Sink) -> None:
        self._function = function
        self._log = log
        self._process = process
        self._logs = threading.Thread(target=self._forward_logs, daemon=True)
        self._logs.start()
        self._ready = False
        self._closing = False
        self._reading = threading.Lock()  # close() may not close the pipe that _receive reads

    @property
    def alive(self) -> bool:
        """Whether it can serve another event."""
        return self._process.poll() is None

    def invoke(self, event: object, request_id: str) -> Outcome:
        """Serve one event, within the function's time."""
        if not self._ready:
            outcome = self._receive(INIT_LIMIT_S, request_id)
            if not (isinstance(outcome.payload, dict) and outcome.payload.get("ready")):
                self.close()
                return outcome if outcome.failure else Outcome(outcome.payload, "error")
            self._ready = True
        limit = self._function.timeout_s
        request = {
            "event": event,
            "id": request_id,
            "arn": arn(self._function.name),
            "deadline_s": time.time() + limit,
        }
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):  # it ended, or was closed meanwhile
            return self._exited(request_id)
        outcome = self._receive(limit, request_id)
        if outcome.failure:
            return outcome
        answer = outcome.payload
        return Outcome(answer["error"], "error") if "error" in answer else Outcome(answer["result"])

    def close(self) -> None:
        """End the process, whatever it is doing, and everything that belongs to it; may be called twice."""
        self._closing = True
        self.kill()
        self._process.wait(_CLOSE_S)
        self._logs.join(_CLOSE_S)
        with self._reading:  # the reader ends: the process was the pipe's only writer
            for pipe in (self._process.stdin, self._process.stdout):
                with suppress(BrokenPipeError):  # a request that the process did not live to read
                    pipe.close()

    def _receive(self, limit_s: float, request_id: str) -> Outcome:
        """The next message, unless the time is over or the process ended first."""
        over = threading.Event()

        def end() -> None:
            over.set()
            self.kill()

        timer = threading.Timer(limit_s, end)
        timer.daemon = True
        timer.start()
        with self._reading:
            pipe = self._process.stdout
            line = b"" if pipe.closed else pipe.readline()
        timer.cancel()
        if over.is_set():
            return self._timed_out(limit_s, request_id)
        return Outcome(json.loads(line)) if line else self._exited(request_id)

    def _timed_out(self, limit_s: float, request_id: str) -> Outcome:
        return self._report("Sandbox.Timedout", f"Task timed out after {limit_s:.2f} seconds", request_id, "timeout")

    def _exited(self, request_id: str) -> Outcome:
        status = self._process.wait(_CLOSE_S)
        how = f"exit status {status}" if status >= 0 else f"signal: {-status}"
        return self._report("Runtime.ExitError", f"Runtime exited with error: {how}", request_id, "error")

    def _report(self, kind: str, message: str, request_id: str, failure: Literal["error", "timeout"]) -> Outcome:
        entry = {"level": "ERROR", "message": message, "errorType": kind, "requestId": request_id}
        if not self._closing:
            self._log(self._function.name, json.dumps(entry))
        return Outcome({"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {message}"}, failure)

    def kill(self) -> None:
        """Let the process crash, whatever it is doing."""
        self._process.kill()

    def _forward_logs(self) -> None:
        with self._process.stderr as lines:
            for line in lines:
                self._log(self._function.name, line.decode(errors="replace").rstrip("\n"))


class Pool:
    """A function's instances."""

    def __init__(self, function: Function, environment: Mapping[str, str], server: ForkServer, log: Sink) -> None:
        self.function = function
        self._server = server
        self._environment = environment
        self._log = log
        self._free = threading.Semaphore(INSTANCE_LIMIT)
        self._lock = threading.Lock()
        self._idle: deque[Instance] = deque()
        self._all: set[Instance] = set()
        self._closed = False

    def invoke(self, event: object, request_id: str | None = None) -> Outcome:
        """Serve one event; waits for an instance no longer than the function may run."""
        request_id = request_id or str(uuid.uuid4())
        if not self._free.acquire(timeout=self.function.timeout_s):
            return Outcome({"Reason": "ConcurrentInvocationLimitExceeded", "message": "Rate Exceeded."}, "throttled")
        try:
            return self._serve(event, request_id)
        finally:
            self._free.release()

    def close(self) -> None:
        """End all instances and start no more."""
        with self._lock:
            self._closed = True
            instances = list(self._all)
        for instance in instances:
            instance.close()

    def reset(self) -> None:
        """End all instances; the next event starts a new one."""
        with self._lock:
            instances = list(self._all)
            self._all.clear()
            self._idle.clear()
        for instance in instances:
            instance.close()

    def kill(self) -> int:
        """Let every instance crash, whatever it is doing; return how many were busy."""
        with self._lock:
            every, busy = list(self._all), len(self._all.difference(self._idle))
        for instance in every:
            instance.kill()
        return busy

    def _serve(self, event: object, request_id: str) -> Outcome:
        instance = self._take()
        if instance is None:
            return Outcome({"errorType": "Sandbox.Stopped", "errorMessage": "The local stack is stopping"}, "error")
        began = time.monotonic()
        outcome = instance.invoke(event, request_id)
        duration = (time.monotonic() - began) * 1000
        self._log(self.function.name, f"REPORT RequestId: {request_id} Duration: {duration:.2f} ms")
        self._give_back(instance, usable=outcome.failure != "timeout")
        return outcome

    def _take(self) -> Instance | None:
        with self._lock:
            if self._closed:
                return None
            while self._idle:
                instance = self._idle.pop()  # the one used last, so that the others could go cold
                if instance.alive:
                    return instance
                self._drop(instance)
            instance = Instance(self.function, self._server.fork(self.function, self._environment), self._log)
            self._all.add(instance)
            return instance

    def _give_back(self, instance: Instance, *, usable: bool) -> None:
        with self._lock:
            if usable and instance.alive and not self._closed:
                self._idle.append(instance)
            elif not self._closed:
                self._drop(instance)

    def _drop(self, instance: Instance) -> None:
        self._all.discard(instance)
        instance.close()


def arn(name: str) -> str:
    """A function's ARN."""
    return f"arn:aws:lambda:{AWS_REGION}:{AWS_ACCOUNT_ID}:function:{name}"
