"""Bad attributes, each with the rules that it breaks and no others: every rule with its neighbours that are fine."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twilio_bridge.flex_insights.lint import lint_task_attributes, lint_worker_attributes, parse_attributes
from twilio_bridge.flex_insights.model import CONVERSATIONS, GROUPS
from twilio_bridge.flex_insights.rules import RULES, Finding
from twilio_bridge.flex_insights.together import TaskState

SID = "WT" + "0123456789abcdef" * 2
LONG = "x" * 129


def conversations(**values: Any) -> dict[str, Any]:
    return {"conversations": values}


def customers(**values: Any) -> dict[str, Any]:
    """Return attributes with something to be linked by, unless it is given."""
    return {"customers": {"external_id": "C-1", **values}}


TASKS: list[tuple[str, Any, str]] = [
    # names
    ("FI001", conversations(outcom="Sold"), "conversations.outcom"),
    ("FI001", conversations(hangUpBy="Agent"), "conversations.hangUpBy"),
    ("FI001", conversations(Outcome="Sold"), "conversations.Outcome"),
    ("FI001", conversations(**{"in business hours": "Yes"}), "conversations.in business hours"),
    ("FI001", conversations(disposition="Sold"), "conversations.disposition"),
    ("FI001", conversations(team_name="Sales"), "conversations.team_name"),
    ("FI001", conversations(recording_url="https://a.com/x"), "conversations.recording_url"),
    ("FI001", conversations(colour="red"), "conversations.colour"),
    ("FI001", conversations(**{"": "red"}), "conversations."),
    ("FI001", customers(externalId="C-1"), "customers.externalId"),
    ("FI001", customers(first_name="Jo"), "customers.first_name"),
    ("FI001", customers(category_="VIP"), "customers.category_"),
    ("FI001", customers(Customer_Attribute_1="VIP"), "customers.Customer_Attribute_1"),
    ("FI002", conversations(category="VIP"), "conversations.category"),
    ("FI002", conversations(email="jo@acme.org"), "conversations.email"),
    ("FI002", conversations(manager="Jo"), "conversations.manager"),
    ("FI002", customers(outcome="Sold"), "customers.outcome"),
    ("FI002", customers(conversation_attribute_1="Sold"), "customers.conversation_attribute_1"),
    ("FI003", {"conversation_attribute_1": "Gold"}, "conversation_attribute_1"),
    ("FI003", {"hang_up_by": "Agent"}, "hang_up_by"),
    ("FI003", {"segment_link": "https://a.com/x"}, "segment_link"),
    ("FI003", {"conversation": {"outcome": "Sold"}}, "conversation"),
    ("FI003", {"Customers": {"name": "Jo"}}, "Customers"),
    ("FI004", {"conversations": '{"outcome": "Sold"}'}, "conversations"),
    ("FI004", {"conversations": [{"outcome": "Sold"}]}, "conversations"),
    ("FI004", {"customers": "Jo"}, "customers"),
    ("FI005", conversations(conversation_attribute_11="x"), "conversations.conversation_attribute_11"),
    ("FI005", conversations(conversation_label_0="x"), "conversations.conversation_label_0"),
    ("FI005", conversations(conversation_measure_01=1), "conversations.conversation_measure_01"),
    ("FI005", conversations(**{"conversation_measure_-1": 1}), "conversations.conversation_measure_-1"),
    ("FI005", customers(customer_attribute_4="x"), "customers.customer_attribute_4"),
    ("FI005", customers(customer_measure_1=1), "customers.customer_measure_1"),
    ("FI006", {"note": "x" * 4_090}, ""),
    ("FI007", conversations(outcome={"code": 1}), "conversations.outcome"),
    (
        "FI007",
        conversations(handling_team_id="2", handling_team_name_in_hierarchy=["a", "b"]),
        "…team_name_in_hierarchy",
    ),
    ("FI009", [conversations(outcome="Sold")], ""),
    ("FI009", "Sold", ""),
    ("FI009", None, ""),
    # text
    ("FI010", conversations(outcome=LONG), "conversations.outcome"),
    ("FI010", conversations(conversation_label_1=LONG), "conversations.conversation_label_1"),
    ("FI010", customers(name="é" * 129), "customers.name"),
    ("FI011", conversations(outcome=""), "conversations.outcome"),
    ("FI011", customers(name=" \t"), "customers.name"),
    ("FI012", conversations(campaign="undefined"), "conversations.campaign"),
    ("FI012", conversations(case="[object Object]"), "conversations.case"),
    ("FI012", conversations(language="{{flow.variables.language}}"), "conversations.language"),
    ("FI012", customers(category="#N/A"), "customers.category"),
    ("FI013", conversations(campaign=" Spring"), "conversations.campaign"),
    ("FI013", conversations(campaign="Spring\n2026"), "conversations.campaign"),
    ("FI013", conversations(campaign="Spring\x1b[31m"), "conversations.campaign"),
    ("FI014", conversations(handling_team_id=2), "conversations.handling_team_id"),
    ("FI014", customers(zip=10115), "customers.zip"),
    ("FI014", customers(year_of_birth=1947), "customers.year_of_birth"),
    ("FI014", conversations(campaign=True), "conversations.campaign"),
    # numbers
    ("FI015", conversations(conversation_measure_1="101"), "conversations.conversation_measure_1"),
    ("FI015", conversations(conversation_measure_1="1,5"), "conversations.conversation_measure_1"),
    ("FI015", conversations(conversation_measure_2=True), "conversations.conversation_measure_2"),
    ("FI015", conversations(hold_time="00:30"), "conversations.hold_time"),
    ("FI015", conversations(conversation_measure_3=float("nan")), "conversations.conversation_measure_3"),
    ("FI015", conversations(conversation_measure_3=float("inf")), "conversations.conversation_measure_3"),
    ("FI015", customers(business_value="7.500 €"), "customers.business_value"),
    ("FI015", conversations(order=""), "conversations.order"),
    ("FI016", conversations(hold_time=-1), "conversations.hold_time"),
    ("FI016", conversations(first_response_time=90_000), "conversations.first_response_time"),
    ("FI017", conversations(order=0), "conversations.order"),
    ("FI017", conversations(order=1.5), "conversations.order"),
    # dates
    ("FI018", customers(acquisition_date="1900-12-31"), "customers.acquisition_date"),
    ("FI018", customers(acquisition_date="2050-01-01"), "customers.acquisition_date"),
    ("FI018", customers(acquisition_date="0001-01-01T00:00:00Z"), "customers.acquisition_date"),
    ("FI018", customers(year_of_birth="1899"), "customers.year_of_birth"),
    ("FI019", customers(acquisition_date="03/04/2021"), "customers.acquisition_date"),
    ("FI019", customers(acquisition_date="2021-02-30"), "customers.acquisition_date"),
    ("FI019", customers(acquisition_date="yesterday"), "customers.acquisition_date"),
    ("FI019", customers(year_of_birth="47"), "customers.year_of_birth"),
    # choices
    ("FI020", conversations(in_business_hours="yes"), "conversations.in_business_hours"),
    ("FI020", conversations(in_business_hours=True), "conversations.in_business_hours"),
    ("FI020", conversations(virtual="Y"), "conversations.virtual"),
    ("FI020", conversations(abandoned="Follow up"), "conversations.abandoned"),
    ("FI020", conversations(abandoned=0), "conversations.abandoned"),
    ("FI020", conversations(productive="maybe"), "conversations.productive"),
    ("FI021", conversations(direction="inbound"), "conversations.direction"),
    ("FI021", conversations(hang_up_by="agent"), "conversations.hang_up_by"),
    ("FI021", conversations(abandoned="Yes", abandoned_phase="IVR"), "conversations.abandoned_phase"),
    ("FI022", conversations(abandoned="Yes", abandoned_phase="Callback Request"), "conversations.abandoned"),
    ("FI022", conversations(abandoned="No", abandoned_phase="Callback Request"), "conversations.abandoned"),
    ("FI023", conversations(abandoned="No", abandoned_phase="Queue"), "conversations.abandoned_phase"),
    # teams
    ("FI024", conversations(handling_team_name="Sales"), "conversations.handling_team_name"),
    ("FI024", conversations(handling_team_id=None, handling_team_name="Sales"), "conversations.handling_team_name"),
    ("FI024", conversations(handling_team_name_in_hierarchy="A ▸ B"), "conversations.handling_team_name_in_hierarchy"),
    ("FI025", conversations(handling_department_name="Sales"), "conversations.handling_department_name"),
    ("FI026", conversations(ivr_path="1 > 2"), "conversations.ivr_path"),
    ("FI026", conversations(ivr_path="1▸2"), "conversations.ivr_path"),
    ("FI026", conversations(ivr_path="1 / 2"), "conversations.ivr_path"),
    (
        "FI027",
        conversations(handling_team_id="2", handling_team_name="B", handling_team_name_in_hierarchy="A ▸ C"),
        "…team_name_in_hierarchy",
    ),
    # links
    ("FI028", conversations(segment_link="RE123"), "conversations.segment_link"),
    ("FI028", conversations(segment_link="s3://bucket/key.mp3"), "conversations.segment_link"),
    ("FI028", conversations(segment_link="https://[broken"), "conversations.segment_link"),
    ("FI028", customers(customer_link="crm.company.com/123"), "customers.customer_link"),
    ("FI028", customers(customer_link="javascript:alert(1)"), "customers.customer_link"),
    ("FI029", conversations(segment_link="https://user:secret@host.com/a.mp3"), "conversations.segment_link"),
    ("FI029", conversations(segment_link="https://10.0.0.4/a.mp3"), "conversations.segment_link"),
    ("FI029", conversations(segment_link="https://[::1]/a.mp3"), "conversations.segment_link"),
    ("FI029", conversations(segment_link="https://pbx.internal/a.mp3"), "conversations.segment_link"),
    ("FI029", conversations(segment_link="https://console.twilio.com/us1/recordings"), "conversations.segment_link"),
    (
        "FI030",
        conversations(segment_link="https://b.s3.amazonaws.com/a?X-Amz-Expires=604800"),
        "conversations.segment_link",
    ),
    ("FI031", conversations(segment_link="http://host.com/a.mp3"), "conversations.segment_link"),
    ("FI032", conversations(segment_link=f"https://host.com/{LONG}"), "conversations.segment_link"),
    ("FI032", customers(customer_link=f"https://host.com/{LONG}"), "customers.customer_link"),
    ("FI033", conversations(media={"url": "https://host.com/a"}), "conversations.media"),
    ("FI033", conversations(media=[{"type": "VoiceRecording"}]), "conversations.media.0"),
    ("FI033", conversations(media=["https://host.com/a"]), "conversations.media.0"),
    (
        "FI033",
        conversations(media=[{"url": "https://host.com/a", "start_time": "now"}]),
        "conversations.media.0.start_time",
    ),
    (
        "FI033",
        conversations(media=[{"url": "https://host.com/a", "channels": "agent"}]),
        "conversations.media.0.channels",
    ),
    ("FI028", conversations(media=[{"conversation_sid": "CH1"}, {"url": "x"}]), "conversations.media.1.url"),
    ("FI033", {"reservation_attributes": {"WR1": {"media": [{}]}}}, "reservation_attributes.WR1.media.0"),
    # customers
    ("FI034", customers(external_id="undefined"), "customers.external_id"),
    ("FI034", customers(external_id="0"), "customers.external_id"),
    ("FI034", customers(phone="anonymous"), "customers.phone"),
    ("FI034", customers(phone="+266696687"), "customers.phone"),
    ("FI034", customers(email="none@none.com"), "customers.email"),
    ("FI034", customers(email="noreply@acme.org"), "customers.email"),
    ("FI034", conversations(conversation_id="null"), "conversations.conversation_id"),
    ("FI035", customers(phone="020 7946 0018"), "customers.phone"),
    ("FI035", customers(phone="whatsapp:+447700900001"), "customers.phone"),
    ("FI035", customers(phone="+0123456789"), "customers.phone"),
    ("FI036", customers(email="Jo@Acme.org"), "customers.email"),
    ("FI036", customers(email="jo at acme"), "customers.email"),
    ("FI036", customers(email="a@b.com, c@d.com"), "customers.email"),
    ("FI037", {"customers": {"name": "Jo"}}, "customers"),
    ("FI037", {"customers": {"name": "Jo", "phone": None}, "from": ""}, "customers"),
    ("FI038", customers(geo_location="-22.5,17.0"), "customers.geo_location"),
    ("FI038", customers(geo_location="91;17"), "customers.geo_location"),
    ("FI038", customers(geo_location="Berlin"), "customers.geo_location"),
    # cardinality
    ("FI041", conversations(conversation_attribute_1=SID), "conversations.conversation_attribute_1"),
    ("FI041", conversations(conversation_attribute_2="jo@acme.org"), "conversations.conversation_attribute_2"),
    ("FI041", conversations(conversation_attribute_3="+447700900001"), "conversations.conversation_attribute_3"),
    ("FI041", conversations(conversation_attribute_4="ID-123456789"), "conversations.conversation_attribute_4"),
    ("FI041", conversations(campaign="2026-11-29T10:00:00Z"), "conversations.campaign"),
    ("FI041", customers(customer_attribute_1="recA1b2C3d4E5f6G7"), "customers.customer_attribute_1"),
    ("FI041", customers(category="4f3c2b1a-0000-4000-8000-123456789abc"), "customers.category"),
    ("FI044", conversations(kind="Survey", segment_link="https://host.com/a.mp3"), "conversations.kind"),
]


def id_of(case: Any) -> str | None:
    return case if isinstance(case, str) and len(case) < 60 else None


def places(found: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.place) for finding in found]


@pytest.mark.parametrize(("code", "attributes", "place"), TASKS, ids=id_of)
def test_tasks(code: str, attributes: Any, place: str) -> None:
    """Each breaks the one rule, in the one place."""
    ((found, where),) = places(lint_task_attributes(attributes))

    assert found == code
    assert where.endswith(place.removeprefix("…"))


WORKERS: list[tuple[str, Any, str]] = [
    ("FI003", {"fullName": "Mary"}, "fullName"),
    ("FI003", {"agent_atribute_1": "x"}, "agent_atribute_1"),
    ("FI003", {"departement_name": "x"}, "departement_name"),
    ("FI002", {"conversation_attribute_1": "x"}, "conversation_attribute_1"),
    ("FI002", {"customers": {"name": "Jo"}}, "customers"),
    ("FI005", {"agent_attribute_4": "x"}, "agent_attribute_4"),
    ("FI005", {"agent_measure_1": 1}, "agent_measure_1"),
    ("FI006", {"skills": "x" * 4_090}, ""),
    ("FI009", ["Mary"], ""),
    ("FI010", {"full_name": LONG}, "full_name"),
    ("FI014", {"team_id": 2}, "team_id"),
    ("FI024", {"team_name": "Sales"}, "team_name"),
    ("FI024", {"team_id": "", "team_name_in_hierarchy": "London ▸ Sales"}, "team_name_in_hierarchy"),
    ("FI025", {"department_name": "Sales"}, "department_name"),
    ("FI026", {"team_id": "2", "team_name_in_hierarchy": "London|Sales"}, "team_name_in_hierarchy"),
    ("FI027", {"team_id": "2", "team_name": "S", "team_name_in_hierarchy": "L ▸ T"}, "team_name_in_hierarchy"),
    ("FI035", {"phone": "0301234567"}, "phone"),
    ("FI036", {"email": "mary"}, "email"),
    ("FI041", {"agent_attribute_1": "WK" + "0" * 32}, "agent_attribute_1"),
]


@pytest.mark.parametrize(("code", "attributes", "place"), WORKERS, ids=id_of)
def test_workers(code: str, attributes: Any, place: str) -> None:
    """Each breaks the one rule, except that an empty id is also an empty text."""
    found = [pair for pair in places(lint_worker_attributes(attributes)) if pair != ("FI011", "team_id")]

    assert found == [(code, place)]


HIPAA: list[tuple[str, Any, str]] = [
    *(("FI039", customers(**{name: "x"}), f"customers.{name}") for name in ("name", "zip", "city")),
    ("FI040", conversations(conversation_label_1="jo@acme.org"), "conversations.conversation_label_1"),
    ("FI040", conversations(destination="+447700900001"), "conversations.destination"),
    ("FI040", conversations(content="write to jo@acme.org again"), "conversations.content"),
    ("FI040", conversations(content="call (020) 7946-0018 back"), "conversations.content"),
    ("FI040", conversations(case="123-45-6789"), "conversations.case"),
    ("FI040", conversations(case="whatsapp:+447700900001"), "conversations.case"),
]


@pytest.mark.parametrize(("code", "attributes", "place"), HIPAA, ids=id_of)
def test_hipaa(code: str, attributes: Any, place: str) -> None:
    """Under HIPAA what is removed and what is personal is found; elsewhere neither is."""
    found = places(lint_task_attributes(attributes, is_hipaa=True))

    assert (code, place) in found
    assert {code for code, _ in found} <= {"FI039", "FI040"}
    assert code not in {code for code, _ in places(lint_task_attributes(attributes))}


@pytest.mark.parametrize(
    "attributes",
    [
        conversations(conversation_label_1=SID, conversation_label_2="ID-123456789", case="Retention #24567"),
        conversations(external_contact="+18001234567", segment_link="https://host.com/a/123456789"),
        conversations(date="2026-11-29", content="since 2026-11-29, 14:00"),
    ],
)
def test_good_under_hipaa(attributes: Any) -> None:
    """What is nobody's address or number may stand there."""
    assert lint_task_attributes(attributes, is_hipaa=True) == []


