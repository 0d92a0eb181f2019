"""Opt-outs: which words count, who is obeyed at once, and how Airtable comes to know."""

import time
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.base import FakeOutbox
from tests.fakes.contacts import FakeSource
from tests.unit.build import ANN, ANYTHING, BEN, World, contact, world
from twilio_bridge import deadline
from twilio_bridge.config import schema
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.contacts.opt_outs import (
    decide_opted_out,
    deliver_request,
    is_opted_out,
    parse_request,
    record_request,
)
from twilio_bridge.errors import RateLimitedError, RefusedError, UnavailableError
from twilio_bridge.ports import OptOut

WORDS = schema.OptOut()
AWAY = UnavailableError("airtable", "x")


@pytest.mark.parametrize("word", WORDS.words)
@pytest.mark.parametrize(
    "form", ["{}", " {} ", "{}.", "{}!", '"{}"', "'{}'.", "{}\n", "\t{}!!\r\n", "{} .", "\xa0{}\xa0"]
)
def test_opt_out_words(word: str, form: str) -> None:
    """Each of Twilio's words opts out, in any case, with blanks and punctuation around it."""
    for said in (word, word.lower(), word.title()):
        assert parse_request(form.format(said), WORDS) is True


@pytest.mark.parametrize("word", ["START", "start", "Yes", "yes.", " UNSTOP! "])
def test_opt_in_words(word: str) -> None:
    """Twilio's words for it opt in again."""
    assert parse_request(word, WORDS) is False


@pytest.mark.parametrize(
    "body",
    [
        "",
        " ",
        ".",
        "...!",
        "STOP IT",
        "please stop",
        "stop stop",
        "S T O P",
        "STOP?",
        "non-stop",
        "STAHP",
        "HELP",
        "INFO",
        "no",
        "STOP" * 500,
        "STOP" + " " * 2_000 + "now",
        "ST\u200bOP",
        "🛑",
    ],
)
def test_no_word(body: str) -> None:
    """Anything but the word alone says nothing."""
    assert parse_request(body, WORDS) is None


@pytest.mark.parametrize(
    ("word", "body"),
    [
        ("Straße", "STRASSE"),
        ("ABMELDEN", "abmelden"),
        ("Stop!", "stop"),
        (" stop ", "stop"),
        ("please take me off your list for good", "Please take me off your list for good."),
    ],
)
def test_configured_words(word: str, body: str) -> None:
    """Configured words take the place of Twilio's, whatever their length, case and punctuation."""
    words = schema.OptOut(words=(word,), opt_in_words=())

    assert parse_request(body, words) is True
    assert parse_request("QUIT", words) is None
    assert parse_request("START", words) is None


def test_empty_configured_word() -> None:
    """An empty word is said by nobody."""
    assert parse_request(" . ", schema.OptOut(words=("", "."))) is None


def test_out_before_in() -> None:
    """A word that stands in both lists opts out: the safe reading."""
    assert parse_request("x", schema.OptOut(words=("x",), opt_in_words=("X",))) is True


@given(ANYTHING)
def test_any_text(body: str) -> None:
    """Any message says something or nothing."""
    assert parse_request(body, WORDS) in {True, False, None}


def say(office: World, out: bool, at: float, address: str = ANN) -> None:
    record_request(address, out, at, office.directory, office.opt_outs, office.outbox)


def record(office: World, contact_id: str = "r1") -> bool:
    return office.source.contacts[contact_id].opt_out


def obeyed(office: World, address: str = ANN) -> bool:
    return is_opted_out(office.directory.find_by_address(address), address, office.opt_outs)


def test_hear() -> None:
    """A word is obeyed and told to Airtable at once."""
    office = world(contact("r1", sms=ANN))
    say(office, out=True, at=1)

    assert (True, True, []) == (obeyed(office), record(office), office.outbox.addresses)
    assert [ANN] == office.outbox.for_brevo


