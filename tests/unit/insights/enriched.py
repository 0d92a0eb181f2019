"""What the tests of enriching share: a task's life at Twilio, what the stream showed of it, and the job itself."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.fakes.base import FakeNotes
from tests.fakes.insights import FakeInsightsMetrics, FakeTasks
from tests.fakes.support import FakeFacts, FakeIdentities, FakePersons
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.insights.enriching import EnrichDeps, Enriched, enrich_task
from twilio_bridge.insights.ports import Tasks
from twilio_bridge.support.persons.person import Interaction
from twilio_bridge.support.tasks.enrichment import EnrichRequest
from twilio_bridge.support.tasks.facts import Fact, NewFacts, compute_digest

TASK, EARLIER, WORKSPACE = "WT" + "0" * 31 + "1", "WT" + "0" * 31 + "9", "WS" + "1" * 32
NUMBER = "+447900000012"
NOW = 1_782_898_200_000
AMARA = Contact(
    id="recAMARA0000000001", name="Amara Okafor", sms=NUMBER, email="amara@example.org", owner="jo@example.com"
)
CONFIG = "insights: {enabled: true}"


@dataclass
class ContactsAt:
    """The port ContactLookup: contacts by number."""

    contacts: list[Contact] = field(default_factory=lambda: [AMARA])

    def find_by_address(self, number: str) -> list[Contact]:
        return [each for each in self.contacts if number in each.addresses]

    def get_contact(self, contact_id: str) -> Contact | None:
        return next((each for each in self.contacts if each.id == contact_id), None)


@dataclass
class Job:
    """Everything a task is enriched with, in memory; `tasks` may be another implementation."""

    config: str = CONFIG
    tasks: FakeTasks = field(default_factory=FakeTasks)
    others: Tasks | None = None
    facts: FakeFacts = field(default_factory=FakeFacts)
    identities: FakeIdentities = field(default_factory=FakeIdentities)
    contacts: ContactsAt = field(default_factory=ContactsAt)
    notes: FakeNotes = field(default_factory=FakeNotes)
    metrics: FakeInsightsMetrics = field(default_factory=FakeInsightsMetrics)

    def __post_init__(self) -> None:
        self.persons = FakePersons(self.identities)

    @property
    def deps(self) -> EnrichDeps:
        return EnrichDeps(
            tasks=lambda _workspace: self.others or self.tasks,
            facts=self.facts,
            identities=self.identities,
            persons=self.persons,
            contacts=self.contacts,
            notes=self.notes,
            metrics=self.metrics,
            settings=schema.parse(self.config),
        )

    def show(self, kind: str, attributes: Mapping[str, Any], sid: str = TASK, at: int = NOW, **values: Any) -> None:
        """Let the stream have shown an event of a task, whose customer is known by then."""
        digest = compute_digest(attributes)
        fact = Fact(f"EV{kind}{at}", kind, at, values, digest)
        self.facts.add_facts(f"task#{sid}", NewFacts({fact.id: fact}, {digest: attributes}))

    def know(self, *interactions: Interaction, keys: tuple[str, ...] = (f"phone#{NUMBER}",)) -> None:
        """Let the customer of TASK be a person with these interactions."""
        person_id = self.identities.create_person([*keys, f"task#{TASK}"])
        assert person_id
        for each in interactions:
            self.persons.put_interaction(person_id, each)

    def enrich(self, attributes: str | None = None, at: int = NOW, **values: Any) -> Enriched:
        request = EnrichRequest(
            **{
                "task_sid": TASK,
                "workspace_sid": WORKSPACE,
                "kind": "task.created",
                "at": NOW,
                "attributes": attributes,
                **values,
            }
        )
        return enrich_task(request, self.deps, at)

    def written(self, sid: str = TASK) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.tasks.kept[sid].attributes)
        return found


def task_of(sid: str, created_at: int, conversation_sid: str = "", keys: tuple[str, ...] = ()) -> Interaction:
    """Return an interaction that began then."""
    return Interaction(
        sid=sid,
        version=1,
        counts=True,
        created_at=created_at,
        last_at=created_at,
        conversation_sid=conversation_sid,
        keys=keys,
    )
