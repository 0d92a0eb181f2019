"""What Brevo refuses, loses and limits: each is the right error, and no event is told twice because of it."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import date
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from random import Random
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from requests import Response

from tests.contract.airtable.adapter import answering
from tests.contract.brevo.adapter import ANN, MAIL, OTHER_PHONE, PHONE, Around, event, stand_in
from tests.contract.tables import SYNC_STATE, Aws
from tests.fakes.dynamodb import LockedDictionary
from twilio_bridge import deadline
from twilio_bridge.adapters.brevo import client
from twilio_bridge.adapters.brevo.client import NEVER_TWICE, THE_REST, WINDOWS, Call, limiters
from twilio_bridge.adapters.brevo.errors import BrevoIpBlockedError, RefusedFieldsError, read_reset_s
from twilio_bridge.adapters.brevo.marketing_contacts import BrevoMarketingContacts
from twilio_bridge.errors import (
    NotTakenError,
    OutOfTimeError,
    RateLimitedError,
    RefusedError,
    UnacceptableError,
    UnavailableError,
)
from twilio_bridge.logs import logger
from twilio_bridge.support.persons.person import TimelineEvent
from twilio_bridge.support.ports import MarketingContact
from twilio_bridge_local.vendors.brevo.attributes import Attribute
from twilio_bridge_local.vendors.brevo.limits import GENERAL
from twilio_bridge_local.vendors.faults import Faults

POST_EVENT, POST_CONTACT = ("POST", "/events", 204), ("POST", "/contacts", 201)
Lines = Callable[[], list[dict[str, Any]]]
NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def around(monkeypatch: pytest.MonkeyPatch) -> Iterator[Around]:
    """An account with two lists; retries come at once."""
    monkeypatch.setattr("time.sleep", lambda _s: None)
    with stand_in() as brevo:
        yield Around(brevo)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Lines:
    """The warnings so far."""
    stream = StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", stream)

    def lines() -> list[dict[str, Any]]:
        said = [json.loads(line) for line in stream.getvalue().splitlines()]
        return [line for line in said if line["level"] == "WARNING"]

    return lines


def told(around: Around) -> list[str]:
    return [str(entry.event_properties["key"]) for entry in around.brevo.account.entries]


@pytest.mark.parametrize(
    ("status", "error", "requests"),
    [
        (400, RefusedFieldsError, 1),
        (401, RefusedError, 1),
        (402, RefusedError, 1),
        (403, RefusedError, 1),
        (405, RefusedError, 1),
        (413, UnacceptableError, 1),
        (422, UnacceptableError, 1),
        (425, NotTakenError, 3),
        (429, RateLimitedError, 1),
        (302, UnavailableError, 1),
        (500, UnavailableError, 1),
        (503, UnavailableError, 1),
    ],
)
def test_an_event_with_each_status(around: Around, status: int, error: type[Exception], requests: int) -> None:
    """The error says whether anything happened, and only what certainly did nothing is repeated."""
    crm = around.crm()
    ann = crm.create_contact(ANN).id
    around.seen()
    around.brevo.faults = Faults(status=status)
    with pytest.raises(error) as raised:
        crm.post_event(ann, event())
    assert error is type(raised.value)
    assert [("POST", "/events", status)] * requests == around.seen()


@pytest.mark.parametrize(
    ("status", "error", "requests"),
    [
        (400, UnacceptableError, 4),
        (401, RefusedError, 1),
        (425, NotTakenError, 3),
        (429, RateLimitedError, 1),
        (500, UnavailableError, 3),
        (503, UnavailableError, 3),
    ],
)
def test_a_contact_with_each_status(around: Around, status: int, error: type[Exception], requests: int) -> None:
    """It may be sent again as often as need be; what Brevo does not take is tried with each identifier alone."""
    crm = around.crm()
    around.brevo.faults = Faults(status=status)
    with pytest.raises(error):
        crm.create_contact(ANN)
    assert [("POST", "/contacts", status)] * requests == around.seen()


@pytest.mark.parametrize(
    ("fault", "stands"),
    [
        (Faults(cut="before"), 0),
        (Faults(cut="after"), 1),
        (Faults(rubbish="html"), 1),
        (Faults(rubbish="truncated", status=200), 0),
    ],
    ids=repr,
)
def test_an_events_answer_gets_lost(around: Around, fault: Faults, stands: int) -> None:
    """It is not repeated here, whether it arrived or not; who asked can look it up."""
    crm = around.crm()
    ann = crm.create_contact(ANN).id
    around.brevo.faults = fault
    with pytest.raises(UnavailableError) as raised:
        crm.post_event(ann, event())
    assert not isinstance(raised.value, NotTakenError)
    assert 1 == len([one for one in around.brevo.requests if one.path == "/v3/events"])
    around.brevo.faults = Faults()
    assert {"WT1#resolved": bool(stands)} == crm.find_events(ann, [event()])
    assert stands == len(told(around))


@pytest.mark.parametrize("fault", [Faults(cut="before", times=2), Faults(cut="after", times=2)], ids=repr)
def test_a_contacts_answer_gets_lost(around: Around, fault: Faults) -> None:
    """It is told again, and there is one contact."""
    around.brevo.faults = fault
    assert 1 == around.crm().create_contact(ANN).id
    assert [1] == list(around.brevo.account.contacts)


@pytest.mark.parametrize("rubbish", ["html", "json", "truncated"])
def test_rubbish_for_an_answer(around: Around, rubbish: Any) -> None:
    """It is no answer, neither to a contact nor to a look-up."""
    crm = around.crm()
    around.brevo.faults = Faults(rubbish=rubbish)
    with pytest.raises(UnavailableError):
        crm.create_contact(ANN)
    with pytest.raises(UnavailableError):
        crm.find_events(1, [event()])


@pytest.mark.parametrize("body", ["[]", "[" * 100_000, "<html>", '{"events": 3, "count": 1}', '{"events": [1]}', "{}"])
def test_a_listing_that_is_none(around: Around, body: str) -> None:
    """It is an outage, and says nothing about the event."""
    with answering(body) as url, pytest.raises(UnavailableError):
        around.crm(url=url).find_events(1, [event()])


def test_nobody_listens(around: Around) -> None:
    """Nothing can have happened, so an event is tried again at once, and said to be untaken."""
    with pytest.raises(NotTakenError):
        around.crm(url=NOBODY).post_event(1, event())


def test_silence_ends_with_the_budget(around: Around, monkeypatch: pytest.MonkeyPatch) -> None:
    """A read has its time limit, and all together has the caller's."""
    monkeypatch.setattr(client, "READ_TIMEOUT_S", 0.2)
    crm = around.crm()
    around.brevo.faults = Faults(silent=True)
    with pytest.raises(UnavailableError):
        crm.post_event(1, event())
    around.brevo.faults = Faults(drip=True)
    with deadline.limit(0.5), pytest.raises((OutOfTimeError, UnavailableError)):
        crm.find_events(1, [event()])


