"""Parameters of a query: numbers in their bounds, times, and lists of either; for the listings."""

from datetime import UTC, datetime

from flask import request

from twilio_bridge_local.vendors.brevo.errors import invalid, out_of_range


def number(name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
    """A whole number, or a BrevoError if it is none or outside its bounds."""
    given = request.args.get(name, str(default))
    if not given.isdecimal():
        raise invalid(f"{name} should be a number")
    value = int(given)
    if value < least or (most is not None and value > most):
        raise out_of_range(f"{name} exceeds its bounds")
    return value


def numbers(name: str) -> list[int]:
    """Numbers, repeated or with commas between."""
    given = texts(name)
    if not all(one.isdecimal() for one in given):
        raise invalid(f"{name} should be numbers")
    return [int(one) for one in given]


def texts(name: str) -> list[str]:
    """Texts, repeated or with commas between."""
    return [one for given in request.args.getlist(name) for one in given.split(",") if one]


def moment(name: str) -> datetime | None:
    """A time; without an offset it is UTC."""
    given = request.args.get(name)
    return None if given is None else instant(given, name)


def instant(given: object, place: str) -> datetime:
    """A time from its ISO 8601 form; without an offset it is UTC."""
    try:
        # A plus that nobody escaped has become a space on its way.
        parsed = datetime.fromisoformat(given.replace(" ", "+") if isinstance(given, str) else "")
    except ValueError:
        raise invalid(f"{place} is not a valid date-time") from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
