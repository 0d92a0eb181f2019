"""What Twilio itself writes breaks no rule, and the model holds all that Twilio names.

`data/` has the samples of https://www.twilio.com/docs/flex/developer/insights/enhance-integration, unchanged.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from twilio_bridge.flex_insights.attribute import INTEGRATION
from twilio_bridge.flex_insights.lint import lint_task_attributes, lint_worker_attributes
from twilio_bridge.flex_insights.model import CONVERSATIONS, CUSTOMERS, GROUPS, KEPT_AT_THE_TOP, WORKER, find_attribute

DATA = Path(__file__).parent / "data"
TASKS = ("task", "customer", "recording", "link", "external_id")
# https://www.twilio.com/docs/flex/developer/insights/hipaa-flex-insights-historical-reporting, as of 2026-11.
KEPT_OF_TASKS = """
channelSid, conversations, customers, direction, from_country, hipaa_enabled, reason, recordings,
reservation_attributes, to_country
"""
KEPT_OF_CONVERSATIONS = """
abandon_time, abandoned, abandoned_phase, activity, activity_time, agent_talk_time, average_response_time, campaign,
case, channel, communication_channel, content, conversation_attribute_1, conversation_attribute_10,
conversation_attribute_2, conversation_attribute_3, conversation_attribute_4, conversation_attribute_5,
conversation_attribute_6, conversation_attribute_7, conversation_attribute_8, conversation_attribute_9,
conversation_id, conversation_label_1, conversation_label_10, conversation_label_2, conversation_label_3,
conversation_label_4, conversation_label_5, conversation_label_6, conversation_label_7, conversation_label_8,
conversation_label_9, conversation_measure_1, conversation_measure_10, conversation_measure_2, conversation_measure_3,
conversation_measure_4, conversation_measure_5, conversation_measure_6, conversation_measure_7, conversation_measure_8,
conversation_measure_9, crosstalk_time, customer_talk_time, date, destination, direction, external_contact,
external_id_label, first_response_time, focus_time, followed_by, handling_department_id, handling_department_name,
handling_department_name_in_hierarchy, handling_team_id, handling_team_name, handling_team_name_in_hierarchy,
hang_up_by, hold_time, in_business_hours, initiated_by, initiative, ivr_path, ivr_time, kind, language,
longest_silence_before_agent, longest_silence_before_customer, longest_talk_by_agent, longest_talk_by_customer, media,
order, outcome, preceded_by, priority, productive, queue, queue_time, recording_status, ring_time, segment_link,
segment_name, segment_recording_offset, service_level, silence_time, source, talk_time, virtual, workflow, wrap_up_time
"""
KEPT_OF_CUSTOMERS = """
acquisition_cost, acquisition_date, business_value, category, country, customer_attribute_1, customer_attribute_2,
customer_attribute_3, customer_label_1, customer_label_2, customer_label_3, customer_link, customer_manager, gender,
market_segment, organization, region, state, type, year_of_birth
"""


def read(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text())


@pytest.mark.parametrize("name", TASKS)
def test_tasks(name: str) -> None:
    """Twilio's samples of tasks break nothing."""
    assert lint_task_attributes(read(name)) == []


def test_worker() -> None:
    """Twilio's sample of a worker breaks nothing."""
    assert lint_worker_attributes(read("worker")) == []


def test_sample_names() -> None:
    """Every name of the samples is in the model, and of the documented kind where it is a number."""
    for group in ("conversations", "customers"):
        for name, value in read("task")[group].items():
            attribute = find_attribute(f"{group}.{name}")
            assert attribute, name
            assert isinstance(value, int) == (attribute.kind in {"number", "seconds", "integer"}) or value is None, name
    assert set(read("customer")["customers"]) <= set(CUSTOMERS)
    assert set(read("worker")) == set(WORKER)


def test_hipaa() -> None:
    """What is kept under HIPAA is what Twilio lists, name by name."""
    kept = {
        group: {name for name, attribute in GROUPS[group].items() if attribute.is_kept_under_hipaa}
        for group in ("conversations", "customers")
    }

    assert kept["conversations"] == set(KEPT_OF_CONVERSATIONS.replace(",", "").split())
    assert kept["customers"] == set(KEPT_OF_CUSTOMERS.replace(",", "").split())
    assert set(KEPT_AT_THE_TOP) == set(KEPT_OF_TASKS.replace(",", "").split())


def test_model() -> None:
    """Each attribute has a meaning, a place of its own and the page that documents it."""
    every = [attribute for group in GROUPS.values() for attribute in group.values()]

    assert len({attribute.place for attribute in every}) == len(every)
    for attribute in every:
        assert attribute.meaning
        assert attribute.link.startswith("https://")
        assert 1 <= attribute.priority <= 9
        assert bool(attribute.choices) == (attribute.kind == "choice")
    assert {CONVERSATIONS["segment_link"].link, WORKER["team_id"].link} == {INTEGRATION}
