"""What the tests of delivery are made of: persons in a dictionary, and outsides that fail at any call."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.base import FakeOptOuts
from tests.fakes.marketing_contacts import FakeMarketingContacts
from twilio_bridge.config import schema
from twilio_bridge.support.brevo.brevo_delivery import DeliveryDeps
from twilio_bridge.support.persons.person import Dossier, Interaction, Person, Status, TimelineEvent
from twilio_bridge.support.ports import MarketingContacts

NOW = 1_772_445_600_000  # 2 March 2026, 10:00 UTC
MINUTE = 60_000
MAIL, PHONE, OTHER_PHONE = "ann@example.com", "+447700900001", "+447700900002"
KEYS = frozenset((f"email#{MAIL}", f"phone#{PHONE}", "external#A-1", "flex#ann", "task#WT1"))
# The calls that are requests to Brevo.
REQUESTS = {name for name in vars(MarketingContacts) if not name.startswith("_")}
LISTS = {"connectors": {"twilio_flex": {"lists": {"support_contacts": 32, "csat_respondents": 33}}}}


def settings(**more: Any) -> schema.Config:
    return schema.Config.model_validate({**LISTS, **more})


def interaction(sid: str = "WT1", **more: Any) -> Interaction:
    values: dict[str, Any] = {"version": 1, "channel": "voice", "counts": True, "created_at": NOW, "last_at": NOW}
    return Interaction(**{"sid": sid, **values, **more})


def event(key: str = "WT1#requested", **more: Any) -> TimelineEvent:
    values: dict[str, Any] = {"name": "SUPPORT_REQUESTED", "at": NOW, "version": 1, "due_at": NOW}
    return TimelineEvent(**{"key": key, **values, **more})


def dossier(*events: TimelineEvent, interactions: tuple[Interaction, ...] = (), **more: Any) -> Dossier:
    person = Person(**{"id": "ann", "keys": KEYS, **more})
    return Dossier(person, interactions or (interaction(),), events)


@dataclass
class KeptPersons:
    """The part of Persons that a delivery uses; `now` (epoch ms) is when requests begin."""

    held: dict[str, Dossier]
    now: int = NOW

    def load_dossier(self, person_id: str) -> Dossier | None:
        return self.held.get(person_id)

    def mark_event(self, person_id: str, key: str, status: Status, version: int | None = None) -> bool:
        there = self.held[person_id]
        found = {event.key: event for event in there.events}
        if key not in found or version not in {None, found[key].version}:
            return False
        sending_at = self.now if status == "sending" else found[key].sending_at
        found[key] = replace(found[key], status=status, tries=found[key].tries + 1, sending_at=sending_at)
        self.held[person_id] = replace(there, events=tuple(found.values()))
        return True

    def postpone_event(self, person_id: str, key: str, due_at: int, _version: int) -> bool:
        there = self.held[person_id]
        events = (replace(each, status="pending", due_at=due_at) if each.key == key else each for each in there.events)
        self.held[person_id] = replace(there, events=tuple(events))
        return True

    def save_delivery(self, person_id: str, digest: str, contact_id: int, lists: Iterable[int]) -> None:
        self.change(person_id, delivered=digest, contact_id=contact_id, lists=frozenset(lists))

    def forget_contact(self, person_id: str, begun_at: int) -> None:
        self.change(person_id, delivered="", contact_id=None, lists=frozenset(), begun_at=begun_at)

    def clear_queued(self, person_id: str) -> None:
        self.change(person_id, queued_at=0)

    def change(self, person_id: str, **more: Any) -> None:
        """Change the profile."""
        there = self.held[person_id]
        self.held[person_id] = replace(there, person=replace(there.person, **more))

    def add(self, *events: TimelineEvent, interactions: tuple[Interaction, ...] = ()) -> None:
        """Add what Ann's dossier holds besides."""
        there = self.held["ann"]
        more = (*there.interactions, *interactions)
        self.held["ann"] = replace(there, events=(*there.events, *events), interactions=more)


@dataclass
class KeptOutbox:
    """Whose delivery was asked for."""

    persons: list[str] = field(default_factory=list)

    def enqueue_brevo_delivery(self, person_ids: Iterator[str]) -> None:
        self.persons += person_ids


@dataclass
class Outside:
    """All that a delivery calls; `script` says, call by call, what goes wrong: (error, whether it had its effect)."""

    persons: KeptPersons
    crm: FakeMarketingContacts = field(default_factory=FakeMarketingContacts)
    words: FakeOptOuts = field(default_factory=FakeOptOuts)
    outbox: KeptOutbox = field(default_factory=KeptOutbox)
    settings: schema.Config = field(default_factory=settings)
    calls: list[str] = field(default_factory=list)
    script: Callable[[str, int], tuple[Exception, bool] | None] = lambda _name, _number: None

    def work(self) -> DeliveryDeps:
        parts: dict[str, Any] = {
            "persons": _Failing(self.persons, self),
            "crm": _Failing(self.crm, self),
            "opt_outs": _Failing(self.words, self),
            "outbox": _Failing(self.outbox, self),
        }
        return DeliveryDeps(**parts, settings=self.settings)

    def statuses(self, person_id: str = "ann") -> dict[str, str]:
        return {event.key: event.status for event in self.persons.held[person_id].events}

    def told(self) -> list[str]:
        return [event.key for _, event in self.crm.timeline]

    def asked(self) -> list[str]:
        """What Brevo was asked since the last time."""
        asked = [name for name in self.calls if name in REQUESTS]
        self.calls.clear()
        return asked


def outside(held: Dossier, **more: Any) -> Outside:
    return Outside(KeptPersons({held.person.id: held}), **more)


@dataclass
class _Failing:
    """A port whose calls are counted, and fail where the script says so."""

    port: object
    around: Outside

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.port, name)

        def called(*arguments: Any) -> Any:
            self.around.calls.append(name)
            trouble = self.around.script(name, len(self.around.calls))
            if trouble is None:
                return method(*arguments)
            error, has_effect = trouble
            if has_effect:
                method(*arguments)
            raise error

        return called
