"""What a call sends: defaults, options, PARAMETER=VALUE and samples."""

import json
from pathlib import Path

import pytest

from twilio_bridge_cli.commands.call import callbacks, tokens
from twilio_bridge_cli.commands.call.callbacks import CALLBACKS, EVENTS, CallOptions, find_callback
from twilio_bridge_cli.commands.call.parameters import build_parameters, parse_pairs
from twilio_bridge_cli.errors import CommandError
from twilio_bridge_local import credentials
from twilio_bridge_local.samples.airtable_base import AMARA, WORKERS, sample_base

ROOT = Path(__file__).parents[3]


def sent(name: str, options: CallOptions | None = None, *given: str, local: bool = True) -> dict[str, list[str]]:
    return dict(build_parameters(find_callback(name), options or CallOptions(), given, None, local=local))


def test_the_sample_names_are_the_local_stacks() -> None:
    """What the command knows of the local stack is what the local stack has."""
    base = sample_base()
    table = base.table("Customers")
    assert table is not None
    amara = next(record for record in base.listed(table) if record.cells.get("name") == AMARA["name"])
    assert amara.id == callbacks.SAMPLE_CUSTOMER_ID
    assert callbacks.SAMPLE_ADDRESS == str(AMARA["sms"]).replace(" ", "")
    assert callbacks.SAMPLE_WORKER == WORKERS[0] == AMARA["owner"]
    assert tokens.LOCAL_TOKEN == credentials.TWILIO_AUTH_TOKEN
    assert callbacks.SAMPLE_ACCOUNT_SID == credentials.TWILIO_ACCOUNT_SID
    assert callbacks.SAMPLE_CONVERSATION_SID == credentials.SAMPLE_CONVERSATION_SID
    assert callbacks.SAMPLE_PARTICIPANT_SID == credentials.SAMPLE_PARTICIPANT_SID
    assert callbacks.SAMPLE_OUR_NUMBER == credentials.TWILIO_SMS_NUMBER


def test_crm_asks_for_the_list_or_for_the_contact_named() -> None:
    """Without a customer it is the first page, with one it is that contact."""
    assert sent("crm") == {"Location": ["GetCustomersList"], "Worker": [callbacks.SAMPLE_WORKER], "PageSize": ["30"]}
    details = sent("crm", CallOptions(customer="rec1"))
    assert (details["Location"], details["CustomerId"]) == (["GetCustomerDetailsByCustomerId"], ["rec1"])
    assert sent("crm", CallOptions(query=""))["Query"] == [""]


def test_nobody_is_deleted_by_default() -> None:
    """Even on the local stack, a deletion names its contact."""
    with pytest.raises(CommandError, match="CustomerId cannot be guessed"):
        sent("crm", CallOptions(location="DeleteCustomer"))


def test_an_unknown_location_is_sent_as_it_is() -> None:
    """What the callback says of it is what one wants to see."""
    assert sent("crm", CallOptions(location="UpdateCustomer"))["Location"] == ["UpdateCustomer"]


@pytest.mark.parametrize("name", CALLBACKS)
def test_sample_data_does_not_leave_this_machine(name: str) -> None:
    """A call to another address names its own people."""
    with pytest.raises(CommandError, match="cannot be guessed"):
        sent(name, local=False)


def test_a_deployed_one_gets_what_is_named() -> None:
    """With worker, customer and address it is complete."""
    options = CallOptions(worker="w@example.org", customer="rec1", address="whatsapp:+14155550100")
    outgoing = sent("outgoing-conversation", options, local=False)
    assert outgoing["ChannelType"] == ["whatsapp"]
    assert callbacks.SAMPLE_WORKER not in str(outgoing)


@pytest.mark.parametrize("event", EVENTS)
def test_every_event_has_its_parameters(event: str) -> None:
    """An event has the parameters the callback reads."""
    found = sent("twilio-conversations", CallOptions(event=event))
    assert found["EventType"] == [event]
    assert {"onMessageAdd": "ClientIdentity", "onMessageAdded": "Author"}.get(event, "Attributes") in found


