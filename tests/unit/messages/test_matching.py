"""Which message at Twilio is the one whose answer was lost: Twilio changes bodies, and others write to people, too."""

from dataclasses import replace

import pytest

from twilio_bridge.messages.sending.matching import MAX_SKEW_MS, find_matches
from twilio_bridge.messages.sending.message import MessageDraft, TwilioMessage

CLAIMED_AT = 1_795_000_000_000
SERVICE = "MG" + "1" * 32
DRAFT = MessageDraft(to="+14155550123", sender="+15005550006", body="“Hello” Zoë… \N{EN DASH} ready?")
FOUND = TwilioMessage(
    sid="SM1",
    status="queued",
    to=DRAFT.to,
    sender=DRAFT.sender,
    direction="outbound-api",
    body=DRAFT.body,
    created_at=CLAIMED_AT / 1000,
)


def matches(draft: MessageDraft = DRAFT, *found: TwilioMessage) -> list[str]:
    return [message.sid for message in find_matches(draft, CLAIMED_AT, found)]


@pytest.mark.parametrize(
    "body",
    [
        DRAFT.body,
        '"Hello" Zoë... - ready?',
        "Sent from your Twilio trial account - “Hello” Zoë… \N{EN DASH} ready?",
        "“Hello” Zoë… \N{EN DASH} ready? Reply STOP to unsubscribe",
        "",
    ],
    ids=["as-sent", "smart-encoding", "trial", "opt-out", "redacted"],
)
def test_bodies_that_twilio_has_changed(body: str) -> None:
    """The message is ours."""
    assert ["SM1"] == matches(DRAFT, replace(FOUND, body=body))


@pytest.mark.parametrize(
    "body", ["“Hello” Zoë… \N{EN DASH} ready? 2", "Hello", "“Hello” Zoë… \N{EN DASH} ready? Call us", "Your code is 12"]
)
def test_bodies_of_others(body: str) -> None:
    """Another text to the same person at the same time is not this one."""
    assert [] == matches(DRAFT, replace(FOUND, body=body))


@pytest.mark.parametrize(
    "change",
    [
        {"sender": "+15005550007"},
        {"direction": "inbound"},
        {"direction": "outbound-reply"},
        {"created_at": (CLAIMED_AT - MAX_SKEW_MS) / 1000 - 1},
    ],
)
def test_what_is_certainly_another_message(change: dict[str, object]) -> None:
    """Another sender, another direction, or earlier than the claim."""
    assert [] == matches(DRAFT, replace(FOUND, **change))  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"created_at": None}, {"sender": ""}, {"direction": ""}])
def test_what_is_not_known_speaks_for_it(change: dict[str, object]) -> None:
    """A message that waits has no sender yet; whoever is written to twice cannot be helped."""
    assert ["SM1"] == matches(DRAFT, replace(FOUND, **change))  # type: ignore[arg-type]


def test_a_services_message() -> None:
    """Whichever of its numbers it chose."""
    draft = replace(DRAFT, sender=SERVICE)
    ours, others = replace(FOUND, service_sid=SERVICE), replace(FOUND, service_sid="MG" + "2" * 32, sid="SM2")
    assert ["SM1"] == matches(draft, others, ours)


def test_the_very_body_comes_first() -> None:
    """Then the earliest."""
    late = replace(FOUND, sid="SM2", created_at=CLAIMED_AT / 1000 + 5)
    redacted = replace(FOUND, sid="SM3", body="")
    assert ["SM1", "SM2", "SM3"] == matches(DRAFT, redacted, late, FOUND)


def test_a_content_template_has_twilios_body() -> None:
    """Nothing of it is ours to compare."""
    assert ["SM1"] == matches(replace(DRAFT, body="", content_sid="HX1"), FOUND)
