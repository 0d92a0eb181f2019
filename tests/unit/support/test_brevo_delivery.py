"""A person's news reach Brevo, each event once, whatever breaks on the way."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.marketing_contacts import FakeMarketingContacts
from tests.unit.conftest import Lines
from tests.unit.support.delivery import KEYS, MINUTE, NOW, PHONE, Outside, dossier, event, interaction, outside
from twilio_bridge.errors import (
    NotTakenError,
    RateLimitedError,
    RefusedError,
    UnacceptableError,
    UnavailableError,
)
from twilio_bridge.support.brevo_contact import contact_of
from twilio_bridge.support.brevo_delivery import Delivered, deliver, deliver_word
from twilio_bridge.support.person import Dossier

REQUESTED = event(at=NOW)
RESOLVED = event("WT1#resolved", name="SUPPORT_RESOLVED", at=NOW + MINUTE)
SCORED = event("WT1#csat", name="CSAT_SUBMITTED", at=NOW + 2 * MINUTE)
THREE = dossier(SCORED, REQUESTED, RESOLVED, interactions=(interaction(wait_s=12, score=5.0, scored_at=NOW),))
KEYS_OF_THREE = ["WT1#requested", "WT1#resolved", "WT1#csat"]
LATER = NOW + 10 * MINUTE


class CrashError(Exception):
    """The process ends here."""


def until_done(around: Outside, now: int = LATER, tries: int = 50) -> None:
    """Let the message come again until a delivery succeeds."""
    for _ in range(tries):
        try:
            deliver("ann", around.work(), now)
        except (CrashError, RefusedError, RateLimitedError, UnavailableError):
            continue
        return
    raise AssertionError("never delivered")


def assert_told_once(around: Outside) -> None:
    held = around.dossiers.held["ann"]
    assert KEYS_OF_THREE == around.told()
    assert {"sent"} == {each.status for each in held.events}
    wanted = contact_of(held, around.settings, None)
    assert wanted
    assert [replace(wanted, lists=[32, 33], opted_out=False)] == list(around.crm.contacts.values())
    assert [1] == list(around.crm.contacts)
    assert 1 == held.person.contact_id


def test_all_that_is_new() -> None:
    """One upsert, then an event each, in the order in which they happened."""
    around = outside(THREE)
    done = deliver("ann", around.work(), LATER)
    assert Delivered(contacts=1, sent=3) == done
    assert ["upsert", "post", "post", "post"] == around.asked()
    assert_told_once(around)


def test_nothing_is_new() -> None:
    """Brevo is not asked, however often the message comes."""
    around = outside(THREE)
    deliver("ann", around.work(), LATER)
    around.asked()
    assert [Delivered()] * 3 == [deliver("ann", around.work(), LATER) for _ in range(3)]
    assert [] == around.asked()


def test_an_event_of_a_contact_that_has_not_changed() -> None:
    """It costs one request."""
    around = outside(THREE)
    deliver("ann", around.work(), LATER)
    around.asked()
    held = around.dossiers.held["ann"]
    around.dossiers.held["ann"] = replace(held, events=(*held.events, event("CH1#ended")))
    assert Delivered(sent=1) == deliver("ann", around.work(), LATER)
    assert ["post"] == around.asked()


def test_a_contact_whose_id_brevo_does_not_tell() -> None:
    """It is found by an identifier, and made sure of before each event."""
    around = outside(THREE)
    upsert = around.crm.upsert
    around.crm.upsert = lambda *given: (upsert(*given), None)[1]  # type: ignore[method-assign]  # Brevo answers 204
    assert Delivered(contacts=1, sent=3) == deliver("ann", around.work(), LATER)
    around.asked()
    assert Delivered() == deliver("ann", around.work(), LATER)
    held = around.dossiers.held["ann"]
    around.dossiers.held["ann"] = replace(held, events=(*held.events, event("CH1#ended")))
    assert Delivered(contacts=1, sent=1) == deliver("ann", around.work(), LATER)
    assert ["upsert", "post"] == around.asked()


def test_new_numbers_without_an_event() -> None:
    """They cost one upsert, and are those of all interactions, told before or not."""
    around = outside(THREE)
    deliver("ann", around.work(), LATER)
    around.asked()
    held = around.dossiers.held["ann"]
    more = (*held.interactions, interaction("WT2", channel="sms"), interaction("WT3", channel="sms"))
    around.dossiers.held["ann"] = replace(held, interactions=more)
    assert Delivered(contacts=1) == deliver("ann", around.work(), LATER)
    assert ["upsert"] == around.asked()
    attributes = around.crm.contacts[1].attributes
    assert (3, "sms", 12.0) == tuple(
        attributes[name] for name in ("SUPPORT_TICKET_COUNT", "PREFERRED_CHANNEL", "AVG_WAIT_TIME")
    )


def test_an_email_learnt_later() -> None:
    """Somebody known by number turns out to have an email: Brevo's contact gets it, once."""
    around = outside(dossier(keys=frozenset((f"phone#{PHONE}",))))
    deliver("ann", around.work(), LATER)
    held = around.dossiers.held["ann"]
    around.dossiers.held["ann"] = replace(held, person=replace(held.person, keys=KEYS))
    around.asked()
    for _ in range(2):
        deliver("ann", around.work(), LATER)
    assert ["upsert", "add_email"] == around.asked()
    assert ["ann@example.com"] == [contact.email for contact in around.crm.contacts.values()]


