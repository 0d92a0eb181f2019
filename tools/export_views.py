"""Prints the export's tables and views as SQL for duckdb, over a folder with the same files.

python -m tools.export_views export/ > views.sql

"""

import sys
from collections.abc import Iterator
from pathlib import Path

from twilio_bridge.sync.export_tables import DELETED, READ_AT, ExportTable, list_tables

TYPES = {"string": "VARCHAR", "bigint": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN"}


def write_views(folder: Path) -> Iterator[str]:
    """Yield the statements: for each table that has files its rows, then its view."""
    for table in list_tables():
        if any(folder.glob(f"{table.name}/day=*/*.json.gz")):
            yield f"CREATE OR REPLACE VIEW {table.rows} AS {_read_files(table, folder)};"
            yield f"CREATE OR REPLACE VIEW {table.view} AS {table.write_view()};"


def _read_files(table: ExportTable, folder: Path) -> str:
    """Return the SELECT over a table's files, each column in the type that Glue has for it."""
    columns = (*table.columns, READ_AT, DELETED)
    types = ", ".join(f"'{each.name}': '{TYPES.get(each.glue_type, each.glue_type.upper())}'" for each in columns)
    files = f"{folder}/{table.name}/day=*/*.json.gz".replace("'", "''")
    options = f"format = 'newline_delimited', columns = {{{types}}}, hive_partitioning = true"
    return f"SELECT * FROM read_json('{files}', {options}, hive_types = {{'day': DATE}})"  # noqa: S608  names of ours


def main() -> None:
    """Print the statements."""
    sys.stdout.writelines(f"{statement}\n" for statement in write_views(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
