"""Errors as answers: one status a kind, and a sentence for the worker."""

from twilio_bridge import errors
from twilio_bridge.forms import Answer, Form

SERVER_ERROR_STATUS = 500

STATUSES: tuple[tuple[type[BaseException], int], ...] = (
    (errors.UnknownLocationError, 422),
    (errors.BadRequestError, 400),
    (errors.SignatureError, 403),
    (errors.ForbiddenError, 403),
    (errors.NotFoundError, 404),
    (errors.DuplicateContactError, 409),
    (errors.MessageBlockedError, 451),
    (errors.RateLimitedError, 503),
    (errors.UnavailableError, 503),
    (errors.OutOfTimeError, 503),
    (errors.ComputedColumnError, 422),
    (errors.RefusedError, 502),
    (errors.RoutingError, 502),
    (errors.UpstreamError, 503),
    (errors.BridgeError, 500),
)


def answer_error(_form: Form | None, error: BaseException) -> Answer:
    """Return the answer to an error: its status and a sentence for the worker."""
    friendly = error.friendly if isinstance(error, errors.BridgeError) else errors.BridgeError.friendly
    body = {"friendly_error_message": friendly}
    if isinstance(error, errors.BadRequestError):
        body["error"] = str(error)
    return Answer(body, read_status(error))


def read_status(error: BaseException) -> int:
    """Return the HTTP status of an error."""
    return next((status for kind, status in STATUSES if isinstance(error, kind)), SERVER_ERROR_STATUS)
