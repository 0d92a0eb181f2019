"""How different an attribute's values are over many tasks: what nearly each has another of belongs in a label.

https://www.twilio.com/docs/flex/developer/insights/labels: values that are almost unique fill the two billion that a
workspace may have, and slow down its loads.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from twilio_bridge.flex_insights.model import GROUPS
from twilio_bridge.flex_insights.naming import OBJECTS
from twilio_bridge.flex_insights.rules import Finding
from twilio_bridge.flex_insights.together import read_object
from twilio_bridge.flex_insights.values import advise_label

MIN_TASKS_COUNT: Final = 20  # of fewer it shows nothing
MIN_SHARE: Final = 0.8  # of different values among them


class Cardinality:
    """The values of tasks that were added, as digests; of a task that is added again the latest counts."""

    def __init__(self) -> None:
        self._values: defaultdict[str, dict[str, int]] = defaultdict(dict)

    def add_task(self, name: str, attributes: object) -> None:
        """Add a task by a name of its own; what is no object has no values."""
        if not isinstance(attributes, Mapping):
            return
        for group in OBJECTS:
            for each, value in read_object(attributes, group).items():
                attribute = GROUPS[group].get(each)
                if attribute and attribute.is_low_cardinality and isinstance(value, str) and value.strip():
                    self._values[attribute.place][name] = hash(value)

    def list_findings(self) -> list[Finding]:
        """Return the attributes that nearly every task has another value of."""
        found = []
        for place, values in sorted(self._values.items()):
            different = len(set(values.values()))
            if len(values) >= MIN_TASKS_COUNT and different >= MIN_SHARE * len(values):
                problem = f"{different:,} different values in {len(values):,} tasks"
                found.append(Finding("FI041", place, problem, advise_label(place.partition(".")[2])))
        return found
