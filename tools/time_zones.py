"""Make the table of time zones by number: `python -m tools.time_zones PACKAGE` with an unpacked `phonenumbers`.

The bridge carries `phonenumberslite`, which lacks this table; the whole package is 22 MB. The table is
libphonenumber's, by the Libphonenumber Authors, under the Apache License 2.0.
"""

import json
import sys
from pathlib import Path
from typing import Any

TABLE = Path("layers/bridge/twilio_bridge/messages/time_zones.json")


def main(package: Path) -> int:
    """Write the table of a `phonenumbers` package."""
    zones, prefixes = compact(read_table(package / "tzdata" / "data0.py"))
    TABLE.write_text(json.dumps({"zones": zones, "prefixes": prefixes}, separators=(",", ":")) + "\n")
    return 0


def read_table(path: Path) -> dict[str, tuple[str, ...]]:
    """Return libphonenumber's table: a prefix without plus, and the names of its zones."""
    text = path.read_text().replace("from ..util import u\n", "")
    module: dict[str, Any] = {}
    exec(compile(text, str(path), "exec"), module)  # noqa: S102  a generated module that holds one dictionary
    return dict(module["data"])


def compact(table: dict[str, tuple[str, ...]]) -> tuple[list[str], dict[str, list[int]]]:
    """Return the zones' names, and for each prefix their numbers; one equal to its shorter prefix is left out."""
    names = sorted({name for zones in table.values() for name in zones})
    numbers = {name: number for number, name in enumerate(names)}
    kept = {prefix: zones for prefix, zones in sorted(table.items()) if zones != _shorter(table, prefix)}
    return names, {prefix: [numbers[name] for name in zones] for prefix, zones in kept.items()}


def _shorter(table: dict[str, tuple[str, ...]], prefix: str) -> tuple[str, ...]:
    return next((table[prefix[:end]] for end in range(len(prefix) - 1, 0, -1) if prefix[:end] in table), ())


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
