"""Writes the tables of the filter clause's parser, so that nobody builds them while a caller waits.

python -m tools.filter_tables
"""

import pickle
from importlib.metadata import version
from io import BytesIO

from twilio_bridge.entities.filter_clause.syntax import GRAMMAR, TABLES, build_parser


def make_tables() -> bytes:
    """Return the tables as they are stored, with what they are made from: their order is another one each time."""
    tables = BytesIO()
    build_parser().save(tables)
    made_from = {"grammar": GRAMMAR.read_text(encoding="utf-8"), "lark": version("lark")}
    return pickle.dumps(pickle.loads(tables.getvalue()) | made_from, protocol=4)  # noqa: S301  made a line before


def main() -> None:
    """Write them."""
    TABLES.write_bytes(make_tables())


if __name__ == "__main__":
    main()
