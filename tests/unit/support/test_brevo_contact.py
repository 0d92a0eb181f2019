"""What Brevo's attributes say about a person."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.support.delivery import KEYS, LISTS, MAIL, NOW, OTHER_PHONE, PHONE, dossier, interaction, settings
from twilio_bridge.config import schema
from twilio_bridge.support.brevo.brevo_contact import build_contact, compute_contact_digest
from twilio_bridge.support.persons.person import Dossier, Interaction, Person
from twilio_bridge.support.ports import MarketingContact

DAY = 86_400_000
SETTINGS = settings()


def contact(*interactions: Interaction, mapping: dict[str, str] | None = None, **person: Any) -> MarketingContact:
    settled = settings(field_mapping=mapping) if mapping else SETTINGS
    found = build_contact(dossier(interactions=interactions, **person), settled)
    assert found
    return found


def attributes(*interactions: Interaction, mapping: dict[str, str] | None = None) -> Any:
    return contact(*interactions, mapping=mapping).attributes


def test_the_whole_contact() -> None:
    """The brief's mapping, for somebody of whom everything is known."""
    values = {
        "identity": "ann",
        "friendly_name": "Ann",
        "attributes.email": "Ann@Example.com",
        "attributes.phone": PHONE,
        "customer_tier": "gold",
        "account_id": 7,
    }
    told = interaction(wait_s=12, score=4.0, scored_at=NOW, values=values)
    assert MarketingContact(
        email=MAIL,
        phone=PHONE,
        attributes={
            "FLEX_IDENTITY": "ann",
            "FIRSTNAME": "Ann",
            "LAST_SUPPORT_DATE": date(2026, 3, 2),
            "SUPPORT_TICKET_COUNT": 1,
            "AVG_WAIT_TIME": 12.0,
            "CSAT_SCORE": 4.0,
            "PREFERRED_CHANNEL": "voice",
            "VIP_TIER": "gold",
            "ACCOUNT_ID": "7",
        },
        lists=(32, 33),
    ) == contact(told)


def test_what_is_unknown_is_left_out() -> None:
    """Of somebody who only closed a conversation there are no numbers, and no zeros."""
    assert MarketingContact(email=MAIL, phone=PHONE) == contact(interaction(counts=False, channel=""))


def test_only_what_counts_is_counted() -> None:
    """Surveys and stand-ins for callbacks are no conversations, and neither their day nor their channel shows."""
    survey = interaction("WT9", counts=False, channel="sms", last_at=NOW + 5 * DAY, wait_s=500)
    found = attributes(interaction(), interaction("WT2"), survey)
    assert {"SUPPORT_TICKET_COUNT": 2, "LAST_SUPPORT_DATE": date(2026, 3, 2), "PREFERRED_CHANNEL": "voice"} == found


def test_the_mean_wait_is_of_accepted_tasks() -> None:
    """To a tenth of a second; no wait at all is a wait, too."""
    waits = [None, 0, 10, 21]
    tasks = [interaction(f"WT{number}", wait_s=wait) for number, wait in enumerate(waits)]
    assert 10.3 == attributes(*tasks)["AVG_WAIT_TIME"]
    assert 0 == attributes(interaction(wait_s=0))["AVG_WAIT_TIME"]
    assert "AVG_WAIT_TIME" not in attributes(interaction())


@pytest.mark.parametrize(
    ("last_at", "day"),
    [(1_772_495_999_999, date(2026, 3, 2)), (1_772_496_000_000, date(2026, 3, 3)), (NOW, date(2026, 3, 2))],
)
def test_the_last_day_is_that_of_utc(last_at: int, day: date) -> None:
    """Of the latest word of any conversation."""
    earlier = interaction("WT0", last_at=last_at - 7 * DAY)
    assert day == attributes(interaction(last_at=last_at), earlier)["LAST_SUPPORT_DATE"]


@pytest.mark.parametrize(
    ("channels", "preferred"),
    [
        (["voice", "sms", "voice"], "voice"),
        (["voice", "sms"], "sms"),
        (["sms", "voice"], "voice"),
        (["voice", "", ""], "voice"),
        (["voice", "sms", "sms", "voice", "webchat"], "voice"),
    ],
)
def test_the_preferred_channel(channels: list[str], preferred: str) -> None:
    """The most used, the latest on a tie; what is not told is no channel."""
    tasks = [interaction(f"WT{n}", channel=channel, created_at=NOW + n) for n, channel in enumerate(channels)]
    assert preferred == attributes(*reversed(tasks))["PREFERRED_CHANNEL"]


