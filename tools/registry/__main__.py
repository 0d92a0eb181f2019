"""Write the registry: `python -m tools.registry`; `--from FOLDER` first takes in Twilio's nine files anew."""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from tools.registry.description import read_documents, write_compact
from tools.registry.entities import make_entities
from twilio_bridge.entities.registry import FILE
from twilio_bridge_local.vendors.twilio.openapi.routes import DESCRIPTION

CHOICES: Final = Path(__file__).with_name("choices.yaml")


def main() -> None:
    """Write the registry from the description in the repository."""
    parser = argparse.ArgumentParser(prog="python -m tools.registry", description=__doc__)
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="Twilio's OpenAPI files, as JSON")
    source = parser.parse_args().source
    if source:
        write_compact(source, DESCRIPTION)
    FILE.write_text(make_registry(), encoding="utf-8")
    sys.stdout.write(f"{FILE.name}: {len(FILE.read_text().splitlines()) - 1} entities\n")


def make_registry() -> str:
    """Return the registry's text: the aliases, then an entity a line."""
    choices: Mapping[str, Any] = yaml.safe_load(CHOICES.read_text(encoding="utf-8"))
    entities = make_entities(read_documents(DESCRIPTION), choices)
    _check_choices(choices, entities)
    head = {"aliases": choices["aliases"], "secrets": choices["secrets"]}
    lines = [f"{name}\t{_json(entity)}" for name, entity in sorted(entities.items())]
    return "\n".join([_json(head), *lines]) + "\n"


def _check_choices(choices: Mapping[str, Any], entities: Mapping[str, Any]) -> None:
    """Refuse choices about what the description no longer has."""
    named = {*choices["aliases"].values(), *choices["notes"], *choices["ranges"], *choices["keys"]}
    named |= {key.split()[0] for part in ("guards", "cautions", "no_key") for key in choices[part] if " " in key}
    if unknown := sorted(named - entities.keys()):
        raise ValueError(f"choices.yaml names entities that do not exist: {', '.join(unknown)}")


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    main()
