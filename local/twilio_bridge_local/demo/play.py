"""The demonstration, played against the running stack; `make run ARGS=--demo` shows it.

Every answer is shown and judged, and the demonstration is right only if every step was.
"""

import json
from collections.abc import Iterable
from itertools import chain

from rich.console import Console
from rich.padding import Padding

from twilio_bridge_local.demo import frontline, insights, insights_report, messages, support
from twilio_bridge_local.demo.steps import Step
from twilio_bridge_local.stack import Stack

MAX_SHOWN_LENGTH = 300


def play(stack: Stack) -> bool:
    """Play the scenarios; return whether all answers were right."""
    scenarios = (
        frontline.scenario(stack),
        support.scenario(stack),
        insights.scenario(stack),
        insights_report.scenario(),
        messages.scenario(stack),
    )
    return show(chain(*scenarios), Console(highlight=False))


def show(steps: Iterable[Step], console: Console) -> bool:
    """Show each step with its answer, and return whether all were right."""
    wrong = 0
    for number, step in enumerate(steps, 1):
        mark = "[green]✓[/]" if step.right else "[red]✗[/]"
        console.print(f"{mark} [bold]{number}. {step.title}[/]")
        console.print(f"   {_short(step.answer)}", style="dim", markup=False, soft_wrap=True)
        for table in step.tables:
            console.print(Padding(table, (0, 0, 0, 3)))
        wrong += not step.right
    console.print("[green]All answers were right.[/]" if not wrong else f"[red]{wrong} answers were wrong.[/]")
    return not wrong


def _short(answer: object) -> str:
    shown = answer if isinstance(answer, (dict, list)) else getattr(answer, "__dict__", answer)
    text = json.dumps(shown, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_SHOWN_LENGTH else f"{text[:MAX_SHOWN_LENGTH]}…"
