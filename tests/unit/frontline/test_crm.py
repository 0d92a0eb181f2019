"""The CRM callback: lists, details, new and deleted contacts, as Frontline sends and wants them."""

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sizes import size
from tests.unit.build import ANN, ANYTHING, BASE_ID, BEN, HOSTILE, JO, SAM, World, ask, contact, contacts, form, world
from twilio_bridge import forms
from twilio_bridge.contacts.contact import Contact
from twilio_bridge.entrypoints import http
from twilio_bridge.errors import (
    BadRequestError,
    BridgeError,
    DuplicateContactError,
    NotFoundError,
    UnavailableError,
    UnknownLocationError,
)
from twilio_bridge.frontline import crm

ARRAY = "should be a JSON array"


def answer(office: World, **parameters: str | list[str]) -> Any:
    """Send a callback all the way, and give the body of its answer."""
    status, body = ask(lambda values: crm.answer(values, office.crm), form(**{"Worker": JO, **parameters}))
    assert status == 200, body
    return body


def refusal(office: World, **parameters: str | list[str]) -> tuple[int, Any]:
    return ask(lambda values: crm.answer(values, office.crm), form(**{"Worker": JO, **parameters}))


def listed(office: World, **parameters: str) -> Any:
    return answer(office, Location="GetCustomersList", **parameters)["objects"]


def details(office: World, contact_id: str = "r1", **parameters: str) -> Any:
    return answer(office, Location="GetCustomerDetailsByCustomerId", CustomerId=contact_id, **parameters)["objects"][
        "customer"
    ]


def create(office: World, channels: object = None, **parameters: str) -> Any:
    given_channels = [{"type": "sms", "value": ANN}] if channels is None else channels
    values = {"DisplayName": "Ann", "Channels": json.dumps(given_channels), **parameters}
    return answer(office, Location="CreateCustomer", **values)["objects"]["customer"]


def bytes_of(body: object) -> int:
    return len(http.build_reply(forms.Answer(body))["body"].encode())


def test_list() -> None:
    """A list holds what it needs of each contact and no more; it can be searched."""
    office = world(
        contact("r1", name="Ann", sms=ANN, notes="x", avatar="https://a.com/a.png"), contact("r2", name="Ben")
    )

    assert {
        "customers": [
            {"customer_id": "r1", "display_name": "Ann", "avatar": "https://a.com/a.png"},
            {"customer_id": "r2", "display_name": "Ben"},
        ],
        "searchable": True,
    } == listed(office, PageSize="30")


@pytest.mark.parametrize(("size", "expected"), [("30", 30), ("1", 1), (" 7 ", 7), ("", 30), ("999999999", 500)])
def test_page_size(size: str, expected: int) -> None:
    """PageSize is a number that arrives as text, and has its limits."""
    objects = listed(world(*contacts(600)), PageSize=size)

    assert expected == len(objects["customers"])
    assert isinstance(objects["next_page_token"], str)


@pytest.mark.parametrize("size", ["0", "-1", "1.5", "abc", "٣", "1e3", "0x10", "9" * 5_000, "NaN", "30;", "000"])
def test_bad_page_size(size: str) -> None:
    """What is no whole number from 1 is refused."""
    assert refusal(world(), Location="GetCustomersList", PageSize=size)[0] == 400


def test_second_page() -> None:
    """The second page of 30 has 30 contacts: numbers that arrive as text are not joined."""
    office = world(*contacts(100))
    first = listed(office, PageSize="30")
    by_token = listed(office, PageSize="30", NextPageToken=first["next_page_token"])
    by_anchor = listed(office, PageSize="30", Anchor=first["customers"][-1]["customer_id"])

    assert by_token["customers"] == by_anchor["customers"]
    assert [f"Name {n:05}" for n in range(30, 60)] == [c["display_name"] for c in by_token["customers"]]


def test_last_page() -> None:
    """The last page has no token, and behind it there is nothing."""
    office = world(*contacts(30))
    only = listed(office, PageSize="30")

    assert "next_page_token" not in only
    assert {"customers": [], "searchable": True} == listed(office, Anchor=only["customers"][-1]["customer_id"])


