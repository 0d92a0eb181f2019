"""The templates callback: final texts, filled in one pass, none with a hole in it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.build import ANN, ANYTHING, HOSTILE, JO, SAM, World, ask, contact, form, message, world
from tests.unit.conftest import Lines
from twilio_bridge import forms
from twilio_bridge.config import schema
from twilio_bridge.contacts.templates import fillable_names, find_columns, recall_templates
from twilio_bridge.entrypoints import http
from twilio_bridge.errors import BadRequestError, BridgeError, UnavailableError, UnknownLocationError
from twilio_bridge.frontline import templates
from twilio_bridge.frontline.templates import MAX_TEXT_LENGTH, fill_template

USUAL = {
    "Location": "GetTemplatesByCustomerId",
    "Worker": JO,
    "CustomerId": "r1",
    "ConversationSid": "CH" + "0" * 32,
}
TEAM = f'workers: {{{JO}: {{name: Jo, sms: "+14155550111", fields: {{Title: Adviser}}}}}}'


def shown(office: World, **parameters: str) -> Any:
    return templates.answer(form(**{**USUAL, **parameters}), office.personalising).body


def contents(office: World, **parameters: str) -> list[str]:
    return [item["content"] for category in shown(office, **parameters) for item in category["templates"]]


def filled(text: str, settings: str = TEAM, **fields: Any) -> list[str]:
    """Return what becomes of one template for one contact."""
    return contents(world(contact("r1", **fields), templates=[message(text=text)], settings=settings))


def test_categories() -> None:
    """The answer is an array of categories in the order of the table, each with its texts."""
    given_texts = [message("B", "1"), message("A", "2", approved=True), message("B", "3"), message("", "4")]

    assert [
        {"display_name": "B", "templates": [{"content": "1"}, {"content": "3"}]},
        {"display_name": "A", "templates": [{"content": "2", "whatsAppApproved": True}]},
        {"display_name": "Templates", "templates": [{"content": "4"}]},
    ] == shown(world(contact("r1"), templates=given_texts))


def test_none() -> None:
    """Without templates the answer is an empty array."""
    assert shown(world(contact("r1"))) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hi {{name}}", "Hi Ann"),
        ("Hi {{ Name }}, {{NAME}}!", "Hi Ann, Ann!"),
        ("{{sms}} {{whatsapp}} {{email}}", f"{ANN} {ANN} ann@example.com"),
        ("{{owner}}", JO),
        ("{{City}} {{city}} {{ CITY }}", "Leeds Leeds Leeds"),
        ("{{last order}}", "7"),
        ("{{worker}} {{Author}} {{worker.name}}", "Jo Jo Jo"),
        ("{{worker.title}} {{worker.sms}}", "Adviser +14155550111"),
        ("{name} {{{name}}}", "{name} {Ann}"),
        ("no placeholder $& \\1", "no placeholder $& \\1"),
        ("a\nb\n{{name}}", "a\nb\nAnn"),
        ("😀 {{name}}", "😀 Ann"),
    ],
)
def test_filled(text: str, expected: str) -> None:
    """Names of columns are found whatever their case, as often as they stand there."""
    fields: dict[str, Any] = {
        "sms": ANN,
        "whatsapp": ANN,
        "email": "ann@example.com",
        "cells": {"City": "Leeds", "Last Order": "7"},
    }

    assert [expected] == filled(text, **fields)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{display_name}}", "Ann"),
        ("{{customer_id}} {{id}}", "r1 r1"),
        ("{{name}} {{avatar}}", "Ann https://example.com/a.png"),
        ("{{Display_Name}}, {{ CUSTOMER_ID }}", "Ann, r1"),
        ("{{chat}} {{linkedin}} {{notes}}", "ann-chat linkedin.com/in/ann VIP"),
        ("{{worker}}", "Jo"),
    ],
)
def test_the_public_quickstarts_keys(text: str, expected: str) -> None:
    """Templates written for Twilio's public quickstart work as they are."""
    more = {
        "avatar": "https://example.com/a.png",
        "chat": "ann-chat",
        "linkedin": "linkedin.com/in/ann",
        "notes": "VIP",
    }

    assert [expected] == filled(text, **more)


def test_the_display_name_is_there_without_a_name() -> None:
    """It is what the worker sees of the contact."""
    assert [f"Hi {ANN}"] == filled("Hi {{display_name}}", name="", sms=ANN)


