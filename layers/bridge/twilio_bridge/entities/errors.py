"""What can be wrong with what somebody asks of an entity; each names what would be right."""

from collections.abc import Sequence

from twilio_bridge.errors import BadRequestError, RefusedError, UpstreamError


class UnknownNameError(BadRequestError):
    """A name that is not known, with those that are most like it."""

    def __init__(self, message: str, nearest: Sequence[str]) -> None:
        super().__init__(f"{message}; {suggestion(nearest)}" if nearest else message)
        self.nearest = tuple(nearest)


class UnknownEntityError(UnknownNameError):
    """There is no such entity."""

    def __init__(self, name: str, nearest: Sequence[str]) -> None:
        super().__init__(f"there is no entity {name!r}", nearest)


class UnknownColumnError(UnknownNameError):
    """The entity has no such column."""

    def __init__(self, name: str, entity: str, nearest: Sequence[str]) -> None:
        super().__init__(f"{entity} has no column {name!r}", nearest)


class UnknownParameterError(UnknownNameError):
    """The operation takes no such value."""

    def __init__(self, name: str, operation: str, nearest: Sequence[str]) -> None:
        super().__init__(f"{operation} takes no {name!r}", nearest)


class HiddenFilterError(BadRequestError):
    """A filter of Twilio's that is no column stands where Twilio cannot be asked for it."""

    def __init__(self, name: str, entity: str) -> None:
        super().__init__(
            f"{name} is a filter of Twilio's, no column of {entity}; it goes with = and is joined by AND, "
            "outside of brackets with OR and NOT"
        )


class StatementError(BadRequestError):
    """A statement cannot be run; the message has the reason."""


class MissingValueError(BadRequestError):
    """A parent's SID or a value that the operation needs is missing; the message names it."""


class UnsupportedOperationError(BadRequestError):
    """Twilio does not offer this operation; the message has those that it offers."""


class GoneError(BadRequestError):
    """Twilio no longer holds what was asked for."""


def suggestion(nearest: Sequence[str]) -> str:
    """Return `did you mean A, B or C?`."""
    *first, last = nearest
    return f"did you mean {', '.join(first)} or {last}?" if first else f"did you mean {last}?"


class TwilioRefusedError(RefusedError):
    """Twilio refused; `code`, `text` and `more_info` are its own.

    The text may hold what the caller sent, so it is for the caller only and no part of the error's message.
    """

    def __init__(self, status: int, code: int | None, text: str, more_info: str) -> None:
        link = f" ({more_info})" if more_info else ""
        super().__init__("twilio", f"status {status}, error {code}{link}", code=code)
        self.status = status
        self.text = text
        self.more_info = more_info


class OutcomeUnknownError(UpstreamError):
    """A write may or may not have been done; the message shows how to look that up before it is tried again."""
