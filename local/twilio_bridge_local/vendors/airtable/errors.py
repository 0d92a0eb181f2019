"""Airtable's refusals as one exception, for every module of the stand-in.

Each function builds one error in the JSON shape that Airtable answers it in; nothing else in this package
writes an error body. https://airtable.com/developers/web/api/errors
"""

from twilio_bridge_local.vendors.server import Refusal


class AirtableError(Refusal):
    """A refusal in one of Airtable's shapes."""


def error(status: int, kind: str, message: str) -> AirtableError:
    """The usual shape: a type and a sentence."""
    return AirtableError(status, {"error": {"type": kind, "message": message}})


def authentication_required() -> AirtableError:
    """No token, or a wrong one."""
    return error(401, "AUTHENTICATION_REQUIRED", "Authentication required")


def model_not_found() -> AirtableError:
    """Unknown and forbidden are one answer, so that a token cannot probe."""
    return error(
        403,
        "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND",
        "Invalid permissions, or the requested model was not found. Check that both your user and your "
        "token have the required permissions, and that the model names and/or ids are correct.",
    )


def invalid_permissions() -> AirtableError:
    """A token without the scope that the endpoint needs."""
    return error(403, "INVALID_PERMISSIONS", "You are not permitted to perform this operation")


def not_found() -> AirtableError:
    """No such record or path; a bare string, unlike the others."""
    return AirtableError(404, {"error": "NOT_FOUND"})


def body_too_large() -> AirtableError:
    """More than Airtable reads in one request."""
    return error(413, "REQUEST_TOO_LARGE", "The request exceeded the maximum allowed payload size")


def url_too_long() -> AirtableError:
    """POST to listRecords is what Airtable recommends instead."""
    return error(414, "URI_TOO_LONG", "The request URL exceeds the limit of 16,000 characters")


def invalid_request(detail: str = "parameter validation failed. Check your request data.") -> AirtableError:
    """A parameter of a wrong kind or outside its bounds."""
    return error(422, "INVALID_REQUEST_UNKNOWN", f"Invalid request: {detail}")


def invalid_body() -> AirtableError:
    """A body that is no JSON object."""
    return error(422, "INVALID_REQUEST_BODY", "Could not parse request body")


def invalid_formula(detail: str) -> AirtableError:
    """A filterByFormula that cannot be understood."""
    message = f"The formula for filtering records is invalid: {detail}"
    return error(422, "INVALID_FILTER_BY_FORMULA", message)


def invalid_records(what: str) -> AirtableError:
    """No records in the body, or more than ten."""
    return error(422, "INVALID_RECORDS", f"You must provide an array of up to 10 {what}.")


def invalid_value(column: str, reason: str = "the provided value") -> AirtableError:
    """A cell that this type of column does not take."""
    return error(422, "INVALID_VALUE_FOR_COLUMN", f'Field "{column}" cannot accept {reason}')


def iterator_not_available() -> AirtableError:
    """The offset is unknown or too old: the listing has to start again."""
    return AirtableError(422, {"error": {"type": "LIST_RECORDS_ITERATOR_NOT_AVAILABLE"}})


def row_does_not_exist(record_id: str) -> AirtableError:
    """One of several records to change or delete is not there."""
    return error(422, "ROW_DOES_NOT_EXIST", f"Record ID {record_id} does not exist in this table")


def too_many_webhooks() -> AirtableError:
    """Ten is the most a base has."""
    message = "Cannot create webhook: the base already has the maximum number of webhooks"
    return error(422, "TOO_MANY_WEBHOOKS_IN_BASE", message)


def unknown_field(name: str) -> AirtableError:
    """A column that the table does not have."""
    return error(422, "UNKNOWN_FIELD_NAME", f'Unknown field name: "{name}"')


def view_not_found(view: str) -> AirtableError:
    """A view that the table does not have."""
    return error(422, "VIEW_NAME_NOT_FOUND", f"View {view} not found")


def rate_limited() -> AirtableError:
    """The one error that Airtable answers as a list (https://airtable.com/developers/web/api/rate-limits)."""
    detail = {
        "error": "RATE_LIMIT_REACHED",
        "message": "Rate limit exceeded. Please try again later",
    }
    return AirtableError(429, {"errors": [detail]})


def server_error(status: int) -> AirtableError:
    """What a 5xx looks like: the sentences are those of Airtable's error page."""
    kind, message = {
        500: ("INTERNAL_SERVER_ERROR", "The server encountered an unexpected condition."),
        502: ("BAD_GATEWAY", "Airtable's servers are restarting or an unexpected outage is in progress."),
        503: ("SERVICE_UNAVAILABLE", "The server could not process your request in time."),
    }.get(status, ("SERVER_ERROR", "Try again. If the problem persists, contact support."))
    return error(status, kind, message)


def with_status(status: int) -> AirtableError:
    """A plausible error for any status, for the faults that tests set."""
    if status >= 500:  # noqa: PLR2004  # where HTTP's server errors begin
        return server_error(status)
    known = {
        401: authentication_required,
        403: model_not_found,
        404: not_found,
        405: not_found,
        413: body_too_large,
        422: invalid_request,
        429: rate_limited,
    }
    return known[status]() if status in known else error(status, "INVALID_REQUEST_UNKNOWN", "Invalid request")