def test_the_last_score() -> None:
    """By the moment of the survey, though it counts as no conversation and may be heard of late."""
    surveys = [
        interaction("WT8", counts=False, score=2.0, scored_at=NOW + 1, last_at=NOW + 9),
        interaction("WT9", counts=False, score=5.0, scored_at=NOW + 2, last_at=NOW + 3),
    ]
    assert 5.0 == attributes(*surveys)["CSAT_SCORE"]
    assert 0.0 == attributes(interaction(score=0.0, scored_at=NOW))["CSAT_SCORE"]


def test_the_latest_that_tells_a_field_counts() -> None:
    """A later one that does not tell it changes nothing."""
    told = [
        interaction("WT1", last_at=NOW, values={"customer_tier": "silver", "account_id": "7"}),
        interaction("WT2", last_at=NOW + 1, values={"customer_tier": "gold"}),
        interaction("WT3", last_at=NOW + 2),
    ]
    found = attributes(*told)
    assert ("gold", "7") == (found["VIP_TIER"], found["ACCOUNT_ID"])


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("gold", "gold"),
        (" gold ", "gold"),
        ("x" * 600, "x" * 500),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (4711, "4711"),
        (2.0, "2"),
        (1.5, "1.5"),
        (["a", "b"], ["a", "b"]),
        (["a", 1, None, " "], ["a"]),
        ("", None),
        (" ", None),
        ([], None),
        ([1], None),
        (None, None),
        ({"a": 1}, None),
        (float("nan"), None),
        (float("inf"), None),
    ],
    ids=repr,
)
def test_a_tasks_attribute_is_text(value: object, kept: object) -> None:
    """Whatever its first value looks like; a list stays one, and nothing stands for unknown."""
    found = attributes(interaction(values={"customer_tier": value}))
    assert (kept is not None) == ("VIP_TIER" in found)
    assert kept == found.get("VIP_TIER")


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("number", "4711", 4711),
        ("number", 1.5, 1.5),
        ("number", "A-17", None),
        ("number", True, None),
        ("number", "1_000", None),
        ("number", "inf", None),
        ("number", "NaN", None),
        ("boolean", "Yes", True),
        ("boolean", 0, False),
        ("boolean", "perhaps", None),
        ("date", "2026-03-02T10:00:00Z", date(2026, 3, 2)),
        ("date", "soon", None),
        ("text", 4711, "4711"),
        ("list", "gold", "gold"),
        ("list", ["a", "b"], ["a", "b"]),
    ],
    ids=repr,
)
def test_a_tasks_attribute_of_a_configured_type(kind: str, value: object, kept: object) -> None:
    """What cannot be of this type is left out."""
    settled = settings(brevo={"attribute_types": {"vip_tier": kind}})
    held = dossier(interactions=(interaction(values={"customer_tier": value}),))
    found = build_contact(held, settled)
    assert found
    assert kept == found.attributes.get("VIP_TIER")


def test_attributes_are_written_in_capitals() -> None:
    """Brevo knows no others."""
    mapping = {"customer_tier": "vip_tier", "total_conversations": "Tickets"}
    found = attributes(interaction(values={"customer_tier": "gold"}), mapping=mapping)
    assert {"VIP_TIER": "gold", "TICKETS": 1} == found


@pytest.mark.parametrize(
    ("told", "written"), [(f"whatsapp:{PHONE}", PHONE), ("+44 7700 900001", PHONE), ("ann", None), (None, None)]
)
def test_a_whatsapp_number_is_a_number(told: str | None, written: str | None) -> None:
    """Brevo would refuse the whole contact for anything else."""
    values = {"wa": told} if told else {}
    assert written == attributes(interaction(values=values), mapping={"wa": "WHATSAPP"}).get("WHATSAPP")


@pytest.mark.parametrize(
    "keys",
    [
        frozenset(),
        frozenset(("flex#ann", "task#WT1")),
        frozenset(("email#ann@here",)),
        frozenset(("external#A-1",)),
    ],
)
def test_nobody_to_tell(keys: frozenset[str]) -> None:
    """Without email, number and an external id that is mapped there is no contact."""
    assert build_contact(dossier(keys=keys), SETTINGS) is None


@pytest.mark.parametrize("kind", ["email", "phone", "external"])
def test_one_identifier_is_enough(kind: str) -> None:
    """Whichever it is."""
    keys = frozenset(key for key in KEYS if key.startswith(kind))
    found = contact(keys=keys, mapping={"customers.external_id": "ext_id"})
    assert [bool(found.email), bool(found.phone), bool(found.external_id)] == [
        kind == each for each in ("email", "phone", "external")
    ]


