"""Functions of SQL's that Twilio's data wants beside SQLite's own."""

from functools import lru_cache

from twilio_bridge import phone


def country(*given: object) -> str | None:
    """Return the country (ISO 3166) of a number in E.164 form, with or without a channel's prefix; NULL for none."""
    return _find_country(str(given[0] or "").rpartition(":")[2])


@lru_cache(maxsize=10_000)
def _find_country(digits: str) -> str | None:
    return phone.find_country(digits) or None
