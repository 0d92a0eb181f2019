"""`twilio-bridge send` and `campaign …` over the real answers: shown, asked about, begun once, followed, steered."""

import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tests.fakes.messages import MemorySenders
from tests.integration.cli.conftest import Run, write_local_stack
from tests.unit.messages.campaigns import World
from twilio_bridge.adapters.aws.campaign_files import S3CampaignFiles
from twilio_bridge.config import schema
from twilio_bridge.entrypoints import campaigns
from twilio_bridge.messages.calls import CampaignCalls
from twilio_bridge.messages.planning.acceptance import AcceptanceDeps
from twilio_bridge.messages.planning.planner import plan_campaign
from twilio_bridge.messages.planning.preview import PreviewDeps
from twilio_bridge.messages.planning.request_parts import Defaults
from twilio_bridge.messages.sweep import sweep_campaigns
from twilio_bridge_cli import aws, output
from twilio_bridge_cli.watching import MAX_MISSED_COUNT
from twilio_bridge_local.functions.iam_authorizer import is_authorized
from twilio_bridge_local.http_server import HttpRequest

PEOPLE = "Mobil;Vorname\n07946 000001;Zoë\n07946 000002;\nnobody;x\n07946 000001;again\n"
TEXT = ("--text", "Hi <Vorname|there>", "--to", "Mobil", "--country", "GB")
ROUTES = (
    ("POST", r"/campaigns", "POST /campaigns"),
    ("GET", r"/campaigns/([^/]+)", "GET /campaigns/{id}"),
    ("GET", r"/campaigns/([^/]+)/rows", "GET /campaigns/{id}/rows"),
    ("GET", r"/campaigns/([^/]+)/report", "GET /campaigns/{id}/report"),
    ("POST", r"/campaigns/([^/]+)/([^/]+)", "POST /campaigns/{id}/{action}"),
)


@dataclass
class Files:
    """S3 as far as campaigns use it."""

    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)

    def upload_file(self, path: str, bucket: str, key: str) -> None:
        self.objects[bucket, key] = Path(path).read_bytes()

    def put_object(self, **request: Any) -> Any:
        self.objects[request["Bucket"], request["Key"]] = request["Body"]
        return {"ETag": '"e"'}

    def get_object(self, **request: Any) -> Any:
        body = self.objects[request["Bucket"], request["Key"]]
        first, last = map(int, request["Range"].removeprefix("bytes=").split("-"))
        return {"Body": io.BytesIO(body[first : last + 1]), "ETag": '"e"', "ContentRange": f"bytes */{len(body)}"}


@dataclass
class Api:
    """The function behind the API, over a world in memory; `fail` answers in its place."""

    world: World
    files: Files
    fail: Callable[[], requests.Response] | None = None
    asked: list[str] = field(default_factory=list)

    def handlers(self) -> Mapping[str, campaigns.Handler]:
        made: Any = self.files
        sources, world = S3CampaignFiles(made, "files"), self.world
        senders = MemorySenders(frozenset({"+15005550006"}))
        acceptance = AcceptanceDeps(
            world.campaigns, sources, lambda: sources, lambda: senders, world.continuation, world.now
        )
        preview = PreviewDeps(sources, world.suppressions, lambda: world.prices, world.now)
        defaults = Defaults(schema.Config.model_validate({"messages": {"sending_hours": None}}), "+15005550006")
        calls = CampaignCalls(world.campaigns, world.ledger, acceptance, preview, lambda: defaults, world.now)
        return dict(
            zip(
                [key for _, _, key in ROUTES],
                [calls.create, calls.get, calls.list_rows, calls.report, calls.steer],
                strict=True,
            )
        )

    def answer(
        self, method: str, url: str, data: bytes, headers: Mapping[str, str], timeout: float
    ) -> requests.Response:
        """Answer a signed request as the gateway would."""
        assert timeout > 30
        if self.fail:
            return self.fail()
        place = urlsplit(url)
        target = f"{place.path}?{place.query}" if place.query else place.path
        signed = tuple({**headers, "Host": place.netloc}.items())
        assert is_authorized(HttpRequest(method, target, signed, data))

        parameters, key = next(
            (found.groups(), key)
            for verb, path, key in ROUTES
            if verb == method and (found := re.fullmatch(path, place.path))
        )
        self.asked.append(key)
        event = {
            "routeKey": key,
            "pathParameters": dict(zip(("id", "action"), parameters, strict=False)),
            "queryStringParameters": dict(parse_qsl(place.query)),
            "body": data.decode(),
        }
        context: Any = SimpleNamespace(aws_request_id="r", get_remaining_time_in_millis=lambda: 60_000)
        return response(**campaigns.respond(event, context, self.handlers))

    def plan(self) -> None:
        world = self.world
        made: Any = self.files
        for campaign_id in world.campaigns.list_active():
            plan_campaign(campaign_id, world.planning(sources=S3CampaignFiles(made, "files")))


