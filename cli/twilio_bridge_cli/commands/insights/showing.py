"""Findings for a terminal and for a program."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from twilio_bridge.flex_insights.rules import RULES
from twilio_bridge_cli import output
from twilio_bridge_cli.commands.insights.reading import TOGETHER, Looked

FINISHED: Final = (
    "What has ended cannot be changed any more, except segment_link and media for two minutes after the end."
)


def print_report(looked: Sequence[Looked]) -> None:
    """Print a line a finding, each broken rule with what reports show instead, and the sum."""
    count = sum(each.name != TOGETHER for each in looked)
    several = count > 1
    found = [(each.name, finding) for each in looked for finding in each.findings]
    if found:
        heads = ("TASK", "CODE", "SEVERITY", "WHERE", "WHAT IS WRONG", "WHAT TO DO")
        rows = [
            (name, each.code, each.rule.severity, each.place or "all", each.problem, each.remedy)
            for name, each in found
        ]
        output.print_table(heads if several else heads[1:], rows if several else [row[1:] for row in rows], ())
        output.print_text("")
        print_rules({finding.code for _, finding in found})
    if any(each.is_finished and each.findings for each in looked):
        output.print_warning(FINISHED)

    errors, warnings = count_severities(looked)
    what = f"{count:,} looked at: " if several else ""
    counts = f"{errors:,} error{'' if errors == 1 else 's'}, {warnings:,} warning{'' if warnings == 1 else 's'}"
    output.print_note(f"{what}{counts if found else 'nothing is wrong'}.", "bold" if found else "green")


def print_rules(codes: Iterable[str]) -> None:
    """Print rules with what reports show where they are broken, and the page of each."""
    for code in sorted(codes):
        rule = RULES[code]
        shown = f"{rule.shown[:1].lower()}{rule.shown[1:]}"
        output.print_text(f"{output.make_bold(code)}  {rule.title}. Reports show: {shown}.")
        output.print_text(f"       {rule.source}")


def count_severities(looked: Iterable[Looked]) -> tuple[int, int]:
    """Return how many errors there are, and how many warnings."""
    counts = Counter(finding.is_error for each in looked for finding in each.findings)
    return counts[True], counts[False]


def to_json(looked: Sequence[Looked]) -> dict[str, Any]:
    """Return the report as plain values."""
    errors, warnings = count_severities(looked)
    findings = [
        {
            "name": each.name,
            "finished": each.is_finished,
            "code": finding.code,
            "severity": finding.rule.severity,
            "place": output.escape_control(finding.place, keep=""),
            "problem": finding.problem,
            "remedy": output.escape_control(finding.remedy, keep=""),
            "shown": finding.rule.shown,
            "source": finding.rule.source,
        }
        for each in looked
        for finding in each.findings
    ]
    count = sum(each.name != TOGETHER for each in looked)
    return {"looked_at": count, "errors": errors, "warnings": warnings, "findings": findings}