def test_search() -> None:
    """Query is what the worker typed, as they type."""
    office = world(contact("r1", name="Stéfanie"), contact("r2", name="Ben"))

    assert ["r1"] == [c["customer_id"] for c in listed(office, PageSize="30", Query="STEFA")["customers"]]


@pytest.mark.prove
@pytest.mark.parametrize(
    ("name", "loaded"),
    [("x" * 500, True), ("x" * 500, False), ("é" * 256, True), ("😀" * 256, False), ("\x01" * 256, True)],
)
def test_list_fits(name: str, loaded: bool) -> None:
    """Five hundred contacts with long names never exceed 64 kB, and none is left out; in `make test` 250."""
    numbers = range(size(250, 500))
    given_contacts = [contact(f"r{n:03}", name=f"{n:03}{name}", avatar=f"https://a.com/{n}") for n in numbers]
    office = world(*given_contacts, loaded=loaded)
    seen: list[str] = []
    token, pages = "", 0
    for _ in range(100):
        objects = listed(office, PageSize="500", NextPageToken=token)
        assert bytes_of({"objects": objects}) <= forms.MAX_ANSWER_BYTES
        seen += [c["customer_id"] for c in objects["customers"]]
        pages += 1
        if not loaded:
            office.load()
        if not (token := objects.get("next_page_token", "")):
            break

    assert [f"r{n:03}" for n in numbers] == seen
    assert pages > 1  # else nothing was too large for one answer


@pytest.mark.parametrize("settings", ["", "contacts: {visibility: all}"])
def test_workers_see_their_own(settings: str) -> None:
    """A worker's list is theirs, unless everybody may see everybody's."""
    office = world(contact("r1", owner=SAM), settings=settings)

    assert bool(settings) == bool(listed(office)["customers"])
    status = refusal(office, Location="GetCustomerDetailsByCustomerId", CustomerId="r1")[0]
    assert (200 if settings else 404) == status


FULL = contact(
    "r1",
    name="Ann Smith",
    sms=ANN,
    whatsapp=BEN,
    chat="ann",
    email="ann@example.com",
    linkedin="www.linkedin.com/in/ann",
    notes="One\nTwo",
    avatar="https://a.com/a.png",
)


def test_details() -> None:
    """The details are Frontline's object, WhatsApp with its prefix, links that the app shows."""
    assert {
        "customer_id": "r1",
        "display_name": "Ann Smith",
        "avatar": "https://a.com/a.png",
        "channels": [
            {"type": "sms", "value": ANN},
            {"type": "whatsapp", "value": f"whatsapp:{BEN}"},
            {"type": "chat", "value": "ann"},
        ],
        "links": [
            {"type": "Email", "value": "mailto:ann@example.com", "display_name": "Send an e-mail"},
            {"type": "LinkedIn", "value": "https://www.linkedin.com/in/ann", "display_name": "LinkedIn profile"},
            {
                "type": "Airtable",
                "value": f"https://airtable.com/{BASE_ID}/Customers/r1",
                "display_name": "Airtable record",
            },
        ],
        "details": {"title": "Notes", "content": "One\nTwo"},
        "worker": JO,
    } == details(world(FULL))


def test_details_of_little() -> None:
    """What is not known is left out, never empty, null or 'undefined'."""
    shown = details(world(Contact(id="r1", name="Ann")))

    assert {"customer_id", "display_name", "links"} == set(shown)
    assert ["Airtable"] == [link["type"] for link in shown["links"]]


@pytest.mark.parametrize(
    "value", ["undefined", "null", "http://a.com", "javascript:alert(1)", "https://", "https://a b"]
)
def test_only_what_the_app_shows(value: str) -> None:
    """Avatars that are no https address are left out, and so is mail to what is no address."""
    shown = details(world(contact("r1", avatar=value, email=value.replace("@", ""))))

    assert "avatar" not in shown
    assert ["Airtable"] == [link["type"] for link in shown["links"]]