def response(statusCode: int, body: str, **_more: Any) -> requests.Response:  # noqa: N803  as API Gateway has it
    made = requests.Response()
    made.status_code = statusCode
    made.raw = io.BytesIO(body.encode())
    return made


@pytest.fixture
def api(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    made = Api(World(prices={"+44": 0.04}), Files())
    variables = {"CAMPAIGN_FILES_BUCKET": "files", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
    write_local_stack(folder, "http://127.0.0.1:9", {"CampaignsFunction": variables})
    monkeypatch.setattr("twilio_bridge_cli.local_stack._answers", lambda _url: True)
    monkeypatch.setattr(requests, "request", made.answer)
    monkeypatch.setattr(aws, "make_client", lambda *_args, **_options: made.files)
    (folder / "people.csv").write_text(PEOPLE, encoding="utf-8")
    return made


def test_a_dry_run_shows_texts_and_price_and_sends_nothing(api: Api, run: Run) -> None:
    """Whoever is skipped, and why."""
    result = run("send", "people.csv", "--id", "spring", *TEXT, "--dry-run")

    assert result.exit_code == 0
    assert "+447946000001  from +15005550006\n  Hi Zoë\n  1 segment in UCS-2, due " in result.stdout
    assert (
        "2 of 4 rows would be sent.\nSkipped: 1 invalid number, 1 duplicate.\nThey should cost 0.08 USD."
        in result.stdout
    )
    assert api.world.campaigns.campaigns == {}


def test_it_is_sent_once_somebody_says_so(api: Api, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """No is no; without anybody to ask it wants --yes."""
    words = ("send", "people.csv", "--id", "spring", *TEXT)
    alone = run(*words)
    assert (alone.exit_code, "send with --yes" in alone.stderr) == (2, True)

    monkeypatch.setattr(output, "is_asked", lambda: True)
    assert run(*words, typed="n\n").exit_code == 1
    assert api.world.campaigns.campaigns == {}
    assert run(*words, typed="y\n").exit_code == 0
    assert run(*words, "--yes").exit_code == 0
    api.plan()
    assert (api.world.campaign.state, len(api.world.rows())) == ("sending", 4)


def test_the_same_id_for_another_text_is_refused(api: Api, run: Run) -> None:
    """Nothing of it is sent."""
    run("send", "people.csv", "--id", "spring", *TEXT, "--yes")
    other = run("send", "people.csv", "--id", "spring", "--text", "Other", "--to", "Mobil", "--country", "GB", "--yes")

    assert (other.exit_code, "exists, with another content" in other.stderr) == (1, True)
    assert api.world.campaign.settings.text == "Hi <Vorname|there>"


def test_all_faults_are_shown_at_once(api: Api, run: Run) -> None:
    """With where they are."""
    result = run(
        "send", "people.csv", "--id", "a b", "--text", "<Nom>", "--rate", "0", "--yes", "--from", "+15005550009"
    )

    assert result.exit_code == 2
    for place in ("id:", "ratePerS:", "sender:", "to:", "fields:"):
        assert place in result.stderr, place
    assert api.world.campaigns.campaigns == {}


def test_some_numbers_are_sent_to_without_a_file(api: Api, run: Run) -> None:
    """And a file that is not there is no number."""
    result = run(
        "send", "+447946000001", "07946 000002", "--country", "GB", "--id", "spring", "--text", "Hi", "--yes", "--json"
    )
    assert result.exit_code == 0
    assert json.loads(result.stdout)["state"] == "planning"
    api.plan()
    assert [row.address for row in api.world.rows()] == ["+447946000001", "+447946000002"]

    wrong = run("send", "peple.csv", "--id", "x", "--text", "Hi")
    assert (wrong.exit_code, "no file peple.csv" in wrong.stderr) == (2, True)
    among = run("send", "+447946000001", "Kim", "--id", "x", "--text", "Hi")
    assert (among.exit_code, "no file Kim" in among.stderr) == (2, True)


def test_a_campaign_is_described_by_a_file(api: Api, run: Run, folder: Path) -> None:
    """YAML or JSON, with rows of another file; a dry run of it for a program has every row."""
    (folder / "spring.yaml").write_text(
        'id: spring\ntext: "Hi <Vorname|there>"\nto: Mobil\nregion: GB\n'
        "sendAt: 2026-12-02T09:00:00+01:00\nsendingHours: {opens: 10:00, closes: 20:00}\n"
        "sender: {number: +15005550006}\n"
    )
    dry = run("campaign", "create", "spring.yaml", "--rows", "people.csv", "--dry-run", "--json")
    assert [row["row"] for row in json.loads(dry.stdout)["rows"]] == [1, 2, 3, 4]

    assert (
        run(
            "campaign", "create", "spring.yaml", "--rows", "people.csv", "--test-to", "+447946000009", "--yes"
        ).exit_code
        == 0
    )
    api.plan()
    assert [row.address for row in api.world.rows()] == ["+447946000009"]
    (folder / "broken.yaml").write_text("- x")
    assert run("campaign", "create", "broken.yaml", "--yes").exit_code == 2


def test_a_campaign_is_followed_to_its_end(api: Api, run: Run) -> None:
    """Its rows by outcome, those of one outcome, its report; and 1 where it stands still."""
    run("send", "people.csv", "--id", "spring", *TEXT, "--yes")
    api.plan()
    first = run("campaign", "status", "spring")
    assert first.exit_code == 0
    assert "4 rows: 0 sent, 0 failed, 2 skipped, 0 cancelled, 2 open" in first.stdout

    for row in api.world.rows()[:2]:
        ended = replace(row, state="ended", status="delivered", sid="SM1", due_at=None)
        assert api.world.ledger.save_row(row, ended)
    sweep_campaigns(api.world.sweeping())
    watched = run("campaign", "status", "spring", "--watch", "--json")
    assert (watched.exit_code, json.loads(watched.stdout)["state"]) == (0, "finished")

    listed = run("campaign", "rows", "spring", "--outcome", "skipped", "--format", "jsonl")
    assert [json.loads(line)["reason"] for line in listed.stdout.splitlines()] == ["invalid_number", "duplicate"]
    assert len(json.loads(run("campaign", "rows", "spring", "--json").stdout)) == 4
    report = run("campaign", "report", "spring", "--json")
    assert (report.exit_code, json.loads(report.stdout)["sent"]) == (0, 2)
    assert "Sent  2" in run("campaign", "report", "spring").stdout


def test_a_campaign_is_paused_resumed_and_cancelled(api: Api, run: Run) -> None:
    """Cancelled only where somebody says so."""
    run("send", "people.csv", "--id", "spring", *TEXT, "--yes")
    api.plan()
    assert "spring  paused: wrong link" in run("campaign", "pause", "spring", "--cause", "wrong link").stdout
    assert run("campaign", "status", "spring").exit_code == 1
    assert "spring  sending" in run("campaign", "resume", "spring").stdout
    assert run("campaign", "cancel", "spring").exit_code == 2
    assert json.loads(run("campaign", "cancel", "spring", "--yes", "--json").stdout)["state"] == "cancelling"
    assert run("campaign", "pause", "spring").exit_code == 2


@pytest.mark.parametrize(
    ("status", "body", "code", "sentence"),
    [
        (403, '{"message": "Forbidden"}', 1, "execute-api:Invoke"),
        (404, '{"error": {"message": "there is no campaign x"}}', 1, "There is no campaign x."),
        (503, '{"error": {"message": "the time budget is spent"}}', 4, "Try again in a moment."),
        (500, "no JSON", 3, "CampaignsFunction failed (500)"),
        (400, '{"error": {"message": "pageSize is to be a number"}}', 2, "PageSize is to be a number."),
    ],
)
def test_a_refusal_is_a_sentence_and_an_exit_code(
    api: Api, run: Run, status: int, body: str, code: int, sentence: str
) -> None:
    """Whatever the API answers."""
    api.fail = lambda: response(status, body)
    result = run("campaign", "status", "x")

    assert result.exit_code == code
    assert sentence in result.stderr


def test_watching_goes_on_where_an_answer_does_not_come(api: Api, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few times; the campaign itself goes on all the while."""
    run("send", "people.csv", "--id", "spring", *TEXT, "--yes")
    api.plan()
    run("campaign", "pause", "spring")
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        api.fail = None if len(slept) == 2 else api.fail

    def busy() -> requests.Response:
        return response(503, "{}")

    monkeypatch.setattr("time.sleep", sleep)
    api.fail = busy
    watched = run("campaign", "status", "spring", "--watch", "--json")
    assert (json.loads(watched.stdout)["id"], len(slept)) == ("spring", 2)

    api.fail, slept[:] = busy, [0.0] * 3
    assert run("campaign", "status", "spring", "--watch").exit_code == 4
    assert len(slept) == 3 + MAX_MISSED_COUNT


def test_an_api_that_does_not_answer_is_unreachable(api: Api, run: Run) -> None:
    """And nothing is known of what it did."""

    def away() -> requests.Response:
        raise requests.ConnectTimeout

    api.fail = away
    assert run("campaign", "status", "x").exit_code == 4
