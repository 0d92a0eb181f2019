"""`twilio-bridge setup` on an empty account: one command to a green check, the same twice, and back as it was."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.integration.cli.conftest import Run
from tests.integration.cli.test_check import Scene, find_scene
from tests.integration.cli.test_check import stack as stack  # noqa: PLC0414  a fixture
from tests.sizes import only_proved
from tests.unit.test_documents import commands_of
from twilio_bridge.adapters.state.configuration import store, stored
from twilio_bridge.status import conversations
from twilio_bridge_cli.app import COMMANDS
from twilio_bridge_cli.commands.setup import command
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.vendors.faults import Faults
from twilio_bridge_local.vendors.okta.server import OktaStandIn
from twilio_bridge_local.vendors.twilio.records import WebhookConfiguration

ROOT: Final = Path(__file__).parents[3]
ELSEWHERE: Final = WebhookConfiguration(("onMessageAdded",), None, "https://others.example/hook", "GET")
OTHERWISE: Final = """# mine
routing: {default_worker: jo@example.com}
contacts: {columns: {owner: Account Owner, linkedin: Profile}}
"""
SECRETS: Final = ("local-auth-token", "local-airtable-token", "local-brevo-key")


@pytest.fixture
def scene(stack: Stack, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """An account in which nothing is set up: Brevo has no list either."""
    del folder
    found = find_scene(stack, monkeypatch)
    found.brevo.account.lists.clear()
    monkeypatch.setattr("twilio_bridge_cli.commands.setup.twilio_support.POLL_S", 0.2)
    return found


@pytest.fixture
def unchecked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the check at the end: it calls every function, and is tested by itself."""
    monkeypatch.setattr(command, "_check", lambda *_: [])


def describe(hooks: WebhookConfiguration) -> tuple[object, ...]:
    """Return a service's webhooks, empty however they are not set."""
    return sorted(hooks.filters), hooks.pre_webhook_url or "", hooks.post_webhook_url or "", hooks.method


NONE: Final = describe(WebhookConfiguration())


def snapshot(scene: Scene) -> dict[str, Any]:
    """Return what the vendors hold of the set-up, and the stored configuration; moments and SIDs are left out."""
    twilio, airtable, brevo = scene.twilio, scene.airtable, scene.brevo
    return {
        "sinks": [(each.description, each.status) for each in twilio.event_streams.sinks.values()],
        "subscriptions": [(each.description, dict(each.types)) for each in twilio.event_streams.subscriptions.values()],
        "webhooks": {
            sid: plain for sid, each in twilio.store.service_webhooks.items() if (plain := describe(each)) != NONE
        },
        "addresses": {each.address: dict(each.auto_creation) for each in twilio.addresses.by_sid.values()},
        "attributes": dict(brevo.account.attributes),
        "lists": {each.name: each.id for each in brevo.account.lists.values()},
        "airtable": [each.url for each in airtable.webhooks.listed() if each.alive(airtable.base.now())],
        "configuration": stored(scene.state),
    }


PASTED: Final = ("crm", "outgoing-conversation", "templates", "routing")


def test_from_credentials_to_a_green_check_and_back(scene: Scene, run: Run) -> None:
    """Twice is once, and --remove leaves the accounts as they were."""
    empty = snapshot(scene)

    first = run("setup", "--yes", "--json")
    assert first.exit_code == 0, first.output
    outcome = json.loads(first.stdout)
    assert {"done"} == {each["state"] for each in outcome["changes"]}
    assert {"ok": True, "findings": []} == outcome["check"]
    assert [f"{scene.stack.url}/callbacks/{name}" for name in PASTED] == [each["url"] for each in outcome["urls"]]
    assert not [secret for secret in SECRETS if secret in first.output]
    full = snapshot(scene)
    assert run("check").exit_code == 0

    second = run("setup", "--yes", "--json")
    assert (0, []) == (second.exit_code, json.loads(second.stdout)["changes"])
    assert full == snapshot(scene)

    removed = run("setup", "--remove", "--yes")
    assert removed.exit_code == 0, removed.output
    assert empty == snapshot(scene)
    assert "Nothing of setup's is there." in run("setup", "--remove", "--yes").stdout