def test_brevo_whatever_airtable_does() -> None:
    """Brevo is told through its queue, also where Airtable's takes nothing; an old word is told nobody."""

    class Full(FakeOutbox):
        def enqueue_airtable_opt_out(self, address: str) -> None:
            raise UnavailableError("sqs", f"{len(address)} characters are too many")

    office = World(FakeSource([contact("r1", sms=ANN)]), outbox=Full())
    office.load()
    office.source.failure = AWAY
    with pytest.raises(UnavailableError):
        say(office, out=True, at=2, address=f"whatsapp:{ANN}")
    say(office, out=False, at=1)

    assert [ANN] == office.outbox.for_brevo


@pytest.mark.parametrize("address", [ANN, f"whatsapp:{ANN}", "+44 7700 900001"])
def test_every_channel(address: str) -> None:
    """A word counts for the person, on every channel of the same number."""
    office = world(contact("r1", sms=ANN, whatsapp=ANN))
    say(office, out=True, at=1, address=address)

    assert obeyed(office, ANN)
    assert obeyed(office, f"whatsapp:{ANN}")


def test_every_record() -> None:
    """All records with the address are told."""
    office = world(contact("r1", sms=ANN), contact("r2", whatsapp=ANN), contact("r3", sms=BEN))
    say(office, out=True, at=1)

    assert (True, True, False) == (record(office), record(office, "r2"), record(office, "r3"))


def test_stranger() -> None:
    """A stranger's word is obeyed, too, also once they are a contact."""
    office = world()
    say(office, out=True, at=1)
    assert is_opted_out(None, ANN, office.opt_outs)
    assert office.outbox.addresses == []

    office.directory.create_contact(contact("", sms=ANN))
    assert obeyed(office)


@pytest.mark.parametrize("failure", [AWAY, RateLimitedError("airtable", 30), RefusedError("airtable", "x")])
def test_queue_on_failure(failure: Exception) -> None:
    """Where Airtable cannot be told now, the word is obeyed and queued."""
    office = world(contact("r1", sms=ANN))
    office.source.failure = failure
    say(office, out=True, at=1, address=f"whatsapp:{ANN}")

    assert is_opted_out(None, ANN, office.opt_outs)
    assert [ANN] == office.outbox.addresses


class Hanging(FakeSource):
    """A source that hangs and swallows whatever Exception ends it."""

    def set_opt_out(self, contact_id: str, opted_out: bool) -> Contact | None:
        for _ in range(100):
            with suppress(Exception):
                time.sleep(0.1)
        return super().set_opt_out(contact_id, opted_out)


def test_queue_when_airtable_hangs() -> None:
    """Where Airtable hangs, the word is queued while there is time for it."""
    office = World(Hanging([contact("r1", sms=ANN)]))
    office.load()
    with deadline.limit(1.2):
        say(office, out=True, at=1)

    assert [ANN] == office.outbox.addresses
    assert obeyed(office)


def test_queue_without_time() -> None:
    """Where there is no time to try, the word is queued at once."""
    office = world(contact("r1", sms=ANN))
    with deadline.limit(0.9):
        say(office, out=True, at=1)

    assert [ANN] == office.outbox.addresses
    assert office.source.calls == 0


def test_queued_word_is_delivered() -> None:
    """A queued word reaches Airtable when it is delivered, however often that is repeated."""
    office = world(contact("r1", sms=ANN))
    office.source.failure = AWAY
    say(office, out=True, at=1)
    with pytest.raises(UnavailableError):
        deliver_request(ANN, office.directory, office.opt_outs)

    office.source.failure = None
    assert deliver_request(ANN, office.directory, office.opt_outs) == 1
    assert record(office)
    assert deliver_request(ANN, office.directory, office.opt_outs) == 0


def test_repeat_does_not_undo_the_company() -> None:
    """A delivery that is repeated leaves alone what the company changed in the record since."""
    office = world(contact("r1", sms=ANN))
    say(office, out=True, at=1)
    office.directory.set_opt_out(office.directory.get_contact("r1"), out=False)

    say(office, out=True, at=1)
    deliver_request(ANN, office.directory, office.opt_outs)

    assert (False, False) == (record(office), obeyed(office))


