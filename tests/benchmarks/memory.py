"""The most memory that a process had."""

from pathlib import Path


def peak_mb() -> float:
    """Return it for this process since its program began; getrusage counts what its parent had, too.

    Linux alone shows it, as VmHWM: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html .
    """
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