def test_a_plan_changes_nothing(scene: Scene, run: Run) -> None:
    """It names each change; and without a yes nothing is made."""
    before = snapshot(scene)

    planned = run("setup", "--plan", "--json")
    asked = run("setup")

    assert {"planned"} == {each["state"] for each in json.loads(planned.stdout)["changes"]}
    assert planned.exit_code == 0
    assert asked.exit_code == 2
    assert "--yes" in asked.stderr
    assert before == snapshot(scene)


@pytest.mark.usefixtures("unchecked")
def test_what_is_somebody_else_s_stays(scene: Scene, run: Run) -> None:
    """Webhooks and an address of somebody else's are shown and left, replaced only by --replace, and put back."""
    store_, twilio = scene.twilio.store, scene.twilio
    store_.service_webhooks[store_.default_service_sid] = ELSEWHERE
    run("setup", "--yes")
    own = next(iter(twilio.addresses.by_sid.values()))
    studio = {**own.auto_creation, "type": "studio", "studio_flow_sid": "FW" + "1" * 32}
    twilio.addresses.by_sid[own.sid] = replace(own, auto_creation=studio)

    kept = run("setup", "--yes")
    assert kept.exit_code == 1
    assert "others.example" in kept.stdout
    assert ELSEWHERE == store_.service_webhooks[store_.default_service_sid]
    assert studio == twilio.addresses.by_sid[own.sid].auto_creation

    assert run("setup", "--yes", "--replace").exit_code == 0
    url = scene.deployment.base_url + conversations.PATH
    assert url == store_.service_webhooks[store_.default_service_sid].post_webhook_url

    run("setup", "--remove", "--yes")
    put_back = store_.service_webhooks[store_.default_service_sid]
    assert (ELSEWHERE.filters, ELSEWHERE.post_webhook_url, "GET") == (
        put_back.filters,
        put_back.post_webhook_url,
        put_back.method,
    )
    assert not put_back.pre_webhook_url


@only_proved
@pytest.mark.usefixtures("unchecked")
def test_the_base_s_own_columns(scene: Scene, run: Run) -> None:
    """Columns that are called otherwise come into bridge.yaml, others are none; an existing file is asked about.

    That what exists is asked about, replaced and put back is held above, by Twilio's part.
    """
    store(scene.state, OTHERWISE)

    kept = run("setup", "--yes")
    assert kept.exit_code == 1
    assert "# mine" in str(stored(scene.state))

    assert run("setup", "--yes", "--replace").exit_code == 0
    text = str(stored(scene.state))
    assert "owner: owner" in text
    assert "default_worker: jo@example.com" in text

    run("setup", "--remove", "--yes")
    assert "# mine" in str(stored(scene.state))


@only_proved
@pytest.mark.usefixtures("unchecked")
def test_a_vendor_that_is_away_costs_its_own_part(scene: Scene, run: Run) -> None:
    """The others are set up; the next run does the rest.

    In `make test` the check shows what a vendor that is away costs, and test_setup_killed.py that the rest is done.
    """
    scene.brevo.faults = Faults(status=503)
    done = run("setup", "--yes")

    assert done.exit_code == 1
    assert "brevo could not be looked at" in done.stderr
    assert "active" in {sink.status for sink in scene.twilio.event_streams.sinks.values()}

    scene.brevo.faults = Faults()
    assert run("setup", "--yes").exit_code == 0


def lose_secret(scene: Scene) -> None:
    client = scene.stack.client("secretsmanager")
    client.delete_secret(SecretId="local/brevo", ForceDeleteWithoutRecovery=True)


def put_secret(scene: Scene, system: str, **values: str) -> None:
    client, name = scene.stack.client("secretsmanager"), f"local/{system}"
    held = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
    client.put_secret_value(SecretId=name, SecretString=json.dumps({**held, **values}))


Break = Callable[[Scene], object]


@pytest.mark.parametrize(
    ("do", "says"),
    [
        (lambda scene: put_secret(scene, "twilio", TWILIO_AUTH_TOKEN="f" * 32), "TWILIO_ACCOUNT_SID|auth token"),
        (lambda scene: put_secret(scene, "airtable", AIRTABLE_TOKEN="pat" + "f" * 30), "Airtable answers 401"),
        (lambda scene: put_secret(scene, "brevo", BREVO_API_KEY="xkeysib-" + "f" * 30), "Brevo answers 401"),
        (lose_secret, "BREVO_API_KEY"),
    ],
    ids=["twilio", "airtable", "brevo", "nothing typed"],
)  # fmt: skip
def test_a_wrong_login_is_bad_input(scene: Scene, run: Run, do: Break, says: str) -> None:
    """One sentence with the remedy, exit code 2, and nothing has been changed."""
    before = snapshot(scene)
    do(scene)

    done = run("setup", "--yes")

    assert done.exit_code == 2, done.output
    assert any(each in done.stderr for each in says.split("|"))
    assert "→" in done.stderr
    assert before == snapshot(scene)


