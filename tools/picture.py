"""Draw the demonstration's output as docs/demo.svg, from a real run; `make picture` calls it.

The picture has no link to a font: it uses the reader's own monospace one.
"""

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

PICTURE: Final = Path("docs/demo.svg")
WIDTH: Final = 110
MAX_STEP_LINES: Final = 17  # a step's title, its answer and the beginning of its tables
TIMEOUT_S: Final = 180
TITLE: Final = "make run ARGS=--demo"


def main() -> int:
    """Play the demonstration and draw it; return its exit code, and draw nothing where it fails."""
    environment = {**os.environ, "FORCE_COLOR": "1", "COLUMNS": str(WIDTH)}
    port = environment.setdefault("PORT", "3999")
    # The arguments are this file's own.
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "twilio_bridge_local", "--demo", "--port", port],
        stdout=subprocess.PIPE,
        text=True,
        timeout=TIMEOUT_S,
        env=environment,
        check=False,
    )
    if done.returncode == 0:
        PICTURE.write_text(draw(done.stdout), encoding="utf-8")
        sys.stdout.write(f"{PICTURE} is new.\n")
    return done.returncode


def draw(output: str) -> str:
    """Return a terminal's output as SVG; what is too long for the picture ends with an ellipsis."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    for line in shorten_steps(output.rstrip().splitlines()):
        text = Text.from_ansi(line)
        text.truncate(WIDTH, overflow="ellipsis")
        console.print(text, soft_wrap=True)

    svg = console.export_svg(title=TITLE, unique_id="demo")
    return re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "ui-monospace")


def shorten_steps(lines: list[str]) -> Iterator[str]:
    """Yield the lines; of a step, whose first line is not indented, only as many as MAX_STEP_LINES."""
    shown = 0
    for line in lines:
        shown = shown + 1 if Text.from_ansi(line).plain.startswith("   ") else 1
        if shown <= MAX_STEP_LINES:
            yield line
        elif shown == MAX_STEP_LINES + 1:
            yield "   …"


if __name__ == "__main__":
    sys.exit(main())
