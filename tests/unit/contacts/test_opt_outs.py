"""Opt-outs: which keywords count, who is obeyed at once, and how Airtable comes to know."""

import time
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.base import FakeOutbox
from tests.fakes.contacts import FakeCache, FakeSource
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
    """Each of Twilio's keywords opts out, in any case, with blanks and punctuation around it."""
    for said in (word, word.lower(), word.title()):
        assert parse_request(form.format(said), WORDS) is True


@pytest.mark.parametrize(
    "body",
    [
        "\u201cSTOP\u201d",
        "\u00abStop\u00bb",
        "Stop,",
        "STOP?",
        "(stop)",
        "*STOP*",
        "_stop_",
        "- stop -",
        "STOP \U0001f64f",
        "\U0001f6d1 stop \U0001f6d1\ufe0f",
        "Stop \U0001f469\u200d\U0001f469\u200d\U0001f467",
        "ST\u200bOP",
        "\ufeffSTOP",
        "\u202aSTOP\u202c",
        "S\u00adT\u2060OP",
        "STOP\ufe0e",
        "stop\u3164",
        "St\u00f6p",
        "Sto\u0308p",
        "\uff33\uff34\uff2f\uff30",
        "OPT OUT",
        "opt-out.",
        "Opt\u00a0out!",
        "STOP ALL",
        "stop  all",
        "\u201cStop all.\u201d",
    ],
)
def test_opt_out_words_as_people_write_them(body: str) -> None:
    """Quotes, emoji, punctuation, invisible characters, accents and a blank between its two parts change nothing."""
    assert parse_request(body, WORDS) is True


@pytest.mark.parametrize(
    ("word", "body"),
    [
        ("ARR\u00caT", "ARRET"),
        ("ARR\u00caT", "arre\u0302t"),
        ("ARRET", "Arr\u00eat !"),
        ("wypisz si\u0119", "Wypisz sie"),
        ("S\u0141OWO", "slowo"),
        ("\u0441\u0442\u043e\u043f", "\u0421\u0422\u041e\u041f."),
        ("\u505c\u6b62", "\u505c\u6b62\u3002"),
        ("\u0625\u0644\u063a\u0627\u0621", "\u0625\u0644\u063a\u0627\u0621"),
        ("\U0001f6d1", "\U0001f6d1\U0001f6d1"[:1]),
    ],
)
def test_configured_words_as_people_write_them(word: str, body: str) -> None:
    """A configured keyword is found with and without its accents, in any script; emoji alone may be one."""
    assert parse_request(body, schema.OptOut(words=(word,), opt_in_words=())) is True


@pytest.mark.parametrize(
    "body", ["opt out please", "stop all of it", "un stop", "opt in", "S-T-O-P", "I opt out", "st o p"]
)
def test_more_than_the_word(body: str) -> None:
    """The two parts of a keyword are the keyword, other texts are not; opting in takes the keyword itself."""
    assert parse_request(body, WORDS) is None


@pytest.mark.parametrize("word", ["START", "start", "Yes", "yes.", " UNSTOP! "])
def test_opt_in_words(word: str) -> None:
    """Twilio's keywords for it opt in again."""
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
        "non-stop",
        "STAHP",
        "HELP",
        "INFO",
        "no",
        "STOP" * 500,
        "STOP" + " " * 2_000 + "now",
        "🛑",
    ],
)
def test_no_word(body: str) -> None:
    """Anything but the keyword alone asks for nothing."""
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
    """Configured keywords take the place of Twilio's, whatever their length, case and punctuation."""
    words = schema.OptOut(words=(word,), opt_in_words=())

    assert parse_request(body, words) is True
    assert parse_request("QUIT", words) is None
    assert parse_request("START", words) is None


def test_empty_configured_word() -> None:
    """An empty keyword is nobody's."""
    assert parse_request(" . ", schema.OptOut(words=("", "."))) is None


def test_out_before_in() -> None:
    """A keyword that stands in both lists opts out: the safe reading."""
    assert parse_request("x", schema.OptOut(words=("x",), opt_in_words=("X",))) is True


@given(ANYTHING)
def test_any_text(body: str) -> None:
    """Any message asks for something or nothing."""
    assert parse_request(body, WORDS) in {True, False, None}


def say(office: World, out: bool, at: float, address: str = ANN) -> None:
    record_request(address, out, at, office.directory, office.opt_outs, office.outbox)


def record(office: World, contact_id: str = "r1") -> bool:
    return office.source.contacts[contact_id].opt_out


def obeyed(office: World, address: str = ANN) -> bool:
    return is_opted_out(office.directory.find_by_address(address), address, office.opt_outs, office.directory)


