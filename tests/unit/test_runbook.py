"""The operator's page quotes what is logged, word for word: a text that is quoted there stands in the source."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNBOOK = ROOT / "docs" / "operations.md"
SOURCES = [*(ROOT / "layers" / "bridge").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
SYSTEM = re.compile(r"^[a-z ]+: ")
# A sentence of a log has blanks, and no sign that only code, paths or settings have.
CODE = re.compile(
    r"[/{}()=<>$*|_\"\[\]]|--|:$|\w: (true|false)|^(make|sam|aws|twilio-bridge|config|secrets|curl|git|python|cp) "
)


def quoted() -> list[str]:
    """Return the texts in back quotes that are sentences, as far as an ellipsis."""
    text = re.sub(r"^ {4}.*$", "", RUNBOOK.read_text(), flags=re.MULTILINE)
    found = {each.replace("\n", " ").partition("…")[0].strip() for each in re.findall(r"`([^`]+)`", text)}
    return sorted(each for each in found if " " in each and not CODE.search(each))


def source() -> str:
    """Return all source text, texts that are cut over lines as one."""
    return re.sub(r"\"\s*f?\"", "", " ".join(path.read_text() for path in SOURCES))


def test_there_are_quotations() -> None:
    """So that the test below tests something."""
    expected = {"not done yet", "Brevo told", "no secret for Brevo yet", "brevo: our IP address is blocked"}
    assert expected <= set(quoted())


@pytest.mark.parametrize("text", quoted())
def test_what_the_runbook_quotes_is_logged(text: str) -> None:
    """Before an error stands its system in the log, and not in the source; a status is any."""
    text = re.sub(r"^status \d.*", "status ", SYSTEM.sub("", text))
    assert text in source()
