"""Play the administrator from clone to connected, with every command read from the README; `make first-hour` calls it.

SAM's build and deploy are real. CloudFormation is played by `recorder`, the rest of AWS, Airtable and Twilio by the
local stack, which is the deployed one, too. Ends with 1 where a step fails, or where there are more steps or prompts
than allowed.
"""

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import requests
from samtranslator.yaml_helper import yaml_parse

from tests.e2e.first_hour.readme import Step, read_steps
from tests.e2e.first_hour.recorder import Recorder
from tests.e2e.first_hour.shell import Done, Shell
from twilio_bridge.entrypoints.twilio_signature import sign
from twilio_bridge_local import credentials
from twilio_bridge_local.environment import Vendor, decide, settings_of
from twilio_bridge_local.samples.airtable_base import WORKERS
from twilio_bridge_local.stack import TEMPLATE, Stack
from twilio_bridge_local.template.intrinsics import API_URL, Scope

ROOT: Final = Path(__file__).parents[3]
MAX_STEPS, MAX_PROMPTS = 10, 3  # with the credentials in the environment; else each of them is asked for
COMMAND_TIMEOUT_S: Final = 900
TOKEN: Final = "0123456789abcdef" * 2
BREVO_KEY: Final = f"xkeysib-{TOKEN}"
SECRETS: Final = {
    "TWILIO_ACCOUNT_SID": credentials.TWILIO_ACCOUNT_SID,
    "TWILIO_AUTH_TOKEN": TOKEN,
    "AIRTABLE_TOKEN": credentials.AIRTABLE_TOKEN,
    "AIRTABLE_BASE_ID": credentials.AIRTABLE_BASE_ID,
    "BREVO_API_KEY": BREVO_KEY,
}
ANSWERS: Final = {**SECRETS, "Make these changes": "y"}
# What a step names by an ellipsis or a placeholder, as the administrator would write it.
FILLED_IN: Final = {"<the address of this repository>": str(ROOT), "jo@example.com": WORKERS[0]}
PAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "crm": {"Location": "GetCustomersList", "Worker": WORKERS[0], "PageSize": "30"},
    "templates": {"Location": "GetTemplatesByCustomerId", "Worker": WORKERS[0], "CustomerId": "reci0VpEBOWfbZAVa"},
    "outgoing-conversation": {
        "Location": "GetProxyAddress",
        "Worker": WORKERS[0],
        "CustomerId": "reci0VpEBOWfbZAVa",
        "ChannelType": "sms",
        "ChannelValue": credentials.SAMPLE_ADDRESS,
    },
    "routing": {
        "ConversationSid": credentials.SAMPLE_CONVERSATION_SID,
        "MessagingBinding.Address": credentials.SAMPLE_ADDRESS,
        "MessagingBinding.ProxyAddress": credentials.TWILIO_SMS_NUMBER,
    },
    "twilio-conversations": {
        "AccountSid": credentials.TWILIO_ACCOUNT_SID,
        "EventType": "onConversationAdd",
        "MessagingBinding.Address": credentials.SAMPLE_ADDRESS,
        "MessagingBinding.ProxyAddress": credentials.TWILIO_SMS_NUMBER,
    },
}


class FailedError(Exception):
    """A step did not do what the README says."""


class Administrator:
    """Does what the README says, and counts."""

    def __init__(self, shell: Shell, recorder: Recorder) -> None:
        self._shell, self._recorder = shell, recorder
        self.steps, self.prompts, self.pasted = 0, 0, 0

    def do(self, step: Step) -> None:
        """Do one step; raise FailedError where a command or a pasted URL fails."""
        self.steps += 1
        title = step.text.partition(". ")[0].partition(": |")[0].rstrip(".")
        sys.stdout.write(f"{step.number:>2}. {title}.\n")
        if step.commands:
            for command in step.commands:
                self._type(command)
        else:
            for url in self._paste(step):
                self._call(url)

    def _type(self, command: str) -> None:
        for placeholder, text in FILLED_IN.items():
            command = command.replace(placeholder, text)
        done = self._shell.run(command, COMMAND_TIMEOUT_S)
        self.prompts += done.prompts
        sys.stdout.write(f"    $ {command}\n      exit {done.code}, {done.prompts} prompts, {done.seconds:.0f} s\n")
        sys.stdout.flush()
        if done.code:
            raise FailedError(f"{command} ended with {done.code}:\n{_last_lines(done)}")

    def _paste(self, step: Step) -> Iterator[str]:
        """Yield the URLs that a step takes from the stack's outputs into the console."""
        outputs = self._recorder.stacks["twilio-bridge"].outputs
        for name, path in re.findall(r"(\w+Url)\b[^`]*`…(/callbacks/[\w-]+)`", step.text):
            if not outputs.get(name, "").endswith(path):
                raise FailedError(f"the output {name} is {outputs.get(name)}, not …{path}")
            yield outputs[name]

    def _call(self, url: str) -> None:
        """Call a pasted URL as Twilio would: signed, it answers; unsigned, it refuses."""
        self.pasted += 1
        form = dict(PAGES[url.rpartition("/")[2]])
        signature = sign(TOKEN, url, {name: [value] for name, value in form.items()})
        signed = requests.post(url, data=form, headers={"X-Twilio-Signature": signature}, timeout=20)
        unsigned = requests.post(url, data=form, timeout=20)
        sys.stdout.write(f"    {url}: {signed.status_code} signed, {unsigned.status_code} unsigned\n")
        if signed.status_code != 200 or unsigned.status_code != 403:
            raise FailedError(f"{url} answers {signed.status_code} and {unsigned.status_code}: {signed.text}")


