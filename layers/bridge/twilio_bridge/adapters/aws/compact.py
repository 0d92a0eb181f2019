"""JSON as short as it can be, for items that are billed by their size."""

import json
from typing import Any


def pack(value: object) -> str:
    """Write plain values; half a character, which no store takes, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()


def unpack(text: str) -> Any:  # noqa: ANN401  whatever was packed
    """Read what `pack` wrote."""
    return json.loads(text)
