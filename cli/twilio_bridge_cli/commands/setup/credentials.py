"""The stack's secrets: what the environment has, what the secrets hold already, and what has to be typed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from twilio_bridge.settings import ALIASES
from twilio_bridge_cli import aws
from twilio_bridge_cli.commands.secrets import command as secrets
from twilio_bridge_cli.commands.secrets.forms import SECRETS, Value
from twilio_bridge_cli.commands.setup.changes import Change
from twilio_bridge_cli.deployments import Deployment
from twilio_bridge_cli.errors import CommandError

SID: Final = "TWILIO_ACCOUNT_SID"


@dataclass(frozen=True, slots=True)
class Credentials:
    """A system's values: all that the secret will hold, and the names of those that it does not hold like that yet."""

    system: str
    values: Mapping[str, str]
    changed: Sequence[str]


def collect_credentials(deployment: Deployment, systems: Sequence[str], region: str | None) -> list[Credentials]:
    """Return each system's values. What is set here wins over what a secret holds, except for another account.

    Raises:
        CommandError: A value has another form, or is set nowhere and nobody is there to type it; or the environment
            names another Twilio account than the deployment has.
    """
    client = aws.make_client("secretsmanager", deployment.environment, region)
    return [_collect(client, deployment, system) for system in systems]


def _collect(client: Any, deployment: Deployment, system: str) -> Credentials:  # noqa: ANN401  boto3's classes are made late
    held = dict(secrets.read_secret(client, f"{deployment.name}/{system}") or {})
    if system == "twilio":
        _require_same_account(deployment, held)
    found = {value.name: _find(value, deployment, held) for value in SECRETS[system]}
    for value in SECRETS[system]:
        if value.required and not found[value.name]:
            found[value.name] = secrets.ask(value)
    values = {name: value for name, value in found.items() if value}
    return Credentials(system, {**held, **values}, [name for name, value in values.items() if held.get(name) != value])


def _find(value: Value, deployment: Deployment, held: Mapping[str, str]) -> str:
    given = secrets.find(value, deployment.environment)
    if given and not deployment.is_local:
        return given
    parameter = deployment.variables.get(value.name, "")
    return held.get(value.name) or held.get(ALIASES.get(value.name, "")) or parameter or given or ""


def _require_same_account(deployment: Deployment, held: Mapping[str, str]) -> None:
    here = deployment.environment.get(SID) or deployment.environment.get(ALIASES[SID])
    there = held.get(SID) or held.get(ALIASES[SID]) or deployment.parameters.get("TwilioAccountSid")
    if here and there and here != there and not deployment.is_local:
        raise CommandError(
            f"{SID} is {here} here, and {there} in the stack {deployment.name}.",
            "A deployment is one account's: take it out of the environment and .env, or name another stack (--stack).",
        )


def plan_secrets(client: Any, deployment: Deployment, found: Sequence[Credentials]) -> Iterator[Change]:  # noqa: ANN401  as above
    """Yield the secrets that are to be written, by the names of their values."""
    for each in found:
        if each.changed:
            name = f"{deployment.name}/{each.system}"
            text = f"write {', '.join(each.changed)} into the secret {name}"
            yield Change(each.system, "secret", text, _Write(client, name, each.values))


@dataclass(frozen=True, slots=True)
class _Write:
    """Writes one secret."""

    client: Any
    name: str
    values: Mapping[str, str]

    def __call__(self) -> str:
        secrets.write_secret(self.client, self.name, self.values)
        return f"{self.name} is written"
