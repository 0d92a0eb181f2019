"""Rows as they stand in the files: each column in its type, and of persons only what is configured."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from twilio_bridge.config.sync import Export
from twilio_bridge.entities.values import READERS
from twilio_bridge.sync.export_tables import ExportColumn, ExportTable
from twilio_bridge.sync.rows import read_moment

HASH_LENGTH = 32
# Texts that are of another type than their column stay out: a table has one type a column.
PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {"integer": (int,), "number": (int, float)}


class Anonymiser:
    """Hides whom a row is about: with the same key the same number is the same hash in every table."""

    def __init__(self, settings: Export, key: bytes) -> None:
        self._settings = settings
        self._key = key

    def hide(self, value: object, personal: str) -> object:
        """Return what may leave of a personal value."""
        how = self._settings.texts if personal == "text" else self._settings.addresses
        if how == "keep" or value in (None, ""):
            return value
        if how == "leave_out":
            return None
        return hmac.new(self._key, str(value).strip().casefold().encode(), hashlib.sha256).hexdigest()[:HASH_LENGTH]


def build_row(
    row: Mapping[str, Any], table: ExportTable, read_at: int, hide: Anonymiser, *, deleted: bool = False
) -> dict[str, Any]:
    """Return a row of Twilio's, or of the support job, as the table's files hold it."""
    values = {column.name: _read_value(row.get(column.key), column, hide) for column in table.columns}
    return {**values, "read_at": write_moment(read_at), "deleted": deleted}


def _read_value(raw: object, column: ExportColumn, hide: Anonymiser) -> object:
    value = READERS[column.type](raw)
    if column.type == "boolean" and value is not None:
        return bool(value) if value in (0, 1) else None
    if column.type in {"datetime", "date"}:
        return _read_moment(value, column.type)
    if column.type in PYTHON_TYPES and not isinstance(value, PYTHON_TYPES[column.type]):
        return None
    return hide.hide(value, column.personal) if column.personal else value


def _read_moment(value: object, kind: str) -> str | None:
    at = read_moment(value)
    text = None if at is None else write_moment(at)
    return text[:10] if text and kind == "date" else text


def write_moment(at: int) -> str:
    """Return a moment (epoch ms) as the files hold it."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%d %H:%M:%S}"


def write_day(at: int) -> str:
    """Return the day (UTC) of a moment (epoch ms), which names a partition."""
    return write_moment(at)[:10]