@pytest.mark.parametrize(("said_themselves", "expected"), [(None, True), (False, False)])
def test_brevo_s_flag_stops_sends(said_themselves: bool | None, expected: bool) -> None:
    """Whom the company blocklisted in Brevo has opted out everywhere, unless they said something themselves."""
    around = outside(dossier(keys=frozenset((f"phone#{PHONE}",))))
    deliver("ann", around.work(), LATER)
    around.crm.set_opted_out(PHONE, True)
    if said_themselves is not None:
        said(around, said_themselves, 1)
    held = around.dossiers.held["ann"]
    around.dossiers.held["ann"] = replace(held, person=replace(held.person, keys=KEYS))
    deliver("ann", around.work(), LATER)
    assert [expected] == [word.out for word in around.words.find_requests([PHONE])]


def test_what_is_not_due_waits() -> None:
    """It is told later, and it is said when."""
    held = dossier(REQUESTED, replace(RESOLVED, due_at=LATER + 1), replace(SCORED, due_at=LATER + 9))
    around = outside(held)
    assert Delivered(contacts=1, sent=1, next_at=LATER + 1) == deliver("ann", around.work(), LATER)
    assert ["WT1#requested"] == around.told()
    assert Delivered(sent=1, next_at=LATER + 9) == deliver("ann", around.work(), LATER + 1)


@pytest.mark.parametrize("status", ["sent", "refused", "withdrawn"])
def test_what_is_done_is_not_told_again(status: Any) -> None:
    """Nor what did not happen after all."""
    around = outside(dossier(replace(REQUESTED, status=status)))
    deliver("ann", around.work(), LATER)
    assert [] == around.told()


def test_an_event_that_is_gone_meanwhile() -> None:
    """It is not told."""
    around = outside(THREE)
    work = around.work()
    around.dossiers.mark = lambda *_a: False  # type: ignore[method-assign]  # as if somebody had deleted the rows
    assert Delivered(contacts=1) == deliver("ann", work, LATER)
    assert [] == around.told()


def test_somebody_who_turned_out_to_be_somebody_else() -> None:
    """The other's delivery is asked for, and Brevo is not."""
    around = outside(dossier(REQUESTED, joined_into="ben"))
    assert Delivered() == deliver("ann", around.work(), LATER)
    assert ["ben"] == around.outbox.persons
    assert [] == around.asked()


def test_somebody_unknown() -> None:
    """There is nothing to tell."""
    assert Delivered() == deliver("nobody", outside(THREE).work(), LATER)


