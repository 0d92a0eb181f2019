"""Values merged into a task's attributes, and what happens where they do not fit."""

import json

import pytest

from twilio_bridge.insights.json_text import MalformedError
from twilio_bridge.insights.merging import LATER_LENGTH, MAX_ATTRIBUTES_LENGTH, Addition, merge_additions

NAME = Addition("customers.name", "Kim", 2)
URL = "https://api.twilio.com/2010-04-01/Accounts/AC1/Recordings/RE1"


def test_a_value_is_written_where_there_is_none() -> None:
    """Missing or null; another's value stays, unless the mapping says otherwise."""
    assert merge_additions('{"a":1}', [NAME]).text == '{"a":1,"customers":{"name":"Kim"}}'
    assert merge_additions('{"customers":{"name":null}}', [NAME]).text == '{"customers":{"name":"Kim"}}'
    kept = '{"customers":{"name":"Jo"}}'
    assert merge_additions(kept, [NAME]).text == kept
    replacing = Addition("customers.name", "Kim", 2, replaces=True)
    assert merge_additions(kept, [replacing]).text == '{"customers":{"name":"Kim"}}'


def test_nulls_of_others_stay() -> None:
    """Flex' template drops them; whoever wrote one meant it."""
    text = '{"conversations":{"abandoned_phase":null,"productive": null},"x":null}'
    merged = merge_additions(text, [Addition("conversations.hang_up_by", "Customer")]).text
    assert merged == text.replace(" null}", ' null,"hang_up_by":"Customer"}', 1)


def test_merged_twice_is_merged_once() -> None:
    """Nothing is left to write: our own task.updated ends there."""
    additions = [NAME, Addition("conversations.hang_up_by", "Customer")]
    once = merge_additions("{}", additions, [{"url": URL}]).text
    assert merge_additions(once, additions, [{"url": URL}]).text == once


def test_one_is_not_true() -> None:
    """A number and a boolean that Python takes for equal are two values."""
    replacing = Addition("conversations.order", 1, replaces=True)
    assert merge_additions('{"conversations":{"order":true}}', [replacing]).text == '{"conversations":{"order":1}}'


def test_media_are_added_by_url() -> None:
    """Once each; what others wrote of a medium stays."""
    text = '{"conversations":{"media":[{"url":"u1","start_time":1.0}]}}'
    merged = merge_additions(text, [], [{"url": "u1", "type": "x"}, {"url": "u2"}, {"url": "u2"}]).text
    assert merged == '{"conversations":{"media":[{"url":"u1","start_time":1.0},{"url":"u2"}]}}'


def test_media_of_others_may_hold_anything() -> None:
    """An address that is none is no address of ours."""
    text = '{"conversations":{"media":[{"url":{}},{"url":["u"]},{"url":null},7]}}'
    assert merge_additions(text, [], [{"url": "u"}]).text == text.replace("7]", '7,{"url":"u"}]')


def test_what_is_in_the_way_is_named_and_stays() -> None:
    """A group that is a text, media that are no list: the other groups are written."""
    text = '{"customers":"VIP","conversations":{"media":{}}}'
    merged = merge_additions(text, [NAME, Addition("conversations.queue", "Sales")], [{"url": "u"}])
    assert merged.text == '{"customers":"VIP","conversations":{"media":{},"queue":"Sales"}}'
    assert merged.blocked == ("conversations.media", "customers.name")


def test_no_json_is_never_overwritten() -> None:
    with pytest.raises(MalformedError):
        merge_additions('{"a":', [NAME])


@pytest.mark.parametrize("room", [0, 10, 40, 100, 300, 700, 1_000])
def test_what_does_not_fit_is_left_out_by_priority(room: int) -> None:
    """The text never gets longer than TaskRouter takes, and nothing is kept before something of a higher priority."""
    text = json.dumps({"foreign": "x" * (MAX_ATTRIBUTES_LENGTH - 16 - room)})
    places = [f"customers.customer_label_{n}" for n in range(1, 4)] + [
        f"conversations.conversation_label_{n}" for n in range(1, 6)
    ]
    additions = [Addition(place, "v" * 40, priority) for priority, place in enumerate(places, 1)]
    merged = merge_additions(text, additions)
    assert len(merged.text) <= MAX_ATTRIBUTES_LENGTH
    written = [n for n, place in enumerate(places) if place not in merged.cut]
    assert written == list(range(len(written)))
    assert merge_additions(merged.text, additions) == merged


def test_there_is_room_left_for_the_end() -> None:
    """The outcome and the recording become known last, and are not those that find no room."""
    labels = [Addition(f"conversations.conversation_label_{n}", "v" * 128, 9) for n in range(1, 11)]
    more = [Addition(f"conversations.conversation_attribute_{n}", "w" * 128, 8) for n in range(1, 11)]
    before = merge_additions(json.dumps({"foreign": "x" * 1_500}), [*labels, *more])
    assert before.cut
    assert len(before.text) <= MAX_ATTRIBUTES_LENGTH - LATER_LENGTH
    outcome = [Addition("conversations.outcome", "o" * 128, 1), Addition("conversations.segment_link", URL, 1)]
    assert merge_additions(before.text, outcome, [{"url": URL, "type": "VoiceRecording", "start_time": 1}]).cut == ()
