"""A shell on a terminal of its own, which types what an administrator types and counts what it is asked."""

import os
import pty
import re
import select
import subprocess
import termios
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

IDLE_S: Final = 3.0  # a program that shows a question and then nothing for so long waits for an answer
PROMPT: Final = re.compile(r"(?:\[[yYnN]/[yYnN]\][: ]*|[^\s:][^\n\r]*:|\?) ?$")
SENTINEL: Final = "__done__"


@dataclass(frozen=True, slots=True)
class Done:
    """What a command showed, its exit code, how often it asked, and how long it took."""

    output: str
    code: int
    prompts: int
    seconds: float


class Shell:
    """Bash: what one command changes (folder, environment) holds for the next."""

    def __init__(self, folder: Path, environment: Mapping[str, str], answers: Mapping[str, str]) -> None:
        self._answers = answers
        self._terminal, inside = pty.openpty()
        settings = termios.tcgetattr(inside)
        settings[3] &= ~termios.ECHO
        termios.tcsetattr(inside, termios.TCSANOW, settings)
        self._process = subprocess.Popen(
            ["/bin/bash", "--norc", "--noprofile", "-i"],
            cwd=folder,
            env={**environment, "PS1": "", "PS2": "", "TERM": "dumb"},
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)

    def __enter__(self) -> Self:
        self.run("set +m", 10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._terminal)

    def run(self, command: str, timeout_s: float) -> Done:
        """Type a command, answer what it asks, and wait for its end; raise TimeoutError after `timeout_s`."""
        started, shown, prompts = time.monotonic(), "", 0
        # On one line: a program that asks would take a second one for its answer.
        os.write(self._terminal, f"{command}; echo {SENTINEL}$?{SENTINEL}\n".encode())

        while not (found := re.search(rf"{SENTINEL}(\d+){SENTINEL}", shown)):
            if time.monotonic() - started > timeout_s:
                raise TimeoutError(f"{command} has not ended after {timeout_s} s:\n{shown}")
            piece = self._read()
            shown += piece
            if not piece and (question := PROMPT.search(shown)):
                prompts += 1
                answer = self._answer(question[0])
                os.write(self._terminal, f"{answer}\n".encode())
                shown += "\n"

        return Done(shown[: found.start()].strip(), int(found[1]), prompts, time.monotonic() - started)

    def _read(self) -> str:
        """Return what is shown, or nothing where nothing is shown for IDLE_S."""
        if not select.select([self._terminal], [], [], IDLE_S)[0]:
            return ""
        return os.read(self._terminal, 65_536).decode(errors="replace")

    def _answer(self, question: str) -> str:
        """Return the answer to a question that names it; Enter otherwise."""
        return next((answer for name, answer in self._answers.items() if name in question), "")
