"""What a caller may ask for, and the sentences for what they may not."""

from typing import Any

import pytest

from twilio_bridge.errors import BadRequestError
from twilio_bridge.sync.request import SyncRequest, read_request
from twilio_bridge.sync.streams import RESOURCES

NOW = 1_775_000_000_000
CHANNELS = ("voice", "sms", "whatsapp", "webchat")


def test_brief_ones_call() -> None:
    """As it stands there."""
    given = {"type": "incremental", "resources": ["conversations"], "since": "2024-01-01", "channels": ["voice", "sms"]}
    found = read_request(given, NOW, CHANNELS)
    assert SyncRequest(resources=("conversations",), since=1_704_067_200_000, channels=("voice", "sms")) == found


def test_nothing_is_everything_that_is_new() -> None:
    """The defaults."""
    assert SyncRequest(resources=RESOURCES) == read_request({}, NOW, CHANNELS)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"since": "2027-01-01"}, "since lies in the future"),
        ({"since": "yesterday"}, "since is no day or moment"),
        ({"since": 20260101}, "since is no day or moment"),
        ({"since": "2026-01-02", "until": "2026-01-01"}, "until is not after since"),
        ({"resources": ["task"]}, "There is no resource 'task'; did you mean tasks?"),
        ({"resources": "tasks"}, "resources should be a list"),
        ({"resources": []}, "resources should be a list"),
        ({"resources": [{"a": 1}]}, "There is no resource"),
        ({"channels": ["fax"]}, "There is no channel 'fax'; there are voice, sms, whatsapp, webchat."),
        ({"type": "all"}, "There is no type 'all'"),
        ({"type": ["full"]}, "There is no type"),
        ({"dry_run": "yes"}, "dry_run should be true or false"),
        ({"resource": []}, "There is no field 'resource'; did you mean resources?"),
    ],
)
def test_what_is_wrong_is_a_sentence(given: dict[str, Any], sentence: str) -> None:
    """With what would be right."""
    with pytest.raises(BadRequestError) as caught:
        read_request(given, NOW, CHANNELS)
    assert sentence in str(caught.value)


def test_all_faults_at_once() -> None:
    """Whoever mends one does not meet the next."""
    with pytest.raises(BadRequestError) as caught:
        read_request({"since": "2027-01-01", "resources": ["x"], "channels": ["y"]}, NOW, CHANNELS)
    assert 3 == sum(part in str(caught.value) for part in ("future", "resource 'x'", "channel 'y'"))