def test_the_id_columns_own_value() -> None:
    """Where the base has a column of ids, that is meant."""
    assert ["1001 r1"] == filled("{{id}} {{customer_id}}", cells={"id": "1001"})


MAPPED = """
contacts:
  columns: {name: Full name, sms: Mobile, whatsapp: Mobile, owner: Account manager, email: E-Mail, notes: Remarks}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{Full name}} {{full NAME}} {{name}}", "Ann Ann Ann"),
        ("{{Mobile}} {{sms}}", f"{ANN} {ANN}"),
        ("{{Account manager}}", JO),
        ("{{e-mail}} {{email}}", "ann@example.com ann@example.com"),
        ("{{Remarks}}", "VIP"),
    ],
)
def test_mapped_columns_under_their_own_names(text: str, expected: str) -> None:
    """Whoever writes a template sees the base's columns, not bridge.yaml."""
    fields = {"sms": ANN, "email": "ann@example.com", "notes": "VIP"}

    assert [expected] == filled(text, settings=MAPPED, **fields)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hi {{display\\_name}}", "Hi Ann"),
        ("Hi {{name}}\\!\n", "Hi Ann!"),
        ("1\\. Hello \\*{{City}}\\* \\#1 \\[x\\] \\(y\\)", "1. Hello *Leeds* #1 [x] (y)"),
        ("C:\\temp", "C:\\temp"),
        ("{{Last\\-visit}}", "May_June"),
    ],
)
def test_rich_text_loses_its_escapes(text: str, expected: str) -> None:
    """Airtable writes a rich text cell as Markdown; a customer must not see its backslashes."""
    assert [expected] == filled(text, cells={"City": "Leeds", "Last-visit": "May\\_June"})


def test_escapes_are_gone_before_anybody_asks_for_names() -> None:
    """The names that a template leaves to be filled, and its category, are those without escapes."""
    office = world(contact("r1"), templates=[message("Q\\&A \\#1", "{{first\\_name}}")])
    office.load()
    [text] = recall_templates(office.notes) or []

    assert ({"first_name"}, "Q\\&A #1") == (find_columns([text]), text.category)


def test_fillable_names() -> None:
    """What a contact may fill, so that a check can name what nobody fills."""
    names = fillable_names(schema.parse(MAPPED).contacts.columns)

    assert {"display_name", "customer_id", "id", "name", "avatar", "full name", "mobile", "e-mail"} <= names
    assert "city" not in names


@pytest.mark.parametrize(
    "value", ["{{worker}}", "{{name}}", "$&", "$1", "\\1", "\\g<0>", "%s", "{0}", "{{", "}}", "\\"]
)
def test_single_pass(value: str) -> None:
    """A value is never taken for a placeholder or a pattern."""
    assert [f"Hi {value} Jo"] == filled("Hi {{name}} {{worker}}", name=value)


def test_values_that_join_to_a_placeholder() -> None:
    """Neither are two values that stand side by side."""
    assert ["{{worker}}"] == filled("{{name}}{{notes}}", name="{{wor", notes="ker}}")


@pytest.mark.parametrize(
    "text", ["{{city}}", "Hi {{name}}, {{nobody}}", "{{email}}", "{{}}", "{{ }}", "{{worker.age}}"]
)
def test_incomplete_is_hidden(text: str) -> None:
    """A template that lacks a value is left out, never sent with a hole."""
    assert filled(text) == []


def test_incomplete_is_shown() -> None:
    """Where it is so configured it is shown, with the placeholder as it was written."""
    settings = "templates: {incomplete: show}"

    assert ["Ann {{ City }} {{}}"] == filled("{{name}} {{ City }} {{}}", settings)


@pytest.mark.parametrize("customer_id", ["", " ", "unknown", "undefined"])
def test_without_customer(customer_id: str) -> None:
    """Without a customer, or with an unknown one, there are the templates that need none."""
    texts = [message(text="Hi"), message(text="Hi {{name}}"), message(text="{{worker}} here")]
    office = world(contact("r1"), templates=texts, settings=TEAM)

    assert ["Hi", "Jo here"] == contents(office, CustomerId=customer_id)


def test_another_workers_customer() -> None:
    """Another worker's contact fills nothing in."""
    office = world(contact("r1", owner=SAM), templates=[message(text="Hi"), message(text="Hi {{name}}")])

    assert ["Hi"] == contents(office)


