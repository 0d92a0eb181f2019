"""How far a campaign is: its rows by what became of them, and the proof that none is left over."""

from collections import Counter
from collections.abc import Mapping

from twilio_bridge.messages.campaign import Campaign
from twilio_bridge.messages.ports import Counts


def count_rows(campaign: Campaign, changes: Counts) -> Counts:
    """Return the rows by their tallies: those that planning has added, and what has changed since."""
    planning = campaign.planning
    tallies = Counter({f"skipped_{reason}": count for reason, count in planning.skipped.items()})
    tallies["waiting"] = planning.rows - sum(planning.skipped.values())
    for name, change in changes.tallies.items():
        tallies[name] += change

    return Counts({name: count for name, count in tallies.items() if count}, changes.spent_micros)


def correct_planning(found: Counts, changes: Counts) -> Mapping[str, int]:
    """Return what planning has to have added, by tally, for the rows to be those that were found."""
    added = Counter(found.tallies)
    added.subtract(changes.tallies)
    return {name: count for name, count in added.items() if count}