def test_of_several_numbers_the_one_told_last() -> None:
    """And the first in order, where none of them was told."""
    both = KEYS | {f"phone#{OTHER_PHONE}"}
    earlier = interaction("WT1", values={"attributes.phone": PHONE})
    later = interaction("WT2", last_at=NOW + 1, values={"attributes.phone": f"whatsapp:{OTHER_PHONE}"})
    stranger = interaction("WT3", last_at=NOW + 2, values={"attributes.phone": "+447700900999"})
    assert OTHER_PHONE == contact(earlier, later, stranger, keys=both).phone
    assert PHONE == contact(earlier, keys=both).phone
    assert PHONE == contact(keys=both).phone


def test_what_is_told_is_no_identifier_unless_it_is_a_key() -> None:
    """A number that several people share finds none of them."""
    shared = interaction(values={"attributes.phone": OTHER_PHONE, "attributes.email": "sales@example.com"})
    assert (MAIL, PHONE) == (contact(shared).email, contact(shared).phone)


@pytest.mark.parametrize(
    ("each", "lists"),
    [
        (interaction(), (32,)),
        (interaction(counts=False, score=3.0, scored_at=NOW), (33,)),
        (interaction(score=3.0, scored_at=NOW), (32, 33)),
        (interaction(counts=False), ()),
    ],
)
def test_lists(each: Interaction, lists: tuple[int, ...]) -> None:
    """Who asked for support is on the one, who answered a survey on the other."""
    assert lists == contact(each).lists


def test_no_list_where_none_is_configured() -> None:
    """Nor anything that stands for one."""
    found = build_contact(dossier(interactions=(interaction(score=3.0),)), settings(connectors={}))
    assert found
    assert () == found.lists


def test_without_customers_there_are_no_attributes() -> None:
    """Identifiers and lists stay: events need a contact."""
    flex = {"twilio_flex": {**LISTS["connectors"]["twilio_flex"], "sync": {"customers": False}}}
    found = build_contact(dossier(), settings(connectors=flex))
    assert MarketingContact(email=MAIL, phone=PHONE, lists=(32,)) == found


tasks = st.builds(
    interaction,
    sid=st.sampled_from([f"WT{number}" for number in range(9)]),
    channel=st.sampled_from(["", "voice", "sms"]),
    counts=st.booleans(),
    created_at=st.integers(NOW, NOW + 5),
    last_at=st.integers(NOW, NOW + 5),
    wait_s=st.none() | st.integers(0, 9),
    score=st.none() | st.floats(0, 10),
    scored_at=st.integers(NOW, NOW + 5),
    values=st.dictionaries(st.sampled_from(["identity", "customer_tier"]), st.text(max_size=2)),
)


@given(st.lists(tasks, max_size=6, unique_by=lambda each: each.sid), st.randoms())
def test_the_order_of_interactions_does_not_matter(found: list[Interaction], random: Any) -> None:
    """A contact depends on what is known, not on how it was learnt; so does its digest."""
    shuffled = random.sample(found, len(found))
    one, other = contact(*found), contact(*shuffled)
    assert one == other
    assert compute_contact_digest(one) == compute_contact_digest(other)


def test_a_digest_tells_every_difference() -> None:
    """But for the lists: they are written once."""
    one = contact()
    others = [
        replace(one, email="x@example.com"),
        replace(one, phone=OTHER_PHONE),
        replace(one, external_id="A-1"),
        replace(one, attributes={**one.attributes, "SUPPORT_TICKET_COUNT": 2}),
        replace(one, attributes={**one.attributes, "LAST_SUPPORT_DATE": date(2026, 3, 3)}),
        replace(one, opted_out=True),
    ]
    assert compute_contact_digest(one) == compute_contact_digest(replace(one, lists=(32, 33)))
    assert 7 == len({compute_contact_digest(each) for each in (one, *others)})


def test_what_a_former_version_took_for_keys_and_names_is_none() -> None:
    """Placeholders and labels stay where they are kept, and are not written any more."""
    mapping = {"friendly_name": "FIRSTNAME", "attributes.customers.external_id": "EXT_ID"}
    keys = frozenset(("external#undefined", "email#none@none.com", "phone#+11111111111", "phone#+447900000012"))
    labelled = Interaction(sid="WT1", version=1, values={"friendly_name": "Callback: +447900000012"}, last_at=2)
    named = Interaction(sid="WT2", version=1, values={"friendly_name": "Amara"}, last_at=1)
    held = Dossier(Person(id="p", keys=keys), (labelled, named))
    found = build_contact(held, schema.Config.model_validate({"field_mapping": mapping}))
    assert found
    assert ("", "", "+447900000012") == (found.external_id, found.email, found.phone)
    assert {"FIRSTNAME": "Amara"} == found.attributes
