"""What an attribute of Flex Insights is, the limits of all of them, and the pages that document them."""

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Final, Literal

DOCS: Final = "https://www.twilio.com/docs"
INTEGRATION: Final = f"{DOCS}/flex/developer/insights/enhance-integration"
ABANDONED: Final = f"{DOCS}/flex/end-user-guide/insights/abandoned-conversations"
LABELS: Final = f"{DOCS}/flex/developer/insights/labels"
TASKROUTER_DATA: Final = f"{DOCS}/flex/developer/insights/taskrouter-data"
HIPAA: Final = f"{DOCS}/flex/developer/insights/hipaa-flex-insights-historical-reporting"
HANG_UP_BY: Final = "https://github.com/twilio-professional-services/flex-project-template/blob/main/docs/docs/feature-library/hang-up-by.md"

MAX_TEXT_LENGTH: Final = 128  # characters; Insights loads no more of a value
MIN_YEAR, MAX_YEAR = 1901, 2049
# Characters of all attributes of a task or of a worker: https://www.twilio.com/docs/taskrouter/api/task
MAX_ATTRIBUTES_LENGTH: Final = 4_096
MAX_TASK_SECONDS: Final = 86_400  # TaskRouter ends an assigned task after a day
SEPARATOR: Final = " ▸ "  # between the levels of a hierarchy
CONVERSATION_SLOTS, CUSTOMER_SLOTS, WORKER_SLOTS = 10, 3, 3

Group = Literal["conversations", "customers", "worker"]
Kind = Literal[
    "text",
    "hierarchy",
    "choice",
    "number",
    "seconds",
    "integer",
    "date",
    "year",
    "link",
    "phone",
    "email",
    "point",
    "media",
]
NUMBERS: Final[frozenset[Kind]] = frozenset(("number", "seconds", "integer"))
YES_NO: Final = ("Yes", "No")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute, and what its value has to be.

    `default` is what Insights takes where it is missing. `choices` are the documented values of a choice, and others
    are wrong where it `is_closed`, unusual otherwise. `priority` goes from 1, kept longest, to 9, left out first where
    a task's attributes get too long. A value of low cardinality is shared by many: an id there belongs into a label.
    """

    name: str
    kind: Kind
    meaning: str
    _: KW_ONLY
    group: Group
    dataset: str
    default: str = ""
    link: str = INTEGRATION
    choices: tuple[str, ...] = ()
    is_closed: bool = False
    priority: int = 5
    is_low_cardinality: bool = False
    is_kept_under_hipaa: bool = True

    @property
    def place(self) -> str:
        """Return where it stands: `conversations.outcome`; a worker's attribute stands at the top."""
        return self.name if self.group == "worker" else f"{self.group}.{self.name}"


def make_slots(group: Group, stem: str, dataset: str, count: int) -> Iterator[Attribute]:
    """Yield the attributes and labels of a group whose meaning is the account's own."""
    for number in range(1, count + 1):
        yield Attribute(
            name=f"{stem}_attribute_{number}",
            group=group,
            kind="text",
            meaning="Yours: a category that many share",
            default=f"the segment's id where {stem}_label_{number} alone is set",
            dataset=dataset,
            link=LABELS,
            priority=6,
            is_low_cardinality=True,
        )
        yield Attribute(
            name=f"{stem}_label_{number}",
            group=group,
            kind="text",
            meaning=f"What {stem}_attribute_{number} is shown as; alone, an id or another value that is nearly unique",
            default=f"{stem}_attribute_{number}",
            dataset=dataset,
            link=LABELS,
            priority=7,
        )
