"""Every error the bridge raises on purpose, one class a remedy.

`refusals.STATUSES` has the HTTP status of each.

    BridgeError
    ├── BadRequestError          the caller sent something we cannot use
    │   └── UnknownLocationError     a Location that is not in the callback's contract
    ├── SignatureError           the request does not prove that it comes from Twilio
    ├── ForbiddenError           understood and refused: opted out, no sender, not theirs
    ├── NotFoundError            no such contact, or not this worker's
    ├── DuplicateContactError    the number already belongs to a contact
    ├── MessageBlockedError      a worker's message to somebody who opted out
    ├── SettingError             a setting is missing or malformed; the operator mends it
    │   └── NoSecretError            there is not even the secret that it would stand in
    ├── RoutingError             no worker could be added to the conversation
    ├── OutOfTimeError           our own time budget is spent
    └── UpstreamError            another system failed; `system` names it
        ├── RefusedError             it refused for good (credentials, permissions, a malformed request)
        │   ├── ColumnsGoneError         the base lacks a column that is asked for
        │   ├── ViewGoneError            the table lacks the view
        │   ├── ComputedColumnError      the base computes a column that was to be written
        │   └── UnacceptableError        only this one item; others may be accepted
        ├── ChangedError             somebody has changed the thing since it was read
        ├── StaleOffsetError         a listing has expired and has to begin again
        ├── RateLimitedError         it asks us to wait `retry_after` seconds
        └── UnavailableError         it is down, slow or answers rubbish
            └── NotTakenError            and has certainly done nothing: once more is not twice

Messages are for logs and operators: they never hold a name, a number, a body or a secret.
`friendly` is for the worker who looks at the app.
"""

from collections.abc import Iterable


class BridgeError(Exception):
    """The root: an error with a sentence for the worker."""

    friendly = "Something went wrong on our side. Please try again in a moment."

    def __init__(self, message: str, *, friendly: str | None = None) -> None:
        super().__init__(message)
        if friendly is not None:
            self.friendly = friendly


class BadRequestError(BridgeError):
    """The caller sent something that cannot be used; the message names what would be right."""

    friendly = "That request could not be understood."


class UnknownLocationError(BadRequestError):
    """The callback has no such Location."""


class SignatureError(BridgeError):
    """X-Twilio-Signature is missing or wrong."""

    friendly = "This request was not signed by Twilio."


class ForbiddenError(BridgeError):
    """The request is understood and refused."""

    friendly = "You cannot do that."


class NotFoundError(BridgeError):
    """There is no such contact for this worker."""

    friendly = "This contact does not exist, or is not one of yours."


class DuplicateContactError(BridgeError):
    """One of the new contact's addresses already belongs to somebody."""

    friendly = "There already is a contact with this number."


class MessageBlockedError(BridgeError):
    """A worker's message to a person who opted out is not to be published."""

    friendly = "This person has opted out and cannot be messaged."


class SettingError(BridgeError):
    """A setting or the configuration is missing or malformed; the message names it and what it should be."""


class NoSecretError(SettingError):
    """The secret does not exist, which is no fault where its feature is not used."""


class RoutingError(BridgeError):
    """A conversation is left without a worker."""


class OutOfTimeError(BridgeError):
    """The time budget of this call is spent."""

    friendly = "That took too long. Please try again in a moment."


class UpstreamError(BridgeError):
    """Another system did not do what we asked."""

    def __init__(self, system: str, message: str, *, friendly: str | None = None) -> None:
        super().__init__(f"{system}: {message}", friendly=friendly)
        self.system = system


class RefusedError(UpstreamError):
    """The other system refused, and will refuse again until somebody changes something."""

    def __init__(self, system: str, message: str, *, code: int | None = None, detail: str = "") -> None:
        """`detail` is the other system's own sentence. It may name a person, so it is for their record, never a log."""
        super().__init__(system, message)
        self.code = code
        self.detail = detail


class ColumnsGoneError(RefusedError):
    """The base has not, or no longer, the columns that `columns` names."""

    def __init__(self, system: str, columns: Iterable[str]) -> None:
        self.columns = frozenset(columns)
        names = ", ".join(sorted(self.columns)) or "a column"
        super().__init__(system, f"the table has no column {names}; check contacts.columns in bridge.yaml", code=422)


class ViewGoneError(RefusedError):
    """The table has no such view."""


class ComputedColumnError(RefusedError):
    """A column that Airtable computes, or that takes no such value, cannot be written; it never can."""

    def __init__(self, system: str, column: str) -> None:
        super().__init__(system, f"the column {column} is computed and cannot be written", code=422)
        self.friendly = (
            f"Airtable computes the column “{column}”: nothing can be written there. Please ask your administrator."
        )


class UnacceptableError(RefusedError):
    """The other system will never accept this one item; others may be accepted."""


class ChangedError(UpstreamError):
    """The thing has changed since it was read; it has to be read again before it can be changed."""


class StaleOffsetError(UpstreamError):
    """A listing at the source cannot be continued; it has to begin again."""


class RateLimitedError(UpstreamError):
    """The other system, or our own limiter for it, asks us to wait."""

    friendly = "Contacts are loading. Please try again in a moment."

    def __init__(self, system: str, retry_after: float, *, code: int | None = None) -> None:
        super().__init__(system, f"rate limited, try again in {retry_after:.1f} s")
        self.retry_after = retry_after
        self.code = code


class UnavailableError(UpstreamError):
    """The other system is down, too slow, or answers rubbish."""

    friendly = "Contacts cannot be reached right now. Please try again in a moment."


class NotTakenError(UnavailableError):
    """The request did not reach the other system, or was not taken by it: nothing has happened there."""
