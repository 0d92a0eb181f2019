"""What may go wrong at the Brevo stand-in, and what it shows of itself."""

import io
import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from rich.console import Console

from tests.contract.local.brevo.calls import Caller, refusal
from twilio_bridge_local.console.brevo_tables import show
from twilio_bridge_local.vendors.brevo.server import BrevoStandIn
from twilio_bridge_local.vendors.faults import Faults

ANA = "ana@example.com"
EVENT = {"event_name": "seen", "identifiers": {"email_id": ANA}}


def statuses(brevo: Caller) -> list[int]:
    return [seen.status for seen in brevo.stand_in.requests]


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 425, 429, 500, 502, 503])
def test_any_status_can_be_set(brevo: Caller, status: int) -> None:
    """The next two requests fail with a code and a message and without effect, the third passes."""
    brevo.stand_in.faults = Faults(status=status, times=2)
    answers = [brevo.post("contacts", {"email": ANA}) for _ in range(3)]
    assert [status, status, 201] == [answer.status_code for answer in answers]
    assert {"code", "message"} == set(answers[0].json())


def test_an_account_in_process(brevo: Caller) -> None:
    """425 with its own code."""
    brevo.stand_in.faults = Faults(status=425, only=("/v3/contacts",))
    assert (425, "account_in_process") == refusal(brevo.post("contacts", {"email": ANA}))
    assert 200 == brevo.ask("GET", "account").status_code


@pytest.mark.parametrize("status", [500, 502])
def test_an_outage_is_a_page(brevo: Caller, status: int) -> None:
    """HTML where JSON was asked for, and no effect."""
    brevo.stand_in.faults = Faults(status=status, rubbish="html")
    page = brevo.post("contacts", {"email": ANA})
    assert (status, "text/html; charset=utf-8") == (page.status_code, page.headers["Content-Type"])
    assert {} == brevo.account.contacts


def test_the_third_request_fails(brevo: Caller) -> None:
    """Of those that are meant; the others do not count."""
    brevo.stand_in.faults = Faults(status=500, only=("POST /v3/events",), skip=2, times=1)
    answers = [brevo.post(path, EVENT if path == "events" else {"ext_id": "1"}) for path in ["events", "contacts"] * 4]
    assert [204, 204, 500, 204] == [answer.status_code for answer in answers[::2]]
    assert 3 == len(brevo.account.entries)


def test_a_cut_before_the_effect(brevo: Caller) -> None:
    """Nothing was written, and the client cannot know."""
    brevo.stand_in.faults = Faults(cut="before", times=1)
    with pytest.raises(requests.ConnectionError):
        brevo.post("events", EVENT)
    assert [] == brevo.account.entries
    assert 204 == brevo.post("events", EVENT).status_code
    assert [0, 204] == statuses(brevo)


def test_a_cut_after_the_effect(brevo: Caller) -> None:
    """The event was accepted, its answer is lost, and who sends it again doubles it."""
    brevo.stand_in.faults = Faults(cut="after", times=1)
    with pytest.raises(requests.ConnectionError):
        brevo.post("events", EVENT)
    assert 1 == len(brevo.account.entries)
    assert 204 == brevo.post("events", EVENT).status_code
    assert 2 == len(brevo.account.entries)
    assert [0, 204] == statuses(brevo)


def test_a_late_answer_has_had_its_effect(brevo: Caller) -> None:
    """The client times out on a contact that was created all the same."""
    brevo.stand_in.faults = Faults(latency_s=30, only=("POST",))
    with pytest.raises(requests.Timeout):
        brevo.ask("POST", "contacts", json={"email": ANA}, timeout=0.3)
    assert 1 == brevo.get("contacts")["count"]


def test_silence_has_no_effect(brevo: Caller) -> None:
    """The request is never looked at."""
    brevo.stand_in.faults = Faults(silent=True)
    with pytest.raises(requests.Timeout):
        brevo.ask("POST", "contacts", json={"email": ANA}, timeout=0.3)
    brevo.stand_in.faults = Faults()
    assert 0 == brevo.get("contacts")["count"]
    assert [0, 200] == statuses(brevo)


def test_a_dripping_answer_outlives_the_read_timeout(brevo: Caller) -> None:
    """Headers come at once and bytes one by one, so only a limit on the whole answer helps."""
    brevo.stand_in.faults = Faults(drip=True)
    with brevo.ask("GET", "account", stream=True) as answer:
        assert 200 == answer.status_code
        assert b"{" == answer.raw.read(1)
        brevo.stand_in.faults = Faults()