@pytest.mark.parametrize(
    ("linkedin", "expected"),
    [
        ("https://linkedin.com/in/ann", "https://linkedin.com/in/ann"),
        ("linkedin.com/in/ann", "https://linkedin.com/in/ann"),
        ("http://linkedin.com/in/ann", None),
        ("javascript://x", None),
        ("", None),
        ("see notes", None),
    ],
)
def test_linkedin(linkedin: str, expected: str | None) -> None:
    """A profile becomes an https link, or none."""
    links = {link["type"]: link["value"] for link in details(world(contact("r1", linkedin=linkedin)))["links"]}

    assert expected == links.get("LinkedIn")


def test_record_link_of_an_odd_table() -> None:
    """A table's name may hold anything; the link to the record is an address all the same."""
    shown = details(world(contact("r1"), settings='contacts: {table: "My / Cústomers?"}'))

    assert f"https://airtable.com/{BASE_ID}/My%20%2F%20C%C3%BAstomers%3F/r1" == shown["links"][-1]["value"]


@pytest.mark.parametrize("text", ["x", "é", "😀", "\x01", '"', "\n", "山"])
def test_details_fit(text: str) -> None:
    """Whatever somebody filled the cells with, the details never exceed 64 kB, and notes are only cut."""
    address = f"https://{text * 2_000}"
    fat = contact("r1", name=text * 9_999, notes=text * 100_000, chat=text * 9_999, linkedin=address, avatar=address)
    body = answer(
        world(fat, settings="contacts: {visibility: all}"), Location="GetCustomerDetailsByCustomerId", CustomerId="r1"
    )

    assert bytes_of(body) <= forms.MAX_ANSWER_BYTES
    assert len(body["objects"]["customer"]["details"]["content"]) > 3_000


@pytest.mark.parametrize("contact_id", ["unknown", "r1' OR 'a'='a", "0"])
@pytest.mark.parametrize("location", ["GetCustomerDetailsByCustomerId", "DeleteCustomer"])
def test_unknown_customer(location: str, contact_id: str) -> None:
    """An unknown customer is a 404 with a sentence for the worker."""
    status, body = refusal(world(contact("r1")), Location=location, CustomerId=contact_id)

    assert (404, "This contact does not exist, or is not one of yours.") == (status, body["friendly_error_message"])


@pytest.mark.parametrize(
    ("location", "missing"),
    [
        ("GetCustomersList", "Worker"),
        ("GetCustomerDetailsByCustomerId", "Worker"),
        ("GetCustomerDetailsByCustomerId", "CustomerId"),
        ("DeleteCustomer", "Worker"),
        ("DeleteCustomer", "CustomerId"),
        ("CreateCustomer", "Worker"),
        ("CreateCustomer", "DisplayName"),
    ],
)
def test_missing_parameters(location: str, missing: str) -> None:
    """A parameter that is missing or blank is named."""
    given_values = {"Location": location, "Worker": JO, "CustomerId": "r1", "DisplayName": "Ann"}
    for value in ("", "  "):
        with pytest.raises(BadRequestError, match=f"the parameter {missing} is missing"):
            crm.answer(form(**{**given_values, missing: value}), world(contact("r1")).crm)


@pytest.mark.parametrize("location", ["UpdateCustomer", "getcustomerslist", "GetProxyAddress", "x", "__class__"])
def test_unknown_location(location: str) -> None:
    """A Location of another callback, or of none, is a 422."""
    with pytest.raises(UnknownLocationError):
        crm.answer(form(Location=location, Worker=JO), world().crm)
    assert refusal(world(), Location=location)[0] == 422


def test_missing_location() -> None:
    """Without a Location it is a bad request."""
    assert refusal(world())[0] == 400


def test_create() -> None:
    """A new contact is the worker's, in the answer, in the list and at the source."""
    office = world()
    shown = create(
        office, [{"type": "sms", "value": "+44 7700 900001"}, {"type": "whatsapp", "value": f"whatsapp:{BEN}"}]
    )

    assert [{"type": "sms", "value": ANN}, {"type": "whatsapp", "value": f"whatsapp:{BEN}"}] == shown["channels"]
    assert ("Ann", JO) == (shown["display_name"], shown["worker"])
    stored = office.source.contacts[shown["customer_id"]]
    assert (ANN, BEN, JO, False) == (stored.sms, stored.whatsapp, stored.owner, stored.opt_out)
    assert [shown["customer_id"]] == [c["customer_id"] for c in listed(office)["customers"]]