def test_a_blocked_address(around: Around) -> None:
    """It is an error of its own that names the remedy; a wrong key is another."""
    around.brevo.ip_blocked = True
    with pytest.raises(BrevoIpBlockedError, match=r"app\.brevo\.com/security/authorised_ips") as blocked:
        around.crm().create_contact(ANN)
    assert "127.0.0.1" not in str(blocked.value)
    around.brevo.ip_blocked = False
    with pytest.raises(RefusedError, match="BREVO_API_KEY") as refused:
        around.crm(key="xkeysib-wrong").create_contact(ANN)
    assert RefusedError is type(refused.value)


@pytest.mark.parametrize("known", [False, True])
def test_a_list_that_does_not_exist(around: Around, known: bool) -> None:
    """Somebody has to mend the configuration; the other list and the contact are written all the same."""
    crm = around.crm()
    wanted = replace(ANN, lists=(1, 99))
    ann = crm.create_contact(ANN).id if known else None
    saved = crm.update_contact(ann, wanted) if ann else crm.create_contact(wanted)
    assert saved
    assert ([1], []) == ([*saved.lists], [*saved.left_out])
    assert [(1,)] == [contact.list_ids for contact in around.brevo.account.contacts.values()]


def test_no_error_tells_anything_about_anybody(around: Around) -> None:
    """Brevo's own sentences are not handed on."""
    body = {
        "code": "invalid_parameter",
        "message": f"{MAIL} is not valid",
        "metadata": {"duplicate_identifiers": [MAIL]},
    }
    for metadata in ({}, body["metadata"]):
        with answering({**body, "metadata": metadata}, 400) as url, pytest.raises(UnacceptableError) as refused:
            around.crm(url=url).create_contact(ANN)
        assert "ann" not in str(refused.value)


