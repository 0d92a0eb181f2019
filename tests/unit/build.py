"""What the unit tests are made of: contacts, requests as Twilio signs them, and the ports in memory."""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import urlencode

from hypothesis import strategies as st

from tests.fakes.airtable_webhooks import FakeFeed, FakeRegistrations
from tests.fakes.base import (
    FakeLeases,
    FakeMessaging,
    FakeNotes,
    FakeOptOuts,
    FakeOutbox,
    FakePartialLoads,
    FakeRefresh,
    FakeSeenWorkers,
)
from tests.fakes.contacts import Clock, FakeCache, FakeSource
from twilio_bridge import forms, refusals
from twilio_bridge.config import schema
from twilio_bridge.contacts.change_feed import WebhookDeps
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.directory import Directory
from twilio_bridge.contacts.loading import Loaded, PartlyLoaded, RefreshDeps, Refused, Updated
from twilio_bridge.contacts.ports import TemplateText
from twilio_bridge.contacts.refresh import refresh
from twilio_bridge.entrypoints import http, twilio_signature
from twilio_bridge.frontline.crm import CrmCallback
from twilio_bridge.frontline.outgoing_conversation import OutgoingDeps
from twilio_bridge.frontline.senders import Senders
from twilio_bridge.frontline.templates import TemplateDeps
from twilio_bridge.frontline.twilio_conversations import ConversationsDeps
from twilio_bridge.frontline.worker_choice import RoutingDeps
from twilio_bridge.frontline.workers import WorkerDirectory, list_configured
from twilio_bridge.ports import Participant

TOKEN = "12345"
HOST = "bridge.example.com"
JO = "jo@example.com"
SAM = "sam@example.com"
ANN = "+447700900001"
BEN = "+447700900002"
OURS = "+14155550100"
CONVERSATION = "CH" + "0" * 32
BASE_ID = "app00000000000001"

HOSTILE = (
    "",
    " ",
    "'",
    '"',
    "O'Brien & Söhne",
    "{{name}}",
    "${name}",
    "{",
    "}",
    "\\",
    "\\\\'\"",
    "\x00",
    "a\x00b",
    "\r\n",
    "\u202egnp.exe",
    "\u200f\u200b",
    "👩‍👩‍👧‍👦",
    "\ufffe",
    "é" * 10_000,
    "[" * 10_000,
    "=1+1",
    "'),TRUE(),('",
    "OR(1=1)",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "null",
    "undefined",
    "None",
    "-1",
    "1e999",
    "NaN",
    "٣٤",
    "²",
    "whatsapp:",
    "sms:whatsapp:+447700900001",
    "whatsapp:+447700900001",
    "+447700900001",
    "+9991234567",
    "+0000000000",
    "+447700900001, +447700900002",
    '{"a":"\\ud800"}',
    '[{"type":"chat","value":"\\ud800"}]',
    "2026-01-01",
    "0001-01-01T00:00:00",
    "9999-12-31T23:59:59.999999+00:00",
)
ANYTHING = st.one_of(
    st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.integers().map(str)
)


def contact(contact_id: str = "rec00000000000001", **fields: Any) -> Contact:
    """Make a contact of Jo's."""
    return Contact(**{"id": contact_id, "name": "Ann", "owner": JO, **fields})


def contacts(count: int, **fields: Any) -> list[Contact]:
    """Make contacts whose names, in order, are not in the order of their ids."""
    return [contact(f"rec{n:014}", name=f"Name {n * 7919 % count:05}", **fields) for n in range(count)]


def form(**values: str | list[str]) -> forms.Form:
    """Make a callback's parameters; `__` in a name stands for a dot."""
    given = {name.replace("__", "."): value for name, value in values.items()}
    return forms.Form({name: [value] if isinstance(value, str) else value for name, value in given.items()})


def message(category: str = "Hello", text: str = "Hi", *, approved: bool = False) -> TemplateText:
    """Make a template."""
    return TemplateText(category, text, approved)


def customer(address: str = ANN, attributes: str = "{}", sid: str = "MB1") -> Participant:
    """Make a customer's participant."""
    return Participant(sid=sid, address=address, attributes=attributes)


def worker(identity: str = JO, sid: str = "MB2") -> Participant:
    """Make a worker's participant."""
    return Participant(sid=sid, identity=identity)


