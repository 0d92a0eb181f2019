"""Templates as they are remembered, and the placeholders in them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import message, world
from twilio_bridge.contacts import templates

PIECES = st.lists(st.sampled_from(["{{", "}}", "{", "}", " ", "name", "\n", "a b", "é"]), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hi", []),
        ("Hi {{name}}", ["name"]),
        ("{{ name }}, {{\tlast order\n}}", ["name", "last order"]),
        ("{{Name}}{{Name}}", ["Name", "Name"]),
        ("{name} {{}} {{ }}", ["", ""]),
        ("{{{name}}}", ["name"]),
        ("{{a{b}}", []),
        ("{{a}b}}", []),
        ("{{name}", []),
        ("{{" + "x" * 100 + "}}", ["x" * 100]),
        ("{{" + "x" * 101 + "}}", []),
        ("{{Größe}} {{姓名}} {{worker.name}} {{$&}}", ["Größe", "姓名", "worker.name", "$&"]),
    ],
)
def test_placeholders(text: str, expected: list[str]) -> None:
    """A placeholder is a name between two braces on each side, blanks around it aside."""
    assert expected == templates.find_placeholders(text)


@given(PIECES)
def test_placeholders_are_names(text: str) -> None:
    """Whatever the text, what is found are trimmed names without braces."""
    for name in templates.find_placeholders(text):
        assert name == name.strip()
        assert not set(name) & set("{}")


@pytest.mark.parametrize("part", [" ", "{{ a", "{{", "a ", "{{ \n"])
def test_placeholders_in_no_time(part: str) -> None:
    """A text that almost holds placeholders takes a time that grows as it does, not as its square (a factor of 256)."""
    short, long = ("{{" + part * (length // len(part)) for length in (2_000, 32_000))
    assert _cpu_s(long) < 64 * _cpu_s(short)


def _cpu_s(text: str) -> float:
    """Return the least of five times, in seconds of this process."""
    times = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(20):
            templates.find_placeholders(text)
        times.append(time.process_time() - began)
    return max(min(times), 1e-5)


def test_columns() -> None:
    """Every name that any template leaves to be filled is a column to keep."""
    texts = [message(text="{{a}} {{b}}"), message(text="{{b}} {{C}}"), message(text="x")]

    assert {"a", "b", "C"} == templates.find_columns(texts)


def test_never_read() -> None:
    """Before they were ever read there are none, which is not the same as no templates."""
    office = world(loaded=False)

    assert templates.recall_templates(office.notes) is None
    templates.read_templates(office.source, office.notes)
    assert templates.recall_templates(office.notes) == []


def test_round_trip() -> None:
    """What was read is remembered as it was, in its order."""
    given_texts = [message("B", 'q"\\\n{{x}}', approved=True), message("A", "😀"), message("", "")]
    office = world(templates=given_texts)

    assert given_texts == templates.read_templates(office.source, office.notes)
    assert given_texts == templates.recall_templates(office.notes)


def test_forgotten() -> None:
    """After two days without a load they are forgotten."""
    office = world(templates=[message()])
    office.clock.offset = templates.KEEP_S + 1

    assert templates.recall_templates(office.notes) is None


@pytest.mark.parametrize("letter", ["x", "é", "山", "😀", "\x01", '"'])
@pytest.mark.parametrize("count", [10, 500])
def test_size(letter: str, count: int) -> None:
    """However many templates there are, in whatever script, the remembered item fits DynamoDB's 400 KB."""
    office = world(templates=[message(text=letter * 1_500) for _ in range(count)])
    kept = templates.read_templates(office.source, office.notes)

    item = office.notes.read_note(templates.NOTE) or ""
    assert len(item.encode()) <= templates.LARGEST
    assert kept == templates.recall_templates(office.notes)
    assert len(kept) >= min(count, 30)


def test_one_huge_template() -> None:
    """A single template that does not fit is not shown, and breaks nothing."""
    office = world(templates=[message(text="x" * 400_000)])

    assert templates.read_templates(office.source, office.notes) == []
