"""What is missing on a machine is named in one line with its remedy; what can hold a secret is ignored by git."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
TOOLS: Final = ("sh", "bash", "ls", "rm", "touch", "grep", "sed", "expand", "make")
# An interpreter of Debian's: new enough, and without the package that brings venv.
BARE_PYTHON: Final = """#!/bin/sh
case "$2" in *ensurepip*) exit 1;; *print*) echo python3.12;; esac
"""
OLD_PYTHON: Final = "#!/bin/sh\nexit 1\n"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs that has what make itself needs, and nothing else."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in TOOLS:
        (programs / name).symlink_to(str(shutil.which(name)))
    return programs


def install(machine: Path, name: str, script: str) -> None:
    (machine / name).write_text(script)
    (machine / name).chmod(0o755)


def make(machine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(machine / "make"), "--no-print-directory", f"VENV={machine.parent / 'venv'}", *arguments]
    environment = {"PATH": str(machine), "HOME": str(machine.parent)}
    # The arguments are this file's own.
    return subprocess.run(  # noqa: S603
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


def lines_of(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines before the one that make itself adds."""
    return [line for line in done.stderr.splitlines() if "***" not in line]


def test_a_missing_sam_has_one_line(machine: Path) -> None:
    """Before an environment is made, which takes a minute."""
    done = make(machine, "build")

    assert (2, "") == (done.returncode, done.stdout)
    assert ["make: the SAM CLI is missing; install it with: pipx install aws-sam-cli"] == lines_of(done)


def test_a_missing_venv_has_one_line(machine: Path) -> None:
    """Debian's Python without python3-venv."""
    install(machine, "python3", BARE_PYTHON)
    done = make(machine, "setup")

    expected = "make: python3.12 has no venv; install it (Debian, Ubuntu: apt install python3.12-venv) and try again"
    assert (2, "", [expected]) == (done.returncode, done.stdout, lines_of(done))


@pytest.mark.parametrize("script", [None, OLD_PYTHON], ids=["none", "old"])
def test_a_missing_python_has_one_line(machine: Path, script: str | None) -> None:
    """None at all, or one before 3.11."""
    if script:
        install(machine, "python3", script)
    done = make(machine, "setup")

    assert ["make: no Python 3.11 or newer found; install one and try again"] == lines_of(done)


@pytest.mark.skipif(not shutil.which("git") or not (ROOT / ".git").exists(), reason="there is no repository here")
@pytest.mark.parametrize(
    "name",
    [".env", ".env.production", "brevo.json", "twilio.json", "airtable.json", "config/my-secrets.json", "key.pem"],
)
def test_what_can_hold_a_secret_is_ignored(name: str) -> None:
    """Wherever it lies; the example of .env is not."""
    ignored = [_git_ignores(each) for each in (name, ".env.example")]

    assert [True, False] == ignored


def _git_ignores(name: str) -> bool:
    command = [str(shutil.which("git")), "check-ignore", "--no-index", "--quiet", name]
    done = subprocess.run(command, cwd=ROOT, env=dict(os.environ), check=False, timeout=20)  # noqa: S603  as above
    return done.returncode == 0
