"""What people configure: `bridge.yaml`, checked key by key.

The packaged file stands beside this package. In its place comes what `twilio-bridge config put` stored, or locally the
file that BRIDGE_CONFIG names. Whatever is not set there has the default of this module.
"""

import difflib
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, get_args

import yaml
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from twilio_bridge import phone
from twilio_bridge.config.flex import (
    EVENTS,
    FIELDS,
    Attribute,
    Brevo,
    Connectors,
    EventName,
    Figures,
    Identity,
    Occasion,
    Support,
    Surveys,
    mapping_problems,
)
from twilio_bridge.config.insights import Insights
from twilio_bridge.config.messages import Messages
from twilio_bridge.config.section import Section
from twilio_bridge.config.sync import Export, Sync
from twilio_bridge.config.yaml_text import load_yaml
from twilio_bridge.errors import SettingError

if TYPE_CHECKING:
    from twilio_bridge.flex_insights.rules import Finding

PACKAGED = Path(__file__).resolve().parents[2] / "bridge.yaml"
KEY = "[key]"  # pydantic's place of a mapping's key
LARGEST = 350_000  # bytes: it has to fit a DynamoDB item

# https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out: Twilio's own keywords, as of 2026.
OPT_OUT_WORDS = ("STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL")
OPT_IN_WORDS = ("START", "YES", "UNSTOP")

Number = Annotated[str, Field(pattern=r"^(whatsapp:)?\+[1-9][0-9]{6,14}$")]
Prefix = Annotated[str, Field(pattern=r"^\+[0-9]{1,14}$")]
Column = Annotated[str, Field(min_length=1)]
Step = Literal["owner", "number_owner", "available", "random", "default"]


class ContactColumns(Section):
    """The columns of the contacts' table; an empty one is not there."""

    id: str = "id"
    name: Column = "name"
    sms: str = "sms"
    whatsapp: str = "whatsapp"
    chat: str = ""
    email: str = "email"
    linkedin: str = "linkedin"
    notes: str = "notes"
    owner: Column = "owner"
    opt_out: Column = "opt_out"
    avatar: str = "avatar"
    last_modified: str = ""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        """Refuse two fields in one column; only SMS and WhatsApp may share one."""
        fields: dict[str, str] = {}
        for field, column in self:
            first = fields.setdefault(column, field) if column else field
            if first != field and (first, field) != ("sms", "whatsapp"):
                both = {"first": first, "second": field}
                raise PydanticCustomError("one_column", "{first} and {second} are the same column", both)
        return self


class Contacts(Section):
    """Where contacts stand, who sees them, and how old a copy may be."""

    table: Column = "Customers"
    view: str = ""
    columns: ContactColumns = ContactColumns()
    visibility: Literal["owner", "all"] = "owner"
    region: Annotated[str, Field(pattern="^([A-Z]{2})?$")] = ""
    fresh_s: Annotated[int, Field(ge=30, le=86_400)] = 300
    full_every_s: Annotated[int, Field(ge=60, le=86_400)] = 900

    @field_validator("region")
    @classmethod
    def _known(cls, region: str) -> str:
        if region:
            from phonenumbers import SUPPORTED_REGIONS  # noqa: PLC0415  its metadata is needed only where one is named

            if region not in SUPPORTED_REGIONS:
                raise PydanticCustomError("no_region", "no country has this code")
        return region

    @property
    def stale_after_s(self) -> int:
        """How old a copy may be: without a last-modified column only a whole load can make it younger."""
        return self.fresh_s if self.columns.last_modified else max(self.fresh_s, self.full_every_s)


class Airtable(Section):
    """What the base's plan allows: requests a month over the whole workspace; None is without limit."""

    monthly_calls: Annotated[int, Field(ge=100)] | None = None


class TemplateColumns(Section):
    """The columns of the templates' table."""

    category: Column = "category"
    text: Column = "text"
    whatsapp_approved: Column = "whatsAppApproved"


class Templates(Section):
    """Where templates stand, and what becomes of one that lacks a value."""

    table: str = "Templates"
    view: str = "Grid view"
    columns: TemplateColumns = TemplateColumns()
    incomplete: Literal["hide", "show"] = "hide"


class Sender(Section):
    """The numbers that messages are sent from."""

    sms: Number | None = None
    whatsapp: Number | None = None


class Senders(Section):
    """Senders by the beginning of the customer's number; the longest that fits is taken."""

    countries: Mapping[Prefix, Sender] = {}
    chat: str | None = None


class Worker(Sender):
    """A Frontline user: the numbers they send from, and the values that templates can use."""

    name: str | None = None
    fields: Mapping[str, str] = {}


class Routing(Section):
    """Who gets a conversation that a customer begins; the steps are tried in order."""

    chain: Annotated[tuple[Step, ...], Field(min_length=1)] = (
        "owner",
        "number_owner",
        "available",
        "random",
        "default",
    )
    default_worker: str | None = None


