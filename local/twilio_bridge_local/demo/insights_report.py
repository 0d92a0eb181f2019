"""A task as a hurried flow makes it, looked at before Flex Insights reads it; for the demonstration."""

from collections.abc import Iterator
from typing import Any

from rich.table import Table as Sheet

from twilio_bridge.flex_insights.lint import lint_task_attributes
from twilio_bridge_local.demo.frontline import NUMBER
from twilio_bridge_local.demo.steps import Step

ATTRIBUTES: dict[str, Any] = {
    "from": NUMBER,
    "conversations": {
        "outcom": "Sold",
        "in_business_hours": True,
        "hold_time": 42_000_000,
        "handling_team_name": "Support",
        "ivr_path": "1 > 2",
        "conversation_attribute_1": "CA0123456789abcdef0123456789abcdef",
    },
    "customers": {"name": "{{flow.variables.name}}", "external_id": "undefined"},
}
EXPECTED = ["FI001", "FI020", "FI016", "FI026", "FI041", "FI012", "FI034", "FI024"]


def scenario() -> Iterator[Step]:
    """Look at the attributes; nothing of the stack is needed, and nothing is changed."""
    found = lint_task_attributes(ATTRIBUTES)
    sheet = Sheet("code", title="Before Flex Insights reads it", title_justify="left", title_style="bold")
    sheet.add_column("where", overflow="fold")
    sheet.add_column("what is wrong, and what to do")
    for each in found:
        sheet.add_row(each.code, each.place, f"{each.problem}. {each.remedy}")

    codes = [each.code for each in found]
    errors = sum(each.is_error for each in found)
    answer = {"errors": errors, "warnings": len(found) - errors}
    yield Step("A flow's mistakes in a task, found before Flex Insights reads it", answer, codes == EXPECTED, [sheet])
