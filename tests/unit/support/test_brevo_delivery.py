"""A person's news reach Brevo, each event once, whatever breaks on the way."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.marketing_contacts import FakeMarketingContacts
from tests.unit.conftest import Lines
from tests.unit.support.delivery import (
    KEYS,
    MINUTE,
    NOW,
    OTHER_PHONE,
    PHONE,
    REQUESTS,
    Outside,
    dossier,
    event,
    interaction,
    outside,
)
from twilio_bridge.errors import (
    NotTakenError,
    RateLimitedError,
    RefusedError,
    UnacceptableError,
    UnavailableError,
)
from twilio_bridge.support.brevo.brevo_contact import build_contact
from twilio_bridge.support.brevo.brevo_delivery import MAX_EVENTS_PER_DELIVERY, Delivered, deliver_person
from twilio_bridge.support.brevo.brevo_opt_outs import deliver_opt_out
from twilio_bridge.support.persons.person import MAX_SENDING_MS, Dossier
from twilio_bridge.support.ports import MarketingContact

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
    for number in range(tries):
        around.persons.now = later = now + number * 2 * MINUTE
        try:
            deliver_person("ann", around.work(), later)
        except (CrashError, RefusedError, RateLimitedError, UnavailableError):
            continue
        return
    raise AssertionError("never delivered")


def assert_told_once(around: Outside) -> None:
    held = around.persons.held["ann"]
    assert sorted(KEYS_OF_THREE) == sorted(around.told())
    assert {"sent"} == {each.status for each in held.events}
    wanted = build_contact(held, around.settings)
    assert wanted
    assert [replace(wanted, lists=[32, 33], opted_out=False)] == list(around.crm.contacts.values())
    assert [1] == list(around.crm.contacts)
    assert 1 == held.person.contact_id


def test_all_that_is_new() -> None:
    """One upsert, then an event each, in the order in which they happened."""
    around = outside(THREE)
    done = deliver_person("ann", around.work(), LATER)
    assert Delivered(contacts=1, sent=3) == done
    assert ["create_contact", "post_event", "post_event", "post_event"] == around.asked()
    assert KEYS_OF_THREE == around.told()
    assert_told_once(around)


def test_nothing_is_new() -> None:
    """Brevo is not asked, however often the message comes."""
    around = outside(THREE)
    deliver_person("ann", around.work(), LATER)
    around.asked()
    assert [Delivered()] * 3 == [deliver_person("ann", around.work(), LATER) for _ in range(3)]
    assert [] == around.asked()


def test_an_event_of_a_contact_that_has_not_changed() -> None:
    """The contact is updated all the same: an event of a contact that was deleted there might vanish."""
    around = outside(THREE)
    deliver_person("ann", around.work(), LATER)
    around.asked()
    around.persons.add(event("CH1#ended"))
    assert Delivered(contacts=1, sent=1) == deliver_person("ann", around.work(), LATER)
    assert ["update_contact", "post_event"] == around.asked()


def test_new_numbers_without_an_event() -> None:
    """They cost one upsert, and are those of all interactions, told before or not."""
    around = outside(THREE)
    deliver_person("ann", around.work(), LATER)
    around.asked()
    held = around.persons.held["ann"]
    more = (*held.interactions, interaction("WT2", channel="sms"), interaction("WT3", channel="sms"))
    around.persons.held["ann"] = replace(held, interactions=more)
    assert Delivered(contacts=1) == deliver_person("ann", around.work(), LATER)
    assert ["update_contact"] == around.asked()
    attributes = around.crm.contacts[1].attributes
    assert (3, "sms", 12.0) == tuple(
        attributes[name] for name in ("SUPPORT_TICKET_COUNT", "PREFERRED_CHANNEL", "AVG_WAIT_TIME")
    )


def test_an_email_learnt_later() -> None:
    """Somebody known by number turns out to have an email: Brevo's contact gets it, once."""
    around = outside(dossier(keys=frozenset((f"phone#{PHONE}",))))
    deliver_person("ann", around.work(), LATER)
    held = around.persons.held["ann"]
    around.persons.held["ann"] = replace(held, person=replace(held.person, keys=KEYS))
    around.asked()
    for _ in range(2):
        deliver_person("ann", around.work(), LATER)
    assert ["update_contact", "complete_email"] == around.asked()
    assert ["ann@example.com"] == [contact.email for contact in around.crm.contacts.values()]