def test_somebody_whom_brevo_could_not_find() -> None:
    """Their events are put aside until there is an identifier; then they are told."""
    around = outside(dossier(REQUESTED, keys=frozenset(("task#WT1",))))
    assert Delivered(parked=1) == deliver("ann", around.work(), LATER)
    assert {"WT1#requested": "parked"} == around.statuses()
    assert [] == around.asked()
    held = around.dossiers.held["ann"]
    around.dossiers.held["ann"] = replace(held, person=replace(held.person, keys=KEYS))
    assert Delivered(contacts=1, sent=1) == deliver("ann", around.work(), LATER)
    assert {"WT1#requested": "sent"} == around.statuses()


def test_an_event_that_was_rewritten_meanwhile() -> None:
    """Its older version is not told: the newer one has its own time."""
    around = outside(THREE)
    held = around.dossiers.held["ann"]
    newer = tuple(replace(each, version=2) for each in held.events)

    def rewrite(name: str, _call: int) -> None:
        if name == "upsert":
            around.dossiers.held["ann"] = replace(around.dossiers.held["ann"], events=newer)

    around.script = rewrite
    assert Delivered(contacts=1) == deliver("ann", around.work(), LATER)
    assert [] == around.told()


def calls_of_a_delivery() -> int:
    around = outside(THREE)
    deliver("ann", around.work(), LATER)
    return len(around.calls)


CALLS = calls_of_a_delivery()


@pytest.mark.parametrize(("number", "has_effect"), [*product(range(1, CALLS + 1), [False, True])])
@pytest.mark.parametrize("error", [CrashError("x"), UnavailableError("x", "x")], ids=repr)
def test_a_crash_at_any_call(number: int, has_effect: bool, error: Exception) -> None:
    """Before or after its effect: all arrives, and once."""
    around = outside(THREE)
    around.script = lambda _name, call: (error, has_effect) if call == number else None
    with pytest.raises(type(error)):
        deliver("ann", around.work(), LATER)
    until_done(around)
    assert_told_once(around)


troubles = st.none() | st.tuples(
    st.sampled_from([CrashError("x"), UnavailableError("x", "x"), RateLimitedError("x", 1), NotTakenError("x", "x")]),
    st.booleans(),
)


@settings(max_examples=300)
@given(st.lists(troubles, max_size=40))
def test_crash_upon_crash(script: list[Any]) -> None:
    """Whatever happens at forty calls, all arrives once; what is limited or untaken had no effect."""
    around = outside(THREE)

    def trouble(_name: str, call: int) -> tuple[Exception, bool] | None:
        found = script[call - 1] if call <= len(script) else None
        return (found[0], False) if found and isinstance(found[0], RateLimitedError | NotTakenError) else found

    around.script = trouble
    until_done(around)
    assert_told_once(around)


def test_a_row_left_in_sending_is_looked_up_first() -> None:
    """It is told only if it is not there."""
    left = replace(REQUESTED, status="sending"), replace(RESOLVED, status="sending")
    around = outside(dossier(*left))
    contact_id = around.crm.upsert(contact_of(dossier(), around.settings, None))  # type: ignore[arg-type]  # not None
    around.crm.timeline.append((contact_id or 0, REQUESTED))
    assert Delivered(contacts=1, sent=1, found=1) == deliver("ann", around.work(), LATER)
    assert ["upsert", "has", "has", "post"] == around.asked()
    assert ["WT1#requested", "WT1#resolved"] == around.told()


def test_a_look_up_that_cannot_decide(log: Lines) -> None:
    """It is told, counted and logged as a possible duplicate."""
    around = outside(dossier(replace(REQUESTED, status="sending")))
    around.crm.has = lambda *_a: None  # type: ignore[method-assign]  # Brevo does not tell
    assert Delivered(contacts=1, sent=1, doubtful=1) == deliver("ann", around.work(), LATER)
    assert ["WT1#requested"] == around.told()
    assert ["Brevo may have an event twice"] == [line["message"] for line in log()]
    assert ["WT1#requested"] == [line["key"] for line in log()]


