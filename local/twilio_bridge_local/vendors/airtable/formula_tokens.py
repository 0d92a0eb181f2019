"""The pieces that a formula's text is made of, for the parser."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from twilio_bridge_local.vendors.airtable.errors import invalid_formula

PLEASE_CHECK = "Invalid formula. Please check your formula text."
TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<field>\{(?:[^}\\]|\\.)*\})
      | (?P<number>\d+(?:\.\d+)?|\.\d+)
      | (?P<name>[^\W\d]\w*)
      | (?P<sign><=|>=|!=|[=<>&+\-(),])
    )""",
    re.VERBOSE | re.DOTALL,
)
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ESCAPED: Mapping[str, str] = MappingProxyType({"n": "\n", "t": "\t", "r": "\r"})


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a formula: its kind is a group of TOKEN, or "end"."""

    kind: str
    text: str


def tokens(formula: str) -> Iterator[Token]:
    """The pieces of a formula, and an end."""
    position, length = 0, len(formula.rstrip())
    while position < length:
        found = TOKEN.match(formula, position)
        if found is None:
            raise invalid_formula(PLEASE_CHECK)
        kind = str(found.lastgroup)
        yield Token(kind, found.group(kind))
        position = found.end()
    yield Token("end", "")


def literal(quoted: str) -> str:
    """What stands between the quotes; a backslash that escapes nothing stays, as expressions need it."""

    def unescape(found: re.Match[str]) -> str:
        char = found.group(1)
        return char if char in "\"'\\" else ESCAPED.get(char, found.group())

    return ESCAPE.sub(unescape, quoted[1:-1])


def field_name(braced: str) -> str:
    """The name that stands between the braces."""
    return braced[1:-1].replace("\\}", "}").replace("\\{", "{")
