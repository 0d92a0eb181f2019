"""The stack as a whole, and the command that runs it."""

import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from twilio.request_validator import RequestValidator

from tests.integration.local.project import ECHO, REAL, Project, eventually, lives
from tests.sizes import size
from twilio_bridge_local import credentials
from twilio_bridge_local.aws.server import EmbeddedAws
from twilio_bridge_local.console.calls import curl, sample_calls, signature
from twilio_bridge_local.environment import decide
from twilio_bridge_local.errors import PortTakenError, TemplateError
from twilio_bridge_local.functions.processes import Outcome
from twilio_bridge_local.functions.schedules import Timer, event_of, interval_s
from twilio_bridge_local.http_server import listen
from twilio_bridge_local.stack import Stack
from twilio_bridge_local.template.bundle import Schedule

REAL_VENDORS = {
    "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
    "TWILIO_AUTH_TOKEN": "twilio-token",
    "AIRTABLE_TOKEN": "airtable-token",
    "AIRTABLE_BASE_ID": "app" + "1" * 14,
    "BREVO_API_KEY": "brevo-key",
}


@contextmanager
def _command(folder: Path, *arguments: str, more: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[str]]:
    environment = {"PATH": os.environ["PATH"], **REAL_VENDORS, **(more or {})}
    command = [sys.executable, "-m", "twilio_bridge_local", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(  # noqa: S603  it runs this interpreter
        command, cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _described(process: "subprocess.Popen[str]") -> dict[str, Any]:
    assert process.stdout is not None
    described: dict[str, Any] = json.loads(process.stdout.readline())
    return described


BUSY = """
    import os, time
    def lambda_handler(event, context):
        if "busy" in event["rawPath"]:
            print("busy", os.getpid())
            time.sleep(60)
        return os.getpid()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_runs_until_it_is_told_to_stop(project: Project, number: signal.Signals) -> None:
    """It describes itself, answers, ends with 0, and leaves no process, busy or idle."""
    project.route("Pid", BUSY, "/{what}", Timeout=60)
    assert project.template
    with _command(project.folder, "--json", "--port", "0") as process:
        described = _described(process)
        assert described["functions"] == {"Pid": ["ANY /{what}"]}
        assert {"url": "https://api.brevo.com", "stand_in": False} == described["brevo"]
        idle = requests.get(described["url"] + "/pid", timeout=20).json()
        threading.Thread(target=_ignored_get, args=(described["url"] + "/busy",), daemon=True).start()
        log = Path(described["log"])
        assert eventually(lambda: log.read_text().count("busy "))
        busy = int(log.read_text().split("busy ")[1].split()[0])
        process.send_signal(number)
        assert process.wait(30) == 0
    assert not lives(idle)
    assert not lives(busy)


def test_no_function_outlives_a_killed_stack(project: Project) -> None:
    """Functions end with their input, even in the middle of an event."""
    project.route("Pid", BUSY, "/{what}", Timeout=60)
    assert project.template
    with _command(project.folder, "--json", "--port", "0") as process:
        described = _described(process)
        threading.Thread(target=_ignored_get, args=(described["url"] + "/busy",), daemon=True).start()
        log = Path(described["log"])
        assert eventually(lambda: log.read_text().count("busy "))
        process.kill()
    busy = int(log.read_text().split("busy ")[1].split()[0])
    assert eventually(lambda: not lives(busy))


def _ignored_get(url: str) -> None:
    try:
        requests.get(url, timeout=20)
    except requests.RequestException:
        return


def test_a_taken_port_is_told(project: Project) -> None:
    """Exit code 2, one sentence that names PORT, no trace."""
    assert project.template
    with listen(0) as taken:
        port = taken.getsockname()[1]
        with _command(project.folder, more={"PORT": str(port)}) as process:
            _, told = process.communicate(timeout=60)
    assert process.returncode == 2
    assert told == f"error: Port {port} is taken. Stop what listens there, or choose another one: PORT={port + 1}\n"


# What is wrong with a setting is held by test_environment, without a process; here three in `make test`, as the
# command says it: a vendor half configured, a port that is none, a file that is not there.
WRONG_SETTINGS: list[tuple[dict[str, str], str]] = [
    ({"AIRTABLE_TOKEN": ""}, "Airtable is half configured: AIRTABLE_TOKEN"),
    ({"PORT": "http"}, "PORT should be a number"),
    ({"PORT": "0"}, "PORT should be a number from 1 to 65535"),
    ({"PORT": "65536"}, "PORT should be a number from 1 to 65535"),
    ({"BRIDGE_CONFIG": "nowhere.yaml"}, "nowhere.yaml cannot be read"),
    ({"AWS_ENDPOINT_URL": "https://sqs.us-east-1.amazonaws.com"}, "never reaches AWS itself"),
]


@pytest.mark.prove
@pytest.mark.parametrize(("more", "told"), WRONG_SETTINGS[:: size(2, 1)])
def test_wrong_settings_are_told(project: Project, more: dict[str, str], told: str) -> None:
    """Exit code 2 and what to change."""
    assert project.template
    with _command(project.folder, more=more) as process:
        _, error = process.communicate(timeout=60)
    assert process.returncode == 2
    assert error.startswith("error: ")
    assert told in error


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_of_another_machine_is_refused(project: Project, host: str) -> None:
    """One line that names the option, for an address of the documentation's and for a name that nobody has."""
    assert project.template
    with _command(project.folder, "--host", host) as process:
        _, error = process.communicate(timeout=60)
    expected = f"error: --host {host} is no address of this machine. Leave it out, or take one that `ip addr` shows\n"
    assert (2, expected) == (process.returncode, error)


def test_a_wrong_configuration_is_named_before_anything_starts(project: Project) -> None:
    """Every reason whole, with the nearest key; the same file is given by --config and by BRIDGE_CONFIG."""
    (project.folder / "my.yaml").write_text("contacts: {frsh_s: 5}\nopt_outs: {}\n")
    assert project.template
    for words, more in ((["--config", "my.yaml"], {}), ([], {"BRIDGE_CONFIG": "my.yaml"})):
        with _command(project.folder, *words, more=more) as process:
            _, error = process.communicate(timeout=60)
        assert 2 == process.returncode
        assert "my.yaml cannot be used" in error
        assert "contacts.frsh_s: no such key; did you mean fresh_s?" in error
        assert "opt_outs: no such key" in error


@pytest.mark.prove
@pytest.mark.parametrize("after_s", [0, 0.4, 0.8, 1.5][:: size(2, 1)])
def test_an_interrupt_in_the_middle_of_the_start_is_one_line(project: Project, after_s: float) -> None:
    """Ctrl-C ends with 0 and a line from the moment that our first line has run."""
    project.function("Echo", ECHO)
    assert project.template
    with _command(project.folder, "--port", "0") as process:
        assert eventually(lambda: _handles(process.pid, signal.SIGTERM), 10)
        time.sleep(after_s)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert (0, "Stopped.\n") == (process.returncode, error)


def _handles(pid: int, number: signal.Signals) -> bool:
    """Return whether a process has a handler for a signal; Python itself has one for SIGINT only."""
    status = Path(f"/proc/{pid}/status")
    if not status.parent.parent.exists():  # not Linux
        time.sleep(1)
        return True
    caught = next(line for line in status.read_text().splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def test_its_temporary_folder_goes_with_it(project: Project, tmp_path: Path) -> None:
    """The log is there as long as the stack runs."""
    (place := tmp_path / "tmp").mkdir()
    assert project.template
    with _command(project.folder, "--json", "--port", "0", more={"TMPDIR": str(place)}) as process:
        log = Path(_described(process)["log"])
        assert log.is_relative_to(place)
        assert log.exists()
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert [] == list(place.iterdir())


def test_a_browser_is_shown_what_runs(project: Project) -> None:
    """Plain text at the printed address only: every route with its function, and commands to try."""
    project.route("CrmFunction", ECHO, "/callbacks/crm", "POST")
    with project.stack() as stack:
        page = requests.get(f"{stack.url}/", timeout=20)
        elsewhere = [requests.get(f"{stack.url}/other", timeout=20), requests.post(f"{stack.url}/", timeout=20)]
    assert (200, "text/plain; charset=utf-8") == (page.status_code, page.headers["Content-Type"])
    for text in ("POST /callbacks/crm  CrmFunction", "twilio-bridge call crm", stack.url):
        assert text in page.text
    assert [404, 404] == [answer.status_code for answer in elsewhere]


def test_the_overview_names_what_runs(project: Project) -> None:
    """Functions, resources, vendors and files; a profile or a proxy of the developer's does not matter."""
    project.route("CrmFunction", ECHO, "/callbacks/crm", "POST")
    project.resources["Items"] = {"Type": "AWS::SQS::Queue"}
    assert project.template
    hostile = {"AWS_PROFILE": "not-there", "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    with _command(project.folder, "--port", "0", more=hostile) as process:
        assert process.stdout is not None
        seen = ""
        while "Ctrl-C" not in seen:
            seen += process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    for text in ("POST /callbacks/crm", "Items", "real, https://api.twilio.com", "X-Twilio-Signature", "sam local"):
        assert text in seen
    assert "events put events/event_streams/day.jsonl" in seen
    assert "twilio_bridge_local.console.brevo" not in seen  # it shows the stand-in, and Brevo is real here


def test_a_taken_port_costs_no_start(project: Project) -> None:
    """The port is taken first of all, before anything is made."""
    with listen(0) as taken, pytest.raises(PortTakenError):
        Stack(REAL, template=project.template, port=taken.getsockname()[1]).__enter__()


def test_a_missing_folder_is_named(project: Project) -> None:
    """A function whose code is not there is an error of the template."""
    project.function("It", ECHO, CodeUri="functions/elsewhere")
    with pytest.raises(TemplateError, match=r"It: there is no folder .*elsewhere"), project.stack():
        pass


def test_functions_find_their_resources_at_a_given_endpoint(project: Project) -> None:
    """With AWS_ENDPOINT_URL given nothing is embedded; what is missing is made there."""
    code = """
        import boto3, os
        def lambda_handler(event, context):
            boto3.client("sqs").send_message(QueueUrl=os.environ["QUEUE"], MessageBody="hello")
            return boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET"])["SecretString"]
    """
    variables = {"QUEUE": {"Ref": "Work"}, "SECRET": {"Fn::Sub": "${AWS::StackName}/airtable"}}
    project.function("It", code, Environment={"Variables": variables})
    project.resources["Work"] = {"Type": "AWS::SQS::Queue"}
    with EmbeddedAws() as given, project.stack(replace(REAL, aws_endpoint_url=given.url)) as stack:
        assert stack.aws_url == given.url
        outcome = stack.invoke("It", {})
        written = {function.name: dict(function.environment) for function in stack.bundle.functions}
        queue = stack.client("sqs").get_queue_url(QueueName="Work")["QueueUrl"]
        assert stack.client("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "hello"
    assert json.loads(outcome.payload) == {
        "AIRTABLE_BASE_ID": REAL.airtable.account,
        "AIRTABLE_TOKEN": REAL.airtable.token,
    }
    assert written == {"It": {"QUEUE": queue, "SECRET": "local/airtable"}}


def test_a_configuration_file_is_named_to_functions(project: Project) -> None:
    """BRIDGE_CONFIG is the one setting that reaches functions beside the template, as an absolute path."""
    project.function("It", "import os\ndef lambda_handler(e, c): return os.environ.get('BRIDGE_CONFIG')")
    with project.stack(replace(REAL, settings={"BRIDGE_CONFIG": "bridge.yaml"})) as stack:
        assert stack.invoke("It", {}).payload == str(Path("bridge.yaml").resolve())


def test_a_scheduled_function_runs_at_the_start(project: Project) -> None:
    """Once at once; its event is EventBridge Scheduler's."""
    nightly = {"Type": "ScheduleV2", "Properties": {"ScheduleExpression": "cron(0 3 * * ? *)"}}
    code = "def lambda_handler(e, c): print('ran by', e['source'], e['detail-type'])"
    project.function("Nightly", code, {"Nightly": nightly})
    with project.stack():
        assert eventually(lambda: "ran by aws.scheduler Scheduled Event" in project.log())


def test_schedules_may_be_left_out(project: Project) -> None:
    """A test or a benchmark decides itself when a scheduled function runs."""
    schedule = {"Type": "Schedule", "Properties": {"Schedule": "rate(1 second)"}}
    project.function("It", "def lambda_handler(e, c): return 'ran'", {"Schedule": schedule})
    with project.stack(schedules=False) as stack:
        assert stack.invoke("It", {}).payload == "ran"
    assert project.log().count("REPORT") == 1


def test_a_rate_comes_round_again() -> None:
    """rate() is kept, cron() is once a day, an input is handed on."""
    calls: list[object] = []

    def invoke(event: object) -> Outcome:
        calls.append(event)
        return Outcome(None)

    often = Schedule("Often", "rate(1 second)", "aws.events", '{"a": 1}')
    timer = Timer(often, invoke)
    timer.start()
    assert eventually(lambda: len(calls) == 2, 2)
    timer.stop()
    assert calls == [{"a": 1}, {"a": 1}]
    assert interval_s(replace(often, expression="rate(2 hours)")) == 7200
    assert interval_s(replace(often, expression="cron(0 3 * * ? *)")) == 86400
    assert event_of(replace(often, payload=None))["source"] == "aws.events"
    with pytest.raises(TemplateError, match="neither rate"):
        interval_s(replace(often, expression="every day"))


def test_stand_ins_take_the_place_of_vendors(project: Project) -> None:
    """Without credentials functions are told the stand-ins' addresses, and Twilio's calls the gateway."""
    names = ("TwilioEndpointUrl", "AirtableEndpointUrl", "BrevoEndpointUrl")
    variables = {name: {"Ref": name} for name in names}
    project.more["Parameters"] = {name: {"Type": "String", "Default": ""} for name in names}
    project.route("It", ECHO, "/callbacks/routing", Environment={"Variables": variables})
    with project.stack(decide({})) as stack:
        airtable, twilio, brevo = stack.stand_ins.airtable, stack.stand_ins.twilio, stack.stand_ins.brevo
        assert airtable is not None
        assert twilio is not None
        assert brevo is not None
        assert twilio.callbacks_url == stack.url
        (function,) = stack.bundle.functions
        assert function.environment == dict(zip(names, (twilio.url, airtable.url, brevo.url), strict=True))
        key = json.loads(stack.client("secretsmanager").get_secret_value(SecretId="local/brevo")["SecretString"])
        known = requests.get(f"{brevo.url}/v3/contacts/lists", headers={"api-key": key["BREVO_API_KEY"]}, timeout=20)
        assert [1, 2] == sorted(one["id"] for one in known.json()["lists"])
        (call,) = sample_calls(stack)
        sent = RequestValidator(credentials.TWILIO_AUTH_TOKEN)
        assert sent.validate(stack.url + call.path, dict(call.parameters), signature(stack, call))
        conversation = f"{twilio.url}/conversations/v1/Conversations/{call.parameters['ConversationSid']}"
        account = (credentials.TWILIO_ACCOUNT_SID, credentials.TWILIO_AUTH_TOKEN)
        assert requests.get(conversation, auth=account, timeout=20).status_code == 200


def test_a_pasted_call_arrives_as_it_was_signed(project: Project) -> None:
    """The shell command carries the form and the signature unchanged."""
    code = """
        import base64
        def lambda_handler(event, context):
            return [event["headers"]["x-twilio-signature"], base64.b64decode(event["body"]).decode()]
    """
    project.route("CrmFunction", code, "/callbacks/crm", "POST")
    with project.stack(decide({})) as stack:
        for call in sample_calls(stack):
            command = shlex.split(curl(stack, call))
            header, form = command[command.index("-H") + 1], command[command.index("-d") + 1]
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            name, value = header.split(": ", 1)
            answer = requests.post(command[2], data=form, headers={**kind, name: value}, timeout=20).json()
            assert answer[0] == signature(stack, call)
            assert dict(parse_qsl(answer[1], keep_blank_values=True)) == dict(call.parameters)
