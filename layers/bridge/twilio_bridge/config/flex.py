"""The sections for support events: from Flex to Brevo."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from twilio_bridge.config.section import Section

Channel = Annotated[str, Field(pattern="^[a-z][a-z0-9_-]*$")]
Occasion = Literal["task.created", "task.completed", "task.canceled", "conversation.ended", "survey.completed"]
# https://developers.brevo.com/docs/event-endpoints: letters, digits, underscore and hyphen, at most 255.
EventName = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,255}$")]
Attribute = Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_]{0,49}$")]
ListId = Annotated[int, Field(ge=1)]
AttributeType = Literal["text", "number", "boolean", "date", "list"]
PLACEHOLDER = "X" * 32

FIELDS: Mapping[str, str] = {
    "identity": "FLEX_IDENTITY",
    "friendly_name": "FIRSTNAME",
    "attributes.email": "email",
    "attributes.phone": "SMS",
    "last_conversation_date": "LAST_SUPPORT_DATE",
    "total_conversations": "SUPPORT_TICKET_COUNT",
    "avg_wait_time": "AVG_WAIT_TIME",
    "last_csat_score": "CSAT_SCORE",
    "preferred_channel": "PREFERRED_CHANNEL",
    "customer_tier": "VIP_TIER",
    "account_id": "ACCOUNT_ID",
}
EVENTS: Mapping[Occasion, str] = {
    "task.created": "SUPPORT_REQUESTED",
    "task.completed": "SUPPORT_RESOLVED",
    "task.canceled": "SUPPORT_ABANDONED",
    "conversation.ended": "CONVERSATION_ENDED",
    "survey.completed": "CSAT_SUBMITTED",
}


# Figures of ours, and the attributes that Brevo finds a contact by.
METRICS = frozenset(
    ("last_conversation_date", "total_conversations", "avg_wait_time", "last_csat_score", "preferred_channel")
)
IDENTIFIERS: Mapping[str, str] = {"EMAIL": "email", "SMS": "phone", "EXT_ID": "external"}


def mapping_problems(field_mapping: Mapping[str, str]) -> Iterator[str]:
    """Return why lines of a field mapping can never work, each as a sentence about the line."""
    paths: dict[str, str] = {}
    for path, target in field_mapping.items():
        name = target.upper()
        plain = path.removeprefix("attributes.")
        if not all(plain.split(".")) or any(mark in plain for mark in "[]*{}$"):
            yield f"field_mapping.{path}: write the path of a task attribute with dots, such as customers.tier"
        elif path in METRICS and name in IDENTIFIERS:
            yield f"field_mapping.{path}: a figure cannot be {name}, which a contact is found by"
        elif name in paths:
            yield f"field_mapping.{path}: {name} is what {paths[name]} is mapped to already"
        paths.setdefault(name, path)


class Sync(Section):
    """What is taken over: each kind of event, the customers' attributes, and the workers' figures."""

    conversations: bool = True
    tasks: bool = True
    customers: bool = True
    csat: bool = True
    agent_activity: bool = False


class Lists(Section):
    """Brevo's lists, by id: everybody who asked for support, and everybody who answered a survey."""

    support_contacts: ListId | None = None
    csat_respondents: ListId | None = None


class TwilioFlex(Section):
    """What comes from Flex, and what of it is used."""

    enabled: bool = True
    account_sid: Annotated[str, Field(pattern="^(AC[0-9A-Za-z]{32})?$")] = ""
    flex_flow_sid: Annotated[str, Field(pattern="^(FO[0-9A-Za-z]{32})?$")] = ""
    sync: Sync = Sync()
    lists: Lists = Lists()
    channels: tuple[Channel, ...] = ("voice", "sms", "whatsapp", "webchat")
    debug: bool = False
    log_level: Literal["normal", "verbose"] = "normal"
    log_api_calls: bool = False

    @property
    def logs_events(self) -> bool:
        """Whether each event has a line in the log."""
        return self.debug or self.log_level == "verbose"

    @property
    def logs_calls(self) -> bool:
        """Whether each request to a vendor has one."""
        return self.debug or self.log_api_calls

    @field_validator("account_sid", "flex_flow_sid")
    @classmethod
    def _not_the_example(cls, sid: str) -> str:
        """Return the example's `ACXXX…` as empty: it was not filled in."""
        return "" if sid.endswith(PLACEHOLDER) else sid


class Connectors(Section):
    """What is connected."""

    twilio_flex: TwilioFlex = TwilioFlex()


class Brevo(Section):
    """How Brevo is written to.

    A mapped task attribute is text unless `attribute_types` gives it another type, by Brevo's name for it.
    """

    create_attributes: bool = True
    force_merge: bool = False
    attribute_types: Mapping[Attribute, AttributeType] = {}

    @field_validator("attribute_types")
    @classmethod
    def _in_capitals(cls, types: Mapping[str, AttributeType]) -> Mapping[str, AttributeType]:
        """Return the names as Brevo writes them."""
        return {name.upper(): kind for name, kind in types.items()}


class Surveys(Section):
    """How a survey is known, and where its score stands; scores outside the range are none."""

    channels: tuple[str, ...] = ("survey",)
    workflows: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    score: Annotated[tuple[str, ...], Field(min_length=1)] = (
        "conversations.conversation_measure_1",
        "conversations.conversation_attribute_1",
    )
    on_ordinary_tasks: bool = False
    partial: bool = True
    lowest: float = 0
    highest: float = 10


class Figures(Section):
    """How the figures are counted; times in seconds.

    Who hangs up sooner than `short_abandon_s` is a short abandon. Tasks of one conversation are one interaction while
    the next begins within `same_interaction_s` of the last one's end. The service level is the share that is answered
    within `service_level_s`.
    """

    short_abandon_s: Annotated[int, Field(ge=0, le=600)] = 5
    same_interaction_s: Annotated[int, Field(ge=0, le=86_400)] = 30
    service_level_s: Annotated[int, Field(ge=1, le=3_600)] = 20
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name != "UTC":
            from zoneinfo import ZoneInfo  # noqa: PLC0415  its data is wanted only where a zone is named

            try:
                ZoneInfo(name)
            except (ValueError, OSError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
                raise PydanticCustomError("no_timezone", "no zone of IANA's has this name") from error
        return name


class Identity(Section):
    """Values that identify nobody, beside what is known to: see `support.person_keys`.

    `placeholders` are values of keys that stand for nobody, `labels` are display names that are nobody's, and
    `own_numbers` are the company's, beside those of the senders and workers.
    """

    placeholders: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    own_numbers: tuple[Annotated[str, Field(pattern=r"^(whatsapp:)?\+[1-9][0-9]{6,14}$")], ...] = ()


class Support(Section):
    """How long a person's interactions are kept, in days after each one's last event; their sums stay."""

    keep_days: Annotated[int, Field(ge=60, le=3_650)] = 400