def test_a_limit_blocks_everybody(aws: Aws, around: Around) -> None:
    """For as long as Brevo says, and only what counts under that limit."""
    table = aws.table(SYNC_STATE)
    one, other = around.crm(limits=limiters(table)), around.crm(limits=limiters(table))
    ann = one.create_contact(ANN).id
    around.brevo.faults = Faults(status=429, for_s=40)
    with pytest.raises(RateLimitedError) as refused:
        one.post_event(ann, event())
    assert 39 <= refused.value.retry_after <= 40
    around.brevo.faults = Faults()
    around.seen()
    with pytest.raises(RateLimitedError) as refused:
        other.post_event(ann, event())
    assert 38 <= refused.value.retry_after <= 41
    other.update_contact(ann, ANN)
    assert [("PUT", "/contacts/1", 204)] == around.seen()


@pytest.mark.parametrize(
    ("header", "seconds"), [("", 10), ("soon", 10), ("nan", 10), ("-5", 1), ("0", 1), ("7", 7), ("1e9", 3600)]
)
def test_when_a_limit_ends(header: str, seconds: float) -> None:
    """There is a pause whatever the header says, and it ends."""
    response = Response()
    response.headers["x-sib-ratelimit-reset"] = header
    assert seconds == read_reset_s(response)


def post_patiently(crm: BrevoMarketingContacts, contact_id: int, what: TimelineEvent) -> None:
    """Post an event; where no token is free in time, ask again, as the queue would."""
    for _ in range(20):
        with suppress(RateLimitedError):
            crm.post_event(contact_id, what)
            return
    pytest.fail("no token within twenty times the patience")


def test_the_general_plans_limits_hold() -> None:
    """Three instances, each slow whenever it suits it, between the limiter and the network: not a single 429."""
    with stand_in() as brevo:
        brevo.rate_limits.set(GENERAL)
        table = LockedDictionary().table
        ann = Around(brevo).crm(limits=limiters(table)).create_contact(ANN).id

        def deliver(instance: int) -> None:
            chance = Random(instance)  # noqa: S311  a seed, not a secret
            crm = Around(brevo).crm(limits=limiters(table))
            send = crm._brevo._send

            def send_late(wanted: Call) -> Response:
                time.sleep(chance.choice([0, 0, 0.02, 0.4]))
                return send(wanted)

            crm._brevo._send = send_late  # type: ignore[method-assign]  # a machine that is busy just now
            for number in range(12):
                post_patiently(crm, ann, event(f"WT{instance}{number}#resolved"))

        with ThreadPoolExecutor(3) as pool:
            list(pool.map(deliver, range(3)))
        assert {204, 201} == {one.status for one in brevo.requests}
        assert 36 == len(brevo.account.entries)


def test_look_ups_after_an_idle_hour(aws: Aws, around: Around) -> None:
    """As many as an hour has need not wait; the next one waits for nothing and comes again."""
    crm = around.crm(limits=limiters(aws.table(SYNC_STATE)))
    for _ in range(WINDOWS[THE_REST].count):
        assert list(crm.find_events(1, [event()]).values()) == [False]
    with pytest.raises(RateLimitedError) as refused:
        crm.find_events(1, [event()])
    assert 3_400 <= refused.value.retry_after <= 3_601
    assert WINDOWS[THE_REST].count == len(around.seen())