@pytest.mark.parametrize(
    ("code", "task", "attributes"),
    [
        ("FI042", TaskState("wrapping"), {}),
        ("FI042", TaskState("canceled"), conversations(hang_up_by="Agent")),
        ("FI043", TaskState("pending", channel="voice"), {}),
    ],
)
def test_states(code: str, task: TaskState, attributes: Any) -> None:
    """What only a task's state shows."""
    assert [found for found, _ in places(lint_task_attributes(attributes, task=task))] == [code]


@pytest.mark.parametrize(
    ("task", "attributes"),
    [
        (TaskState("completed", "Sold"), {}),
        (TaskState("completed"), conversations(outcome="Sold")),
        (TaskState("canceled"), {"reason": "hangup"}),
        (TaskState("assigned"), {}),
        (TaskState("pending", channel="chat"), {}),
        (TaskState("pending", channel="voice"), conversations(hang_up_by="Customer")),
    ],
)
def test_good_states(task: TaskState, attributes: Any) -> None:
    """A task that says how it ended, or goes on, breaks nothing."""
    assert lint_task_attributes(attributes, task=task) == []


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"conversations": None, "customers": {}},
        conversations(outcome="x" * 128),
        conversations(conversation_label_1=SID, conversation_label_2="jo@acme.org"),
        conversations(conversation_measure_1=-1.5, hold_time=86_400, order=1.0),
        conversations(abandoned="Follow-Up", abandoned_phase="Callback Request"),
        conversations(campaign="A/B test - 2026", content="R&D > all", case="Retention #24567"),
        conversations(kind="Survey", virtual="Yes"),
        conversations(content="می‌خواهم", initiative="👩‍💻 help"),
        conversations(ivr_path="a" + " " * 100 + "b"),
        conversations(handling_team_id="0", handling_team_name="Sales"),
        customers(acquisition_date="1901-01-01", year_of_birth="2049"),
        customers(acquisition_date="2026-11-29T10:00:00Z"),
        customers(geo_location="-90;180", phone="+447700900001", email="jo@acme.org"),
        conversations(segment_link="https://host.com/a.mp3?token=abc"),
        conversations(media=[{"url": "https://host.com/a", "start_time": 1_780_000_000_000, "channels": ["customer"]}]),
        {"name": "Jo", "outcome": "x", "direction": "inbound", "my_own": {"deep": [1, None]}},
        {"customers": {"name": "Jo"}, "from": "+447700900001"},
    ],
)
def test_good(attributes: Any) -> None:
    """The neighbours of what is bad are fine."""
    assert lint_task_attributes(attributes) == []


