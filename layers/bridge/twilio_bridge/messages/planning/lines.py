"""A file's lines out of its bytes, in any encoding, each with the offset behind it; only the line at hand is kept."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

# Yields a file's bytes from an offset on.
ReadFrom = Callable[[int], Iterator[bytes]]

MAX_LINE_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its number, from 1, and the offset behind it; `fault` where its bytes are no text."""

    text: str
    number: int
    end: int
    fault: str = ""


def iterate_lines(read_from: ReadFrom, encoding: str, offset: int, number: int) -> Iterator[Line]:
    """Return the lines from an offset on, each with its ending; a mark at the file's beginning is left out."""
    for raw, end in _split(read_from(offset), offset, "\n".encode(encoding)):
        try:
            text, fault = raw.decode(encoding), ""
        except UnicodeDecodeError as error:
            text = raw.decode(encoding, "replace")
            fault = f"the byte 0x{raw[error.start]:02x} is no {encoding.upper()}; name the file's encoding"
        if "\x00" in text:
            fault = fault or "holds a NUL character"
        yield Line(text.removeprefix("\ufeff") if number == 1 else text, number, end, fault)
        number += 1


def _split(blocks: Iterator[bytes], offset: int, newline: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield lines with the offset behind each; a line that is too long is cut there."""
    width, kept = len(newline), b""

    for block in blocks:
        kept, begin = kept + block, 0
        while (found := _find_newline(kept, newline, begin, width)) >= 0 or len(kept) - begin > MAX_LINE_BYTES:
            end = found + width if found >= 0 else begin + MAX_LINE_BYTES
            offset += end - begin
            yield kept[begin:end], offset
            begin = end
        kept = kept[begin:]

    if kept:
        yield kept, offset + len(kept)


def _find_newline(data: bytes, newline: bytes, begin: int, width: int) -> int:
    """Return where the next newline stands, on a whole character."""
    found = data.find(newline, begin)
    while found >= 0 and (found - begin) % width:
        found = data.find(newline, found + 1)
    return found