def test_rubbish_is_what_it_says(brevo: Caller) -> None:
    """A page, JSON of a wrong shape, and an answer that ends too early."""
    brevo.stand_in.faults = Faults(rubbish="html")
    assert "text/html; charset=utf-8" == brevo.ask("GET", "account").headers["Content-Type"]
    brevo.stand_in.faults = Faults(rubbish="json")
    assert "contacts" not in brevo.get("contacts")
    brevo.stand_in.faults = Faults(rubbish="truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        brevo.ask("GET", "account")


@pytest.mark.parametrize("faults", [Faults(silent=True), Faults(drip=True), Faults(latency_s=60)])
def test_stopping_waits_for_nobody(brevo: Caller, faults: Faults) -> None:
    """A held connection does not keep the stand-in from stopping, nor stopping it twice."""
    brevo.stand_in.faults = faults
    failures: list[Exception] = []

    def ask() -> None:
        try:
            brevo.ask("POST", "contacts", json={"email": ANA}, timeout=50)
        except requests.RequestException as error:
            failures.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(0.2)
    brevo.stand_in.stop()
    brevo.stand_in.stop()
    asking.join()
    assert not any(isinstance(failure, requests.Timeout) for failure in failures)


def test_a_port_that_is_taken_is_an_error(brevo: Caller) -> None:
    """It does not end the process that asked for it."""
    taken = int(brevo.stand_in.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match=str(taken)):
        BrevoStandIn(port=taken).start()


def test_an_address_is_known_only_while_it_listens() -> None:
    """And is a new one after a stop."""
    stand_in = BrevoStandIn()
    with pytest.raises(RuntimeError, match="not started"):
        _ = stand_in.url
    for _ in range(2):
        with stand_in:
            assert 401 == requests.get(f"{stand_in.url}/v3/account", timeout=2).status_code


def test_faults_requests_and_state_over_http(brevo: Caller) -> None:
    """Another process sees and sets them without a key; these calls are not counted."""
    own = f"{brevo.stand_in.url}/_stand-in/"
    brevo.create(email=ANA, listIds=[1], attributes={"NOTHING": 1})
    brevo.post("events", EVENT)
    wish = {"cut": "after", "only": ["POST /v3/events"], "skip": 1, "times": 1, "for_s": None}
    assert "after" == requests.put(f"{own}faults", json=wish, timeout=2).json()["cut"]
    assert Faults(cut="after", only=("POST /v3/events",), skip=1, times=1) == brevo.stand_in.faults
    seen = requests.get(f"{own}requests", timeout=2).json()
    assert (2, ["/v3/contacts", "/v3/events"]) == (seen["count"], [one["path"] for one in seen["requests"]])
    state = requests.get(f"{own}state", timeout=2).json()

    assert [ANA] == [one["email"] for one in state["contacts"]]
    assert [("Customers", 1), ("Newsletter", 0)] == [(one["name"], one["totalSubscribers"]) for one in state["lists"]]
    assert [(1, "seen", EVENT["identifiers"])] == [
        (one["contact_id"], one["event_name"], one["identifiers"]) for one in state["timeline"]
    ]
    assert [{"attribute": "NOTHING", "value": 1, "reason": "unknown"}] == state["ignored"]
    assert "FIRSTNAME" in {one["name"] for one in state["attributes"]}


@pytest.mark.parametrize(
    "body", [{"typo": 1}, {"cut": "during"}, {"skip": -1}, {"skip": None}, {"for_s": "long"}, {"times": 1.5}, [], None]
)
def test_wrong_faults_are_refused(brevo: Caller, body: object) -> None:
    """What is wrong is named, and the old faults stay."""
    answer = requests.put(f"{brevo.stand_in.url}/_stand-in/faults", json=body, timeout=2)
    assert (422, True) == (answer.status_code, bool(answer.json()["error"]))
    assert Faults() == brevo.stand_in.faults


def test_reset_forgets_all_but_the_account(brevo: Caller) -> None:
    """One stand-in can serve many tests."""
    brevo.create(email=ANA)
    brevo.stand_in.faults = Faults(status=500)
    brevo.stand_in.ip_blocked = True
    brevo.stand_in.reset()
    assert ([], Faults()) == (brevo.stand_in.requests, brevo.stand_in.faults)
    assert 1 == brevo.get("contacts")["count"]


def test_many_callers_at_once_lose_nothing(brevo: Caller) -> None:
    """Eight threads write the same contacts and their events: each contact is there once, each event too."""

    def work(thread: int) -> None:
        for number in range(8):
            email = f"{number}@example.com"
            assert brevo.upsert(email=email, attributes={"FIRSTNAME": f"{thread}"}).status_code in {201, 204}
            event = {"event_name": f"e{thread}", "identifiers": {"email_id": email}}
            assert 204 == brevo.post("events", event).status_code

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert 8 == len(brevo.account.contacts)
    assert [8] * 8 == [len(brevo.account.timeline(contact_id)) for contact_id in brevo.account.contacts]
    assert 64 == len({entry.number for entry in brevo.account.entries})


def test_one_request_at_a_time_changes_the_account(brevo: Caller) -> None:
    """A request waits while another one, or a test, is at it."""
    with brevo.account.lock:
        with pytest.raises(requests.Timeout):
            brevo.ask("POST", "contacts", json={"email": ANA}, timeout=0.3)
        assert {} == brevo.account.contacts
    assert 200 == brevo.ask("GET", "contacts").status_code


def test_the_account_is_shown_as_tables(brevo: Caller) -> None:
    """What somebody at the terminal wants to see, with markup of strangers taken as text."""
    brevo.create(email=ANA, listIds=[1], emailBlacklisted=True, attributes={"FIRSTNAME": "[red]Ana", "NOTHING": 1})
    brevo.post("events", {**EVENT, "event_properties": {"channel": "sms"}})
    brevo.post("events", {"event_name": "lost", "identifiers": {"ext_id": "c-9"}})
    state = requests.get(f"{brevo.stand_in.url}/_stand-in/state", timeout=2).json()
    out = io.StringIO()
    show(state, Console(file=out, width=160))

    shown = out.getvalue()
    for told in (
        "FIRSTNAME [red]Ana",
        "channel sms",
        "nobody's: ext_id c-9",
        "there is no such attribute",
        "Customers",
    ):
        assert told in shown, told
    assert json.loads(json.dumps(state)) == state


def test_an_empty_account_is_said_to_be_empty(brevo: Caller) -> None:
    """Rather than showing nothing."""
    state = requests.get(f"{brevo.stand_in.url}/_stand-in/state", timeout=2).json()
    out = io.StringIO()
    show(state, Console(file=out, width=100))
    assert "No contacts and no events yet." in out.getvalue()
