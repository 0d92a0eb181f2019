"""Brevo's refusals as one exception, for every module of the stand-in.

Each function builds one error in the JSON shape that Brevo answers it in: `code`, `message` and sometimes
`metadata`. Codes are documented, most sentences are not; where none was seen it is ours.
https://developers.brevo.com/docs/how-it-works#error-codes
"""

from collections.abc import Sequence

from twilio_bridge_local.vendors.server import Refusal

AUTHORISED_IPS = "https://app.brevo.com/security/authorised_ips"


class BrevoError(Refusal):
    """A refusal with Brevo's code."""

    def __init__(self, status: int, code: str, message: str, metadata: dict[str, object] | None = None) -> None:
        super().__init__(status, {"code": code, "message": message, **({"metadata": metadata} if metadata else {})})
        self.code = code
        self.message = message
        self.metadata = metadata


def no_key() -> BrevoError:
    """No api-key; seen in https://github.com/getbrevo/brevo-python/issues/13."""
    return BrevoError(401, "unauthorized", "authentication not found in headers")


def wrong_key() -> BrevoError:
    """An api-key that nobody has."""
    return BrevoError(401, "unauthorized", "Key not found")


def ip_blocked(address: str) -> BrevoError:
    """An address that is not on the account's list: https://help.brevo.com/hc/en-us/articles/5740354497554."""
    message = (
        f"We have detected you are using an unrecognised IP address {address}. "
        f"If you performed this action make sure to add the new IP address in this link: {AUTHORISED_IPS}"
    )
    return BrevoError(401, "unauthorized", message)


def bad_request(message: str = "Input must be a valid JSON object") -> BrevoError:
    """A body that cannot be read."""
    return BrevoError(400, "bad_request", message)


def invalid(message: str) -> BrevoError:
    """A parameter with a value that Brevo does not take."""
    return BrevoError(400, "invalid_parameter", message)


def missing(message: str) -> BrevoError:
    """A parameter that has to be there."""
    return BrevoError(400, "missing_parameter", message)


def out_of_range(message: str) -> BrevoError:
    """A number outside its bounds."""
    return BrevoError(400, "out_of_range", message)


def transactional_without_key() -> BrevoError:
    """A contact with a transactional attribute; seen in https://github.com/sendinblue/APIv3-php-library/issues/102."""
    return BrevoError(400, "invalid_parameter", "Transactional attribute as primary Key is missing")


def duplicate(doing: str, identifiers: Sequence[str], code: str, style: str = "metadata") -> BrevoError:
    """Identifiers that another contact has; `doing` is create or update.

    The code was duplicate_parameter for years and invalid_parameter in May 2026, with the same metadata:
    https://github.com/PipedreamHQ/pipedream/issues/15034 and
    https://github.com/pass-culture/pass-culture-main/pull/22628. Older accounts saw no metadata
    (https://github.com/PipedreamHQ/pipedream/issues/12687, https://integrately.com/integrations/brevo/error).
    """
    if style == "unnamed":
        return BrevoError(400, code, "Contact already exist")
    if style == "older":
        return BrevoError(400, code, _OLDER.get(identifiers[0], f"{identifiers[0]} must be unique"))

    message = f"Unable to {doing} contact, {', '.join(identifiers)} is already associated with another Contact"
    metadata: dict[str, object] = {"duplicate_identifiers": list(identifiers)}
    return BrevoError(400, code, message, metadata if style == "metadata" else None)


_OLDER = {
    "email": "Contact already exists with this email. Email address must be unique.",
    "SMS": "SMS phone number is already associated with another contact. Please enter unique SMS phone number.",
}


def not_found(what: str) -> BrevoError:
    """A contact, list or path that is not there."""
    return BrevoError(404, "document_not_found", f"{what} does not exist")


def method_not_allowed(method: str) -> BrevoError:
    """A method that the path does not know."""
    return BrevoError(405, "method_not_allowed", f"{method} Method is not allowed on this path")


def in_process() -> BrevoError:
    """An earlier change of the account is still being worked on."""
    return BrevoError(425, "account_in_process", "Account is under process, please try again later")


def too_many_requests() -> BrevoError:
    """A rate limit; Brevo documents the status and the headers, not the code."""
    return BrevoError(429, "too_many_requests", "Too many requests, please try again later")


def with_status(status: int) -> BrevoError:
    """A plausible error for any status, for the faults that tests set."""
    known = {
        400: bad_request,
        401: wrong_key,
        402: lambda: BrevoError(402, "not_enough_credits", "You do not have enough credits"),
        403: lambda: BrevoError(403, "permission_denied", "You are not allowed to do this"),
        404: lambda: not_found("Contact"),
        425: in_process,
        429: too_many_requests,
    }
    if status in known:
        return known[status]()
    code = "internal_error" if status >= 500 else "bad_request"  # noqa: PLR2004  where HTTP's server errors begin
    return BrevoError(status, code, "Something went wrong")