def test_a_connection_that_rested_is_not_used_again(around: Around, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody may have noticed that it is dead, and an event must not be lost in it."""
    crm = around.crm()
    ann = crm.create_contact(ANN).id
    session = crm._brevo._session
    closed: list[int] = []
    close = session.close

    def count() -> None:
        closed.append(1)
        close()

    monkeypatch.setattr(session, "close", count)
    crm.post_event(ann, event("WT1#requested"))
    assert [] == closed
    around.clock.at += 20
    crm.post_event(ann, event())
    assert [1] == closed
    assert ["WT1#requested", "WT1#resolved"] == told(around)


class Redirect(BaseHTTPRequestHandler):
    """Sends everybody to `to`."""

    to = ""

    def do_GET(self) -> None:
        self.send_response(307)
        self.send_header("Location", self.to + self.path)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


def test_a_redirect_is_not_followed(around: Around, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take the key along."""
    monkeypatch.setattr(Redirect, "to", around.brevo.url)
    with HTTPServer(("127.0.0.1", 0), Redirect) as elsewhere:
        Thread(target=elsewhere.handle_request, daemon=True).start()
        requests = around.requests(url=f"http://127.0.0.1:{elsewhere.server_port}")
        with pytest.raises(UnavailableError):
            requests.ask(Call(group="contacts", method="GET", path="/contacts/attributes", policy=NEVER_TWICE))
    assert [] == around.seen()


VALUES = {"NAME": "Ann", "COUNT": 3, "MEAN": 1.5, "VIP": True, "DAY": date(2026, 3, 2)}


def test_missing_attributes_are_made(around: Around) -> None:
    """Each with the type of its value, once; identifiers and Brevo's own are not."""
    crm = around.crm()
    crm.create_contact(replace(ANN, attributes={**VALUES, "FIRSTNAME": "Ann", "WHATSAPP": PHONE}))
    made = {name: around.brevo.account.attributes[name].type for name in VALUES}
    assert {"NAME": "text", "COUNT": "float", "MEAN": "float", "VIP": "boolean", "DAY": "date"} == made
    assert [] == around.brevo.account.ignored
    creations = [("POST", f"/contacts/attributes/normal/{name}", 201) for name in VALUES]
    assert [("GET", "/contacts/attributes", 200), *creations, POST_CONTACT] == around.seen()


def test_attributes_are_asked_for_once_an_hour(around: Around) -> None:
    """And again where one comes up for the first time."""
    crm = around.crm()
    for _ in range(3):
        crm.create_contact(replace(ANN, attributes={"FIRSTNAME": "Ann"}))
    assert 1 == [path for _, path, _ in around.seen()].count("/contacts/attributes")
    crm.create_contact(replace(ANN, attributes={"LASTNAME": "Lee"}))
    assert 1 == [path for _, path, _ in around.seen()].count("/contacts/attributes")
    around.clock.at += 3_601
    crm.create_contact(replace(ANN, attributes={"FIRSTNAME": "Ann"}))
    assert 1 == [path for _, path, _ in around.seen()].count("/contacts/attributes")


def test_an_attribute_that_somebody_else_makes_meanwhile(
    around: Around, monkeypatch: pytest.MonkeyPatch, log: Lines
) -> None:
    """That is as good, and nothing is said."""
    crm = around.crm()
    ask = crm._brevo.ask

    def meanwhile(wanted: Call) -> Any:
        answer = ask(wanted)
        around.brevo.account.add_attributes([Attribute("VIP_TIER")])
        return answer

    monkeypatch.setattr(crm._brevo, "ask", meanwhile)
    crm.create_contact(replace(ANN, attributes={"VIP_TIER": "gold"}))
    assert "gold" == around.brevo.account.contacts[1].attributes["VIP_TIER"]
    assert [200, 400, 200, 201] == [status for _, _, status in around.seen()]
    assert [] == log()


def test_attributes_that_are_not_to_be_made(around: Around, log: Lines) -> None:
    """They are named in the log, once; the rest is written."""
    crm = around.crm(create=False)
    for _ in range(2):
        crm.create_contact(replace(ANN, attributes={"VIP_TIER": "gold", "FIRSTNAME": "Ann"}))
    assert ["not kept: no such attribute"] == [line["message"] for line in log()]
    assert ["VIP_TIER"] == log()[0]["attributes"]
    assert "VIP_TIER" not in around.brevo.account.attributes
    assert "Ann" == around.brevo.account.contacts[1].attributes["FIRSTNAME"]


@pytest.mark.parametrize(
    ("attribute", "value", "kept"),
    [
        (Attribute("OWN"), 3, "3"),
        (Attribute("OWN"), 2.0, "2"),
        (Attribute("OWN"), True, "true"),
        (Attribute("OWN"), date(2026, 3, 2), "2026-03-02"),
        (Attribute("OWN"), ["a", "b"], "a, b"),
        (Attribute("OWN", type="float"), "4711", 4711),
        (Attribute("OWN", type="float"), "1.5", 1.5),
        (Attribute("OWN", type="boolean"), "Yes", True),
        (Attribute("OWN", type="boolean"), 0, False),
        (Attribute("OWN", type="date"), "2026-03-02T10:00:00Z", "2026-03-02"),
        (Attribute("OWN", type="multiple-choice", options=("a", "b")), ["a", "b"], ["a", "b"]),
        (Attribute("OWN", type="multiple-choice", options=("a", "b")), "a", ["a"]),
        (Attribute("OWN", "category", "category", enumeration=((1, "gold"),)), "gold", "gold"),
    ],
    ids=repr,
)
def test_a_value_is_converted_to_the_attributes_type(
    around: Around, log: Lines, attribute: Attribute, value: object, kept: object
) -> None:
    """Nothing that Brevo would have dropped without a word is dropped."""
    around.brevo.account.add_attributes([attribute])
    around.crm().create_contact(replace(ANN, attributes={"OWN": value}))
    assert kept == around.brevo.account.contacts[1].attributes["OWN"]
    assert ([], []) == (log(), around.brevo.account.ignored)


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        (Attribute("OWN", type="float"), "A-17"),
        (Attribute("OWN", type="float"), "nan"),
        (Attribute("OWN", type="float"), True),
        (Attribute("OWN", type="float"), ["1"]),
        (Attribute("OWN", type="boolean"), "perhaps"),
        (Attribute("OWN", type="date"), "soon"),
        (Attribute("OWN", type="date"), 20260302),
        (Attribute("OWN", type="multiple-choice", options=("a", "b")), ["a", "c"]),
        (Attribute("OWN", type="multiple-choice", options=("a", "b")), 1),
        (Attribute("OWN", "category", "category", enumeration=((1, "gold"),)), "silver"),
        (Attribute("OWN", "transactional", "id"), "7"),
        (Attribute("OWN", "calculated", "", value="COUNT[ID]"), 7),
        (Attribute("OWN", "global", "", value="COUNT[ID]"), 7),
    ],
    ids=repr,
)
def test_a_value_that_cannot_be_converted_is_left_out(
    around: Around, log: Lines, attribute: Attribute, value: object
) -> None:
    """It is named in the log, once; the rest is written, in one request."""
    around.brevo.account.add_attributes([attribute])
    crm = around.crm()
    for _ in range(2):
        crm.create_contact(replace(ANN, attributes={"OWN": value, "FIRSTNAME": "Ann"}))
    assert [("not kept: the attribute has another type", ["OWN"])] == [
        (line["message"], line["attributes"]) for line in log()
    ]
    assert {"FIRSTNAME": "Ann", "SMS": PHONE[1:]} == around.brevo.account.contacts[1].attributes
    assert [200, 201, 200] == [status for _, _, status in around.seen()]
    assert [] == around.brevo.account.ignored