def test_nothing_said() -> None:
    """An address at which nothing was said has nothing to deliver."""
    office = world(contact("r1", sms=ANN, opt_out=True))

    assert deliver_request(ANN, office.directory, office.opt_outs) == 0
    assert record(office)


@given(st.permutations([(True, 1), (False, 2), (True, 3), (False, 4)]), st.booleans())
def test_out_of_order(said: list[tuple[bool, int]], away: bool) -> None:
    """In whatever order words arrive, the latest counts, here and at Airtable."""
    office = world(contact("r1", sms=ANN))
    office.source.failure = AWAY if away else None
    for out, at in said:
        say(office, out, at)
    office.source.failure = None
    for address in office.outbox.addresses:
        deliver_request(address, office.directory, office.opt_outs)

    assert (False, False) == (obeyed(office), record(office))


def test_later_word_in_between() -> None:
    """Where a later word is heard while an earlier one is being told, Airtable ends with the later one."""

    class Interrupted(FakeSource):
        def set_opt_out(self, contact_id: str, opted_out: bool) -> Contact | None:
            if opted_out:
                say(office, out=False, at=2)
            return super().set_opt_out(contact_id, opted_out)

    office = World(Interrupted([contact("r1", sms=ANN)]))
    office.load()
    say(office, out=True, at=1)

    assert (False, False) == (record(office), obeyed(office))
    assert [False] == [word.out for word in office.opt_outs.find_requests([ANN])]


def word(out: bool = True, at: float = 1, told: tuple[str, ...] = ()) -> OptOut:
    return OptOut(address=ANN, out=out, at=at, delivered_to=frozenset(told))


@pytest.mark.parametrize(
    ("record_says", "said", "expected"),
    [
        (None, [], False),
        (False, [], False),
        (True, [], True),
        (None, [word()], True),
        (None, [word(out=False)], False),
        (None, [word(told=("r2",))], True),
        (False, [word()], True),
        (True, [word(out=False)], True),
        (False, [word(told=("r1",))], False),
        (True, [word(out=False, told=("r1",))], True),
        (False, [word(told=("r2",))], True),
        (False, [word(at=1), word(out=False, at=2)], False),
        (False, [word(out=False, at=2), word(at=1)], False),
        (False, [word(at=1), word(out=False, at=2, told=("r1",))], False),
        (True, [word(at=2, told=("r1",)), word(out=False, at=1)], True),
        (True, [word(at=2, told=("r1",)), word(out=False, at=1, told=("r1",))], True),
    ],
)
def test_decide(record_says: bool | None, said: list[OptOut], expected: bool) -> None:
    """A word counts until the record was told it; then the record does, so that the company can change it."""
    known = None if record_says is None else contact("r1", sms=ANN, opt_out=record_says)

    assert expected == decide_opted_out(known, said)


@pytest.mark.parametrize(
    ("said_at", "asked_at"),
    [("+5511987654321", "whatsapp:+551187654321"), ("+525512345678", "whatsapp:+5215512345678")],
)
def test_other_spelling(said_at: str, asked_at: str) -> None:
    """A word said at one spelling of a number counts at the other."""
    office = world()
    say(office, out=True, at=1, address=said_at)

    assert is_opted_out(None, asked_at, office.opt_outs)


def test_another_address_of_the_same_contact() -> None:
    """A word said at one of a contact's addresses counts at the others."""
    office = world(contact("r1", sms=ANN, whatsapp=BEN))
    office.opt_outs.record_request(BEN, out=True, at=1)

    assert obeyed(office, ANN)


def test_told_is_kept_by_contact() -> None:
    """A record that is added later is told as well."""
    office = world(contact("r1", sms=ANN))
    say(office, out=True, at=1)
    office.source.contacts["r2"] = replace(contact("r2"), whatsapp=ANN)
    office.load()

    assert deliver_request(ANN, office.directory, office.opt_outs) == 1
    assert record(office, "r2")