@pytest.mark.parametrize(("said_themselves", "expected"), [(None, True), (False, False)])
def test_brevo_s_flag_stops_sends(said_themselves: bool | None, expected: bool) -> None:
    """Whom the company blocklisted in Brevo has opted out everywhere, unless they said something themselves."""
    around = outside(dossier(keys=frozenset((f"phone#{PHONE}",))))
    deliver_person("ann", around.work(), LATER)
    around.crm.set_opted_out(PHONE, True)
    if said_themselves is not None:
        said(around, said_themselves, 1)
    held = around.persons.held["ann"]
    around.persons.held["ann"] = replace(held, person=replace(held.person, keys=KEYS))
    deliver_person("ann", around.work(), LATER)
    assert [expected] == [word.out for word in around.words.find_requests([PHONE])]


def test_what_is_not_due_waits() -> None:
    """It is told later, and it is said when."""
    held = dossier(REQUESTED, replace(RESOLVED, due_at=LATER + 1), replace(SCORED, due_at=LATER + 9))
    around = outside(held)
    assert Delivered(contacts=1, sent=1, next_at=LATER + 1) == deliver_person("ann", around.work(), LATER)
    assert ["WT1#requested"] == around.told()
    assert Delivered(contacts=1, sent=1, next_at=LATER + 9) == deliver_person("ann", around.work(), LATER + 1)


@pytest.mark.parametrize("status", ["sent", "refused", "withdrawn"])
def test_what_is_done_is_not_told_again(status: Any) -> None:
    """Nor what did not happen after all."""
    around = outside(dossier(replace(REQUESTED, status=status)))
    deliver_person("ann", around.work(), LATER)
    assert [] == around.told()


def test_an_event_that_is_gone_meanwhile() -> None:
    """It is not told."""
    around = outside(THREE)
    work = around.work()
    around.persons.mark_event = lambda *_a: False  # type: ignore[method-assign]  # as if somebody had deleted the rows
    assert Delivered(contacts=1) == deliver_person("ann", work, LATER)
    assert [] == around.told()


def test_somebody_who_turned_out_to_be_somebody_else() -> None:
    """The other's delivery is asked for, and Brevo is not."""
    around = outside(dossier(REQUESTED, joined_into="ben"))
    assert Delivered() == deliver_person("ann", around.work(), LATER)
    assert ["ben"] == around.outbox.persons
    assert [] == around.asked()


def test_somebody_unknown() -> None:
    """There is nothing to tell."""
    assert Delivered() == deliver_person("nobody", outside(THREE).work(), LATER)


def test_somebody_whom_brevo_could_not_find() -> None:
    """Their events are put aside until there is an identifier; then they are told."""
    around = outside(dossier(REQUESTED, keys=frozenset(("task#WT1",))))
    assert Delivered(parked=1) == deliver_person("ann", around.work(), LATER)
    assert {"WT1#requested": "parked"} == around.statuses()
    assert [] == around.asked()
    held = around.persons.held["ann"]
    around.persons.held["ann"] = replace(held, person=replace(held.person, keys=KEYS))
    assert Delivered(contacts=1, sent=1) == deliver_person("ann", around.work(), LATER)
    assert {"WT1#requested": "sent"} == around.statuses()


def test_an_event_that_was_rewritten_meanwhile() -> None:
    """Its older version is not told: the newer one has its own time."""
    around = outside(THREE)
    held = around.persons.held["ann"]
    newer = tuple(replace(each, version=2) for each in held.events)

    def rewrite(name: str, _call: int) -> None:
        if name == "create_contact":
            around.persons.held["ann"] = replace(around.persons.held["ann"], events=newer)

    around.script = rewrite
    assert Delivered(contacts=1) == deliver_person("ann", around.work(), LATER)
    assert [] == around.told()


def calls_of_a_delivery() -> int:
    around = outside(THREE)
    deliver_person("ann", around.work(), LATER)
    return len(around.calls)


CALLS = calls_of_a_delivery()


