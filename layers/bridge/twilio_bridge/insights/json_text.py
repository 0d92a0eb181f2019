"""Changes inside the text of a JSON object that leave every other character as it is.

Task and worker attributes have many writers. What another wrote is not read and written anew: the order of names, the
spelling of numbers (1.0, 1e3, 12345678901234567890), escapes, white space, and a name that stands there twice all stay.
Of a name that stands twice the last one counts, as to every JSON parser that Twilio's products use.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from json.decoder import scanstring  # type: ignore[attr-defined]  # public at run time, unknown to typeshed
from typing import Any

SPACE = re.compile(r"[ \t\n\r]*")


class MalformedError(ValueError):
    """The text is no JSON object; the message says where, and never what stands there."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an object: its name, and from where to where its value stands in the text."""

    name: str
    start: int
    end: int


def _refuse(_constant: str) -> None:
    raise MalformedError("NaN and Infinity are no JSON")


# Numbers stay texts: a number of five thousand digits is a number to JSON, and too long for int().
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_refuse)


def parse_attributes(text: str) -> Mapping[str, Any]:
    """Return what the text holds, numbers as int or float; raise MalformedError where it is no JSON object."""
    check_object(text)
    try:
        found: Mapping[str, Any] = json.loads(text)
    except ValueError:  # an integer of more than 4,300 digits
        found = json.loads(text, parse_int=float)
    return found


def check_object(text: str) -> None:
    """Raise MalformedError where the text is not one JSON object."""
    start = _skip(text, 0)
    try:
        text.encode()
        value, end = _DECODER.raw_decode(text, start)
    except UnicodeEncodeError:
        raise MalformedError("half a character stands in it") from None
    except json.JSONDecodeError as error:
        raise MalformedError(f"it is no JSON at character {error.pos}") from None
    except RecursionError:
        raise MalformedError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise MalformedError("it is no JSON object")
    if _skip(text, end) != len(text):
        raise MalformedError(f"something follows its end at character {end}")


def find_member(text: str, path: tuple[str, ...]) -> Member | None:
    """Return the member at a path through objects; None where there is none. The text has to be an object."""
    at = _skip(text, 0)
    found = None
    for name in path:
        if not text.startswith("{", at):
            return None
        found = next((each for each in reversed(list(_members(text, at))) if each.name == name), None)
        if found is None:
            return None
        at = found.start
    return found


def set_value(text: str, path: tuple[str, ...], value: object) -> str:
    """Return the text with a value at a path; what is missing on the way to it, or null, becomes an object.

    A new member stands behind the others. Raise MalformedError where something else than an object is in the way.
    """
    for depth in range(len(path), 0, -1):
        member = find_member(text, path[:depth])
        if member is None:
            continue
        if depth == len(path):
            return text[: member.start] + write_value(value) + text[member.end :]
        if text.startswith("{", member.start):
            return _insert(text, member.start, path[depth], _nest(path[depth + 1 :], value))
        if text[member.start : member.end] != "null":
            raise MalformedError(f"{'.'.join(path[:depth])} is no object")
        return text[: member.start] + write_value(_nest(path[depth:], value)) + text[member.end :]
    return _insert(text, _skip(text, 0), path[0], _nest(path[1:], value))


def append_item(text: str, path: tuple[str, ...], value: object) -> str:
    """Return the text with a further item in the array at a path, which is made where it is missing or null.

    Raise MalformedError where something else than an array stands there.
    """
    member = find_member(text, path)
    if member is None or text[member.start : member.end] == "null":
        return set_value(text, path, [value])
    if not text.startswith("[", member.start):
        raise MalformedError(f"{'.'.join(path)} is no array")
    is_empty = not json.loads(text[member.start : member.end], parse_int=str)
    end = len(text[: member.end - 1].rstrip(" \t\n\r"))
    return text[:end] + ("" if is_empty else ",") + write_value(value) + text[end:]


def write_value(value: object) -> str:
    """Return a value as JSON as short as can be: attributes have a limit of characters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _nest(path: tuple[str, ...], value: object) -> object:
    for name in reversed(path):
        value = {name: value}
    return value


def _insert(text: str, at: int, name: str, value: object) -> str:
    """Put a member behind the last one of the object that begins at `at`."""
    members = list(_members(text, at))
    end = members[-1].end if members else at + 1
    written = f"{write_value(name)}:{write_value(value)}"
    return f"{text[:end]}{',' if members else ''}{written}{text[end:]}"


def _members(text: str, at: int) -> Iterator[Member]:
    """Yield the members of the object that begins at `at`, in a text that is known to be JSON."""
    at = _skip(text, at + 1)
    while not text.startswith("}", at):
        name, at = scanstring(text, at + 1, True)
        start = _skip(text, _skip(text, at) + 1)
        _, end = _DECODER.raw_decode(text, start)
        yield Member(name, start, end)
        at = _skip(text, end)
        if text.startswith(",", at):
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at
