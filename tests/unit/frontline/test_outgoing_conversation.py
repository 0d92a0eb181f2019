"""The outgoing-conversation callback: a sender of the right kind, or a refusal with its reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import ANN, ANYTHING, BEN, HOSTILE, JO, OURS, SAM, World, ask, contact, form, world
from twilio_bridge.config import schema
from twilio_bridge.contacts.opt_outs import deliver_request
from twilio_bridge.errors import BadRequestError, BridgeError, ForbiddenError, UnavailableError, UnknownLocationError
from twilio_bridge.frontline import outgoing_conversation
from twilio_bridge.frontline.senders import Senders

USUAL = {
    "Location": "GetProxyAddress",
    "Worker": JO,
    "CustomerId": "r1",
    "ChannelType": "sms",
    "ChannelValue": ANN,
}
REACHED = contact("r1", sms=ANN, whatsapp=ANN, chat="ann")


def sender(office: World, **parameters: str) -> object:
    answer = outgoing_conversation.answer(form(**{**USUAL, **parameters}), office.outgoing)
    assert isinstance(answer.body, dict)
    return answer.body["proxy_address"]


def status(office: World, **parameters: str) -> tuple[int, str]:
    values = form(**{**USUAL, **parameters})
    code, body = ask(lambda given_form: outgoing_conversation.answer(given_form, office.outgoing), values)
    return code, body.get("friendly_error_message", "")


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, OURS),
        ({"ChannelType": "SMS"}, OURS),
        ({"ChannelType": "whatsapp", "ChannelValue": f"whatsapp:{ANN}"}, f"whatsapp:{OURS}"),
        ({"ChannelType": "whatsapp", "ChannelValue": ANN}, f"whatsapp:{OURS}"),
        ({"ChannelValue": "+44 7700 900001"}, OURS),
        ({"CustomerId": ""}, OURS),
        ({"CustomerId": "", "ChannelValue": BEN}, OURS),
        ({"CustomerId": "unknown", "ChannelValue": BEN}, OURS),
    ],
)
def test_sender(parameters: dict[str, str], expected: str) -> None:
    """The sender is of the channel's type, WhatsApp's with its prefix."""
    assert expected == sender(world(REACHED), **parameters)


def test_chat() -> None:
    """Chat contacts are written to from the configured identity, and from none where there is none."""
    chat = {"ChannelType": "chat", "ChannelValue": "ann"}

    assert sender(world(REACHED, settings="senders: {chat: desk}"), **chat) == "desk"
    assert status(world(REACHED), **chat) == (
        403,
        "There is no chat sender for you. Please ask your administrator.",
    )


@pytest.mark.parametrize("said", [True, False])
@pytest.mark.parametrize("parameters", [{}, {"ChannelType": "whatsapp"}, {"CustomerId": ""}])
def test_opted_out(said: bool, parameters: dict[str, str]) -> None:
    """Nobody begins a conversation with somebody who opted out, by request or by record."""
    office = world(contact("r1", sms=ANN, opt_out=not said))
    if said:
        office.opt_outs.record_request(ANN, out=True, at=1)

    assert status(office, **parameters) == (403, outgoing_conversation.OPTED_OUT)


def test_opted_in_again() -> None:
    """Somebody who took their opt-out back can be written to, though the record is still ticked."""
    office = world(contact("r1", sms=ANN, opt_out=True))
    word = office.opt_outs.record_request(ANN, out=True, at=1)
    assert word
    office.opt_outs.mark_set(word, "r1", is_set=True)
    office.opt_outs.mark_delivered(word, ["r1"])
    office.opt_outs.record_request(ANN, out=False, at=2)

    assert status(office)[0] == 200


def test_an_ordinary_yes() -> None:
    """What the company ticked is not undone by a request that was made before, such as a stranger's "Yes"."""
    office = world(contact("r1", sms=ANN, opt_out=True))
    office.opt_outs.record_request(ANN, out=False, at=1)

    assert status(office)[0] == 403


def test_two_contacts_with_one_number() -> None:
    """One of them who opted out is enough."""
    office = world(contact("r1", sms=ANN), contact("r2", name="Zoe", sms=ANN, opt_out=True))

    assert status(office)[0] == 403


def test_one_address_does_not_undo_another() -> None:
    """The latest request of a person counts, at whichever of their addresses it was made."""
    office = world(contact("r1", sms=ANN, whatsapp=BEN))
    office.opt_outs.record_request(ANN, out=False, at=1)
    word = office.opt_outs.record_request(BEN, out=True, at=2)
    assert word
    deliver_request(BEN, office.directory, office.opt_outs)
    deliver_request(ANN, office.directory, office.opt_outs)

    assert status(office)[0] == 403
    assert office.source.contacts["r1"].opt_out