def test_create_bracketed() -> None:
    """The bracketed keys of an earlier app do as well, in any order."""
    office = world()
    body = answer(
        office,
        Location="CreateCustomer",
        DisplayName="Ann",
        **{
            "Channels[1][value]": "ann@example.com",
            "Channels[0][type]": "sms",
            "Channels[1][type]": "email",
            "Channels[0][value]": ANN,
        },
    )

    (stored,) = office.source.contacts.values()
    assert (ANN, "ann@example.com") == (stored.sms, stored.email)
    assert body["objects"]["customer"]["customer_id"] == stored.id


@pytest.mark.parametrize(
    ("channel", "attribute", "expected"),
    [
        ({"type": "SMS", "value": ANN}, "sms", ANN),
        ({"type": " sms ", "value": f" {ANN} "}, "sms", ANN),
        ({"type": "whatsapp", "value": ANN}, "whatsapp", ANN),
        ({"type": "email", "value": "ann@example.com"}, "email", "ann@example.com"),
        ({"type": "sms", "value": ANN, "more": 1}, "sms", ANN),
    ],
)
def test_create_channels(channel: dict[str, object], attribute: str, expected: str) -> None:
    """Each kind of channel is stored where it belongs."""
    office = world()
    create(office, [channel])

    (stored,) = office.source.contacts.values()
    assert expected == getattr(stored, attribute)


def test_create_with_a_region() -> None:
    """A number without its country code is one of the configured country."""
    office = world(settings="contacts: {region: GB}")

    assert create(office, [{"type": "sms", "value": "07700 900001"}])["channels"] == [{"type": "sms", "value": ANN}]


@pytest.mark.parametrize("channels", ["[]", "", " "])
def test_create_without_channels(channels: str) -> None:
    """A contact may have a name only."""
    assert "channels" not in create(world(), Channels=channels)


@pytest.mark.parametrize(
    "channels",
    [
        "nonsense",
        "{",
        "[",
        "{}",
        '"sms"',
        "1",
        "null",
        "[1]",
        "[null]",
        "[[]]",
        "[{}]",
        '[{"type":"sms"}]',
        '[{"value":"x"}]',
        '[{"type":1,"value":"x"}]',
        '[{"type":"sms","value":447700900001}]',
        '[{"type":"sms","value":""}]',
        '[{"type":"sms","value":"07700 900001"}]',
        '[{"type":"sms","value":"ann"}]',
        '[{"type":"whatsapp","value":"undefined"}]',
        '[{"type":"email","value":"ann"}]',
        '[{"type":"email","value":"a b@c"}]',
        '[{"type":"email","value":"a@b@c"}]',
        '[{"type":"chat","value":""}]',
        '[{"type":"chat","value":"%s"}]' % ("x" * 257),
        '[{"type":"fax","value":"+447700900001"}]',
        '[{"type":"name","value":"x"}]',
        '[{"type":"id","value":"x"}]',
        '[{"type":"owner","value":"x"}]',
        '[{"type":"sms","value":"+447700900001"},{"type":"sms","value":"+447700900002"}]',
        '[{"type":"chat","value":"\\ud800"}]',
        "[" * 100_000,
        "9" * 10_000,
    ],
    ids=lambda text: text[:45],
)
def test_create_bad_channels(channels: str) -> None:
    """Channels that cannot be used are refused, and nobody is created."""
    office = world()
    status, body = refusal(office, Location="CreateCustomer", DisplayName="Ann", Channels=channels)

    assert (400, True) == (status, bool(body["friendly_error_message"]))
    assert office.source.contacts == {}


def test_create_bad_number_is_explained() -> None:
    """The worker reads how a number has to be written."""
    channels = json.dumps([{"type": "sms", "value": "0770"}])
    _, body = refusal(world(), Location="CreateCustomer", DisplayName="Ann", Channels=channels)

    assert "country code" in body["friendly_error_message"]