@pytest.mark.parametrize(("number", "has_effect"), [*product(range(1, CALLS + 1), [False, True])])
@pytest.mark.parametrize("error", [CrashError("x"), UnavailableError("x", "x")], ids=repr)
def test_a_crash_at_any_call(number: int, has_effect: bool, error: Exception) -> None:
    """Before or after its effect: all arrives, and once."""
    around = outside(THREE)
    around.script = lambda _name, call: (error, has_effect) if call == number else None
    with pytest.raises(type(error)):
        deliver_person("ann", around.work(), LATER)
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


OLD = LATER - MAX_SENDING_MS


def test_rows_left_in_sending_are_looked_up_at_once() -> None:
    """All in one request; they are sent only if they are not there."""
    left = [replace(each, status="sending", sending_at=OLD) for each in (REQUESTED, RESOLVED, SCORED)]
    around = outside(dossier(*left))
    deliver_person("ann", outside(dossier(), crm=around.crm).work(), LATER)
    around.crm.timeline.append((1, REQUESTED))
    assert Delivered(contacts=1, sent=2, found=1) == deliver_person("ann", around.work(), LATER)
    assert ["create_contact", "find_events", "post_event", "post_event"] == around.asked()
    assert KEYS_OF_THREE == around.told()


def test_what_another_delivery_sends_at_this_moment_is_left_alone() -> None:
    """It is neither looked up nor sent, the others are, and the message comes again."""
    around = outside(dossier(replace(REQUESTED, status="sending", sending_at=OLD + 1), RESOLVED))
    with pytest.raises(UnavailableError):
        deliver_person("ann", around.work(), LATER)
    assert (["WT1#resolved"], "sending") == (around.told(), around.statuses()["WT1#requested"])
    assert "find_events" not in around.asked()
    assert Delivered(contacts=1, sent=1) == deliver_person("ann", around.work(), LATER + 1)


def test_a_look_up_that_cannot_decide(log: Lines) -> None:
    """It is sent, counted and logged as a possible duplicate."""
    around = outside(dossier(replace(REQUESTED, status="sending")))
    around.crm.find_events = lambda contact_id, events: {each.key: None for each in events}  # type: ignore[method-assign]  # noqa: ARG005
    assert Delivered(contacts=1, sent=1, doubtful=1) == deliver_person("ann", around.work(), LATER)
    assert ["WT1#requested"] == around.told()
    assert ["Brevo may have an event twice"] == [line["message"] for line in log()]
    assert ["WT1#requested"] == [line["key"] for line in log()]


def test_a_look_up_that_has_to_wait_holds_nothing_up() -> None:
    """Look-ups are few an hour: what is new is sent before."""
    around = outside(dossier(replace(REQUESTED, status="sending"), RESOLVED, SCORED))
    around.script = lambda name, _call: (RateLimitedError("brevo", 36), False) if name == "find_events" else None
    with pytest.raises(RateLimitedError):
        deliver_person("ann", around.work(), LATER)
    assert ["WT1#resolved", "WT1#csat"] == around.told()


def test_an_answer_that_gets_lost_holds_nothing_up() -> None:
    """The others are sent at once; the lost one is looked up when its request must have ended."""
    around = outside(THREE)
    lost: list[int] = []

    def lose(name: str, call: int) -> tuple[Exception, bool] | None:
        if name != "post_event" or lost:
            return None
        lost.append(call)
        return UnavailableError("brevo", "ReadTimeout"), True

    around.script = lose
    with pytest.raises(UnavailableError):
        deliver_person("ann", around.work(), LATER)
    assert KEYS_OF_THREE == around.told()
    assert ["sending", "sent", "sent"] == [around.statuses()[key] for key in KEYS_OF_THREE]
    until_done(around)
    assert_told_once(around)