def test_opted_out_stranger() -> None:
    """A stranger's request counts, too."""
    office = world()
    office.opt_outs.record_request(ANN, out=True, at=1)

    assert status(office, CustomerId="")[0] == 403


@pytest.mark.parametrize("contact_id", ["r1", "unknown"])
def test_another_workers_contact(contact_id: str) -> None:
    """Another worker's contact cannot be written to, under its own id or a wrong one."""
    assert status(world(contact("r1", sms=ANN, owner=SAM)), CustomerId=contact_id)[0] == 403


def test_everybodys_contact() -> None:
    """Where all may see all, all may write to all."""
    assert status(world(contact("r1", sms=ANN, owner=SAM), settings="contacts: {visibility: all}"))[0] == 200


@pytest.mark.parametrize("own", [OURS, f"whatsapp:{OURS}", "+1 415 555 0100"])
def test_own_number(own: str) -> None:
    """A sender is never the contact's own address."""
    assert status(world(), CustomerId="", ChannelValue=own)[0] == 403


def test_no_sender() -> None:
    """Without a sender the worker reads whom to ask."""
    office = world(REACHED)
    none = Senders({}, schema.Senders(), schema.Sender())
    outgoing = outgoing_conversation.OutgoingDeps(office.directory, office.opt_outs, none)

    with pytest.raises(ForbiddenError, match="no sender for the channel sms"):
        outgoing_conversation.answer(form(**USUAL), outgoing)


@pytest.mark.parametrize("location", ["GetCustomersList", "getproxyaddress", "x"])
def test_unknown_location(location: str) -> None:
    """Another Location is a 422."""
    with pytest.raises(UnknownLocationError):
        sender(world(), Location=location)


@pytest.mark.parametrize("missing", ["Location", "Worker", "ChannelType", "ChannelValue"])
def test_missing_parameters(missing: str) -> None:
    """A parameter that is missing is named."""
    with pytest.raises(BadRequestError, match=f"the parameter {missing} is missing"):
        sender(world(), **{missing: " "})


@pytest.mark.parametrize(
    "parameters",
    [
        {"ChannelType": "email"},
        {"ChannelType": "fax"},
        {"ChannelValue": "ann"},
        {"ChannelValue": "07700 900001"},
        {"ChannelValue": "undefined"},
        {"ChannelType": "whatsapp", "ChannelValue": "whatsapp:"},
        {"ChannelType": "whatsapp", "ChannelValue": "whatsapp:undefined"},
    ],
)
def test_bad_parameters(parameters: dict[str, str]) -> None:
    """A channel that is none, or a number that is none, is a bad request."""
    assert status(world(REACHED), **parameters)[0] == 400


def test_source_away() -> None:
    """Where it cannot be known whether somebody opted out, nobody begins a conversation with them."""
    office = world(REACHED, loaded=False)
    office.source.failure = UnavailableError("airtable", "x")

    assert status(office)[0] == 503


@pytest.mark.parametrize("name", USUAL)
@pytest.mark.parametrize("channel", ["sms", "whatsapp", "chat"])
def test_hostile(name: str, channel: str) -> None:
    """Whatever one parameter holds, the answer is JSON and no failure of ours."""
    for value in HOSTILE:
        code, _ = status(world(REACHED, settings="senders: {chat: desk}"), **{"ChannelType": channel, name: value})
        assert code < 500, value


@given(st.dictionaries(st.sampled_from(sorted(USUAL)), ANYTHING))
def test_any_parameters(parameters: dict[str, str]) -> None:
    """Whatever the parameters hold, no error but ours is raised."""
    try:
        assert sender(world(REACHED), **parameters)
    except BridgeError as error:
        assert isinstance(error, (BadRequestError, ForbiddenError))  # noqa: PT017


def test_a_whatsapp_user_without_a_number() -> None:
    """They are written to by their id, from our WhatsApp number, unless they opted out."""
    office = world()
    address = {"ChannelType": "whatsapp", "ChannelValue": "whatsapp:US.ABC123XYZ", "CustomerId": ""}
    assert f"whatsapp:{OURS}" == sender(office, **address)
    office.opt_outs.record_request("US.ABC123XYZ", out=True, at=1)
    assert 403 == status(office, **address)[0]


@pytest.mark.parametrize("value", ["whatsapp:nobody", "US.ABC123XYZ", "whatsapp:US.", "messenger:1"])
def test_what_is_no_address(value: str) -> None:
    """An id that is none is refused, and so is one on another channel."""
    assert 400 == status(world(), ChannelType="sms", ChannelValue=value)[0]
