"""The sections for support events: from Flex to Brevo."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator

from twilio_bridge.config.section import Section

Channel = Annotated[str, Field(pattern="^[a-z][a-z0-9_-]*$")]
Occasion = Literal["task.created", "task.completed", "task.canceled", "conversation.ended", "survey.completed"]
# https://developers.brevo.com/docs/event-endpoints: letters, digits, underscore and hyphen, at most 255.
EventName = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,255}$")]
Attribute = Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_]{0,49}$")]
ListId = Annotated[int, Field(ge=1)]
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
        """Whether each request to Brevo has one."""
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
    """How Brevo is written to."""

    create_attributes: bool = True
    force_merge: bool = False


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
    lowest: float = 0
    highest: float = 10


class Figures(Section):
    """How the figures are counted: who hangs up sooner than this many seconds is a short abandon."""

    short_abandon_s: Annotated[int, Field(ge=0, le=600)] = 5