def test_the_sample_conversation_is_meant_locally() -> None:
    """On the local stack it is there; elsewhere it has to be named."""
    assert sent("routing")["ConversationSid"] == [callbacks.SAMPLE_CONVERSATION_SID]
    added = sent("twilio-conversations", CallOptions(event="onParticipantAdded"))
    assert added["ConversationSid"] == [callbacks.SAMPLE_CONVERSATION_SID]
    assert added["ParticipantSid"] == [callbacks.SAMPLE_PARTICIPANT_SID]
    assert "ConversationSid" not in sent("twilio-conversations", CallOptions(event="onConversationAdd"))
    with pytest.raises(CommandError, match="ConversationSid"):
        sent("routing", CallOptions(address="+14155550100"), local=False)


def test_what_is_given_replaces_and_repeats() -> None:
    """A repeated parameter has several values, an empty one is sent empty, a value may hold =."""
    assert sent("crm", None, "PageSize=5", "X=1", "X=2", "Worker=", "Q=a=b")["PageSize"] == ["5"]
    assert parse_pairs(["X=1", "X=2", "Worker=", "Q=a=b"]) == {"X": ["1", "2"], "Worker": [""], "Q": ["a=b"]}


@pytest.mark.parametrize("text", ["Worker", "=x", ""])
def test_what_is_no_pair_is_refused(text: str) -> None:
    """A word alone is no parameter."""
    with pytest.raises(CommandError, match="is no PARAMETER=VALUE"):
        parse_pairs([text])


@pytest.mark.parametrize(
    ("typed", "meant"), [("cmr", "crm"), ("Template", "templates"), ("twilio_conversation", "twilio-conv")]
)
def test_an_unknown_callback_names_the_nearest(typed: str, meant: str) -> None:
    """A slip of the finger is one word away from its remedy."""
    with pytest.raises(CommandError) as caught:
        find_callback(typed)
    assert meant in caught.value.remedy


def test_an_option_that_would_change_nothing_is_refused() -> None:
    """--query has no meaning for a routing."""
    with pytest.raises(CommandError, match="--query means nothing for routing"):
        sent("routing", CallOptions(query="x"))


@pytest.mark.parametrize("path", sorted((ROOT / "events").glob("*/*.json")), ids=lambda path: path.stem)
def test_samples_are_decoded(path: Path) -> None:
    """A sample's own parameters are sent, under what is given."""
    name = path.parent.name.replace("_", "-")
    if name not in CALLBACKS:
        with pytest.raises(CommandError, match="is no sample of crm"):
            build_parameters(find_callback("crm"), CallOptions(), (), path, local=True)
        return
    again = build_parameters(find_callback(name), CallOptions(), ["Extra=1"], path, local=False)
    assert again["Extra"] == ["1"]
    assert again.keys() & {"Location", "EventType", "ConversationSid"}


def test_options_change_a_sample() -> None:
    """Plain options stand over the sample; one that stands for several parameters cannot."""
    path = ROOT / "events/crm/get_customers_list.json"
    changed = build_parameters(
        find_callback("crm"), CallOptions(worker="w@example.org", query="é"), (), path, local=True
    )
    assert (changed["Worker"], changed["Query"], changed["PageSize"]) == (["w@example.org"], ["é"], ["30"])
    hook = ROOT / "events/twilio_conversations/on_message_added.json"
    with pytest.raises(CommandError, match="--worker cannot change a sample"):
        build_parameters(find_callback("twilio-conversations"), CallOptions(worker="w"), (), hook, local=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "is no JSON"),
        ("[]", "is no event"),
        (json.dumps({"rawPath": "/callbacks/routing"}), "is no sample of crm"),
        (json.dumps({"rawPath": "/callbacks/crm", "body": "%%%é", "isBase64Encoded": True}), "cannot be decoded"),
    ],
)
def test_a_file_that_is_no_sample_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    """The sentence says what the file should be."""
    path = tmp_path / "event.json"
    path.write_text(text)
    with pytest.raises(CommandError, match=expected):
        build_parameters(find_callback("crm"), CallOptions(), (), path, local=True)


def test_a_missing_sample_says_where_samples_are(tmp_path: Path) -> None:
    """A slip in the path is one look away from its remedy."""
    with pytest.raises(CommandError, match="cannot be read") as caught:
        build_parameters(find_callback("crm"), CallOptions(), (), tmp_path / "missing.json", local=True)
    assert "events/" in caught.value.remedy
