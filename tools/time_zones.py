"""Make the table of time zones by number: `python -m tools.time_zones PACKAGE` with an unpacked `phonenumbers`.

The bridge carries `phonenumberslite`, which lacks this table; the whole package is 22 MB. The table is
libphonenumber's, by the Libphonenumber Authors, under the Apache License 2.0.

It names a country's zone by a neighbour's that looked alike once: Morocco by the Canary Islands, Kaliningrad by
Bucharest. Where that neighbour's clock shows another time today, `CORRECTIONS` has the country's own zone. A test
compares every country's clocks with the time zone database's.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TABLE = Path("layers/bridge/twilio_bridge/messages/time_zones.json")
# By calling code: what stands for a zone of the table, and for all zones of a code where it has no such zone.
CORRECTIONS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "7": {"Europe/Bucharest": ("Europe/Kaliningrad",)},
    "7845": {"Europe/Moscow": ("Europe/Saratov",)},
    "56": {"America/Santiago": ("America/Santiago", "America/Punta_Arenas", "Pacific/Easter")},
    "61": {"Australia/Adelaide": ("Australia/Adelaide", "Australia/Darwin")},
    "211": {"Africa/Nairobi": ("Africa/Juba",)},
    "212": {"Atlantic/Canary": ("Africa/Casablanca",)},
    "213": {"Europe/Paris": ("Africa/Algiers",)},
    "218": {"Europe/Bucharest": ("Africa/Tripoli",)},
    "505": {"America/Chicago": ("America/Managua",)},
    "675": {"Pacific/Port_Moresby": ("Pacific/Port_Moresby", "Pacific/Bougainville")},
}


def main(package: Path) -> int:
    """Write the table of a `phonenumbers` package."""
    zones, prefixes = compact(correct(read_table(package / "tzdata" / "data0.py")))
    TABLE.write_text(json.dumps({"zones": zones, "prefixes": prefixes}, separators=(",", ":")) + "\n")
    return 0


def read_table(path: Path) -> dict[str, tuple[str, ...]]:
    """Return libphonenumber's table: a prefix without plus, and the names of its zones."""
    text = path.read_text().replace("from ..util import u\n", "")
    module: dict[str, Any] = {}
    exec(compile(text, str(path), "exec"), module)  # noqa: S102  a generated module that holds one dictionary
    return dict(module["data"])


def correct(table: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the table with the corrections in their calling codes, the longer codes last."""
    corrected = dict(table)
    for code, changes in sorted(CORRECTIONS.items()):
        for prefix in [each for each in corrected if each.startswith(code)]:
            named = [zone for name in corrected[prefix] for zone in changes.get(name, (name,))]
            corrected[prefix] = tuple(sorted(set(named)))
    return corrected


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