def test_misfits_are_found_before_anybody_calls(around: Around) -> None:
    """By name, with what is wrong."""
    around.brevo.account.add_attributes(
        [Attribute("COUNT", type="float"), Attribute("ORDER_ID", "transactional", "id"), Attribute("TIER")]
    )
    crm = around.crm()
    samples = {"COUNT": "A-17", "ORDER_ID": "7", "TIER": "gold", "NEW": "x", "SMS": PHONE}
    expected = {
        "COUNT": "has the type float",
        "ORDER_ID": "is of the category transactional, which contacts cannot have",
    }
    assert expected == crm._attributes.find_misfits(samples)
    assert {**expected, "NEW": "does not exist"} == around.crm(create=False)._attributes.find_misfits(samples)


@pytest.mark.parametrize("code", ["duplicate_parameter", "invalid_parameter"])
def test_a_clash_is_known_by_its_metadata(around: Around, log: Lines, code: str) -> None:
    """Whatever its code: it is told once more without, and the log names identifiers and ids only."""
    around.brevo.account.duplicate_code = code
    crm = around.crm()
    crm.create_contact(MarketingContact(email="ben@example.com", phone=PHONE))
    ann = crm.create_contact(MarketingContact(email=MAIL)).id
    around.seen()
    saved = crm.update_contact(ann, MarketingContact(email=MAIL, phone=PHONE))
    assert saved
    assert (ann, ["SMS"]) == (saved.id, [*saved.left_out])
    assert [("PUT", "/contacts/2", 400)] == around.seen()
    assert [(["SMS"], ann)] == [(line["identifiers"], line["contact_id"]) for line in log()]
    assert not any(PHONE in str(line) or MAIL in str(line) for line in log())


