"""What a task lacks of the mapping, and what has it completed."""

import pytest

from twilio_bridge.config.insights import Insights
from twilio_bridge.insights.backfill import GONE, find_lack, make_request
from twilio_bridge.insights.ports import Task

SID = "WT" + "0" * 31 + "1"
MAPPING = Insights(customers={"name": ("contact.name",), "category": ("contact.Tier",)}, conversations={})


def task(attributes: str, status: str = "pending") -> Task:
    return Task(sid=SID, attributes=attributes, status=status)


@pytest.mark.parametrize(
    ("attributes", "missing", "codes"),
    [
        ("{}", ("customers.name", "customers.category"), ()),
        ('{"customers": {"name": null, "category": "VIP", "phone": "+447700900001"}}', ("customers.name",), ()),
        ('{"customers": {"name": "", "category": "VIP", "phone": "+447700900001"}}', (), ("FI011",)),
        ('{"customers": "Jo"}', ("customers.name", "customers.category"), ("FI004",)),
        ("[]", (), ("FI009",)),
        ("", (), ("FI009",)),
    ],
)
def test_lack(attributes: str, missing: tuple[str, ...], codes: tuple[str, ...]) -> None:
    """Mapped attributes that are missing or null, and the rules that are broken, each once."""
    lack = find_lack(task(attributes), MAPPING)

    assert (lack.missing, lack.codes, lack.is_finished) == (missing, codes, False)


def test_lack_under_hipaa() -> None:
    """What Twilio would remove is nothing that a task lacks."""
    assert find_lack(task("{}"), MAPPING.model_copy(update={"hipaa": True})).missing == ("customers.category",)


@pytest.mark.parametrize("status", ["completed", "canceled", GONE])
def test_lack_after_the_end(status: str) -> None:
    """What has ended, or is gone, is finished; of what is gone nothing is known."""
    lack = find_lack(task("" if status == GONE else "{}", status), MAPPING)

    assert lack.is_finished
    assert bool(lack.missing) == (status != GONE)


def test_request() -> None:
    """It holds what the list showed, so that a task that lacks nothing costs no request."""
    request = make_request(task('{"a": 1}'), "WS1", 5)

    assert (request.task_sid, request.workspace_sid, request.attributes, request.at) == (SID, "WS1", '{"a": 1}', 5)
    assert not request.is_urgent