@only_proved
@pytest.mark.usefixtures("scene", "unchecked")
def test_okta_has_the_application_once(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the quickstart makes it: the realm's addresses, and e-mail and roles as claims; removed with the rest."""
    realm = "JB" + "1" * 32
    with OktaStandIn() as okta:
        for name, value in (("SSO_REALM_SID", realm), ("OKTA_URL", okta.url), ("OKTA_TOKEN", okta.token)):
            monkeypatch.setenv(name, value)
        first, second = run("setup", "--yes"), run("setup", "--yes")
        (made,) = okta.applications.values()
        run("setup", "--remove", "--yes")

    sign_on = made["settings"]["signOn"]
    assert f"https://iam.twilio.com/v2/saml2/authenticate/{realm}" == sign_on["ssoAcsUrl"] == sign_on["recipient"]
    assert f"https://iam.twilio.com/v2/saml2/metadata/{realm}" == sign_on["audience"]
    claims = {each["name"]: each["values"] for each in sign_on["attributeStatements"]}
    assert (["user.email"], ["user.userType"]) == (claims["email"], claims["roles"])
    assert first.exit_code == second.exit_code == 0, first.output
    assert f"/app/{made['name']}/{made['id']}/setup/help/SAML_2_0/instructions" in first.output
    assert not okta.applications
    assert okta.token not in first.output


# What is not run here: it waits for a keyboard, for ever, or for a job that has tests of its own.
GROUPS: Final = {name for name, entry in COMMANDS.items() if entry.target.endswith(":group")}
JOBS: Final = "^send|^sync|^export|^insights (backfill|lint --stream)|^campaign (resume|report|status)|^workers|^tasks"
SENTENCES: Final = r"logs --request$|config check$|"
NOT_RUN: Final = re.compile(SENTENCES + r"--watch|--follow|secrets put|setup$|--remove|PERSON|\bx\b|" + JOBS)
FILES: Final = {
    "my-bridge.yaml": "contacts: {fresh_s: 600}\n",
    "bridge.yaml": "contacts: {fresh_s: 600}\n",
    "attributes.json": '{"conversations": {"conversation_id": "CH1"}}',
    "worker.json": '{"full_name": "Jo"}',
}


def documented_commands() -> list[list[str]]:
    """Return the commands of the README and of docs/operations.md, each once, for the local stack."""
    found: dict[str, list[str]] = {}
    for name in ("README.md", "docs/operations.md"):
        for words in commands_of(ROOT / name):
            plain = [word for number, word in enumerate(words) if word != "--stack" and words[number - 1] != "--stack"]
            if not NOT_RUN.search(" ".join(plain)) and len(plain) > (plain[0] in GROUPS):
                found[" ".join(plain)] = plain
    return list(found.values())


@pytest.mark.usefixtures("unchecked")
def test_documented_commands_run(scene: Scene, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are written, against the local stack: each does its work, or says that there is nothing to do."""
    monkeypatch.setenv("PORT", scene.stack.url.rpartition(":")[2])
    monkeypatch.setenv("AIRTABLE_TOKEN", scene.airtable.token)
    monkeypatch.setenv("AIRTABLE_BASE_ID", scene.airtable.base_id)
    monkeypatch.setenv("AIRTABLE_ENDPOINT_URL", scene.airtable.url)
    (folder / "events").symlink_to(ROOT / "events")
    for name, text in FILES.items():
        (folder / name).write_text(text)

    assert scene.stack.invoke("RefreshContactsFunction", {"whole": True}).ok
    commands = documented_commands()
    outcomes = {" ".join(words): run(*words) for words in commands}

    assert len(commands) > 15
    failed = {words: done for words, done in outcomes.items() if done.exit_code not in (0, 1)}
    assert not [(words, done.exit_code, done.output[-300:]) for words, done in failed.items()]
