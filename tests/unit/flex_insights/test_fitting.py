"""What is written for values from elsewhere: nothing that breaks a rule, nothing for what is unknown."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_bridge.flex_insights.attribute import Attribute
from twilio_bridge.flex_insights.fitting import fit_value
from twilio_bridge.flex_insights.model import GROUPS, find_attribute, find_worker_attribute
from twilio_bridge.flex_insights.texts import holds_personal_data
from twilio_bridge.flex_insights.values import check_value

EVERY = [attribute for group in GROUPS.values() for attribute in group.values()]
TEXTS = st.text(max_size=300) | st.sampled_from(
    (
        "undefined",
        "Yes",
        "no",
        "2021-03-04",
        "0",
        "12.5",
        "https://a.com/" + "x" * 130,
        "jo@Acme.org",
        "+44 7700 900001",
    )
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.dates() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def find(place: str) -> Attribute:
    found = find_attribute(place) or find_worker_attribute(place)
    assert found
    return found


@pytest.mark.parametrize(
    ("place", "value", "fitted"),
    [
        ("conversations.outcome", "  Sold \n out ", "Sold out"),
        ("conversations.outcome", "x" * 130, "x" * 128),
        ("conversations.outcome", ["Sold", "", "Twice"], "Sold, Twice"),
        ("conversations.outcome", "می‌خواهم 👩‍💻\x1b[2J\ud800", "می‌خواهم 👩‍💻 [2J"),
        ("conversations.outcome", "undefined", None),
        ("conversations.outcome", "", None),
        ("conversations.outcome", {"code": 1}, None),
        ("conversations.outcome", float("inf"), None),
        ("conversations.conversation_measure_1", 10**400, 10**400),
        ("conversations.handling_team_id", 2, "2"),
        ("conversations.handling_team_id", 2.0, "2"),
        ("conversations.handling_team_name_in_hierarchy", ["London", "Sales"], "London ▸ Sales"),
        ("conversations.in_business_hours", True, "Yes"),
        ("conversations.in_business_hours", "n", "No"),
        ("conversations.in_business_hours", "perhaps", None),
        ("conversations.abandoned", "follow up", "Follow-Up"),
        ("conversations.direction", "inbound", "Inbound"),
        ("conversations.abandoned_phase", "IVR", "IVR"),
        ("conversations.conversation_measure_1", "101", 101),
        ("conversations.conversation_measure_1", " -1.50 ", -1.5),
        ("conversations.conversation_measure_1", "1,5", None),
        ("conversations.conversation_measure_1", True, None),
        ("conversations.conversation_measure_1", float("nan"), None),
        ("conversations.hold_time", -1, None),
        ("conversations.hold_time", 0, 0),
        ("customers.acquisition_date", "2021-03-04T05:06:07.000Z", "2021-03-04"),
        ("customers.acquisition_date", date(2021, 3, 4), "2021-03-04"),
        ("customers.acquisition_date", datetime(2021, 3, 4, tzinfo=UTC), "2021-03-04"),
        ("customers.acquisition_date", "1900-01-01", None),
        ("customers.acquisition_date", "03/04/2021", None),
        ("customers.year_of_birth", 1947, "1947"),
        ("customers.year_of_birth", "1947-05-06", "1947"),
        ("customers.phone", "+44 (7700) 900-001", "+447700900001"),
        ("customers.phone", "whatsapp:+447700900001", "+447700900001"),
        ("customers.phone", "anonymous", None),
        ("customers.email", "Jo@Acme.org", "jo@acme.org"),
        ("customers.email", "none@none.com", None),
        ("customers.external_id", "0", None),
        ("customers.geo_location", "-22.5, 17", "-22.5;17"),
        ("customers.customer_link", "crm/123", None),
        ("conversations.segment_link", "http://localhost/a", None),
        ("conversations.media", [{"url": "https://a.com/x"}], None),
        ("team_id", 7, "7"),
    ],
)
def test_fit(place: str, value: object, fitted: object) -> None:
    """A value takes the form that its attribute wants, or none."""
    assert fit_value(find(place), value) == fitted


@given(attribute=st.sampled_from(EVERY), value=VALUES, is_hipaa=st.booleans())
def test_fits_the_rules(attribute: Attribute, value: Any, *, is_hipaa: bool) -> None:
    """Whatever comes, what is written breaks no rule that is an error, and fits once more to itself."""
    fitted = fit_value(attribute, value, is_hipaa=is_hipaa)

    assert not [finding for finding in check_value(attribute, fitted) if finding.is_error]
    assert fit_value(attribute, fitted, is_hipaa=is_hipaa) == fitted
    if is_hipaa and fitted is not None:
        assert attribute.is_kept_under_hipaa
        assert not holds_personal_data(attribute, str(fitted))