def test_a_clash_with_nothing_left(around: Around) -> None:
    """Without an identifier nobody can be told."""
    metadata = {"code": "duplicate_parameter", "metadata": {"duplicate_identifiers": ["SMS"]}}
    with answering(metadata, 400) as url, pytest.raises(UnacceptableError):
        around.crm(url=url).create_contact(MarketingContact(phone=PHONE))


@pytest.mark.parametrize("known", [False, True])
def test_a_number_that_is_nobodys(around: Around, known: bool, log: Lines) -> None:
    """Callers who hide theirs have one that Brevo refuses: the rest is told without it."""
    crm = around.crm()
    hidden = replace(ANN, phone="+266696687", attributes={"WHATSAPP": "+266696687", "LASTNAME": "Lee"}, lists=(1,))
    known_id = crm.create_contact(MarketingContact(email=MAIL)).id if known else None
    saved = crm.update_contact(known_id, hidden) if known_id else crm.create_contact(hidden)
    assert saved
    assert {"SMS", "WHATSAPP"} == saved.left_out
    ann = saved.id
    contact = around.brevo.account.contacts[ann or 0]
    assert (MAIL, "A-1", {"LASTNAME": "Lee"}, (1,)) == (
        contact.email,
        contact.ext_id,
        contact.attributes,
        contact.list_ids,
    )
    assert 1 == len(log())
    with pytest.raises(UnacceptableError):
        crm.create_contact(MarketingContact(phone="+266696687"))


@pytest.mark.parametrize("known", [False, True])
def test_merging_is_opt_in(around: Around, known: bool) -> None:
    """Where it is wanted one contact is left, and its id is the one that is given."""
    crm = around.crm(force_merge=True)
    crm.create_contact(MarketingContact(phone=PHONE, lists=(1,)))
    ann = crm.create_contact(MarketingContact(email=MAIL)).id
    wanted = MarketingContact(email=MAIL, phone=PHONE, lists=(2,))
    saved = crm.update_contact(ann, wanted) if known else crm.create_contact(wanted)
    assert saved
    left = saved.id
    assert [left] == list(around.brevo.account.contacts)
    contact = around.brevo.account.contacts[left or 0]
    assert (MAIL, PHONE[1:], [1, 2]) == (contact.email, contact.attributes["SMS"], sorted(contact.list_ids))


