"""Rows of workers read, compared and written: what others wrote stays, and a run that was killed goes on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.insights import FakeWorkers
from twilio_bridge.config.insights import Insights
from twilio_bridge.insights.ports import Worker
from twilio_bridge.insights.worker_job import sync_table
from twilio_bridge.insights.worker_rows import read_worker_rows

SETTLED = Insights()
ROW = {"email": "jo@example.com", "team_id": "2", "team_name": "Sales 2"}


def read(*rows: Mapping[str, str], settled: Insights = SETTLED) -> Any:
    return read_worker_rows(list(dict.fromkeys(name for row in rows for name in row)), rows, settled)


def workers(**attributes: str) -> FakeWorkers:
    made = FakeWorkers()
    for number, (name, text) in enumerate(attributes.items()):
        made.put(f"WK{number:032}", name, text)
    return made


def run(rows: Sequence[Mapping[str, str]], made: FakeWorkers, **options: Any) -> dict[str, Any]:
    return sync_table(rows, made, options.pop("settled", SETTLED), **{"apply": True, **options})


def test_all_that_is_wrong_is_named_at_once_and_nothing_is_written() -> None:
    """By line and column; never with a value."""
    rows = [
        ROW,
        {"email": "", "team_id": "3"},
        {"email": "JO@example.com", "team_id": "4"},
        {"email": "x", "phone": "undefined"},
    ]
    made = workers(jo='{"email":"jo@example.com"}')
    found = run(rows, made)
    assert found["problems"] == [
        "line 3: the column email is empty",
        "line 4: names the same worker as line 2",
        "line 5: phone is nothing that Insights takes for phone",
    ]
    assert "undefined" not in json.dumps(found["problems"])
    assert made.writes == 0


def test_columns_are_checked() -> None:
    """No key, no attribute of Insights (with the nearest name), a configured column that is missing."""
    (lacking,) = read({"e-mail": "jo", "team_id": "2"}).problems
    assert lacking.startswith("there is no column email")
    assert "is teamname meant to be team_name?" in read({"email": "jo", "teamname": "x"}).problems[0]
    settled = Insights.model_validate({"workers": {"columns": {"team_id": "Team"}}})
    assert read(ROW, settled=settled).problems == ("there is no column Team, which is to be team_id",)
    assert read({**ROW, "shoe_size": "44"}).ignored == ("shoe_size",)


def test_an_empty_cell_changes_nothing() -> None:
    made = workers(jo='{"email":"jo@example.com","team_id":"1"}')
    found = run([{**ROW, "team_id": " "}], made)
    assert found["differences"][0]["changes"] == {"team_name": [None, "Sales 2"]}
    assert json.loads(next(made.list_workers()).attributes)["team_id"] == "1"


def test_what_others_wrote_stays_to_the_character() -> None:
    """Routing lives in the same text: skills, roles, contact_uri."""
    theirs = '{ "contact_uri":"jo", "routing":{"levels":{"a":1.0}},"email":"jo@example.com","roles":null }'
    made = workers(jo=theirs)
    run([ROW], made)
    text = next(made.list_workers()).attributes
    assert text == theirs.replace("null }", 'null,"team_id":"2","team_name":"Sales 2" }')


@pytest.mark.parametrize("key", ["JO@example.com", "Jo Smith", f"WK{0:032}"])
def test_a_worker_is_named_by_address_name_or_sid(key: str) -> None:
    made = FakeWorkers()
    made.put(f"WK{0:032}", "jo smith", '{"email":"jo@example.com"}')
    assert run([{"email": key, "team_id": "2"}], made)["results"] == {"written": 1}


def test_rows_of_nobody_or_of_several_are_left_and_named() -> None:
    made = workers(a='{"email":"same@example.com"}', b='{"email":"same@example.com"}', c="{")
    rows = [{"email": key, "team_id": "1"} for key in ("same@example.com", "nobody@example.com", "c")]
    found = run(rows, made)
    assert (found["ambiguous"], found["unknown"]) == (["same@example.com"], ["nobody@example.com"])
    assert (found["malformed"], made.writes) == ([f"WK{2:032}"], 0)


def test_under_single_sign_on_it_warns_and_writes_nothing() -> None:
    """The attributes to set at the identity provider are named; forced, it writes."""
    settled = Insights.model_validate({"workers": {"sso": True}})
    made = workers(jo='{"email":"jo@example.com"}')
    found = run([ROW], made, settled=settled)
    assert "results" not in found
    assert found["notes"][-1].endswith("SAML attributes there: team_id, team_name")
    assert run([ROW], made, settled=settled, force=True)["results"] == {"written": 1}
    assert any("next login" in note for note in found["notes"])
    assert any("test account" in note for note in found["notes"])


def test_somebody_else_is_first() -> None:
    """Read again, and both are there."""
    made = workers(jo='{"email":"jo@example.com"}')
    fetch, seen = made.fetch_worker, list[str]()

    def fetch_late(sid: str) -> Worker | None:
        found = fetch(sid)
        if not seen and found:
            seen.append(sid)
            made.put(sid, "jo", '{"email":"jo@example.com","routing":{"skills":[]}}')
        return found

    made.fetch_worker = fetch_late  # type: ignore[method-assign]  # the interleaving
    assert run([ROW], made)["conflicts"] == 1
    assert json.loads(next(made.list_workers()).attributes).keys() == {"email", "routing", "team_id", "team_name"}


def test_attributes_without_room_are_named_and_whole() -> None:
    """Nothing of a worker is written in part."""
    full = json.dumps({"email": "jo@example.com", "skills": "x" * 4_050})
    made = workers(jo=full)
    assert run([ROW], made)["results"] == {"no_room": 1}
    assert next(made.list_workers()).attributes == full


def test_run_twice_the_second_writes_nothing() -> None:
    made = workers(jo='{"email":"jo@example.com"}')
    run([ROW], made)
    again = run([ROW], made)
    assert (again["to_write"], again["unchanged"], again["results"]) == (0, 1, {})
    assert replace(next(made.list_workers()), attributes="").friendly_name == "jo"
