"""The time of Airtable's stand-in, in tests."""

from dataclasses import dataclass
from datetime import datetime


@dataclass
class Clock:
    """A monotonic clock and a calendar that only tests move, except that each reading takes a step."""

    today: datetime
    at: float = 1000.0
    step: float = 1.0

    def __call__(self) -> float:
        self.at += self.step
        return self.at

    def now(self) -> datetime:
        return self.today
