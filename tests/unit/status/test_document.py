"""The status document: what is not known is null, and a system's state has a beginning."""

import json

from twilio_bridge.contacts.airtable_quota import Usage
from twilio_bridge.contacts.columns import Columns
from twilio_bridge.contacts.ports import CacheState, Origin
from twilio_bridge.status.document import Observed, advance_episodes, build_document
from twilio_bridge.status.findings import Finding
from twilio_bridge.status.ports import Counts, Episode, QueueState, Traffic
from twilio_bridge_cli.commands.status.showing import describe_status

NOW = 1_710_518_400.0  # 2024-03-15T16:00:00Z
FINE = Finding(system="brevo", check="attributes", state="ok", text="fine")
GONE = Finding(system="brevo", check="attributes", state="fault", text="401", kind="unauthorized", remedy="Mend it.")


def test_nothing_known_is_null() -> None:
    """Of a deployment that nobody has looked at nothing is claimed, not even a zero."""
    document = build_document(Observed(now=NOW))

    assert document["connected"] is False
    names = ("lastSync", "conversationsTracked", "customersLinked", "agentsMonitored", "contacts", "queues")
    assert dict.fromkeys(names) == {name: document[name] for name in names}
    assert {"events": None, "callbacks": None, "deliveries": None} == document["events"]["lastHour"]
    assert list(describe_status(document))


def test_the_document_of_a_connected_deployment() -> None:
    """The five values, in the form that the brief shows them, and what stands behind them."""
    columns = Columns(present=frozenset({"name", "owner"}), absent=frozenset())
    seen = Observed(
        now=NOW + 90,
        episodes={"twilio": Episode(is_connected=True, since=NOW)},
        counts=Counts(12_400, 8_900, NOW),
        agents=45,
        last_sync=NOW,
        cache=CacheState(NOW, full_at=NOW - 3_600, count=4_000, origin=Origin("x", columns)),
        base_id="appX",
        made_of_now=False,
        queues=[QueueState("BrevoQueue", 7, 1)],
        traffic=Traffic(events=100, callbacks=20, deliveries=9, iterator_age_s=1.5),
        overdue_s=30,
        usage=Usage(500, 1_000),
    )
    document = json.loads(json.dumps(build_document(seen)))

    brief = ("connected", "lastSync", "conversationsTracked", "customersLinked", "agentsMonitored")
    assert [True, "2024-03-15T16:00:00Z", 12_400, 8_900, 45] == [document[name] for name in brief]
    assert (90, 3_690, 4_000) == tuple(document["contacts"][n] for n in ("ageSeconds", "wholeLoadAgeSeconds", "count"))
    assert {"base": "appX", "columns": ["name", "owner"], "isCurrent": False} == document["contacts"]["madeFrom"]
    assert {"waiting": 7, "deadLetters": 1} == document["queues"]["BrevoQueue"]
    assert (1.5, 30) == (document["events"]["iteratorAgeSeconds"], document["events"]["oldestOverdueSeconds"])
    assert {"calls": 500, "monthlyCalls": 1_000, "percent": 50} == document["airtableQuota"]
    shown = "\n".join(line for _, lines in describe_status(document) for line in lines)
    assert "a load is due" in shown
    assert "12,400" in shown


def test_since_when_and_the_last_error() -> None:
    """A state begins where it changed; an error stays until another one, with when it was first and last seen."""
    first = advance_episodes({}, [FINE], 10)
    down = advance_episodes(first, [GONE], 20)
    still = advance_episodes(down, [GONE], 30)
    up = advance_episodes(still, [FINE], 40)
    again = advance_episodes(up, [GONE], 50)

    assert Episode(is_connected=True, since=10) == first["brevo"]
    assert (
        Episode(is_connected=False, since=20, error=still["brevo"].error, error_since=20, error_at=30) == still["brevo"]
    )
    assert (True, 40, 20, 30) == (
        up["brevo"].is_connected,
        up["brevo"].since,
        up["brevo"].error_since,
        up["brevo"].error_at,
    )
    assert (50, 50, 50) == (again["brevo"].since, again["brevo"].error_since, again["brevo"].error_at)


def test_the_document_names_each_fault_with_its_remedy() -> None:
    """Of each system its own."""
    seen = Observed(now=NOW, findings=[GONE], episodes=advance_episodes({}, [GONE], NOW))
    system = build_document(seen)["systems"]["brevo"]

    assert [{"check": "attributes", "kind": "unauthorized", "text": "401", "remedy": "Mend it."}] == system["faults"]
    assert ("401", "2024-03-15T16:00:00Z") == (system["lastError"]["text"], system["lastError"]["since"])
