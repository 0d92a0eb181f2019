"""What can be wrong with what somebody asks of an entity; each names what would be right."""

from collections.abc import Sequence

from twilio_bridge.errors import BadRequestError


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


class MissingValueError(BadRequestError):
    """A parent's SID or a value that the operation needs is missing; the message names it."""


class UnsupportedOperationError(BadRequestError):
    """Twilio does not offer this operation; the message says which it offers."""


class GoneError(BadRequestError):
    """Twilio no longer holds what was asked for."""


def suggestion(nearest: Sequence[str]) -> str:
    """Return `did you mean A, B or C?`."""
    *first, last = nearest
    return f"did you mean {', '.join(first)} or {last}?" if first else f"did you mean {last}?"
