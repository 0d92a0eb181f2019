"""Findings for a terminal and for a program."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from twilio_bridge.flex_insights.rules import RULES, Finding
from twilio_bridge_cli import output
from twilio_bridge_cli.commands.insights.reading import Looked

FINISHED: Final = (
    "It has ended: nothing of it can be changed any more, except segment_link and media for two minutes after the end."
)


def print_report(looked: Sequence[Looked]) -> None:
    """Print a line a finding, then each rule that is broken with what reports show instead."""
    several = len(looked) > 1
    heads = (*(("TASK",) if several else ()), "CODE", "SEVERITY", "WHERE", "WHAT IS WRONG", "WHAT TO DO")
    rows = [(*((each.name,) if several else ()), *_describe(finding)) for each in looked for finding in each.findings]
    if rows:
        output.print_table(heads, rows, ())
        output.print_text("")
        _print_rules({finding.code for each in looked for finding in each.findings})
    if any(each.is_finished and each.findings for each in looked):
        output.print_warning(FINISHED if not several else "Tasks that have ended cannot be changed any more.")
    output.print_note(_sum_up(looked), "bold" if rows else "green")


def _describe(finding: Finding) -> tuple[str, str, str, str, str]:
    where = finding.place or "all"
    return finding.code, finding.rule.severity, where, finding.problem, finding.remedy


def _print_rules(codes: Iterable[str]) -> None:
    for code in sorted(codes):
        rule = RULES[code]
        output.print_text(
            f"{output.make_bold(code)}  {rule.title}. Reports show: {rule.shown[:1].lower()}{rule.shown[1:]}."
        )
        output.print_text(f"       {rule.source}")


def _sum_up(looked: Sequence[Looked]) -> str:
    errors, warnings = count_severities(looked)
    what = f"{len(looked):,} looked at: " if len(looked) > 1 else ""
    if not errors and not warnings:
        return f"{what}nothing is wrong."
    return f"{what}{errors:,} error{'' if errors == 1 else 's'}, {warnings:,} warning{'' if warnings == 1 else 's'}."


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
    return {"looked_at": len(looked), "errors": errors, "warnings": warnings, "findings": findings}