@pytest.mark.parametrize(
    "error", [RateLimitedError("x", 9), NotTakenError("x", "x"), RefusedError("x", "x", code=401)], ids=repr
)
def test_what_certainly_did_not_happen_needs_no_look_up(error: Exception) -> None:
    """The row is pending again: look-ups are few an hour."""
    around = outside(THREE)
    around.script = lambda name, _call: (error, False) if name == "post" else None
    for _ in range(3):
        with pytest.raises(type(error)):
            deliver("ann", around.work(), LATER)
    assert {"pending"} == set(around.statuses().values())
    around.script = lambda _name, _call: None
    around.asked()
    until_done(around)
    assert ["post", "post", "post"] == around.asked()
    assert_told_once(around)


@pytest.mark.parametrize("has_effect", [False, True])
def test_an_outage_of_an_hour(has_effect: bool) -> None:
    """Brevo fails at everything, and may have done what it does not answer: afterwards all is there once."""
    around = outside(THREE)
    around.script = lambda name, _call: (
        (UnavailableError("brevo", "status 503"), has_effect) if name in {"upsert", "post", "has"} else None
    )
    for _ in range(12):
        with pytest.raises(UnavailableError):
            deliver("ann", around.work(), LATER)
    around.script = lambda _name, _call: None
    until_done(around)
    assert_told_once(around)


class Choosy(FakeMarketingContacts):
    """A MarketingContacts that never takes some events."""

    def post(self, contact: Any, contact_id: int | None, event: Any) -> None:
        if event.key == "WT1#resolved":
            raise UnacceptableError("brevo", "status 400 invalid_parameter", code=400)
        super().post(contact, contact_id, event)


def test_an_event_that_is_refused_for_good(log: Lines) -> None:
    """It is logged and given up, and the others are told."""
    around = outside(THREE, crm=Choosy())
    assert Delivered(contacts=1, sent=2, refused=1) == deliver("ann", around.work(), LATER)
    assert ["WT1#requested", "WT1#csat"] == around.told()
    assert "refused" == around.statuses()["WT1#resolved"]
    assert [("ERROR", "WT1#resolved")] == [(line["level"], line["key"]) for line in log()]
    around.asked()
    assert Delivered() == deliver("ann", around.work(), LATER)
    assert [] == around.asked()


def test_an_event_of_a_contact_that_somebody_deleted() -> None:
    """The contact is made again, and the event told."""
    around = outside(THREE)
    deliver("ann", around.work(), LATER)
    around.crm.contacts.clear()
    held = around.dossiers.held["ann"]
    around.dossiers.held["ann"] = replace(held, events=(*held.events, event("CH1#ended")))
    around.asked()
    assert Delivered(contacts=1, sent=1) == deliver("ann", around.work(), LATER)
    assert ["post", "upsert", "post"] == around.asked()
    assert [*KEYS_OF_THREE, "CH1#ended"] == around.told()


def test_a_contact_that_is_refused_for_good() -> None:
    """It is said at once, and what waited is put aside until something changes."""
    around = outside(dossier(REQUESTED))
    error = UnacceptableError("brevo", "status 400 invalid_parameter", code=400)
    around.script = lambda name, _call: (error, False) if name == "upsert" else None
    with pytest.raises(UnacceptableError):
        deliver("ann", around.work(), LATER)
    assert {"WT1#requested": "parked"} == around.statuses()
    around.script = lambda _name, _call: None
    assert Delivered(contacts=1, sent=1) == deliver("ann", around.work(), LATER)


def said(around: Outside, out: bool, at: float, address: str = PHONE) -> None:
    around.words.record_request(address, out, at)


def test_who_opted_out_is_blocklisted() -> None:
    """With the first upsert, and for as long as that is their latest word."""
    around = outside(THREE)
    said(around, out=True, at=1)
    deliver("ann", around.work(), LATER)
    assert around.crm.contacts[1].opted_out


def test_an_opt_in_lifts_nothing_by_an_upsert() -> None:
    """Only the word itself does."""
    around = outside(THREE)
    said(around, out=True, at=1)
    deliver("ann", around.work(), LATER)
    said(around, out=False, at=2)
    deliver("ann", around.work(), LATER)
    assert around.crm.contacts[1].opted_out
    assert 1 == deliver_word(PHONE, around.crm, around.words)
    assert not around.crm.contacts[1].opted_out


