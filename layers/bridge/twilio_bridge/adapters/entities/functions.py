"""Functions of SQL's that Twilio's data wants beside SQLite's own."""

from functools import lru_cache


def country(*given: object) -> str | None:
    """Return the country (ISO 3166) of a number in E.164 form, with or without a channel's prefix; NULL for none."""
    return _find_country(str(given[0] or "").rpartition(":")[2])


@lru_cache(maxsize=10_000)
def _find_country(digits: str) -> str | None:
    import phonenumbers  # noqa: PLC0415  slow to import, and few statements ask

    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(digits, None))
    except phonenumbers.NumberParseException:
        return None