def test_hear() -> None:
    """A request is obeyed and written to Airtable at once."""
    office = world(contact("r1", sms=ANN))
    say(office, out=True, at=1)

    assert (True, True, []) == (obeyed(office), record(office), office.outbox.addresses)
    assert [ANN] == office.outbox.for_brevo


def test_brevo_whatever_airtable_does() -> None:
    """Brevo has it through its queue, also where Airtable's takes nothing; an old request reaches nobody."""

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
    """A request counts for the person, on every channel of the same number."""
    office = world(contact("r1", sms=ANN, whatsapp=ANN))
    say(office, out=True, at=1, address=address)

    assert obeyed(office, ANN)
    assert obeyed(office, f"whatsapp:{ANN}")


def test_every_record() -> None:
    """All records with the address are written."""
    office = world(contact("r1", sms=ANN), contact("r2", whatsapp=ANN), contact("r3", sms=BEN))
    say(office, out=True, at=1)

    assert (True, True, False) == (record(office), record(office, "r2"), record(office, "r3"))


def test_stranger() -> None:
    """A stranger's request is obeyed, too, also once they are a contact."""
    office = world()
    say(office, out=True, at=1)
    assert is_opted_out(None, ANN, office.opt_outs, office.directory)
    assert office.outbox.addresses == []

    office.directory.create_contact(contact("", sms=ANN))
    assert obeyed(office)


@pytest.mark.parametrize("failure", [AWAY, RateLimitedError("airtable", 30), RefusedError("airtable", "x")])
def test_queue_on_failure(failure: Exception) -> None:
    """Where Airtable cannot be written to now, the request is obeyed and queued."""
    office = world(contact("r1", sms=ANN))
    office.source.failure = failure
    say(office, out=True, at=1, address=f"whatsapp:{ANN}")

    assert is_opted_out(None, ANN, office.opt_outs, office.directory)
    assert [ANN] == office.outbox.addresses


class Hanging(FakeSource):
    """A source that hangs and swallows whatever Exception ends it."""

    def set_opt_out(self, contact_id: str, opted_out: bool) -> Contact | None:
        for _ in range(100):
            with suppress(Exception):
                time.sleep(0.1)
        return super().set_opt_out(contact_id, opted_out)


def test_queue_when_airtable_hangs() -> None:
    """Where Airtable hangs, the request is queued while there is time for it."""
    office = World(Hanging([contact("r1", sms=ANN)]))
    office.load()
    with deadline.limit(1.2):
        say(office, out=True, at=1)

    assert [ANN] == office.outbox.addresses
    assert obeyed(office)


def test_queue_without_time() -> None:
    """Where there is no time to try, the request is queued at once."""
    office = world(contact("r1", sms=ANN))
    with deadline.limit(0.9):
        say(office, out=True, at=1)

    assert [ANN] == office.outbox.addresses
    assert office.source.calls == 0


def test_queued_word_is_delivered() -> None:
    """A queued request reaches Airtable when it is delivered, however often that is repeated."""
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
    """An address at which no request was made has nothing to deliver."""
    office = world(contact("r1", sms=ANN, opt_out=True))

    assert deliver_request(ANN, office.directory, office.opt_outs) == 0
    assert record(office)


@given(st.permutations([(True, 1), (False, 2), (True, 3), (False, 4)]), st.booleans())
def test_out_of_order(said: list[tuple[bool, int]], away: bool) -> None:
    """In whatever order requests arrive, the latest counts, here and at Airtable."""
    office = world(contact("r1", sms=ANN))
    office.source.failure = AWAY if away else None
    for out, at in said:
        say(office, out, at)
    office.source.failure = None
    for address in office.outbox.addresses:
        deliver_request(address, office.directory, office.opt_outs)

    assert (False, False) == (obeyed(office), record(office))


def test_later_word_in_between() -> None:
    """Where a later request arrives while an earlier one is being written, Airtable ends with the later one."""

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
    """A request counts until the record has it; then the record does, so that the company can change it."""
    known = None if record_says is None else contact("r1", sms=ANN, opt_out=record_says)

    assert expected == decide_opted_out(known, said)


@pytest.mark.parametrize(
    ("said_at", "asked_at"),
    [("+5511987654321", "whatsapp:+551187654321"), ("+525512345678", "whatsapp:+5215512345678")],
)
def test_other_spelling(said_at: str, asked_at: str) -> None:
    """A request made at one spelling of a number counts at the other."""
    office = world()
    say(office, out=True, at=1, address=said_at)

    assert is_opted_out(None, asked_at, office.opt_outs, office.directory)