def test_unknown_worker() -> None:
    """A worker of whom nothing is configured is called by their identity."""
    office = world(contact("r1"), templates=[message(text="{{worker}}"), message(text="{{worker.name}}")])

    assert [JO] == contents(office)


@pytest.mark.parametrize(("length", "expected"), [(MAX_TEXT_LENGTH, 1), (MAX_TEXT_LENGTH + 1, 0)])
def test_too_long(length: int, expected: int, log: Lines) -> None:
    """A text longer than a message can be is left out, and the operator sees it; without the text."""
    assert expected == len(filled("{{notes}}", notes="x" * length))
    assert (expected == 0) == any(line["message"] == "template too long" for line in log())
    assert "xxx" not in str(log())


@pytest.mark.parametrize("letter", ["x", "é", "Я", "山", "😀", '"', "\x01"])
def test_answer_fits(letter: str) -> None:
    """However many templates there are, the answer is as full as 64 kB allow, and no fuller."""
    office = world(contact("r1"), templates=[message("C" * 50, letter * 1_500) for _ in range(80)])
    body = http.build_reply(forms.Answer(shown(office)))["body"].encode()

    assert len(body) <= forms.MAX_ANSWER_BYTES
    assert len(body) > forms.MAX_ANSWER_BYTES * 0.8 or len(contents(office)) == 80


def test_never_read() -> None:
    """Templates that were never loaded are read from the source, once."""
    office = world(contact("r1"), templates=[message()], loaded=False)

    assert ["Hi"] == contents(office, CustomerId="")
    office.source.failure = UnavailableError("airtable", "x")
    assert ["Hi"] == contents(office, CustomerId="")


def test_source_away() -> None:
    """Where the customer cannot be read there are the templates that need none; without templates it is an error."""
    office = world(contact("r1"), templates=[message(), message(text="{{name}}")], loaded=False)
    contents(office, CustomerId="")
    office.source.failure = UnavailableError("airtable", "x")
    assert ["Hi"] == contents(office)

    office = world(loaded=False)
    office.source.failure = UnavailableError("airtable", "x")
    with pytest.raises(UnavailableError):
        shown(office)


def test_stale_cache_is_refreshed() -> None:
    """Opening the templates has a stale cache refreshed."""
    office = world(contact("r1"), templates=[message()])
    office.clock.offset = 901

    assert ["Hi"] == contents(office)
    assert office.refresh.refreshes == 1


@pytest.mark.parametrize("location", ["GetTemplates", "gettemplatesbycustomerid", "GetCustomersList"])
def test_unknown_location(location: str) -> None:
    """Another Location is a 422."""
    with pytest.raises(UnknownLocationError):
        shown(world(), Location=location)


@pytest.mark.parametrize("missing", ["Location", "Worker"])
def test_missing_parameters(missing: str) -> None:
    """A parameter that is missing is named."""
    with pytest.raises(BadRequestError, match=missing):
        shown(world(), **{missing: ""})


@pytest.mark.parametrize("name", USUAL)
def test_hostile(name: str) -> None:
    """Whatever one parameter holds, the answer is JSON and no failure of ours."""
    office = world(contact("r1"), templates=[message(text="Hi {{name}} {{worker}}"), message()])
    for value in HOSTILE:
        values = form(**{**USUAL, name: value})
        status, _ = ask(lambda given_form: templates.answer(given_form, office.personalising), values)
        assert status in {200, 400, 422}, value


@given(ANYTHING, st.dictionaries(ANYTHING, ANYTHING), ANYTHING)
def test_any_text(text: str, cells: dict[str, str], name: str) -> None:
    """Whatever stands in templates and cells, a text is filled or left out, and never too long."""
    values = {key.casefold(): value for key, value in {**cells, "name": name}.items()}
    for show in (True, False):
        made = fill_template(message(text=text + "{{name}}"), values, show_incomplete=show)
        assert made is None or len(made.text) <= MAX_TEXT_LENGTH
        assert made is None or show or made.text.endswith(name)


@given(st.dictionaries(st.sampled_from(sorted(USUAL)), ANYTHING))
def test_any_parameters(parameters: dict[str, str]) -> None:
    """Whatever the parameters hold, no error but ours is raised."""
    try:
        shown(world(contact("r1"), templates=[message(text="{{name}} {{worker}}")]), **parameters)
    except BridgeError as error:
        assert isinstance(error, BadRequestError)  # noqa: PT017
