"""The rules for attributes of Flex Insights: a stable code each, what reports show where it is broken, and its source.

An error loses or falsifies something in the reports; a warning may. Codes are never given to another rule.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from twilio_bridge.flex_insights.attribute import (
    ABANDONED,
    DOCS,
    HANG_UP_BY,
    HIPAA,
    INTEGRATION,
    LABELS,
    TASKROUTER_DATA,
)

Severity = Literal["error", "warning"]
_TASK: Final = f"{DOCS}/taskrouter/api/task"
_LIFECYCLE: Final = f"{DOCS}/taskrouter/lifecycle-task-state"
_E164: Final = f"{DOCS}/glossary/what-e164"
_LIQUID: Final = f"{DOCS}/studio/user-guide/liquid-template-language"
_MIXED: Final = "https://developer.mozilla.org/docs/Web/Security/Mixed_content"
_JSON: Final = "https://www.rfc-editor.org/rfc/rfc8259#section-4"


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `shown` is what Flex Insights shows instead where it is broken.

    Not all of that is stated by Twilio; what is not follows from what its page has.
    """

    code: str
    severity: Severity
    title: str
    shown: str
    source: str
    is_stated: bool = True


_RULES: Final = (
    # --- where attributes stand -----------------------------------------------------------------------------------
    Rule("FI001", "error", "An attribute has a known name", "Nothing: unknown names are ignored silently", INTEGRATION),
    Rule("FI002", "error", "An attribute stands in its own object", "Nothing: it is unknown there", INTEGRATION),
    Rule(
        "FI003",
        "warning",
        "No attribute's name stands outside of its object",
        "Nothing: it is taken for one of your own",
        INTEGRATION,
    ),
    Rule(
        "FI004",
        "error",
        "`conversations` and `customers` are objects",
        "Nothing of what is in them",
        INTEGRATION,
        is_stated=False,
    ),
    Rule(
        "FI005",
        "error",
        "Custom slots go from 1 to 10, for customers and agents from 1 to 3",
        "Nothing: there is no such slot",
        LABELS,
    ),
    Rule(
        "FI006",
        "error",
        "All attributes together have at most 4,096 characters",
        "Nothing: TaskRouter refuses the update",
        _TASK,
    ),
    Rule(
        "FI007",
        "error",
        "An attribute's value is no object and no list",
        "Nothing that is documented",
        INTEGRATION,
        is_stated=False,
    ),
    Rule("FI008", "error", "A key stands once in its object", "The value that stands last", _JSON),
    Rule("FI009", "error", "Attributes are a JSON object", "Nothing of them", _TASK),
    # --- text -----------------------------------------------------------------------------------------------------
    Rule("FI010", "error", "A text has at most 128 characters", "Its first 128 characters", INTEGRATION),
    Rule(
        "FI011",
        "warning",
        "What is unknown is null or left out, not an empty text",
        "A category without a name",
        INTEGRATION,
        is_stated=False,
    ),
    Rule(
        "FI012",
        "error",
        "A text is no placeholder, such as `undefined`",
        "The placeholder, as a category of its own",
        _LIQUID,
        is_stated=False,
    ),
    Rule(
        "FI013",
        "warning",
        "A text has no blanks around it and no control characters",
        "Another category than the same text without",
        LABELS,
        is_stated=False,
    ),
    Rule(
        "FI014",
        "warning",
        "A text is no number and no boolean",
        "What Insights makes of it: that is not documented",
        INTEGRATION,
        is_stated=False,
    ),
    # --- numbers --------------------------------------------------------------------------------------------------
    Rule("FI015", "error", "A measure is a number", "No measure: it cannot be added up", INTEGRATION, is_stated=False),
    Rule(
        "FI016",
        "warning",
        "A time is in seconds: not negative, at most a day",
        "A time that distorts every mean",
        _LIFECYCLE,
        is_stated=False,
    ),
    Rule(
        "FI017",
        "warning",
        "`order` is a whole number from 1",
        "Segments in another order",
        INTEGRATION,
        is_stated=False,
    ),
    # --- dates ----------------------------------------------------------------------------------------------------
    Rule("FI018", "error", "A date is in the years 1901 to 2049", "No date", INTEGRATION),
    Rule(
        "FI019",
        "warning",
        "A date is YYYY-MM-DD, a year four digits",
        "What Insights makes of it: other forms are not documented",
        INTEGRATION,
        is_stated=False,
    ),
    # --- choices --------------------------------------------------------------------------------------------------
    Rule(
        "FI020",
        "error",
        "A choice has one of its documented values",
        "A category of its own, which the built-in metrics do not count",
        ABANDONED,
    ),
    Rule(
        "FI021",
        "warning",
        "A choice is spelled as documented",
        "A category of its own beside the documented ones",
        ABANDONED,
    ),
    Rule(
        "FI022",
        "error",
        "After a Callback Request `abandoned` is Follow-Up",
        "The call among the abandoned or the handled ones",
        ABANDONED,
    ),
    Rule(
        "FI023",
        "warning",
        "Only what was abandoned has an `abandoned_phase`",
        "A phase for a call that an agent took",
        ABANDONED,
        is_stated=False,
    ),
    # --- teams ----------------------------------------------------------------------------------------------------
    Rule("FI024", "error", "A team's name comes with its id", "The queue's SID and name instead", INTEGRATION),
    Rule("FI025", "error", "A department's name comes with its id", "No department", INTEGRATION),
    Rule(
        "FI026",
        "warning",
        'Levels of a hierarchy stand apart by " ▸ "',
        "One level, with the signs in its name",
        INTEGRATION,
        is_stated=False,
    ),
    Rule(
        "FI027",
        "warning",
        "A hierarchy ends with the name itself",
        "A team that stands in two places",
        INTEGRATION,
        is_stated=False,
    ),
    # --- links ----------------------------------------------------------------------------------------------------
    Rule(
        "FI028",
        "error",
        "A link is an http or https address",
        "A link that leads nowhere",
        INTEGRATION,
        is_stated=False,
    ),
    Rule(
        "FI029",
        "error",
        "`segment_link` is public or has its authorisation in path or query",
        "A player that plays nothing",
        INTEGRATION,
    ),
    Rule(
        "FI030",
        "warning",
        "A link's authorisation does not expire",
        "A player that plays nothing once it has expired",
        INTEGRATION,
        is_stated=False,
    ),
    Rule(
        "FI031",
        "warning",
        "`segment_link` begins with https",
        "A player that the browser forbids to load it",
        _MIXED,
        is_stated=False,
    ),
    Rule(
        "FI032",
        "warning",
        "A link has at most 128 characters",
        "A link that is cut, where the limit of texts holds for it",
        INTEGRATION,
        is_stated=False,
    ),
    Rule(
        "FI033",
        "error",
        "`media` is a list of objects with url or conversation_sid",
        "No recording",
        HIPAA,
        is_stated=False,
    ),
    # --- who the customer is --------------------------------------------------------------------------------------
    Rule("FI034", "error", "What links customers is nobody's placeholder", "All of them as one customer", INTEGRATION),
    Rule(
        "FI035",
        "warning",
        "A number is in E.164",
        "A customer who is not linked with their calls",
        _E164,
        is_stated=False,
    ),
    Rule(
        "FI036",
        "warning",
        "An e-mail address is one, in lower case",
        "A customer who is not linked with their e-mails",
        INTEGRATION,
        is_stated=False,
    ),
    Rule(
        "FI037",
        "warning",
        "A customer has something to be linked by",
        "A new customer for every conversation",
        INTEGRATION,
    ),
    Rule("FI038", "error", "`geo_location` is latitude;longitude", "No place", INTEGRATION, is_stated=False),
    # --- HIPAA ----------------------------------------------------------------------------------------------------
    Rule(
        "FI039",
        "error",
        "Under HIPAA only attributes that Twilio keeps are set",
        "Nothing: it is removed before it is loaded",
        HIPAA,
    ),
    Rule("FI040", "error", "Under HIPAA no personal data stands in what is kept", "The personal data", HIPAA),
    # --- cardinality ----------------------------------------------------------------------------------------------
    Rule(
        "FI041",
        "warning",
        "An id stands in a label, not in an attribute",
        "Slower loads, and at two billion values older data deleted",
        LABELS,
    ),
    # --- a task's life --------------------------------------------------------------------------------------------
    Rule("FI042", "warning", "A task that ends has an outcome or a reason", "No outcome", TASKROUTER_DATA),
    Rule(
        "FI043",
        "warning",
        "A call's `hang_up_by` is set from the beginning",
        "Nobody who hung up, where the customer gave up waiting",
        HANG_UP_BY,
    ),
    Rule(
        "FI044",
        "warning",
        "What has a recording does not set `kind`",
        "A player that may not play",
        f"{DOCS}/flex/end-user-guide/insights/conversation-structure",
    ),
    # --- the mapping in bridge.yaml -------------------------------------------------------------------------------
    Rule(
        "FI101",
        "error",
        "A source begins with contact., person., task., event. or =",
        "Nothing: there is no value",
        INTEGRATION,
        is_stated=False,
    ),
    Rule(
        "FI102", "error", "A source names a fact there is", "Nothing: there is no value", INTEGRATION, is_stated=False
    ),
    Rule(
        "FI103",
        "error",
        "A mapped attribute takes one value",
        "Nothing: recordings are a list, and added as such",
        HIPAA,
        is_stated=False,
    ),
)
RULES: Final[Mapping[str, Rule]] = {rule.code: rule for rule in _RULES}


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that is broken in one place. It never holds the value, so that it can be logged."""

    code: str
    place: str
    problem: str
    remedy: str

    @property
    def rule(self) -> Rule:
        """Return the rule."""
        return RULES[self.code]

    @property
    def message(self) -> str:
        """Return what is wrong and what to do about it, in one line."""
        return f"{self.problem} → {self.remedy}"

    @property
    def is_error(self) -> bool:
        """Return whether something is lost or falsified."""
        return self.rule.severity == "error"