@pytest.mark.parametrize("count", [MAX_EVENTS_PER_DELIVERY, MAX_EVENTS_PER_DELIVERY + 1, 55])
def test_a_person_of_many_events_takes_turns(count: int) -> None:
    """A delivery sends a few and queues the rest behind others; all arrive once and in order."""
    events = [event(f"WT{number:02}#requested", at=NOW + number) for number in range(count)]
    around = outside(dossier(*events))
    around.outbox.persons.append("ann")
    deliveries = []
    while around.outbox.persons:
        deliveries.append(deliver_person(around.outbox.persons.pop(), around.work(), LATER))
    assert -(-count // MAX_EVENTS_PER_DELIVERY) == len(deliveries)
    assert MAX_EVENTS_PER_DELIVERY >= max(each.sent for each in deliveries)
    assert [each.key for each in events] == around.told()


@pytest.mark.parametrize(
    "error", [RateLimitedError("x", 9), NotTakenError("x", "x"), RefusedError("x", "x", code=401)], ids=repr
)
def test_what_certainly_did_not_happen_needs_no_look_up(error: Exception) -> None:
    """The row is pending again: look-ups are few an hour."""
    around = outside(THREE)
    around.script = lambda name, _call: (error, False) if name == "post_event" else None
    for _ in range(3):
        with pytest.raises(type(error)):
            deliver_person("ann", around.work(), LATER)
    assert {"pending"} == set(around.statuses().values())
    around.script = lambda _name, _call: None
    around.asked()
    until_done(around)
    assert ["update_contact", "post_event", "post_event", "post_event"] == around.asked()
    assert_told_once(around)


@pytest.mark.parametrize("has_effect", [False, True])
def test_an_outage_of_an_hour(has_effect: bool) -> None:
    """Brevo fails at everything, and may have done what it does not answer: afterwards all is there once."""
    around = outside(THREE)
    around.script = lambda name, _call: (
        (UnavailableError("brevo", "status 503"), has_effect) if name in REQUESTS else None
    )
    for _ in range(12):
        with pytest.raises(UnavailableError):
            deliver_person("ann", around.work(), LATER)
    around.script = lambda _name, _call: None
    until_done(around)
    assert_told_once(around)


class Choosy(FakeMarketingContacts):
    """A MarketingContacts that never takes some events."""

    def post_event(self, contact_id: int, event: Any) -> None:
        if event.key == "WT1#resolved":
            raise UnacceptableError("brevo", "status 400 invalid_parameter", code=400)
        super().post_event(contact_id, event)


def test_an_event_that_is_refused_for_good(log: Lines) -> None:
    """It is logged and given up, and the others are told."""
    around = outside(THREE, crm=Choosy())
    assert Delivered(contacts=1, sent=2, refused=1) == deliver_person("ann", around.work(), LATER)
    assert ["WT1#requested", "WT1#csat"] == around.told()
    assert "refused" == around.statuses()["WT1#resolved"]
    assert [("ERROR", "WT1#resolved")] == [(line["level"], line["key"]) for line in log()]
    around.asked()
    assert Delivered() == deliver_person("ann", around.work(), LATER)
    assert [] == around.asked()


def test_a_contact_that_was_deleted_stays_so_until_a_new_event() -> None:
    """Changed numbers alone do not bring it back; with a new event it begins anew, its lists as well."""
    around = outside(THREE)
    deliver_person("ann", around.work(), LATER)
    around.crm.delete_contact(1)
    around.persons.add(interactions=(interaction("WT2", last_at=NOW + MINUTE),))
    assert Delivered(erased=1) == deliver_person("ann", around.work(), LATER)
    assert [Delivered()] * 2 == [deliver_person("ann", around.work(), LATER + each) for each in (1, 2)]
    assert {} == around.crm.contacts

    after = LATER + MINUTE
    around.persons.add(
        event("WT3#requested", at=after, due_at=after),
        interactions=(interaction("WT3", created_at=after, last_at=after),),
    )
    assert Delivered(contacts=1, sent=1) == deliver_person("ann", around.work(), after)
    contact = around.crm.contacts[2]
    assert (1, [32], "ann@example.com") == (contact.attributes["SUPPORT_TICKET_COUNT"], contact.lists, contact.email)
    assert [(2, "WT3#requested")] == [(number, each.key) for number, each in around.crm.timeline]


def test_a_contact_that_was_deleted_begins_anew_with_the_event_that_shows_it() -> None:
    """What was before the event counts no more."""
    around = outside(THREE)
    deliver_person("ann", around.work(), LATER)
    around.crm.delete_contact(1)
    around.persons.add(event("WT2#requested", at=LATER), interactions=(interaction("WT2", last_at=LATER),))
    assert Delivered(contacts=1, sent=1, erased=1) == deliver_person("ann", around.work(), LATER)
    assert [1] == [contact.attributes["SUPPORT_TICKET_COUNT"] for contact in around.crm.contacts.values()]
    assert LATER == around.persons.held["ann"].person.begun_at


def test_a_contact_that_was_merged_with_another_goes_on_there() -> None:
    """The number that Brevo kept is found by an identifier, and all counts."""
    around = outside(THREE)
    deliver_person("ann", around.work(), LATER)
    around.crm.contacts[7] = around.crm.contacts.pop(1)
    around.persons.add(event("CH1#ended", at=LATER))
    assert Delivered(contacts=1, sent=1) == deliver_person("ann", around.work(), LATER)
    assert [(7, "CH1#ended")] == [(number, each.key) for number, each in around.crm.timeline][-1:]
    assert 7 == around.persons.held["ann"].person.contact_id


def test_a_person_without_an_identifier_that_brevo_takes_is_parked() -> None:
    """Counted, and no dead letter; when something changes it is tried again."""
    around = outside(dossier(REQUESTED))
    error = UnacceptableError("brevo", "no identifier is left", code=400)
    around.script = lambda name, _call: (error, False) if name == "create_contact" else None
    assert Delivered(parked=1) == deliver_person("ann", around.work(), LATER)
    assert {"WT1#requested": "parked"} == around.statuses()
    around.script = lambda _name, _call: None
    assert Delivered(contacts=1, sent=1) == deliver_person("ann", around.work(), LATER)


def transferred(**more: Any) -> tuple[Any, ...]:
    """Two tasks of one chat, the second begun before the first ended."""
    first = interaction("WT1", conversation_sid="CH1", created_at=NOW, ended_at=NOW + MINUTE, last_at=NOW + MINUTE)
    second = interaction("WT2", conversation_sid="CH1", created_at=NOW + MINUTE, last_at=NOW + 2 * MINUTE, **more)
    return first, second


def test_the_tasks_of_one_interaction_are_sent_as_one() -> None:
    """Events that do not count, or not yet, are due no more: nothing is overdue for ever because of them."""
    events = [event(f"WT{number}#{name}", at=NOW + number) for number in (1, 2) for name in ("requested", "resolved")]
    around = outside(dossier(*events, interactions=transferred()))
    deliver_person("ann", around.work(), LATER)
    assert ["WT1#requested"] == around.told()
    assert {"sent", "parked"} == set(around.statuses().values())
    assert [1] == [contact.attributes["SUPPORT_TICKET_COUNT"] for contact in around.crm.contacts.values()]

    ended = NOW + 3 * MINUTE
    held = around.persons.held["ann"]
    around.persons.held["ann"] = replace(held, interactions=transferred(ended_at=ended))
    assert ended + 30_000 == deliver_person("ann", around.work(), ended).next_at
    assert [("pending", ended + 30_000)] == [
        (each.status, each.due_at) for each in around.persons.held["ann"].events if each.key == "WT2#resolved"
    ]
    deliver_person("ann", around.work(), ended + 30_000)
    assert ["WT1#requested", "WT2#resolved"] == around.told()


def test_a_count_that_has_become_none_is_nought() -> None:
    """Where the only interaction turned out to be another person's; a contact that is new has no such number."""
    around = outside(dossier(interactions=(interaction(counts=False),), delivered="@older", contact_id=1))
    around.crm.contacts[1] = MarketingContact(email="ann@example.com", attributes={"SUPPORT_TICKET_COUNT": 1})
    deliver_person("ann", around.work(), LATER)
    assert 0 == around.crm.contacts[1].attributes["SUPPORT_TICKET_COUNT"]
    new = outside(dossier(REQUESTED, interactions=(interaction(counts=False),)))
    deliver_person("ann", new.work(), LATER)
    assert "SUPPORT_TICKET_COUNT" not in new.crm.contacts[1].attributes


def test_lists_are_written_once() -> None:
    """Whom marketing removed does not come back; the second list is written when its first interaction comes."""
    around = outside(dossier(REQUESTED))
    deliver_person("ann", around.work(), LATER)
    assert [[32]] == [contact.lists for contact in around.crm.contacts.values()]
    around.crm.contacts[1] = replace(around.crm.contacts[1], lists=())

    around.persons.add(interactions=(interaction("WT2", score=5.0, scored_at=NOW),))
    assert Delivered(contacts=1) == deliver_person("ann", around.work(), LATER)
    assert [[33]] == [contact.lists for contact in around.crm.contacts.values()]
    assert frozenset((32, 33)) == around.persons.held["ann"].person.lists


@pytest.mark.parametrize(
    ("events", "lists"),
    [
        ((replace(REQUESTED, status="sent"), RESOLVED), []),
        ((replace(REQUESTED, status="sent"), replace(RESOLVED, status="sent"), SCORED), [33]),
        ((), []),
        ((REQUESTED,), [32]),
    ],
)
def test_lists_of_a_contact_from_an_earlier_version(events: Any, lists: list[int]) -> None:
    """It wrote lists with each change but not down: a list is new where its first event still waits."""
    scored = (interaction(score=5.0, scored_at=NOW),)
    around = outside(dossier(*events, interactions=scored, contact_id=1, delivered="@older", lists=None))
    around.crm.contacts[1] = MarketingContact(email="ann@example.com")
    deliver_person("ann", around.work(), LATER)
    assert [lists] == [contact.lists for contact in around.crm.contacts.values()]
    assert frozenset((32, 33)) == around.persons.held["ann"].person.lists


def test_an_opt_out_counts_at_the_number_that_is_written_to() -> None:
    """A START at the person's other number lifts nothing, and a STOP there blocks nothing."""
    keys = KEYS | {f"phone#{OTHER_PHONE}"}
    around = outside(dossier(REQUESTED, keys=keys))
    said(around, True, 1, PHONE)
    said(around, False, 2, OTHER_PHONE)
    deliver_person("ann", around.work(), LATER)
    assert [(PHONE, True)] == [(contact.phone, contact.opted_out) for contact in around.crm.contacts.values()]
    assert 0 == deliver_opt_out(OTHER_PHONE, around.crm, around.words, LATER)
    assert [True] == [contact.opted_out for contact in around.crm.contacts.values()]

    other = outside(dossier(REQUESTED, keys=keys))
    said(other, True, 1, OTHER_PHONE)
    deliver_person("ann", other.work(), LATER)
    assert [(PHONE, False)] == [(contact.phone, contact.opted_out) for contact in other.crm.contacts.values()]


def test_an_opt_out_of_a_number_that_appears_in_brevo_later() -> None:
    """It is sent again, the older the rarer, until there is a contact with the number."""
    around = outside(THREE)
    crm, words = around.crm, around.words
    said(around, True, 1000)
    assert 0 == deliver_opt_out(PHONE, crm, words, 1000)
    assert {(PHONE, "brevo"): 1000 + 3600} == words.postponed
    assert 0 == deliver_opt_out(PHONE, crm, words, 1000 + 86_400)
    assert {(PHONE, "brevo"): 1000 + 2 * 86_400} == words.postponed

    crm.create_contact(MarketingContact(phone=PHONE))
    assert 1 == deliver_opt_out(PHONE, crm, words, 1000 + 2 * 86_400)
    assert ({}, [True]) == (words.postponed, [contact.opted_out for contact in crm.contacts.values()])


def test_a_start_ends_the_waiting_of_a_stop() -> None:
    """There is nothing left to send."""
    around = outside(THREE)
    said(around, True, 1000)
    deliver_opt_out(PHONE, around.crm, around.words, 1000)
    said(around, False, 2000)
    deliver_opt_out(PHONE, around.crm, around.words, 9000)
    assert {} == around.words.postponed


def said(around: Outside, out: bool, at: float, address: str = PHONE) -> None:
    around.words.record_request(address, out, at)


def test_who_opted_out_is_blocklisted() -> None:
    """With the first upsert, and for as long as that is their latest word."""
    around = outside(THREE)
    said(around, out=True, at=1)
    deliver_person("ann", around.work(), LATER)
    assert around.crm.contacts[1].opted_out


def test_an_opt_in_lifts_nothing_by_an_upsert() -> None:
    """Only the word itself does."""
    around = outside(THREE)
    said(around, out=True, at=1)
    deliver_person("ann", around.work(), LATER)
    said(around, out=False, at=2)
    deliver_person("ann", around.work(), LATER)
    assert around.crm.contacts[1].opted_out
    assert 1 == deliver_opt_out(PHONE, around.crm, around.words, LATER)
    assert not around.crm.contacts[1].opted_out


def test_an_opt_in_while_brevo_is_told_the_opt_out() -> None:
    """It is minded."""
    around = outside(THREE)
    said(around, out=True, at=1)

    def start(name: str, _call: int) -> None:
        if name == "create_contact":
            said(around, out=False, at=2)

    around.script = start
    deliver_person("ann", around.work(), LATER)
    assert not around.crm.contacts[1].opted_out


def test_a_word_is_told() -> None:
    """The latest counts, however often and in whatever order the messages come."""
    around = outside(THREE)
    deliver_person("ann", around.work(), LATER)
    crm, words = around.crm, around.words
    assert 0 == deliver_opt_out(PHONE, crm, words, LATER)
    said(around, out=True, at=1)
    assert [1, 1] == [deliver_opt_out(f"whatsapp:{PHONE}", crm, words, LATER) for _ in range(2)]
    assert crm.contacts[1].opted_out
    said(around, out=False, at=3)
    said(around, out=True, at=2)
    assert [1, 0] == [deliver_opt_out(PHONE, crm, words, LATER) for _ in range(2)]
    assert not crm.contacts[1].opted_out


def test_an_opt_in_lifts_once() -> None:
    """A START that comes again undoes nothing that was said in Brevo since."""
    around = outside(THREE)
    deliver_person("ann", around.work(), LATER)
    said(around, True, 1)
    deliver_opt_out(PHONE, around.crm, around.words, LATER)
    said(around, False, 2)
    assert 1 == deliver_opt_out(PHONE, around.crm, around.words, LATER)
    around.crm.set_opted_out(PHONE, True)
    said(around, False, 2)
    assert 0 == deliver_opt_out(PHONE, around.crm, around.words, LATER)
    assert [True] == [contact.opted_out for contact in around.crm.contacts.values()]


def test_an_ordinary_yes_changes_nothing() -> None:
    """What the company blocklisted itself stays so: only our own opt-out is undone."""
    around = outside(THREE)
    deliver_person("ann", around.work(), LATER)
    around.crm.set_opted_out(PHONE, True)
    said(around, out=False, at=1)
    assert 0 == deliver_opt_out(PHONE, around.crm, around.words, LATER)
    assert around.crm.contacts[1].opted_out


def test_an_opt_in_after_an_opt_out_whose_answer_got_lost() -> None:
    """Brevo may have done what it did not answer, so it is undone."""
    around = outside(THREE)
    deliver_person("ann", around.work(), LATER)
    said(around, out=True, at=1)
    around.script = lambda name, _call: (UnavailableError("x", "x"), True) if name == "set_opted_out" else None
    with pytest.raises(UnavailableError):
        deliver_opt_out(PHONE, around.work().crm, around.words, LATER)
    assert around.crm.contacts[1].opted_out
    said(around, out=False, at=2)
    assert 1 == deliver_opt_out(PHONE, around.crm, around.words, LATER)
    assert not around.crm.contacts[1].opted_out


def test_a_word_under_the_phones_other_number() -> None:
    """Some countries' mobiles have two; Brevo may know either."""
    one, other = "+5511987654321", "+551187654321"
    around = outside(dossier(REQUESTED, keys=frozenset((f"phone#{one}",))))
    deliver_person("ann", around.work(), LATER)
    said(around, out=True, at=1, address=other)
    assert 1 == deliver_opt_out(other, around.crm, around.words, LATER)
    assert around.crm.contacts[1].opted_out


@pytest.mark.parametrize("address", ["", "ann", "whatsapp:", "+44770090099"])
def test_a_word_of_nobody_in_brevo(address: str) -> None:
    """Nobody is told."""
    around = outside(THREE)
    said(around, out=True, at=1, address=address)
    assert 0 == deliver_opt_out(address, around.crm, around.words, LATER)


def test_no_log_tells_anything_about_anybody(log: Lines) -> None:
    """Ids and counts only."""
    around = outside(THREE, crm=Choosy())
    deliver_person("ann", around.work(), LATER)
    held: Dossier = around.persons.held["ann"]
    around.persons.held["ann"] = replace(held, events=(event("WT1#resolved", due_at=0),))
    deliver_person("ann", around.work(), LATER)
    names = [key.partition("#")[2] for key in KEYS if key.startswith(("email", "phone", "external"))]
    assert log()
    assert not [name for name in names if name in str(log())]