@pytest.mark.parametrize(("name", "expected"), [("x" * 256, 200), ("x" * 257, 400), (" \n ", 400), ("a\nb", 200)])
def test_create_names(name: str, expected: int) -> None:
    """A name has at most 256 characters, on one line."""
    assert expected == refusal(world(), Location="CreateCustomer", DisplayName=name)[0]


def test_create_duplicate() -> None:
    """A number that belongs to somebody is refused with a sentence for the worker."""
    office = world(contact("r1", whatsapp=ANN, owner=SAM))
    channels = json.dumps([{"type": "sms", "value": ANN}])
    status, body = refusal(office, Location="CreateCustomer", DisplayName="Ann", Channels=channels)

    assert (409, DuplicateContactError.friendly) == (status, body["friendly_error_message"])


def test_create_opted_out() -> None:
    """Somebody who opted out before they were a contact is one who opted out."""
    office = world()
    office.opt_outs.record_request(ANN, out=True, at=1)
    create(office)

    assert [True] == [c.opt_out for c in office.source.contacts.values()]


def test_delete() -> None:
    """A deletion answers an empty object, and the contact is gone."""
    office = world(contact("r1"))

    assert answer(office, Location="DeleteCustomer", CustomerId="r1") == {}
    assert office.source.contacts == {}


@pytest.mark.parametrize(
    ("owner", "settings", "expected"),
    [(SAM, "", 404), ("", "", 404), (JO, "", 200), ("", "contacts: {visibility: all}", 200)],
)
def test_delete_needs_an_owner(owner: str, settings: str, expected: int) -> None:
    """Workers delete their own contacts, nobody's only where all may see all."""
    office = world(contact("r1", owner=owner), settings=settings)

    assert expected == refusal(office, Location="DeleteCustomer", CustomerId="r1")[0]
    assert (expected == 404) == ("r1" in office.source.contacts)


def test_source_away() -> None:
    """Where Airtable is away a worker reads so."""
    office = world(loaded=False)
    office.source.failure = UnavailableError("airtable", "x")
    status, body = refusal(office, Location="GetCustomersList")

    assert (503, UnavailableError.friendly) == (status, body["friendly_error_message"])


LOCATIONS = ("GetCustomersList", "GetCustomerDetailsByCustomerId", "CreateCustomer", "DeleteCustomer")
PARAMETERS = (
    *("Location", "Worker", "CustomerId", "PageSize", "Query", "NextPageToken", "Anchor", "DisplayName", "Channels"),
    *("Channels[0][type]", "Channels[0][value]"),
)


def usual(location: str) -> dict[str, str]:
    return {"Location": location, "Worker": JO, "CustomerId": "r1", "DisplayName": "Ann", "PageSize": "30"}


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("name", PARAMETERS)
def test_hostile(location: str, name: str) -> None:
    """Whatever one parameter holds, the answer is JSON and the fault the caller's, if it is one."""
    for value in HOSTILE:
        office = world(FULL).crm
        status, body = ask(partial(crm.answer, crm=office), form(**{**usual(location), name: value}))
        assert status < 500, value
        assert isinstance(body, dict)


@given(st.dictionaries(st.sampled_from(PARAMETERS), ANYTHING), st.sampled_from(LOCATIONS))
def test_any_parameters(values: dict[str, str], location: str) -> None:
    """Whatever the parameters hold, no error but ours is raised."""
    try:
        crm.answer(form(**{"Location": location, **values}), world(FULL).crm)
    except BridgeError as error:
        assert isinstance(error, (BadRequestError, NotFoundError, DuplicateContactError))  # noqa: PT017


def test_every_number_of_a_contact() -> None:
    """Each is a channel of its own."""
    office = world(contact("r1", sms=ANN, more_sms=(BEN,), whatsapp=BEN))
    channels = details(office)["channels"]

    assert [ANN, BEN, f"whatsapp:{BEN}"] == [channel["value"] for channel in channels]
    assert ["sms", "sms", "whatsapp"] == [channel["type"] for channel in channels]


def test_notes_of_rich_text() -> None:
    """They are shown without Airtable's escapes, line by line."""
    office = world(contact("r1", notes="first\\_name\n1\\. call \\*soon\\*"))

    assert "first_name\n1. call *soon*" == details(office)["details"]["content"]
