"""docs/insights.md shows the model and the rules as they are."""

from tools.insights_tables import DOCUMENT, fill_tables
from twilio_bridge.config.insights import CONTACT_FIELDS, EVENT_FACTS, PERSON_FACTS
from twilio_bridge.config.schema import find_insights_findings, parse
from twilio_bridge.flex_insights.rules import RULES


def test_tables() -> None:
    """The tables are what `python -m tools.insights_tables` makes of them now."""
    document = DOCUMENT.read_text(encoding="utf-8")

    assert fill_tables(document) == document
    assert all(f"| {code} |" in document for code in RULES)


def test_sources() -> None:
    """Every fact that a mapping may name is in the text."""
    document = DOCUMENT.read_text(encoding="utf-8")
    for origin, names in (("contact", CONTACT_FIELDS), ("person", PERSON_FACTS), ("event", EVENT_FACTS)):
        (line,) = [line for line in document.splitlines() if line.startswith(f"| `{origin}.…`")]
        assert not [
            name for name in names if name not in line.replace(",", " ").replace("(", " ").replace(")", " ").split()
        ]


def test_the_example_works() -> None:
    """The mapping that the text shows breaks no rule."""
    lines = DOCUMENT.read_text(encoding="utf-8").partition("## Fill them in")[2].partition("| Source")[0].splitlines()
    text = "\n".join(line[4:] for line in lines if line.startswith("    "))

    assert text.startswith("insights:")
    assert find_insights_findings(parse(text)) == []