def test_an_opt_in_while_brevo_is_told_the_opt_out() -> None:
    """It is minded."""
    around = outside(THREE)
    said(around, out=True, at=1)

    def start(name: str, _call: int) -> None:
        if name == "upsert":
            said(around, out=False, at=2)

    around.script = start
    deliver("ann", around.work(), LATER)
    assert not around.crm.contacts[1].opted_out


def test_a_word_is_told() -> None:
    """The latest counts, however often and in whatever order the messages come."""
    around = outside(THREE)
    deliver("ann", around.work(), LATER)
    crm, words = around.crm, around.words
    assert 0 == deliver_word(PHONE, crm, words)
    said(around, out=True, at=1)
    assert [1, 1] == [deliver_word(f"whatsapp:{PHONE}", crm, words) for _ in range(2)]
    assert crm.contacts[1].opted_out
    said(around, out=False, at=3)
    said(around, out=True, at=2)
    assert [1, 0] == [deliver_word(PHONE, crm, words) for _ in range(2)]
    assert not crm.contacts[1].opted_out


def test_an_opt_in_lifts_once() -> None:
    """A START that comes again undoes nothing that was said in Brevo since."""
    around = outside(THREE)
    deliver("ann", around.work(), LATER)
    said(around, True, 1)
    deliver_word(PHONE, around.crm, around.words)
    said(around, False, 2)
    assert 1 == deliver_word(PHONE, around.crm, around.words)
    around.crm.set_opted_out(PHONE, True)
    said(around, False, 2)
    assert 0 == deliver_word(PHONE, around.crm, around.words)
    assert [True] == [contact.opted_out for contact in around.crm.contacts.values()]


def test_an_ordinary_yes_changes_nothing() -> None:
    """What the company blocklisted itself stays so: only our own opt-out is undone."""
    around = outside(THREE)
    deliver("ann", around.work(), LATER)
    around.crm.set_opted_out(PHONE, True)
    said(around, out=False, at=1)
    assert 0 == deliver_word(PHONE, around.crm, around.words)
    assert around.crm.contacts[1].opted_out


def test_an_opt_in_after_an_opt_out_whose_answer_got_lost() -> None:
    """Brevo may have done what it did not answer, so it is undone."""
    around = outside(THREE)
    deliver("ann", around.work(), LATER)
    said(around, out=True, at=1)
    around.script = lambda name, _call: (UnavailableError("x", "x"), True) if name == "set_opted_out" else None
    with pytest.raises(UnavailableError):
        deliver_word(PHONE, around.work().crm, around.words)
    assert around.crm.contacts[1].opted_out
    said(around, out=False, at=2)
    assert 1 == deliver_word(PHONE, around.crm, around.words)
    assert not around.crm.contacts[1].opted_out


def test_a_word_under_the_phones_other_number() -> None:
    """Some countries' mobiles have two; Brevo may know either."""
    one, other = "+5511987654321", "+551187654321"
    around = outside(dossier(REQUESTED, keys=frozenset((f"phone#{one}",))))
    deliver("ann", around.work(), LATER)
    said(around, out=True, at=1, address=other)
    assert 1 == deliver_word(other, around.crm, around.words)
    assert around.crm.contacts[1].opted_out


@pytest.mark.parametrize("address", ["", "ann", "whatsapp:", "+44770090099"])
def test_a_word_of_nobody_in_brevo(address: str) -> None:
    """Nobody is told."""
    around = outside(THREE)
    said(around, out=True, at=1, address=address)
    assert 0 == deliver_word(address, around.crm, around.words)


def test_no_log_tells_anything_about_anybody(log: Lines) -> None:
    """Ids and counts only."""
    around = outside(THREE, crm=Choosy())
    deliver("ann", around.work(), LATER)
    held: Dossier = around.dossiers.held["ann"]
    around.dossiers.held["ann"] = replace(held, events=(event("WT1#resolved", due_at=0),))
    deliver("ann", around.work(), LATER)
    names = [key.partition("#")[2] for key in KEYS if key.startswith(("email", "phone", "external"))]
    assert log()
    assert not [name for name in names if name in str(log())]