@dataclass
class World:
    """All the ports in memory, under one clock."""

    source: FakeSource
    settings: schema.Config = field(default_factory=schema.Config)
    clock: Clock = field(default_factory=Clock)
    opt_outs: FakeOptOuts = field(default_factory=FakeOptOuts)
    outbox: FakeOutbox = field(default_factory=FakeOutbox)
    refresh: FakeRefresh = field(default_factory=FakeRefresh)
    messaging: FakeMessaging = field(default_factory=FakeMessaging)
    seen_workers: FakeSeenWorkers = field(default_factory=FakeSeenWorkers)
    webhook_secret: str = ""

    def __post_init__(self) -> None:
        self.cache = FakeCache(self.clock)
        self.notes = FakeNotes(self.clock)
        self.leases = FakeLeases(self.clock)
        self.partial_loads = FakePartialLoads(self.clock)
        self.feed = FakeFeed(clock=self.clock)
        self.registrations = FakeRegistrations()

    @property
    def directory(self) -> Directory:
        """The contacts as callbacks see them."""
        return Directory(
            source=lambda: self.source,
            cache=self.cache,
            notes=self.notes,
            leases=self.leases,
            refresh=self.refresh,
            settings=self.settings.contacts,
            clock=self.clock.now,
        )

    @property
    def senders(self) -> Senders:
        """The senders, with one usual number a channel."""
        usual = schema.Sender(sms=OURS, whatsapp=OURS)
        return Senders(self.settings.workers, self.settings.senders, usual)

    @property
    def crm(self) -> CrmCallback:
        """What the CRM callback works with."""
        return CrmCallback(self.directory, self.opt_outs, self.settings.contacts, BASE_ID)

    @property
    def outgoing(self) -> OutgoingDeps:
        """What the outgoing-conversation callback works with."""
        return OutgoingDeps(self.directory, self.opt_outs, self.senders)

    @property
    def routing(self) -> RoutingDeps:
        """What the routing callback works with."""
        configured = list_configured(self.settings.workers, self.settings.routing.default_worker)
        workers = WorkerDirectory(configured, self.seen_workers, self.messaging)
        return RoutingDeps(self.directory, self.messaging, self.senders, workers, self.settings.routing)

    @property
    def personalising(self) -> TemplateDeps:
        """What the templates callback works with."""
        return TemplateDeps(self.directory, self.notes, self.settings.workers, self.settings.templates)

    @property
    def hooks(self) -> ConversationsDeps:
        """What the Conversations webhooks work with."""
        return ConversationsDeps(self.directory, self.opt_outs, self.outbox, lambda: self.messaging, self.settings)

    def load(self) -> Loaded | PartlyLoaded | Updated | Refused | None:
        """Load the whole source into the cache."""
        return refresh(self.refreshing, whole=True)

    @property
    def refreshing(self) -> RefreshDeps:
        """What a refresh works with."""
        return RefreshDeps(
            source=self.source,
            cache=self.cache,
            partial_loads=self.partial_loads,
            notes=self.notes,
            leases=self.leases,
            again=self.refresh,
            settings=self.settings,
            clock=self.clock.now,
            webhook=WebhookDeps(self.feed, self.registrations, self.source, self.webhook_secret),
        )


configured = cache(schema.parse)


def world(
    *given: Contact, templates: Sequence[TemplateText] = (), loaded: bool = True, settings: str = "", **parts: Any
) -> World:
    """Make a world with these contacts, its cache loaded; `settings` is the text of bridge.yaml."""
    made = World(FakeSource(given, templates), configured(settings), **parts)
    if loaded:
        made.load()
        made.source.calls = 0
    return made


@dataclass
class Call:
    """Lambda's context of a call."""

    left_s: float = 6.0
    aws_request_id: str = "00000000-0000-0000-0000-000000000001"

    def get_remaining_time_in_millis(self) -> int:
        return int(self.left_s * 1000)


@dataclass
class FixedTokens:
    """Auth tokens, and those that are found when they are read again."""

    now: tuple[str, ...] = (TOKEN,)
    later: tuple[str, ...] = ()
    shared_keys: Mapping[str, str] = field(default_factory=dict)
    later_keys: Mapping[str, str] = field(default_factory=dict)
    rereads: int = 0

    def read_tokens(self) -> tuple[str, ...]:
        return self.now

    def reread_tokens(self) -> tuple[str, ...]:
        self.rereads += 1
        return self.later

    def read_shared_keys(self) -> Mapping[str, str]:
        return self.later_keys if self.rereads and self.later_keys else self.shared_keys


def signatures(tokens: http.Tokens | None = None, public_base_url: str | None = None) -> http.Signatures:
    """Make what requests have to be signed with."""
    return http.Signatures(tokens or FixedTokens(), public_base_url)


def pairs_of(parameters: Mapping[str, str | list[str]]) -> dict[str, list[str]]:
    """Return parameters as lists of values."""
    return {name: [value] if isinstance(value, str) else value for name, value in parameters.items()}


def event(  # noqa: PLR0913  each is one part of a request
    parameters: Mapping[str, str | list[str]],
    *,
    path: str = "/callbacks/crm",
    body: str | None = None,
    is_base64: bool = True,
    url: str = "",
    token: str = TOKEN,
    query: str = "",
    headers: Mapping[str, str | None] | None = None,
    algorithm: str = twilio_signature.HMAC_SHA1,
) -> dict[str, Any]:
    """Make API Gateway's event for a form request, signed for `url` (by default the one the request names)."""
    given = pairs_of(parameters)
    text = urlencode(given, doseq=True) if body is None else body
    address = url or f"https://{HOST}{path}" + (f"?{query}" if query else "")
    sent = {
        "host": HOST,
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": twilio_signature.sign(token, address, given, algorithm),
        "x-forwarded-proto": "https",
        **(headers or {}),
    }
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {name: value for name, value in sent.items() if value is not None},
        "requestContext": {"domainName": HOST},
        "body": base64.b64encode(text.encode()).decode() if is_base64 else text,
        "isBase64Encoded": is_base64,
    }


def ask(
    answer: Callable[[forms.Form], forms.Answer], values: forms.Form, rescue: http.Rescue = refusals.answer_error
) -> tuple[int, Any]:
    """Send a signed callback all the way through; give status and body."""
    request = event({name: list(given) for name, given in values.values.items()})
    reply = http.answer_callback(request, Call(), signatures(), answer, rescue)
    return reply["statusCode"], json.loads(reply["body"].encode())