def test_repeated_keys() -> None:
    """A key that stands twice is found, at whatever depth, and the attributes are those that TaskRouter would have."""
    attributes, found = parse_attributes('{"conversations": {"outcome": "a", "outcome": "b"}, "x": 1, "x": 2}')

    assert places(found) == [("FI008", "outcome"), ("FI008", "x")]
    assert attributes == {"conversations": {"outcome": "b"}, "x": 2}


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "[" * 100_000])
def test_no_json(text: str) -> None:
    """What is no JSON is refused, however deep it is."""
    with pytest.raises(ValueError, match=r"\S"):
        parse_attributes(text)


@pytest.mark.parametrize(
    "text", ["1 " * 20_000 + "a", "a" + " " * 20_000 + "b", "a@" + "a." * 20_000 + "1", "1" * 20_000]
)
def test_long_texts(text: str) -> None:
    """However long a text is, it is looked at in one pass: squared, these would take minutes."""
    attributes = {group: dict.fromkeys(GROUPS[group], text) for group in ("conversations", "customers")}

    assert len(lint_task_attributes(attributes, is_hipaa=True)) > len(CONVERSATIONS)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
PLACES = st.sampled_from([*(name for group in GROUPS.values() for name in group), "media", "x"])


@given(
    conversations=st.dictionaries(PLACES, JSON_VALUES, max_size=8) | JSON_VALUES,
    customers=st.dictionaries(PLACES, JSON_VALUES, max_size=8) | JSON_VALUES,
    others=st.dictionaries(PLACES | st.text(max_size=8), JSON_VALUES, max_size=4),
    is_hipaa=st.booleans(),
)
def test_any_json(conversations: Any, customers: Any, others: Any, *, is_hipaa: bool) -> None:
    """Whatever JSON stands anywhere, it is looked at, and what is found stands in the rules."""
    attributes = {**others, "conversations": conversations, "customers": customers}
    state = TaskState("completed", channel="voice")
    found = [*lint_task_attributes(attributes, is_hipaa=is_hipaa, task=state), *lint_worker_attributes(attributes)]

    assert {finding.code for finding in found} <= RULES.keys()


def test_every_rule_has_a_case() -> None:
    """No rule is without a value that breaks it, and there are more than eighty of them."""
    elsewhere = {"FI008", "FI042", "FI043"}  # the tests above
    cases = {code for code, *_ in (*TASKS, *WORKERS, *HIPAA)}

    assert cases | elsewhere == {code for code in RULES if code < "FI100"}
    assert len(TASKS) + len(WORKERS) + len(HIPAA) >= 80
    assert all(rule.source.startswith("https://") for rule in RULES.values())


def test_findings_hold_no_values() -> None:
    """A finding names a place and a rule, never what stands there: it may be somebody's number."""
    secret = "Zaphod Beeblebrox"
    for group in ("conversations", "customers"):
        for name in ("outcome", "email", "phone", "abandoned", "acquisition_date", "segment_link", "order", "xyz"):
            found = lint_task_attributes({group: {name: f" {secret}\n"}}, is_hipaa=True)
            assert found
            assert secret not in json.dumps([str(finding) for finding in found])