def test_another_address_of_the_same_contact() -> None:
    """A request made at one of a contact's addresses counts at the others."""
    office = world(contact("r1", sms=ANN, whatsapp=BEN))
    office.opt_outs.record_request(BEN, out=True, at=1)

    assert obeyed(office, ANN)


def test_told_is_kept_by_contact() -> None:
    """A record that is added later is written as well."""
    office = world(contact("r1", sms=ANN))
    say(office, out=True, at=1)
    office.source.contacts["r2"] = replace(contact("r2"), whatsapp=ANN)
    office.load()

    assert deliver_request(ANN, office.directory, office.opt_outs) == 1
    assert record(office, "r2")


def test_an_opt_in_lifts_what_an_opt_out_has_set() -> None:
    """And no more than that: the company's own tick stays, whoever asks for what."""
    office = world(contact("r1", sms=ANN), contact("r2", sms=ANN, opt_out=True))
    say(office, out=True, at=1)
    say(office, out=False, at=2)

    assert (False, True) == (record(office), record(office, "r2"))
    say(office, out=True, at=3)
    say(office, out=False, at=4)
    assert (False, True) == (record(office), record(office, "r2"))


def test_many_opt_ins() -> None:
    """However often somebody says "Yes", the company's own tick stays."""
    office = world(contact("r1", sms=ANN, opt_out=True))
    for at in range(1, 5):
        say(office, out=False, at=at)

    assert (True, True) == (record(office), obeyed(office))


def test_the_companys_tick_after_an_opt_in() -> None:
    """It is not taken for an earlier opt-out's, though STOP and START come again."""
    office = world(contact("r1", sms=ANN))
    say(office, out=True, at=1)
    say(office, out=False, at=2)
    office.directory.set_opt_out(office.directory.get_contact("r1"), out=True)
    say(office, out=True, at=3)
    say(office, out=False, at=4)

    assert (True, True) == (record(office), obeyed(office))


def test_a_lost_answer_does_not_make_the_opt_out_the_companys() -> None:
    """Where Airtable had ticked the box before the answer got lost, a later opt-in lifts it."""

    class Losing(FakeSource):
        def set_opt_out(self, contact_id: str, opted_out: bool) -> Contact | None:
            changed = super().set_opt_out(contact_id, opted_out)
            if opted_out and changed and lost:
                lost.clear()
                raise AWAY
            return changed

    lost = [True]
    office = World(Losing([contact("r1", sms=ANN)]))
    office.load()
    say(office, out=True, at=1)
    office.load()
    assert (True, [ANN]) == (record(office), office.outbox.addresses)
    deliver_request(ANN, office.directory, office.opt_outs)
    say(office, out=False, at=2)

    assert (False, False) == (record(office), obeyed(office))


def test_an_opt_in_from_a_shared_number_is_the_writers() -> None:
    """Whose own number said STOP is not opted in by a "Yes" from the number that she shares."""
    office = world(contact("r1", sms=ANN, whatsapp=BEN), contact("r2", sms=ANN))
    say(office, out=True, at=1, address=f"whatsapp:{BEN}")
    assert (True, False) == (record(office), record(office, "r2"))
    say(office, out=False, at=2, address=ANN)

    assert (True, False) == (record(office), record(office, "r2"))
    assert is_opted_out(office.directory.get_contact("r1"), BEN, office.opt_outs, office.directory)
    assert is_opted_out(office.directory.get_contact("r1"), ANN, office.opt_outs, office.directory)
    say(office, out=False, at=3, address=f"whatsapp:{BEN}")
    assert not record(office)


def test_an_opt_in_from_another_number_of_ones_own() -> None:
    """A number of one person speaks for all of theirs."""
    office = world(contact("r1", sms=ANN, whatsapp=BEN))
    say(office, out=True, at=1, address=f"whatsapp:{BEN}")
    say(office, out=False, at=2, address=ANN)

    assert (False, False) == (record(office), obeyed(office))


def test_shared_and_unreadable() -> None:
    """Where nobody knows whether a number is shared, an opt-out stands."""
    office = world(contact("r1", sms=ANN, whatsapp=BEN))
    office.opt_outs.record_request(BEN, out=True, at=1)
    office.opt_outs.record_request(ANN, out=False, at=2)
    known = office.directory.get_contact("r1")
    assert not is_opted_out(known, ANN, office.opt_outs, office.directory)

    office.cache = Unreadable(office.clock)
    assert is_opted_out(known, ANN, office.opt_outs, office.directory)


class Unreadable(FakeCache):
    """A cache that cannot be read."""

    def find_by_address(self, number: str) -> list[Contact]:
        raise UnavailableError("dynamodb", f"{len(number)} characters")
