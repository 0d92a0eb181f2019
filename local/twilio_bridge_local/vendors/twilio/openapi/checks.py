"""Whether a request is one that the description allows; Twilio itself overlooks some of what is refused here."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from twilio_bridge_local.vendors.twilio.errors import TwilioError, refusal
from twilio_bridge_local.vendors.twilio.openapi.routes import Json, Match

INVALID: Final = 20001
NOT_FOUND: Final = 20404
Pairs = Sequence[tuple[str, str]]


def check_request(match: Match, query: Pairs, form: Pairs) -> None:
    """Raise TwilioError for a name that is not described, a value of another shape, or one that is missing."""
    route = match.route
    if any(_find_problem(value, route.places[name]) for name, value in match.values.items()):
        raise refusal(NOT_FOUND, route.path)  # a SID of another form is one that nothing has
    _check_values(route.query, query, "query")
    if route.takes_json:
        return
    properties = {name: route.document.resolve(part) for name, part in route.body.get("properties", {}).items()}
    _check_values(properties, form, "body")
    missing = set(route.body.get("required", ())) - {name for name, _ in form}
    if missing:
        raise refusal(INVALID, f"Missing required parameter {', '.join(sorted(missing))} in the post body")


def check_names(match: Match, form: Pairs) -> None:
    """Raise TwilioError for a name of the body that is not described."""
    for name, _value in form:
        if name not in match.route.body.get("properties", {}):
            raise refusal(INVALID, f"{name} is no body parameter of this operation")


def _check_values(described: Mapping[str, Json], given: Pairs, place: str) -> None:
    seen: set[str] = set()
    for name, value in given:
        if name not in described:
            raise refusal(INVALID, f"{name} is no {place} parameter of this operation")
        schema = described[name]
        if name in seen and schema.get("type") != "array":
            raise refusal(INVALID, f"{name} is given twice")
        seen.add(name)
        _check_value(name, value, schema)


def _check_value(name: str, value: str, schema: Json) -> None:
    if schema.get("type") == "array":
        schema = schema.get("items", {})
    problem = _find_problem(value, schema)
    if problem:
        raise _invalid(name, value, problem)


def _find_problem(value: str, schema: Json) -> str:
    if "enum" in schema and value not in schema["enum"]:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return schema["pattern"]  # type: ignore[no-any-return]  # a text
    if schema.get("type") == "integer" and not _is_within(value, schema):
        return f"a whole number from {schema.get('minimum', '…')} to {schema.get('maximum', '…')}"
    if schema.get("type") == "boolean" and value not in {"true", "false"}:
        return "true or false"
    if schema.get("format") in {"date", "date-time"} and not _is_date(value):
        return "a date"
    return ""


def _is_within(value: str, schema: Json) -> bool:
    if not re.fullmatch(r"-?\d+", value):
        return False
    return bool(schema.get("minimum", int(value)) <= int(value) <= schema.get("maximum", int(value)))


def _is_date(value: str) -> bool:
    if re.fullmatch(r"[+-]\d+days", value):  # of usage records
        return True
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return False
    return bool(re.fullmatch(r".{10}(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?", value))


def _invalid(name: str, value: Any, wanted: str) -> TwilioError:  # noqa: ANN401  whatever came
    return refusal(INVALID, f"{name} is {value!r}, not {wanted}")
