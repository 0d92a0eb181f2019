"""Bars for the terminal: how much came in, by period."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

WIDTH: Final = 40
# Eighths of a character: https://www.unicode.org/charts/PDF/U2580.pdf
BLOCKS: Final = " ▏▎▍▌▋▊▉█"


def draw_bars(lines: Iterable[Mapping[str, Any]], measure: str, *, is_unicode: bool) -> Iterator[str]:
    """Return a bar a period, summed over what there is of it; the longest has the whole width."""
    sums: dict[str, int] = {}
    for line in lines:
        sums[line["day"]] = sums.get(line["day"], 0) + line[measure]
    most = max(sums.values(), default=0)
    if not most:
        return

    label = max(map(len, sums))
    for period, count in sums.items():
        bar = _draw(count / most * WIDTH) if is_unicode else "#" * round(count / most * WIDTH)
        yield f"{period:<{label}}  {bar} {count:,}"


def _draw(length: float) -> str:
    whole, part = divmod(round(length * 8), 8)
    return BLOCKS[8] * whole + (BLOCKS[part] if part else "")
