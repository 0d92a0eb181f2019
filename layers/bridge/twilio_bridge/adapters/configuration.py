"""The configuration in force: the file BRIDGE_CONFIG names, else the stored one, else the packaged one."""

import time
from collections.abc import Callable
from pathlib import Path

from twilio_bridge.adapters.table import Table
from twilio_bridge.config import PACKAGED, Config, parse
from twilio_bridge.errors import SettingError

KEEP_S = 300
KEY = ("config", "bridge.yaml")


class Configuration:
    """Reads the configuration and keeps it for five minutes."""

    def __init__(self, table: Table, file: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._table = table
        self._file = file
        self._clock = clock
        self._kept: tuple[float, Config] | None = None

    def current(self) -> Config:
        """Give the configuration in force."""
        if self._kept is None or self._clock() - self._kept[0] >= KEEP_S:
            self._kept = (self._clock(), parse(self._read()))
        return self._kept[1]

    def _read(self) -> str:
        if self._file:
            return _file(self._file)
        return stored(self._table) or PACKAGED.read_text()


def stored(table: Table) -> str | None:
    """Give the stored configuration's text, or None."""
    item = table.get(*KEY)
    return item["text"] if item else None


def store(table: Table, text: str) -> None:
    """Check a configuration and put it in force."""
    parse(text)
    table.put({"pk": KEY[0], "sk": KEY[1], "text": text})


def _file(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise SettingError(f"BRIDGE_CONFIG names a file that cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingError("BRIDGE_CONFIG names a file that is no text in UTF-8") from error
