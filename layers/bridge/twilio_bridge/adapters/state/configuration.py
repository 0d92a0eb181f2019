"""The configuration in force: the file BRIDGE_CONFIG names, else the stored one, else the packaged one.

A stored one that cannot be read or used takes nothing down: the one before it stays, or the packaged one holds.
"""

import time
from collections.abc import Callable
from pathlib import Path

from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.config.schema import PACKAGED, Config, parse
from twilio_bridge.errors import SettingError, UpstreamError
from twilio_bridge.logs import logger

KEEP_S = 300
RETRY_S = 60
KEY = ("config", "bridge.yaml")


class Configuration:
    """Reads the configuration and keeps it for five minutes, for one where something is wrong with the stored one."""

    def __init__(self, table: Table, file: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._table = table
        self._file = file
        self._clock = clock
        self._kept: tuple[float, Config] | None = None

    def current(self) -> Config:
        """Return the configuration in force."""
        if self._kept is None or self._clock() >= self._kept[0]:
            config, keep_s = self._read(self._kept[1] if self._kept else None)
            self._kept = (self._clock() + keep_s, config)
        return self._kept[1]

    def _read(self, before: Config | None) -> tuple[Config, int]:
        """Return the configuration and how long to keep it."""
        if self._file:
            return parse(_file(self._file)), KEEP_S
        try:
            text = stored(self._table)
        except UpstreamError as error:
            if before is None:
                raise
            logger.warning("the configuration cannot be read again", extra={"reason": str(error)})
            return before, RETRY_S
        if not text:
            return _packaged(), KEEP_S
        try:
            return parse(text), KEEP_S
        except SettingError as error:
            logger.error("the stored configuration cannot be used", extra={"reason": str(error)})
            return before or _packaged(), RETRY_S


def stored(table: Table) -> str | None:
    """Return the stored configuration's text, or None."""
    item = table.get(*KEY)
    return item["text"] if item else None


def store(table: Table, text: str) -> None:
    """Check a configuration and put it in force."""
    parse(text)
    table.put({"pk": KEY[0], "sk": KEY[1], "text": text})


def _packaged() -> Config:
    return parse(PACKAGED.read_text(encoding="utf-8"))


def _file(name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise SettingError(f"BRIDGE_CONFIG names a file that cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingError("BRIDGE_CONFIG names a file that is no text in UTF-8") from error
