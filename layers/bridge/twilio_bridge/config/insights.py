"""The section for Flex Insights: which attributes of tasks and workers are written, and from where."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Final, Literal, get_args

from pydantic import BeforeValidator, Field

from twilio_bridge.config.section import Section

Origin = Literal["contact", "person", "task", "event", "text"]
ORIGINS: Final[tuple[str, ...]] = get_args(Origin)
# Fields of a contact; every other name is a column of the contacts' table.
CONTACT_FIELDS: Final = frozenset(
    ("id", "name", "sms", "whatsapp", "chat", "email", "linkedin", "notes", "owner", "avatar")
)
# What is known of a person, beside the paths of `field_mapping`. `link` is what their earlier conversations, which had
# no external_id, are linked by.
PERSON_FACTS: Final = frozenset(
    (
        *("id", "external_id", "email", "phone", "identity", "name", "link"),
        *("total_conversations", "avg_wait_time", "last_conversation_date", "last_csat_score", "preferred_channel"),
    )
)
# What the events of a task hold.
EVENT_FACTS: Final = frozenset(
    (
        *("task_sid", "first_task", "reason", "disposition", "channel", "direction", "queue", "queue_sid"),
        *("workflow_sid", "worker", "worker_sid", "created_at"),
    )
)
CUSTOMERS: Final[Mapping[str, tuple[str, ...]]] = {
    "external_id": ("person.link", "contact.id"),
    "name": ("contact.name", "person.name"),
    "phone": ("person.phone", "contact.sms", "contact.whatsapp"),
    "email": ("person.email", "contact.email"),
    "customer_manager": ("contact.owner",),
}
CONVERSATIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "hang_up_by": ("=Customer",),
    "outcome": ("event.disposition",),
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from: a field of the contact, a fact of person or event, a task attribute, or a text."""

    origin: Origin
    name: str


def parse_source(text: str) -> Source | None:
    """Return what a source of the mapping names, such as `contact.name` or `=Customer`; None where it is none."""
    if text.startswith("="):
        return Source("text", text[1:])
    origin, point, name = text.partition(".")
    if not point or not name.strip() or origin not in ORIGINS or origin == "text":
        return None
    return Source(origin, name)  # type: ignore[arg-type]  # it is one of ORIGINS


def _as_list(value: Any) -> Any:  # noqa: ANN401  what YAML holds
    return (value,) if isinstance(value, str) else value


Sources = Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]
Priority = Annotated[int, Field(ge=1, le=9)]


class Dispositions(Section):
    """Where an agent's wrap-up disposition stands in the task's attributes, and the outcome that each stands for.

    A disposition that `outcomes` lacks is itself the outcome; case does not matter.
    """

    paths: Annotated[tuple[str, ...], Field(min_length=1)] = ("disposition", "conversations.outcome")
    outcomes: Mapping[str, str] = {}


class Workers(Section):
    """How workers are written: `key` is the column that names one, `columns` has the column of each attribute.

    Without columns, a column of an attribute's name is that attribute. With `sso` the identity provider writes them.
    """

    key: str = "email"
    columns: Mapping[str, str] = {}
    sso: bool = False


class Insights(Section):
    """What is written to tasks; for each attribute the first source that has a value.

    A value is written where the task has none, or in place of another where `overwrite` names the attribute.
    `priorities` go from 1, kept longest, to 9, left out first where a task's attributes get too long.
    """

    enabled: bool = False
    hipaa: bool = False
    requests_per_s: Annotated[float, Field(gt=0, le=1_000)] = 30
    customers: Mapping[str, Sources] = CUSTOMERS
    conversations: Mapping[str, Sources] = CONVERSATIONS
    values: Mapping[str, Mapping[str, str]] = {}
    overwrite: tuple[str, ...] = ()
    priorities: Mapping[str, Priority] = {}
    dispositions: Dispositions = Dispositions()
    workers: Workers = Workers()

    @cached_property
    def sources(self) -> Mapping[str, tuple[Source, ...]]:
        """The sources of each attribute, by its place (`customers.name`); a source that is none is left out."""
        parsed = ((place, map(parse_source, texts)) for place, texts in self.list_lines())
        return {place: tuple(source for source in sources if source) for place, sources in parsed}

    @cached_property
    def contact_columns(self) -> tuple[str, ...]:
        """The columns of the contacts' table that the mapping reads, beside a contact's own fields; in order."""
        every = (source for sources in self.sources.values() for source in sources if source.origin == "contact")
        return tuple(dict.fromkeys(source.name for source in every if source.name not in CONTACT_FIELDS))

    @property
    def cached_columns(self) -> tuple[str, ...]:
        """Of these the ones that have to be in the copy of the contacts: none while nothing is written."""
        return self.contact_columns if self.enabled else ()

    def list_lines(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Yield each attribute's place and its sources as they are written."""
        yield from ((f"customers.{name}", texts) for name, texts in self.customers.items())
        yield from ((f"conversations.{name}", texts) for name, texts in self.conversations.items())
