"""Writes the export's tables and views into template.yaml, from the columns that the export itself has.

    python -m tools.export_tables

A table's partitions are projected, so that no crawler has to look for them. A view shows the latest row of each SID.
https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
"""

import json
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from twilio_bridge.sync.export_tables import DELETED, READ_AT, ExportColumn, ExportTable, list_tables

TEMPLATE: Final = Path(__file__).parents[1] / "template.yaml"
BEGINS, ENDS = "  # (made by tools/export_tables)\n", "  # (end of what tools/export_tables makes)\n"
# Athena's types for views, by Glue's.
VIEW_TYPES: Final = {"string": "varchar", "timestamp": "timestamp(3)"}
TABLE: Final = """\
  Export{id}Rows:
    Type: AWS::Glue::Table
    Condition: HasExport
    Properties:
      CatalogId: !Ref AWS::AccountId
      DatabaseName: !Ref ExportDatabase
      TableInput:
        Name: {rows}
        TableType: EXTERNAL_TABLE
        PartitionKeys: [{{Name: day, Type: date}}]
        Parameters:
          classification: json
          projection.enabled: "true"
          projection.day.type: date
          projection.day.format: yyyy-MM-dd
          projection.day.range: NOW-1500DAYS,NOW+2DAYS
          storage.location.template: !Sub s3://${{ExportBucket}}/{name}/day=${{!day}}/
        StorageDescriptor:
          Location: !Sub s3://${{ExportBucket}}/{name}/
          InputFormat: org.apache.hadoop.mapred.TextInputFormat
          OutputFormat: org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat
          SerdeInfo: {{SerializationLibrary: org.openx.data.jsonserde.JsonSerDe}}
          Columns:
{columns}
"""
VIEW: Final = """\
  Export{id}:
    Type: AWS::Glue::Table
    Condition: HasExport
    DependsOn: Export{id}Rows
    Properties:
      CatalogId: !Ref AWS::AccountId
      DatabaseName: !Ref ExportDatabase
      TableInput:
        Name: {name}
        TableType: VIRTUAL_VIEW
        Parameters: {{presto_view: "true", comment: Presto View}}
        StorageDescriptor:
          SerdeInfo: {{}}
          Columns:
{columns}
        ViewExpandedText: /* Presto View */
        ViewOriginalText: !Join
          - ""
          - - "/* Presto View: "
            - Fn::Base64: !Sub |-
{view}
            - " */"
"""


def write_resources() -> str:
    """Return the resources of all tables as they stand in the template."""
    return "\n".join(text for table in list_tables() for text in (_write_table(table), _write_view(table)))


def _write_table(table: ExportTable) -> str:
    columns = _write_columns((*table.columns, READ_AT, DELETED))
    return TABLE.format(id=table.name.capitalize(), name=table.name, rows=table.rows, columns=columns)


def _write_view(table: ExportTable) -> str:
    columns = (*table.columns, ExportColumn("day", "date", ""), READ_AT)
    view = textwrap.indent(json.dumps(describe_view(table)), " " * 16)
    return VIEW.format(id=table.name.capitalize(), name=table.view, columns=_write_columns(columns), view=view)


def _write_columns(columns: Iterable[ExportColumn]) -> str:
    return "\n".join(f'            - {{Name: "{column.name}", Type: {column.glue_type}}}' for column in columns)


def describe_view(table: ExportTable) -> dict[str, object]:
    """Return what Athena keeps of a view."""
    columns = (*table.columns, ExportColumn("day", "date", ""), READ_AT)
    return {
        "originalSql": table.write_view(),
        "catalog": "awsdatacatalog",
        "schema": "${ExportDatabase}",
        "columns": [{"name": each.name, "type": VIEW_TYPES.get(each.glue_type, each.glue_type)} for each in columns],
    }


def replace_resources(template: str) -> str:
    """Return the template with the tables as they are now."""
    before, _, rest = template.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    return f"{before}{BEGINS}{write_resources()}{ENDS}{after}"


def list_problems() -> Iterator[str]:
    """Yield what keeps the template from being written."""
    text = TEMPLATE.read_text(encoding="utf-8")
    yield from (f"template.yaml lacks the line {line.strip()!r}" for line in (BEGINS, ENDS) if line not in text)


def main() -> None:
    """Write the template."""
    if problems := list(list_problems()):
        raise SystemExit("\n".join(problems))
    TEMPLATE.write_text(replace_resources(TEMPLATE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
