"""What the tests of delivery are made of: dossiers in a dictionary, and outsides that fail at any call."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.fakes.base import FakeOptOuts
from tests.fakes.marketing_contacts import FakeMarketingContacts
from twilio_bridge.config import schema
from twilio_bridge.support.brevo_delivery import DeliveryDeps
from twilio_bridge.support.person import Dossier, Interaction, Person, Status, TimelineEvent

NOW = 1_772_445_600_000  # 2 March 2026, 10:00 UTC
MINUTE = 60_000
MAIL, PHONE, OTHER_PHONE = "ann@example.com", "+447700900001", "+447700900002"
KEYS = frozenset((f"email#{MAIL}", f"phone#{PHONE}", "external#A-1", "flex#ann", "task#WT1"))
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
class KeptDossiers:
    """The part of Dossiers that a delivery uses, and how often a status was written."""

    held: dict[str, Dossier]

    def open(self, person_id: str) -> Dossier | None:
        return self.held.get(person_id)

    def mark(self, person_id: str, key: str, status: Status, version: int | None = None) -> bool:
        there = self.held[person_id]
        found = {event.key: event for event in there.events}
        if key not in found or version not in {None, found[key].version}:
            return False
        found[key] = replace(found[key], status=status, tries=found[key].tries + 1)
        self.held[person_id] = replace(there, events=tuple(found.values()))
        return True

    def delivered(self, person_id: str, digest: str, contact_id: int | None) -> None:
        there = self.held[person_id]
        person = replace(there.person, delivered=digest, contact_id=contact_id)
        self.held[person_id] = replace(there, person=person)


@dataclass
class KeptOutbox:
    """Whose delivery was asked for."""

    persons: list[str] = field(default_factory=list)

    def enqueue_brevo_delivery(self, person_ids: Iterator[str]) -> None:
        self.persons += person_ids


@dataclass
class Outside:
    """All that a delivery calls; `script` says, call by call, what goes wrong: (error, whether it had its effect)."""

    dossiers: KeptDossiers
    crm: FakeMarketingContacts = field(default_factory=FakeMarketingContacts)
    words: FakeOptOuts = field(default_factory=FakeOptOuts)
    outbox: KeptOutbox = field(default_factory=KeptOutbox)
    settings: schema.Config = field(default_factory=settings)
    calls: list[str] = field(default_factory=list)
    script: Callable[[str, int], tuple[Exception, bool] | None] = lambda _name, _number: None

    def work(self) -> DeliveryDeps:
        parts: dict[str, Any] = {
            "dossiers": _Failing(self.dossiers, self),
            "crm": _Failing(self.crm, self),
            "opt_outs": _Failing(self.words, self),
            "outbox": _Failing(self.outbox, self),
        }
        return DeliveryDeps(**parts, settings=self.settings)

    def statuses(self, person_id: str = "ann") -> dict[str, str]:
        return {event.key: event.status for event in self.dossiers.held[person_id].events}

    def told(self) -> list[str]:
        return [event.key for _, event in self.crm.timeline]

    def asked(self) -> list[str]:
        """What Brevo was asked since the last time."""
        asked = [name for name in self.calls if name in {"upsert", "add_email", "post", "has", "set_opted_out"}]
        self.calls.clear()
        return asked


def outside(held: Dossier, **more: Any) -> Outside:
    return Outside(KeptDossiers({held.person.id: held}), **more)


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
