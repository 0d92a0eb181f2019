"""Statuses in any order end where Twilio's own order ends; a code says what is to be done."""

from itertools import permutations

import pytest

from twilio_bridge.messages.sending.message_status import RANKS, TERMINAL, Refusal, classify_refusal, is_progress

LIVES = [
    ["accepted", "queued", "sending", "sent", "delivered"],
    ["queued", "sending", "sent", "delivered", "read"],
    ["accepted", "scheduled", "queued", "sent", "undelivered"],
    ["accepted", "scheduled", "canceled"],
    ["queued", "failed"],
]


def last(reports: list[str] | tuple[str, ...]) -> str:
    known = ""
    for reported in reports:
        known = reported if is_progress(known, reported) else known
    return known


@pytest.mark.parametrize("life", LIVES, ids="-".join)
def test_any_order_ends_where_the_life_ended(life: list[str]) -> None:
    """Also where each report comes twice."""
    for order in permutations(life):
        assert life[-1] == last(order)
        assert life[-1] == last([*order, *order])


def test_the_first_end_stands() -> None:
    """What ended cannot end otherwise; only what was delivered may be read."""
    ends = sorted(TERMINAL - {"read"})
    for first in ends:
        assert [end for end in [*ends, "read"] if is_progress(first, end)] == ["read"]
        assert not any(is_progress(first, status) for status in RANKS if status not in TERMINAL)


@pytest.mark.parametrize("word", ["", "DELIVERED", "receiving", "received", "exploded"])
def test_what_no_outbound_message_has_is_no_status(word: str) -> None:
    """It replaces nothing, not even nothing."""
    assert not is_progress("", word)
    assert not is_progress("queued", word)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (21610, Refusal.OPTED_OUT),
        (21211, Refusal.ROW),
        (21408, Refusal.ROW),
        (20429, Refusal.LATER),
        (21611, Refusal.LATER),
        (35125, Refusal.LATER),
        (20003, Refusal.EVERYBODY),
        (20404, Refusal.EVERYBODY),
        (403, Refusal.EVERYBODY),
        (407, Refusal.EVERYBODY),
        (None, Refusal.EVERYBODY),
    ],
)
def test_what_a_refusal_means(code: int | None, expected: Refusal) -> None:
    """An HTTP status in a code's place is not Twilio's word on a row."""
    assert expected is classify_refusal(code)