class OptOut(Section):
    """The keywords that, alone in a message, opt a person out or in again; case does not matter."""

    words: Annotated[tuple[str, ...], Field(min_length=1)] = OPT_OUT_WORDS
    opt_in_words: tuple[str, ...] = OPT_IN_WORDS


class Conversations(Section):
    """What the Conversations webhooks do with strangers and with failures of ours."""

    create_contacts: bool = False
    on_failure: Literal["pass", "block"] = "pass"


class Config(Section):
    """The whole file."""

    contacts: Contacts = Contacts()
    airtable: Airtable = Airtable()
    templates: Templates = Templates()
    workers: Mapping[str, Worker] = {}
    senders: Senders = Senders()
    routing: Routing = Routing()
    opt_out: OptOut = OptOut()
    conversations: Conversations = Conversations()
    connectors: Connectors = Connectors()
    field_mapping: Mapping[str, Attribute] = FIELDS
    event_mapping: Mapping[Occasion, EventName] = EVENTS
    brevo: Brevo = Brevo()
    surveys: Surveys = Surveys()
    figures: Figures = Figures()
    identity: Identity = Identity()
    support: Support = Support()
    insights: Insights = Insights()
    messages: Messages = Messages()
    sync: Sync = Sync()
    export: Export = Export()

    @cached_property
    def own_numbers(self) -> frozenset[str]:
        """The company's numbers, in every spelling: those of senders and workers, and further ones."""
        every = (*self.senders.countries.values(), *self.workers.values())
        numbers = (*self.identity.own_numbers, *(number for each in every for number in (each.sms, each.whatsapp)))
        bare = (phone.strip_channel(number) for number in numbers if number)
        return frozenset(spelling for number in bare for spelling in phone.list_spellings(number))

    @model_validator(mode="after")
    def _mapping_works(self) -> Self:
        """Refuse a field mapping that cannot work; see `mapping_problems`."""
        if problem := next(mapping_problems(self.field_mapping), None):
            raise PydanticCustomError("mapping", "{problem}", {"problem": problem})
        return self


def parse(text: str) -> Config:
    """Read a configuration, or raise SettingError that names every wrong key and the nearest right one."""
    if len(text.encode()) > LARGEST:
        raise SettingError(f"the configuration is larger than {LARGEST:,} bytes")
    try:
        given = load_yaml(text)
    except yaml.MarkedYAMLError as error:  # its own text would quote the file, and logs hold no numbers
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise SettingError(f"the configuration is no YAML: {error.problem}{line}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that is none is a ValueError
        raise SettingError(f"the configuration is no YAML: {error}") from error
    try:
        settled = Config.model_validate({} if given is None else given)
    except ValidationError as error:
        raise SettingError("\n".join(map(_explain, _independent(error.errors())))) from error
    if wrong := [finding for finding in find_insights_findings(settled) if finding.is_error]:
        raise SettingError("\n".join(f"bridge.yaml: {each.place}: {each.code}: {each.message}" for each in wrong))
    return settled


def find_insights_findings(settled: Config) -> "list[Finding]":
    """Return what the mapping for Flex Insights breaks of its rules; the packaged one breaks none."""
    if settled.insights == Insights():
        return []
    from twilio_bridge.config.insights_mapping import find_findings  # noqa: PLC0415  only where there is a mapping

    return find_findings(settled.insights, settled.field_mapping, dict(settled.contacts.columns))


def _independent(problems: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out that a list has too few items where the one that was left out of it is named."""
    parents = {problem["loc"][:-1] for problem in problems}
    return [problem for problem in problems if problem["type"] != "too_short" or problem["loc"] not in parents]


def _explain(problem: ErrorDetails) -> str:
    path = tuple(part for part in problem["loc"] if part != KEY)
    place = ".".join(str(part) for part in path)
    if problem["type"] == "literal_error":
        return _explain_choice(problem, place)
    if problem["type"] != "extra_forbidden":
        return f"bridge.yaml: {place or 'the file'}: {problem['msg']}"
    nearest = difflib.get_close_matches(str(path[-1]), _keys(path[:-1]), n=1, cutoff=0.5)
    return f"bridge.yaml: {place}: no such key" + (f"; did you mean {nearest[0]}?" if nearest else "")


def _explain_choice(problem: ErrorDetails, place: str) -> str:
    """Name the nearest of the words that may stand there, or all; what was given is not repeated."""
    words = re.findall(r"'([^']+)'", problem.get("ctx", {}).get("expected", ""))
    nearest = difflib.get_close_matches(str(problem["input"]), words, n=1, cutoff=0.5)
    wrong = "no such key" if problem["loc"][-1] == KEY else "no such word"
    return f"bridge.yaml: {place}: {wrong}; " + (
        f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(words)}"
    )


def _keys(path: tuple[int | str, ...]) -> list[str]:
    kind: Any = Config
    for part in path:
        is_section = isinstance(kind, type) and issubclass(kind, BaseModel)
        kind = kind.model_fields[str(part)].annotation if is_section else get_args(kind)[-1]
    return list(kind.model_fields)
