"""Each function of messages may do what it does, and nothing it never does."""

from typing import Any

from tests.integration.callbacks.conftest import loaded
from tests.integration.granted import OF_MESSAGES, done, granted
from tests.integration.messages.conftest import CONFIG, CREATES, QUICK, SENDER, Deploy, Deployment
from tests.integration.waiting import patiently
from twilio_bridge.messages.row import Row
from twilio_bridge_local.credentials import TWILIO_ACCOUNT_SID
from twilio_bridge_local.vendors.faults import Faults
from twilio_bridge_local.vendors.twilio.messages.records import CallbackFaults, Outcome

READS = f"GET /api/2010-04-01/Accounts/{TWILIO_ACCOUNT_SID}/Messages"
STOPPED, FAILED, CONTACT = "+447900000101", "+447900000102", "+447900000012"
LATE = ("+447900000105", "+447900000106")
PRICES = '  prices: {"+44": 0.04}\n'


def live_through(deployed: Deployment) -> None:
    """Let every function do everything it can do."""
    outcome = patiently(lambda: deployed.stack.invoke("RefreshContactsFunction", {"whole": True}).payload, loaded, 20)
    assert loaded(outcome), outcome
    deployed.messaging.pace, deployed.messaging.segments_per_s = QUICK, 10_000
    deployed.messaging.outcomes = {CONTACT: Outcome("sent"), **dict.fromkeys((FAILED, *LATE), Outcome("failed", 21610))}

    _opt_outs(deployed)
    _silence(deployed)
    _lost_poll(deployed)
    _records(deployed)


def named(*numbers: str) -> list[dict[str, str]]:
    """Return rows of these numbers."""
    return [{"to": number, "name": "Ann"} for number in numbers]


def first_row(deployed: Deployment, campaign: str) -> Row:
    """Return the first row; one that is not planned yet is new."""
    return next(iter(deployed.ledger.list_rows(campaign, 0, 10)), Row(campaign=campaign, number=1))


def _opt_outs(deployed: Deployment) -> None:
    """One whom Twilio refuses at once, one whom it fails later; the spend has a limit, and outcomes go to Brevo."""
    deployed.messaging.opt_outs.read(STOPPED, SENDER, "STOP", deployed.messaging.services.values())
    rows = named(STOPPED, FAILED, "+447900000103")
    deployed.create("refused", rows, maxSpend=100, retryIntervalMs=60_000, writeBack="brevo")
    ended = deployed.finish("refused")
    assert (2, 1) == (ended["failed"], ended["sent"]), ended


def _silence(deployed: Deployment) -> None:
    """No callback comes, an answer is lost, and Twilio is down for the first look-up and the first poll.

    Whoever's answer is lost, another one's opt-out comes by a poll; and one message is asked about more than once.
    """
    deployed.messaging.callback_faults = CallbackFaults(lost=1.0)
    deployed.twilio.set_faults(
        Faults(cut="after", times=1, only=(CREATES,)),
        Faults(status=429, times=1, skip=1, only=(CREATES,)),
        Faults(status=503, times=9, only=(f"{READS}.json",)),
        Faults(status=503, times=9, only=(f"{READS}/",)),
    )
    deployed.create("silent", named(CONTACT, *LATE), retryIntervalMs=1_000, retryAttempts=3)
    assert 3 == deployed.finish("silent", 90)["rows"]

    deployed.messaging.callback_faults = CallbackFaults()
    deployed.twilio.faults = Faults()


def _lost_poll(deployed: Deployment) -> None:
    """Neither callback nor poll comes: the sweep has the message asked about."""
    deployed.messaging.callback_faults = CallbackFaults(lost=1.0)
    deployed.create("forgotten", named("+447900000107"), retryIntervalMs=60_000)
    row = patiently(lambda: first_row(deployed, "forgotten"), lambda row: row.state == "submitted", 30, deployed.sweep)
    patiently(lambda: deployed.messaging.store.get(row.sid).status, lambda status: status == "delivered", 30)

    deployed.lose_polls("forgotten")
    assert 1 == deployed.finish("forgotten")["rows"]
    deployed.messaging.callback_faults = CallbackFaults()


def _records(deployed: Deployment) -> None:
    """A view in Airtable, whose records get the outcomes."""
    source = {"airtable": {"table": "Customers", "view": "Grid view"}}
    body: dict[str, Any] = {"id": "view", "text": "Hello <name|there>", "source": source, "to": "sms"}
    answer = deployed.call("POST", "/campaigns", {**body, "writeBack": "airtable", "region": "GB", "testTo": FAILED})
    assert answer.ok, answer.text
    assert deployed.finish("view", 90)["rows"]


def test_policies_hold_what_is_done_and_no_more(deploy: Deploy) -> None:
    """Nothing a function does would be denied, and nothing is granted that is never done."""
    allowed = {name: grants for name, grants in granted().items() if name in OF_MESSAGES}
    with deploy(CONFIG + PRICES) as deployed:
        live_through(deployed)
        calls = done(deployed.stack.embedded_aws.calls)

    assert {} == {name: denied for name in allowed if (denied := calls.get(name, set()) - allowed[name])}
    assert {} == {name: idle for name, grants in allowed.items() if (idle := grants - calls.get(name, set()))}
