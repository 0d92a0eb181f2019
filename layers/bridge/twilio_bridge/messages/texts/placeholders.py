"""Texts with `<placeholders>`: read once, filled a row at a time; what is filled in is never read again.

`<Name>` is a field, `<Name|there>` has a default for a row without a value, `<<` is a literal `<`. A `<` that begins no
placeholder stands for itself, so that `3 < 5` needs no care.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

NAME = r"[^\W\d][\w .-]{0,63}"
TOKEN = re.compile(rf"<<|<\s*(?P<name>{NAME}?)\s*(?:\|(?P<default>[^<>]*))?>")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A field's place in a text; `default` is None where a row must have a value."""

    name: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A text in pieces: literal texts and placeholders."""

    pieces: tuple[str | Placeholder, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Return the distinct fields in the order of their first place."""
        return tuple(dict.fromkeys(piece.name for piece in self.pieces if isinstance(piece, Placeholder)))


@dataclass(frozen=True, slots=True)
class Filled:
    """A row's text, and the fields that had neither a value nor a default."""

    text: str
    missing: tuple[str, ...] = ()


def parse_template(text: str) -> Template:
    """Return the text in pieces."""
    pieces: list[str | Placeholder] = []
    end = 0

    for found in TOKEN.finditer(text):
        pieces.append(text[end : found.start()])
        pieces.append("<" if found[0] == "<<" else Placeholder(found["name"], found["default"]))
        end = found.end()

    return Template(tuple(piece for piece in (*pieces, text[end:]) if piece))


def fill_template(template: Template, values: Mapping[str, object]) -> Filled:
    """Return a row's text; an empty or missing value takes the default, and is named where there is none."""
    texts: list[str] = []
    missing: dict[str, None] = {}

    for piece in template.pieces:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        value = _text_of(values.get(piece.name)) or piece.default
        if value is None:
            missing[piece.name] = None
        texts.append(value or "")

    return Filled("".join(texts), tuple(missing))


def _text_of(value: object) -> str:
    return "" if value is None else str(value).strip()
