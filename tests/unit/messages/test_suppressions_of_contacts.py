"""Contacts that are ticked as opted out get nothing, whatever list their number stands in."""

from tests.fakes.base import FakeOptOuts
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.messages.suppressions import OptedOutContacts

NUMBER, WHATSAPP, BRAZIL = "+14155550101", "whatsapp:+14155550101", "+5511987654321"


class Nobody:
    """A directory that is not asked: no number here is shared."""

    def find_all_by_address(self, address: str, *, ask: bool = False) -> list[Contact]:
        raise AssertionError(f"{address} {ask}")


def book(*people: Contact, opt_outs: FakeOptOuts | None = None) -> OptedOutContacts:
    def find(address: str) -> list[Contact]:
        return [person for person in people if address in person.addresses]

    return OptedOutContacts(find, opt_outs or FakeOptOuts(), Nobody())  # type: ignore[arg-type]  # of Directory only this


def contact(number: str, *, out: bool) -> Contact:
    return Contact(id=f"rec{number}", name="Ann", sms=number, opt_out=out)


def test_a_tick_in_the_record() -> None:
    """By every channel; who is not ticked, or no contact at all, is no business of this book."""
    ticked = book(contact(NUMBER, out=True))
    assert {NUMBER: "opted_out", WHATSAPP: "opted_out"} == ticked.find_suppressed([NUMBER, WHATSAPP, BRAZIL])
    assert {} == book(contact(NUMBER, out=False)).find_suppressed([NUMBER])


def test_a_number_in_another_spelling() -> None:
    """It reaches the same phone."""
    assert {BRAZIL: "opted_out"} == book(contact("+551187654321", out=True)).find_suppressed([BRAZIL])


def test_a_stop_that_the_record_does_not_have_yet() -> None:
    """It counts at once."""
    opt_outs = FakeOptOuts()
    opt_outs.record_request(NUMBER, True, 1.0)
    assert {NUMBER: "opted_out"} == book(contact(NUMBER, out=False), opt_outs=opt_outs).find_suppressed([NUMBER])
