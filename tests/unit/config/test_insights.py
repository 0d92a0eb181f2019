"""The section `insights`: the rules of Flex Insights hold for its mapping, all faults at once."""

import pytest

from twilio_bridge.config import insights_mapping
from twilio_bridge.config.insights import Insights, Source, parse_source
from twilio_bridge.config.schema import PACKAGED, find_insights_findings, parse
from twilio_bridge.errors import SettingError
from twilio_bridge_cli.commands.config import checking

ERRORS = [
    ("conversations: {outcom: task.x}", "insights.conversations.outcom: FI001", "Did you mean outcome?"),
    ("conversations: {category: task.x}", "insights.conversations.category: FI002", "customers.category"),
    ("conversations: {conversation_attribute_11: task.x}", "conversation_attribute_11: FI005", "Use 1 to 10"),
    ("customers: {nmae: contact.name}", "insights.customers.nmae: FI001", "Did you mean name?"),
    ("customers: {name: name}", "insights.customers.name: FI101", "contact."),
    ("customers: {name: contacts.name}", "insights.customers.name: FI101", "contact."),
    ("customers: {name: [contact.]}", "insights.customers.name: FI101", "contact."),
    ("customers: {name: [contact.name, person.nmae]}", "insights.customers.name: FI102", "person.name?"),
    ("conversations: {queue: event.que}", "insights.conversations.queue: FI102", "event.queue?"),
    ("conversations: {media: task.media}", "insights.conversations.media: FI103", "added by themselves"),
    ('conversations: {in_business_hours: "=yes"}', "in_business_hours: FI020", 'Write "Yes"'),
    ('conversations: {conversation_measure_1: "=many"}', "conversation_measure_1: FI015", "Write a number"),
    ('customers: {acquisition_date: "=1900-01-01"}', "acquisition_date: FI018", "Correct the year"),
    (f'conversations: {{campaign: "={"x" * 129}"}}', "campaign: FI010", "Shorten it"),
    ("conversations: {handling_team_name: event.queue}", "handling_team_name: FI024", "handling_team_id"),
    ("conversations: {handling_department_name: event.queue}", "handling_department_name: FI025", "department_id"),
    ("values: {customers.categry: {a: b}}", "insights.values.customers.categry: FI001", "Did you mean category?"),
    ("values: {conversations.virtual: {a: 'true'}}", "conversations.virtual.a: FI020", 'Write "Yes"'),
    ("values: {category: {a: b}}", "insights.values.category: FI001", "Did you mean customers.category?"),
    ("overwrite: [conversations.outcme]", "insights.overwrite.conversations.outcme: FI001", "outcome?"),
    ("priorities: {customers.name_: 1}", "insights.priorities.customers.name_: FI001", "Did you mean name?"),
    (f"dispositions: {{outcomes: {{SALE: {'x' * 129}}}}}", "insights.dispositions.outcomes.SALE: FI010", "Shorten it"),
    ("workers: {columns: {team_nmae: Team}}", "insights.workers.columns.team_nmae: FI001", "Did you mean team_name?"),
    ("workers: {columns: {team_name: Team}}", "insights.workers.columns.team_name: FI024", "team_id"),
    ("customers: {email: contact.E-mail}", "insights.customers.email: FI102", "Write contact.email."),
    (
        "{hipaa: true, conversations: {case: contact.email}}",
        "insights.conversations.case: FI040",
        "Leave the source out",
    ),
]


def load(text: str) -> str:
    return f"contacts: {{columns: {{email: E-mail}}}}\ninsights: {text if text.startswith('{') else f'{{{text}}}'}"


@pytest.mark.parametrize(("text", "place", "remedy"), ERRORS)
def test_errors(text: str, place: str, remedy: str) -> None:
    """Each is refused with its place, its code and its remedy."""
    with pytest.raises(SettingError) as raised:
        parse(load(text))
    (line,) = str(raised.value).splitlines()

    assert line.startswith("bridge.yaml: insights.")
    assert place in line
    assert remedy in line


def test_all_at_once() -> None:
    """Every fault of a file is shown, with its line and a remedy of its own."""
    text = """
insights:
  customers:
    nmae: contact.name
    zip: =10115
  conversations:
    virtual: =yes
    outcom: event.disposition
"""
    found = checking.find_problems(text)

    assert [(problem.line, problem.message[:5]) for problem in found] == [(4, "FI001"), (7, "FI020"), (8, "FI001")]
    assert [problem.remedy for problem in found] == ["Did you mean name?", 'Write "Yes".', "Did you mean outcome?"]


WARNINGS = [
    ("conversations: {conversation_attribute_1: event.task_sid}", "Map it to conversation_label_1."),
    ("conversations: {conversation_attribute_1: person.email}", "Map it to conversation_label_1."),
    ("conversations: {campaign: task.campaign_id}", "Map it to a label."),
    ("customers: {customer_attribute_2: contact.id}", "Map it to customer_label_2."),
    ('conversations: {direction: "=inbound"}', 'Write "Inbound".'),
]


@pytest.mark.parametrize(("text", "remedy"), WARNINGS)
def test_warnings(text: str, remedy: str) -> None:
    """What may go wrong is no reason to refuse a file."""
    (problem,) = checking.find_warnings(load(text))

    assert problem.message.startswith("FI0")
    assert problem.remedy == remedy


@pytest.mark.parametrize(
    "text",
    [
        "customers: {category: contact.Customer tier, external_id: task.customers.id}",
        "customers: {category: person.customer_tier}",  # a path of field_mapping
        'conversations: {conversation_measure_1: "=5", language: "=English"}',
        "conversations: {conversation_label_1: event.task_sid}",
        "conversations: {handling_team_id: event.queue_sid, handling_team_name: event.queue}",
        "priorities: {customers.category: 1}",
        "workers: {columns: {team_id: Team, team_name: Team name}}",
        "{hipaa: true}",
    ],
)
def test_good(text: str) -> None:
    """What works is neither refused nor warned about."""
    assert find_insights_findings(parse(load(text))) == []


def test_the_default_breaks_nothing() -> None:
    """Not even a rule that is a warning; the packaged file is checked as any other."""
    settled = parse(PACKAGED.read_text())

    assert insights_mapping.find_findings(Insights(), settled.field_mapping, dict(settled.contacts.columns)) == []
    assert not settled.insights.enabled


def test_sources() -> None:
    """Sources are parsed once, by place; columns are those that are no fields of a contact."""
    settled = parse(load("customers: {name: [contact.Full name, contact.name], category: contact.Tier}")).insights

    assert settled.sources["customers.name"] == (Source("contact", "Full name"), Source("contact", "name"))
    assert settled.sources["conversations.hang_up_by"] == (Source("text", "Customer"),)
    assert settled.contact_columns == ("Full name", "Tier")
    assert settled.cached_columns == ()
    assert parse(load("{enabled: true, customers: {zip: contact.Zip}}")).insights.cached_columns == ("Zip",)


@pytest.mark.parametrize("text", ["", "contact", "contact.", ".name", "text.x", "Contact.name", " contact.name"])
def test_no_sources(text: str) -> None:
    """What names no source is none."""
    assert parse_source(text) is None


@pytest.mark.parametrize("text", ["priorities: {customers.name: 0}", "requests_per_s: 0", "customers: {name: []}"])
def test_limits(text: str) -> None:
    """Numbers out of bounds and empty lists are refused by their place."""
    with pytest.raises(SettingError, match=r"^bridge\.yaml: insights\."):
        parse(load(text))
