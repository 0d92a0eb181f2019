"""A SyncState that the former version wrote is delivered on: nobody is told twice, and no number falls.

The items are literal, as that version wrote them: none of its code has a part in this.
"""

import json
from typing import Any

import pytest

from tests.contract.tables import SYNC_STATE, Aws
from tests.fakes.base import FakeOptOuts, FakeOutbox
from tests.fakes.marketing_contacts import FakeMarketingContacts
from twilio_bridge.adapters.aws.dynamodb import Table
from twilio_bridge.adapters.state.persons import DynamoPersons
from twilio_bridge.config import schema
from twilio_bridge.support.brevo.brevo_delivery import Delivered, DeliveryDeps, deliver_person
from twilio_bridge.support.ports import MarketingContact

NOW = 1_772_445_600_000
SETTINGS = schema.Config.model_validate(
    {"connectors": {"twilio_flex": {"lists": {"support_contacts": 32, "csat_respondents": 33}}}}
)


def told(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def interaction(sid: str, **more: Any) -> dict[str, Any]:
    values = {"sid": sid, "version": 4, "channel": "voice", "counts": True, "created_at": NOW - 99, "last_at": NOW}
    return {
        "pk": "person#ann",
        "sk": f"interaction#{sid}",
        "version": 4,
        "told": told({**values, "wait_s": 12, "scored_at": 0, "values": {"customer_tier": "gold"}, **more}),
    }


def event(key: str, phase: str, **more: Any) -> dict[str, Any]:
    row = {"pk": "person#ann", "sk": f"event#{key}", "version": 4, "phase": phase, "tries": 1, "due_at": NOW}
    text = told({"name": "SUPPORT_RESOLVED", "at": NOW, "properties": {"key": key}})
    index = {"gsi1pk": "due#3", "gsi1sk": f"{NOW:015}"} if phase in {"pending", "sending"} else {}
    return row | {"told": text} | index | more


PROFILE = {
    "pk": "person#ann",
    "sk": "profile",
    "revision": 3,
    "own_keys": {"email#ann@example.com", "phone#+447700900001", "external#A-1"},
    "contact_id": 7,
    "delivered": "@0123456789abcdef",
}


@pytest.fixture
def table(aws: Aws) -> Table:
    return aws.table(SYNC_STATE)


class Ann:
    """Ann as the former version left her, in SyncState and in Brevo."""

    def __init__(self, table: Table, *rows: dict[str, Any]) -> None:
        table.put_many([PROFILE, interaction("WT1"), interaction("WT2"), *rows])
        attributes = {"SUPPORT_TICKET_COUNT": 2, "VIP_TIER": "gold", "AVG_WAIT_TIME": 12.0}
        contact = MarketingContact(email="ann@example.com", external_id="CRM-9", attributes=attributes)
        self.crm = FakeMarketingContacts({7: contact})
        self.persons = DynamoPersons(table)

    def deliver(self) -> Delivered:
        deps = DeliveryDeps(
            persons=self.persons, crm=self.crm, opt_outs=FakeOptOuts(), outbox=FakeOutbox(), settings=SETTINGS
        )
        return deliver_person("ann", deps, NOW + 200_000)

    def statuses(self) -> dict[str, str]:
        dossier = self.persons.load_dossier("ann")
        return {each.key: each.status for each in dossier.events} if dossier else {}


def test_what_was_sent_is_not_sent_again(table: Table) -> None:
    """The contact is written with absolute numbers; marketing's lists and another integration's ext_id stay."""
    ann = Ann(table, event("WT1#resolved", "sent", expires_at=4_000_000_000), event("WT2#resolved", "refused"))
    assert Delivered(contacts=1) == ann.deliver()
    assert Delivered() == ann.deliver()
    contact = ann.crm.contacts[7]
    assert ([], "CRM-9") == (list(contact.lists), contact.external_id)
    assert (2, "gold", 12.0) == (
        contact.attributes["SUPPORT_TICKET_COUNT"],
        contact.attributes["VIP_TIER"],
        contact.attributes["AVG_WAIT_TIME"],
    )
    assert {"WT1#resolved": "sent", "WT2#resolved": "refused"} == ann.statuses()


def test_what_waited_is_sent_once(table: Table) -> None:
    """Pending and parked events."""
    ann = Ann(table, event("WT1#resolved", "pending"), event("WT2#resolved", "parked"))
    assert Delivered(contacts=1, sent=2) == ann.deliver()
    assert Delivered() == ann.deliver()
    assert ["WT1#resolved", "WT2#resolved"] == sorted(each.key for _, each in ann.crm.timeline)


@pytest.mark.parametrize("is_there", [True, False])
def test_what_was_under_way_is_looked_up(table: Table, is_there: bool) -> None:
    """The former version did not write when: it is looked up at once."""
    ann = Ann(table, event("WT1#resolved", "sending"))
    dossier = ann.persons.load_dossier("ann")
    assert dossier
    ann.crm.timeline += [(7, dossier.events[0])] if is_there else []
    assert Delivered(contacts=1, sent=not is_there, found=is_there) == ann.deliver()
    assert 1 == len(ann.crm.timeline)
    assert {"WT1#resolved": "sent"} == ann.statuses()


def test_whoever_waited_is_found_by_the_sweep(table: Table) -> None:
    """In the index as the former version wrote it."""
    ann = Ann(table, event("WT1#resolved", "pending"), event("WT2#resolved", "sending"))
    assert [("ann", NOW, 0)] == [(each.id, each.due_at, each.queued_at) for each in ann.persons.find_overdue(NOW + 1)]


def test_a_list_whose_first_event_still_waits_is_new(table: Table) -> None:
    """It cannot have been written yet; the other one has."""
    scored = interaction("WT1", score=5.0, scored_at=NOW)
    ann = Ann(table, event("WT1#resolved", "sent", expires_at=4_000_000_000), event("WT1#csat", "pending"))
    table.put(scored)
    ann.deliver()
    assert [33] == list(ann.crm.contacts[7].lists)