def test_a_blocklisted_email_stays_so(around: Around) -> None:
    """Whatever is told of the contact."""
    crm = around.crm()
    ann = crm.create_contact(ANN).id
    account = around.brevo.account
    account.contacts[1] = replace(account.contacts[1], email_blacklisted=True)
    crm.update_contact(ann, replace(ANN, email="new@example.com", phone=OTHER_PHONE))
    crm.create_contact(ANN)
    assert account.contacts[1].email_blacklisted
    assert [1] == list(account.contacts)


def test_what_an_event_says(around: Around) -> None:
    """Times in UTC with milliseconds, properties with our key, and texts of a length that Brevo takes."""
    crm = around.crm()
    ann = crm.create_contact(ANN).id
    crm.post_event(ann, event(properties={"reason": "x" * 60_000, "wait_s": 12}))
    entry = around.brevo.account.entries[0]
    assert "2025-06-15T15:06:40.123000+00:00" == entry.event_date.isoformat()
    assert {"contact_id": ann} == entry.identifiers
    assert {"reason": "x" * 500, "wait_s": 12, "key": "WT1#resolved"} == entry.event_properties


@pytest.mark.parametrize(("status", "known"), [(400, None), (403, None), (404, None)])
def test_a_look_up_that_is_refused(around: Around, status: int, known: bool | None) -> None:
    """It will not be answered later either: it cannot be found out."""
    around.brevo.faults = Faults(status=status)
    assert {"WT1#resolved": known} == around.crm().find_events(1, [event()])


@pytest.mark.parametrize("status", [425, 429, 500])
def test_a_look_up_that_may_be_answered_later(around: Around, status: int) -> None:
    """It says nothing yet: an event must not be told again because of an outage."""
    around.brevo.faults = Faults(status=status)
    with pytest.raises((RateLimitedError, UnavailableError)):
        around.crm().find_events(1, [event()])


@pytest.mark.parametrize(
    ("entries", "count", "known"),
    [
        ([], 0, False),
        ([{"event_name": "SUPPORT_RESOLVED", "event_properties": {"key": "WT1#resolved"}}], 1, True),
        ([{"event_name": "SUPPORT_REQUESTED", "event_properties": {"key": "WT1#resolved"}}], 1, False),
        ([{"event_name": "SUPPORT_RESOLVED", "event_properties": {"key": "WT2#resolved"}}], 1, False),
        ([{"event_name": "SUPPORT_RESOLVED", "event_date": "2025-06-15T15:06:40Z"}], 1, None),
        ([{"event_name": "SUPPORT_RESOLVED", "event_date": "2025-06-15T15:06:50Z"}], 1, False),
        ([{"event_name": "SUPPORT_RESOLVED", "event_properties": None}], 1, None),
        ([{"event_name": "SUPPORT_RESOLVED", "event_properties": {"key": "WT2#resolved"}}], 1_001, None),
    ],
)
def test_what_a_listing_proves(around: Around, entries: list[object], count: int, known: bool | None) -> None:
    """Our key, or that it is not there; not what is cut off or shows no keys at that very moment."""
    with answering({"events": entries, "count": count}) as url:
        assert {"WT1#resolved": known} == around.crm(url=url).find_events(1, [event()])


def test_a_look_up_asks_for_little(around: Around) -> None:
    """This contact's events of this name, from before it happened until now."""
    around.crm().find_events(7, [event()])
    asked = parse_qs(around.brevo.requests[0].query)
    assert (["7"], ["SUPPORT_RESOLVED"]) == (asked["contact_id"], asked["event_name"])
    assert ["2025-06-15T14:06:40.123Z"] == asked["startDate"]
    assert asked["endDate"][0] > "2025-06-15T16:06:40"
