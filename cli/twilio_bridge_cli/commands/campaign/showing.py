"""Campaigns in a terminal: what would be sent, how far it is, and what became of it."""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NoReturn, Self

import typer
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from twilio_bridge_cli import output
from twilio_bridge_cli.commands.campaign.calling import CampaignsApi
from twilio_bridge_cli.errors import DONE, REFUSED
from twilio_bridge_cli.watching import ask_patiently

PREVIEW_ROWS: Final = 3
FINAL_STATES: Final = {"finished", "cancelled", "refused"}
# What somebody has to look at: it does not go on by itself.
STUCK_STATES: Final = {"refused", "paused"}
BAR_ORDER: Final = ("sent", "failed", "skipped", "cancelled", "open")
_COLOURS: Final[Mapping[str, str]] = {"sent": "green", "failed": "red", "skipped": "yellow", "cancelled": "blue"}


def show_preview(page: Mapping[str, Any], total: int | None) -> None:
    """Show the first rows' texts, what is skipped and why, and the price as far as it is known."""
    rows: Sequence[Mapping[str, Any]] = page["rows"]
    going = [row for row in rows if row["state"] == "waiting"]
    for row in going[:PREVIEW_ROWS]:
        output.print_text(output.make_bold(f"{row['to']}  from {row['from']}"))
        output.print_text(f"  {output.escape_control(_describe_content(row))}")
        output.print_text(f"  {_describe_size(row)}")
    for line in describe_sum(rows, total if page.get("nextPageToken") else len(rows), str(page["currency"])):
        output.print_text(line)


def describe_sum(rows: Sequence[Mapping[str, Any]], total: int | None, currency: str) -> list[str]:
    """Return how many rows go, why others do not, and what they should cost; of more rows than these, by share."""
    going = [row for row in rows if row["state"] == "waiting"]
    reasons = Counter(str(row["reason"]) for row in rows if row["state"] == "skipped")
    known = [row["estimate"] for row in going if "estimate" in row]
    is_part = total is None or total > len(rows)
    lines = [f"{len(going):,} of {'the first ' if is_part else ''}{len(rows):,} rows would be sent."]

    if reasons:
        listed = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in reasons.most_common())
        lines.append(f"Skipped: {listed}.")
    if len(known) < len(going):
        lines.append(f"The price of {len(going) - len(known):,} is unknown: messages.prices in bridge.yaml has none.")
    if known:
        price = f"{sum(known):,.2f} {currency}"
        whole = f"; of all {total:,} about {sum(known) / len(rows) * total:,.2f}" if is_part and total else ""
        lines.append(f"They should cost {price}{whole}.")
    return lines


def _describe_content(row: Mapping[str, Any]) -> str:
    if "contentSid" in row:
        variables = ", ".join(f"{name}: {value}" for name, value in row["contentVariables"].items())
        return f"{row['contentSid']} ({variables})"
    return " ".join([str(row.get("text", "")), *map(str, row.get("media", []))])


def _describe_size(row: Mapping[str, Any]) -> str:
    if "encoding" not in row:
        return f"due {row['dueAt']}"
    segments = f"{row['segments']} segment{'' if row['segments'] == 1 else 's'} in {row['encoding']}"
    return f"{segments}, due {row['dueAt']}"


def describe_campaign(shown: Mapping[str, Any]) -> list[str]:
    """Return a campaign in lines: its state and why, its rows by outcome and by tally, and what it costs."""
    cause = f": {shown['cause']}" if shown.get("cause") else ""
    lines = [f"{shown['id']}  {shown['state']}{cause}"]
    if not shown.get("planned") and shown["state"] == "planning":
        lines.append(f"  {shown['rows']:,} rows planned so far")
    else:
        parts = ", ".join(f"{shown[name]:,} {name}" for name in BAR_ORDER)
        lines.append(f"  {shown['rows']:,} rows: {parts}")
    lines += [f"    {name.replace('_', ' ')}  {count:,}" for name, count in shown["by"].items()]
    if shown["spent"]:
        lines.append(f"  {shown['spent']:,.2f} {shown['currency']} so far")
    lines += [f"  {fault}" for fault in shown.get("faults", ())]
    if (hidden := shown.get("faultCount", 0) - len(shown.get("faults", ()))) > 0:
        lines.append(f"  and {hidden:,} more")
    return lines


class OutcomeBars:
    """A bar for each outcome, on stderr, where that is a terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description:>9}"), BarColumn(), TextColumn("{task.completed:,.0f}"))
        console = output.open_stderr()
        self._bars = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def show(self, shown: Mapping[str, Any]) -> None:
        """Show how far a campaign is."""
        for name in BAR_ORDER:
            if name not in self._tasks:
                colour = _COLOURS.get(name, "white")
                self._tasks[name] = self._bars.add_task(f"[{colour}]{name}[/{colour}]", total=None)
            self._bars.update(self._tasks[name], completed=shown[name], total=max(shown["rows"], 1))


def show_campaign(shown: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a campaign as it stands."""
    if as_json:
        output.print_json(shown)
        return
    for line in describe_campaign(shown):
        output.print_text(output.escape_control(line))


def exit_by_state(shown: Mapping[str, Any]) -> NoReturn:
    """End the command: 1 where the campaign does not go on by itself."""
    raise typer.Exit(REFUSED if shown["state"] in STUCK_STATES else DONE)


def watch_campaign(api: CampaignsApi, campaign_id: str, every: float = 2.0, *, as_json: bool) -> NoReturn:
    """Show bars until the campaign ends or stands still, then how it stands, and end the command."""
    with OutcomeBars() as bars:
        while True:
            shown = ask_patiently(lambda: api.get(campaign_id), every)
            bars.show(shown)
            if shown["state"] in FINAL_STATES | STUCK_STATES:
                break
            time.sleep(every)

    show_campaign(shown, as_json=as_json)
    exit_by_state(shown)


def describe_report(report: Mapping[str, Any]) -> Iterable[str]:
    """Yield a report in lines: its sums, then each table of it."""
    for name, value in report.items():
        if isinstance(value, list):
            yield ""
            yield output.make_bold(_title(name))
            yield from (f"  {_describe_entry(entry)}" for entry in value)
        elif isinstance(value, dict):
            yield ""
            yield output.make_bold(_title(name))
            yield from (f"  {key}  {_format(number)}" for key, number in value.items())
        else:
            yield f"{_title(name)}  {_format(value)}"


def _title(name: str) -> str:
    spaced = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name)
    return f"{spaced[:1].upper()}{spaced[1:]}"


def _describe_entry(entry: Mapping[str, Any]) -> str:
    first, *rest = entry.items()
    return "  ".join([str(first[1]), *(f"{_format(value)} {name}" for name, value in rest if value not in ("", None))])


def _format(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
