"""From names and values to the parts of a request: the path with its SIDs, the body with what an operation takes."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

from twilio_bridge.entities.errors import MissingValueError, UnknownParameterError, UnsupportedOperationError
from twilio_bridge.entities.registry import Entity, Operation, nearest_names
from twilio_bridge.errors import BadRequestError

FormPairs = list[tuple[str, str]]
MAX_PATH_VALUE_LENGTH: Final = 256
_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")


def find_operation(entity: Entity, verb: str) -> Operation:
    """Return an operation; raise UnsupportedOperationError, which names those there are, where Twilio has none."""
    if verb in entity.operations:
        return entity.operations[verb]
    known = ", ".join(entity.operations)
    note = f"; {entity.note}" if entity.note else ""
    raise UnsupportedOperationError(f"Twilio cannot {verb} {entity.name}, only {known}{note}")


def build_path(entity: Entity, verb: str, places: Mapping[str, str]) -> str:
    """Return an operation's path; `places` are its parents and its key, by column."""
    operation = find_operation(entity, verb)
    columns = {parent.param: parent.column for parent in entity.parents} | {entity.key_param: entity.key}

    def fill(match: re.Match[str]) -> str:
        return _quote_value(columns[match[1]], places.get(columns[match[1]], ""), entity)

    return _PARAMETER.sub(fill, operation.path)


def _quote_value(column: str, value: str, entity: Entity) -> str:
    if not value:
        raise MissingValueError(f"{entity.name}: name {column}")
    if (
        value in {".", ".."} or len(value) > MAX_PATH_VALUE_LENGTH or _HALF_CHARACTER.search(value)
    ):  # "." would be taken out of the path on its way
        raise BadRequestError(f"{entity.name}: {column} is malformed")
    return quote(value, safe="")


def build_form(entity: Entity, verb: str, body: Mapping[str, Any]) -> FormPairs:
    """Return a body as Twilio takes it; names that it does not take and values that are missing are errors."""
    operation = find_operation(entity, verb)
    taken = {name.lower(): each for each in operation.parameters for name in (each.wire, each.name)}
    if unknown := next((name for name in body if name.lower() not in taken), None):
        known = [each.name for each in operation.parameters]
        raise UnknownParameterError(unknown, f"{verb} {entity.name}", nearest_names(unknown, known))
    given = {taken[name.lower()].wire: value for name, value in body.items() if value is not None}
    missing = [each.name for each in operation.parameters if each.required and each.wire not in given]
    if missing:
        raise MissingValueError(f"{verb} {entity.name}: name {', '.join(missing)}")
    form = [(name, text) for name, value in given.items() for text in _texts(value)]
    if half := next((name for name, text in form if _HALF_CHARACTER.search(text)), None):
        raise BadRequestError(
            f"{verb} {entity.name}: {half} holds half a character (a lone surrogate), which is no text"
        )
    return form


def _texts(value: object) -> Iterable[str]:
    """Return a value as form fields: a list is repeated, an object is JSON."""
    if isinstance(value, list | tuple):
        return [text for each in value for text in _texts(each)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)]