def main() -> int:
    """Play everything; return the exit code."""
    options = _parser().parse_args()
    os.environ["AWS_DEFAULT_REGION"] = credentials.AWS_REGION  # SAM's translator asks for it
    steps = read_steps(ROOT / "README.md", "Deploy and connect")
    with ExitStack() as stack, tempfile.TemporaryDirectory() as folder:
        deployed = stack.enter_context(Stack(_environment(), template=TEMPLATE, port=0))
        recorder = stack.enter_context(Recorder(deployed.aws_url, lambda *given: _outputs(deployed.url, *given)))
        environment = _shell_environment(recorder.url, deployed, asked=options.asked)
        shell = stack.enter_context(Shell(Path(folder), environment, ANSWERS))
        administrator = Administrator(shell, recorder)
        try:
            for step in steps:
                if options.venv and step.number == 2:
                    shell.run(f"ln -s {options.venv} .venv && touch .venv/.installed", 10)
                administrator.do(step)
            if options.more:
                _keep_external_id(shell, recorder)
                _run_guided(shell)
        except FailedError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    return _report(administrator, recorder, max(MAX_PROMPTS, len(SECRETS) + 1 if options.asked else 0))


def _keep_external_id(shell: Shell, recorder: Recorder) -> None:
    """Deploy with an external id of one's own, and again without naming it: SAM has CloudFormation keep it."""
    for given in ("--parameter-overrides Support=on SinkExternalId=of-our-own", ""):
        done = shell.run(f"sam deploy --force-upload {given}", COMMAND_TIMEOUT_S)
        if done.code or done.prompts:
            raise FailedError(f"sam deploy {given} ended with {done.code}:\n{_last_lines(done)}")

    stack = recorder.stacks["twilio-bridge"]
    kept = (stack.parameters["Support"], stack.parameters["SinkExternalId"], stack.parameters["TwilioSmsNumber"])
    sys.stdout.write(f"    $ sam deploy, twice\n      kept: {', '.join(kept)}\n")
    if kept[:2] != ("on", "of-our-own") or "TwilioSinkExternalId" in stack.outputs:
        raise FailedError(f"a later deployment has {stack.parameters}")


def _run_guided(shell: Shell) -> None:
    """Answer SAM's guided questions with Enter: it comes to its end, and none is about a route or a secret."""
    done = shell.run("sam deploy --guided --no-execute-changeset", COMMAND_TIMEOUT_S)
    sys.stdout.write(f"    $ sam deploy --guided\n      exit {done.code}, {done.prompts} prompts answered with Enter\n")
    if done.code or "has no authentication" in done.output:
        raise FailedError(f"sam deploy --guided ended with {done.code}:\n{_last_lines(done)}")


def _report(administrator: Administrator, recorder: Recorder, max_prompts: int) -> int:
    first = recorder.changesets[0]
    sys.stdout.write(
        f"{administrator.steps} steps, {administrator.prompts} prompts, {administrator.pasted} URLs pasted.\n"
    )
    sys.stdout.write(f"The changeset had {json.dumps(first['given'])} and {len(first['resources'])} resources.\n")
    return int(administrator.steps > MAX_STEPS or administrator.prompts > max_prompts)


def _environment() -> Any:
    """Return stand-ins for everything, Twilio's and Brevo's with credentials of their form."""
    environment = decide(settings_of(Path(tempfile.gettempdir()), {}), demo=False, live=False)
    twilio = Vendor(credentials.TWILIO_ACCOUNT_SID, TOKEN, stand_in=True)
    return replace(environment, twilio=twilio, brevo=Vendor("", BREVO_KEY, stand_in=True))


def _outputs(url: str, outputs: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, str]:
    """Return the outputs, as the local stack has them."""
    resources = yaml_parse(TEMPLATE.read_text())["Resources"]
    scope = Scope(parameters=dict(parameters), resources=resources)
    known = {name: body["Value"] for name, body in outputs.items() if name != "TwilioSinkExternalId"}
    found = {name: str(scope.resolve(value, name)).replace(API_URL, url) for name, value in known.items()}
    return found | ({"TwilioSinkExternalId": "the-stack-s-uuid"} if "TwilioSinkExternalId" in outputs else {})


def _shell_environment(aws_url: str, deployed: Stack, *, asked: bool) -> dict[str, str]:
    kept = {name: os.environ[name] for name in os.environ if name.startswith(("PIP_", "PYENV", "LANG", "LC_"))}
    own = {
        "HOME": os.environ["HOME"],
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": credentials.AWS_REGION,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "SAM_CLI_TELEMETRY": "0",
        "TWILIO_ENDPOINT_URL": deployed.environment.twilio.endpoint_url,
        "AIRTABLE_ENDPOINT_URL": deployed.environment.airtable.endpoint_url,
        "BREVO_ENDPOINT_URL": deployed.environment.brevo.endpoint_url,
    }
    return kept | own | ({} if asked else SECRETS)


def _last_lines(done: Done) -> str:
    return "\n".join(done.output.splitlines()[-25:])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.first_hour", description=__doc__.partition("\n")[0])
    parser.add_argument("--asked", action="store_true", help="leave the credentials to the prompts")
    parser.add_argument("--more", action="store_true", help="also upgrade with SinkExternalId, and sam deploy --guided")
    parser.add_argument("--venv", type=Path, help="an environment to use in place of a new one")
    return parser


if __name__ == "__main__":
    sys.exit(main())
